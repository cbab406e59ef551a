package traffic

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim/guest"
)

// The load: a steady stream, and twice a second a wave that fills the machines'
// queues, so that requests last from one service time to queueing behind a whole
// backlog.
const (
	backlog = 19 // requests that wait at a machine behind the one that is served

	steadyRate = 60.0  // requests per second
	waveRate   = 350.0 // in a wave, on top
	waveEvery  = 500 * time.Millisecond
	waveLength = 100 * time.Millisecond
)

func rate(elapsed time.Duration) float64 {
	if elapsed%waveEvery < waveLength {
		return steadyRate + waveRate
	}
	return steadyRate
}

// visit sends load to the cloud until the returned function is called, which
// returns when every visitor has been answered.
func (c *cloud) visit(t *testing.T, seed uint64) (load *guest.Load, stop func()) {
	t.Helper()
	load = &guest.Load{Target: c.visitors.url, Rate: rate, Seed: seed}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- load.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return load, stop
}

// gate is where the visitors come in: it measures how long each is with the FW+LB.
type gate struct {
	url      string
	inner    http.Handler
	underWay atomic.Int64

	mu   sync.Mutex
	took []time.Duration // guarded by mu
}

func openGate(p place, inner http.Handler) *gate {
	g := &gate{inner: inner}
	g.url = p.serve(g)
	return g
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	g.underWay.Add(1)
	defer func() {
		g.underWay.Add(-1)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.took = append(g.took, time.Since(began))
	}()
	g.inner.ServeHTTP(w, r)
}

// durations lists how long the requests took, ascending.
func (g *gate) durations() []time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Sorted(slices.Values(g.took))
}

// page serves one metric, app_load, which the program holds at perInstance for
// each instance.
type page struct {
	url  string
	load atomic.Uint64 // bits of a float64
}

const perInstance = 10

func openPage(p place) *page {
	s := &page{}
	s.url = p.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE app_load gauge\napp_load %g\n", math.Float64frombits(s.load.Load()))
	})) + "/metrics"
	s.demand(least)
	return s
}

// demand makes the load just what so many instances take.
func (s *page) demand(instances int) {
	s.load.Store(math.Float64bits(perInstance*float64(instances) - 2))
}

func wantStatus(status int) error {
	if status != http.StatusOK {
		return fmt.Errorf("status %d", status)
	}
	return nil
}

// The bound of every wait. It bounds failures; successes take a fraction.
const late = 90 * time.Second

// eventually waits until check returns nil, and fails the test with what check said last.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	var err error
	deadline := time.Now().Add(late)
	for ticker := time.Tick(20 * time.Millisecond); ; <-ticker {
		if err = check(); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v: %v", what, late, err)
		}
	}
}
