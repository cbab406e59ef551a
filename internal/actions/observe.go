package actions

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Observe takes over a newer look at the account: it updates what is seen of each
// instance, adopts machines that carry our mark, and drops the records of those
// that are gone. After an error everything is seen, and something is not recorded:
// the next look tries again.
func (c *Crew) Observe(snapshot *cloud.Snapshot) error {
	first := c.adoptMarked(snapshot)
	for _, in := range c.sorted() {
		if err := c.observe(in, snapshot); err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (c *Crew) observe(in *instance, snapshot *cloud.Snapshot) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	machine, listed := snapshot.Machines[in.code]
	in.seen.absorb(snapshot, machine, listed, c.poolsWith(snapshot, in.facts.Value.Address))
	if err := c.learn(in); err != nil {
		return err
	}
	if c.phase(in) == Gone && !in.working {
		return c.forget(in)
	}
	return nil
}

// poolsWith counts the pools that the address is a node of; -1 when the snapshot
// lacks one of them.
func (c *Crew) poolsWith(snapshot *cloud.Snapshot, address netip.Addr) int {
	n := 0
	for _, b := range c.Balancers {
		nodes, read := snapshot.Pools[b.Name()]
		if !read {
			return -1
		}
		if hasNode(nodes, netip.AddrPortFrom(address, b.Port())) {
			n++
		}
	}
	return n
}

func hasNode(nodes []cloud.Node, address netip.AddrPort) bool {
	return slices.ContainsFunc(nodes, func(n cloud.Node) bool { return n.Address == address })
}

// learn derives facts from what is seen, and writes them if any changed. in.mu
// must be held.
func (c *Crew) learn(in *instance) error {
	before, now := in.facts.Value, c.Now()
	learned := in.facts.Value.learn(&in.seen, now)
	if !c.learnServing(in, now) && !learned {
		return nil
	}
	return c.write(in, before)
}

// learn takes over what the cloud shows, and says whether that changed anything.
func (f *Facts) learn(v *view, now time.Time) bool {
	changed := false
	if v.listed && f.Seen.IsZero() {
		f.Seen, changed = now, true
	}
	power := v.machine.Power
	if f.Stale != nil && v.certain() && power.String() != f.Stale.Power {
		f.Stale, changed = nil, true // reads have caught up with us
	}
	off := power == cloud.PowerOff || power == cloud.PowerBlank
	if off && !f.StopAsked.IsZero() && !f.Stale.covers(power, now) {
		f.StopAsked, changed = time.Time{}, true
	}
	switch address := v.machine.Address; {
	case address.IsValid() && address != f.Address:
		f.Address, changed = address, true
	case off && v.certain() && !v.poolsAt.IsZero() && v.pools == 0 && f.Address.IsValid() && !f.Stale.covers(power, now):
		f.Address, changed = netip.Addr{}, true // it may be another machine's by the time this one is started
	}
	return changed
}

// learnServing notes when an instance begins or ceases to serve, as far as what is
// seen proves it. in.mu must be held.
func (c *Crew) learnServing(in *instance, now time.Time) bool {
	f, v := &in.facts.Value, &in.seen
	serves := c.phase(in) == InPool
	switch {
	case serves == f.serves() || !v.certain() || v.poolsAt.IsZero():
		return false
	case serves:
		f.Joined = now
	case v.machine.Power == cloud.PowerOn && len(c.Balancers) == 0 && f.Left.IsZero():
		return false // it is only not probed yet since we began
	default:
		f.Fell = now
	}
	return true
}

// adoptMarked takes on record the machines that carry our mark and have no record:
// those of a lost store, and those that a person marked.
func (c *Crew) adoptMarked(snapshot *cloud.Snapshot) error {
	for code, machine := range snapshot.Machines {
		usable := machine.Contract == cloud.ContractInService && machine.Power != cloud.PowerUnknown && !machine.Ending()
		if machine.Label != Mark(c.Installation, c.Group, code) || !usable || code == c.Template.Source || c.instance(code) != nil {
			continue
		}
		if err := c.adopt(code, machine); err != nil {
			return err
		}
	}
	return nil
}

// adopt takes a marked machine on record. One that is on was prepared by somebody.
func (c *Crew) adopt(code string, machine cloud.Machine) error {
	now := c.Now()
	facts := Facts{Proof: ProofMark, Since: now, Labelled: now}
	goal := policy.Standby
	if machine.Power == cloud.PowerOn || machine.Power == cloud.PowerStarting {
		goal = policy.InService
		facts.Prepared = map[string]time.Time{}
		for _, p := range c.Machines.Preparations() {
			facts.Prepared[p.Name] = now
		}
	}
	if err := c.enlist([]newcomer{{code, goal, facts}}); err != nil {
		return fmt.Errorf("adopt %s, which carries our mark: %w", code, err)
	}
	c.Log.Info("adopted a machine that carries our mark", zap.String("instance", code), zap.String("goal", string(goal)))
	return nil
}

// forget drops the record of a machine that is gone. in.mu must be held.
func (c *Crew) forget(in *instance) error {
	if err := c.Journal.Forget(in.goal.Key, in.facts.Key); err != nil {
		return fmt.Errorf("drop the record of %s, which is gone: %w", in.code, err)
	}
	c.drop(in.code)
	if goal := in.goal.Value.Goal; goal == policy.Released {
		c.Log.Info("a released machine is gone", zap.String("instance", in.code))
	} else {
		c.Log.Warn("a machine is gone without our doing; its record is dropped", zap.String("instance", in.code), zap.String("goal", string(goal)))
	}
	return nil
}
