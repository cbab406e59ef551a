package daemon

import (
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestEveryDropOfATrapIsExplained(t *testing.T) {
	t.Parallel()
	for _, reason := range snmp.TrapDropReasons {
		if dropTexts[reason] == "" {
			t.Errorf("%s is not explained", reason)
		}
	}
	if len(dropTexts) != len(snmp.TrapDropReasons) {
		t.Errorf("%d reasons are explained, of %d", len(dropTexts), len(snmp.TrapDropReasons))
	}
}

// logging is a daemon that has nothing but a log, and what it logs.
func logging() (*Daemon, *observer.ObservedLogs) {
	core, logged := observer.New(zap.DebugLevel)
	return &Daemon{options: Options{Log: zap.New(core)}, metrics: newMetrics(prometheus.NewRegistry(), "test")}, logged
}

func TestADaemonWhoseTrapSocketIsLostSaysSoAndGoesOn(t *testing.T) {
	t.Parallel()
	conn, err := listenTraps("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	d, logged := logging()
	d.traps, err = snmp.NewListener(conn, snmp.ListenerOptions{
		Senders: []config.TrapSender{{From: netip.MustParsePrefix("127.0.0.1/32"), Community: secret.New("public")}}, Handle: func(snmp.Trap) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	d.runTraps(t.Context())
	entries := logged.FilterLevelExact(zap.ErrorLevel).All()
	if len(entries) != 1 || !strings.Contains(entries[0].Message, "restart the daemon") || !strings.Contains(entries[0].ContextMap()["error"].(string), net.ErrClosed.Error()) {
		t.Errorf("it logs %+v", entries)
	}
}

func TestATrapSocketThatFailsForAWhileIsToldOfAtBothEnds(t *testing.T) {
	t.Parallel()
	d, logged := logging()
	h := &hearing{daemon: d, dropped: newSeldom(), ignored: newSeldom()}
	h.fail(syscall.ENETDOWN)
	h.fail(nil)
	entries := logged.All()
	if len(entries) != 2 || entries[0].Level != zap.WarnLevel || entries[0].ContextMap()["error"] != "network is down" || entries[1].Message != "traps can be received again" {
		t.Errorf("it logs %+v", entries)
	}
}
