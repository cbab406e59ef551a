package daemon

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
)

// listenTraps opens the socket at which notifications arrive: host:port of UDP, or
// systemd:NAME, one that systemd passes on. Call it once: it takes all sockets that
// systemd passes on, and closes the others.
func listenTraps(listen string) (net.PacketConn, error) {
	if name, passed := strings.CutPrefix(listen, "systemd:"); passed {
		return passedSocket(activation.Files(true), name)
	}
	conn, err := new(net.ListenConfig).ListenPacket(context.Background(), "udp", listen)
	if err != nil {
		return nil, fmt.Errorf("listen for traps: %w: write another address under traps.listen, with a port above 1023, or a socket of systemd's", err)
	}
	return conn, nil
}

// passedSocket is the one of the name among those that systemd passes on
// (systemd.socket(5): FileDescriptorName). All files are closed: the socket is a copy.
func passedSocket(files []*os.File, name string) (net.PacketConn, error) {
	var named *os.File
	for _, file := range files {
		defer func() { _ = file.Close() }()
		if file.Name() == name && named == nil {
			named = file
		}
	}
	if named == nil {
		return nil, fmt.Errorf("listen for traps: systemd passes on no socket %s: write FileDescriptorName=%s into its socket unit", name, name)
	}
	conn, err := net.FilePacketConn(named)
	if err == nil {
		if _, datagrams := conn.(*net.UDPConn); datagrams {
			return conn, nil
		}
		_ = conn.Close()
	}
	return nil, fmt.Errorf("listen for traps: systemd's socket %s is not one of UDP: write ListenDatagram=0.0.0.0:162 into its socket unit", name)
}

// openTraps begins to listen for notifications, if anybody is to send them.
func (d *Daemon) openTraps() error {
	traps := d.options.Config.Traps
	if traps == nil {
		return nil
	}
	conn, err := listenTraps(traps.Listen)
	if err != nil {
		return err
	}
	d.closers = append(d.closers, func() { _ = conn.Close() })
	d.traps, err = snmp.NewListener(conn, snmp.ListenerOptions{Senders: traps.Senders, Handle: d.hear, Dropped: func(reason string) { d.metrics.trapDrops.WithLabelValues(reason).Inc() }})
	if err != nil {
		return err
	}
	d.options.Log.Info("listening for traps", zap.Stringer("at", conn.LocalAddr()), zap.String("engine_id", d.traps.EngineID()))
	return nil
}

// hear wakes the groups that a notification is for.
func (d *Daemon) hear(trap snmp.Trap) {
	outcome := "ignored"
	for _, group := range d.options.Config.Groups {
		for _, rule := range group.Traps {
			event := fleet.Event{What: "trap " + trap.OID, From: trap.From}
			if rule.From.IsValid() {
				if !rule.From.Contains(trap.From) {
					continue
				}
				event.From = netip.Addr{} // it need not be an instance
			}
			if trap.Is(rule.OID) && d.Fleet.Wake(group.Name, event) {
				outcome = "woke"
				break
			}
		}
	}
	d.metrics.traps.WithLabelValues(outcome).Inc()
}
