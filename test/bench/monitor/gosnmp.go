package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gosnmp/gosnmp"
)

// newPeer is gosnmp for the agent at the address, before it is connected. It has no logger.
func newPeer(port uint16, address netip.Addr, secure bool) *gosnmp.GoSNMP {
	g := &gosnmp.GoSNMP{
		Target: address.String(), Port: port, Version: gosnmp.Version2c, Community: community,
		Timeout: 2 * time.Second, Retries: 1, MaxOids: objectsMost,
	}
	if secure {
		g.Version, g.SecurityModel, g.MsgFlags = gosnmp.Version3, gosnmp.UserSecurityModel, gosnmp.AuthPriv
		g.SecurityParameters = &gosnmp.UsmSecurityParameters{
			UserName:               user,
			AuthenticationProtocol: gosnmp.SHA256, AuthenticationPassphrase: authPassphrase,
			PrivacyProtocol: gosnmp.AES, PrivacyPassphrase: privacyPassphrase,
		}
	}
	return g
}

// plainRequest is a request for the objects in v2c.
func plainRequest() ([]byte, error) {
	g := newPeer(0, netip.AddrFrom4([4]byte{127, 0, 0, 1}), false)
	var asked []gosnmp.SnmpPDU
	for _, oid := range oids() {
		asked = append(asked, gosnmp.SnmpPDU{Name: oid, Type: gosnmp.Null})
	}
	return g.SnmpEncodePacket(gosnmp.GetRequest, asked, 0, 0)
}

// pollByGosnmp polls by gosnmp as it does that best: a connected socket and, in v3, a session is
// kept for each agent, all objects are in one PDU, and nothing is logged. Goroutines share the agents.
func pollByGosnmp(ctx context.Context, j job) (*poller, error) {
	ctx, cancel := context.WithCancel(ctx)
	var polls, lacking atomic.Uint64
	var routines sync.WaitGroup
	peers := make([]*gosnmp.GoSNMP, j.Agents)
	stop := func() {
		cancel()
		routines.Wait()
		for _, g := range peers {
			if g != nil && g.Conn != nil {
				_ = g.Close()
			}
		}
	}
	for i := range peers {
		peers[i] = newPeer(j.Port, addressOf(i), j.Secure)
		if err := peers[i].Connect(); err != nil {
			stop()
			return nil, fmt.Errorf("connect gosnmp to %s: %w; allow more open files (ulimit -n)", addressOf(i), err)
		}
	}
	asked := oids()
	for share := range slices.Chunk(peers, (j.Agents+j.AtOnce-1)/j.AtOnce) {
		routines.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if got, err := share[i%len(share)].Get(asked); err != nil || len(got.Variables) != len(asked) {
					lacking.Add(1)
				}
				polls.Add(1)
			}
		})
	}
	return &poller{done: func() (uint64, uint64) { return polls.Load(), lacking.Load() }, fallbacks: none, stop: stop}, nil
}
