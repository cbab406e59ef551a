package policy

import (
	"math"
	"time"
)

// LoadLoss guards against an outage that looks like idleness: users who cannot reach the
// group are no reason to make it smaller. When the load falls by more than Fall below what
// it was over the last minutes, the group does not shrink until half of what was lost is
// back, or for Release at most.
//
// What was waited out in vain counts as ordinary from then on, for as long as it comes
// again every few weeks: a load that falls by so much every evening delays shrinking once.
// One that vanishes altogether does so every time.
type LoadLoss struct {
	Fall    float64       // share, above 0
	Release time.Duration // 0: no such guard
}

const (
	loadSpan      = 5 * time.Minute     // the older a load is, the less it counts: a third of it after so long
	loadForgotten = time.Hour           // without data, after which what was before is not compared with
	loadLeast     = 2                   // a smaller load, in instances, says nothing by its fall
	fallMargin    = 0.1                 // how much further than an ordinary one a fall has to go
	fallTotal     = 0.95                // a fall that is never ordinary
	fallHalfLife  = 14 * 24 * time.Hour // after which half of what was learned is forgotten
)

// LoadMemory is what a group knows of its load.
type LoadMemory struct {
	Usual    float64   `json:"usual,omitempty"`    // the load over the last minutes, in instances; while it is lost, what it was before
	At       time.Time `json:"at,omitzero"`        // when a load was last seen
	Since    time.Time `json:"since,omitzero"`     // when the load was lost; zero: it is not
	Deepest  float64   `json:"deepest,omitempty"`  // share by which it fell since then, at most
	Ordinary float64   `json:"ordinary,omitempty"` // share by which it falls without being lost, fading
	Learned  time.Time `json:"learned,omitzero"`   // when Ordinary was last set
}

// watchLoad takes note of what the policies make of the load, if they all can tell.
func (m *Memory) watchLoad(recommendations []Recommendation, now time.Time, spec *Spec) {
	if spec.LoadLoss.Release == 0 {
		m.Load = LoadMemory{}
		return
	}
	var largest float64
	for _, r := range recommendations {
		if r.Verdict == Unknown {
			return
		}
		largest = max(largest, r.Load)
	}
	m.Load.watch(largest, now, spec)
}

func (l *LoadMemory) watch(load float64, now time.Time, spec *Spec) {
	passed := now.Sub(l.At)
	if l.At.IsZero() || l.Since.IsZero() && passed > loadForgotten { // what was so long ago tells nothing of now
		l.Usual = load
	}
	l.At = now
	fall, limit := 0.0, max(spec.LoadLoss.Fall, min(l.ordinary(now)+fallMargin, fallTotal))
	if l.Usual >= loadLeast {
		fall = 1 - load/l.Usual
	}
	switch lost := !l.Since.IsZero(); {
	case !lost && fall >= limit:
		l.Since, l.Deepest = now, fall
	case !lost:
		l.confirm(fall, now)
		l.Usual += (load - l.Usual) * -math.Expm1(-passed.Seconds()/loadSpan.Seconds())
	case fall < limit/2:
		l.Since, l.Deepest = time.Time{}, 0
	case now.Sub(l.Since) >= spec.LoadLoss.Release:
		l.Ordinary, l.Learned = max(l.Deepest, fall), now
		l.Since, l.Deepest, l.Usual = time.Time{}, 0, load
	default:
		l.Deepest = max(l.Deepest, fall)
	}
}

// ordinary is by how much the load falls without being lost, as far as that has not faded.
func (l *LoadMemory) ordinary(now time.Time) float64 {
	if l.Ordinary == 0 {
		return 0
	}
	return l.Ordinary * math.Exp2(-now.Sub(l.Learned).Hours()/fallHalfLife.Hours())
}

// confirm refreshes what is ordinary by a fall that goes as far. It never takes it
// further: else a load that is lost little by little would make its own loss ordinary.
func (l *LoadMemory) confirm(fall float64, now time.Time) {
	if known := l.ordinary(now); known > 0 && fall > known {
		l.Ordinary, l.Learned = min(fall, l.Ordinary), now
	}
}

func (l *LoadMemory) equal(o *LoadMemory) bool {
	return l.Usual == o.Usual && l.At.Equal(o.At) && l.Since.Equal(o.Since) && l.Deepest == o.Deepest &&
		l.Ordinary == o.Ordinary && l.Learned.Equal(o.Learned)
}
