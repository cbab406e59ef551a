package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"github.com/autoscaled/autoscaled/internal/secret"
)

// newDialer is a dialer that refuses addresses at which no receiver is: behind link-local ones
// clouds keep credentials. The address is looked at when its name is resolved, so that no
// name leads there.
func newDialer() *net.Dialer {
	return &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error { return checkDialled(address) }}
}

func checkDialled(dialled string) error {
	at, err := netip.ParseAddrPort(dialled)
	if err != nil {
		return fmt.Errorf("%s is no address", dialled)
	}
	if address := at.Addr().Unmap(); address.IsLinkLocalUnicast() || address.IsMulticast() || address.IsUnspecified() {
		return fmt.Errorf("%s is link-local, multicast or no address: nothing is sent there", address)
	}
	return nil
}

// discreet is err without what nobody may see: a URL may be a secret, and net/http puts
// it into its errors.
func discreet(ctx context.Context, err error, secrets ...secret.Secret) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	text := err.Error()
	for _, s := range secrets {
		if !s.Empty() {
			text = strings.ReplaceAll(text, s.Reveal(), s.String())
		}
	}
	return errors.New(text)
}
