package plan

import (
	"context"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/classic"
	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Replay goes through a scenario. Its error says what of the scenario is to be changed, or
// that ctx ended.
func Replay(ctx context.Context, s *Scenario) (*Result, error) {
	return replay(ctx, s, func(int) {})
}

// toldEvery is after how many steps progress is told and the context looked at.
const toldEvery = 8192

func replay(ctx context.Context, s *Scenario, tell func(steps int)) (*Result, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	r := newRun(s)
	defer r.close()
	for i, told := 0, 0; i < s.steps(); i++ {
		r.step(i)
		if last := i == s.steps()-1; last || i-told == toldEvery {
			if err := context.Cause(ctx); err != nil {
				return nil, err
			}
			tell(i + 1 - told)
			told = i + 1
		}
	}
	return r.finish(), nil
}

// run is a replay under way.
type run struct {
	*Scenario
	fit     *policy.Spec // the spec, fit for the steps; nil for a classic scaler
	scaler  classic.Scaler
	demand  demand
	pool    *pool
	scene   *scene
	memory  policy.Memory
	desired int
	next    time.Time // no decision before
	record  *follower // nil: there is none
	sight   foresight // of a spec that forecasts
	result  *Result
	careful bool // Choose is asked at every decision, also where it has nothing to say
}

func newRun(s *Scenario) *run {
	r := &run{Scenario: s, demand: demanded(s), pool: newPool(s), scene: newScene(s)}
	n := s.steps()
	r.result = &Result{
		Name: s.Name, Start: s.Load.Start, Step: s.Load.Step, From: s.From,
		Load: r.demand.load, Need: r.demand.need, Censored: r.demand.censored,
		Serving: make([]int, n), Paid: make([]int, n), Desired: make([]int, n),
	}
	if s.Classic != nil {
		r.scaler = s.Classic()
	} else {
		r.fit = fitted(s.Spec, s.Load.Step)
	}
	r.sight = r.foresee()
	if s.Recorded != nil {
		r.record = follow(s.Recorded)
	}
	if r.record == nil || !r.begin() {
		r.desired = r.initial()
		r.pool.serve(r.desired)
	}
	return r
}

// initial is the size that the group begins with.
func (r *run) initial() int {
	size := r.demand.need[0]
	switch {
	case r.Cloud.Initial > 0:
		return r.Cloud.Initial
	case r.Load.Serving != nil && r.Load.Serving[0] > 0:
		size = r.Load.Serving[0]
	}
	least, most := r.bounds()
	if most > 0 {
		size = min(size, most)
	}
	return max(size, least)
}

func (r *run) close() {
	if r.record != nil {
		r.record.stop()
	}
}

func (r *run) step(i int) {
	r.pool.advance(i)
	switch {
	case r.scaler != nil:
		r.scale(i)
	case r.record != nil && r.record.leads:
		r.relive(i)
	case !r.pool.now.Before(r.next):
		r.decide(i)
	}
	r.measure(i)
}

// seen is the step as of which the group is observed, and how many served then.
func (r *run) seen(i int, c *count) (step, serving int) {
	step = max(0, i-r.Cloud.Delay)
	if step == i {
		return i, c.serving
	}
	return step, r.result.Serving[step]
}

// decide observes the group, decides, and has the decision carried out.
func (r *run) decide(i int) {
	r.next = r.pool.now.Add(r.fit.Interval)
	if r.record != nil {
		r.memory.Override = r.record.override(r.pool.now)
	}
	c := r.pool.count()
	step, serving := r.seen(i, &c)
	inputs := r.scene.observe(r.pool, &c, r.desired, step, serving).Inputs()
	r.sight.look(&inputs, r.pool.now)
	r.judge(r.fit, &inputs, r.pool.now, i)
	r.carryOut(&c, r.turns())
}

// judge decides, and keeps what it rested on if it is a change.
func (r *run) judge(spec *policy.Spec, inputs *policy.Inputs, now time.Time, i int) policy.Decision {
	if r.withoutTurns {
		r.memory.Turns = nil
	}
	explained := !r.Brief && len(r.result.Decisions) < explainedMost
	var before policy.Memory
	if explained {
		before = r.memory.Clone()
	}
	r.sight.take(inputs, i)
	decision := policy.Decide(spec, inputs, now, &r.memory)
	if r.desired = decision.Desired.Count; decision.Change() != 0 {
		moment := Moment{
			Step: i, At: now, From: decision.Current.Count, To: decision.Desired.Count, Wanted: decision.Wanted, Reason: decision.Reason,
		}
		if explained {
			moment.rested = &rested{spec, *inputs, before}
		}
		r.note(moment)
	}
	if decision.Capped.Reason == policy.ReasonAtMax {
		r.result.Capped.hit(now)
	}
	return decision
}

func (r *run) note(moment Moment) {
	if !r.Brief {
		r.result.Decisions = append(r.result.Decisions, moment)
	}
}

// carryOut has chosen, for the pool as it was counted, and does what was chosen. A daemon that
// decides several times, within a step, orders as often.
func (r *run) carryOut(c *count, turns int) {
	if r.memory.Override.Pauses() || !r.careful && r.settled(c) {
		return
	}
	for range turns {
		choice := policy.Choose(r.fit, policy.Situation{Desired: r.desired, Instances: r.scene.instances(r.pool)}, r.pool.now)
		r.pool.assign(choice.Goals)
		r.pool.order(choice.Order)
		r.pool.settle()
		if len(choice.Goals) == 0 && choice.Order < r.fit.OrderMax || r.pool.refused > 0 {
			break
		}
	}
	if r.pool.refused > 0 {
		r.result.Refused.hit(r.pool.now)
	}
}

// turns is how often the daemon would decide within a step.
func (r *run) turns() int {
	if r.Spec.Interval <= 0 {
		return 1
	}
	return max(1, int(r.Load.Step/r.Spec.Interval))
}

// settled says that Choose has nothing to say: as many instances as are desired serve or are
// becoming, all are sound, and none that stands by can be due for release.
func (r *run) settled(c *count) bool {
	if c.capacity != r.desired || c.failing > 0 {
		return false
	}
	if c.stopped == 0 || c.stopped <= r.fit.Standby && r.fit.StandbyAge == 0 {
		return true
	}
	for i := range r.pool.machines {
		m := &r.pool.machines[i]
		if m.Stage == policy.Stopped && !r.pool.now.Before(r.pool.paidUntil(m).Add(-r.fit.ReleaseBefore)) {
			return false
		}
	}
	return true
}

// scale lets a classic scaler decide.
func (r *run) scale(i int) {
	c := r.pool.count()
	step, serving := r.seen(i, &c)
	least, most := r.bounds()
	seen := classic.Seen{
		Now: r.pool.now, Load: r.demand.load[step], Utilisation: r.demand.load[step] / float64(max(1, serving)), Measured: serving,
		Serving: c.serving, Becoming: c.capacity - c.serving - c.failing, Desired: r.desired, Min: least, Max: most,
	}
	if ceiling := r.scene.saturation(); ceiling > 0 {
		seen.Utilisation = min(seen.Utilisation, ceiling)
	}
	wanted := r.scaler.Decide(seen)
	desired := max(wanted, least)
	if most > 0 && wanted >= most {
		desired = most
	}
	if desired != r.desired {
		r.note(Moment{Step: i, At: r.pool.now, From: r.desired, To: desired, Wanted: wanted})
		r.desired = desired
	}
	if r.pool.resize(c.capacity, r.desired); r.pool.refused > 0 {
		r.result.Refused.hit(r.pool.now)
	}
}

// measure keeps what the step came to.
func (r *run) measure(i int) {
	serving := r.pool.serving()
	r.result.Serving[i], r.result.Paid[i], r.result.Desired[i] = serving, r.pool.paid(), r.desired
	if i < r.From {
		return
	}
	r.sight.measure(i, serving)
	offered := billionthsOf(r.demand.load[i])
	served := min(offered, int64(serving)*billion)
	r.result.Flow.Offered += offered
	r.result.Flow.Served += served
	r.result.Flow.Lost += offered - served
}

// finish makes the figures.
func (r *run) finish() *Result {
	result, from := r.result, r.From
	result.Metrics = elasticity.Measure(elasticity.Run{
		Step: result.Step, Load: result.Load[from:], Need: result.Need[from:], Serving: result.Serving[from:], Paid: result.Paid[from:],
		Desired: result.Desired[from:], Censored: result.Censored[from:],
	})
	result.Contracts, result.Forecasts = r.pool.contracts, r.sight.finish(r.steps()-from)
	if r.Billing != nil {
		result.Bill = r.Billing.Bill(since(result.Contracts, r.at(from)), r.at(from), r.at(r.steps()))
	}
	if r.Brief {
		result.Load, result.Need, result.Serving, result.Paid, result.Desired, result.Censored, result.Contracts = nil, nil, nil, nil, nil, nil, nil
	}
	return result
}

// since is the contracts that run at an instant or later, as if none had been ordered before.
// So what is there when the scored steps begin is paid from then on, by all alike: what was
// paid in advance before, for a month say, would be had for nothing.
func since(contracts []billing.Contract, from time.Time) []billing.Contract {
	list := make([]billing.Contract, 0, len(contracts))
	for _, c := range contracts {
		if c.Ordered.Before(from) {
			if !c.Ended.IsZero() && !c.Ended.After(from) {
				continue
			}
			c.Ordered = from
		}
		list = append(list, c)
	}
	return list
}
