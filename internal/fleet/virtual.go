package fleet

import (
	"cmp"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
)

// virtualLead is how long an instance that a virtual group orders takes to serve, while
// no real one has shown it.
const virtualLead = 10 * time.Minute

// censoredFrom is the share of its ceiling from which on an instance may carry more than
// it shows.
const censoredFrom = 0.95

// virtual is a group as it would be if what is decided were carried out: its size goes its
// own way, and the real load is spread over it. What belongs to the group as a whole is as
// it is; what each instance shows is more or less by as much as fewer or more of them
// would carry it.
type virtual struct {
	virtualState
	lead      time.Duration  // how long what it orders takes to serve; 0: as its rules assume, or virtualLead
	leads     forecast.Leads // with which its forecasts reckon
	foresight *foresight     // nil: no rule forecasts
}

// virtualTurn is a decision about a virtual group, with what it rested on.
type virtualTurn struct {
	inputs   policy.Inputs
	before   policy.Memory
	decision policy.Decision
}

// virtualState is a virtual group between two decisions.
type virtualState struct {
	Begun       bool          `json:"begun"`
	Size        int           `json:"size"`    // decided
	Serving     int           `json:"serving"` // of those; the others arrive later
	Arrivals    []arrival     `json:"arrivals,omitempty"`
	LastServing time.Time     `json:"last_serving,omitzero"`
	Memory      policy.Memory `json:"memory"`
}

type arrival struct {
	At    time.Time `json:"at"`
	Count int       `json:"count"`
}

// clone is a copy that shares nothing with the state.
func (v virtualState) clone() virtualState {
	v.Arrivals, v.Memory = slices.Clone(v.Arrivals), v.Memory.Clone()
	return v
}

// decide decides once, on the signals of a group of which so many instances actually serve.
func (v *virtual) decide(spec *policy.Spec, signals []policy.Signal, actual int, now time.Time) virtualTurn {
	observed := v.observe(spec, signals, actual, now)
	inputs, before := observed.Inputs(), v.Memory.Clone()
	v.foresight.foresee(&inputs, now, v.leads)
	decision := policy.Decide(spec, &inputs, now, &v.Memory)
	v.become(decision.Desired.Count, now, cmp.Or(v.lead, assumedLead(spec), virtualLead))
	return virtualTurn{inputs, before, decision}
}

// observe is what policy is to know of the group at now.
func (v *virtual) observe(spec *policy.Spec, signals []policy.Signal, actual int, now time.Time) policy.Observation {
	if !v.Begun {
		v.Size, v.Serving, v.Begun = actual, actual, true
	}
	v.arrive(now)
	return policy.Observation{
		Size: policy.Size{Count: v.Size, Type: spec.Type}, Becoming: v.Size - v.Serving, LastServing: v.LastServing,
		Signals: v.rescaled(spec, signals, actual),
	}
}

// jump notes that wall time jumped to now, by so much.
func (v *virtualState) jump(now time.Time, by time.Duration) {
	v.Memory.Jump(now, by)
	if !v.LastServing.IsZero() {
		v.LastServing = v.LastServing.Add(by)
	}
	for i := range v.Arrivals {
		v.Arrivals[i].At = v.Arrivals[i].At.Add(by)
	}
}

// arrive lets serve what was ordered long enough ago.
func (v *virtual) arrive(now time.Time) {
	for len(v.Arrivals) > 0 && !now.Before(v.Arrivals[0].At) {
		v.Serving += v.Arrivals[0].Count
		v.LastServing = v.Arrivals[0].At
		v.Arrivals = v.Arrivals[1:]
	}
}

// become gives the group a size. What it orders arrives after lead. What has not arrived yet goes first.
func (v *virtual) become(size int, now time.Time, lead time.Duration) {
	if size > v.Size {
		v.Arrivals = append(v.Arrivals, arrival{now.Add(lead), size - v.Size})
	}
	for surplus := v.Size - size; surplus > 0; {
		last := len(v.Arrivals) - 1
		if last < 0 {
			v.Serving -= surplus
			break
		}
		gone := min(surplus, v.Arrivals[last].Count)
		surplus -= gone
		if v.Arrivals[last].Count -= gone; v.Arrivals[last].Count == 0 {
			v.Arrivals = v.Arrivals[:last]
		}
	}
	v.Size = size
}

// rescaled are the signals as the virtual instances would show them.
func (v *virtual) rescaled(spec *policy.Spec, signals []policy.Signal, actual int) []policy.Signal {
	spread := func(s policy.Signal) bool { return s.PerInstance || spec.Mean(s.Name) }
	if actual == 0 || v.Serving == 0 || v.is(signals, actual) || !slices.ContainsFunc(signals, spread) {
		return signals
	}
	list := make([]policy.Signal, len(signals))
	for i, signal := range signals {
		switch {
		case signal.PerInstance:
			signal.Instances = v.spread(signal)
		case spec.Mean(signal.Name):
			signal.Group = scaled(signal.Group, float64(actual)/float64(v.Serving), signal.Ceiling)
		}
		list[i] = signal
	}
	return list
}

// is says that the virtual group is what the real one is: none of its instances has still
// to arrive or to warm up.
func (v *virtual) is(signals []policy.Signal, actual int) bool {
	return v.Size == actual && v.Serving == actual && !slices.ContainsFunc(signals, func(s policy.Signal) bool {
		return s.PerInstance && (len(s.Instances) != actual || slices.ContainsFunc(s.Instances, isWarming))
	})
}

func isWarming(in policy.InstanceSample) bool { return in.Sample.Why() == policy.Warming }

// spread makes of what the real instances show what the virtual ones would: as large a
// share of them is missing, and those that show something carry the same load together.
// Those that warm up are the real group's affair.
func (v *virtual) spread(signal policy.Signal) []policy.InstanceSample {
	settled := slices.DeleteFunc(slices.Clone(signal.Instances), isWarming)
	list := make([]policy.InstanceSample, v.Size)
	for i := range list {
		switch {
		case i >= v.Serving || len(settled) == 0:
			list[i].Sample = policy.Missing(policy.Warming, time.Time{})
		default:
			list[i] = settled[i*len(settled)/v.Serving]
		}
	}
	picked := list[:min(v.Serving, len(list))]
	factor := float64(len(settled)) / float64(v.Serving)
	if all, some := meanOf(settled), meanOf(picked); some > 0 && (signal.Statistic == policy.Average || signal.Statistic == policy.Sum) {
		factor *= all / some
	}
	for i := range picked {
		picked[i].Sample = scaled(picked[i].Sample, factor, signal.Ceiling)
	}
	return list
}

// meanOf is the mean of the samples that have a value.
func meanOf(instances []policy.InstanceSample) float64 {
	sum, n := 0.0, 0
	for _, in := range instances {
		if value, ok := in.Sample.ForGrowth(); ok {
			sum += value
			n++
		}
	}
	return sum / float64(max(1, n))
}

// scaled is the sample times factor. An instance at its ceiling may carry more than it
// shows, so that its share of a larger group is doubtful.
func scaled(sample policy.Sample, factor, ceiling float64) policy.Sample {
	value, ok := sample.ForGrowth()
	switch _, trusted := sample.Value(); {
	case !ok:
		return sample
	case !trusted:
		return policy.Doubted(value*factor, sample.Why(), sample.At())
	case factor < 1 && ceiling > 0 && value >= censoredFrom*ceiling:
		return policy.Doubted(value*factor, policy.Censored, sample.At())
	}
	return policy.ValueAt(value*factor, sample.At())
}
