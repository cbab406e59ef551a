package forecast

import (
	"math"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// settings are what a group's owner says.
type settings struct {
	step     time.Duration // from one reading to the next, at least a second; 0: a minute
	ahead    int           // steps from a reading until what is ordered upon it serves, 1 to farthest
	budget   float64       // share of the steps that may be short, above 0; or
	quantile float64       // share of the steps that each plan is to suffice for, above 0 and below 1
	reaction float64       // utilisation that the group is held at where the forecast abstains; 0: 0.7
}

// farthest is the largest number of steps ahead. For a longer time to serve the steps are to
// be longer.
const farthest = 24

// unknown is a number of instances, or a share, that is not known.
const unknown = -1

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
	oddAtFirst = 4.0      // likewise on the first day, whose peak may be yet to come
	oddFor     = 3 * hour // after which it is neither but the new load
	unlike     = 4.0      // × what others' readings foresee, or a part of it: they were of something else
	trusting   = hour     // of readings, in which any load is believed: there is none to compare it with
	fromTheAir = day      // of readings that are missing, which the model makes up by itself
	probation  = 6 * hour // of readings, before which the model has no say
	loadMost   = 1e9      // more is a mistake, and no number to reckon with
	reactionAt = 0.7      // utilisation that reaction holds a group at, unless the owner says otherwise
)

// model is the memory of a forecast. Make it with newModel. It is a plain value of a fixed size
// without pointers: a copy of it goes on by itself. Inside, loads are logarithms of 1 plus the
// load, where a season is a sum and an error is a share.
type model struct {
	ahead    int32
	stepSec  int64
	settings settings

	step     int64 // number of the newest, in steps since 1970
	zone     int64 // seconds that the wall clock is ahead of UTC in it
	shift    int64 // and how many more it will be in the step ahead
	begun    bool
	readings int64   // learned from
	silent   int32   // steps without a reading
	odd      int32   // steps in a row with one that is not believed
	peaks    peaks   // of the loads that were believed
	seen     float64 // the newest load; 0 if it is missing
	taught   bool    // by others' readings, and none of the group's own was compared with what they foresee

	recent   recent
	season   season
	ensemble ensemble
	made     [farthest]made // by the step that it is about
	trials   trials
	budget   budget
	plans    [farthest]uint16 // by the step that it was made in
	react    [farthest]uint16 // what reaction alone would have
	record   record
}

// newModel knows nothing yet.
func newModel(s settings) *model {
	m := &model{settings: s}
	m.setSteps(s.step, s.ahead)
	if m.settings.reaction <= 0 {
		m.settings.reaction = reactionAt
	}
	m.season.begin()
	m.ensemble.begin()
	m.trials.begin()
	return m
}

func (m *model) setSteps(step time.Duration, ahead int) {
	if step == 0 {
		step = time.Minute
	}
	m.stepSec = max(1, int64(step/time.Second))
	m.ahead = int32(max(1, min(ahead, farthest)))
}

// share is the weight of the newest of the readings of a span.
func (m *model) share(span time.Duration) float64 {
	return min(1, float64(m.stepSec)/span.Seconds())
}

func (m *model) steps(span time.Duration) int32 {
	return int32(max(1, int64(span/time.Second)/m.stepSec))
}

// lead is how far ahead the model looks.
func (m *model) lead() time.Duration { return time.Duration(int64(m.ahead)*m.stepSec) * time.Second }

// wall is the second of the newest step by the wall clock, and of the step ahead.
func (m *model) wall() (now, then int64) {
	now = m.step*m.stepSec + m.zone
	return now, now + int64(m.ahead)*m.stepSec + m.shift
}

// observe takes the reading of a step, and plans. A reading of a step that is not newer than
// the last is left out, unless it is so much older that the clock was set back.
func (m *model) observe(r *Fed) {
	step := floorDiv(r.At, m.stepSec)
	switch behind := m.step - step; {
	case !m.begun:
	case behind > farthest:
		m.forgetForecasts()
	case behind >= 0:
		return
	default:
		m.skip(step)
	}
	m.begun, m.step, m.zone, m.shift = true, step, int64(r.Zone), int64(r.Shift)
	if !r.Known || !(r.Load >= 0) || math.IsInf(r.Load, 0) {
		m.missed()
		return
	}
	m.silent = 0
	m.take(r)
}

// skip goes over the steps until the given one. So long a gap that nothing is left of what was
// under way is gone over in part.
func (m *model) skip(step int64) {
	m.silent += int32(min(max(0, step-m.step-farthest-1), 1<<20))
	for m.step = max(m.step+1, step-farthest); m.step < step; m.step++ {
		m.missed()
	}
}

// take learns from a reading.
func (m *model) take(r *Fed) {
	due := &m.made[m.slot(m.step)]
	v := math.Log1p(min(r.Load, loadMost))
	if r.AtLeast {
		v = max(v, math.Log1p(beyondFull*float64(max(0, r.Serving))), m.foreseen(due))
	}
	load := math.Expm1(v)
	m.seen = load
	m.compare(due, r.Serving >= 0, load)
	believed := m.believes(load)
	if believed {
		if due.ok {
			m.ensemble.learn(m, due, v)
		}
		m.trials.learn(m, load)
		m.season.learn(m, v)
		m.peaks.learn(m, load)
		m.readings++
		m.recent.add(m, v)
	} else {
		m.recent.add(m, math.Log1p(m.peaks.highest()*oddOver))
	}
	m.record.learn(m, load)
	if r.Short >= 0 {
		m.budget.learn(m, min(r.Short, 1), believed)
	}
	m.react[m.slot(m.step)] = sizeFor(load / m.settings.reaction)
	if !believed {
		load = 0
	}
	m.foresee(load)
}

// compare takes the first of the group's own readings for the judge of what others taught: if
// it is nothing like what was foreseen, it was of another unit, or of another group.
func (m *model) compare(due *made, own bool, load float64) {
	switch {
	case !own:
		m.taught = true
	case m.taught && due.ok:
		m.taught = false
		if foreseen := math.Expm1(m.foreseen(due)); max(1, load) > unlike*max(1, foreseen) || max(1, foreseen) > unlike*max(1, load) {
			m.record.condemn()
		}
	}
}

// foreseen is what a forecast says in the middle, 0 without one.
func (m *model) foreseen(f *made) float64 {
	if !f.ok {
		return 0
	}
	return m.ensemble.middle(f)
}

// believes says whether a load is one to learn from.
func (m *model) believes(load float64) bool {
	over := oddOver
	if m.readings < int64(m.steps(day)) {
		over = oddAtFirst
	}
	usual := load <= max(1, over*m.peaks.highest())
	if usual {
		m.odd = 0
	}
	if usual || m.readings < int64(m.steps(trusting)) || m.odd >= m.steps(oddFor) {
		return true
	}
	m.odd++
	return false
}

// missed goes over a step without a reading: the model takes its own forecast for one.
func (m *model) missed() {
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
func (m *model) slot(step int64) int { return int(floorMod(step, int64(m.ahead))) }

// newest is the forecast that was made last.
func (m *model) newest() *made { return &m.made[m.slot(m.step)] }

// foresee makes the forecast of the step that lies ahead, and its plan.
func (m *model) foresee(load float64) {
	at := m.slot(m.step)
	due := &m.made[at]
	m.ensemble.foresee(m, due)
	most := max(1, int(math.Ceil(min(capOver*max(m.peaks.highest(), load), math.MaxUint16))))
	var s sizes
	s.weigh(m, due, most)
	m.trials.plan(m, &s, at)
	m.plans[at] = uint16(m.choose(&s))
	m.record.plan(m, at)
}

// choose is the size for the step ahead.
func (m *model) choose(s *sizes) int {
	if m.settings.quantile > 0 {
		m.budget.last = m.trials.priceFor(1 - m.settings.quantile) // the record needs one
		return s.atMost(1 - m.settings.quantile)
	}
	return int(s.size[s.cheapest(m.budget.price(m), 0)])
}

// silence is why the model has no say now; empty: it has.
func (m *model) silence() policy.Silence {
	switch {
	case m.readings < int64(m.steps(probation)):
		return policy.SilenceYoung
	case m.silent > m.steps(fromTheAir):
		return policy.SilenceBlind
	case m.record.bad && (m.budget.owed == 0 || m.record.hopeless()): // a budget that is overdrawn is not left to reaction
		return policy.SilenceRecord
	}
	return ""
}

// size is how many instances the group is to have now, or on their way, at least one: what
// reaction wants where the model has no say. A load that is not believed teaches nothing, and
// is not to catch the group short either: then reaction leads.
func (m *model) size() int {
	size := sizeFor(m.seen)
	speaks := m.silence() == ""
	if speaks {
		size = max(size, slices.Max(m.plans[:m.ahead]))
	}
	if !speaks || m.odd > 0 && m.seen > 0 {
		size = max(size, slices.Max(m.react[:m.ahead]))
	}
	return int(size)
}

// expected is the load in the middle of the distribution, as many steps from the reading as
// the model looks ahead.
func (m *model) expected() float64 { return math.Expm1(m.foreseen(m.newest())) }

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
