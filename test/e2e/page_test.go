package e2e

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"sync/atomic"
)

// page serves one metric, app_load, in the exposition format. The test sets it.
type page struct {
	url  string
	load atomic.Uint64 // bits of a float64
}

// perInstance is the share of app_load that one instance takes in every test.
const perInstance = 10

// loadPolicy holds app_load at perInstance, so closely that one instance more or
// less of a dozen makes a difference.
var loadPolicy = fmt.Sprintf("target: {signal: load, per_instance: %d, tolerance_out: 2%%, tolerance_in: 2%%}", perInstance)

func (s *scene) servePage() *page {
	s.t.Helper()
	p := &page{}
	p.demand(least)
	p.url = s.serveLoad(func() float64 { return math.Float64frombits(p.load.Load()) })
	return p
}

// serveLoad serves app_load as it is when it is asked for.
func (s *scene) serveLoad(load func() float64) (url string) {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.host+":0")
	if err != nil {
		s.t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE app_load gauge\napp_load %g\n", load())
	})}
	go func() { _ = server.Serve(listener) }()
	s.t.Cleanup(func() { _ = server.Close() })
	return "http://" + listener.Addr().String() + "/metrics"
}

// demand makes the load just what so many instances take.
func (p *page) demand(instances int) {
	p.load.Store(math.Float64bits(loadFor(instances)))
}

// loadFor is a load that takes so many instances, clear of what one less or more takes.
func loadFor(instances int) float64 { return perInstance*float64(instances) - 2 }

// signal is the configuration that scrapes the page.
func (p *page) signal() string { return scraped(p.url) }

// scraped is the configuration that scrapes app_load.
func scraped(url string) string {
	return fmt.Sprintf("load: {scrape: {url: %q, metric: app_load}}", url)
}
