package plan

import (
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
)

// foresight makes the outlooks of a run, and keeps how they came out. Without a rule that
// forecasts it does nothing.
type foresight struct {
	forecaster *forecast.Forecaster
	leads      forecast.Leads
	rules      []foreseen
	from       int           // the first step that is scored
	step       time.Duration // of the load
}

// foreseen is one rule that forecasts.
type foreseen struct {
	Forecast
	totals   []float64 // what its signal shows over the whole group
	value    float64   // of one instance, at most
	full     float64   // loads that show the value, of one that makes an instance full
	abstains bool      // its newest outlook
	short    int       // scored steps
	silent   int       // scored steps
}

// likely is the share of the machines that come to serve within the time that the
// forecaster reckons with, as the daemon does.
const likely = 0.9

// foresee is the foresight of a run: none of a classic scaler.
func (r *run) foresee() foresight {
	if r.fit == nil {
		return foresight{}
	}
	f := foresight{
		forecaster: forecast.NewForecaster(r.fit), from: r.From, step: r.Load.Step,
		leads: forecast.Leads{Serve: r.Cloud.ToServe.At(likely), Return: r.Cloud.ToReturn.At(likely)},
	}
	if r.Brief {
		f.forecaster.Brief()
	}
	for i := range r.fit.Policies {
		rule := &r.fit.Policies[i]
		if rule.Forecast == nil {
			continue
		}
		seen := foreseen{
			Forecast: Forecast{Policy: rule.Name, Budget: rule.Forecast.Budget, Quantile: rule.Forecast.Quantile},
			value:    rule.Forecast.Value, full: 1, abstains: true,
		}
		for _, model := range r.Signals {
			if model.Name == rule.Forecast.Signal {
				seen.totals = r.totals(model)
				if capacity := model.capacity(); capacity > 0 {
					seen.full = seen.value / capacity
				}
			}
		}
		if n := r.steps(); !r.Brief {
			seen.Expected, seen.Low, seen.High = make([]float32, n), make([]float32, n), make([]float32, n)
		}
		f.rules = append(f.rules, seen)
	}
	return f
}

// look puts outlooks of its own into what an evaluation rests on.
func (f *foresight) look(inputs *policy.Inputs, now time.Time) {
	f.forecaster.Foresee(inputs, now, f.leads)
}

// lookOn learns from an evaluation whose outlooks are known.
func (f *foresight) lookOn(inputs policy.Inputs, now time.Time) {
	inputs.Outlooks = nil
	f.look(&inputs, now)
}

// take keeps what the outlooks of an evaluation at a step say.
func (f *foresight) take(inputs *policy.Inputs, step int) {
	for i := range f.rules {
		seen := &f.rules[i]
		at := slices.IndexFunc(inputs.Outlooks, func(o policy.Outlook) bool { return o.Policy == seen.Policy })
		if seen.abstains = at < 0 || inputs.Outlooks[at].Abstains != ""; at < 0 {
			continue
		}
		outlook := &inputs.Outlooks[at]
		if len(outlook.Costs) > 0 {
			seen.Costs = outlook.Costs
		}
		if seen.abstains {
			continue
		}
		if about := step + stepsFor(outlook.Within, f.step); about < len(seen.Expected) {
			scaled := func(load float64) float32 { return float32(load * seen.full) }
			seen.Expected[about], seen.Low[about], seen.High[about] = scaled(outlook.Expected), scaled(outlook.Low), scaled(outlook.High)
		}
	}
}

// measure counts what became of a step in which so many served.
func (f *foresight) measure(step, serving int) {
	if step < f.from {
		return
	}
	for i := range f.rules {
		seen := &f.rules[i]
		if billionthsOf(seen.totals[step]/seen.value) > int64(serving)*billion {
			seen.short++
		}
		if seen.abstains {
			seen.silent++
		}
	}
}

// finish is how the forecasts came out, of so many scored steps.
func (f *foresight) finish(scored int) (list []Forecast) {
	for i := range f.rules {
		seen := &f.rules[i]
		seen.Short, seen.Abstained = float64(seen.short)/float64(scored), float64(seen.silent)/float64(scored)
		list = append(list, seen.Forecast)
	}
	return list
}
