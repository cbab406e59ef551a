package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
)

// ObserverOptions are what an Observer needs. All fields are required unless marked.
type ObserverOptions struct {
	Account    string
	Machines   cloud.Reader
	Pools      []cloud.BalancerReader      // of all groups of the account; may be empty
	PollMoving time.Duration               // pause between looks while something moves
	PollIdle   time.Duration               // pause otherwise
	Timeout    time.Duration               // of one look
	Settle     func(*cloud.Snapshot) error // called with each snapshot before it is published; may be nil
	Now        func() time.Time
	Log        *zap.Logger
	Metrics    *Metrics
}

// Observer looks at one account and publishes dated snapshots to its groups.
type Observer struct {
	ObserverOptions

	mu          sync.Mutex // guards the rest, with the options Pools and Settle
	subscribers []*subscriber
	looks       uint64          // begun
	moving      map[string]bool // by group
	last        *cloud.Snapshot
	before      AccountStatus              // of the predecessor
	markedOn    func() map[string][]string // the machines of last that are on, by the group that their marks name
	trouble     string                     // why the last look failed; empty after one that did not
	class       cloud.Class                // of that
	doubt       actions.Doubt              // whether the account can be trusted, as last judged; empty before the first time
	doubtWhy    string
	hurry       chan struct{}
}

// NewObserver returns an observer that has not looked yet.
func NewObserver(options ObserverOptions) *Observer {
	return &Observer{ObserverOptions: options, moving: map[string]bool{}, hurry: make(chan struct{}, 1)}
}

// subscriber is whom snapshots are for.
type subscriber struct {
	snapshots chan *cloud.Snapshot
	after     uint64 // the look that had begun before: what it shows may be from before what is on record
	waits     bool   // for its first snapshot
}

// Subscribe returns a channel on which the newest snapshot arrives; one that was
// not taken in time is replaced by the next. All of them began after this call.
func (o *Observer) Subscribe() <-chan *cloud.Snapshot {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := &subscriber{snapshots: make(chan *cloud.Snapshot, 1), after: o.looks, waits: true}
	o.subscribers = append(o.subscribers, s)
	if o.looks > 0 {
		o.hasten()
	}
	return s.snapshots
}

// unsubscribe ends a subscription of the group, which has nothing on the move any more.
func (o *Observer) unsubscribe(group string, snapshots <-chan *cloud.Snapshot) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.moving, group)
	o.subscribers = slices.DeleteFunc(o.subscribers, func(s *subscriber) bool { return s.snapshots == snapshots })
}

// Watch makes the observer read these pools from its next look on.
func (o *Observer) Watch(pools []cloud.BalancerReader) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Pools = pools
}

// SettleBy makes the observer call settle with each snapshot before it is published, from
// its next look on; nil: nobody.
func (o *Observer) SettleBy(settle func(*cloud.Snapshot) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Settle = settle
}

// hasten makes the pause before the next look be measured anew.
func (o *Observer) hasten() {
	select {
	case o.hurry <- struct{}{}:
	default:
	}
}

// Latest is the newest snapshot; nil before the first.
func (o *Observer) Latest() *cloud.Snapshot {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

// MarkedOn lists the machines of the newest snapshot that are on and carry a mark of
// the group, of whatever installation.
func (o *Observer) MarkedOn(group string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.markedOn == nil {
		return nil
	}
	return o.markedOn()[group]
}

// markedOn lists the machines that are on by the group that their marks name.
func markedOn(snapshot *cloud.Snapshot) map[string][]string {
	codes := map[string][]string{}
	for code, machine := range snapshot.Machines {
		if _, group, ok := actions.ReadMark(machine.Label, code); ok && machine.Power == cloud.PowerOn {
			codes[group] = append(codes[group], code)
		}
	}
	return codes
}

// Moving tells whether the group has instances on the move, so that looking more
// often is worth its calls.
func (o *Observer) Moving(group string, moving bool) {
	o.mu.Lock()
	was := o.moving[group]
	o.moving[group] = moving
	o.mu.Unlock()
	if moving && !was {
		o.hasten()
	}
}

// Run looks at the account until ctx ends.
func (o *Observer) Run(ctx context.Context) error {
	for {
		began := time.Now()
		o.look(ctx)
		if !o.wait(ctx, began) {
			return nil
		}
	}
}

// wait waits until the next look is due, counted from the begin of the last one.
// It returns false when ctx has ended.
func (o *Observer) wait(ctx context.Context, began time.Time) bool {
	timer := time.NewTimer(o.period() - time.Since(began))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-o.hurry:
			timer.Reset(o.period() - time.Since(began))
		}
	}
}

func (o *Observer) period() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, moving := range o.moving {
		if moving {
			return o.PollMoving
		}
	}
	if o.last == nil || o.trouble != "" || slices.ContainsFunc(o.subscribers, func(s *subscriber) bool { return s.waits }) {
		return o.PollMoving
	}
	return o.PollIdle
}

// look reads the account once. A look that could not list the machines publishes
// nothing: the snapshot before it stays, and its date says how old it is.
func (o *Observer) look(ctx context.Context) {
	o.mu.Lock()
	o.looks++
	number, pools, settle := o.looks, o.Pools, o.Settle
	o.mu.Unlock()
	snapshot, err := o.read(ctx, pools)
	if ctx.Err() != nil {
		return // we are ending
	}
	if snapshot != nil && settle != nil {
		if settleErr := settle(snapshot); settleErr != nil {
			err = errors.Join(err, fmt.Errorf("settle the orders of account %s: %w", o.Account, settleErr))
		}
	}
	if snapshot != nil {
		o.publish(snapshot, number)
	}
	o.note(err)
}

// read reads machines and pools. With an error, the snapshot lacks the pools that
// could not be read; it is nil if the machines could not.
func (o *Observer) read(ctx context.Context, pools []cloud.BalancerReader) (*cloud.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	snapshot := &cloud.Snapshot{Started: o.Now(), Machines: map[string]cloud.Machine{}, Pools: map[string][]cloud.Node{}}
	machines, err := o.Machines.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range machines {
		snapshot.Machines[m.Code] = m
	}
	var failed error
	for _, pool := range pools {
		nodes, err := pool.Nodes(ctx)
		if err != nil {
			failed = err
			continue
		}
		snapshot.Pools[pool.Name()] = nodes
	}
	snapshot.Finished = o.Now()
	return snapshot, failed
}

// publish hands out the snapshot of the look of that number.
func (o *Observer) publish(snapshot *cloud.Snapshot, number uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last, o.markedOn = snapshot, sync.OnceValue(func() map[string][]string { return markedOn(snapshot) })
	o.Metrics.snapshotTimestamp.WithLabelValues(o.Account).Set(float64(snapshot.Finished.UnixNano()) / 1e9)
	for _, s := range o.subscribers {
		if number <= s.after {
			continue
		}
		select {
		case <-s.snapshots: // the older one, not taken
		default:
		}
		s.snapshots <- snapshot
		s.waits = false
	}
}

// note notes how a look went. A failure of the same class again is no news.
func (o *Observer) note(err error) {
	class := cloud.ClassOf(err)
	o.mu.Lock()
	news := class != o.class
	o.class, o.trouble = class, ""
	if err != nil {
		o.trouble = err.Error()
	}
	o.mu.Unlock()
	switch {
	case news && err != nil:
		o.Log.Warn("look at the cloud failed; nothing new is believed of what could not be read", zap.String("account", o.Account),
			zap.Stringer("class", class), zap.Error(err))
	case news:
		o.Log.Info("look at the cloud succeeds again", zap.String("account", o.Account))
	}
}

// lookTrouble says why the last look failed; empty if it did not.
func (o *Observer) lookTrouble() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.trouble
}

func (o *Observer) status() AccountStatus {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := AccountStatus{
		Name: o.Account, LookTrouble: o.trouble, Mode: o.doubt, ModeWhy: o.doubtWhy,
		LookedAt: o.before.LookedAt, Machines: o.before.Machines,
	}
	if o.last != nil {
		s.LookedAt, s.Machines = o.last.Finished, len(o.last.Machines)
	}
	return s
}
