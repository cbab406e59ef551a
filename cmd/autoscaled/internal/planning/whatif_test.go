package planning

import (
	"math"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
)

// asked are the figures before and after a change.
type asked struct{ before, after elasticity.Metrics }

// Each form is asked of a day of 2 and 9 instances in turn, and has to change what it says.
func TestEachFormOfWhatIfChangesWhatItSays(t *testing.T) {
	t.Parallel()
	s := onRequests(t)
	h := read(t, Source{}, table("requests", 24*60, func(minute int) string {
		if minute/60%4 < 2 {
			return "200"
		}
		return "900"
	}), s)
	for text, wants := range map[string]func(o *asked) bool{
		"load x1.5":                               func(o *asked) bool { return o.after.InstanceHours > 1.3*o.before.InstanceHours },
		"load 1.5":                                func(o *asked) bool { return o.after.InstanceHours > 1.3*o.before.InstanceHours },
		"time-to-serve 1h":                        func(o *asked) bool { return o.after.OverloadMinutes > o.before.OverloadMinutes+100 },
		"slower x6":                               func(o *asked) bool { return o.after.OverloadMinutes > o.before.OverloadMinutes+100 },
		"quota 3":                                 func(o *asked) bool { return o.after.OverloadMinutes > o.before.OverloadMinutes+100 },
		"flash x3 at 2026-04-01T01:00 for 30m":    func(o *asked) bool { return math.Abs(o.after.LoadHours-o.before.LoadHours-2) < 1e-9 },
		"flash  ×3 at 2026-04-01 01:00 for 30m":   func(o *asked) bool { return math.Abs(o.after.LoadHours-o.before.LoadHours-2) < 1e-9 },
		"lose 50% at 13:00":                       func(o *asked) bool { return o.after.OverloadMinutes > o.before.OverloadMinutes },
		"lose 0.5 at 13:00 for 20m":               func(o *asked) bool { return o.after.OverloadMinutes > o.before.OverloadMinutes },
		"lose 50% at 2026-04-01T13:00+09:00":      func(o *asked) bool { return o.after.OverloadMinutes > o.before.OverloadMinutes },
		"lose 50% at 2026-04-01 13:00 for 30m":    func(o *asked) bool { return o.after.OverloadMinutes > o.before.OverloadMinutes },
		"lose 50% at 2026-04-01T04:00:00Z for 1h": func(o *asked) bool { return o.after.OverloadMinutes > o.before.OverloadMinutes },
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			what, err := ReadWhatIf(text, time.FixedZone("JST", 9*3600))
			if err != nil {
				t.Fatal(err)
			}
			study := made(t, Options{Subjects: []Subject{s}, History: h, Capacities: Capacities{"requests": 100}, WhatIfs: []WhatIf{what}, Surroundings: Surroundings{ToServe: "10m"}})
			o := study.WhatIfs[0]
			if !wants(&asked{o.Before.Metrics, o.After.Metrics}) {
				t.Errorf("before\n%+v\nafter\n%+v", o.Before.Metrics, o.After.Metrics)
			}
		})
	}
}

func TestWhatCannotBeAskedNamesTheNearestForm(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"":                                     "write one of 'load x1.5', 'time-to-serve 20m'",
		"bananas":                              "nothing of the kind can be asked",
		"load":                                 "it is written as in 'load x1.5'",
		"laod x2":                              "it is written as in 'load x1.5'",
		"quota many":                           "it is written as in 'quota 12'",
		"quota 0":                              "a quota is a number of machines, 1 or more",
		"load x1.2.3":                          "`1.2.3` is no factor",
		"time-to-serve soon":                   "`soon` is no length of time",
		"flash x8":                             "it is written as in 'flash x8 at",
		"flash x8 at noon for 5m":              "`noon` is no time",
		"lose half at 20:00":                   "`half` is no share",
		"lose 0% at 20:00":                     "`0%` is no part of the instances",
		"lose 150% at 20:00":                   "`150%` is no part of the instances",
		"lose 50% at 20:00 for ever":           "`ever` is no length of time",
		"lose 50% at 25:00":                    "`25:00` is no time",
		"lose 50%":                             "'lose 50% at 20:00' (every day, for good)",
		"lose 50% at 2026-04-01T13:00 for 1h2": "no length of time",
	} {
		_, err := ReadWhatIf(text, time.UTC)
		expectError(t, err, says)
	}
}

func TestWhatLiesOutsideOfTheHistoryIsRefused(t *testing.T) {
	t.Parallel()
	s := onRequests(t)
	what, err := ReadWhatIf("lose 50% at 2026-04-02T13:00", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Make(t.Context(), Options{
		Subjects: []Subject{s}, History: read(t, Source{}, steady("requests", "50", 60), s), Capacities: Capacities{"requests": 100}, Zone: time.UTC, WhatIfs: []WhatIf{what},
	})
	expectError(t, err, "what if lose 50% at 2026-04-02T13:00: that is not in the history, which is from 2026-03-31T15:00:00Z to 2026-03-31T16:00:00Z")
}
