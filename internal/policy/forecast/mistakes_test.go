package forecast_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy/forecast"
	"github.com/autoscaled/autoscaled/internal/raced"
)

// An hour of a wrong unit on the first day lifts neither the plans nor what is believed later.
func TestAWrongUnitOnTheFirstDayIsNotPaidFor(t *testing.T) {
	t.Parallel()
	if raced.Passes(2) {
		t.Skip("one run of two under the race detector")
	}
	random, seed := seeded(t)
	from := 60 + random.IntN(minutesADay-180)
	g := newGroup(0.01)
	for minute := range 4 * minutesADay {
		load := season(minute)
		if at := minute - from; at >= 0 && at < 60 {
			load *= 100
		}
		p := g.carry(load)
		if minute >= from+60+ahead && p.Size > 2*21 {
			t.Fatalf("seed %d: wrong from minute %d on: minute %d: %d are planned for a load of %.1f", seed, from, minute, p.Size, load)
		}
	}
}

// What was wrong for longer than it is disbelieved is forgotten within weeks.
func TestAWrongUnitForADayIsForgottenInSomeWeeks(t *testing.T) {
	t.Parallel()
	if raced.Passes(8) {
		t.Skip("one run of eight under the race detector")
	}
	g := newGroup(0.01)
	const back = 4 * minutesADay
	for minute := range back + 7*7*minutesADay {
		load := season(minute)
		if minute >= back-minutesADay && minute < back {
			load *= 100
		}
		p := g.carry(load)
		if at := minute - back; at > 6*7*minutesADay && (p.Abstains || p.Size > 2*21) {
			t.Fatalf("%d days later: %+v", at/minutesADay, p)
		}
	}
	for minute := range 60 { // and the next mistake is one
		if p := g.carry(2000); p.Expected > 2*21+1 {
			t.Fatalf("minute %d of another mistake: it expects %.0f", minute, p.Expected)
		}
	}
}

func TestAMonthsPeakIsNoMistakeTheNextTime(t *testing.T) {
	t.Parallel()
	if raced.Passes(8) {
		t.Skip("one run of eight under the race detector")
	}
	g := newGroup(0.01)
	const next = 33*minutesADay + 720
	for minute := range next + 120 {
		load := 5.0
		if at := minute - next; at >= 0 || at >= -31*minutesADay && at < -31*minutesADay+600 {
			load = 18
		}
		if p := g.carry(load); minute >= next+60 && p.Expected < 12 {
			t.Fatalf("%d minutes after the load is back at %.0f: %+v", minute-next, load, p)
		}
	}
}

// A jump that is not believed must not leave the group without the room that reaction keeps.
func TestALoadThatIsNotBelievedIsLeftToReaction(t *testing.T) {
	t.Parallel()
	if raced.Passes(4) {
		t.Skip("one run of four under the race detector")
	}
	random, seed := seeded(t)
	g, short := newGroup(0.01), 0
	for minute, load := range working(random)[:odder+200+600] {
		at := minute - odder - 600
		if at >= 0 {
			load *= 4
		}
		if at >= 2*ahead && load > float64(g.serving()) {
			short++
		}
		g.carry(load)
	}
	if short > 40 {
		t.Errorf("seed %d: short for %d of 180 minutes after a jump, and a target for none", seed, short)
	}
}

func TestAWrongUnitForSomeHoursIsNotPaidForOnTheNextDay(t *testing.T) {
	t.Parallel()
	if raced.Passes(4) {
		t.Skip("one run of four under the race detector")
	}
	random, seed := seeded(t)
	g, had, needed := newGroup(0.01), 0.0, 0.0
	for minute, load := range working(random)[:odder+3*minutesADay] {
		if at := minute - odder; at >= 600 && at < 840 {
			load *= 100
		}
		p := g.carry(load)
		if minute >= odder+minutesADay+360 {
			had += float64(p.Size)
			needed += math.Ceil(load)
		}
	}
	if had > 2*needed {
		t.Errorf("seed %d: from the next morning on it has %.1f times what is needed", seed, had/needed)
	}
}

// The past is of another unit than the present: nothing is to be ordered by it.
func TestAPastOfAnotherUnitIsNotOrderedBy(t *testing.T) {
	t.Parallel()
	if raced.Passes(8) {
		t.Skip("one run of eight under the race detector")
	}
	for _, by := range []float64{100, 6, 0.01} {
		f := forecast.NewForecaster(ruled())
		f.Brief()
		for minute := range 10 * minutesADay {
			f.Learn("ahead", monday.Add(time.Duration(minute)*time.Minute), 250*by*season(minute+minutesADay/2))
		}
		for minute := 10 * minutesADay; minute < 13*minutesADay; minute++ {
			in := showing(season(minute+minutesADay/2), 30)
			f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
			if o := in.Outlooks[0]; o.Abstains == "" && o.Count > 2*21 {
				t.Fatalf("by %v: minute %d: load %.0f, and it plans %d", by, minute, season(minute), o.Count)
			}
		}
	}
}

func TestATailCanBeKeptWhateverWasRead(t *testing.T) {
	t.Parallel()
	spec := ruled()
	spec.Policies[0].Forecast.Value = 1
	for _, load := range []float64{1e308, -1e308} {
		f := forecast.NewForecaster(spec)
		f.Snapshot()
		for i := range 20 {
			in := showing(1, 10)
			in.Signals[0].Value = load
			f.Foresee(in, monday.Add(time.Duration(i)*20*time.Second), forecast.Leads{})
			if _, err := json.Marshal(f.Tail()); err != nil {
				t.Fatalf("%v: %v", load, err)
			}
			if _, err := json.Marshal(in.Outlooks); err != nil {
				t.Fatalf("%v: %v", load, err)
			}
		}
	}
}

func TestATailOfAnImpossibleTimeTeachesNothing(t *testing.T) {
	t.Parallel()
	for _, at := range []int64{math.MinInt64, math.MaxInt64, -1 << 62, 1 << 62} {
		f, other := forecast.NewForecaster(ruled()), forecast.NewForecaster(ruled())
		f.Follow(forecast.Tail{Horizons: []forecast.HorizonTail{{Fed: []forecast.Fed{{At: at, Zone: 1, Known: true, Load: 1}}}}})
		a, b := showing(3, 30), showing(3, 30)
		f.Foresee(a, monday, forecast.Leads{})
		other.Foresee(b, monday, forecast.Leads{})
		if a.Outlooks[0].Load != 3 || a.Outlooks[0].Count != b.Outlooks[0].Count {
			t.Errorf("%d: %+v", at, a.Outlooks[0])
		}
	}
}

// FuzzFollow has a forecaster follow a tail that somebody else wrote: what it says can be kept.
func FuzzFollow(f *testing.F) {
	spec := ruled(keepsStandby)
	full := forecast.NewForecaster(spec)
	full.Snapshot()
	for minute := range 12 {
		full.Foresee(showing(season(minute), 30), monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
	}
	said, err := json.Marshal(full.Tail())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(said)
	f.Add([]byte(`{"horizons":[{"first":0,"fed":[{"at":1,"known":true,"load":1e308,"short":1e308,"serving":-5,"lead":9223372036854775807,"zone":2147483647}],"open":{"past":-3,"known":3,"short":99999999,"load":-1e308,"sums":{"read":1,"load":1.7e308}}}]}`))
	f.Fuzz(func(t *testing.T, said []byte) {
		var tail forecast.Tail
		if json.Unmarshal(said, &tail) != nil {
			return
		}
		g := forecast.NewForecaster(spec)
		g.Snapshot()
		g.Follow(tail)
		for minute := range 3 {
			in := showing(season(minute), 3)
			in.Standby = 1
			g.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
			for _, kept := range []any{in.Outlooks, g.Tail()} {
				if _, err := json.Marshal(kept); err != nil {
					t.Fatalf("it says what cannot be kept: %v", err)
				}
			}
		}
	})
}
