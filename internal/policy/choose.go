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
	Ready     Goal = "ready"      // able to serve, and in no pool: a fire drill
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

	Drill string // code of the instance that a fire drill is under way with; empty: none
	Spare int    // machines ordered for a fire drill and not yet among the instances; not in Pending
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
	HoldYoung    Hold = "young"            // those that could be sent away have not served for long enough
)

// Holds lists every hold, for metrics that start at zero.
func Holds() []Hold { return []Hold{HoldBrake, HoldLaunches, HoldRoom, HoldDoubt, HoldBake, HoldYoung} }

// Choice is how a decision is to be carried out.
type Choice struct {
	Goals []Assignment // only those that change
	Order int          // machines to buy
	Held  []Hold       // why less is done than there is to do
	Spare int          // of the situation's, how many are needed
}

// Choose says which instances a decided size means.
//
// Growing takes first what a fire drill brought up or ordered, then what is leaving, then
// what stands by, then orders. What is pending spares an order, and sends no instance away.
//
// An instance in a fire drill is no capacity, yet counts against the bound on orders. Once
// its drill is over it stands by.
//
// Instances with a cause are replaced, new ones first: up to HealBudget of the
// group at a time is brought in beyond the desired count, and as many of them leave
// as are serving too many then. An outdated one leaves only once the rest has served
// for Bake. When more than Brake of the serving instances (and at least two) fail
// together, it is the probe, the network or what they all depend on: none of them is
// replaced then.
//
// Shrinking takes first what fails, expires, does not serve yet, is outdated, and then
// whom spec.Pick says. A protected instance is never taken, one that serves only
// while more serve than desired, and a sound one only after MinLife.
//
// Stopped instances above the number kept, and those older than StandbyAge, are
// released shortly before their paid period ends. A quarantined instance is no
// capacity, yet counts against the bound on orders, so that broken launches cannot
// multiply; and after LaunchFailuresMax of them in a row nothing is ordered.
func Choose(spec *Spec, s Situation, now time.Time) Choice {
	c := chooser{spec: spec, now: now}
	c.sortOut(s.Instances)
	if c.braked() {
		c.brake = true
		c.hold(HoldBrake)
	}
	extra := c.extra(s.Desired)
	missing := s.Desired - len(c.active) - s.Pending
	need := missing + extra
	taken := c.takeDrilled(need, missing, s.Spare)
	need -= taken
	need -= c.bringBack(need, missing-taken)
	if need > 0 {
		c.buy(need, s.Desired+extra)
	}
	switch {
	case !s.Doubtful:
		c.replace(s.Desired)
		c.shrink(s.Desired, extra)
		c.endDrills(s.Drill)
		c.release()
	case len(c.active) > s.Desired || c.serving(c.replaceable) > 0:
		c.hold(HoldDoubt)
	}
	return Choice{Goals: c.goals, Order: c.order, Held: c.held, Spare: c.spare}
}

// Fittest is the instance that of all that stand by comes back first; false if none stands by.
func Fittest(instances []Instance) (Instance, bool) {
	var c chooser
	c.sortOut(instances)
	if len(c.stopped) == 0 {
		return Instance{}, false
	}
	return slices.MinFunc(c.stopped, fittestFirst), true
}

// LaunchesFail says that so many launches in a row never served that nothing is ordered.
func LaunchesFail(spec *Spec, instances []Instance) bool {
	c := chooser{spec: spec}
	c.sortOut(instances)
	return c.launchesFail()
}

// chooser is one choice in the making.
type chooser struct {
	spec *Spec
	now  time.Time

	active         []Instance // to serve, as to their goal
	leaving        []Instance // on their way out, and fit to come back
	stopped        []Instance // standing by
	drilled        []Instance // brought up by a fire drill
	setAside       int        // quarantined or left alone: they cost, and are no capacity
	launchFailures int        // launches in a row that never served
	brake          bool       // too many fail together for any of them to be replaced

	goals []Assignment
	order int
	held  []Hold
	spare int
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
		case in.Goal == Ready:
			c.drilled = append(c.drilled, in)
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
	return failing >= 2 && one.times(failing) > shareOf(c.spec.Brake, 1).times(c.serving(all))
}

// replaceable says that the instance should make place for another.
func (c *chooser) replaceable(in Instance) bool {
	return in.Cause != Sound && !in.Protected && (in.Cause != Failing || !c.brake)
}

// extra is how many successors are brought in beyond the desired count, as far as max
// and surge leave room.
func (c *chooser) extra(desired int) int {
	budget := int(shareOf(c.spec.HealBudget, 1).times(desired) / one)
	extra := min(c.serving(c.replaceable), max(1, budget))
	room := max(0, c.spec.Max+c.spec.Surge-desired)
	if extra > room {
		c.hold(HoldRoom)
	}
	return min(extra, room)
}

// takeDrilled takes up to need of what fire drills brought up, and then of the spare
// ordered for them, and says how many. One that is on and outdated is nobody's successor.
func (c *chooser) takeDrilled(need, missing, spare int) int {
	slices.SortFunc(c.drilled, soundestFirst)
	taken := 0
	c.drilled = slices.DeleteFunc(c.drilled, func(in Instance) bool {
		wanted := taken < missing && in.Cause < Expiring || taken < need && (in.Cause == Sound || in.Stage == Stopped)
		if wanted {
			c.assign(in, InService)
			taken++
		}
		return wanted
	})
	c.spare = max(0, min(need-taken, spare))
	return taken + c.spare
}

// endDrills lets what fire drills brought up stand by, save the one that is under way.
func (c *chooser) endDrills(underWay string) {
	for _, in := range c.drilled {
		if in.Code != underWay {
			c.assign(in, Standby)
		}
	}
}

// bringBack takes up to need instances back into service, and says how many. One that
// leaves because it is outdated is nobody's successor: it comes back only for what is
// missing.
func (c *chooser) bringBack(need, missing int) int {
	slices.SortFunc(c.leaving, soundestFirst)
	slices.SortFunc(c.stopped, fittestFirst)
	back := 0
	for _, in := range c.leaving {
		if back < missing || back < need && in.Cause == Sound {
			c.assign(in, InService)
			back++
		}
	}
	for ; back < need && len(c.stopped) > 0; back++ {
		c.assign(c.stopped[0], InService)
		c.stopped = c.stopped[1:]
	}
	return back
}

// buy orders need machines, as far as it may, of a group that is to have target.
func (c *chooser) buy(need, target int) {
	room := c.spec.Max + c.spec.Surge - (target - need) - c.setAside - len(c.drilled)
	if c.launchesFail() {
		c.hold(HoldLaunches)
		return
	}
	if need > room {
		c.hold(HoldRoom)
	}
	c.order = max(0, min(need, room, c.spec.OrderMax))
}

func (c *chooser) launchesFail() bool {
	return c.launchFailures >= c.spec.LaunchFailuresMax && c.spec.LaunchFailuresMax > 0
}

// replace sends away the instances whose successors serve.
func (c *chooser) replace(desired int) {
	surplus := c.serving(all) - desired
	if surplus <= 0 {
		return
	}
	baked := c.serving(func(in Instance) bool { return in.Cause != Failing && (in.Cause != Sound || c.baked(in)) }) - desired
	slices.SortFunc(c.active, mostPressingFirst)
	c.active = slices.DeleteFunc(c.active, func(in Instance) bool {
		if in.Stage != Serving || !c.replaceable(in) || surplus <= 0 {
			return false
		}
		if in.Cause == Outdated && baked <= 0 {
			c.hold(HoldBake)
			return false
		}
		if in.Cause != Failing {
			baked--
		}
		surplus--
		c.assign(in, Standby)
		return true
	})
}

func (c *chooser) baked(in Instance) bool { return !c.now.Before(in.Joined.Add(c.spec.Bake)) }

func (c *chooser) hold(hold Hold) {
	if !slices.Contains(c.held, hold) {
		c.held = append(c.held, hold)
	}
}

// shrink sends away what is active beyond the desired and extra count. One that serves
// goes only while more serve than desired.
func (c *chooser) shrink(desired, extra int) {
	count, surplus := len(c.active)-desired-extra, c.serving(all)-desired
	if count <= 0 {
		return
	}
	for _, in := range pick(c.spec.Pick, c.active) {
		switch {
		case count == 0 || in.Protected:
			return
		case in.Stage == Serving && surplus <= 0:
			continue
		case in.Stage == Serving && in.Cause == Sound && c.now.Before(in.Joined.Add(c.spec.MinLife)):
			c.hold(HoldYoung)
			continue
		case in.Stage == Serving:
			surplus--
		}
		c.assign(in, Standby)
		count--
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

func soundestFirst(a, b Instance) int {
	return cmp.Or(cmp.Compare(a.Cause, b.Cause), newestFirst(a, b))
}

func mostPressingFirst(a, b Instance) int {
	return cmp.Or(cmp.Compare(b.Cause, a.Cause), a.Since.Compare(b.Since), cmp.Compare(a.Code, b.Code))
}

// fittestFirst puts those first that can be started as they are, and of these the
// ones that are paid for longest.
func fittestFirst(a, b Instance) int {
	return cmp.Or(cmp.Compare(a.Cause, b.Cause), b.PaidUntil.Compare(a.PaidUntil), cmp.Compare(a.Code, b.Code))
}
