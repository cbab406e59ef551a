package actions

import (
	"cmp"
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
	believed, pools := c.believes(snapshot), c.poolsIn(snapshot)
	for _, in := range c.sorted() {
		if err := c.observe(in, snapshot, believed, pools); err != nil && first == nil {
			first = err
		}
	}
	c.Account.setDoubt(c.Group, c.judgeCloud())
	c.Account.sawOn(c, snapshot)
	return first
}

// believes says whether a machine that the listing lacks may be gone. One that lacks
// more than a tenth of the group's machines at once, and at least two, is taken for cut
// short until that has lasted for the settle window.
func (c *Crew) believes(snapshot *cloud.Snapshot) bool {
	known, lacking := 0, 0
	for _, in := range c.sorted() {
		in.mu.Lock()
		if f := &in.facts.Value; !f.Seen.IsZero() && f.LastDay.IsZero() && !in.seen.machine.Ending() {
			known++
			if _, listed := snapshot.Machines[in.code]; !listed {
				lacking++
			}
		}
		in.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case lacking < 2 || 10*lacking <= known:
		c.lacked = time.Time{}
	case c.lacked.IsZero():
		c.lacked = snapshot.Started
	}
	return c.lacked.IsZero() || snapshot.Started.Sub(c.lacked) >= c.Account.SettleWindow
}

// poolNodes is the nodes of pools of the group, each with how many of them it is in.
type poolNodes struct {
	pools int
	read  bool // all pools were
	count map[netip.AddrPort]int
}

func newPoolNodes() poolNodes {
	return poolNodes{read: true, count: map[netip.AddrPort]int{}}
}

// poolsIn gathers the nodes of the group's pools, by the port of each pool.
func (c *Crew) poolsIn(snapshot *cloud.Snapshot) poolNodes {
	p := newPoolNodes()
	for _, b := range c.Balancers {
		nodes, read := snapshot.Pools[b.Name()]
		p.read = p.read && read
		p.add(nodes, b.Port())
	}
	return p
}

// add counts the nodes of one more pool.
func (p *poolNodes) add(nodes []cloud.Node, port uint16) {
	p.pools++
	seen := make(map[netip.AddrPort]bool, len(nodes))
	for _, node := range nodes {
		if node.Address.Port() == port && !seen[node.Address] {
			seen[node.Address] = true
			p.count[netip.AddrPortFrom(node.Address.Addr(), 0)]++
		}
	}
}

// with counts the pools that the address is a node of; -1 when one was not read.
func (p poolNodes) with(address netip.Addr) int {
	if !p.read {
		return -1
	}
	return p.count[netip.AddrPortFrom(address, 0)]
}

// inAll says whether the address is a node of every pool.
func (p poolNodes) inAll(address netip.Addr) bool {
	return p.with(address) == p.pools
}

func (c *Crew) observe(in *instance, snapshot *cloud.Snapshot, believed bool, pools poolNodes) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	machine, listed := snapshot.Machines[in.code]
	in.seen.absorb(snapshot, machine, listed, believed, pools.with(in.facts.Value.Address))
	if err := c.learn(in); err != nil {
		return err
	}
	if c.phase(in) == Gone && !in.working {
		return c.forget(in)
	}
	return nil
}

func hasNode(nodes []cloud.Node, address netip.AddrPort) bool {
	return slices.ContainsFunc(nodes, func(n cloud.Node) bool { return n.Address == address })
}

// learn derives facts from what is seen, and writes them if any changed. in.mu
// must be held.
func (c *Crew) learn(in *instance) error {
	before, now := in.facts.Value, c.Now()
	if in.seen.certain() && in.seen.machine.Power != cloud.PowerOn {
		in.probes = 0
	}
	learned := in.facts.Value.learn(&in.seen, now)
	for _, more := range []func(*instance, time.Time) bool{c.learnDrift, c.learnServing, c.learnRest} {
		learned = more(in, now) || learned
	}
	if !learned {
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
	if location := v.machine.Location; location != "" && location != f.Location {
		f.Location, changed = location, true
	}
	if f.learnPower(v, now) {
		changed = true
	}
	if v.pools > 0 && !f.Left.IsZero() {
		f.Left, changed = time.Time{}, true // it is in a pool again, or still
	}
	power := v.machine.Power
	off := power == cloud.PowerOff || power == cloud.PowerBlank
	switch address := v.machine.Address; {
	case address.IsValid() && address != f.Address:
		f.Address, changed = address, true
	case off && v.certain() && !v.poolsAt.IsZero() && !v.poolsGuessed && v.pools == 0 && f.Address.IsValid() && !f.Stale.covers(power, now):
		f.Address, changed = netip.Addr{}, true // it may be another machine's by the time this one is started
	}
	return changed
}

// learnPower takes over what the machine's power shows of our own calls.
func (f *Facts) learnPower(v *view, now time.Time) bool {
	changed, power := false, v.machine.Power
	if f.Overwrite != nil && power == cloud.PowerBlank && v.machineAt.After(f.Overwrite.At) {
		f.overwritten(now) // nothing else makes a startable machine blank
		changed = true
	}
	if f.Stale.shows(v, now) {
		changed = true
		if f.Stale.Sure && now.Before(f.Stale.Until) {
			stale := *f.Stale
			stale.Shown = true // reads have caught up with us, though not every one need have
			f.Stale = &stale
		} else {
			f.Stale = nil
		}
	}
	off := power == cloud.PowerOff || power == cloud.PowerBlank
	if off && !f.StopAsked.IsZero() && !f.Stale.covers(power, now) {
		f.StopAsked, changed = time.Time{}, true
	}
	if off && !f.Stale.covers(power, now) && f.forgetLaunch() {
		changed = true
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
		f.Joined, in.trouble = now, "" // whatever an answer left open on the way
	case v.machine.Power == cloud.PowerOn && len(c.Balancers) == 0 && f.Left.IsZero():
		return false // it is only not probed yet since we began
	case v.machine.Power == cloud.PowerOn:
		c.noteServed(f) // it served until now
		f.Fell = now
	default:
		f.Fell = now
	}
	return true
}

// learnRest notes when an instance begins to stand by, and that one which is to serve
// and went off fails no more: it is started again. in.mu must be held.
func (c *Crew) learnRest(in *instance, now time.Time) bool {
	f, v, goal := &in.facts.Value, &in.seen, in.goal.Value.Goal
	off := v.certain() && v.machine.Power != cloud.PowerOn && v.machine.Power != cloud.PowerStarting && !f.Stale.covers(v.machine.Power, now)
	switch {
	case off && goal == policy.Standby && f.Rested.IsZero() && c.phase(in).Stage() == policy.Stopped:
		f.Rested = now
	case off && goal == policy.InService && !f.Failing.IsZero():
		f.Failing = time.Time{}
	default:
		return false
	}
	return true
}

// adoptMarked takes on record the machines that carry our mark and have no record:
// those of a lost store, and those that a person marked.
func (c *Crew) adoptMarked(snapshot *cloud.Snapshot) error {
	var newcomers []newcomer
	for code, machine := range snapshot.Machines {
		if !c.adoptable(machine) || c.disownedSince(code, snapshot.Started.Add(-c.StaleRead)) {
			continue
		}
		n := c.found(machine, ProofMark)
		n.facts.Labelled = n.facts.Since
		newcomers = append(newcomers, n)
	}
	if err := c.enlist(newcomers); err != nil {
		return fmt.Errorf("adopt %d machines that carry our mark: %w", len(newcomers), err)
	}
	for _, n := range newcomers {
		c.Log.Info("adopted a machine that carries our mark", zap.String("instance", n.code), zap.String("goal", string(n.goal)))
	}
	return nil
}

// adoptable says that the machine carries our mark, and has no record.
func (c *Crew) adoptable(m cloud.Machine) bool {
	return m.Label == Mark(c.Installation, c.Group, m.Code) && AdoptedGoal(m) != "" && !c.isTemplate(m.Code) && c.instance(m.Code) == nil
}

// found is a machine that is to be taken on record as it is. One that is on was
// prepared, and finished, by somebody.
func (c *Crew) found(machine cloud.Machine, proof Proof) newcomer {
	n := newcomer{machine.Code, cmp.Or(AdoptedGoal(machine), policy.Standby), Facts{Proof: proof, Since: c.Now()}}
	if n.goal == policy.InService {
		n.facts.Prepared = map[string]time.Time{}
		for _, p := range c.preparations {
			n.facts.Prepared[p.Name] = n.facts.Since
		}
		c.noteServed(&n.facts)
	}
	return n
}

// AdoptedGoal is where a machine that carries our mark should end when it is taken on
// record: what is on is to serve. It is empty for one that is not taken, or not yet.
func AdoptedGoal(machine cloud.Machine) policy.Goal {
	switch {
	case machine.Contract != cloud.ContractInService || machine.Power == cloud.PowerUnknown || machine.Ending():
		return ""
	case machine.Power == cloud.PowerOn || machine.Power == cloud.PowerStarting:
		return policy.InService
	default:
		return policy.Standby
	}
}

// forget drops the record of a machine that is gone. in.mu must be held.
func (c *Crew) forget(in *instance) error {
	if err := c.Journal.Forget(in.goal.Key, in.facts.Key); err != nil {
		return fmt.Errorf("drop the record of %s, which is gone: %w", in.code, err)
	}
	c.drop(in)
	if goal := in.goal.Value.Goal; goal == policy.Released {
		c.Log.Info("a released machine is gone", zap.String("instance", in.code))
	} else {
		c.Log.Warn("a machine is gone without our doing; its record is dropped", zap.String("instance", in.code), zap.String("goal", string(goal)))
	}
	return nil
}
