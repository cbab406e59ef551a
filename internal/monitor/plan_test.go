package monitor_test

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// loopback is a small world: an SNMP agent and an HTTP server that is an
// exporter (/metrics) as well as a Prometheus (/api/v1/query).
type loopback struct {
	snmp, http               netip.AddrPort
	pdus, pages, evaluations atomic.Int32
}

func newLoopback(t *testing.T) *loopback {
	t.Helper()
	world := &loopback{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			world.pages.Add(1)
			_, _ = fmt.Fprint(w, "busy 3\nqueue{of=\"a\"} 4\nqueue{of=\"b\"} 5\n")
			return
		}
		world.evaluations.Add(1)
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"group":"web"},"value":[%d,"250"]}]}}`, time.Now().Unix())
	}))
	t.Cleanup(server.Close)
	world.http = netip.MustParseAddrPort(server.Listener.Addr().String())
	world.serveSNMP(t)
	return world
}

func (l *loopback) serveSNMP(t *testing.T) {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(l.http.Addr(), 0)))
	if err != nil {
		t.Fatal(err)
	}
	l.snmp = conn.LocalAddr().(*net.UDPAddr).AddrPort()
	ended := make(chan struct{})
	t.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	go func() {
		defer close(ended)
		buffer := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			l.pdus.Add(1)
			packet, err := (&gosnmp.GoSNMP{}).SnmpDecodePacket(buffer[:n])
			if err != nil {
				t.Error(err)
				return
			}
			packet.PDUType = gosnmp.GetResponse
			for i := range packet.Variables {
				packet.Variables[i].Type, packet.Variables[i].Value = gosnmp.Gauge32, uint32(150)
			}
			packet.Variables[0].Type = gosnmp.TimeTicks
			answer, err := packet.MarshalMsg()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = conn.WriteToUDPAddrPort(answer, from)
		}
	}()
}

func (l *loopback) signal(name string, source config.Signal) config.Signal {
	source.Name, source.Staleness = name, time.Minute
	return source
}

func (l *loopback) agent(c config.SNMP) config.Signal {
	c.Port, c.Community, c.Timeout = l.snmp.Port(), secret.New("public"), 10*time.Second
	return config.Signal{SNMP: &c}
}

func (l *loopback) page(metric, url string) config.Signal {
	return config.Signal{Scrape: &config.Scrape{
		URL: url, Port: l.http.Port(), Path: "/metrics", Metric: metric, Scale: 1, Timeout: 10 * time.Second,
	}}
}

func TestEverySourceAnswersInConfigOrderWithAsFewRequestsAsPossible(t *testing.T) {
	t.Parallel()
	world := newLoopback(t)
	server, err := prom.NewServer(config.Prometheus{URL: "http://" + world.http.String(), Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	group := config.Group{Name: "web", Interval: 10 * time.Second, Signals: []config.Signal{
		world.signal("rate", config.Signal{Query: "rate"}),
		world.signal("load", world.agent(config.SNMP{Profile: "load1"})),
		world.signal("busy", world.page("busy", "")),
		world.signal("custom", world.agent(config.SNMP{OID: "1.3.6.1.4.1.99999.1.0", Scale: 2})),
		world.signal("queue", world.page("queue", "http://"+world.http.String()+"/metrics")),
		world.signal("same", config.Signal{PromQL: "x"}),
		world.signal("balancer", world.agent(config.SNMP{Profile: "load1", Address: world.snmp.Addr()})),
	}}
	m, err := monitor.New(monitor.Options{
		Group:      group,
		Queries:    map[string]config.Query{"rate": {PromQL: "x", GroupLabel: "group"}},
		Prometheus: server,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()

	got := m.Read(t.Context(), time.Now(), []monitor.Target{{Code: "gc00000001", Address: world.http.Addr()}}, nil)
	want := []struct {
		name        string
		perInstance bool
		value       float64
	}{{"rate", false, 250}, {"load", true, 1.5}, {"busy", true, 3}, {"custom", true, 300}, {"queue", false, 9}, {"same", false, 250}, {"balancer", false, 1.5}}
	for i, w := range want {
		summary, present, total := got[i].Summary(time.Now())
		value, _ := summary.Value()
		if got[i].Name != w.name || got[i].PerInstance != w.perInstance || value != w.value || present != 1 || total != 1 {
			t.Errorf("signal %d is %s %v with %v, want %s %v with %v", i, got[i].Name, got[i].PerInstance, value, w.name, w.perInstance, w.value)
		}
	}
	if faults := m.Faults(); len(faults) != 0 {
		t.Errorf("faults %v", faults)
	}
	if pdus, pages, evaluations := world.pdus.Load(), world.pages.Load(), world.evaluations.Load(); pdus != 2 || pages != 2 || evaluations != 1 {
		t.Errorf("%d PDUs, %d pages, %d evaluations; want 2 for two agents, 2 for two pages, 1 for one expression", pdus, pages, evaluations)
	}
}

func TestLateDataAreAskedForAsOfThenAndCountFromNow(t *testing.T) {
	t.Parallel()
	const offset = 90 * time.Second
	now := time.Now()
	var asked atomic.Value
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := r.FormValue("time")
		asked.Store(at)
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[%s,"250"]}]}}`, at)
	}))
	defer prometheus.Close()
	server, err := prom.NewServer(config.Prometheus{URL: prometheus.URL, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	m, err := monitor.New(monitor.Options{Prometheus: server, Group: config.Group{Name: "web", Interval: 10 * time.Second, Signals: []config.Signal{
		{Name: "rate", PromQL: "x", Offset: offset, Staleness: time.Minute},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	sample := m.Read(t.Context(), now, nil, nil)[0].Group
	if value, ok := sample.Value(); !ok || value != 250 {
		t.Errorf("%v (%s), want 250: late data are no stale ones", value, sample.Why())
	}
	if age := sample.At().Sub(now).Abs(); age > time.Second {
		t.Errorf("it counts from %s away from now", age)
	}
	seconds, err := strconv.ParseFloat(asked.Load().(string), 64)
	if want := float64(now.Add(-offset).UnixMilli()) / 1000; err != nil || math.Abs(seconds-want) > 0.01 {
		t.Errorf("asked for %v, want %v", asked.Load(), want)
	}
}

func TestCPUBusyHasTheCeilingOfAShare(t *testing.T) {
	t.Parallel()
	world := newLoopback(t)
	m, err := monitor.New(monitor.Options{Group: config.Group{Signals: []config.Signal{world.signal("cpu", world.agent(config.SNMP{Profile: "cpu_busy"}))}}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if got := m.Read(t.Context(), time.Now(), nil, nil); got[0].Ceiling != 1 || len(got[0].Instances) != 0 {
		t.Errorf("got %+v, want a ceiling of 1 and no instance", got[0])
	}
}

func TestNewNamesTheSignalAtFault(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		signal config.Signal
		says   string
	}{
		"no source":         {config.Signal{}, "no source"},
		"unknown statistic": {config.Signal{Statistic: "p100", PromQL: "x"}, "p50 to p99"},
		"unknown profile":   {config.Signal{SNMP: &config.SNMP{Profile: "cpu"}}, "cpu_busy"},
		"no SNMP timeout":   {config.Signal{SNMP: &config.SNMP{Profile: "load1", Port: 161}}, "timeout"},
		"no metric":         {config.Signal{Scrape: &config.Scrape{Timeout: time.Second}}, "metric"},
		"no scrape timeout": {config.Signal{Scrape: &config.Scrape{Metric: "x"}}, "timeout"},
		"no such query":     {config.Signal{Query: "rate"}, "add it to queries"},
		"no Prometheus":     {config.Signal{PromQL: "x"}, "prometheus.url"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.signal.Name = "faulty"
			_, err := monitor.New(monitor.Options{Group: config.Group{Name: "web", Signals: []config.Signal{test.signal}}})
			if err == nil || !strings.Contains(err.Error(), "group web, signal faulty") || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want an error about %q", err, test.says)
			}
		})
	}
}

func TestUnreachableSourcesAreMissingSamples(t *testing.T) {
	t.Parallel()
	world := newLoopback(t)
	nobody := netip.MustParseAddr("127.0.0.2")
	m, err := monitor.New(monitor.Options{Group: config.Group{Signals: []config.Signal{
		world.signal("load", world.agent(config.SNMP{Profile: "load1"})),
		world.signal("busy", world.page("busy", "")),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, signal := range m.Read(t.Context(), time.Now(), []monitor.Target{{Code: "gc00000001", Address: nobody}}, nil) {
		if why := signal.Instances[0].Sample.Why(); why != policy.Failed {
			t.Errorf("%s is %s, want failed", signal.Name, why)
		}
	}
	if faults := m.Faults(); len(faults) != 2 {
		t.Errorf("faults %v, want one for each signal", faults)
	}
}
