package daemon

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
)

// listenTraps opens the socket at which notifications arrive: host:port of UDP, or
// systemd:NAME, the first of that name among those that systemd passes on.
func listenTraps(listen string, passed []*os.File) (net.PacketConn, error) {
	if name, systemd := strings.CutPrefix(listen, "systemd:"); systemd {
		return passedSocket(passed, name)
	}
	conn, err := new(net.ListenConfig).ListenPacket(context.Background(), "udp", listen)
	if err != nil {
		return nil, fmt.Errorf("listen for traps: %w: write another address under traps.listen, with a port above 1023, or a socket of systemd's", err)
	}
	return conn, nil
}

// passedSocket is a copy of the socket of the name (systemd.socket(5): FileDescriptorName).
func passedSocket(passed []*os.File, name string) (net.PacketConn, error) {
	at := slices.IndexFunc(passed, func(file *os.File) bool { return file.Name() == name })
	if at < 0 {
		return nil, fmt.Errorf("listen for traps: systemd passes on no socket %s: write FileDescriptorName=%s into its socket unit, and start that before the daemon", name, name)
	}
	conn, err := net.FilePacketConn(passed[at])
	if err == nil {
		if _, datagrams := conn.(*net.UDPConn); datagrams {
			return conn, nil
		}
		_ = conn.Close()
	}
	return nil, fmt.Errorf("listen for traps: systemd's socket %s is not one of UDP: write ListenDatagram=162 into its socket unit", name)
}

// tellUnused tells of the sockets that systemd passes on and that nobody reads.
func (d *Daemon) tellUnused(passed []*os.File, listen string) {
	used := false
	for _, file := range passed {
		if !used && listen == "systemd:"+file.Name() {
			used = true
			continue
		}
		d.options.Log.Warn("systemd passes on a socket that nothing reads: name it, alone, under traps.listen, or disable its socket unit",
			zap.String("socket", file.Name()), zap.String("listen", listen))
	}
}

// openTraps begins to listen for notifications, if anybody is to send them.
func (d *Daemon) openTraps() error {
	return d.openTrapsWith(activation.Files(true))
}

// openTrapsWith is openTraps with the sockets that systemd passes on. What traps.listen
// says counts; all of them are closed.
func (d *Daemon) openTrapsWith(passed []*os.File) error {
	for _, file := range passed {
		defer func() { _ = file.Close() }()
	}
	traps := d.options.Config.Traps
	if traps == nil {
		d.tellUnused(passed, "")
		return nil
	}
	d.tellUnused(passed, traps.Listen)
	conn, err := listenTraps(traps.Listen, passed)
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
