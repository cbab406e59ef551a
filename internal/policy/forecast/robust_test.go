package forecast_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
	"github.com/autoscaled/autoscaled/internal/raced"
)

const odder = 14 * minutesADay // when what is odd begins

// working is a load with a season of a day and a week, and noise.
func working(random *rand.Rand) []float64 {
	load, noise := make([]float64, 28*minutesADay), 0.0
	for minute := range load {
		noise = 0.98*noise + 0.04*random.NormFloat64()
		load[minute] = season(minute) * math.Exp(noise)
		if minute/minutesADay%7 >= 5 {
			load[minute] *= 0.6
		}
	}
	return load
}

func TestWhateverTheHistoryPlansStaySound(t *testing.T) {
	t.Parallel()
	each := func(change func(minute int, load float64) float64) func([]float64) {
		return func(x []float64) {
			for minute := range x {
				x[minute] = change(minute, x[minute])
			}
		}
	}
	noon := func(minute int) bool { return minute >= odder+720 && minute < odder+780 }
	for name, c := range map[string]struct {
		load  func([]float64)                        // as it is
		shown func(minute int, load float64) float64 // as it is read
		days  int                                    // 0: all
		short float64                                // share of the minutes after the odd thing, at most
		cost  float64                                // of it, × the need, at most
	}{
		"season and noise": {short: 0.015, cost: 1.5},
		"gaps of two hours, and of a day": {shown: func(minute int, load float64) float64 {
			if minute%minutesADay < 120 || minute/minutesADay == 15 {
				return math.NaN()
			}
			return load
		}, short: 0.05, cost: 1.6},
		"a level three times as high": {load: each(func(minute int, load float64) float64 {
			if minute >= odder {
				load *= 3
			}
			return load
		}), short: 0.015, cost: 1.6},
		"a level of a third": {load: each(func(minute int, load float64) float64 {
			if minute >= odder {
				load /= 3
			}
			return load
		}), short: 0.015, cost: 1.6},
		"a week of holiday": {load: each(func(minute int, load float64) float64 {
			if minute >= odder && minute < odder+7*minutesADay {
				load /= 5
			}
			return load
		}), short: 0.015, cost: 1.6},
		"an hour of hundredfold readings": {shown: func(minute int, load float64) float64 {
			if noon(minute) {
				load *= 100
			}
			return load
		}, short: 0.015, cost: 2.5},
		"an hour of readings of a hundredth": {shown: func(minute int, load float64) float64 {
			if noon(minute) {
				load /= 100
			}
			return load
		}, short: 0.02, cost: 1.6},
		"nothing at all": {load: each(func(int, float64) float64 { return 0 }), short: 0, cost: 1},
		"one spike": {load: each(func(minute int, _ float64) float64 {
			if minute >= odder && minute < odder+5 {
				return 40
			}
			return 5
		}), short: 0.001, cost: 1.2},
		"white noise": {load: func(x []float64) {
			random := rand.New(rand.NewPCG(3, 3))
			for minute := range x {
				x[minute] = 1 + 8*random.Float64()
			}
		}, short: 0.015, cost: 1.8},
		"jumps": {load: func(x []float64) {
			random, level := rand.New(rand.NewPCG(4, 3)), 5.0
			for minute := range x {
				if random.IntN(300) == 0 {
					level = math.Exp(3 * random.Float64())
				}
				x[minute] = level
			}
		}, short: 0.015, cost: 2},
		"one day": {days: 1, short: 0.02, cost: 1.7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if raced.Passes(8) {
				t.Skip("one of eight under the race detector")
			}
			random, seed := seeded(t)
			load := working(random)
			if c.load != nil {
				c.load(load)
			}
			if c.days > 0 {
				load = load[:c.days*minutesADay]
			}
			short, cost := carried(t, seed, load, c.shown)
			t.Logf("short %.4f, cost %.2f", short, cost)
			if short > c.short || cost > c.cost {
				t.Errorf("seed %d: short %.4f of the time, and %.2f times the need", seed, short, cost)
			}
		})
	}
}

// carried has a group carry a load by plans on what is shown of it, as the house would: without
// a reading it does not shrink. It fails on a plan above twice the past peak without a present
// breach, and says how often the group was short after the odd thing, and what it had over
// what it needed.
func carried(t *testing.T, seed uint64, load []float64, shown func(minute int, load float64) float64) (short, cost float64) {
	t.Helper()
	g, peak, had, needed, n := newGroup(0.01), 0.0, 0.0, 0.0, 0
	from := min(odder, len(load)/3)
	for minute, comes := range load {
		reading, serving := comes, g.serving()
		if shown != nil {
			reading = shown(minute, comes)
		}
		p := g.carry(reading)
		peak = max(peak, comes)
		if breach := reading > peak; minute > 360 && !breach && float64(p.Size) > 2*max(1, math.Ceil(peak)) {
			t.Fatalf("seed %d, minute %d: a plan of %d after a peak of %.1f", seed, minute, p.Size, peak)
		}
		if last := len(g.wanted) - 1; math.IsNaN(reading) && last > 0 {
			g.wanted[last] = max(g.wanted[last], g.wanted[last-1])
		}
		if minute < from {
			continue
		}
		n++
		had += float64(serving)
		needed += max(1, math.Ceil(comes))
		if max(1, comes) > float64(serving) {
			short++
		}
	}
	return short / float64(n), had / needed
}

// foolish is a load that teaches the wrong thing for two weeks: now and then, at no time that
// could be known, it is twenty times what it was, for longer than reaction takes and no longer
// than a plan holds. Then it is calm, and nobody needs what was learned.
func foolish(random *rand.Rand, days int) []float64 {
	load, until := make([]float64, days*minutesADay), 0
	for minute := range load {
		if random.IntN(700) == 0 && minute < odder {
			until = minute + 15
		}
		load[minute] = 3
		if minute < until {
			load[minute] = 60
		}
	}
	return load
}

func TestWhatWasLearnedForNothingIsNotPaidForLong(t *testing.T) {
	t.Parallel()
	if raced.Passes(8) {
		t.Skip("one run of eight under the race detector")
	}
	for range raced.Sample(5, 5) {
		random, seed := seeded(t)
		g, had := newGroup(0.01), 0
		for minute, load := range foolish(random, 20) {
			p := g.carry(load)
			if p.Abstains && g.calm(60) && p.Size != 5 {
				t.Fatalf("seed %d, minute %d: it leaves it to reaction, and wants %d", seed, minute, p.Size)
			}
			if minute >= odder+2*minutesADay {
				had += p.Size
			}
		}
		if mean := float64(had) / (4 * minutesADay); mean > 3*5 {
			t.Errorf("seed %d: on four calm days the group has %.1f instances, and reaction 5", seed, mean)
		}
	}
}

// calm says that the load was the same for so many minutes.
func (g *group) calm(minutes int) bool { return g.same >= minutes }

func TestAModelSpeaksAgainWhenItsRecordIsGood(t *testing.T) {
	t.Parallel()
	if raced.Passes(8) {
		t.Skip("one run of eight under the race detector")
	}
	random, seed := seeded(t)
	g := newGroup(0.01)
	for _, load := range foolish(random, 17) {
		g.carry(load)
	}
	silent := 0
	for minute := range 14 * minutesADay {
		p := g.carry(season(minute) / 4)
		if p.Abstains && minute >= 10*minutesADay {
			silent++
		}
	}
	if silent > 0 {
		t.Errorf("seed %d: after ten days of a season it abstains for %d minutes", seed, silent)
	}
}

// inverted is a load whose every day is the last one turned round, on a level of its own: what
// seasons teach is wrong.
func inverted(random *rand.Rand, days int) []float64 {
	load := make([]float64, 0, days*minutesADay)
	for day := range days {
		level := math.Exp(1.5 * random.NormFloat64())
		for minute := range minutesADay {
			at := minute
			if day%2 == 1 {
				at += minutesADay / 2
			}
			load = append(load, level*season(at))
		}
	}
	return load
}

func TestAModelThatIsFooledLeavesItToReaction(t *testing.T) {
	t.Parallel()
	if raced.Passes(8) {
		t.Skip("one run of eight under the race detector")
	}
	for seed := range uint64(raced.Sample(4, 4)) { // not every level fools it: these do
		f := forecast.NewForecaster(ruled())
		f.Brief()
		g, silent, short := newGroup(0.01), 0, 0
		for minute, load := range inverted(rand.New(rand.NewPCG(1, seed)), 21) {
			serving := g.serving()
			in := showing(load, serving)
			f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
			p := g.carry(load)
			if o := in.Outlooks[0]; o.Abstains == policy.SilenceRecord {
				silent++
				if !p.Abstains || o.Count != 0 {
					t.Fatalf("seed %d, minute %d: %+v, and the plan %+v", seed, minute, o, p)
				}
			}
			if minute > 7*minutesADay && load > float64(serving) {
				short++
			}
		}
		if silent < 300 {
			t.Errorf("seed %d: it abstains for %d minutes", seed, silent)
		}
		if share := float64(short) / (14 * minutesADay); share > 0.02 {
			t.Errorf("seed %d: short %.4f of the time", seed, share)
		}
	}
}

func TestAWrongUnitIsNotBelievedUntilItStays(t *testing.T) {
	t.Parallel()
	g := newGroup(0.01)
	for minute := range 3 * minutesADay {
		g.carry(season(minute))
	}
	// For three hours it may be a mistake; later it is the load.
	var p forecast.Plan
	for minute := range 179 {
		p = g.carry(2000)
		if p.Expected > 2*21+1 {
			t.Fatalf("minute %d: it expects %.0f", minute, p.Expected)
		}
	}
	for range minutesADay {
		p = g.carry(2000)
	}
	if p.Expected < 1900 || p.Size < 2000 {
		t.Errorf("a day later: %+v", p)
	}
}
