package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// pool is the machines of a group in the modelled cloud.
type pool struct {
	cloud   *Cloud
	billing *billing.Model
	start   time.Time
	step    time.Duration
	warmUp  int // steps

	i         int       // the number of the step
	now       time.Time // its beginning
	machines  []machine // that belong to the group, in the order in which they were ordered
	contracts []billing.Contract
	ending    []int // steps at which contracts end whose machines were released
	losses    []Loss
	refused   int  // machines that the quota refused at this step
	byRecord  bool // a record says when machines come to serve
}

// machine is one of a pool.
type machine struct {
	policy.Instance      // as Choose sees it; what it is paid for, and its load, are filled in when Choose looks
	contract        int  // its index
	due             int  // the step at which its stage ends; never: it stays
	settled         int  // the step from which its readings are believed
	hopeless        bool // it will never serve
	recovers        int  // the step at which one that fails answers again
}

const never = int(^uint(0) >> 1)

func newPool(s *Scenario) *pool {
	p := &pool{
		cloud: &s.Cloud, billing: s.Billing, start: s.Load.Start, step: s.Load.Step,
		warmUp: stepsFor(s.WarmUp, s.Load.Step), now: s.Load.Start,
	}
	for _, loss := range s.Cloud.Losses {
		if !loss.At.Before(p.start) {
			p.losses = append(p.losses, loss)
		}
	}
	slices.SortStableFunc(p.losses, func(a, b Loss) int { return a.At.Compare(b.At) })
	return p
}

// serve adds machines that have served for long.
func (p *pool) serve(n int) {
	for range n {
		m := p.buy()
		m.Stage, m.due, m.settled, m.hopeless = policy.Serving, never, p.i, false
	}
}

// buy adds a machine that becomes an instance.
func (p *pool) buy() *machine {
	number := len(p.contracts)
	luck := p.cloud.luck(number)
	took, chance := p.cloud.ToServe.At(luck.Float64()), luck.Float64()
	m := machine{
		Instance: policy.Instance{Code: fmt.Sprintf("m%07d", number+1), Goal: policy.InService, Stage: policy.Becoming, Since: p.now},
		contract: number, due: p.i + stepsFor(took, p.step), recovers: never,
	}
	if m.hopeless = chance < p.cloud.Failing; m.hopeless {
		m.due = p.i + stepsFor(p.cloud.GiveUp, p.step)
	}
	p.contracts = append(p.contracts, billing.Contract{Ordered: p.now})
	p.machines = append(p.machines, m)
	return &p.machines[len(p.machines)-1]
}

// order buys so many machines, as far as the quota lets it.
func (p *pool) order(n int) {
	granted := n
	if p.cloud.Quota > 0 {
		granted = min(n, max(0, p.cloud.Quota-p.paid()))
	}
	for range granted {
		p.buy()
	}
	p.refused += n - granted
}

// paid counts the machines whose contract runs.
func (p *pool) paid() int { return len(p.machines) + len(p.ending) }

// advance brings the cloud to the beginning of a step.
func (p *pool) advance(step int) {
	p.i, p.now = step, p.start.Add(time.Duration(step)*p.step)
	p.refused = 0
	p.ending = slices.DeleteFunc(p.ending, func(end int) bool { return end <= step })
	gone := false
	for i := range p.machines {
		m := &p.machines[i]
		if m.recovers <= step {
			m.Cause, m.recovers = policy.Sound, never
		}
		if m.due <= step && !p.waits(m) {
			p.pass(m)
		}
		gone = gone || m.Stage == policy.Ending
	}
	if gone {
		p.sweep()
	}
	for len(p.losses) > 0 && !p.losses[0].At.After(p.now) {
		p.lose(p.losses[0])
		p.losses = p.losses[1:]
	}
}

// waits says that a record will tell when the machine comes to serve.
func (p *pool) waits(m *machine) bool {
	return p.byRecord && m.Stage == policy.Becoming && m.Goal == policy.InService
}

// pass ends the stage of a machine.
func (p *pool) pass(m *machine) {
	m.due = never
	switch {
	case m.Quarantined:
		p.end(m, p.now)
	case m.Stage == policy.Becoming && m.hopeless && p.cloud.Repair == 0:
		p.end(m, p.now)
	case m.Stage == policy.Becoming && m.hopeless:
		m.Quarantined, m.due = true, p.i+stepsFor(p.cloud.Repair, p.step)
	case m.Stage == policy.Becoming && m.Goal == policy.InService:
		p.join(m)
	default: // it has drained, or was called off before it served
		p.stop(m)
	}
}

func (p *pool) join(m *machine) {
	m.Stage, m.Cause, m.due, m.recovers = policy.Serving, policy.Sound, never, never
	m.Joined, m.settled = p.now, p.i+p.warmUp
}

func (p *pool) stop(m *machine) {
	m.Stage, m.due, m.Rested = policy.Stopped, never, p.now
	p.contracts[m.contract].Stopped = append(p.contracts[m.contract].Stopped, billing.Span{Begin: p.now})
}

// wake ends the time off of a machine that stands by.
func (p *pool) wake(m *machine, until time.Time) {
	m.Rested = time.Time{}
	stopped := p.contracts[m.contract].Stopped
	stopped[len(stopped)-1].End = until
}

// end takes a machine from the group; it is paid until the given instant.
func (p *pool) end(m *machine, until time.Time) {
	if m.Stage == policy.Stopped {
		p.wake(m, until)
	}
	m.Stage = policy.Ending
	p.contracts[m.contract].Ended = until
	if ends := stepsFor(until.Sub(p.start), p.step); ends > p.i {
		p.ending = append(p.ending, ends)
	}
}

// sweep forgets the machines that were released or are gone.
func (p *pool) sweep() {
	p.machines = slices.DeleteFunc(p.machines, func(m machine) bool { return m.Stage == policy.Ending })
}

// lose takes a share of the serving instances away, for good or for a while.
func (p *pool) lose(loss Loss) {
	var serving []*machine
	for i := range p.machines {
		if m := &p.machines[i]; m.Stage == policy.Serving && m.Cause == policy.Sound {
			serving = append(serving, m)
		}
	}
	lot := rand.New(rand.NewPCG(p.cloud.Seed, uint64(loss.At.UnixNano())))
	lot.Shuffle(len(serving), func(i, j int) { serving[i], serving[j] = serving[j], serving[i] })
	for _, m := range serving[:int(loss.Share*float64(len(serving))+0.5)] {
		if loss.For == 0 {
			p.end(m, p.now)
			continue
		}
		m.Cause, m.recovers = policy.Failing, p.i+max(1, stepsFor(loss.For, p.step))
	}
	p.sweep()
}

// assign carries out what was chosen.
func (p *pool) assign(goals []policy.Assignment) {
	for _, a := range goals {
		m := p.named(a.Code)
		m.Goal = a.Goal
		switch {
		case a.Goal == policy.Released:
			p.end(m, p.paidUntil(m))
		case a.Goal == policy.InService && m.Stage == policy.Leaving:
			p.join(m)
		case a.Goal == policy.InService && m.Stage == policy.Stopped:
			p.wake(m, p.now)
			m.Stage, m.due = policy.Becoming, p.i+stepsFor(p.cloud.ToReturn.At(p.returns(m).Float64()), p.step)
		case a.Goal == policy.Standby && m.Stage == policy.Serving:
			m.Stage, m.due = policy.Leaving, p.i+stepsFor(p.cloud.ToStop, p.step)
		}
	}
	p.settle()
}

// named is the machine with a code, which there is.
func (p *pool) named(code string) *machine {
	i := 0
	for p.machines[i].Code != code {
		i++
	}
	return &p.machines[i]
}

// returns is the chance of a machine at a return.
func (p *pool) returns(m *machine) *rand.Rand {
	return rand.New(rand.NewPCG(p.cloud.Seed+1, uint64(m.contract)<<20|uint64(len(p.contracts[m.contract].Stopped))))
}

// settle lets happen at once what takes no time.
func (p *pool) settle() {
	for i := range p.machines {
		if m := &p.machines[i]; m.due <= p.i && !p.waits(m) {
			p.pass(m)
		}
	}
	p.sweep()
}

// paidUntil is the end of the period that is paid for: the present, where none is paid in
// advance or nobody cares.
func (p *pool) paidUntil(m *machine) time.Time {
	switch {
	case p.billing == nil || p.cloud.ReleaseAtOnce:
		return p.now
	case !p.now.Before(m.PaidUntil):
		m.PaidUntil = p.billing.PaidUntil(p.contracts[m.contract].Ordered, p.now)
	}
	return m.PaidUntil
}

// resize makes a group of the present size as large as a classic scaler decides: what is
// missing is ordered, and the newest go at once, those first that do not serve yet.
func (p *pool) resize(present, desired int) {
	for n := present; n > desired; n-- {
		newest := p.newest(policy.Becoming)
		if newest == nil {
			newest = p.newest(policy.Serving)
		}
		p.end(newest, p.now)
	}
	if present > desired {
		p.sweep()
	}
	if present < desired {
		p.order(desired - present)
		p.settle()
	}
}

// newest is the machine of a stage that was ordered last, of those that are to serve; nil
// without any.
func (p *pool) newest(stage policy.Stage) *machine {
	for i := range slices.Backward(p.machines) {
		if m := &p.machines[i]; m.Stage == stage && m.Goal == policy.InService && !m.Quarantined {
			return m
		}
	}
	return nil
}

// serving is how many instances carry the load: they serve, and answer.
func (p *pool) serving() (n int) {
	for i := range p.machines {
		if m := &p.machines[i]; m.Stage == policy.Serving && m.Cause != policy.Failing && !m.Quarantined {
			n++
		}
	}
	return n
}

// count is a pool at an instant, in numbers.
type count struct {
	serving  int // and answer
	failing  int // serve as far as the group knows, and do not answer
	capacity int // serve or are becoming, also those that fail
	warming  int // of those, the ones whose readings are not believed
	leaving  int // could be put back at once
	stopped  int
	aside    int       // quarantined
	lastJoin time.Time // of those that are capacity
}

func (p *pool) count() (c count) {
	for i := range p.machines {
		m := &p.machines[i]
		switch {
		case m.Quarantined:
			c.aside++
			continue
		case m.Goal == policy.InService:
			c.capacity++
			if m.Joined.After(c.lastJoin) {
				c.lastJoin = m.Joined
			}
		case m.Stage == policy.Leaving && m.Cause == policy.Sound:
			c.leaving++
		case m.Stage == policy.Stopped:
			c.stopped++
		}
		switch {
		case m.Stage == policy.Serving && m.Cause == policy.Failing:
			c.failing++
		case m.Stage == policy.Serving:
			c.serving++
		}
		if m.Goal == policy.InService && (m.Stage != policy.Serving || p.i < m.settled) {
			c.warming++
		}
	}
	return c
}
