package fleet

import (
	"context"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Advisor runs one group in mode recommend: it decides on live signals of the
// machines that count as its instances, and says what it would do: of a virtual group,
// whose size evolves as if it were done. It is given nothing with which it could do it.
type Advisor struct {
	decider
	clock     clockWatch
	would     virtual // the group if it were done
	snapshots <-chan *cloud.Snapshot
	targets   []monitor.Target // the instances; nil until a snapshot came
}

// NewAdvisor returns the advisor of a group.
func NewAdvisor(options DeciderOptions) *Advisor {
	options.Metrics.Touch(options.Name)
	a := &Advisor{snapshots: options.Observer.Subscribe(), clock: clockWatch{last: options.Now()}}
	a.init(options)
	return a
}

// Run runs the advisor until ctx ends.
func (a *Advisor) Run(ctx context.Context) error {
	ticker := newSlotTicker(a.Slot, a.Interval)
	defer ticker.Stop()
	defer a.finish()
	for {
		select {
		case <-ctx.Done():
			return nil
		case snapshot := <-a.snapshots:
			a.observe(snapshot)
		case tick := <-ticker.C:
			ticker.next()
			if a.targets != nil {
				a.read(ctx, tick, a.targets)
			}
		case <-a.woken:
			if a.targets != nil && a.mayWake() {
				a.read(ctx, time.Now(), a.targets)
			}
		case r := <-a.readings:
			a.reading = false
			a.seeFaults(r.faults)
			a.decide(r.signals)
		}
	}
}

// observe takes every node of the pools for an instance, once all of them were
// read. Its address stands for its code. Without pools, the instances are the
// machines that are on and carry a mark of the group, of whatever installation.
func (a *Advisor) observe(snapshot *cloud.Snapshot) {
	seen := map[string]bool{}
	targets := []monitor.Target{}
	if len(a.Pools) == 0 {
		targets = a.marked(snapshot)
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
	a.mu.Lock()
	a.targets = targets
	a.mu.Unlock()
}

// marked lists the machines by their marks. Their addresses are in no listing.
func (a *Advisor) marked(snapshot *cloud.Snapshot) []monitor.Target {
	targets := []monitor.Target{}
	for code, machine := range snapshot.Machines {
		if actions.MarkNames(machine.Label, a.Name, code) && machine.Power == cloud.PowerOn {
			targets = append(targets, monitor.Target{Code: code})
		}
	}
	return targets
}

func (a *Advisor) decide(signals []policy.Signal) {
	now := a.Now().Round(0)
	if jump := a.clock.jump(a.Now()); jump != 0 {
		a.would.jump(now, jump)
	}
	a.show(signals, now)
	decision := a.would.decide(&a.Spec, signals, len(a.targets), now)
	a.Recorder.Add(&a.would.inputs, &a.would.before, &a.would.Memory, decision)
	a.note(decision, "would decide")
}

func (a *Advisor) status() GroupStatus {
	s := a.decider.status("recommend")
	a.mu.Lock()
	s.Serving = len(a.targets)
	a.mu.Unlock()
	return s
}
