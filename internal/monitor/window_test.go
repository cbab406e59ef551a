package monitor

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

var epoch = time.Unix(1_800_000_000, 0)

func second(n float64) time.Time { return epoch.Add(time.Duration(n * float64(time.Second))) }

func value(v, at float64) policy.Sample { return policy.ValueAt(v, second(at)) }

func none(why policy.Absence, at float64) policy.Sample { return policy.Missing(why, second(at)) }

func TestWindow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		behaviour string
		span      time.Duration
		samples   []policy.Sample
		at        float64
		want      policy.Sample
	}{
		{"nothing read yet is absent", 0, nil, 0, none(policy.Absent, 0)},
		{"without a span the newest value counts alone", 0,
			[]policy.Sample{value(1, 0), value(5, 10)}, 10, value(5, 10)},
		{"a failed read leaves the value before it standing", 0,
			[]policy.Sample{value(5, 0), none(policy.Failed, 10)}, 10, value(5, 0)},
		{"after the staleness it stands no longer", 0,
			[]policy.Sample{value(5, 0), none(policy.Failed, 10)}, 31, none(policy.Stale, 31)},
		{"a source that could not be asked leaves the value before it standing", 0,
			[]policy.Sample{value(5, 0), none(policy.Overloaded, 10)}, 10, value(5, 0)},
		{"a source that never answered has failed, it is not stale", 0,
			[]policy.Sample{none(policy.Failed, 0)}, 100, none(policy.Failed, 100)},
		{"an answer without a value ends the value before it", 0,
			[]policy.Sample{value(5, 0), none(policy.Absent, 10)}, 10, none(policy.Absent, 10)},
		{"NaN ends the value before it", 0,
			[]policy.Sample{value(5, 0), value(math.NaN(), 10)}, 10, none(policy.NotFinite, 10)},
		{"the mean is taken over the span alone", 20 * time.Second,
			[]policy.Sample{value(100, 0), value(2, 10), value(4, 20)}, 20, value(3, 20)},
		{"what is missing in the span is not counted as zero", 30 * time.Second,
			[]policy.Sample{value(2, 0), none(policy.Failed, 10), none(policy.Absent, 15), value(4, 20)}, 20, value(3, 20)},
		{"an empty span falls back to the newest value", 5 * time.Second,
			[]policy.Sample{value(2, 0), none(policy.Failed, 10)}, 10, value(2, 0)},
		{"the same sample again counts once", 30 * time.Second,
			[]policy.Sample{value(2, 0), value(8, 10), value(8, 10), value(8, 10)}, 10, value(5, 10)},
		{"a sample from before the newest is dropped", 30 * time.Second,
			[]policy.Sample{value(2, 10), value(8, 5)}, 10, value(2, 10)},
		{"after the clock was set back, values of the hour before it do not count", 0,
			[]policy.Sample{value(2, 3600), value(8, 10)}, 10, value(8, 10)},
		{"nor do they when the source has failed since", 0,
			[]policy.Sample{value(2, 3600), none(policy.Failed, 10)}, 10, none(policy.Failed, 10)},
		{"a value that arrives stale is stale", 0,
			[]policy.Sample{value(2, 0)}, 40, none(policy.Stale, 40)},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			w := window{&rules{span: test.span, over: by(policy.Average), most: 10, staleness: 30 * time.Second}, &kept{}}
			for _, sample := range test.samples {
				w.add(sample, sample.At())
			}
			if got, _ := w.read(second(test.at)); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestAWindowNeverMakesUpAValue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := window{&rules{
			span:      time.Duration(rapid.IntRange(0, 60).Draw(t, "span")) * time.Second,
			over:      rapid.SampledFrom([]over{nil, ewma, by(policy.Average), by(policy.Maximum), by(policy.Minimum), by(policy.Percentile(90))}).Draw(t, "over"),
			most:      rapid.IntRange(1, 40).Draw(t, "most"),
			staleness: time.Duration(rapid.IntRange(1, 60).Draw(t, "staleness")) * time.Second,
			fills:     rapid.Bool().Draw(t, "fills"),
		}, &kept{}}
		var believable []policy.Sample
		var now float64
		for range rapid.IntRange(0, 30).Draw(t, "polls") {
			now += rapid.Float64Range(0, 20).Draw(t, "pause")
			sample := drawSample(t, now)
			w.add(sample, second(now))
			if _, ok := sample.Value(); ok {
				believable = append(believable, sample)
			}
		}
		now += rapid.Float64Range(0, 20).Draw(t, "pause")
		believable = slices.DeleteFunc(believable, func(s policy.Sample) bool {
			return second(now).Sub(s.At()) > max(w.span, w.staleness)
		})
		sample, err := w.read(second(now))
		got, ok := sample.ForGrowth()
		if _, trusted := sample.Value(); trusted != (err == nil) && len(believable) > 0 && w.lacks == policy.Present {
			t.Fatalf("%+v together with error %v", sample, err)
		}
		if !ok {
			return
		}
		if len(believable) == 0 {
			t.Fatalf("%v out of no fresh value", got)
		}
		lowest, highest := math.Inf(1), math.Inf(-1)
		for _, sample := range believable {
			v, _ := sample.Value()
			lowest, highest = min(lowest, v), max(highest, v)
		}
		const rounding = 1e-9
		if got < lowest*(1-rounding) || got > highest*(1+rounding) {
			t.Fatalf("%v is not a mean of values in [%v, %v]", got, lowest, highest)
		}
	})
}

func drawSample(t *rapid.T, at float64) policy.Sample {
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return policy.ValueAt(math.NaN(), second(at))
	case 1:
		return none(policy.Absence(rapid.Uint8Range(1, uint8(policy.Filling)).Draw(t, "why")), at)
	default:
		return value(rapid.Float64Range(1, 1e6).Draw(t, "value"), at)
	}
}

func TestAWindowKeepsNoMoreThanItsSpan(t *testing.T) {
	t.Parallel()
	w := window{&rules{span: 10 * time.Second, over: by(policy.Average), most: 12, staleness: 30 * time.Second}, &kept{}}
	for i := range 10_000 {
		w.add(value(1, float64(i)), second(float64(i)))
		w.read(second(float64(i)))
	}
	if w.points.len() > 10 {
		t.Errorf("%d values kept of the last 10 s at one a second", w.points.len())
	}
	if len(w.points.earlier.points) != 11 {
		t.Errorf("the ring has grown to %d and the newest", len(w.points.earlier.points))
	}
}

// A window that holds what extra readings show, too, must not end earlier for it.
func TestExtraReadingsDoNotShortenAWindow(t *testing.T) {
	t.Parallel()
	for over, want := range map[string]float64{"max": 9, "p99": 9} {
		signal := with(ofAll("load"), func(s *config.Signal) { s.Over, s.Window = over, 12*interval })
		s := newScripted(t, groupOf(10*time.Minute, signal), 0)
		says9 := func(string, int) reading.Reading { return says(9, tick(0)) }
		s.read(tick(0), says9)
		var sample policy.Sample
		for second := range 110 { // a storm of events
			now := tick(0).Add(time.Duration(second+1) * time.Second)
			sample = s.read(now, func(string, int) reading.Reading { return says(1, now) })[0].Group
		}
		if value, ok := sample.ForGrowth(); !ok || value != want {
			t.Errorf("%s over 2 minutes is %v after 110 s, want %v", over, sample, want)
		}
	}
}

func TestAPeakThatAnExtraReadingShowedIsNotLost(t *testing.T) {
	t.Parallel()
	signal := with(ofAll("load"), func(s *config.Signal) { s.Over, s.Window = "max", 6*interval })
	s := newScripted(t, groupOf(10*time.Minute, signal), 0)
	for second := range 41 {
		now := tick(0).Add(time.Duration(second) * time.Second)
		value := 1.0
		if second == 13 {
			value = 7
		}
		sample := s.read(now, func(string, int) reading.Reading { return says(value, now) })[0].Group
		if got, _ := sample.ForGrowth(); second > 13 && got != 7 {
			t.Fatalf("after %d s the largest is %v", second, got)
		}
	}
}

func TestAWindowThatOverflowsIsNotFull(t *testing.T) {
	t.Parallel()
	w := window{&rules{span: time.Minute, over: by(policy.Average), most: 3, staleness: time.Minute, fills: true}, &kept{}}
	for n := range 10 {
		w.add(policy.ValueAt(1, second(float64(10*n))), second(float64(10*n)))
	}
	if sample, err := w.read(second(90)); sample.Why() != policy.Filling || !errors.Is(err, errFilling) {
		t.Errorf("it is %v (%v) although it holds half a minute of a whole one", sample, err)
	}
}

func TestANegativeNumberOfSomethingIsNotBelieved(t *testing.T) {
	t.Parallel()
	s := newScripted(t, groupOf(10*time.Minute, ofEach("queue")), 1)
	sample := s.read(tick(0), func(string, int) reading.Reading { return says(-1, tick(0)) })[0].Instances[0].Sample
	if sample.Why() != policy.OutOfRange {
		t.Errorf("-1 on a page is %v", sample)
	}
}
