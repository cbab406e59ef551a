package plan

import (
	"bytes"
	"encoding/json"
	"iter"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// follower reads a daemon's record beside a replay.
type follower struct {
	pull    func() (record.Item, error, bool)
	stop    func()
	item    record.Item               // the next decision
	held    bool                      // there is one
	leads   bool                      // the record still answers for the cloud
	inForce *policy.Override          // by the newest decision that was taken
	alike   map[*policy.Spec]likeness // of the specs of the record
}

func follow(items iter.Seq2[record.Item, error]) *follower {
	f := &follower{leads: true, alike: map[*policy.Spec]likeness{}}
	f.pull, f.stop = iter.Pull2(items)
	f.read()
	return f
}

// read reads ahead to the next decision. What cannot be read is passed over: the record goes
// on with the next that can.
func (f *follower) read() {
	for {
		item, err, ok := f.pull()
		if f.item, f.held = item, ok; !ok || err == nil && item.Note == "" {
			return
		}
	}
}

// take is the next decision before the given instant, if there is one.
func (f *follower) take(until time.Time) (item record.Item, ok bool) {
	if !f.held || !f.item.At.Before(until) {
		return record.Item{}, false
	}
	item = f.item
	f.inForce = item.Before.Override
	f.read()
	return item, true
}

// override is the operator's order in force at now, by the record.
func (f *follower) override(now time.Time) *policy.Override {
	for ok := true; ok; {
		_, ok = f.take(now.Add(1))
	}
	return policy.Memory{Override: f.inForce}.Clone().Override
}

// likeness is how far a recorded spec is the one that is replayed.
type likeness struct {
	decides bool // altogether
	chooses bool // as far as a decision is carried out by it
}

func (f *follower) like(recorded, replayed *policy.Spec) likeness {
	known, ok := f.alike[recorded]
	if !ok {
		known.decides = alike(recorded, replayed)
		known.chooses = alike(choosing(recorded), choosing(replayed))
		f.alike[recorded] = known
	}
	return known
}

// choosing is what of a spec Choose goes by.
func choosing(s *policy.Spec) *policy.Spec {
	return &policy.Spec{
		Max: s.Max, MinLife: s.MinLife, Standby: s.Standby, StandbyAge: s.StandbyAge, ReleaseBefore: s.ReleaseBefore, Pick: s.Pick,
		OrderMax: s.OrderMax, Surge: s.Surge, LaunchFailuresMax: s.LaunchFailuresMax, HealBudget: s.HealBudget, Brake: s.Brake, Bake: s.Bake,
	}
}

// alike compares specs as they are kept: one that was read again equals the one before.
func alike(a, b *policy.Spec) bool {
	one, err := json.Marshal(a)
	other, otherErr := json.Marshal(b)
	return err == nil && otherErr == nil && bytes.Equal(one, other)
}

// begin begins as the record does, and says whether it has a beginning.
func (r *run) begin() bool {
	if !r.record.held {
		r.record.leads = false
		return false
	}
	item := &r.record.item
	r.memory, r.desired, r.pool.byRecord = item.Before.Clone(), item.Inputs.Size.Count, true
	r.pool.follow(&item.Inputs)
	return true
}

// relive takes the record's decisions of a step again: on what they rested on, and with what
// came of them, for as long as they fall alike.
func (r *run) relive(i int) {
	for r.record.leads {
		item, ok := r.record.take(r.at(i + 1))
		if !ok {
			break
		}
		r.again(&item, i)
	}
	if r.record.leads {
		r.result.Recorded = i + 1
	}
	if !r.record.held {
		r.part()
	}
}

// again takes one decision of the record again. The recorded outlooks are those of whoever
// decides alike, while the run's own forecaster looks on, to speak when the record ends.
func (r *run) again(item *record.Item, i int) {
	like := r.record.like(item.Spec, r.Spec)
	if !like.decides {
		r.memory.Override, r.memory.Jumped = item.Before.Clone().Override, item.Before.Jumped
	} else if !item.Before.Equal(&r.memory) { // a person or a clock changed it, or something could not be read
		r.memory, r.desired = item.Before.Clone(), item.Inputs.Size.Count
	}
	if !like.chooses || item.Inputs.Size.Count != r.desired {
		r.part()
		r.decide(i)
		return
	}
	r.pool.follow(&item.Inputs)
	if like.decides {
		r.sight.lookOn(item.Inputs, item.At)
	} else {
		r.sight.look(&item.Inputs, item.At)
	}
	decision := r.judge(r.Spec, &item.Inputs, item.At, i)
	if decision.Desired.Count != item.Decision.Desired.Count {
		r.part()
	} else if decision.Change() != 0 && !r.Brief {
		r.result.Decisions[len(r.result.Decisions)-1].Recorded = true
	}
	c := r.pool.count()
	r.carryOut(&c, 1)
}

// part leaves the record: from here on the model answers.
func (r *run) part() {
	r.record.leads, r.pool.byRecord = false, false
	r.next = r.pool.now.Add(r.Load.Step)
}

// follow makes as many machines serve as the record says that did.
func (p *pool) follow(in *policy.Inputs) {
	serving := in.Carrying()
	c := p.count()
	for ; c.serving < serving; c.serving++ {
		p.join(p.eldestBecoming())
	}
	for ; c.serving > serving; c.serving-- {
		p.end(p.newest(policy.Serving), p.now)
		p.sweep()
	}
	for c = p.count(); c.capacity < serving+in.Becoming-in.Settling; c.capacity++ {
		p.buy()
	}
}

// eldestBecoming is the machine that is becoming an instance for longest; a new one, if none is.
func (p *pool) eldestBecoming() *machine {
	for i := range p.machines {
		if m := &p.machines[i]; m.Stage == policy.Becoming && m.Goal == policy.InService && !m.Quarantined {
			return m
		}
	}
	return p.buy()
}
