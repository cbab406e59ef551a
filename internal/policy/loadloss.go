package policy

import (
	"math"
	"slices"
	"time"
)

// LoadLoss guards against an outage that looks like idleness: users who cannot reach the
// group are no reason to make it smaller. When the load falls within ten minutes by more
// than Fall, and by more than it lately did, the group does not shrink until the load is
// back, or for Release at most.
//
// What was waited out in vain counts as ordinary from then on, for some weeks: a load
// that vanishes every evening delays shrinking once.
type LoadLoss struct {
	Fall    float64       // share, above 0
	Release time.Duration // 0: no such guard
}

const (
	loadSpan     = 10 * time.Minute
	loadStep     = 30 * time.Second    // between the loads that are kept
	loadLeast    = 2                   // a smaller load, in instances, says nothing by its fall
	fallMargin   = 0.1                 // how much further than ever it has to fall
	fallHalfLife = 14 * 24 * time.Hour // after which half of what was learned is forgotten
)

// LoadMemory is what a group knows of the falls of its load.
type LoadMemory struct {
	Window   []PastLoad `json:"window,omitempty"`   // of the last ten minutes, oldest first, each smaller than those before
	Steepest float64    `json:"steepest,omitempty"` // share by which the load once fell within ten minutes, fading
	Learned  time.Time  `json:"learned,omitzero"`   // when Steepest was last set
	Since    time.Time  `json:"since,omitzero"`     // when the load was lost; zero: it is not
	From     float64    `json:"from,omitempty"`     // what it was before, in instances
}

// PastLoad is the load of the group at a time, in instances.
type PastLoad struct {
	At   time.Time `json:"at"`
	Load float64   `json:"load"`
}

// watchLoad takes note of what the policies make of the load, on complete data.
func (m *Memory) watchLoad(recommendations []Recommendation, now time.Time, spec *Spec) {
	if spec.LoadLoss.Release == 0 {
		m.Load = LoadMemory{}
		return
	}
	var largest float64
	for _, r := range recommendations {
		largest = max(largest, r.Load)
	}
	m.Load.watch(largest, now, spec.LoadLoss)
}

func (l *LoadMemory) watch(load float64, now time.Time, guard LoadLoss) {
	limit := max(guard.Fall, l.steepest(now)+fallMargin)
	if !l.Since.IsZero() {
		fall := 1 - load/l.From
		switch waited := now.Sub(l.Since) >= guard.Release; {
		case fall >= limit && !waited:
			return
		case fall >= limit:
			l.learn(fall, now)
		}
		l.Since, l.From, l.Window = time.Time{}, 0, nil
	}
	l.add(load, now)
	peak := l.Window[0].Load
	fall := 1 - load/peak
	switch {
	case peak < loadLeast:
	case fall >= limit:
		l.Since, l.From = now, peak
	case fall > l.steepest(now):
		l.learn(fall, now)
	}
}

// steepest is the steepest fall known, as far as it has not faded.
func (l *LoadMemory) steepest(now time.Time) float64 {
	if l.Steepest == 0 {
		return 0
	}
	return l.Steepest * math.Exp2(-now.Sub(l.Learned).Hours()/fallHalfLife.Hours())
}

func (l *LoadMemory) learn(fall float64, now time.Time) { l.Steepest, l.Learned = fall, now }

// add puts the load behind those that are larger. Those of one step count as one.
func (l *LoadMemory) add(load float64, now time.Time) {
	for len(l.Window) > 0 && l.Window[len(l.Window)-1].Load <= load {
		l.Window = l.Window[:len(l.Window)-1]
	}
	if n := len(l.Window); n == 0 || now.Sub(l.Window[n-1].At) >= loadStep {
		l.Window = append(l.Window, PastLoad{now, load})
	}
	drop := 0
	for drop < len(l.Window)-1 && now.Sub(l.Window[drop].At) >= loadSpan {
		drop++
	}
	l.Window = append(l.Window[:0], l.Window[drop:]...)
}

func (l *LoadMemory) equal(o *LoadMemory) bool {
	return l.Steepest == o.Steepest && l.Learned.Equal(o.Learned) && l.Since.Equal(o.Since) && l.From == o.From &&
		slices.EqualFunc(l.Window, o.Window, func(a, b PastLoad) bool { return a.Load == b.Load && a.At.Equal(b.At) })
}
