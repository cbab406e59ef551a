package forecast

import (
	"math"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Settings are what a group's owner says.
type Settings struct {
	Step     time.Duration // from one reading to the next, at least a second; 0: a minute
	Ahead    int           // steps from a reading until what is ordered upon it serves, 1 to [Farthest]
	Budget   float64       // share of the steps that may be short, above 0; or
	Quantile float64       // share of the steps that each plan is to suffice for, above 0 and below 1
	Reaction float64       // utilisation that the group is held at where the forecast abstains; 0: 0.7
}

// Farthest is the largest number of steps ahead. For a longer time to serve the steps are to
// be longer.
const Farthest = 24

// Reading is what is known of a step.
type Reading struct {
	At      time.Time // its wall clock gives the time of day and week
	Load    float64   // in full instances; NaN: not known
	AtLeast bool      // the instances were saturated: the load was at least this
	Serving int       // instances that carried it; below 0: not known
}

// unknown is a number of instances, or a share, that is not known.
const unknown = -1

// short says that the load was more than the instances carry.
func (r *Reading) short() bool { return r.AtLeast || r.Load > float64(r.Serving)+1e-9 }

// Plan is what the model says after a reading.
type Plan struct {
	Size     int     // instances to have, or to be on their way
	Abstains bool    // Size is the reaction's
	Expected float64 // load in the middle of the distribution, Ahead steps from the reading
	Price    float64 // harm of a step that is short, in steps of an instance
}

// Times that things are remembered for or done within.
const (
	hour = time.Hour
	day  = 24 * time.Hour
	week = 7 * day
)

const (
	beyondFull = 1.25     // × the instances that are full: their load, until it shows
	capOver    = 1.5      // × the past peak: no plan is above it, whatever the tails say
	oddOver    = 2.0      // × the past peak: a load beyond is a mistake or a flash crowd, for reaction to follow
	oddFor     = 3 * hour // after which it is neither but the new load
	fromTheAir = day      // of readings that are missing, which the model makes up by itself
	probation  = 6 * hour // of readings, before which the model has no say
	reactionAt = 0.7      // utilisation that reaction holds a group at, unless the owner says otherwise
)

// Model is the memory of a forecast. Make it with [New]. It is a plain value of a fixed size
// without pointers: a copy of it goes on by itself. Inside, loads are logarithms of 1 plus the
// load, where a season is a sum and an error is a share.
type Model struct {
	ahead    int32
	stepSec  int64
	settings Settings

	step     int64 // number of the newest, in steps since 1970
	zone     int64 // seconds that the wall clock is ahead of UTC in it
	shift    int64 // and how many more it will be in the step ahead
	begun    bool
	readings int64   // learned from
	silent   int32   // steps without a reading
	odd      int32   // steps in a row with one that is not believed
	peak     float64 // largest load that was believed
	seen     float64 // the newest load; 0 if it is missing

	recent   recent
	season   season
	ensemble ensemble
	made     [Farthest]made // by the step that it is about
	trials   trials
	budget   budget
	plans    [Farthest]uint16 // by the step that it was made in
	react    [Farthest]uint16 // what reaction alone would have
	record   record
}

// New is a model that knows nothing yet.
func New(s Settings) *Model {
	m := &Model{settings: s}
	m.setSteps(s.Step, s.Ahead)
	if m.settings.Reaction <= 0 {
		m.settings.Reaction = reactionAt
	}
	m.season.begin()
	m.ensemble.begin()
	m.trials.begin()
	return m
}

func (m *Model) setSteps(step time.Duration, ahead int) {
	if step == 0 {
		step = time.Minute
	}
	m.stepSec = max(1, int64(step/time.Second))
	m.ahead = int32(max(1, min(ahead, Farthest)))
}

// share is the weight of the newest of the readings of a span.
func (m *Model) share(span time.Duration) float64 {
	return min(1, float64(m.stepSec)/span.Seconds())
}

func (m *Model) steps(span time.Duration) int32 {
	return int32(max(1, int64(span/time.Second)/m.stepSec))
}

// lead is how far ahead the model looks.
func (m *Model) lead() time.Duration { return time.Duration(int64(m.ahead)*m.stepSec) * time.Second }

// wall is the second of the newest step by the wall clock, and of the step ahead.
func (m *Model) wall() (now, then int64) {
	now = m.step*m.stepSec + m.zone
	return now, now + int64(m.ahead)*m.stepSec + m.shift
}

// reading is a [Reading] whose time has become numbers.
type reading struct {
	sec         int64 // since 1970
	zone, shift int32 // as in Model
	load        float64
	atLeast     bool
	serving     int
	short       float64 // share of the step; below 0: not known
}

// readingAt is r for a model that looks so far ahead.
func readingAt(r Reading, ahead time.Duration) reading {
	_, zone := r.At.Zone()
	_, then := r.At.Add(ahead).Zone()
	in := reading{sec: r.At.Unix(), zone: int32(zone), shift: int32(then - zone), load: r.Load, atLeast: r.AtLeast, serving: r.Serving}
	switch {
	case r.Serving < 0:
		in.short = unknown
	case r.short():
		in.short = 1
	}
	return in
}

// Observe takes the reading of a step, and plans. A reading of a step that is not newer than
// the last is left out, unless it is so much older that the clock was set back.
func (m *Model) Observe(r Reading) Plan {
	m.observe(readingAt(r, m.lead()))
	return m.plan()
}

func (m *Model) observe(r reading) {
	step := floorDiv(r.sec, m.stepSec)
	switch behind := m.step - step; {
	case !m.begun:
	case behind > Farthest:
		m.forgetForecasts()
	case behind >= 0:
		return
	default:
		m.skip(step)
	}
	m.begun, m.step, m.zone, m.shift = true, step, int64(r.zone), int64(r.shift)
	if math.IsNaN(r.load) || math.IsInf(r.load, 0) || r.load < 0 {
		m.missed()
		return
	}
	m.silent = 0
	m.take(&r)
}

// skip goes over the steps until the given one. So long a gap that nothing is left of what was
// under way is gone over in part.
func (m *Model) skip(step int64) {
	m.silent += int32(min(max(0, step-m.step-Farthest-1), 1<<20))
	for m.step = max(m.step+1, step-Farthest); m.step < step; m.step++ {
		m.missed()
	}
}

// take learns from a reading.
func (m *Model) take(r *reading) {
	due := &m.made[m.slot(m.step)]
	v := math.Log1p(r.load)
	if r.atLeast {
		v = max(v, math.Log1p(beyondFull*float64(max(0, r.serving))), m.foreseen(due))
	}
	load := math.Expm1(v)
	m.seen = load
	believed := m.believes(load)
	if believed {
		if due.ok {
			m.ensemble.learn(m, due, v)
		}
		m.trials.learn(m, load)
		m.season.learn(m, v)
		m.peak = max(m.peak, load)
		m.readings++
		m.recent.add(m, v)
	} else {
		m.recent.add(m, math.Log1p(m.peak*oddOver))
	}
	m.record.learn(m, load)
	if r.short >= 0 {
		m.budget.learn(m, r.short)
	}
	m.react[m.slot(m.step)] = sizeFor(load / m.settings.Reaction)
	if !believed {
		load = 0
	}
	m.foresee(load)
}

// foreseen is what a forecast says in the middle, 0 without one.
func (m *Model) foreseen(f *made) float64 {
	if !f.ok {
		return 0
	}
	return m.ensemble.middle(f)
}

// believes says whether a load is one to learn from.
func (m *Model) believes(load float64) bool {
	usual := load <= max(1, oddOver*m.peak)
	if usual {
		m.odd = 0
	}
	if usual || m.readings < int64(m.steps(day)) || m.odd >= m.steps(oddFor) {
		return true
	}
	m.odd++
	return false
}

// missed goes over a step without a reading: the model takes its own forecast for one.
func (m *Model) missed() {
	m.silent++
	m.seen = 0
	due := &m.made[m.slot(m.step)]
	v := m.recent.back(0)
	if due.ok {
		v = m.ensemble.middle(due)
	}
	m.recent.add(m, v)
	m.react[m.slot(m.step)] = m.react[m.slot(m.step-1)]
	m.foresee(0)
}

// slot is where a step has its place among those that lie ahead, or lay.
func (m *Model) slot(step int64) int { return int(floorMod(step, int64(m.ahead))) }

// newest is the forecast that was made last.
func (m *Model) newest() *made { return &m.made[m.slot(m.step)] }

// foresee makes the forecast of the step that lies ahead, and its plan.
func (m *Model) foresee(load float64) {
	at := m.slot(m.step)
	due := &m.made[at]
	m.ensemble.foresee(m, due)
	most := max(1, int(math.Ceil(min(capOver*max(m.peak, load), math.MaxUint16))))
	var s sizes
	s.weigh(m, due, most)
	m.trials.plan(m, &s, at)
	m.plans[at] = uint16(m.choose(&s))
	m.record.plan(m, at)
}

// choose is the size for the step ahead.
func (m *Model) choose(s *sizes) int {
	if m.settings.Quantile > 0 {
		m.budget.last = m.trials.priceFor(1 - m.settings.Quantile) // the record needs one
		return s.atMost(1 - m.settings.Quantile)
	}
	return int(s.size[s.cheapest(m.budget.price(m), 0)])
}

// silence is why the model has no say now; empty: it has.
func (m *Model) silence() policy.Silence {
	switch {
	case m.readings < int64(m.steps(probation)):
		return policy.SilenceYoung
	case m.silent > m.steps(fromTheAir):
		return policy.SilenceBlind
	case m.record.bad && m.budget.owed == 0: // a budget that is overdrawn is not left to reaction
		return policy.SilenceRecord
	}
	return ""
}

// plan is what the group is to have now.
func (m *Model) plan() Plan {
	p := Plan{Size: 1, Abstains: m.silence() != "", Expected: math.Expm1(m.foreseen(m.newest())), Price: m.budget.last}
	from := &m.plans
	if p.Abstains {
		from = &m.react
	}
	for _, size := range from[:m.ahead] {
		p.Size = max(p.Size, int(size))
	}
	p.Size = max(p.Size, int(sizeFor(m.seen)))
	return p
}

// sizeFor is how many instances carry a load.
func sizeFor(load float64) uint16 {
	if !(load > 1) {
		return 1
	}
	return uint16(min(math.Ceil(load-1e-9), math.MaxUint16))
}

// floorDiv and floorMod divide so that times before 1970 have slots as well.
func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((b - 1 - a) / b)
	}
	return a / b
}

func floorMod(a, b int64) int64 {
	if a %= b; a < 0 {
		return a + b
	}
	return a
}
