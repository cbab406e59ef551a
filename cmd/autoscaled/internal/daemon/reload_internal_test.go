package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/raced"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// stage is where daemons run in virtual time, one after the other: a simulated cloud in which web
// has two machines, and a configuration file.
type stage struct {
	t         *testing.T
	sim       *gpsim.Sim
	directory string
	text      string
	daemon    *Daemon
	stop      func()
	orders    atomic.Int64 // sent
}

const staged = `
installation: test
state: DIRECTORY/state
socket: DIRECTORY/s
listen: 127.0.0.1:0
history: {retention: 0s}
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:KEY, secret_key: env:KEY, calls_per_second: 50}
groups:
  api:
    provider: gio
    min: 1
    max: 5
    template: {source: gc00000001, type: V40}
    signals:
      level: {push: {token: env:KEY}, staleness: 24h}
    policies:
      - target: {signal: level, per_instance: 100}
  web:
    provider: gio
    mode: act
    min: 2
    max: 6
    template: {source: gc00000001, type: V40}
    balancers: [{gp: {gl_service_code: gl00000001, pool: web, port: PORT}}]
    signals:
      level: {push: {token: env:KEY}, staleness: 24h}
    policies:
      - target: {signal: level, per_instance: 100}
    scale_in: {stabilization: 2m, cooldown: 0s, standby: 6}
    scale_out: {warm_up: 0s}
`

// onStage tells a story with a daemon that runs when it begins.
func onStage(t *testing.T, story func(t *testing.T, s *stage)) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "0.0.0.0:0") // every machine's service
	if err != nil {
		t.Fatal(err)
	}
	service := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	go func() { defer close(served); _ = service.Serve(listener) }()
	defer func() { _ = service.Close(); <-served }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	directory, err := os.MkdirTemp("", "stage-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(directory) }()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, directory: directory, text: strings.NewReplacer("DIRECTORY", directory, "PORT", port).Replace(staged)}
		s.cloud(port)
		s.start()
		defer func() { s.stop() }()
		story(t, s)
	})
}

func (s *stage) cloud(port string) {
	var err error
	s.sim, err = gpsim.New(gpsim.Options{Accounts: []gpsim.Account{{AccessKey: stageKey, SecretKey: secret.New(stageKey), GpServiceCode: "gp00000001"}}, CloneLanding: gpsim.StatusStopped})
	s.must(err)
	nodes := []netip.AddrPort{}
	for i, status := range []string{gpsim.StatusStopped, gpsim.StatusRunning, gpsim.StatusRunning} {
		code := fmt.Sprintf("gc0000000%d", i+1)
		label := actions.Mark("test", "web", code)
		if i == 0 {
			label = "template"
		}
		_, address, err := s.sim.AddMachine(gpsim.MachineSpec{Code: code, Label: label, Status: status, Type: "V40"})
		s.must(err)
		if i > 0 {
			nodes = append(nodes, netip.MustParseAddrPort(address.String()+":"+port))
		}
	}
	s.must(s.sim.AddFwLb("gl00000001", map[string][]netip.AddrPort{"web": nodes}))
}

const stageKey = "a key of sixteen bytes"

// slowOrders counts orders, and answers them late.
type slowOrders struct {
	http.RoundTripper
	sent *atomic.Int64
}

func (t slowOrders) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	response, err := t.RoundTripper.RoundTrip(r)
	if bytes.Contains(body, []byte("AddCloneVirtualMachines")) {
		t.sent.Add(1)
		time.Sleep(20 * time.Second)
	}
	return response, err
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) path() string { return filepath.Join(s.directory, "autoscaled.yaml") }

// save makes the text that of the file.
func (s *stage) save(text string) {
	s.t.Helper()
	s.must(os.WriteFile(s.path(), []byte(text), 0o600))
}

// start starts a daemon, but for its faces, which would keep time from passing.
func (s *stage) start() {
	s.t.Helper()
	s.save(s.text)
	env := config.Env{LookupEnv: func(string) (string, bool) { return stageKey, true }}
	c, text, err := readConfig(s.path(), env)
	s.must(err)
	d, err := New(Options{Config: c, Text: text, Env: env, Version: "test", Log: zap.NewNop(), Transport: slowOrders{gpsim.Transport(s.sim), &s.orders}})
	s.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	d.reloads.begin(ctx)
	go func() {
		err := d.Fleet.Run(ctx)
		d.reloads.end()
		d.close()
		ended <- err
	}()
	s.daemon, s.stop = d, func() {
		cancel()
		s.must(<-ended)
	}
}

// load is what both groups have to carry from now on.
func (s *stage) load(value float64) {
	s.t.Helper()
	for _, name := range []string{"api/level", "web/level"} {
		_, err := s.daemon.Inboxes()[name].Push(value, time.Now())
		s.must(err)
	}
}

func (s *stage) group(name string) fleet.GroupStatus {
	s.t.Helper()
	status, err := s.daemon.Fleet.Group(name)
	s.must(err)
	return status
}

// until waits for so long at most, and does something each second meanwhile.
func (s *stage) until(what string, limit time.Duration, holds func() bool, meanwhile func()) {
	s.t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(time.Second) {
		if time.Since(begun) > limit {
			web := s.group("web")
			for _, in := range web.Instances {
				s.t.Logf("%s: %s, %s, %s %s", in.Code, in.Goal, in.Phase, in.Trouble, in.Quarantine)
			}
			s.t.Fatalf("it did not come about that %s: desired %d, %+v", what, web.Desired, web.Decision)
		}
		meanwhile()
	}
}

// ticks are how often the group's signals were read.
func (s *stage) ticks(group string) (n int) {
	reads := s.daemon.metrics.reads
	reads.mu.RLock()
	defer reads.mu.RUnlock()
	for of, counted := range reads.counts {
		if of.group == group {
			for i := range counted.counts {
				n += int(counted.counts[i].Load())
			}
		}
	}
	return n
}

// calls counts the orders that were sent, and the calls that changed something.
func (s *stage) calls() map[string]int {
	count := map[string]int{"orders sent": int(s.orders.Load())}
	for _, call := range s.sim.Books().Calls {
		if call.Effect {
			count[call.Action]++
		}
	}
	return count
}

// bounded is the text with another max for the group that comes with this one in the text.
func (s *stage) bounded(was, is string) string { return strings.Replace(s.text, was, is, 1) }

func TestReloadsUnderLoadDropNoTickAndCauseNoAct(t *testing.T) {
	t.Parallel()
	var without map[string]int
	for _, c := range []struct {
		name, was string
		every     int // seconds
		least     int // reloads there must be
	}{
		{"none", "", 1, 0},
		{"of another group", "max: 5", 1, raced.Sample(200, 10)},
		{"of the group that scales", "max: 6", 23, raced.Sample(25, 10)}, // it has to see the cloud between two
	} {
		onStage(t, func(t *testing.T, s *stage) {
			reloads, seconds, most := 0, 0, raced.Sample(200, 10)
			reload := func() {
				if seconds++; c.was == "" || reloads >= most || seconds%c.every > 0 {
					return
				}
				reloads++
				text := s.bounded(c.was, fmt.Sprintf("max: %d", 6+reloads%2))
				if reloads%3 == 0 {
					text = s.bounded("per_instance", "per_instnace")
				}
				s.save(text)
				report, err := s.daemon.Reload(t.Context(), false, "test")
				if bad := reloads%3 == 0; bad != (err != nil) || bad == report.Applied {
					t.Errorf("%s: reload %d: %+v, %v", c.name, reloads, report, err)
				}
			}
			s.load(200)
			s.until("two serve", 5*time.Minute, func() bool { return s.group("web").Serving == 2 }, func() {})
			unchanged := map[string]string{"max: 5": "web", "max: 6": "api"}[c.was]
			goroutines, ticks, began := runtime.NumGoroutine(), s.ticks(unchanged), time.Now()
			s.load(400)
			s.until("four serve", time.Hour, func() bool { return s.group("web").Serving == 4 }, func() { reload(); s.load(400) })
			s.load(200)
			s.until("two stand by", time.Hour, func() bool { return s.group("web").Standby == 2 }, func() { reload(); s.load(200) })
			if reloads < c.least {
				t.Errorf("%s: there were only %d reloads", c.name, reloads)
			}
			if passed := int(time.Since(began) / (10 * time.Second)); unchanged != "" && s.ticks(unchanged)-ticks < passed {
				t.Errorf("%s: %s was read %d times in %d intervals", c.name, unchanged, s.ticks(unchanged)-ticks, passed)
			}
			if now := runtime.NumGoroutine(); now > goroutines+20 {
				t.Errorf("%s: %d goroutines became %d", c.name, goroutines, now)
			}
			if without == nil {
				without = s.calls()
			} else if got := fmt.Sprint(s.calls()); got != fmt.Sprint(without) {
				t.Errorf("%s: the calls were %v, and without reloads %v", c.name, got, without)
			}
			s.stop()
			s.start()
			s.until("a restart finds it all", 5*time.Minute, func() bool { return s.group("web").Serving == 2 && s.group("web").Standby == 2 }, func() { s.load(200) })
		})
	}
}

func TestADaemonThatEndsInTheMidstOfAReloadIsTakenUpByTheNextStart(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		for i := range raced.Sample(60, 10) {
			s.load(200)
			s.until("two serve", 20*time.Minute, func() bool { return s.group("web").Serving == 2 }, func() { s.load(200) })
			s.load(300)
			time.Sleep(time.Duration(i) * 7 * time.Second)
			s.text = strings.Replace(strings.Replace(s.text, "max: 6", "max: 7", 1), "poll_idle", "poll_idle", 1)
			s.save(s.bounded("calls_per_second: 50", fmt.Sprintf("calls_per_second: %d", 20+i%2)))
			done := make(chan error, 1)
			go func() {
				_, err := s.daemon.Reload(context.Background(), false, "test")
				done <- err
			}()
			time.Sleep(time.Duration(i%10) * 400 * time.Millisecond)
			s.stop()
			<-done
			s.start()
		}
		s.load(300)
		s.until("three serve", time.Hour, func() bool { return s.group("web").Serving == 3 }, func() { s.load(300) })
		if sent := s.orders.Load(); sent != 1 {
			t.Errorf("%d orders, for one machine that was needed", sent)
		}
	})
}

func TestReloadsAreTakenOneAtATimeAndNoneWhileTheDaemonEnds(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		s.load(300)
		s.until("an order is under way", time.Minute, func() bool { return s.orders.Load() == 1 }, func() {})
		s.save(s.bounded("max: 6", "max: 7"))
		outcomes := make(chan error, 2)
		for range 2 { // the first waits for the answer to the order
			go func() {
				_, err := s.daemon.Reload(context.Background(), false, "test")
				outcomes <- err
			}()
		}
		synctest.Wait()
		impatient, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := s.daemon.Reload(impatient, true, "test"); err == nil || !strings.Contains(err.Error(), "another reload is under way") {
			t.Errorf("the third: %v", err)
		}
		s.must(errors.Join(<-outcomes, <-outcomes))
		s.stop()
		if _, err := s.daemon.Reload(t.Context(), false, "test"); err == nil || !strings.Contains(err.Error(), "while autoscaled ends") {
			t.Errorf("at the end: %v", err)
		}
		s.start()
	})
}

func TestWhoeverMayOnlyLookLearnsWhereAFileIsWrongAndNotWhatIsThere(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		s.save(strings.Replace(s.bounded("max: 5", "max: s3cret"), "staleness: 24h", "staleness: hunter2", 1))
		_, err := s.daemon.Reload(t.Context(), false, "test")
		if refused := (fleet.RefusedError{}); !errors.As(err, &refused) || !strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "hunter2") {
			t.Errorf("whoever reloads is told %v", err)
		}
		told := fmt.Sprint(s.daemon.watcher.Recent("", 10))
		if strings.Contains(told, "hunter2") || strings.Contains(told, "s3cret") ||
			!strings.Contains(told, s.path()+":") || !strings.Contains(told, ": groups.api.max is wrong, and ") {
			t.Errorf("everybody is told %s", told)
		}
	})
}

func TestAReloadThatHangsDoesNotKeepTheDaemonFromEnding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r reloads
		r.begin(t.Context())
		if _, err := r.take(t.Context()); err != nil { // and it is not given back
			t.Fatal(err)
		}
		began := time.Now()
		r.end()
		if took := time.Since(began); took != endPatience {
			t.Errorf("it took %v", took)
		}
	})
}

var _ httpd.Configuration = (*Daemon)(nil)
