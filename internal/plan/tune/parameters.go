package tune

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Parameters are the numbers of the scenario's spec that may change by themselves: of
// targets the value and the tolerances, of steps and thresholds the bounds and changes, of
// either direction stabilization, cooldown and rates; min_life if it is set; standby; and
// min, which may fall to leastMin and else to what it is. It looks at no more of the load than its
// step.
//
// A signal is to be held at 85 % at most of what one instance carries: beyond, the replay is
// too kind, for answers slow down before an instance is full. Windows of scaling in are three steps or more: what they have to
// smooth out within a step, the replay does not see.
func Parameters(s *plan.Scenario, leastMin int) []Parameter {
	var list []Parameter
	for i := range s.Spec.Policies {
		list = append(list, ofRule(s, i)...)
	}
	list = append(list, ofDirections(s)...)
	return append(list, ofSizes(s.Spec, leastMin)...)
}

// ofRule are the numbers of one policy.
func ofRule(s *plan.Scenario, i int) []Parameter {
	path := fmt.Sprintf("policies[%d].", i)
	switch rule := &s.Spec.Policies[i]; {
	case rule.Target != nil:
		return ofTarget(path+"target.", i, rule.Target, modelOf(s, rule.Target.Signal))
	case rule.Step != nil:
		return ofStep(path+"step.", i, rule.Step, modelOf(s, rule.Step.Signal))
	case rule.Threshold != nil:
		return ofThreshold(path+"threshold.", i, s)
	}
	return nil
}

// modelOf says how a signal arises.
func modelOf(s *plan.Scenario, signal string) plan.SignalModel {
	if i := slices.IndexFunc(s.Signals, func(m plan.SignalModel) bool { return m.Name == signal }); i >= 0 {
		return s.Signals[i]
	}
	return plan.SignalModel{Name: signal}
}

// fullest is the share of what an instance carries up to which a signal may be held.
const fullest = 0.85

// levels are the values at which a signal may be held or looked for: from half to double
// the present one, below what makes an instance full.
func levels(present float64, model plan.SignalModel) (Unit, []float64) {
	full := cmp.Or(model.Capacity, model.Ceiling)
	if model.Ceiling > 0 {
		full = min(full, model.Ceiling)
	}
	most := 2 * present
	if full > 0 {
		most = min(most, fullest*full)
	}
	switch {
	case !(present > 0):
		return Plain, nil
	case model.Ceiling == 1:
		return Share, percents(int(math.Ceil(50*present)), int(math.Floor(100*most+1e-9)))
	}
	return Plain, figures(present/2, most)
}

// tolerances are those that may be, in whole percents.
var tolerances = []float64{0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3}

func ofTarget(path string, i int, target *policy.Target, model plan.SignalModel) []Parameter {
	of := func(s *policy.Spec) *policy.Target { return s.Policies[i].Target }
	key := "per_instance"
	if model.PerInstance || target.Each {
		key = "value"
	}
	unit, values := levels(target.Value, model)
	return []Parameter{
		floatOf(path+key, unit, values, func(s *policy.Spec) *float64 { return &of(s).Value }),
		floatOf(path+"tolerance_out", Share, tolerances, func(s *policy.Spec) *float64 { return &of(s).ToleranceOut }),
		floatOf(path+"tolerance_in", Share, tolerances, func(s *policy.Spec) *float64 { return &of(s).ToleranceIn }),
	}
}

func ofStep(path string, i int, step *policy.Step, model plan.SignalModel) (list []Parameter) {
	add := func(side, change string, bands []policy.Band, of func(*policy.Spec) []policy.Band, way float64) {
		for j, band := range bands {
			unit, values := levels(band.Bound, model)
			item := fmt.Sprintf("%ssteps[%s %s].", path, side, unit.Text(band.Bound))
			list = append(list, floatOf(item+side, unit, values, func(s *policy.Spec) *float64 { return &of(s)[j].Bound }))
			list = append(list, ofChange(item+change, band.Change, way, func(s *policy.Spec) *policy.Change { return &of(s)[j].Change }))
		}
	}
	add("above", "add", step.Above, func(s *policy.Spec) []policy.Band { return s.Policies[i].Step.Above }, 1)
	add("below", "remove", step.Below, func(s *policy.Spec) []policy.Band { return s.Policies[i].Step.Below }, -1)
	return list
}

func ofThreshold(path string, i int, s *plan.Scenario) (list []Parameter) {
	threshold := s.Spec.Policies[i].Threshold
	of := func(s *policy.Spec) *policy.Threshold { return s.Policies[i].Threshold }
	for j, condition := range threshold.When {
		side, present := "above", condition.Above
		if present == nil {
			side, present = "below", condition.Below
		}
		unit, values := levels(*present, modelOf(s, condition.Signal))
		list = append(list, floatOf(fmt.Sprintf("%swhen[%d].%s", path, j, side), unit, values, func(s *policy.Spec) *float64 {
			return cmp.Or(of(s).When[j].Above, of(s).When[j].Below)
		}))
	}
	if threshold.Of > 1 {
		list = append(list, countOf(path+"hits", Unit(fmt.Sprintf(" of %d", threshold.Of)), wholes(1, threshold.Of), func(s *policy.Spec) *int { return &of(s).Hits }))
	}
	if threshold.Size != nil {
		return list // a size is somebody's word
	}
	key, way := "add", 1.0
	if threshold.Change.Count < 0 || threshold.Change.Share < 0 {
		key, way = "remove", -1
	}
	return append(list, ofChange(path+key, threshold.Change, way, func(s *policy.Spec) *policy.Change { return &of(s).Change }))
}

// largestChange is by how many instances at once a rule may be made to change the group.
const largestChange = 20

// ofChange is by how much a rule changes the group: the way is 1 for growing, and -1 for
// shrinking, which the configuration says by its key.
func ofChange(key string, change policy.Change, way float64, of func(*policy.Spec) *policy.Change) Parameter {
	if change.Share != 0 {
		return Parameter{
			Key: key, Unit: Share, Values: usualPercents(100),
			Get: func(s *policy.Spec) float64 { return way * of(s).Share },
			Set: func(s *policy.Spec, value float64) { of(s).Share = way * value },
		}
	}
	return Parameter{
		Key: key, Values: wholes(1, largestChange),
		Get: func(s *policy.Spec) float64 { return way * float64(of(s).Count) },
		Set: func(s *policy.Spec, value float64) { of(s).Count = int(way * value) },
	}
}

// slowest is how much growing may be made to wait: a history without bursts would wait for
// ever.
const slowest = 5 * time.Minute

// ofDirections are the numbers that limit growing and shrinking.
func ofDirections(s *plan.Scenario) []Parameter {
	step, out := s.Load.Step, s.Spec.Out
	list := []Parameter{
		timeOf("scale_out.stabilization", times(0, max(slowest, out.Stabilization), step), func(s *policy.Spec) *time.Duration { return &s.Out.Stabilization }),
		timeOf("scale_out.cooldown", times(0, max(slowest, out.Cooldown), step), func(s *policy.Spec) *time.Duration { return &s.Out.Cooldown }),
	}
	list = append(list, ofRates("scale_out", "add", s.Spec.Out.Rates, 500, func(s *policy.Spec) []policy.Rate { return s.Out.Rates })...)
	if s.Spec.OutOnly {
		return list
	}
	list = append(list,
		stabilizationIn(times(3*step, 2*time.Hour, step)),
		timeOf("scale_in.cooldown", times(step, time.Hour, step), func(s *policy.Spec) *time.Duration { return &s.In.Cooldown }),
	)
	list = append(list, ofRates("scale_in", "remove", s.Spec.In.Rates, 100, func(s *policy.Spec) []policy.Rate { return s.In.Rates })...)
	if s.Spec.MinLife > 0 {
		list = append(list, timeOf("scale_in.min_life", times(0, 24*time.Hour, step), func(s *policy.Spec) *time.Duration { return &s.MinLife }))
	}
	return list
}

// stabilizationIn is that of scaling in. A tenth of it is part of the gap, as the
// configuration has it.
func stabilizationIn(values []float64) Parameter {
	p := timeOf("scale_in.stabilization", values, func(s *policy.Spec) *time.Duration { return &s.In.Stabilization })
	set := p.Set
	p.Set = func(s *policy.Spec, value float64) {
		s.Gap = max(0, s.Gap+secondsOf(value)/10-s.In.Stabilization/10)
		set(s, value)
	}
	return p
}

func ofRates(direction, key string, rates []policy.Rate, most int, of func(*policy.Spec) []policy.Rate) (list []Parameter) {
	for i, rate := range rates {
		path := fmt.Sprintf("%s.rates[%d].%s", direction, i, key)
		if rate.Share > 0 {
			list = append(list, floatOf(path, Share, usualPercents(most), func(s *policy.Spec) *float64 { return &of(s)[i].Share }))
			continue
		}
		list = append(list, countOf(path, Plain, wholes(1, 2*max(rate.Count, largestChange)), func(s *policy.Spec) *int { return &of(s)[i].Count }))
	}
	return list
}

// ofSizes are the numbers of instances that there are without a load.
func ofSizes(spec *policy.Spec, leastMin int) []Parameter {
	least := spec.Min
	if leastMin > 0 {
		least = min(least, leastMin)
	}
	list := []Parameter{countOf("min", Plain, wholes(least, min(spec.Max, 2*spec.Min+2)), func(s *policy.Spec) *int { return &s.Min })}
	if !spec.OutOnly {
		list = append(list, countOf("scale_in.standby", Plain, wholes(0, min(spec.Max, max(5, 2*spec.Standby))), func(s *policy.Spec) *int { return &s.Standby }))
	}
	return list
}

func floatOf(key string, unit Unit, values []float64, of func(*policy.Spec) *float64) Parameter {
	return Parameter{key, unit, values, func(s *policy.Spec) float64 { return *of(s) }, func(s *policy.Spec, value float64) { *of(s) = value }}
}

func countOf(key string, unit Unit, values []float64, of func(*policy.Spec) *int) Parameter {
	return Parameter{key, unit, values, func(s *policy.Spec) float64 { return float64(*of(s)) }, func(s *policy.Spec, value float64) { *of(s) = int(math.Round(value)) }}
}

func timeOf(key string, values []float64, of func(*policy.Spec) *time.Duration) Parameter {
	return Parameter{
		key, Seconds, values,
		func(s *policy.Spec) float64 { return of(s).Seconds() },
		func(s *policy.Spec, value float64) { *of(s) = secondsOf(value) },
	}
}
