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

// virtualTurn is a decision about a virtual group, with what it rested on. The next turn may
// use its room again, but for that of the decision.
type virtualTurn struct {
	inputs          policy.Inputs
	before          policy.Memory
	decision        policy.Decision
	recommendations []policy.Recommendation // room for those of the decision
	rescaled        rescaled
}

// rescaled is room for signals that are made of others.
type rescaled struct {
	signals   []policy.Signal
	instances []policy.InstanceSample // of all of them
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

// decide decides once, on the signals of a group of which so many instances actually serve,
// and leaves in turn what it decided.
func (v *virtual) decide(turn *virtualTurn, spec *policy.Spec, signals []policy.Signal, actual int, now time.Time) {
	observed := v.observe(spec, signals, actual, now, &turn.rescaled)
	observed.Reduce(&turn.inputs)
	turn.before.Set(&v.Memory)
	v.foresight.foresee(&turn.inputs, now, v.leads)
	turn.decision, turn.recommendations = policy.DecideIn(turn.recommendations, spec, &turn.inputs, now, &v.Memory), nil
	v.become(turn.decision.Desired.Count, now, cmp.Or(v.lead, assumedLead(spec), virtualLead))
}

// observe is what policy is to know of the group at now, until room is used again.
func (v *virtual) observe(spec *policy.Spec, signals []policy.Signal, actual int, now time.Time, room *rescaled) policy.Observation {
	if !v.Begun {
		v.Size, v.Serving, v.Begun = actual, actual, true
	}
	v.arrive(now)
	return policy.Observation{
		Size: policy.Size{Count: v.Size, Type: spec.Type}, Becoming: v.Size - v.Serving, LastServing: v.LastServing,
		Signals: v.rescale(spec, signals, actual, room),
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

// rescale returns the signals as the virtual instances would show them, in the room where they
// differ.
func (v *virtual) rescale(spec *policy.Spec, signals []policy.Signal, actual int, room *rescaled) []policy.Signal {
	differs := func(s policy.Signal) bool { return s.PerInstance || spec.Mean(s.Name) }
	if actual == 0 || v.Serving == 0 || v.is(signals, actual) || !slices.ContainsFunc(signals, differs) {
		return signals
	}
	room.signals, room.instances = append(room.signals[:0], signals...), room.instances[:0]
	for i := range room.signals {
		switch signal := &room.signals[i]; {
		case signal.PerInstance:
			before := len(room.instances)
			room.instances = v.spread(room.instances, signal)
			signal.Instances = room.instances[before:]
		case spec.Mean(signal.Name):
			signal.Group = scaled(signal.Group, float64(actual)/float64(v.Serving), signal.Ceiling)
		}
	}
	return room.signals
}

// is says that the virtual group is what the real one is: none of its instances has still
// to arrive or to warm up.
func (v *virtual) is(signals []policy.Signal, actual int) bool {
	return v.Size == actual && v.Serving == actual && !slices.ContainsFunc(signals, func(s policy.Signal) bool {
		return s.PerInstance && (len(s.Instances) != actual || someWarm(s.Instances))
	})
}

func isWarming(in policy.InstanceSample) bool { return in.Sample.Why() == policy.Warming }

func someWarm(instances []policy.InstanceSample) bool {
	for i := range instances {
		if instances[i].Sample.Why() == policy.Warming {
			return true
		}
	}
	return false
}

// spread appends what the virtual instances would show, by what the real ones do: as large a
// share of them is missing, and those that show something carry the same load together.
// Those that warm up are the real group's affair.
func (v *virtual) spread(list []policy.InstanceSample, signal *policy.Signal) []policy.InstanceSample {
	settled := signal.Instances
	if someWarm(settled) {
		settled = slices.DeleteFunc(slices.Clone(settled), isWarming)
	}
	before := len(list)
	for i := range v.Size {
		if i >= v.Serving || len(settled) == 0 {
			list = append(list, policy.InstanceSample{Sample: policy.Missing(policy.Warming, time.Time{})})
		} else {
			list = append(list, settled[i*len(settled)/v.Serving])
		}
	}
	picked := list[before:][:min(v.Serving, v.Size)]
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
	for i := range instances {
		if value, ok := instances[i].Sample.ForGrowth(); ok {
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
