package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// answerWithPage serves a file to whoever asks, at every address of this machine, and
// compressed to nobody: what it costs to make the page is not measured.
func answerWithPage(ctx context.Context, j job) (uint16, func() error, error) {
	page, err := os.ReadFile(j.Page)
	if err != nil {
		return 0, nil, err
	}
	listener, err := net.Listen("tcp4", fmt.Sprintf("0.0.0.0:%d", j.Port)) //nolint:noctx // the agents have all addresses of 127.0.0.0/8
	if err != nil {
		return 0, nil, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(page)
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	wait := func() error {
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
	return uint16(listener.Addr().(*net.TCPAddr).Port), wait, nil
}

// fetchByExpfmt fetches pages over connections that are kept, and parses them as Prometheus'
// own library does.
func fetchByExpfmt(ctx context.Context, j job) (*poller, error) {
	ctx, cancel := context.WithCancel(ctx)
	var polls, lacking atomic.Uint64
	var routines sync.WaitGroup
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 1}
	fetcher := &http.Client{Transport: transport, Timeout: time.Minute}
	for first := range j.AtOnce {
		routines.Go(func() {
			for i := first; ctx.Err() == nil; i += j.AtOnce {
				url := fmt.Sprintf("http://%s:%d/metrics", addressOf(i%j.Agents), j.Port)
				if err := parsePage(ctx, fetcher, url); err != nil {
					lacking.Add(1)
				}
				polls.Add(1)
			}
		})
	}
	stop := func() {
		cancel()
		routines.Wait()
		transport.CloseIdleConnections()
	}
	return &poller{done: func() (uint64, uint64) { return polls.Load(), lacking.Load() }, fallbacks: none, stop: stop}, nil
}

// parsePage looks up in a page what our side does.
func parsePage(ctx context.Context, fetcher *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := fetcher.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		return err
	}
	for _, name := range pageMetrics {
		if len(families[name].GetMetric()) == 0 {
			return fmt.Errorf("%s lacks %s", url, name)
		}
	}
	return nil
}

// pageMetrics are the series that are wanted of a node exporter's page. None of them is a
// counter: the page stays as it is.
var pageMetrics = []string{"node_load1", "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"}

// fetchByMonitor fetches them as run does.
func fetchByMonitor(ctx context.Context, j job) (*poller, error) {
	var signals []string
	for i, metric := range pageMetrics {
		signals = append(signals, fmt.Sprintf("s%d: {scrape: {metric: %s, port: %d}}", i, metric, j.Port))
	}
	group, err := parseGroup(groupText(0, strings.Join(signals, ", "), "{target: {signal: s0, value: 1}}"))
	if err != nil {
		return nil, err
	}
	w, err := newWorld(j, group)
	if err != nil {
		return nil, err
	}
	return w.start(ctx)
}
