package daemon

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/config"
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
	hearing := &hearing{daemon: d, rules: func() map[string][]config.TrapRule { return *d.trapRules.Load() }, dropped: newSeldom(), ignored: newSeldom()}
	d.traps, err = snmp.NewListener(conn, snmp.ListenerOptions{Senders: traps.Senders, Handle: hearing.hear, Dropped: hearing.drop, Trouble: hearing.fail})
	if err != nil {
		return err
	}
	d.options.Log.Info("listening for traps", zap.Stringer("at", conn.LocalAddr()), zap.String("engine_id", d.traps.EngineID()))
	return nil
}

// runTraps listens for notifications until ctx ends. Without them the daemon goes on:
// groups read and decide at their intervals.
func (d *Daemon) runTraps(ctx context.Context) {
	if err := d.traps.Run(ctx); err != nil {
		d.options.Log.Error("no trap is received any more: restart the daemon", zap.Error(err))
	}
}
