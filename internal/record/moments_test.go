package record_test

import (
	"errors"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

func TestOfALongSpanTheNewestAreShownAndFewFaults(t *testing.T) {
	t.Parallel()
	const decisions = 25_000
	items := func(yield func(record.Item, error) bool) {
		for range 100 {
			if !yield(record.Item{}, errors.New("damaged")) {
				return
			}
		}
		for n := range decisions {
			if !yield(record.Item{At: time.Unix(int64(n), 0), State: record.Verified, Decision: policy.Decision{Reason: policy.ReasonSteady}}, nil) {
				return
			}
		}
	}
	all := record.Select("web", items, time.Time{}, true)
	if len(all.Moments) != 10_000 || !all.Cut || len(all.Faults) != 10 {
		t.Fatalf("%d moments, cut %v, %d faults", len(all.Moments), all.Cut, len(all.Faults))
	}
	if first, last := all.Moments[0].At.Unix(), all.Moments[9_999].At.Unix(); first != decisions-10_000 || last != decisions-1 {
		t.Errorf("of %d decisions those from %d to %d are shown, want the newest", decisions, first, last)
	}
	news := record.Select("web", items, time.Time{}, false)
	if len(news.Moments) != 1 || news.Cut {
		t.Errorf("%d moments of one reason, cut %v", len(news.Moments), news.Cut)
	}
}

func TestWhatWasReadAheadOfASpanIsNoFaultOfIt(t *testing.T) {
	t.Parallel()
	tape := &tape{}
	g := newGroup(t, specOfAll(t), 1, tape.sink)
	for range 13 * 360 { // hours, each of which has a whole entry; the next spec comes after twelve
		g.tick()
	}
	from := g.now.Add(-time.Minute)
	cut := tape.entries[3:] // as by a reader who begins behind the first spec
	moments := record.Select("web", record.Read(played(cut)), from, true)
	if len(moments.Faults) != 0 || len(moments.Moments) != 6 {
		t.Errorf("%d moments, and faults %q", len(moments.Moments), moments.Faults)
	}
	if all := record.Select("web", record.Read(played(cut)), time.Time{}, true); len(all.Faults) == 0 {
		t.Error("decisions of the span itself that cannot be read are no faults")
	}
}
