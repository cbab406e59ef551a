package main

import (
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/classic"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// contender is a policy with its settings: a classic one, or a spec of ours.
type contender struct {
	name    string
	classic func(scored []float64) classic.Scaler // made for the loads that count
	spec    *policy.Spec
	warmUp  time.Duration    // of ours
	signal  plan.SignalModel // that it decides on
}

// The signals of each instance, in full ones: what it is busy with, of which it shows no more
// than all of itself, and what it has to do, such as requests a second, which goes on growing.
var (
	cpuSignal  = plan.SignalModel{Name: "cpu", From: loadName, PerInstance: true, Ceiling: 1}
	loadSignal = plan.SignalModel{Name: "load", From: loadName, PerInstance: true, Capacity: 1}
)

// scenario is the contender on a trace. Who is ordered serves after the lead, and who leaves
// is released at once. The load of a minute is seen in the next.
func (c *contender) scenario(t *trace, lead time.Duration) plan.Scenario {
	s := plan.Scenario{
		Name: t.name + ": " + c.name, Spec: c.spec, WarmUp: c.warmUp, Load: t.load, From: t.from, Signals: []plan.SignalModel{c.signal}, Brief: true,
		Cloud: plan.Cloud{ToServe: plan.Always(lead), Delay: 1, ReleaseAtOnce: true},
	}
	if c.classic != nil {
		s.Classic = func() classic.Scaler { return c.classic(t.scored()) }
	}
	return s
}

// usual is the setting of the tables: the share of an instance that is to be busy, in percent.
const usual = 70

// contenders are the policies of the tables, the fixed peak first.
func contenders(ours *defaults) []contender {
	list := []contender{
		fixedPeak(),
		{name: "fixed mean", signal: cpuSignal, classic: func(scored []float64) classic.Scaler { return classic.Mean(scored) }},
	}
	for _, f := range families(ours) {
		list = append(list, f.at(usual))
	}
	return list
}

const peakName = "fixed peak"

// fixedPeak has throughout what the highest minute needs.
func fixedPeak() contender {
	return contender{name: peakName, signal: cpuSignal, classic: func(scored []float64) classic.Scaler { return classic.Peak(scored) }}
}

// family is a policy whose setting, in percent, is swept.
type family struct {
	name string
	at   func(percent int) contender
}

// settings are those that are swept.
func settings() (list []int) {
	for percent := 25; percent <= 95; percent += 5 {
		list = append(list, percent)
	}
	return list
}

func families(ours *defaults) []family {
	return []family{
		ofClassic("+1/-1", func(share float64) classic.Scaler { return stepAt(share, 1, 1) }),
		ofClassic("+1/-1 in a row", func(share float64) classic.Scaler { return stepAt(share, 5, 10) }),
		ofClassic("nomad target-value", func(share float64) classic.Scaler { return classic.NewTargetValue(share) }),
		ofClassic("HPA cpu", func(share float64) classic.Scaler { return classic.NewHPA(share, classic.Saturating) }),
		ofClassic("HPA load", func(share float64) classic.Scaler { return classic.NewHPA(share, classic.Unbounded) }),
		ofClassic("AWS target tracking", func(share float64) classic.Scaler { return classic.NewTargetTracking(share) }),
		ofClassic("React", func(share float64) classic.Scaler { return classic.NewReact(share) }),
		ofOurs("autoscaled cpu", cpuSignal, ours),
		ofOurs("autoscaled load", loadSignal, ours),
	}
}

func ofClassic(name string, scaler func(share float64) classic.Scaler) family {
	return family{name, func(percent int) contender {
		return contender{name: named(name, percent), signal: cpuSignal, classic: func([]float64) classic.Scaler { return scaler(float64(percent) / 100) }}
	}}
}

// stepAt adds one above the share and removes one below half of it, upon so many readings in
// a row.
func stepAt(share float64, outPoints, inPoints int) classic.Scaler {
	step := classic.NewStep()
	step.Above, step.Below = share, share/2
	step.OutPoints, step.InPoints = outPoints, inPoints
	return step
}

func ofOurs(name string, signal plan.SignalModel, ours *defaults) family {
	return family{name, func(percent int) contender {
		return contender{name: named(name, percent), signal: signal, spec: ours.at(signal.Name, float64(percent)/100), warmUp: ours.warmUp}
	}}
}

// ahead is ours that forecasts, with a budget.
func ahead(ours *defaults, budget float64) contender {
	return contender{name: fmt.Sprintf("forecast, %g %%", 100*budget), signal: loadSignal, spec: ours.within(budget), warmUp: ours.warmUp}
}

func named(name string, percent int) string { return fmt.Sprintf("%s %d%%", name, percent) }
