package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// summary says what a configuration is about, in one line, and below it what each of its
// forecasts promises.
func summary(c *config.Config) string {
	var groups, forecasts []string
	for _, name := range slices.Sorted(maps.Keys(c.Groups)) {
		group := c.Groups[name]
		groups = append(groups, fmt.Sprintf("%s (%s, %d to %d)", name, group.Mode, group.Min, group.Max))
		forecasts = append(forecasts, forecastsOf(name, group.Policies, group.Signals)...)
		if group.Shadow != nil {
			forecasts = append(forecasts, forecastsOf(name+"/shadow", group.Shadow.Policies, group.Signals)...)
		}
	}
	noun := "groups"
	if len(groups) == 1 {
		noun = "group"
	}
	first := fmt.Sprintf("%d %s: %s", len(groups), noun, strings.Join(groups, ", "))
	return strings.Join(append([]string{first}, forecasts...), "\n  ")
}

// forecastsOf says in a line each what the policies that forecast promise.
func forecastsOf(group string, policies []config.Policy, signals []config.Signal) (lines []string) {
	for _, p := range policies {
		if p.Forecast == nil {
			continue
		}
		i := slices.IndexFunc(signals, func(s config.Signal) bool { return s.Name == p.Forecast.Signal })
		lines = append(lines, fmt.Sprintf("%s: %s %s", group, p.Name, promise(p.Forecast, signals[i])))
	}
	return lines
}

// promise says how far ahead a forecast orders, how often it lets its group be short, and
// what counts while it abstains.
func promise(f *config.Forecast, signal config.Signal) string {
	each := ""
	if !signal.PerInstance() && !f.Each {
		each = " an instance"
	}
	aim := fmt.Sprintf("%s is above %s%s for at most %s of the time", signal.Name, signal.Amount(f.Value), each, policy.Percent(f.Budget))
	if f.Quantile > 0 {
		aim = fmt.Sprintf("%s of its plans keep %s at %s%s or below", policy.Percent(f.Quantile), signal.Name, signal.Amount(f.Value), each)
	}
	meanwhile := "the others decide"
	if f.Fallback > 0 {
		meanwhile = fmt.Sprintf("%s is held at %s%s", signal.Name, signal.Amount(f.Fallback), each)
	}
	return fmt.Sprintf("orders about %s ahead, so that %s; while it abstains, %s", words.Span(f.TimeToServe), aim, meanwhile)
}
