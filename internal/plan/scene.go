package plan

import (
	"math"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// scene is what the group sees of itself: what the daemon's monitor and fleet would make of
// the modelled cloud.
type scene struct {
	scenario *Scenario
	shown    []shown
	readings [][]policy.InstanceSample // of each signal of the instances, kept to be filled again
	signals  []policy.Signal           // likewise
	list     []policy.Instance         // likewise
}

// shown is a signal of the group.
type shown struct {
	SignalModel
	totals []float64
	mean   bool // of the group: it shows what each instance does
}

func newScene(s *Scenario) *scene {
	sc := &scene{scenario: s}
	for _, model := range s.Signals {
		sc.shown = append(sc.shown, shown{model, s.totals(model), !model.PerInstance && s.Spec != nil && s.Spec.Mean(model.Name)})
	}
	sc.signals, sc.readings = make([]policy.Signal, len(sc.shown)), make([][]policy.InstanceSample, len(sc.shown))
	return sc
}

// value is what the signal showed at a step at which so many served: of the instances on each
// of them.
func (s *shown) value(step, serving int) (value float64, ok bool) {
	value = s.totals[step]
	if s.PerInstance || s.mean {
		if serving == 0 {
			return 0, false
		}
		value /= float64(serving)
		if s.Ceiling > 0 {
			value = min(value, s.Ceiling)
		}
	}
	return value, !math.IsNaN(value)
}

// observe is what is known of a group of the desired size, as of a step at which so many
// served. Its signals are valid until the next call.
func (sc *scene) observe(p *pool, c *count, desired, step, serving int) policy.Observation {
	observed := policy.Observation{
		Size:     policy.Size{Count: desired, Type: sc.scenario.Spec.Type},
		Becoming: c.warming, Lacking: desired - c.capacity, Leaving: c.leaving, Standby: c.stopped, LastServing: c.lastJoin,
		Signals: sc.signals,
	}
	settled := max(0, desired-observed.Becoming-observed.Lacking)
	observed.Settling = max(0, serving-settled) // of those that served when the signals were read
	at := sc.scenario.at(step)
	for i := range sc.shown {
		model := &sc.shown[i]
		signal := policy.Signal{Name: model.Name, PerInstance: model.PerInstance, Statistic: model.Statistic, Ceiling: model.Ceiling}
		value, ok := model.value(step, serving)
		sample := policy.Missing(policy.Absent, at)
		if ok {
			sample = policy.ValueAt(value, at)
		}
		if model.PerInstance {
			sc.readings[i] = p.readings(sc.readings[i][:0], sample, at)
			signal.Instances = sc.readings[i]
		} else {
			signal.Group = sample
		}
		sc.signals[i] = signal
	}
	return observed
}

// readings appends what each machine that is capacity shows: the sample, once it is settled
// and while it answers.
func (p *pool) readings(list []policy.InstanceSample, sample policy.Sample, at time.Time) []policy.InstanceSample {
	for i := range p.machines {
		m := &p.machines[i]
		if m.Quarantined || m.Goal != policy.InService {
			continue
		}
		reading := policy.InstanceSample{Instance: m.Code, Sample: sample}
		switch {
		case m.Stage != policy.Serving || p.i < m.settled:
			reading.Sample = policy.Missing(policy.Warming, at)
		case m.Cause == policy.Failing:
			reading.Sample = policy.Missing(policy.Failed, at)
		}
		list = append(list, reading)
	}
	return list
}

// instances are the machines as Choose sees them, until the next call. How busy one is, the
// first signal of the instances says.
func (sc *scene) instances(p *pool) []policy.Instance {
	var readings []policy.InstanceSample
	if i := slices.IndexFunc(sc.shown, func(s shown) bool { return s.PerInstance }); i >= 0 {
		readings = sc.readings[i]
	}
	sc.list = sc.list[:0]
	for i := range p.machines {
		m := &p.machines[i]
		in := m.Instance
		in.PaidUntil = p.paidUntil(m)
		if m.Goal == policy.InService {
			in.Load, readings = readingOf(m.Code, readings)
		}
		sc.list = append(sc.list, in)
	}
	return sc.list
}

// readingOf is what an instance shows, and the readings behind its own: they are in the order
// of the machines.
func readingOf(code string, readings []policy.InstanceSample) (policy.Sample, []policy.InstanceSample) {
	for i := range readings {
		if readings[i].Instance == code {
			return readings[i].Sample, readings[i+1:]
		}
	}
	return policy.Sample{}, readings
}

// saturation is the load of an instance, in full ones, beyond which the signals that tell the
// load show no more; 0: there is a signal that shows all of it.
func (sc *scene) saturation() (most float64) {
	for i := range sc.shown {
		capacity := sc.shown[i].capacity()
		if capacity == 0 {
			continue
		}
		if sc.shown[i].Ceiling == 0 {
			return 0
		}
		most = max(most, sc.shown[i].Ceiling/capacity)
	}
	return most
}
