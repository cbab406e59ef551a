package events

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

// How often a Watcher looks.
const (
	pace     = time.Second      // while somebody listens
	idlePace = 10 * time.Second // while nobody does, so that there is something to tell who comes then
	restRate = 20               // times what a look took, it rests at least
)

// Options are what a Watcher needs.
type Options struct {
	Status  func() fleet.Status
	Now     func() time.Time // wall time; nil: time.Now
	Metrics *Metrics         // nil: nothing is counted
}

// Watcher looks at the fleet again and again, and tells what is different. Its methods
// may be called by any goroutine.
type Watcher struct {
	Options
	hurry chan struct{} // somebody listens who did not

	looking sync.Mutex // one look at a time
	doubts  doubts     // guarded by looking

	mu            sync.Mutex // guards what follows
	latest        *fleet.Status
	lookedAt      time.Time // when the newest look ended
	took          time.Duration
	recent        recent
	subscriptions map[*Subscription]bool
	ended         bool
}

// NewWatcher returns a watcher that has not looked yet.
func NewWatcher(options Options) *Watcher {
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Watcher{
		Options: options, hurry: make(chan struct{}, 1), doubts: doubts{}, subscriptions: map[*Subscription]bool{},
		recent: recent{next: uint64(options.Now().UnixMicro())}, // above those of earlier starts
	}
}

// Run looks until ctx ends, and then ends all subscriptions.
func (w *Watcher) Run(ctx context.Context) error {
	defer w.end()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.hurry:
		case <-timer.C:
		}
		timer.Reset(w.lookIfDue(w.pace))
	}
}

// Subscribe returns a listener to what happens from now on; with after, the number of an event,
// also to what has happened since that. Close it in the end.
func (w *Watcher) Subscribe(after uint64) *Subscription {
	c := make(chan Batch, 1)
	s := &Subscription{C: c, c: c, watcher: w}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		close(c)
		return s
	}
	w.subscriptions[s] = true
	if after > 0 {
		var since Batch
		if since.Events, since.Missed = w.recent.since(after); !since.empty() {
			s.deliver(since)
		}
	}
	select {
	case w.hurry <- struct{}{}:
	default:
	}
	return s
}

// Tell tells of something that no status shows. Its number, and where they are empty its time
// and severity, are filled in.
func (w *Watcher) Tell(e Event) {
	e.Text = oneLine(e.Text)
	if e.Severity == "" {
		e.Severity = e.Kind.Severity()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.publish(Batch{Events: []Event{e}})
}

// Latest is what the newest look showed, which is hardly older than a second, or than 20
// times what looking takes. Nobody changes it.
func (w *Watcher) Latest() *fleet.Status {
	w.lookIfDue(func() time.Duration { return w.rest(pace) })
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.latest
}

// Recent lists at most so many of the newest events, newest first: of a group, or of everything if
// group is empty. The newest 1,000 are kept.
func (w *Watcher) Recent(group string, most int) []Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.recent.of(group, most)
}

// lookIfDue looks if the newest look is longer ago than period says, and returns in how long
// the next one is due.
func (w *Watcher) lookIfDue(period func() time.Duration) time.Duration {
	if due := w.due(period); due > 0 {
		return due
	}
	w.looking.Lock()
	defer w.looking.Unlock()
	if due := w.due(period); due > 0 { // somebody else just looked
		return due
	}
	w.look()
	return w.due(period)
}

func (w *Watcher) due(period func() time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.latest == nil {
		return 0
	}
	return period() - time.Since(w.lookedAt)
}

// pace is from one look to the next. mu must be held.
func (w *Watcher) pace() time.Duration {
	if len(w.subscriptions) == 0 {
		return w.rest(idlePace)
	}
	return w.rest(pace)
}

// rest is the given pace, or a longer one if looking takes long. mu must be held.
func (w *Watcher) rest(pace time.Duration) time.Duration { return max(pace, restRate*w.took) }

// look looks once, and tells what is different. looking must be held.
func (w *Watcher) look() {
	began := time.Now()
	status := w.Status()
	w.mu.Lock()
	before := w.latest
	w.mu.Unlock()
	batch := Compare(before, &status)
	batch.Events = append(batch.Events, w.doubts.look(&status, w.Now())...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.latest = &status
	w.publish(batch)
	w.lookedAt = time.Now()
	w.took = w.lookedAt.Sub(began)
}

// publish hands a batch to everybody. mu must be held.
func (w *Watcher) publish(b Batch) {
	now := w.Now()
	for i := range b.Events {
		if e := &b.Events[i]; e.At.IsZero() {
			e.At = now
		}
		b.Events[i].At = b.Events[i].At.Round(0).UTC()
		w.Metrics.count(&b.Events[i])
	}
	slices.SortStableFunc(b.Events, func(a, b Event) int { return a.At.Compare(b.At) })
	w.recent.add(b.Events)
	if b.empty() {
		return
	}
	for s := range w.subscriptions {
		s.deliver(b)
	}
}

// end ends all subscriptions, and refuses others.
func (w *Watcher) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	for s := range w.subscriptions {
		s.close()
	}
}
