package guest

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// page is what the application answers: 1 KiB, so that traffic follows requests.
var page = strings.Repeat("All is well here. ", 57)[:1024]

// app is the application on a machine. It answers any path, after the processor
// has served the request:
//
//	200  the page
//	503  "overloaded", at once, when the backlog is full
//	500  "booting", at once, before the machine is ready
//
// Beside it, and without using the processor, /healthz answers 200 when the machine
// is ready and 503 before, and /metrics is Prometheus text exposition.
type app struct {
	machine  *machine
	requests *prometheus.CounterVec // by code
}

func newApp(m *machine) http.Handler {
	registry := prometheus.NewRegistry()
	factory := promauto.With(registry)
	a := app{machine: m, requests: factory.NewCounterVec(prometheus.CounterOpts{
		Name: "app_requests_total", Help: "Requests answered, by HTTP status code.",
	}, []string{"code"})}
	for _, code := range []int{http.StatusOK, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		a.requests.WithLabelValues(strconv.Itoa(code))
	}
	factory.NewCounterFunc(prometheus.CounterOpts{
		Name: "app_busy_seconds_total", Help: "Processor time used by requests, in seconds.",
	}, m.busySeconds)
	factory.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "app_backlog", Help: "Requests that wait for the processor.",
	}, m.waiting)
	factory.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "app_cpu_ratio", Help: "Share of the last second for which the processor was busy, 0 to 1.",
	}, m.cpuRatio)

	mux := http.NewServeMux()
	mux.HandleFunc("/", a.serve)
	mux.HandleFunc("/healthz", a.health)
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

func (a app) serve(w http.ResponseWriter, r *http.Request) {
	if !a.machine.ready() {
		a.answer(w, http.StatusInternalServerError, "booting\n")
		return
	}
	done, ok := a.machine.admit()
	if !ok {
		a.answer(w, http.StatusServiceUnavailable, "overloaded\n")
		return
	}
	turn := time.NewTimer(time.Until(done))
	defer turn.Stop()
	select {
	case <-turn.C:
		a.answer(w, http.StatusOK, page)
	case <-r.Context().Done():
		panic(http.ErrAbortHandler) // the visitor is gone or the machine off: no answer, not an empty one
	}
}

func (a app) answer(w http.ResponseWriter, code int, body string) {
	a.requests.WithLabelValues(strconv.Itoa(code)).Inc()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body)
}

func (a app) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !a.machine.ready() {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "booting\n")
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}
