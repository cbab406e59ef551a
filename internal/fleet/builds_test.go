package fleet_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

func TestAGroupLearnsHowLongItsBuildsTakeAndKeepsIt(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		if took := w.status().TimeToServe; took != 0 {
			t.Errorf("before the first build it is %s", took)
		}
		w.load.set(400)
		w.until("four serve", time.Hour, w.atRest(4, 0))
		w.until("it is learned", time.Minute, func() bool { return w.status().TimeToServe > 0 })
		took := w.status().TimeToServe
		if took < 5*time.Minute || took > time.Hour {
			t.Errorf("the builds took %s", took)
		}
		w.kill()
		w.start()
		w.until("it is decided again", time.Minute, func() bool { return !w.status().Decision.At.IsZero() })
		if again := w.status().TimeToServe; again != took {
			t.Errorf("after a restart it is %s, and was %s", again, took)
		}
	})
}

func TestAForecastBelievesMoreThanASingleBuild(t *testing.T) {
	t.Parallel()
	for name, assumed := range map[string]time.Duration{"they take less": 3 * time.Hour, "they take longer": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := quick()
				s.max, s.rules = 20, foreseeing()
				s.rules[0].Forecast.TimeToServe = assumed
				w := begin(t, s, 2, func(time.Time) float64 { return 150 })
				w.shadow = &fleet.Shadow{Spec: policy.Spec{Policies: s.rules}, Past: w.past}
				w.start()
				reckonsAsAssumed := func(when string) {
					t.Helper()
					time.Sleep(30 * time.Minute)
					if f := w.foreseen(); f.Within != assumed {
						t.Errorf("%s builds took %s, and it reckons with %s, want %s", when, w.status().TimeToServe, f.Within, assumed)
					}
					if says := w.status().Shadow.Policies[0]; !strings.Contains(says, "abstains") && !strings.Contains(says, " expected in "+words.Span(assumed)+" ") {
						t.Errorf("%s builds took %s, and the shadow says %s", when, w.status().TimeToServe, says)
					}
				}
				reckonsAsAssumed("before the first,")
				w.load.change(func(l *load) { l.curve, l.value = nil, 290 })
				reckonsAsAssumed("after one,")
				if w.status().TimeToServe == 0 {
					t.Error("nothing was built")
				}
				w.succession()
				reckonsAsAssumed("after a restart,")
				w.load.set(1750)
				time.Sleep(90 * time.Minute)
				if took, got := w.status().TimeToServe, w.foreseen().Within; got > took || got < took/2 {
					t.Errorf("of many builds nine of ten took %s, and it reckons with %s", took, got)
				}
				w.end()
			})
		})
	}
}
