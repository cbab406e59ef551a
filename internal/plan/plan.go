// Package plan says what a policy would have done with a load: it replays the load through
// policy's own Decide and Choose, with a model of the cloud around them.
//
// A [Scenario] is one policy on one load in one model of the cloud, and [Replay] goes through
// it step by step. At the beginning of a step the cloud goes on (machines come to serve, stop,
// are lost), the group is observed as the daemon observes it, a forecaster of its own looks ahead
// where the spec forecasts, Decide and Choose are called with the arguments that the daemon would
// give them, and the cloud does at once what was chosen.
// What serves then carries the step's load.
//
// It promises:
//   - the loop is closed: the load is what it was, and what an instance shows of it follows
//     from how many of them serve. What none carries is lost; served and lost add up to the
//     load, to the billionth of an instance;
//   - the same scenario gives the same result on any number of cores. All chance comes from
//     one seed, and is drawn for each machine by its number, so that two scenarios that
//     differ in one thing meet the same luck elsewhere;
//   - a daemon's own record, replayed under its own spec, gives its own decisions. Where a
//     spec decides otherwise for the first time, the model takes over.
//
// What the model leaves out: instances are equal, and share the load evenly and at once;
// load that is lost does not come again; the cloud's calls take no time of their own beyond
// the times of [Cloud]; and nothing happens within a step. A spec is made fit for steps that
// are longer than its interval, see [Scenario].
//
// Package load brings the loads, billing the prices, elasticity the figures and classic the
// scalers to compare with. cmd calls it.
package plan

import (
	"context"
	"fmt"
	"sync"
)

// ReplayAll replays scenarios, so many at a time, and returns their results in their order.
// They may share whatever they point to, save their classic scalers. Progress is told now and
// then, from one goroutine at a time, how many of all steps are done; it may be nil. Its error is
// that of the first scenario that means nothing, or that ctx ended.
func ReplayAll(ctx context.Context, scenarios []Scenario, parallel int, progress func(done, total int)) ([]*Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	results := make([]*Result, len(scenarios))
	count := counter{tell: progress}
	for i := range scenarios {
		if err := scenarios[i].check(); err != nil {
			return nil, fmt.Errorf("replay scenario %q: %w", scenarios[i].Name, err)
		}
		count.total += scenarios[i].steps()
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(max(1, parallel), max(1, len(scenarios))) {
		workers.Go(func() {
			for i := range next {
				result, err := replay(ctx, &scenarios[i], count.add)
				if err != nil {
					cancel(err)
				}
				results[i] = result
			}
		})
	}
	for i := range scenarios {
		next <- i
	}
	close(next)
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return results, nil
}

// counter adds up the steps of several replays.
type counter struct {
	tell        func(done, total int)
	mu          sync.Mutex
	done, total int
}

func (c *counter) add(steps int) {
	if c.tell == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done += steps
	c.tell(c.done, c.total)
}
