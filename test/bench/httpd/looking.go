package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// looking is everybody who looks at the daemon.
type looking struct {
	*bench

	open, lost   atomic.Int64 // dashboards; and those whose stream ended or never began
	news         atomic.Int64 // bytes that they got
	reads, wrong atomic.Int64
	first        atomic.Pointer[string] // what went wrong first
	began        time.Time
	lasted       time.Duration

	mu    sync.Mutex
	spans []time.Duration // of reads, a sample
}

// pages are what is read, each as often as it stands here. A Prometheus server asks for the metrics
// of a daemon every few seconds; here it is ten in a second.
func (l *looking) page(i int) string {
	group := groupName(rand.IntN(l.groups))
	switch i % 100 {
	case 0:
		return "/metrics"
	case 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14:
		return "/"
	case 15, 16, 17, 18, 19:
		return "/v1/status"
	}
	switch i % 4 {
	case 0:
		return "/v1/groups"
	case 1:
		return "/groups/" + group
	}
	return "/v1/groups/" + group
}

// look opens the dashboards and reads pages until ctx ends.
func (l *looking) look(ctx context.Context) {
	transport := &http.Transport{MaxIdleConnsPerHost: readers, MaxConnsPerHost: 0, DisableCompression: true}
	defer transport.CloseIdleConnections()
	var all sync.WaitGroup
	for i := range l.dashboards {
		all.Go(func() { l.listen(ctx, transport, l.streamOf(i)) })
	}
	l.began = time.Now()
	for i := range readers {
		all.Go(func() { l.read(ctx, transport, i) })
	}
	all.Wait()
	l.lasted = time.Since(l.began)
}

// streamOf is what a dashboard listens to.
func (l *looking) streamOf(i int) string {
	switch {
	case l.stream != "":
		return l.stream
	case i%2 == 0:
		return "/ui/events"
	}
	return "/ui/events?group=" + groupName(i%l.groups)
}

// listen is one dashboard.
func (l *looking) listen(ctx context.Context, transport http.RoundTripper, stream string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url+stream, nil)
	if err != nil {
		l.fails(err.Error())
		return
	}
	request.Header.Set("Accept", "text/event-stream")
	response, err := transport.RoundTrip(request)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		l.lost.Add(1)
		l.fails(err.Error())
		return
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		l.lost.Add(1)
		l.fails(fmt.Sprintf("GET %s: %s", stream, response.Status))
		return
	}
	l.open.Add(1)
	buffer := make([]byte, 16<<10)
	for {
		n, err := response.Body.Read(buffer)
		l.news.Add(int64(n))
		if err != nil {
			break
		}
	}
	if ctx.Err() == nil {
		l.lost.Add(1)
		l.fails("a dashboard's stream ended")
	}
}

// readers read at the same time, each in turn when its moment comes.
const readers = 32

// read reads every so many pages, in its place among the readers. What is late is left out, and
// shows as fewer reads.
func (l *looking) read(ctx context.Context, transport http.RoundTripper, place int) {
	if l.readsPerSecond == 0 {
		return
	}
	every := time.Second * readers / time.Duration(l.readsPerSecond)
	next := l.began.Add(every * time.Duration(place) / readers)
	for i := place; ; i += readers {
		if pause(ctx, time.Until(next)) != nil {
			return
		}
		l.readOne(ctx, transport, l.page(i), i)
		if next = next.Add(every); time.Since(next) > time.Second {
			next = time.Now()
		}
	}
}

func (l *looking) readOne(ctx context.Context, transport http.RoundTripper, path string, i int) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url+path, nil)
	if err != nil {
		l.fails(err.Error())
		return
	}
	began := time.Now()
	response, err := transport.RoundTrip(request)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		l.wrong.Add(1)
		l.fails(fmt.Sprintf("GET %s: %v", path, err))
		return
	case response.StatusCode != http.StatusOK:
		l.wrong.Add(1)
		l.fails(fmt.Sprintf("GET %s: %s", path, response.Status))
	}
	l.reads.Add(1)
	if i%7 == 0 {
		l.mu.Lock()
		l.spans = append(l.spans, time.Since(began))
		l.mu.Unlock()
	}
}

func (l *looking) fails(why string) { l.first.CompareAndSwap(nil, &why) }

func (l *looking) perSecond() float64 { return float64(l.reads.Load()) / l.lasted.Seconds() }

// String says what they saw.
func (l *looking) String() string {
	slices.Sort(l.spans)
	quantile := func(share float64) time.Duration {
		if len(l.spans) == 0 {
			return 0
		}
		return l.spans[int(share*float64(len(l.spans)-1))].Round(100 * time.Microsecond)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "dashboards: %d open, %d lost, %.1f MB of news\n", l.open.Load(), l.lost.Load(), float64(l.news.Load())/1e6)
	fmt.Fprintf(&text, "reads: %.0f in a second of %d, half of them within %v and 99 of 100 within %v, %d failed", l.perSecond(), l.readsPerSecond, quantile(0.5), quantile(0.99), l.wrong.Load())
	if first := l.first.Load(); first != nil {
		fmt.Fprintf(&text, "\nfirst of what went wrong: %s", *first)
	}
	return text.String()
}

// verdict is an error if not everybody saw what they were to see.
func (l *looking) verdict() error {
	switch {
	case l.lost.Load() > 0 || l.wrong.Load() > 0:
		return fmt.Errorf("%d dashboards and %d reads failed: %s", l.lost.Load(), l.wrong.Load(), *l.first.Load())
	case l.perSecond() < 0.95*float64(l.readsPerSecond):
		return fmt.Errorf("%.0f reads in a second in place of %d: run it on a machine that has more processors, or with less -reads", l.perSecond(), l.readsPerSecond)
	}
	return nil
}
