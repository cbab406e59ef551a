package guest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const (
	userTicks   = ".1.3.6.1.4.1.2021.11.50.0"
	systemTicks = ".1.3.6.1.4.1.2021.11.52.0"
	idleTicks   = ".1.3.6.1.4.1.2021.11.53.0"
	upTicks     = ".1.3.6.1.2.1.1.3.0"
	inOctets    = ".1.3.6.1.2.1.31.1.1.1.6.2"
	outOctets   = ".1.3.6.1.2.1.31.1.1.1.10.2"
)

// poll reads numbers in one Get.
func poll(t *testing.T, client *gosnmp.GoSNMP, names ...string) []int64 {
	t.Helper()
	answer, err := client.Get(names)
	if err != nil {
		t.Fatal(err)
	}
	numbers := make([]int64, len(names))
	for i, v := range answer.Variables {
		numbers[i] = gosnmp.ToBigInt(v.Value).Int64()
	}
	return numbers
}

func TestCPUCountersFollowTheRequestsServed(t *testing.T) {
	t.Parallel()
	machine := newMachine(t, func(o *Options) { o.ServiceTime = 15 * time.Millisecond })
	client := manager(t, machine.snmp, 10*time.Second)
	for _, requests := range []int64{0, 1, 7, 20} {
		before := poll(t, client, userTicks, systemTicks)
		for range requests {
			mustGet(t, machine.app, "/some/page", http.StatusOK)
		}
		after := poll(t, client, userTicks, systemTicks, idleTicks, upTicks)
		busy := after[0] + after[1] - before[0] - before[1]
		if want := requests * 15 / 10; busy < want || busy > want+1 {
			t.Errorf("%d requests of 15 ms used %d ticks, want %d or one more", requests, busy, want)
		}
		if sum := after[0] + after[1] + after[2]; sum != after[3] && sum+1 != after[3] {
			t.Errorf("user, system and idle are %d ticks, uptime %d", sum, after[3])
		}
	}
}

func TestInterfaceCountersFollowTheBytesServed(t *testing.T) {
	t.Parallel()
	machine := newMachine(t, nil)
	client := manager(t, machine.snmp, 10*time.Second)
	before := poll(t, client, inOctets, outOctets)
	const requests = 10
	for range requests {
		mustGet(t, machine.app, "/", http.StatusOK)
	}
	after := poll(t, client, inOctets, outOctets)
	if in := after[0] - before[0]; in < requests*50 || in > requests*400 {
		t.Errorf("%d bytes in for %d small requests", in, requests)
	}
	if out := after[1] - before[1]; out < int64(requests*len(page)) || out > int64(requests*(len(page)+400)) {
		t.Errorf("%d bytes out for %d pages of %d bytes", out, requests, len(page))
	}
}

func TestAMachineThatIsOffAnswersNothingAndCutsWhatItServed(t *testing.T) {
	t.Parallel()
	machine := newMachine(t, func(o *Options) { o.ServiceTime = time.Hour })
	client := manager(t, machine.snmp, 200*time.Millisecond)
	poll(t, client, upTicks)
	cut := make(chan error, 1)
	go func() {
		_, _, err := get(t, machine.app, "/")
		cut <- err
	}()
	waitUntil(t, func() bool {
		return strings.Contains(mustGet(t, machine.app, "/metrics", http.StatusOK), "app_busy_seconds_total 0.")
	})

	machine.power(false)

	if err := <-cut; err == nil {
		t.Error("the request in service was answered")
	}
	if _, _, err := get(t, machine.app, "/healthz"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("GET /healthz: %v, want a refused connection", err)
	}
	if answer, err := client.Get([]string{upTicks}); err == nil {
		t.Errorf("SNMP answered %v", answer.Variables)
	}
}

func TestARestartBeginsAtZero(t *testing.T) {
	t.Parallel()
	machine := newMachine(t, func(o *Options) { o.ServiceTime = 500 * time.Millisecond })
	mustGet(t, machine.app, "/", http.StatusOK)
	if machine.world.CPURatio(machine.code) == 0 {
		t.Error("the processor rests after a request of half a second")
	}
	machine.power(false)
	if got := machine.world.CPURatio(machine.code); got != 0 {
		t.Errorf("CPU ratio %v while off", got)
	}
	machine.power(true)
	client := manager(t, machine.snmp, 10*time.Second)
	if got := poll(t, client, userTicks, systemTicks); !slices.Equal(got, []int64{0, 0}) {
		t.Errorf("CPU ticks %v after a restart, want 0", got)
	}
}

func TestPowerTwiceIsPowerOnce(t *testing.T) {
	t.Parallel()
	machine := newMachine(t, nil)
	machine.power(true)
	mustGet(t, machine.app, "/healthz", http.StatusOK)
	machine.power(false)
	machine.power(false)
}

func TestNothingIsServedBeforeTheMachineIsReady(t *testing.T) {
	t.Parallel()
	machine := newMachine(t, func(o *Options) { o.BootHealthyAfter = time.Hour })
	mustGet(t, machine.app, "/healthz", http.StatusServiceUnavailable)
	mustGet(t, machine.app, "/", http.StatusInternalServerError)
	if got := poll(t, manager(t, machine.snmp, 10*time.Second), userTicks); got[0] != 0 {
		t.Errorf("%d user ticks while booting", got[0])
	}
}

func TestABusyPortIsReportedAndTheMachineStaysOff(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var failures []error
			machine := newMachine(t, func(o *Options) {
				o.Failed = func(_ string, err error) {
					mu.Lock()
					defer mu.Unlock()
					failures = append(failures, err)
				}
			})
			machine.power(false)
			release := occupy(t, network, machine)
			machine.power(true)
			if len(failures) != 1 || !errors.Is(failures[0], syscall.EADDRINUSE) {
				t.Fatalf("failures %v, want one of a port in use", failures)
			}
			release()
			machine.power(true)
			mustGet(t, machine.app, "/healthz", http.StatusOK)
			poll(t, manager(t, machine.snmp, 10*time.Second), upTicks)
		})
	}
}

// occupy takes one of the machine's ports.
func occupy(t *testing.T, network string, machine testMachine) (release func()) {
	t.Helper()
	var socket io.Closer
	var err error
	if network == "udp" {
		socket, err = net.ListenPacket(network, machine.snmp.String())
	} else {
		socket, err = net.Listen(network, machine.app.String())
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = socket.Close() }
}

func TestAClosedWorldStaysOff(t *testing.T) {
	t.Parallel()
	var failures []error
	machine := newMachine(t, func(o *Options) { o.Failed = func(_ string, err error) { failures = append(failures, err) } })
	machine.world.Close()
	machine.power(true)
	if len(failures) != 1 {
		t.Errorf("failures %v, want one", failures)
	}
	if _, _, err := get(t, machine.app, "/healthz"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("GET /healthz: %v, want a refused connection", err)
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	good := Options{SNMPPort: 1161, AppPort: 8080, Community: "x", ServiceTime: time.Millisecond}
	if _, err := NewWorld(good); err != nil {
		t.Errorf("good options: %v", err)
	}
	for story, spoil := range map[string]func(*Options){
		"no SNMP port":          func(o *Options) { o.SNMPPort = 0 },
		"no application port":   func(o *Options) { o.AppPort = 0 },
		"no community":          func(o *Options) { o.Community = "" },
		"an endless community":  func(o *Options) { o.Community = strings.Repeat("x", 256) },
		"requests cost nothing": func(o *Options) { o.ServiceTime = 0 },
		"a negative backlog":    func(o *Options) { o.Backlog = -1 },
		"a negative boot":       func(o *Options) { o.BootHealthyAfter = -1 },
	} {
		options := good
		spoil(&options)
		if _, err := NewWorld(options); err == nil {
			t.Errorf("%s: accepted", story)
		}
	}
}

func TestAnAddressOfAnotherMachineIsReported(t *testing.T) {
	t.Parallel()
	var failures []error
	machine := newMachine(t, func(o *Options) { o.Failed = func(_ string, err error) { failures = append(failures, err) } })
	machine.world.Power("gc00000009", netip.MustParseAddr("192.0.2.1"), true)
	if len(failures) != 1 || !strings.Contains(failures[0].Error(), "gc00000009") {
		t.Errorf("failures %v, want one that names the machine", failures)
	}
}

func TestMetricsShowWhatTheMachineDid(t *testing.T) {
	t.Parallel()
	machine := newMachine(t, func(o *Options) { o.ServiceTime = 50 * time.Millisecond })
	for range 3 {
		mustGet(t, machine.app, "/", http.StatusOK)
	}
	text := mustGet(t, machine.app, "/metrics", http.StatusOK)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	byCode := map[string]float64{}
	for _, m := range families["app_requests_total"].GetMetric() {
		byCode[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
	}
	if len(byCode) != 3 || byCode["200"] != 3 || byCode["500"] != 0 || byCode["503"] != 0 {
		t.Errorf("app_requests_total %v, want 3 with code 200 and none of the others", byCode)
	}
	if got := families["app_busy_seconds_total"].GetMetric()[0].GetCounter().GetValue(); got != 0.15 {
		t.Errorf("app_busy_seconds_total %v, want 0.15", got)
	}
	if got := families["app_backlog"].GetMetric()[0].GetGauge().GetValue(); got != 0 {
		t.Errorf("app_backlog %v, want 0", got)
	}
	if got := families["app_cpu_ratio"].GetMetric()[0].GetGauge().GetValue(); got <= 0 || got > 1 {
		t.Errorf("app_cpu_ratio %v, want more than 0 and at most 1", got)
	}
}
