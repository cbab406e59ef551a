package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestSharesReadAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]string{1. / 80: "1/80", 1. / 8: "1/8.0", 1.8: "1.80 ×", 0.95: "0.95 ×", 0: "0"} {
		if got := ratio(share); got != want {
			t.Errorf("%v is %q, want %q", share, got, want)
		}
	}
	if got := thousands(1234567); got != "1,234,567" {
		t.Errorf("it is %q", got)
	}
	if small, large := micros(2345*time.Nanosecond), micros(358*time.Microsecond); small != "2.35 µs" && small != "2.34 µs" || large != "358 µs" {
		t.Errorf("they are %q and %q", small, large)
	}
}

func TestATargetIsReachedOrMissedAndFailsOnlyWhenFarMissed(t *testing.T) {
	t.Parallel()
	var r report
	r.judge("near", 1, 9, 1./8, "the peer")
	r.judge("noisy", 1, 6, 1./8, "the peer")
	var out strings.Builder
	if err := r.verdict(&out); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"| near | 1/8.0 | 1/9.0 | the peer | reached |", "| noisy | 1/8.0 | 1/6.0 | the peer | **missed** |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	r.judge("far", 1, 2, 1./8, "the peer")
	if err := r.verdict(&out); err == nil || !strings.Contains(err.Error(), "far") {
		t.Errorf("it says %v", err)
	}
}

func TestTheMedianOfSeveralMeasurementsCounts(t *testing.T) {
	t.Parallel()
	b := &bench{repeats: 3}
	times := []time.Duration{5 * time.Microsecond, 90 * time.Microsecond, 7 * time.Microsecond}
	medians, err := b.compare(side{"one", func() (cost, error) {
		c := cost{Polls: 1, Processor: times[0]}
		times = times[1:]
		return c, nil
	}})
	if err != nil || medians[0].perPoll() != 7*time.Microsecond {
		t.Errorf("it is %v: %v", medians[0].perPoll(), err)
	}
}

func TestAMeasurementWithoutValuesIsNone(t *testing.T) {
	t.Parallel()
	b := &bench{repeats: 1}
	for _, c := range []cost{{}, {Polls: 100, Lacking: 2}} {
		if _, err := b.compare(side{"one", func() (cost, error) { return c, nil }}); err == nil {
			t.Errorf("%+v counts", c)
		}
	}
}

func TestTheDrawingIsWellFormedAndShowsEveryLine(t *testing.T) {
	t.Parallel()
	svg := draw([]line{
		{"ours", "ours", []int{100, 1000, 100_000}, []float64{3, 3.1, 3.4}},
		{"theirs", "peer", []int{100, 1000}, []float64{33, 36}},
	})
	decoder := xml.NewDecoder(strings.NewReader(svg))
	circles := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if element, ok := token.(xml.StartElement); ok && element.Name.Local == "circle" {
			circles++
		}
	}
	if circles != 5 || !strings.Contains(svg, "theirs: 36.0 µs") || !strings.Contains(svg, ">100,000<") {
		t.Errorf("it has %d points:\n%s", circles, svg)
	}
}

func TestAPartThatIsNotKnownIsRefused(t *testing.T) {
	t.Parallel()
	if err := run(t.Context(), []string{"-only", "v4"}, io.Discard); err == nil || !strings.Contains(err.Error(), "v2c, v3") {
		t.Errorf("it says %v", err)
	}
}
