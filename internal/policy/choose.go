package policy

import (
	"cmp"
	"slices"
	"time"
)

// Goal is where one instance should end.
type Goal string

// The goals.
const (
	InService Goal = "in_service" // in the balancers' pools, serving
	Standby   Goal = "standby"    // stopped, kept for the next growth
	Released  Goal = "released"   // its contract ended with a date; cannot be turned round
)

// Stage is how far an instance is, as far as choosing goes.
type Stage uint8

// The stages.
const (
	Becoming Stage = iota // on its way to serving
	Serving               // in the pools
	Leaving               // on its way out, and still on
	Stopped               // off
	Ending                // its contract has an end, or is over
)

// Cause says why an instance that serves should make place for another. The zero
// value is none.
type Cause uint8

// The causes, the most pressing last.
const (
	Sound    Cause = iota // nothing is wrong with it
	Outdated              // made from another template than new ones are
	Expiring              // somebody set an end to its contract
	Failing               // its service does not answer
)

// Instance is one server of a group, as Choose sees it.
type Instance struct {
	Code        string
	Goal        Goal
	Stage       Stage
	Cause       Cause
	Since       time.Time // when it was ordered or adopted
	Joined      time.Time // when it last began to serve; zero if it never did
	Rested      time.Time // since when it stands by, stopped; zero unless it does
	Quarantined bool      // stuck: left alone until a person looks
	LeftAlone   bool      // changed by somebody, and left alone while that lasts
	Protected   bool      // never sent away
	PaidUntil   time.Time // end of its paid period; zero when unknown
	Location    string    // empty when unknown
	Load        Sample    // its own reading of what shows how busy it is
}

// Assignment gives an instance a new goal.
type Assignment struct {
	Code string
	Goal Goal
}

// Situation is what Choose decides on.
type Situation struct {
	Desired   int
	Instances []Instance
	Pending   int  // machines ordered and not yet among the instances
	Doubtful  bool // the cloud cannot be trusted just now: nobody is sent away
}

// Hold is a code from a fixed list that says why something is not done.
type Hold string

// The holds.
const (
	HoldBrake    Hold = "failing_together" // too many fail together to be replaced
	HoldLaunches Hold = "launches_failing" // too many launches in a row never served: nothing is ordered
	HoldRoom     Hold = "no_room"          // more is missing than max and surge leave room for
	HoldDoubt    Hold = "cloud_in_doubt"   // the cloud cannot be trusted: nobody is sent away
	HoldBake     Hold = "baking"           // what was made from the changed template must serve for a while first
)

// Holds lists every hold, for metrics that start at zero.
func Holds() []Hold { return []Hold{HoldBrake, HoldLaunches, HoldRoom, HoldDoubt, HoldBake} }

// Choice is how a decision is to be carried out.
type Choice struct {
	Goals []Assignment // only those that change
	Order int          // machines to buy
	Held  []Hold       // why less is done than there is to do
}

// Choose says which instances a decided size means.
//
// Growing takes first what is leaving, then what stands by, then orders. What is
// pending spares an order, and sends no instance away.
//
// Instances with a cause are replaced, new ones first: up to HealBudget of the
// group at a time is brought in beyond the desired count, and as many of them leave
// as are serving too many then. An outdated one leaves only once the rest has served
// for Bake. When more than Brake of the serving instances (and at least two) fail
// together, it is the probe, the network or what they all depend on: failing counts
// for nothing then.
//
// Shrinking takes first what fails, expires, does not serve yet, is outdated, and then
// whom spec.Pick says. A protected instance is never taken.
//
// Stopped instances above the number kept, and those older than StandbyAge, are
// released shortly before their paid period ends. A quarantined instance is no
// capacity, yet counts against the bound on orders, so that broken launches cannot
// multiply; and after LaunchFailuresMax of them in a row nothing is ordered.
func Choose(spec *Spec, s Situation, now time.Time) Choice {
	c := chooser{spec: spec, now: now}
	c.sortOut(s.Instances)
	if c.braked() {
		c.held = append(c.held, HoldBrake)
		c.trust()
	}
	extra := min(c.replaceable(), max(1, int(spec.HealBudget*float64(s.Desired))))
	need := s.Desired + extra - len(c.active) - s.Pending
	need -= c.bringBack(need)
	if need > 0 {
		c.buy(need, s.Desired+extra)
	}
	switch {
	case !s.Doubtful:
		c.replace(s.Desired)
		c.shrink(len(c.active) - s.Desired - extra)
		c.release()
	case len(c.active) > s.Desired+extra || c.replaceable() > 0:
		c.held = append(c.held, HoldDoubt)
	}
	return Choice{Goals: c.goals, Order: c.order, Held: c.held}
}

// chooser is one choice in the making.
type chooser struct {
	spec *Spec
	now  time.Time

	active         []Instance // to serve, as to their goal
	leaving        []Instance // on their way out, and fit to come back
	stopped        []Instance // standing by
	setAside       int        // quarantined or left alone: they cost, and are no capacity
	launchFailures int        // launches in a row that never served

	goals []Assignment
	order int
	held  []Hold
}

func (c *chooser) assign(in Instance, goal Goal) {
	c.goals = append(c.goals, Assignment{in.Code, goal})
}

// sortOut tells apart what the instances can be used for.
func (c *chooser) sortOut(instances []Instance) {
	var lastJoined time.Time
	for _, in := range instances {
		if in.Joined.After(lastJoined) {
			lastJoined = in.Joined
		}
	}
	for _, in := range instances {
		switch {
		case in.Stage == Ending:
		case in.Quarantined || in.LeftAlone:
			c.setAside++
			if in.Quarantined && in.Joined.IsZero() && in.Since.After(lastJoined) {
				c.launchFailures++
			}
		case in.Goal == InService:
			c.active = append(c.active, in)
		case in.Goal == Released:
		case in.Stage == Stopped:
			c.stopped = append(c.stopped, in)
		case in.Cause < Expiring:
			c.leaving = append(c.leaving, in)
		}
	}
}

// serving counts the active instances that serve and are counted.
func (c *chooser) serving(counted func(Instance) bool) int {
	n := 0
	for _, in := range c.active {
		if in.Stage == Serving && counted(in) {
			n++
		}
	}
	return n
}

func all(Instance) bool { return true }

func (c *chooser) braked() bool {
	failing := c.serving(func(in Instance) bool { return in.Cause == Failing })
	return failing >= 2 && float64(failing) > c.spec.Brake*float64(c.serving(all))
}

// trust takes the failing instances for sound.
func (c *chooser) trust() {
	for i := range c.active {
		if c.active[i].Cause == Failing {
			c.active[i].Cause = Sound
		}
	}
}

func replaceable(in Instance) bool { return in.Cause != Sound && !in.Protected }

func (c *chooser) replaceable() int { return c.serving(replaceable) }

// bringBack takes up to need instances back into service, and says how many.
func (c *chooser) bringBack(need int) int {
	slices.SortFunc(c.leaving, newestFirst)
	slices.SortFunc(c.stopped, fittestFirst)
	back := 0
	for _, spare := range []*[]Instance{&c.leaving, &c.stopped} {
		for ; back < need && len(*spare) > 0; back++ {
			c.assign((*spare)[0], InService)
			*spare = (*spare)[1:]
		}
	}
	return back
}

// buy orders need machines, as far as it may, of a group that is to have target.
func (c *chooser) buy(need, target int) {
	room := c.spec.Max + c.spec.Surge - (target - need) - c.setAside
	if c.launchFailures >= c.spec.LaunchFailuresMax && c.spec.LaunchFailuresMax > 0 {
		c.held = append(c.held, HoldLaunches)
		return
	}
	if need > room {
		c.held = append(c.held, HoldRoom)
	}
	c.order = max(0, min(need, room, c.spec.OrderMax))
}

// replace sends away the instances whose successors serve.
func (c *chooser) replace(desired int) {
	surplus := c.serving(all) - desired
	baked := c.serving(func(in Instance) bool { return in.Cause != Failing && (in.Cause != Sound || c.baked(in)) }) - desired
	slices.SortFunc(c.active, mostPressingFirst)
	c.active = slices.DeleteFunc(c.active, func(in Instance) bool {
		if in.Stage != Serving || !replaceable(in) || surplus <= 0 {
			return false
		}
		if in.Cause == Outdated {
			if baked <= 0 {
				c.holdOnce(HoldBake)
				return false
			}
			baked--
		}
		surplus--
		c.assign(in, Standby)
		return true
	})
}

func (c *chooser) baked(in Instance) bool { return !c.now.Before(in.Joined.Add(c.spec.Bake)) }

func (c *chooser) holdOnce(hold Hold) {
	if !slices.Contains(c.held, hold) {
		c.held = append(c.held, hold)
	}
}

// shrink sends count instances away.
func (c *chooser) shrink(count int) {
	if count <= 0 {
		return
	}
	candidates := slices.DeleteFunc(slices.Clone(c.active), func(in Instance) bool { return in.Protected })
	for _, in := range pick(c.spec.Pick, candidates)[:min(count, len(candidates))] {
		c.assign(in, Standby)
	}
}

// release ends the contracts of surplus stopped instances whose paid period ends.
func (c *chooser) release() {
	for i, in := range slices.Backward(c.stopped) {
		old := c.spec.StandbyAge > 0 && !in.Rested.IsZero() && !c.now.Before(in.Rested.Add(c.spec.StandbyAge))
		due := !in.PaidUntil.IsZero() && !c.now.Before(in.PaidUntil.Add(-c.spec.ReleaseBefore))
		if due && !in.Protected && (old || i >= c.spec.Standby) {
			c.assign(in, Released)
		}
	}
}

func newestFirst(a, b Instance) int {
	return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(b.Code, a.Code))
}

func mostPressingFirst(a, b Instance) int {
	return cmp.Or(cmp.Compare(b.Cause, a.Cause), a.Since.Compare(b.Since), cmp.Compare(a.Code, b.Code))
}

// fittestFirst puts those first that can be started as they are, and of these the
// ones that are paid for longest.
func fittestFirst(a, b Instance) int {
	return cmp.Or(cmp.Compare(a.Cause, b.Cause), b.PaidUntil.Compare(a.PaidUntil), cmp.Compare(a.Code, b.Code))
}
