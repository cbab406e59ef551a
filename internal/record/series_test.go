package record_test

import (
	"encoding/json"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// plain is the spec of a group that holds cpu at 60 and 250 requests each.
var plain = &policy.Spec{Max: 50, Gap: 30 * time.Second, Policies: policy.Targets(
	policy.Target{Name: "target/cpu", Signal: "cpu", Value: 60}, policy.Target{Name: "target/rate", Signal: "rate", Value: 250},
)}

// decided is a decision so long after noon.
func decided(after time.Duration, from, to int, signals ...policy.Input) record.Item {
	return record.Item{
		At: noon.Truncate(time.Hour).Add(after), Spec: plain, State: record.Verified,
		Inputs:   policy.Inputs{Size: policy.Size{Count: from}, Signals: signals},
		Decision: policy.Decision{Current: policy.Size{Count: from}, Desired: policy.Size{Count: to}, Wanted: to, Reason: policy.ReasonWant},
	}
}

func showing(name string, value float64) policy.Input {
	return policy.Input{Name: name, PerInstance: name == "cpu", Value: value, Present: true}
}

func all(items ...record.Item) iter.Seq2[record.Item, error] {
	return func(yield func(record.Item, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// anHour is the series of the hour from noon on.
func anHour(points int, items ...record.Item) record.Series {
	from := noon.Truncate(time.Hour)
	return record.SeriesOf("web", all(items...), from, from.Add(time.Hour), points)
}

// drawn is a curve as JSON has it.
func drawn[T any](t *testing.T, curve []*T) string {
	t.Helper()
	return asJSON(t, curve)
}

func TestAShortPeakStaysInACoarseSeries(t *testing.T) {
	t.Parallel()
	var items []record.Item
	for i := range 360 {
		items = append(items, decided(time.Duration(i)*10*time.Second, 4, 4, showing("cpu", 50)))
	}
	items[100] = decided(1000*time.Second, 4, 9, showing("cpu", 95))
	items[101] = decided(1010*time.Second, 9, 4, showing("cpu", 50))
	items[102].Inputs.Lacking = 3
	s := anHour(12, items...)
	if s.StepSeconds != 300 || len(s.At) != 12 {
		t.Fatalf("%d steps of %d s", len(s.At), s.StepSeconds)
	}
	if got, want := drawn(t, s.Desired), "[4,4,4,9,4,4,4,4,4,4,4,4]"; got != want {
		t.Errorf("desired %s, want %s", got, want)
	}
	if got, want := drawn(t, s.Serving), "[4,4,4,1,4,4,4,4,4,4,4,4]"; got != want {
		t.Errorf("serving %s, want %s", got, want)
	}
	if mean, peak := *s.Signals["cpu"][3], *s.Peaks["cpu"][3]; mean != 51.5 || peak != 95 {
		t.Errorf("cpu has a mean of %g and a peak of %g, want 51.5 and 95", mean, peak)
	}
	if got, want := asJSON(t, s.Marks), `[{"at":"2026-04-01T12:16:40Z","from":4,"to":9,"reason":"want"},{"at":"2026-04-01T12:16:50Z","from":9,"to":4,"reason":"want"}]`; got != want {
		t.Errorf("marks %s, want %s", got, want)
	}
}

func TestASizeHoldsUntilTheNextDecisionAndNotThroughAGap(t *testing.T) {
	t.Parallel()
	at := func(seconds, count int) record.Item {
		return decided(time.Duration(seconds)*time.Second, count, count, showing("cpu", float64(count)))
	}
	from := noon.Truncate(time.Hour)
	blind := at(120, 6)
	blind.Inputs.Signals[0].Present = false
	s := record.SeriesOf("web", all(at(-15, 3), at(15, 4), at(75, 5), at(105, 5), blind, at(135, 7)), from, from.Add(150*time.Second), 30)
	if s.StepSeconds != 5 {
		t.Fatalf("steps of %d s", s.StepSeconds)
	}
	want := "[3,3,3,4," + strings.Repeat("null,", 11) + strings.Repeat("5,", 9) + "6,6,6,7,null,null]"
	if got := drawn(t, s.Desired); got != want {
		t.Errorf("desired %s\nwant    %s", got, want)
	}
	want = "[3,3,3,4," + strings.Repeat("null,", 11) + "5,5,5,5,5,5,5,null,null,null,null,null,7,null,null]"
	if got := drawn(t, s.Signals["cpu"]); got != want {
		t.Errorf("cpu %s\nwant %s", got, want)
	}
}

func TestAForecastStandsAtTheTimeForWhichItWasMade(t *testing.T) {
	t.Parallel()
	var items []record.Item
	for i := range 30 {
		item := decided(time.Duration(i)*time.Minute, 4, 4)
		item.Spec = &policy.Spec{Gap: 3 * time.Minute}
		item.Inputs.Outlooks = []policy.Outlook{
			{Policy: "small", Within: time.Minute, Expected: 1, Low: 1, High: 1},
			{Policy: "forecast", Within: 10 * time.Minute, Expected: float64(i), Low: float64(i) - 1, High: float64(i) + 1, Load: 2},
			{Policy: "silent", Abstains: policy.SilenceYoung, Expected: 99},
		}
		items = append(items, item)
	}
	s := anHour(12, items[10:]...) // steps of five minutes
	if s.Forecast == nil {
		t.Fatal("nothing was foreseen")
	}
	none := "null,null,null,null,"
	for what, c := range map[string]struct{ got, want string }{
		"expected": {drawn(t, s.Forecast.Expected), "[" + none + "12,17,22,27," + none[:len(none)-1] + "]"},
		"low":      {drawn(t, s.Forecast.Low), "[" + none + "9,14,19,24," + none[:len(none)-1] + "]"},
		"high":     {drawn(t, s.Forecast.High), "[" + none + "15,20,25,30," + none[:len(none)-1] + "]"},
		"load":     {drawn(t, s.Forecast.Load), "[null,null,2,2,2,2,null,null," + none[:len(none)-1] + "]"},
	} {
		if c.got != c.want {
			t.Errorf("%s %s\nwant %s", what, c.got, c.want)
		}
	}
	if s := anHour(12, decided(0, 1, 1)); s.Forecast != nil {
		t.Error("a group without forecasts has one")
	}
}

func TestATargetSaysWhetherItIsForEachInstancesShare(t *testing.T) {
	t.Parallel()
	s := anHour(60, decided(0, 2, 2, showing("cpu", 50), showing("rate", 400), showing("other", 1)))
	if got, want := asJSON(t, s.Targets), `{"cpu":60,"rate":250}`; got != want {
		t.Errorf("targets %s, want %s", got, want)
	}
	if got := s.Shared; !slices.Equal(got, []string{"rate"}) {
		t.Errorf("shared %q, want rate: its value is of all instances, its target of one", got)
	}
}

func TestOfManyMarksTheNewestStay(t *testing.T) {
	t.Parallel()
	var items []record.Item
	for i := range 1800 {
		items = append(items, decided(time.Duration(i)*2*time.Second, i, i+1))
	}
	s := anHour(100, items...)
	if len(s.Marks) != 500 || !s.Cut || s.Marks[0].From != 1300 || s.Marks[499].To != 1800 {
		t.Errorf("%d marks, from %+v to %+v, cut: %v", len(s.Marks), s.Marks[0], s.Marks[len(s.Marks)-1], s.Cut)
	}
}

func TestASizeThatAPersonSetIsAMarkAndStandsInTheCurve(t *testing.T) {
	t.Parallel()
	recorded := func(after time.Duration, note string) record.Item {
		return record.Item{At: noon.Truncate(time.Hour).Add(after), Note: note}
	}
	s := anHour(60, decided(0, 2, 5), recorded(20*time.Second, "paused by bob: scaled from 1 to 9"), decided(30*time.Second, 5, 5),
		recorded(70*time.Second, "scaled from 5 to 2 by alice: too many"), decided(80*time.Second, 2, 2), recorded(2*time.Hour, "scaled from 2 to 3 by alice: later"))
	want := `[{"at":"` + s.From.Format(time.RFC3339) + `","from":2,"to":5,"reason":"want"},{"at":"` + s.From.Add(70*time.Second).Format(time.RFC3339) +
		`","from":5,"to":2,"note":"scaled from 5 to 2 by alice: too many"}]`
	if got := asJSON(t, s.Marks); got != want {
		t.Errorf("marks are %s, want %s", got, want)
	}
	if got := drawn(t, s.Desired[:3]); got != "[5,2,null]" {
		t.Errorf("desired %s", got)
	}
}

func TestASeriesTellsWhatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	from := noon.Truncate(time.Hour)
	items := func(yield func(record.Item, error) bool) {
		_ = yield(record.Item{At: from.Add(-time.Minute)}, errors.New("before")) &&
			yield(record.Item{At: from.Add(time.Minute)}, errors.New("torn")) &&
			yield(decided(2*time.Minute, 3, 3), nil) &&
			yield(record.Item{At: from.Add(3 * time.Minute), Note: "held by sato"}, nil)
	}
	s := record.SeriesOf("web", items, from, from.Add(time.Hour), 60)
	if !slices.Equal(s.Faults, []string{"torn"}) {
		t.Errorf("faults %q, want the one within the span", s.Faults)
	}
	if s.Desired[2] == nil || *s.Desired[2] != 3 {
		t.Error("the decision behind the fault is lost")
	}
}

func TestASeriesIsBoundedAndStepsLieAlike(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		span := time.Duration(rapid.Int64Range(-1, int64(12*366*24*time.Hour)).Draw(t, "span"))
		from := noon.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "from")))
		points := rapid.IntRange(-5, 5000).Draw(t, "points")
		s := record.SeriesOf("web", all(decided(0, 1, 1), decided(time.Hour, 1, 2), decided(span, 1, 1)), from, from.Add(span), points)
		if most := min(max(points, 10)+1, record.PointsMost); len(s.At) > most || span > 0 && len(s.At) == 0 {
			t.Fatalf("%d points of %d for %v", len(s.At), most, span)
		}
		for _, curve := range [][]*int{s.Desired, s.Wanted, s.Serving, s.Becoming} {
			if len(curve) != len(s.At) {
				t.Fatalf("a curve of %d points among %d", len(curve), len(s.At))
			}
		}
		if span > 0 && span < time.Hour*24*365 {
			later := record.SeriesOf("web", all(), from.Add(time.Second), from.Add(span+time.Second), points)
			if (later.At[0]-s.At[0])%s.StepSeconds != 0 || later.StepSeconds != s.StepSeconds {
				t.Fatalf("a second later the steps lie elsewhere: %d and %d, every %d and %d s", s.At[0], later.At[0], s.StepSeconds, later.StepSeconds)
			}
		}
	})
}

func TestASpanFromTheBeginningOfTimeHasASeries(t *testing.T) {
	t.Parallel()
	s := record.SeriesOf("web", all(decided(0, 1, 2)), time.Time{}, noon.Add(time.Minute), 300)
	if len(s.At) == 0 || len(s.At) > 301 || len(s.Marks) != 1 {
		t.Errorf("%d points, %d marks", len(s.At), len(s.Marks))
	}
}

func TestASeriesOfWhatWasRecordedGoesThroughJSON(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var tape tape
	g := newGroup(t, specOfAll(t), seed, tape.sink)
	for range 1000 {
		g.tick()
	}
	s := record.SeriesOf("web", record.Read(tape.read()), noon, g.now, 300)
	var back record.Series
	if err := json.Unmarshal([]byte(asJSON(t, s)), &back); err != nil {
		t.Fatal(err)
	}
	if got, want := asJSON(t, back), asJSON(t, s); got != want {
		t.Errorf("it comes back as\n%s\nand was\n%s", got, want)
	}
	if s.Forecast == nil || len(s.Signals) != 3 || len(s.Marks) == 0 || s.Desired[len(s.Desired)-1] == nil {
		t.Errorf("forecast %v, %d signals, %d marks", s.Forecast, len(s.Signals), len(s.Marks))
	}
}

func BenchmarkSeriesOfADay(b *testing.B) {
	var tape tape
	g := newGroup(b, specOfAll(b), 1, tape.sink)
	for range 8640 {
		g.tick()
	}
	for b.Loop() {
		record.SeriesOf("web", record.Read(tape.read()), noon, g.now, 300)
	}
}
