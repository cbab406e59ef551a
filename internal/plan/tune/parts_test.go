package tune

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
)

// cutOf is how a scenario is cut, by default in two thirds.
func cutOf(t testing.TB, s *plan.Scenario, o Options) (*parts, error) {
	t.Helper()
	o, err := o.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	entire, err := plan.Replay(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return split(s, entire, &o)
}

func TestAHistoryIsCutWhereADayBegins(t *testing.T) {
	t.Parallel()
	s := scenario(days(21, smooth), 0.6)
	s.Load.Start = s.Load.Start.Add(9 * time.Hour)
	for name, c := range map[string]struct {
		model    *billing.Model
		zone     *time.Location
		share    float64
		cut, end time.Time
	}{
		"two thirds":          {nil, nil, 0, monday.AddDate(0, 0, 14), monday.AddDate(0, 0, 21)},
		"half":                {nil, nil, 0.5, monday.AddDate(0, 0, 11), monday.AddDate(0, 0, 21)},
		"in a zone":           {nil, time.FixedZone("", 9*3600), 0, monday.AddDate(0, 0, 14).Add(15 * time.Hour), monday.AddDate(0, 0, 20).Add(15 * time.Hour)},
		"in that of the bill": {hourly(t), time.UTC, 0, monday.AddDate(0, 0, 14).Add(15 * time.Hour), monday.AddDate(0, 0, 20).Add(15 * time.Hour)},
	} {
		s := *s
		s.Billing = c.model
		p, err := cutOf(t, &s, Options{Zone: c.zone, TuneOn: c.share})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		tuned, held := p.tunedSpan(), p.heldOutSpan()
		if !tuned.From.Equal(s.Load.Start) || !tuned.To.Equal(c.cut) || !held.From.Equal(c.cut) || !held.To.Equal(c.end) {
			t.Errorf("%s: tuned on %v, held out %v", name, tuned, held)
		}
		if want := c.end.Sub(c.cut).Hours() / 24; held.Days != want || math.Abs(tuned.Days-c.cut.Sub(s.Load.Start).Hours()/24) > 1e-9 {
			t.Errorf("%s: %v and %v days, and %v should be held out", name, tuned.Days, held.Days, want)
		}
		if !p.tuned.Load.End().Equal(c.cut) || !p.whole.Load.End().Equal(c.end) || p.whole.Load.Time(p.whole.From) != c.cut.UTC() {
			t.Errorf("%s: the loads end at %v and %v, the second is scored from step %d", name, p.tuned.Load.End(), p.whole.Load.End(), p.whole.From)
		}
	}
}

func TestTheFiguresOfTheDaysAddUp(t *testing.T) {
	t.Parallel()
	for name, model := range map[string]*billing.Model{"hours": nil, "money": hourly(t)} {
		s := scenario(days(16, noisy(3)), 0.7)
		s.Billing = model
		p, err := cutOf(t, s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := plan.Replay(t.Context(), &p.whole)
		if err != nil {
			t.Fatal(err)
		}
		f, sum := figuresOf(r), dayFigures{}
		for _, day := range p.byDay(r) {
			if day.cost <= 0 {
				t.Errorf("%s: a day costs %v", name, day.cost)
			}
			sum.cost += day.cost
			sum.overloadMinutes += day.overloadMinutes
		}
		if p.inMoney != (model != nil) || math.Abs(sum.cost-f.cost(p.inMoney)) > 1e-6 || sum.overloadMinutes != f.OverloadMinutes || f.OverloadMinutes == 0 {
			t.Errorf("%s: the days add up to %+v, and all have %+v", name, sum, f)
		}
	}
}

func TestABillThatIsNotByTheDayCountsHours(t *testing.T) {
	t.Parallel()
	model, err := billing.Parse("monthly.yaml", []byte(`{name: monthly, currency: JPY, zone: Asia/Tokyo, unit: month, price: "1000", charge_by: month, anchor: calendar, stopped: full}`))
	if err != nil {
		t.Fatal(err)
	}
	s := scenario(days(16, smooth), 0.6)
	s.Billing = model
	p, err := cutOf(t, s, Options{})
	if err != nil || p.inMoney || !strings.HasPrefix(p.note, "monthly charges for longer than a day") {
		t.Errorf("in money: %v; note %q; %v", p.inMoney, p.note, err)
	}
	gp, err := billing.Load("gp-gio")
	if err != nil {
		t.Fatal(err)
	}
	if s.Billing = gp; err == nil {
		if p, err := cutOf(t, s, Options{}); err != nil || !p.inMoney || p.note != "" {
			t.Errorf("by the day it is in money: %v; note %q; %v", p.inMoney, p.note, err)
		}
	}
}

func TestAHistoryThatDoesNotBearTuningIsRefused(t *testing.T) {
	t.Parallel()
	unknown := func(from, to int) func(int, float64) float64 {
		return func(day int, hour float64) float64 {
			if day >= from && day < to && hour < 12 {
				return math.NaN()
			}
			return smooth(day, hour)
		}
	}
	times := func(on int, factor float64) func(int, float64) float64 {
		return func(day int, hour float64) float64 {
			if day == on {
				return factor * smooth(day, hour)
			}
			return smooth(day, hour)
		}
	}
	for name, c := range map[string]struct {
		days  int
		shape func(int, float64) float64
		share float64
		words []string // nil: it is taken
	}{
		"13 days":                       {13, smooth, 0, []string{"13 days", "14 at least", "longer one"}},
		"14 days":                       {14, smooth, 0, nil},
		"3 days held out":               {14, smooth, 0.78, []string{"3 whole days", "4 at least", "smaller share"}},
		"4 days to tune on":             {14, smooth, 0.3, []string{"4 days would be tuned on", "a week", "larger share"}},
		"gaps in what is tuned on":      {21, unknown(2, 5), 0, []string{"10.7 %", "tuned on", "2026-06-01", "at most 10 %"}},
		"gaps in what is held out":      {21, unknown(16, 18), 0, []string{"14.3 %", "held out", "2026-06-15", "at most 10 %"}},
		"few gaps":                      {21, unknown(3, 4), 0, nil},
		"a busier day held out":         {21, times(17, 1.3), 0, []string{"2026-06-18", "busier", "13 instances", "theirs to 10", "has seen such days"}},
		"a little busier":               {21, times(17, 1.15), 0, nil},
		"a busier day that is tuned on": {21, times(7, 1.3), 0, nil},
		"a quieter day held out":        {21, times(17, 0.6), 0, []string{"2026-06-18", "quieter", "3.6", "6", "has seen such days"}},
	} {
		_, err := cutOf(t, scenario(days(c.days, c.shape), 0.6), Options{TuneOn: c.share})
		var refused *RefusedError
		if c.words == nil && err != nil || c.words != nil && !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
		for _, word := range c.words {
			if err != nil && !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %q does not say %q", name, err, word)
			}
		}
	}
}

func TestASmallGroupMayVaryByOneInstance(t *testing.T) {
	t.Parallel()
	_, err := cutOf(t, scenario(days(21, func(day int, _ float64) float64 {
		if day == 18 {
			return 1.3
		}
		return 0.4
	}), 0.6), Options{})
	if err != nil {
		t.Error(err)
	}
}
