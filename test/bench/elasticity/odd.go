package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/load"
)

const minutesADay = 24 * 60

// odd is a load that something odd happens to, or to what is seen of it.
type odd struct {
	name string
	real func(minute int, load float64) float64 // nil: as it is
	seen func(minute int, load float64) float64 // nil: as it is; NaN: nothing
	days int                                    // 0: four weeks
}

// third is the day on which most odd things begin, after two weeks.
const third = 14 * minutesADay

// during says that a minute lies so many after another.
func during(minute, begin, minutes int) bool { return minute >= begin && minute < begin+minutes }

// oddities are the loads that nobody is to be fooled by.
func oddities() []odd {
	noon := third + minutesADay/2
	timesFrom := func(begin, minutes int, factor float64) func(int, float64) float64 {
		return func(minute int, load float64) float64 {
			if during(minute, begin, minutes) {
				return load * factor
			}
			return load
		}
	}
	const forGood = math.MaxInt32
	noise, jumps, level := rand.New(rand.NewPCG(3, 3)), rand.New(rand.NewPCG(4, 3)), 5.0
	return []odd{
		{name: "nothing odd: days, weeks and noise"},
		{name: "gaps of two hours every night, and of a whole day", seen: func(minute int, load float64) float64 {
			if minute%minutesADay < 120 || minute/minutesADay == 15 {
				return math.NaN()
			}
			return load
		}},
		{name: "three times the load from the third week on", real: timesFrom(third, forGood, 3)},
		{name: "a third of the load from the third week on", real: timesFrom(third, forGood, 1./3)},
		{name: "a week of holiday at a fifth of the load", real: timesFrom(third, 7*minutesADay, 0.2)},
		{name: "shown a hundred times too large for an hour", seen: timesFrom(noon, 60, 100)},
		{name: "shown a hundred times too small for an hour", seen: timesFrom(noon, 60, 0.01)},
		{name: "none at all", real: func(int, float64) float64 { return 0 }},
		{name: "even, with a single spike of 5 minutes to 8 times", real: func(minute int, _ float64) float64 {
			if during(minute, third, 5) {
				return 40
			}
			return 5
		}},
		{name: "white noise", real: func(int, float64) float64 { return 1 + 8*noise.Float64() }},
		{name: "jumps by chance", real: func(int, float64) float64 {
			if jumps.IntN(300) == 0 {
				level = math.Exp(3 * jumps.Float64())
			}
			return level
		}},
		{name: "a single day", days: 1},
	}
}

// seasonal is the load that odd things happen to: days and weeks, with noise.
func seasonal(days int) []float64 {
	random := rand.New(rand.NewPCG(7, 1))
	const persists, spread = 0.98, 0.2
	loads, noise := make([]float64, days*minutesADay), 0.0
	for i := range loads {
		day := float64(i) / minutesADay
		noise = persists*noise + spread*math.Sqrt(1-persists*persists)*random.NormFloat64()
		weekly := 1.0
		if int(day)%7 >= 5 {
			weekly = 0.6
		}
		loads[i] = weekly*(12-9*math.Cos(2*math.Pi*day))*math.Exp(noise) + 0.1
	}
	return loads
}

// The names of the signals of an odd load: what there is, and what is seen.
const (
	realName = "real"
	seenName = "seen"
)

// load makes it.
func (o *odd) load() *load.Load {
	days := 28
	if o.days > 0 {
		days = o.days
	}
	there := seasonal(days)
	seen := make([]float64, len(there))
	for i := range there {
		if o.real != nil {
			there[i] = o.real(i, there[i])
		}
		if seen[i] = there[i]; o.seen != nil {
			seen[i] = o.seen(i, there[i])
		}
	}
	return &load.Load{
		Start: time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC), Step: time.Minute,
		Signals: []load.Signal{{Name: realName, Totals: there}, {Name: seenName, Totals: seen}},
	}
}

// overshootMost is how far above the past peak a size may be that no present load asks for.
const overshootMost = 2

// ofOdd shows what becomes of odd loads.
func (f *forecasts) ofOdd(ctx context.Context, out io.Writer) ([]claim, error) {
	all := oddities()
	scenarios := make([]plan.Scenario, len(all))
	for i := range all {
		l := all[i].load()
		shown := loadSignal
		shown.From, shown.Capacity = seenName, 0
		scenarios[i] = plan.Scenario{
			Name: all[i].name, Spec: f.ours.within(oneBudget), WarmUp: f.ours.warmUp, Load: l, From: min(third, l.Len()/3),
			Signals: []plan.SignalModel{shown, {Name: realName, Capacity: 1}},
			Cloud:   plan.Cloud{ToServe: plan.Always(usually.lead), Delay: 1, ReleaseAtOnce: true},
		}
	}
	results, err := f.replayAll(ctx, scenarios, "odd loads")
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "\n### Odd loads, at a budget of %g %%\n\n", 100*oneBudget)
	rows := [][]string{{"load", "highest size that no present load asked for, × past peak", "× optimum", "overloaded % of T", "abstained % of T"}}
	worst, which := 0.0, ""
	for i, r := range results {
		over := overshoot(r, scenarios[i].Load.Signal(seenName).Totals)
		if over >= worst {
			worst, which = over, all[i].name
		}
		rows = append(rows, []string{all[i].name, number(over, 2), number(r.Metrics.AgainstOptimum, 2), number(100*r.Metrics.TauU, 2), number(100*r.Forecasts[0].Abstained, 1)})
	}
	printMarkdown(out, rows)
	return []claim{{"highest size that no present load asked for, × the past peak (" + which + ")", worst, overshootMost, 0}}, nil
}

// Of a load above the past peak the size may be as high as it asks for, and so it may be
// until the guards of shrinking let go. The first hours are too few for a peak.
const (
	lettingGo = 30     // minutes
	noPeakYet = 6 * 60 // minutes
)

// overshoot is the highest size, of the highest need so far, in minutes in which what is seen
// is not above that.
func overshoot(r *plan.Result, seen []float64) (worst float64) {
	peak, asked := 1.0, 0
	for i := 1; i < len(seen); i++ {
		if peak = max(peak, math.Ceil(r.Load[i-1])); seen[i-1] > peak {
			asked = i
		}
		if i > noPeakYet && i-asked > lettingGo {
			worst = max(worst, float64(r.Desired[i])/peak)
		}
	}
	return worst
}
