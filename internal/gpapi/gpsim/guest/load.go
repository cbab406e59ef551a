package guest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	loadStep     = 10 * time.Millisecond // arrivals of one step leave together
	loadCatchUp  = 10 * loadStep         // what a stalled generator makes up for at most
	loadInFlight = 2048                  // requests unanswered at a time
	loadPatience = 5 * time.Second       // until a visitor hangs up
	loadAnswer   = 1 << 20               // octets read of an answer
)

// Load is an open-loop source of visitors: how many arrive does not depend on how
// fast they are answered. They are a Poisson process of a rate that may change with
// time; each sends one GET and waits 5 s for the answer.
type Load struct {
	Target string                              // URL
	Rate   func(elapsed time.Duration) float64 // arrivals per second at a time since Run began, >= 0
	Seed   uint64                              // the same seed gives the same arrivals for the same steps of time

	sent, unsent, unanswered, cut atomic.Uint64
}

// LoadCounts says what became of the visitors.
type LoadCounts struct {
	Sent       uint64 // requests sent
	Unsent     uint64 // visitors who gave up at once: 2048 requests were unanswered
	Unanswered uint64 // of those sent, without a whole answer of any status after 5 s
	Cut        uint64 // of those unanswered, whose connection ended before they hung up, or never came about
}

// Counts may be read while Run runs.
func (l *Load) Counts() LoadCounts {
	return LoadCounts{Sent: l.sent.Load(), Unsent: l.unsent.Load(), Unanswered: l.unanswered.Load(), Cut: l.cut.Load()}
}

// Run sends visitors until ctx ends, and returns when the last one is answered or
// has given up. It returns an error only for a Target that is no URL.
func (l *Load) Run(ctx context.Context) error {
	// A visitor on the way waits for the answer, also when ctx ends.
	request, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, l.Target, nil)
	if err != nil {
		return fmt.Errorf("send load to %q: %w", l.Target, err)
	}
	transport := &http.Transport{
		DialContext:         (&net.Dialer{}).DialContext,
		MaxIdleConnsPerHost: loadInFlight,
		IdleConnTimeout:     30 * time.Second,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: loadPatience}

	var visitors errgroup.Group
	visitors.SetLimit(loadInFlight)
	defer func() { _ = visitors.Wait() }()
	steps := time.NewTicker(loadStep)
	defer steps.Stop()
	from := newArrivals(l.Seed)
	for begun, last := time.Now(), time.Now(); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-steps.C:
		}
		now := time.Now()
		for range from.within(min(now.Sub(last), loadCatchUp), l.Rate(now.Sub(begun))) {
			if !visitors.TryGo(func() error { l.visit(client, request.Clone(request.Context())); return nil }) {
				l.unsent.Add(1)
			}
		}
		last = now
	}
}

func (l *Load) visit(client *http.Client, request *http.Request) {
	l.sent.Add(1)
	response, err := client.Do(request)
	if err == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(response.Body, loadAnswer))
		err = errors.Join(err, response.Body.Close())
	}
	if err == nil {
		return
	}
	l.unanswered.Add(1)
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		l.cut.Add(1)
	}
}

// arrivals is a Poisson process: the time between arrivals, weighted by the rate,
// is exponentially distributed.
type arrivals struct {
	random *rand.Rand
	left   float64 // expected arrivals until the next one
}

func newArrivals(seed uint64) *arrivals {
	random := rand.New(rand.NewPCG(seed, 0))
	return &arrivals{random: random, left: random.ExpFloat64()}
}

// within is the number of arrivals in the next span of time at a rate per second.
func (a *arrivals) within(span time.Duration, rate float64) int {
	a.left -= max(0, rate) * span.Seconds()
	n := 0
	for ; a.left <= 0; n++ {
		a.left += a.random.ExpFloat64()
	}
	return n
}
