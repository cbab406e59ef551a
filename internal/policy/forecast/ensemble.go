package forecast

import (
	"math"
	"time"
)

const (
	centres = 6
	scales  = 3
	pool    = centres * scales
	timesOf = 24 // of a day, of which each has a scale
)

const (
	missesFor   = week           // errors are remembered
	lastingFor  = 3 * day        // of a forecaster's mean error
	lastlyFor   = hour           // likewise, of late
	timesFor    = 3 * day        // likewise, of a time of day: three visits
	judgedFor   = 12 * time.Hour // a forecaster is judged by its half day
	oneEvidence = time.Hour      // readings of so long say the same thing: they count as one
	leastScale  = 0.002          // a fifth of a percent: no forecaster is surer
	jumpMost    = 1              // a regression sees the load threefold at most, or a third
	missMost    = 4              // × the mean error: a larger one teaches a regression no more
	outlier     = 10             // × the mean error: a larger one moves the mean no more
	missFine    = 0.01           // errors of a percent are never held to be outliers
	firstMiss   = 0.1            // mean error that is assumed at first: a tenth
	surprise    = 1e-4           // density of what was held impossible
	leastWeight = 1e-9           // of a forecaster that is asked for a tail: all others together tell none that counts
)

// The centres.
const (
	byWeeks = iota // regression with a memory of a week
	byDays         // and of a day
	asWeeks        // the same time of earlier weeks
	asHour         // the mean of the last hour
	asDays         // the same time of earlier days
	asRise         // now, and by how much earlier days rose from here
)

// centreNames are what the forecasters are called, by centre.
var centreNames = [centres]string{
	byWeeks: "a regression over a week",
	byDays:  "a regression over a day",
	asWeeks: "the same time of earlier weeks",
	asHour:  "the mean of the last hour",
	asDays:  "the same time of earlier days",
	asRise:  "the rise of earlier days",
}

// made is a forecast of one step.
type made struct {
	in     [inputs]float32
	from   float32
	centre [centres]float32
	scale  [pool]float32
	ok     bool
}

// ensemble is the forecasters: each centre with each scale.
type ensemble struct {
	slow, quick regression
	lasting     [centres]float64
	lastly      [centres]float64
	times       [centres][timesOf]float32
	misses      [pool]misses
	votes       votes
}

func (e *ensemble) begin() {
	e.slow.begin(spreadFirst)
	e.quick.begin(spreadFirst)
	for c := range centres {
		e.lasting[c], e.lastly[c] = firstMiss, firstMiss
		for i := range e.times[c] {
			e.times[c][i] = firstMiss
		}
	}
	for i := range pool {
		e.misses[i].begin()
	}
	e.votes.begin()
}

// foresee makes the forecast of the step ahead.
func (e *ensemble) foresee(m *model, f *made) {
	now, then := m.wall()
	v, s, r := m.recent.back(0), &m.season, &m.recent
	day0, day1 := pair(of(s.day[:], now, secDay, m.stepSec), of(s.day[:], then, secDay, m.stepSec), r.means[1])
	week0, week1 := pair(of(s.week[:], now, secWeek, m.stepSec), of(s.week[:], then, secWeek, m.stepSec), day0)
	if week0 == day0 && week1 == day0 {
		week1 = day1
	}
	hour0, hour1 := pair(s.minute(now), s.minute(then), r.means[1])
	back5, back15, back30 := r.back(m.steps(5*time.Minute)), r.back(m.steps(15*time.Minute)), r.back(m.steps(30*time.Minute))
	f.from = float32(v)
	f.in = [inputs]float32{
		1, float32(v - back5), float32(back5 - back15), float32(back15 - back30), float32(r.means[0] - v), float32(r.means[1] - v),
		float32(day1 - day0), float32(day0 - v), float32(week1 - week0), float32(week0 - v), float32(hour1 - hour0), float32(hour0 - v),
	}
	f.centre[byWeeks] = float32(max(0, v+max(-jumpMost, min(e.slow.says(&f.in), jumpMost))))
	f.centre[byDays] = float32(max(0, v+max(-jumpMost, min(e.quick.says(&f.in), jumpMost))))
	f.centre[asWeeks] = float32(week1)
	f.centre[asHour] = float32(r.means[1])
	f.centre[asDays] = float32(day1)
	f.centre[asRise] = float32(max(0, v+day1-day0))
	at := timeOf(then)
	for c := range centres {
		f.scale[c*scales] = float32(e.lasting[c] + leastScale)
		f.scale[c*scales+1] = float32((e.lasting[c]+e.lastly[c])/2 + leastScale)
		f.scale[c*scales+2] = e.times[c][at] + leastScale
	}
	f.ok = true
}

// timeOf is the time of day that has a scale of its own.
func timeOf(sec int64) int { return int(floorMod(floorDiv(sec, secOfDay/timesOf), timesOf)) }

// learn compares a forecast with what came.
func (e *ensemble) learn(m *model, f *made, v float64) {
	e.slow.learn(&f.in, v-float64(f.from), missMost*e.lasting[byWeeks]+missFine, m.share(week))
	e.quick.learn(&f.in, v-float64(f.from), missMost*e.lasting[byDays]+missFine, m.share(day))
	lasting, lastly := m.share(lastingFor), m.share(lastlyFor)
	times := m.share(timesFor / timesOf)
	now, _ := m.wall()
	at := timeOf(now)
	forget, evidence := m.share(missesFor), m.share(oneEvidence)
	e.votes.fade(1 - m.share(judgedFor))
	for c := range centres {
		off := v - float64(f.centre[c])
		for i := c * scales; i < (c+1)*scales; i++ {
			scale := float64(f.scale[i])
			where := place(off / scale)
			e.votes.add(i, evidence*math.Log(e.misses[i].density(where)/scale+surprise))
			e.misses[i].add(where, forget)
		}
		size := min(math.Abs(off), outlier*e.lasting[c]+missFine)
		e.lasting[c] += (size - e.lasting[c]) * lasting
		e.lastly[c] += (size - e.lastly[c]) * lastly
		e.times[c][at] += (float32(size) - e.times[c][at]) * float32(times)
	}
	e.votes.count()
}

// tail is how likely a load is above v.
func (e *ensemble) tail(f *made, v float64) (p float64) {
	for i, weight := range e.votes.weight {
		if weight > leastWeight {
			p += weight * e.misses[i].tail(place((v-float64(f.centre[i/scales]))/float64(f.scale[i])))
		}
	}
	return p
}

// middle is the weighted centre.
func (e *ensemble) middle(f *made) (v float64) {
	for i := range pool {
		v += e.votes.weight[i] * float64(f.centre[i/scales])
	}
	return v
}

// spread is the weighted scale.
func (e *ensemble) spread(f *made) (v float64) {
	for i := range pool {
		v += e.votes.weight[i] * float64(f.scale[i])
	}
	return v
}

// leader is the centre that weighs most.
func (e *ensemble) leader() (centre int) {
	most := 0.0
	for c := range centres {
		weight := 0.0
		for i := range scales {
			weight += e.votes.weight[c*scales+i]
		}
		if weight > most {
			centre, most = c, weight
		}
	}
	return centre
}
