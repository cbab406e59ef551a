package elasticity

import (
	"cmp"
	"math"
	"time"
)

// Metrics are the figures of one run. Each ratio comes with what it was divided by.
//
// With the need d and the supply s (instances that served) of a step, and T steps:
//
//	θ_U = 1/T · Σ max(d−s, 0)/d        θ_O = 1/T · Σ max(s−d, 0)/d
//	τ_U = 1/T · Σ [s < d]              τ_O = 1/T · Σ [s > d]
//	υ   = 1/(T−1) · Σ min(|sgn Δs − sgn Δd|, 1)
//	jitter = (E_s − E_d) / duration
//	σ   = (θ_U⁵ + θ_O⁵ + τ_U⁵ + τ_O⁵ + υ⁵)^⅕
//
// Where the sources leave a choice, or differ, this is the one taken:
//   - d is at least 1, for θ divides by it;
//   - θ is relative to the need of each step, as in Chameleon and ToMPECS 2018. The report
//     of 2016 divides by the largest size instead, and BUNGEE by nothing; their areas are
//     ShortHours and SpareHours;
//   - instances that are still becoming are no supply, but are paid for;
//   - in υ a sign is strict: a supply that stands still while the need moves differs from
//     it. Each step is compared with the one before, so the first is not;
//   - E counts changes instance by instance, as BUNGEE does: a change by three is three.
//     A negative jitter is a supply that is lazier than the need;
//   - σ is of these five, without a sixth term for violated service levels that some add:
//     LostLoad tells those. A small group's large θ_O swamps it: show it, do not rank by it.
//
// Lost load is what exceeded the instances that served, with no queue to put it in.
type Metrics struct {
	Steps         int
	Duration      time.Duration // of all steps
	CensoredSteps int
	Censored      float64 // share of the steps in which the load was at least what is known: low confidence

	ThetaU, ThetaO float64 // mean shortage and surplus, as shares of the need: 1 is as much again
	TauU, TauO     float64 // shares of the time with a shortage, with a surplus
	Upsilon        float64 // share of the time in which supply and need did not move the same way
	JitterPerHour  float64 // changes of supply less changes of need
	Sigma          float64 // distance from the ideal

	OverloadMinutes float64 // with fewer instances than needed
	ShortHours      float64 // instance-hours that were missing
	SpareHours      float64 // instance-hours that served beyond the need
	LoadHours       float64 // instance-hours' worth of load
	LostHours       float64 // of these, what found no instance
	LostLoad        float64 // share: LostHours of LoadHours; 0 without any load

	Scalings   int // changes of the decided size, of any number of instances
	ScalingOut int // of these, to more
	ScalingIn  int // and to fewer

	InstanceHours  float64 // paid for
	OptimumHours   float64 // what [Optimum] pays for when any machine can be released at any step: the need
	AgainstOptimum float64 // InstanceHours as a multiple of OptimumHours
}

// Measure computes the metrics of a run, in one pass. A run without steps has all of them 0.
func Measure(r Run) Metrics {
	if len(r.Load) == 0 {
		return Metrics{}
	}
	var t tally
	t.count(&r, 0)
	for i := 1; i < len(r.Load); i++ {
		t.count(&r, i)
		t.compare(&r, i)
	}
	return t.metrics(&r)
}

// tally is what is added up over the steps. Sizes are added up as integers, so only the
// shares and the load are ever rounded.
type tally struct {
	censored       int
	thetaU, thetaO float64
	under, over    int // steps
	short, spare   int // instances × steps
	need, paid     int // instances × steps
	load, lost     float64
	apart          int // steps in which supply and need moved differently
	restless       int // changes of supply less changes of need, instance by instance
	out, in        int
}

// count adds what a step shows by itself.
func (t *tally) count(r *Run, i int) {
	need, serving, load := r.need(i), r.Serving[i], r.Load[i]
	switch {
	case serving < need:
		t.under++
		t.short += need - serving
		t.thetaU += float64(need-serving) / float64(need)
	case serving > need:
		t.over++
		t.spare += serving - need
		t.thetaO += float64(serving-need) / float64(need)
	}
	t.need += need
	t.paid += r.paid(i)
	t.load += load
	t.lost += max(load-float64(serving), 0)
	if r.Censored != nil && r.Censored[i] {
		t.censored++
	}
}

// compare adds what a step shows next to the one before it.
func (t *tally) compare(r *Run, i int) {
	need, supply := r.need(i)-r.need(i-1), r.Serving[i]-r.Serving[i-1]
	if cmp.Compare(need, 0) != cmp.Compare(supply, 0) {
		t.apart++
	}
	t.restless += max(supply, -supply) - max(need, -need)
	switch before, now := r.desired(i-1), r.desired(i); {
	case now > before:
		t.out++
	case now < before:
		t.in++
	}
}

func (t *tally) metrics(r *Run) Metrics {
	steps, hours := float64(len(r.Load)), r.Step.Hours()
	m := Metrics{
		Steps:           len(r.Load),
		Duration:        r.Step * time.Duration(len(r.Load)),
		CensoredSteps:   t.censored,
		Censored:        float64(t.censored) / steps,
		ThetaU:          t.thetaU / steps,
		ThetaO:          t.thetaO / steps,
		TauU:            float64(t.under) / steps,
		TauO:            float64(t.over) / steps,
		Upsilon:         float64(t.apart) / max(steps-1, 1),
		OverloadMinutes: float64(t.under) * r.Step.Minutes(),
		ShortHours:      float64(t.short) * hours,
		SpareHours:      float64(t.spare) * hours,
		LoadHours:       t.load * hours,
		LostHours:       t.lost * hours,
		Scalings:        t.out + t.in,
		ScalingOut:      t.out,
		ScalingIn:       t.in,
		InstanceHours:   float64(t.paid) * hours,
		OptimumHours:    float64(t.need) * hours,
		AgainstOptimum:  float64(t.paid) / float64(t.need),
	}
	if t.load > 0 {
		m.LostLoad = t.lost / t.load
	}
	if hours > 0 {
		m.JitterPerHour = float64(t.restless) / (steps * hours)
	}
	m.Sigma = distance(m.ThetaU, m.ThetaO, m.TauU, m.TauO, m.Upsilon)
	return m
}

// distance is the Minkowski distance from the origin, of an order as high as there are terms.
func distance(terms ...float64) (d float64) {
	order := float64(len(terms))
	for _, term := range terms {
		d += math.Pow(term, order)
	}
	return math.Pow(d, 1/order)
}
