package forecast_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/policy/forecast"
	"github.com/autoscaled/autoscaled/internal/raced"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var monday = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	minutesADay = 1440
	ahead       = 11
)

// group is one that does as the model says: what is ordered serves ten minutes later.
type group struct {
	m      *forecast.Model
	wanted []int
	minute int
	last   float64 // load
	same   int     // minutes for which it was that
}

func newGroup(budget float64) *group {
	return &group{m: forecast.New(forecast.Settings{Ahead: ahead, Budget: budget})}
}

// serving is how many serve in the present minute.
func (g *group) serving() int {
	least := math.MaxInt
	for _, n := range g.wanted[max(0, len(g.wanted)-ahead):] {
		least = min(least, n)
	}
	if len(g.wanted) == 0 {
		return 1
	}
	return least
}

func (g *group) carry(load float64) forecast.Plan {
	if g.same++; load != g.last {
		g.last, g.same = load, 0
	}
	p := g.m.Observe(forecast.Reading{At: monday.Add(time.Duration(g.minute) * time.Minute), Load: load, Serving: g.serving()})
	g.wanted = append(g.wanted, p.Size)
	g.minute++
	return p
}

func season(minute int) float64 { return 12 - 9*math.Cos(2*math.Pi*float64(minute)/minutesADay) }

func TestADaysSeasonIsForeseen(t *testing.T) {
	t.Parallel()
	g := newGroup(0.01)
	for minute := range 10 * minutesADay {
		p := g.carry(season(minute))
		if comes := season(minute + ahead); minute > 5*minutesADay && math.Abs(p.Expected-comes) > 0.02*comes {
			t.Fatalf("minute %d: expected %.2f, and %.2f came", minute, p.Expected, comes)
		}
	}
}

func TestAGroupKeepsItsBudgetAndLittleMoreThanItNeeds(t *testing.T) {
	t.Parallel()
	if raced.Passes(8) {
		t.Skip("one run of eight under the race detector")
	}
	for _, budget := range []float64{0.05, 0.01} {
		seed := uint64(time.Now().UnixNano())
		random := rand.New(rand.NewPCG(seed, 0))
		g, noise, short, had, needed, n := newGroup(budget), 0.0, 0, 0, 0.0, 0
		for minute := range 28 * minutesADay {
			noise = 0.95*noise + 0.03*random.NormFloat64()
			load := season(minute) * math.Exp(noise)
			serving := g.serving()
			g.carry(load)
			if minute < 14*minutesADay {
				continue
			}
			n++
			had += serving
			needed += math.Ceil(load)
			if load > float64(serving) {
				short++
			}
		}
		if share := float64(short) / float64(n); share > 1.1*budget || share < budget/5 {
			t.Errorf("seed %d: budget %v: short in %.4f of the minutes", seed, budget, share)
		}
		if cost := float64(had) / needed; cost > 1.35 {
			t.Errorf("seed %d: budget %v: %.2f times the need", seed, budget, cost)
		}
	}
}

func TestNoPlanIsFarAboveThePastPeak(t *testing.T) {
	t.Parallel()
	if raced.Passes(4) {
		t.Skip("one run of four under the race detector")
	}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	g, peak := newGroup(0.001), 0.0
	for minute := range 20 * minutesADay {
		load := math.Exp(2 * random.NormFloat64())
		p := g.carry(load)
		peak = max(peak, load)
		if most := math.Ceil(1.5 * peak); !p.Abstains && float64(p.Size) > most {
			t.Fatalf("seed %d, minute %d: a plan of %d after a peak of %.1f", seed, minute, p.Size, peak)
		}
	}
}

func TestWithoutARecordTheModelAbstains(t *testing.T) {
	t.Parallel()
	g := newGroup(0.01)
	for minute := range 6*60 - 1 {
		if p := g.carry(7); !p.Abstains || p.Size != 10 {
			t.Fatalf("minute %d: %+v", minute, p)
		}
	}
	if p := g.carry(7); p.Abstains {
		t.Errorf("after six hours it still abstains")
	}
}

func TestADayWithoutReadingsIsBridgedByTheSeason(t *testing.T) {
	t.Parallel()
	g := newGroup(0.01)
	for minute := range 10 * minutesADay {
		g.carry(season(minute))
	}
	for minute := 10 * minutesADay; minute < 11*minutesADay; minute++ {
		p := g.carry(math.NaN())
		if comes := season(minute + ahead); p.Abstains || math.Abs(p.Expected-comes) > 0.3*comes {
			t.Fatalf("minute %d: %+v, and %.1f came", minute, p, comes)
		}
	}
	g.carry(math.NaN())
	if p := g.carry(math.NaN()); !p.Abstains {
		t.Error("after more than a day it still speaks")
	}
}

func TestAnHourInAWrongUnitTeachesNothing(t *testing.T) {
	t.Parallel()
	if raced.Passes(4) {
		t.Skip("one run of four under the race detector")
	}
	right, wrong := newGroup(0.01), newGroup(0.01)
	for minute := range 12 * minutesADay {
		load := season(minute)
		a := right.carry(load)
		if at := minute - (10*minutesADay + 720); at >= 0 && at < 60 {
			wrong.carry(100 * load)
			continue
		}
		b := wrong.carry(load)
		if at := minute - (10*minutesADay + 780); at > 2*ahead && float64(b.Size) > 1.6*float64(a.Size) {
			t.Fatalf("%d minutes later: %d, and without the error %d", at, b.Size, a.Size)
		}
	}
}

func TestWhateverIsReadAPlanIsSound(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	odd := []float64{0, 0, 0, 1e-300, 1e300, math.NaN(), math.Inf(1), -1, 5, 5, 5}
	m := forecast.New(forecast.Settings{Ahead: 24, Budget: 0.01})
	at := monday
	for i := range raced.Sample(50_000, 10) {
		at = at.Add(time.Duration(random.IntN(4)-1) * time.Minute)
		if random.IntN(1000) == 0 {
			at = at.Add(time.Duration(random.IntN(40)-10) * 24 * time.Hour)
		}
		p := m.Observe(forecast.Reading{At: at, Load: odd[random.IntN(len(odd))], Serving: random.IntN(9), AtLeast: random.IntN(9) == 0})
		if p.Size < 1 || math.IsNaN(p.Expected) || math.IsNaN(p.Price) {
			t.Fatalf("seed %d, reading %d: %+v", seed, i, p)
		}
	}
}

func TestAGroupThatIsFullGrowsUntilItsLoadShows(t *testing.T) {
	t.Parallel()
	g := newGroup(0.01)
	for minute := range 3 * minutesADay {
		g.carry(5 + season(minute)/100)
	}
	const load = 40.0
	for range 120 {
		serving := g.serving()
		r := forecast.Reading{At: monday.Add(time.Duration(g.minute) * time.Minute), Load: min(load, float64(serving)), AtLeast: float64(serving) <= load, Serving: serving}
		p := g.m.Observe(r)
		if r.AtLeast && float64(p.Size) < 1.25*float64(serving) {
			t.Fatalf("minute %d: %d are full, and %d wanted", g.minute, serving, p.Size)
		}
		g.wanted = append(g.wanted, p.Size)
		g.minute++
	}
	if got := g.serving(); got < load {
		t.Errorf("two hours later %d serve for a load of %v", got, load)
	}
}

func TestAYearOfNothingWantsOne(t *testing.T) {
	t.Parallel()
	g := newGroup(0.01)
	for range raced.Sample(365, 20) * minutesADay {
		if p := g.carry(0); p.Size != 1 {
			t.Fatalf("minute %d: %+v", g.minute, p)
		}
	}
}

// A load of few waves leaves most weights of a regression open: what rounding adds to them must
// not grow over the months.
func TestAModelIsAsGoodAfterAYear(t *testing.T) {
	t.Parallel()
	if raced.Passes(4) {
		t.Skip("one run of four under the race detector")
	}
	g := newGroup(0.01)
	load := func(minute int) float64 {
		at := float64(minute)
		return 8 + 5*math.Sin(2*math.Pi*at/minutesADay) + 0.44*math.Sin(at*0.7) + 0.33*math.Sin(at*1.3)
	}
	miss := func(days int) (mean float64) {
		for range days * minutesADay {
			p := g.carry(load(g.minute))
			comes := load(g.minute - 1 + ahead)
			mean += math.Abs(p.Expected-comes) / comes / float64(days*minutesADay)
		}
		return mean
	}
	miss(5)
	early := miss(5)
	miss(raced.Sample(350, 70))
	if late := miss(5); late > 1.5*early {
		t.Errorf("the mean error was %.4f, and is %.4f", early, late)
	}
}

func TestACopyGoesOnLikeTheModel(t *testing.T) {
	t.Parallel()
	g := newGroup(0.01)
	for minute := range 3 * minutesADay {
		g.carry(season(minute))
	}
	twin := *g.m
	for minute := range minutesADay {
		r := forecast.Reading{At: monday.Add(time.Duration(g.minute+minute) * time.Minute), Load: season(minute), Serving: 20}
		if a, b := g.m.Observe(r), twin.Observe(r); a != b {
			t.Fatalf("minute %d: %+v, and the copy %+v", minute, a, b)
		}
	}
}

func TestAnUpdateAllocatesNothing(t *testing.T) {
	g := forecast.New(forecast.Settings{Ahead: ahead, Budget: 0.01})
	minute := 0
	if n := testing.AllocsPerRun(2000, func() {
		minute++
		g.Observe(forecast.Reading{At: monday.Add(time.Duration(minute) * time.Minute), Load: season(minute), Serving: 9})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
