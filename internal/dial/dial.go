// Package dial connects to those whom the configuration names, and to nobody behind an
// address at which none of them can be.
//
// Clouds keep credentials behind link-local addresses, which a name in a URL, or the
// answer of a cloud, could lead to. So the address is judged when it is dialled, after
// the name was resolved. It promises that nothing is sent to a link-local, a multicast or
// the unspecified address; where a URL may lead beyond that is the caller's concern.
//
// Actions, monitor and notify call it; it calls nobody.
package dial

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// Dialer connects to what Check lets pass.
func Dialer() *net.Dialer {
	return &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		_, err := Check(address)
		return err
	}}
}

// Check returns the address, as ADDRESS:PORT tells it, or says why nothing is sent there.
func Check(dialled string) (netip.Addr, error) {
	at, err := netip.ParseAddrPort(dialled)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%s is no address", dialled)
	}
	address := at.Addr().Unmap()
	if address.IsLinkLocalUnicast() || address.IsMulticast() || address.IsUnspecified() {
		return netip.Addr{}, fmt.Errorf("%s is link-local, multicast or no address: nothing is sent there", address)
	}
	return address, nil
}
