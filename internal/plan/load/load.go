// Package load reads what a group of servers had to carry in the past, and shapes it into
// what it might have to carry.
//
// [ReadCSV] reads a table, [ReadStore] what the daemon itself recorded, [ReadPrometheus] the
// answers of a Prometheus server. Each makes a [Load] of it: every signal's total over the
// group, at evenly spaced instants. Finer data are averaged, coarser ones joined by straight
// lines. The methods of a Load that shape it (a peak, growth, a flash crowd) return new ones.
//
// It promises that nothing is made up: what cannot be read is an error that says where and
// what to write instead; a longer gap stays one, as NaN, and is told in a [Warning]; and
// where the instances were saturated, so that the load was at least what they showed, the
// step is marked as censored. What is read is bounded in size.
//
// Whoever plans calls it. It leaves to them what a total means for a policy, and what to do
// about gaps. Reading a table or the store needs no network and no credentials.
package load

import (
	"cmp"
	"math"
	"time"
)

// Load is what a group had to carry, at evenly spaced instants.
type Load struct {
	Origin  string        // what it was read from, for people
	Start   time.Time     // of the first step, UTC
	Step    time.Duration // from one to the next
	Signals []Signal
	Serving []int // instances that really served at each step; nil: not known
}

// Signal is one quantity over the whole group: what per-instance readings show together
// (mean × instances that served), or the value of a signal of the group.
type Signal struct {
	Name     string
	Totals   []float64 // at each step, 0 or more; NaN: nothing is known of it
	Censored []bool    // nil: none. The instances were saturated: the load was at least this
}

// Quantity says what the numbers of a signal mean where they are read.
type Quantity struct {
	Name        string  // of the signal, as the group calls it
	PerInstance bool    // they are means over the instances that served, and to be multiplied by their number
	Ceiling     float64 // the largest that there can be; 0: there is none
	Each        float64 // of a total: the largest that one instance can show of it, which tells when those that served were saturated; 0: there is none
}

// Options say how history becomes a Load. Zero is the default that is named.
type Options struct {
	Step   time.Duration // one minute. At least a second
	Bridge time.Duration // the longest gap that is crossed by a straight line; three times the history's own spacing
}

func (o Options) step() time.Duration { return cmp.Or(o.Step, time.Minute) }

// Len is the number of steps.
func (l *Load) Len() int {
	if len(l.Signals) == 0 {
		return 0
	}
	return len(l.Signals[0].Totals)
}

// Time is the instant of step i.
func (l *Load) Time(i int) time.Time { return l.Start.Add(time.Duration(i) * l.Step) }

// End is where the last step ends.
func (l *Load) End() time.Time { return l.Time(l.Len()) }

// Signal is the named signal, or nil.
func (l *Load) Signal(name string) *Signal {
	for i := range l.Signals {
		if l.Signals[i].Name == name {
			return &l.Signals[i]
		}
	}
	return nil
}

// Peak is the largest total, and the first step that has it; 0 and -1 where nothing is known.
func (s *Signal) Peak() (total float64, step int) {
	step = -1
	for i, t := range s.Totals {
		if !math.IsNaN(t) && (step < 0 || t > total) {
			total, step = t, i
		}
	}
	return total, step
}

// Gaps are the stretches of a signal of which nothing is known.
type Gaps struct {
	Count        int // of stretches
	Steps        int // in all of them
	Longest      int // steps of the longest one
	LongestBegin int // its first step
}

// Gaps finds them.
func (s *Signal) Gaps() (g Gaps) {
	run := 0
	for i, total := range s.Totals {
		if !math.IsNaN(total) {
			run = 0
			continue
		}
		if run == 0 {
			g.Count++
		}
		run++
		g.Steps++
		if run > g.Longest {
			g.Longest, g.LongestBegin = run, i+1-run
		}
	}
	return g
}
