package monitor

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/formula"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// answer is what is known of one signal, at one instance or of the group.
type answer struct {
	sample policy.Sample
	err    error // what is wrong, also where another value stands in; nil: nothing, or it is warming
	silent bool  // the source did not answer when it was last asked
}

// answers are those of one signal.
type answers struct {
	group     answer
	instances []answer // of a signal of the instances: one for each target
}

// at is the answer of the ith instance, or the group's.
func (a answers) at(i int) answer {
	if a.instances != nil {
		return a.instances[i]
	}
	return a.group
}

// maker makes the answer of a signal out of those of others. It is for one caller at a time.
type maker func(parts []answer, now time.Time) answer

// made says how a signal is made of others.
type made struct {
	of []int // those, among the signals
	by maker
}

// at is the answer at the ith instance, or of the group.
func (m *made) at(i int, w *work, now time.Time) answer {
	w.parts = w.parts[:0]
	for _, j := range m.of {
		w.parts = append(w.parts, w.found[j].at(i))
	}
	return m.by(w.parts, now)
}

// firstOf takes the first alternative that has a value, and says so when it is not the
// first of all. Without one, a doubted value may still make the group grow.
func firstOf(alternatives []string) maker {
	return func(parts []answer, now time.Time) answer {
		best := parts[0]
		for i, found := range parts {
			if _, ok := found.sample.Value(); !ok {
				continue
			}
			if i == 0 {
				return answer{sample: found.sample}
			}
			return answer{sample: found.sample, err: fmt.Errorf("%s stands in for %s, which is %s: %w", alternatives[i], alternatives[0], best.sample.Why(), cause(best))}
		}
		for i, found := range parts {
			if found.sample.Why() == policy.Warming {
				return found
			} else if _, ok := found.sample.ForGrowth(); ok {
				return answer{sample: found.sample, err: fmt.Errorf("%s: %w", alternatives[i], cause(found))}
			}
		}
		return answer{sample: policy.Missing(best.sample.Why(), now), err: fmt.Errorf("%s, and what should stand in for it, has no value: %w", alternatives[0], cause(best))}
	}
}

var errNotFinite = errors.New("its formula gives no finite number: does something in it divide by 0?")

// computed is the value of the formula. What one operand lacks, the whole lacks; a doubt
// about one is a doubt about the whole; it is as old as its oldest operand.
func computed(f *formula.Formula, ceiling float64) maker {
	names := f.Names()
	values := make([]float64, len(names))
	valueOf := func(name string) float64 { return values[slices.Index(names, name)] }
	return func(parts []answer, now time.Time) answer {
		at, doubt := now, answer{}
		for i, operand := range parts {
			name := names[i]
			value, ok := operand.sample.ForGrowth()
			switch {
			case operand.sample.Why() == policy.Warming:
				return operand
			case !ok:
				return answer{sample: policy.Missing(operand.sample.Why(), now), err: fmt.Errorf("%s is %s: %w", name, operand.sample.Why(), cause(operand))}
			}
			if _, trusted := operand.sample.Value(); !trusted && doubt.err == nil {
				doubt = answer{sample: operand.sample, err: fmt.Errorf("%s is %s: %w", name, operand.sample.Why(), cause(operand))}
			}
			if operand.sample.At().Before(at) {
				at = operand.sample.At()
			}
			values[i] = value
		}
		value := f.Eval(valueOf)
		switch {
		case math.IsNaN(value):
			return answer{sample: policy.Missing(policy.NotFinite, now), err: errNotFinite}
		case ceiling > 0 && value > rounding*ceiling:
			return answer{sample: policy.Missing(policy.OutOfRange, now), err: fmt.Errorf("the value is above its ceiling %g: correct the formula, or ceiling", ceiling)}
		case doubt.err != nil:
			return answer{sample: policy.Doubted(value, doubt.sample.Why(), at), err: doubt.err}
		}
		return answer{sample: policy.ValueAt(value, at)}
	}
}

// cause is what is wrong with an answer; a missing one of a source always says it. That no
// alert has come is nothing wrong with the alerts, but with what needs a number of them.
func cause(a answer) error {
	switch {
	case a.err == nil:
		return errors.New("no reason given")
	case errors.Is(a.err, errQuiet):
		return errors.New(a.err.Error())
	}
	return a.err
}
