package plan

import (
	"math"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// fitted is the spec for evaluations that come a step apart, where that is longer than its
// interval: what counts evaluations spans the same time as before.
func fitted(spec *policy.Spec, step time.Duration) *policy.Spec {
	interval := spec.Interval
	if interval >= step || interval <= 0 && spec.Gap >= step {
		return spec
	}
	fit := *spec
	if interval <= 0 {
		fit.Gap = 3 * step
		return &fit
	}
	fit.Interval = step
	fit.Gap += 3 * (step - interval)
	fit.Out.Rates, fit.In.Rates = stretched(spec.Out.Rates, step, 1), stretched(spec.In.Rates, step, -1)
	fit.ReleaseBefore = max(spec.ReleaseBefore, step) // else the last moment could lie between two steps
	fit.Policies = slices.Clone(spec.Policies)
	for i := range fit.Policies {
		if rule := fit.Policies[i].Threshold; rule != nil {
			threshold := *rule
			threshold.Hits, threshold.Of = fewer(rule.Hits, interval, step), fewer(rule.Of, interval, step)
			fit.Policies[i].Threshold = &threshold
		}
	}
	return &fit
}

// fewer is how many evaluations that are a step apart span as much time as n that are an
// interval apart.
func fewer(n int, interval, step time.Duration) int {
	return max(1, int((time.Duration(n)*interval+step-1)/step))
}

// stretched are the rates, those of a shorter period than a step as what they allow in one.
// The way is 1 for growing, and -1 for shrinking.
func stretched(rates []policy.Rate, step time.Duration, way float64) []policy.Rate {
	list := slices.Clone(rates)
	for i, rate := range list {
		if rate.Period >= step || rate.Period <= 0 {
			continue
		}
		periods := float64(step) / float64(rate.Period)
		list[i].Period = step
		if rate.Count > 0 {
			list[i].Count = int(float64(rate.Count) * periods)
		}
		if rate.Share > 0 {
			list[i].Share = way * (math.Pow(1+way*rate.Share, periods) - 1)
		}
	}
	return list
}
