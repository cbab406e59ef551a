package config

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/words"
)

// Forecast orders ahead of the load, so that what is ordered serves when it is needed. It
// only ever adds. Signal, Value and Each are those of a [Target], but that Value is what an
// instance shows that carries as much as it should at most: beyond it the group is short.
type Forecast struct {
	Signal string
	Value  float64 // shares such as 80% are 0.8; > 0
	Each   bool    // of a signal of the group: it shows what each instance does, such as a utilisation

	Budget   float64 // share of the time, above 0 and below 0.5, in which the group may be short; default 0.01; 0: Quantile is set
	Quantile float64 // share, 0.5 or more and below 1, of the plans that are to suffice; 0: Budget is set

	// Fallback is the value at which the signal is held while the outlook abstains; 0: the
	// others decide. Default: 0.7 × Value where no other policy makes the group grow with
	// its load, and else 0.
	Fallback float64

	TimeToServe  time.Duration // from an order to serving, until the group has learned its own; default 10m
	TimeToReturn time.Duration // likewise of an instance that stands by, at most TimeToServe; default 3m
	Backfill     Backfill
}

// Backfill is where the load is known from before the group's own history begins: at most
// one is set. The zero Backfill is nowhere.
type Backfill struct {
	CSV    string // path of a load in CSV, as plan reads it
	PromQL string // PromQL with one result: what the instances show together
}

const (
	usualBudget   = 0.01
	usualFallback = 0.7 // of the value
	// fallbackTolerance is how far the signal may be above and below the fallback before the
	// group changes, as of a target by default.
	fallbackTolerance = 0.1
	maxTimeToServe    = 4 * time.Hour
)

func readForecast(s *section, group Group, known definitions) *Forecast {
	defer s.close()
	signal := signalOf(s, group.Signals)
	forecast := &Forecast{
		Signal:      signal.Name,
		Budget:      read(s, "budget", 0, overloadBudget),
		Quantile:    read(s, "quantile", 0, planQuantile),
		TimeToServe: read(s, "time_to_serve", min(10*time.Minute, group.Launch.Timeout), duration(time.Second, maxTimeToServe)),
	}
	forecast.TimeToReturn = read(s, "time_to_return", min(3*time.Minute, forecast.TimeToServe), duration(time.Second, maxTimeToServe))
	forecast.Value, forecast.Each = s.readAim("limit", signal)
	forecast.Fallback = read(s, "fallback", 0, positive(maxAim))
	if s.has("backfill") {
		forecast.Backfill = readBackfill(s.section("backfill"), known)
	}
	s.exclude("budget", "budget picks the quantile by itself: remove one of them", "quantile")
	if !s.has("quantile") && forecast.Budget == 0 {
		forecast.Budget = usualBudget
	}
	s.checkLeads(forecast, group)
	s.checkShortage(forecast, signal)
	return forecast
}

func readBackfill(s *section, known definitions) (backfill Backfill) {
	defer s.close()
	switch s.choice("source", "csv", "promql") {
	case "csv":
		backfill.CSV = read(s, "csv", "", absolutePath)
	case "promql":
		backfill.PromQL = read(s, "promql", "", promQLBut(known.queries))
	}
	return backfill
}

// promQLBut accepts PromQL that is not the mere name of a query, which would be read as the
// name of a metric that nobody has.
func promQLBut(queries []string) parser[string] {
	parse := func(value string) (string, error) {
		if slices.Contains(queries, value) {
			return "", fmt.Errorf("`%s` is the name of a query: write PromQL, for this group alone", words.Shown(value))
		}
		return expression.parse(value)
	}
	return parser[string]{parse, like(`\S`, "PromQL with one result")}
}

// overloadBudget accepts the share of the time in which a group may be short.
var overloadBudget = parser[float64]{parseOverloadBudget, shapeOfShares(Bounds{Most: 0.5, Above: true, Below: true}, "share above 0, below 50%")}

func parseOverloadBudget(value string) (float64, error) {
	ratio, err := parseNumber(value)
	switch {
	case err != nil:
		return 0, err
	case ratio <= 0:
		return 0, errors.New("no forecast can promise that the group is never short: write for example 0.1%")
	case ratio >= 0.5:
		return 0, errors.New("lets the group be short for half of the time or more: write less, for example 1%")
	}
	return ratio, nil
}

// planQuantile accepts the share of plans that are to suffice.
var planQuantile = parser[float64]{parsePlanQuantile, shapeOfShares(Bounds{Least: 0.5, Most: 1, Below: true}, "share from 50%, below 100%")}

func parsePlanQuantile(value string) (float64, error) {
	ratio, err := parseNumber(value)
	switch {
	case err != nil:
		return 0, err
	case ratio >= 1:
		return 0, errors.New("no forecast can promise that every plan suffices: write less than 100%, for example 99%")
	case ratio < 0.5:
		return 0, errors.New("has most plans fall short: write 50% or more, for example 99%")
	}
	return ratio, nil
}

// checkLeads reports times from an order to serving that contradict each other, or the
// time after which a launch counts as failed.
func (s *section) checkLeads(forecast *Forecast, group Group) {
	if forecast.TimeToServe > group.Launch.Timeout {
		s.fault("time_to_serve", "%s is longer than launch.timeout (%s), after which a machine is quarantined: shorten it or lengthen that",
			words.Span(forecast.TimeToServe), words.Span(group.Launch.Timeout))
	}
	if forecast.TimeToReturn > forecast.TimeToServe {
		s.fault("time_to_return", "%s is longer than time_to_serve (%s), although a machine that stands by need only be started: shorten it",
			words.Span(forecast.TimeToReturn), words.Span(forecast.TimeToServe))
	}
}

// checkShortage reports a value that the signal never exceeds, so that the group would
// never be short, and a fallback that leaves nothing to spare.
func (s *section) checkShortage(forecast *Forecast, signal Signal) {
	most := signal.top()
	bounded := most > 0 && (signal.PerInstance() || forecast.Each)
	fallback := forecast.Fallback * (1 + fallbackTolerance)
	switch {
	case !signal.hasSource() || forecast.Value == 0: // reported already
	case bounded && forecast.Value >= most:
		s.fault("value", "the group would never be short: %s: write less, for example %s", signal.topInWords(), signal.Amount(0.8*most))
	case forecast.Fallback >= forecast.Value:
		s.fault("fallback", "leaves nothing to spare below %s, at which an instance is full: write less, for example %s", signal.Amount(forecast.Value), signal.Amount(usualFallback*forecast.Value))
	case bounded && fallback >= most:
		s.fault("fallback", "the group would never grow by it: %s, and fallback with its tolerance of 10%% is %s: write less, for example %s",
			signal.topInWords(), signal.Amount(fallback), signal.Amount(usualFallback*forecast.Value))
	}
}

// fillFallbacks gives the forecasts of a group that nothing else makes grow with its load
// something to go by while they abstain.
func fillFallbacks(policies []Policy) {
	if slices.ContainsFunc(policies, Policy.growsWithLoad) {
		return
	}
	for _, policy := range policies {
		if forecast := policy.Forecast; forecast != nil && forecast.Fallback == 0 {
			forecast.Fallback = usualFallback * forecast.Value
		}
	}
}

// foreseesAs says that both policies forecast the same signal.
func (p Policy) foreseesAs(other Policy) bool {
	return p.Forecast != nil && other.Forecast != nil && p.Forecast.Signal != "" && p.Forecast.Signal == other.Forecast.Signal
}

// growsWithLoad says that the policy makes the group grow by what a signal shows now.
func (p Policy) growsWithLoad() bool {
	if p.Schedule != nil || p.Webhook != "" || p.Forecast != nil {
		return false
	}
	grows, _ := p.ways()
	return grows && p.Only != "in"
}
