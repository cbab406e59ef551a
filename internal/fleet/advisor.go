package fleet

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
)

// Advisor runs one group in mode recommend: it decides on live signals of the
// machines that count as its instances, and says what it would do: of a virtual group,
// whose size evolves as if it were done. It is given nothing with which it could do it.
//
// It has a goroutine for the length of its turn, and while it rests nothing but an alarm:
// of groups that only recommend there may be ten thousands.
type Advisor struct {
	decider
	alarm alarm
	clock clockWatch
	would virtual         // the group if it were done
	seen  *cloud.Snapshot // from which the instances are known; nil before the first

	deciding sync.Mutex // held while what the group would be is looked at or changed
}

// NewAdvisor returns the advisor of a group.
func NewAdvisor(options DeciderOptions) *Advisor {
	options.Metrics.Touch(options.Name, false)
	a := &Advisor{decider: decider{DeciderOptions: options}, clock: clockWatch{last: options.Now()}}
	options.Metrics.introduce(&a.decider)
	a.would.foresight = newForesight(options.Spec, options.Past, forecast.Leads{}, options.Log)
	return a
}

// Start lets the advisor take its turns until Stop.
func (a *Advisor) Start(ctx context.Context) {
	a.alarm.start(firstSlot(a.Slot, a.Interval), a.Interval, func(due time.Time) { a.turn(ctx, due) })
}

// Stop returns when no turn is under way and none will be.
func (a *Advisor) Stop() { a.alarm.stop() }

// turn reads the signals and decides.
func (a *Advisor) turn(ctx context.Context, due time.Time) {
	a.Metrics.lag.Observe(max(0, time.Since(due).Seconds()))
	targets := a.look()
	if targets == nil {
		return
	}
	room := spentSignals.Get().(*[]policy.Signal)
	defer spentSignals.Put(room)
	signals := a.Signals.Read(ctx, a.Now(), *targets, *room)
	a.seeFaults(a.Signals.Faults())
	*room = a.decide(signals, len(*targets))
}

// spentSignals are room for a reading each: signals that are shown no more.
var spentSignals = sync.Pool{New: func() any { return new([]policy.Signal) }}

// look is which machines count as instances; nil as long as that is not known.
func (a *Advisor) look() *[]monitor.Target {
	if snapshot := a.Observer.Latest(); snapshot != nil && snapshot != a.seen {
		a.seen = snapshot
		a.observe(snapshot)
	}
	return a.targeted.Load()
}

// observe takes every node of the pools for an instance, once all of them were
// read. Its address stands for its code. Without pools, the instances are the
// machines that are on and carry a mark of the group, of whatever installation;
// their addresses are in no listing.
func (a *Advisor) observe(snapshot *cloud.Snapshot) {
	seen := map[string]bool{}
	targets := []monitor.Target{}
	if len(a.Pools) == 0 {
		for _, code := range a.Observer.MarkedOn(a.Name) {
			targets = append(targets, monitor.Target{Code: code})
		}
	}
	for _, pool := range a.Pools {
		nodes, read := snapshot.Pools[pool]
		if !read {
			return // fewer would look like a smaller group
		}
		for _, node := range nodes {
			address := node.Address.Addr()
			if code := address.String(); !seen[code] {
				seen[code] = true
				targets = append(targets, monitor.Target{Code: code, Address: address})
			}
		}
	}
	a.targeted.Store(&targets)
	a.Metrics.nodesIn(a.Name, len(targets))
}

// decide decides on the signals, and returns those that are shown no more.
func (a *Advisor) decide(signals []policy.Signal, actual int) (spent []policy.Signal) {
	a.deciding.Lock()
	defer a.deciding.Unlock()
	now := a.Now().Round(0)
	if jump := a.clock.jump(a.Now()); jump != 0 {
		a.would.jump(now, jump)
	}
	spent = a.show(signals, now)
	turn := spentTurns.Get().(*virtualTurn)
	defer spentTurns.Put(turn)
	a.would.decide(turn, a.Spec, signals, actual, now)
	a.outlooks = slices.Clone(turn.inputs.Outlooks)
	a.Recorder.Add(&turn.inputs, &turn.before, &a.would.Memory, turn.decision)
	turn.recommendations = a.note(turn.decision, "would decide").Recommendations
	return spent
}

// spentTurns are turns that are over: a kilobyte each, many times a second where there
// are thousands of groups.
var spentTurns = sync.Pool{New: func() any { return new(virtualTurn) }}

func (a *Advisor) status() GroupStatus {
	s := a.decider.status("recommend")
	if targets := a.targeted.Load(); targets != nil {
		s.Serving = len(*targets)
	} else {
		s.Unseen, s.LookTrouble = true, a.Observer.lookTrouble()
	}
	return s
}
