package forecast

import "math"

// season is what the load usually is at each time of an hour, a day and a week by the wall
// clock: a slot for each time, each smoothed exponentially over its own visits (P. R. Winters,
// Forecasting sales by exponentially weighted moving averages, Management Science 6, 1960;
// there is no trend of its own, for the level comes from the last readings).
type season struct {
	hour [60]float32
	day  [secOfDay / secDay]float32
	week [7 * secOfDay / secWeek]float32

	dayNow, weekNow visit
}

// visit is the slot of a profile that is under way.
type visit struct {
	slot int64 // its number
	sum  float32
	many int32
}

const (
	secMinute = 60 // of a slot of the hour: jobs begin at a minute
	secOfDay  = 24 * 3600
	secDay    = 300  // of a slot of the day: what changes sooner is no habit
	secWeek   = 1800 // of a slot of the week, whose shape the day's tells finer
	hourMoves = 0.3  // the newest hour's share: three or four hours speak
	dayMoves  = 0.3  // likewise of days: a working week's worth, and one holiday does not sway it
	weekMoves = 0.5  // of weeks, of which there are few
)

func (s *season) begin() {
	for _, profile := range [][]float32{s.hour[:], s.day[:], s.week[:]} {
		for i := range profile {
			profile[i] = float32(math.NaN()) // nothing is known
		}
	}
}

// learn takes the newest step's load for every slot that the step touches.
func (s *season) learn(m *model, v float64) {
	from, _ := m.wall()
	to := from + m.stepSec
	for minute := floorDiv(from, secMinute); minute*secMinute < to; minute++ {
		move(s.hour[:], minute, v, hourMoves)
	}
	s.dayNow.learn(s.day[:], from, to, secDay, v, dayMoves)
	s.weekNow.learn(s.week[:], from, to, secWeek, v, weekMoves)
}

// learn takes the load from one second to another. A slot is moved when the next one begins.
func (u *visit) learn(p []float32, from, to, slotSec int64, v, by float64) {
	for slot := floorDiv(from, slotSec); slot*slotSec < to; slot++ {
		if slot != u.slot {
			if u.many > 0 {
				move(p, u.slot, float64(u.sum)/float64(u.many), by)
			}
			*u = visit{slot: slot}
		}
		u.sum += float32(v)
		u.many++
	}
}

// move moves a slot towards what was seen in it; the first that is seen fills it.
func move(p []float32, slot int64, v, by float64) {
	at := &p[floorMod(slot, int64(len(p)))]
	if *at != *at {
		*at = float32(v)
		return
	}
	*at += (float32(v) - *at) * float32(by)
}

// minute is what the hour's profile knows of an instant.
func (s *season) minute(sec int64) float64 {
	return float64(s.hour[floorMod(floorDiv(sec, secMinute), int64(len(s.hour)))])
}

// of is what a profile knows of the step that begins at an instant and lasts so long: on the
// line between the middles of two slots. NaN where it knows nothing.
func of(p []float32, sec, slotSec, stepSec int64) float64 {
	n := int64(len(p))
	sec += stepSec/2 - slotSec/2
	i, rest := floorMod(floorDiv(sec, slotSec), n), floorMod(sec, slotSec)
	a, b := float64(p[i]), float64(p[(i+1)%n])
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return a + (b-a)*float64(rest)/float64(slotSec)
}

// pair is what a profile knows of the present and of the step ahead; both are instead where it
// does not know both.
func pair(now, then, instead float64) (float64, float64) {
	if now != now || then != then {
		return instead, instead
	}
	return now, then
}
