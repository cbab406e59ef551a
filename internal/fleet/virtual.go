package fleet

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// virtualLead is how long an instance that a virtual group orders takes to serve.
const virtualLead = 10 * time.Minute

// censoredFrom is the share of its ceiling from which on an instance may carry more than
// it shows.
const censoredFrom = 0.95

// virtual is a group as it would be if what is decided were carried out: its size goes its
// own way, and the real load is spread over it. What belongs to the group as a whole is as
// it is; what each instance shows is more or less by as much as fewer or more of them
// would carry it.
type virtual struct {
	size        int // decided
	serving     int // of those; the others arrive later
	arrivals    []arrival
	lastServing time.Time
	begun       bool

	memory, before policy.Memory // after and before the newest decision
	inputs         policy.Inputs // of it
	decision       policy.Decision
}

type arrival struct {
	at    time.Time
	count int
}

// decide decides once, on the signals of a group of which so many instances actually exist.
func (v *virtual) decide(spec *policy.Spec, signals []policy.Signal, actual int, now time.Time) policy.Decision {
	if !v.begun {
		v.size, v.serving, v.begun = actual, actual, true
	}
	v.arrive(now)
	observed := policy.Observation{
		Size: policy.Size{Count: v.size, Type: spec.Type}, Becoming: v.size - v.serving, LastServing: v.lastServing,
		Signals: v.rescaled(signals, actual),
	}
	v.before, v.inputs = v.memory.Clone(), observed.Inputs()
	v.decision = policy.Decide(spec, &v.inputs, now, &v.memory)
	v.become(v.decision.Desired.Count, now)
	return v.decision
}

// arrive lets serve what was ordered long enough ago.
func (v *virtual) arrive(now time.Time) {
	for len(v.arrivals) > 0 && !now.Before(v.arrivals[0].at) {
		v.serving += v.arrivals[0].count
		v.lastServing = v.arrivals[0].at
		v.arrivals = v.arrivals[1:]
	}
}

// become gives the group a size. What has not arrived yet goes first.
func (v *virtual) become(size int, now time.Time) {
	if size > v.size {
		v.arrivals = append(v.arrivals, arrival{now.Add(virtualLead), size - v.size})
	}
	for surplus := v.size - size; surplus > 0; {
		last := len(v.arrivals) - 1
		if last < 0 {
			v.serving -= surplus
			break
		}
		gone := min(surplus, v.arrivals[last].count)
		surplus -= gone
		if v.arrivals[last].count -= gone; v.arrivals[last].count == 0 {
			v.arrivals = v.arrivals[:last]
		}
	}
	v.size = size
}

// rescaled are the signals as the virtual instances would show them.
func (v *virtual) rescaled(signals []policy.Signal, actual int) []policy.Signal {
	if actual == 0 || v.serving == 0 || actual == v.size && actual == v.serving {
		return signals
	}
	factor := float64(actual) / float64(v.serving)
	scaled := make([]policy.Signal, len(signals))
	for i, signal := range signals {
		if signal.PerInstance && len(signal.Instances) > 0 {
			signal.Instances = v.spread(signal, factor)
		}
		scaled[i] = signal
	}
	return scaled
}

func (v *virtual) spread(signal policy.Signal, factor float64) []policy.InstanceSample {
	list := make([]policy.InstanceSample, v.size)
	for i := range list {
		if i >= v.serving {
			list[i].Sample = policy.Missing(policy.Warming, time.Time{})
			continue
		}
		shown := signal.Instances[i*len(signal.Instances)/v.serving]
		list[i] = policy.InstanceSample{Instance: shown.Instance, Sample: scaled(shown.Sample, factor, signal.Ceiling)}
	}
	return list
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
