package actions

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/store"
)

// leave takes the instance out of every pool, unless too few would be left serving.
func (c *Crew) leave(ctx context.Context, in *instance) (pause time.Duration, acted bool, err error) {
	if err := c.confirmStray(ctx, in); err != nil {
		return 0, false, err
	}
	readAt := c.Now()
	pools, nodes, err := c.poolsWhere(ctx, in, true)
	if err != nil || !c.still(in, StepLeave) {
		return 0, false, err
	}
	if added, err := c.wasAdded(in); added || err != nil {
		return c.ProbeInterval, false, err
	}
	if !c.mayLeave(in, nodes) {
		return c.ProbeInterval, false, nil
	}
	left, err := c.detach(ctx, in, pools, readAt)
	c.hasLeft(in, len(pools)-left, err)
	if err != nil {
		return 0, false, err
	}
	return 0, true, c.note(in, func(f *Facts) {
		if f.serves() {
			c.noteServed(f)
			f.Fell = c.Now()
		}
		if left == len(pools) && !occupies(in.goal.Value.Goal) {
			f.Left = c.Now()
		}
	})
}

// detach takes the instance out of the pools, as long as that is what it needs, and
// says how many it has left. Before each pool after the first, or when they were read
// longer than lookMemory ago, the pool is read again, and the others are counted again.
func (c *Crew) detach(ctx context.Context, in *instance, pools []cloud.Balancer, readAt time.Time) (int, error) {
	if err := c.note(in, func(f *Facts) { f.LeaveAsked, f.Left = c.Now(), time.Time{} }); err != nil {
		return 0, err
	}
	for i, b := range pools {
		if i > 0 || c.Now().Sub(readAt) > lookMemory {
			nodes, err := b.Nodes(ctx)
			if err != nil {
				return i, err
			}
			here := newPoolNodes()
			here.add(nodes, b.Port())
			if !c.still(in, StepLeave) || !c.mayLeave(in, here) {
				return i, nil // it is wanted again, or needed
			}
			if !hasNode(nodes, c.node(in, b)) {
				continue
			}
		}
		if err := b.Detach(ctx, c.node(in, b)); err != nil {
			return i, err
		}
	}
	return len(pools), nil
}

// confirmStray looks whether a machine that is in a pool without being on really is
// not on. That it does not exist any more is an answer, too.
func (c *Crew) confirmStray(ctx context.Context, in *instance) error {
	in.mu.Lock()
	phase := c.phase(in)
	in.mu.Unlock()
	if phase != Stray {
		return nil
	}
	if _, err := c.lookAt(ctx, in); err != nil && cloud.ClassOf(err) != cloud.ClassNotFound {
		return err
	}
	if !c.anotherHasItsAddress(in) {
		return nil
	}
	return c.note(in, func(f *Facts) { f.Address = netip.Addr{} })
}

// anotherHasItsAddress says that an instance which is on is at the address that this
// one, which is not, had: the node is the other's.
func (c *Crew) anotherHasItsAddress(in *instance) bool {
	in.mu.Lock()
	address := in.facts.Value.Address
	in.mu.Unlock()
	return slices.ContainsFunc(c.sorted(), func(other *instance) bool {
		other.mu.Lock()
		defer other.mu.Unlock()
		return other != in && other.facts.Value.Address == address && other.seen.machine.Power == cloud.PowerOn
	})
}

// mayLeave says whether enough others serve, and are among the nodes that were just
// read, for the instance to leave. If so it takes it out of the count at once, so that
// the next one to leave reckons with it.
func (c *Crew) mayLeave(in *instance, nodes poolNodes) bool {
	c.floor.Lock()
	defer c.floor.Unlock()
	in.mu.Lock()
	failing := !in.facts.Value.Failing.IsZero()
	in.mu.Unlock()
	others := c.servingBeside(in, nodes, failing)
	in.mu.Lock()
	defer in.mu.Unlock()
	if phase := c.phase(in); others < c.Min && (phase == InPool || phase == PartPooled) {
		in.trouble = fmt.Sprintf("kept in the pool: only %d others serve, and min is %d", others, c.Min)
		return false
	}
	in.leaving = true
	return true
}

// hasLeft ends what mayLeave began. After an error the instance is not counted on any
// more, and where it is must be looked at. It must prove again that it serves before it
// comes back.
func (c *Crew) hasLeft(in *instance, remaining int, err error) {
	if err != nil {
		remaining = 0
	}
	c.seePools(in, remaining)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.leaving, in.probes, in.seen.poolsGuessed = false, 0, err != nil
}

// servingBeside counts the other instances that serve and go on to, up to min; those
// that fail as well if failing is true, since they are no worse than the one that leaves.
func (c *Crew) servingBeside(in *instance, nodes poolNodes, failing bool) int {
	n := 0
	for _, other := range c.sorted() {
		if other == in {
			continue
		}
		if n >= c.Min {
			break
		}
		other.mu.Lock()
		f := &other.facts.Value
		if !other.leaving && c.phase(other) == InPool && nodes.inAll(f.Address) && (failing || f.Failing.IsZero() && c.answers(other)) {
			n++
		}
		other.mu.Unlock()
	}
	return n
}

// turnOff stops the machine; by force if it was asked before, and did not stop in time.
func (c *Crew) turnOff(ctx context.Context, in *instance) (bool, error) {
	if _, _, err := c.poolsWhere(ctx, in, true); err != nil {
		return false, err
	}
	machine, err := c.lookAt(ctx, in)
	if err != nil || !c.still(in, StepStop) {
		return false, err // somebody put it back into a pool, or it is off
	}
	in.mu.Lock()
	again := !in.facts.Value.StopAsked.IsZero()
	if again {
		in.detail = "force"
	}
	in.mu.Unlock()
	if err := c.Machines.Stop(ctx, in.code, again); err != nil {
		return false, err
	}
	c.resetProbes(in)
	return true, c.note(in, func(f *Facts) { f.StopAsked, f.Stale = c.Now(), c.staleSurely(machine.Power) })
}

// confirmOurs reads record and mark of an instance again, right before something is
// done to it that cannot be taken back. One that does not carry our mark any more is
// quarantined. lastDay is the recorded end of its contract.
func (c *Crew) confirmOurs(ctx context.Context, in *instance, done string) (ours bool, lastDay time.Time, err error) {
	record, err := store.Read[Facts](c.Journal.Store, factsKey(c.Group, in.code))
	if err != nil {
		return false, lastDay, fmt.Errorf("read the record of %s before it is %s: %w", in.code, done, err)
	}
	if record.Value.Labelled.IsZero() {
		return false, lastDay, cloud.Errorf(cloud.ClassDenied, "%s is not %s: no record says that it was labelled by us", in.code, done)
	}
	label, lastDay, err := c.Machines.Label(ctx, in.code)
	if err != nil {
		return false, lastDay, err
	}
	if label != in.mark {
		in.mu.Lock()
		defer in.mu.Unlock()
		c.quarantine(in, fmt.Sprintf("not %s: its label is %q and not %q", done, label, in.mark))
		return false, lastDay, cloud.Errorf(cloud.ClassDenied, "%s is not %s: it does not carry our mark", in.code, done)
	}
	return true, lastDay, nil
}

// release ends the contract with its paid period, after reading record and mark again.
func (c *Crew) release(ctx context.Context, in *instance) (bool, error) {
	ours, lastDay, err := c.confirmOurs(ctx, in, "released")
	if err != nil || !ours {
		return false, err
	}
	if lastDay.IsZero() {
		if _, err := c.lookAt(ctx, in); err != nil || !c.still(in, StepRelease) {
			return false, err
		}
		lastDay = c.Machines.Billing(c.Now()).LastDay
		if err := c.Machines.Release(ctx, in.code, lastDay); err != nil {
			return false, err
		}
	}
	return true, c.note(in, func(f *Facts) { f.LastDay = lastDay })
}
