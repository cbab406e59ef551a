package policy_test

import (
	"math"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestTheLoadOfAForecastIsInInstancesThatShowItsValue(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	value := func(v float64) policy.Sample { return policy.ValueAt(v, at) }
	missing := func(why policy.Absence) policy.Sample { return policy.Missing(why, at) }
	censored := policy.Doubted(1, policy.Censored, at)
	instances := func(samples ...policy.Sample) policy.Signal {
		s := policy.Signal{Name: "cpu", PerInstance: true, Ceiling: 1}
		for _, sample := range samples {
			s.Instances = append(s.Instances, policy.InstanceSample{Sample: sample})
		}
		return s
	}
	group := func(sample policy.Sample, ceiling float64) policy.Signal {
		return policy.Signal{Name: "cpu", Group: sample, Ceiling: ceiling}
	}
	with := func(s policy.Signal, statistic policy.Statistic) policy.Signal { s.Statistic = statistic; return s }
	for name, c := range map[string]struct {
		signal   policy.Signal
		each     bool
		becoming int
		settling int
		load     float64
		atLeast  bool
		blind    bool
	}{
		"every instance is read":               {signal: instances(value(.4), value(.2), value(.3), value(.3)), load: 2},
		"one instance cannot be read":          {signal: instances(value(.4), value(.2), value(.3), missing(policy.Failed)), load: 2},
		"one is becoming":                      {signal: instances(value(.4), value(.2), value(.3), missing(policy.Warming)), becoming: 1, load: 1.5},
		"one serves and settles":               {signal: instances(value(.4), value(.2), value(.3), missing(policy.Warming)), becoming: 1, settling: 1, load: 2},
		"more are listed than the group has":   {signal: instances(value(.3), value(.3), value(.3), value(.3), value(.3)), load: 2.5},
		"the quorum is missed":                 {signal: instances(value(.4), value(.2), missing(policy.Failed), missing(policy.Stale)), blind: true},
		"no instance is read":                  {signal: instances(missing(policy.Failed), missing(policy.Failed)), blind: true},
		"the busiest counts":                   {signal: with(instances(value(.1), value(.1), value(.1), value(.6)), policy.Maximum), load: 4},
		"all are saturated":                    {signal: instances(censored, censored, censored, censored), load: 4 / .6, atLeast: true},
		"one of them is":                       {signal: instances(value(.6), value(.6), value(.6), censored), load: 4 * .7 / .6, atLeast: true},
		"all are, and one becomes one":         {signal: instances(missing(policy.Warming), censored, censored, censored), becoming: 1, load: 3 / .6, atLeast: true},
		"what is doubted otherwise says less":  {signal: instances(policy.Doubted(60, policy.UnitChanged, at), policy.Doubted(60, policy.UnitChanged, at)), blind: true},
		"near their ceiling they may be more":  {signal: instances(value(.94), value(.96), value(.95), value(.97)), load: 4 * .955 / .6, atLeast: true},
		"the group's quantity":                 {signal: group(value(3), 0), load: 5},
		"the group's quantity near the most":   {signal: group(value(3.9), 1), load: 6.5, atLeast: true},
		"the mean of the group":                {signal: group(value(.3), 1), each: true, becoming: 1, load: 1.5},
		"the mean of the group near its most":  {signal: group(value(.96), 1), each: true, load: 4 * 1.6, atLeast: true},
		"the group is saturated":               {signal: group(censored, 1), each: true, load: 4 / .6, atLeast: true},
		"the group is not read":                {signal: group(missing(policy.Failed), 1), blind: true},
		"a quantity below 0 is none":           {signal: group(value(-3), 0), load: 0},
		"the signal is another's":              {signal: policy.Signal{Name: "memory", Group: value(1)}, blind: true},
		"what is doubted for another reason":   {signal: group(policy.Doubted(3, policy.Frozen, at), 0), blind: true},
		"nobody serves, and nothing is to say": {signal: instances(), blind: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule := policy.Forecast{Signal: "cpu", Value: .6, Each: c.each, Quorum: .6}
			in := policy.Observation{Size: policy.Size{Count: 4}, Becoming: c.becoming, Settling: c.settling, Signals: []policy.Signal{c.signal}}.Inputs()
			load, atLeast, ok := rule.Load(&in)
			if math.Abs(load-c.load) > 1e-9 || atLeast != c.atLeast || ok == c.blind {
				t.Errorf("got %v, at least %v, known %v", load, atLeast, ok)
			}
		})
	}
}
