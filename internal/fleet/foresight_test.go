package fleet_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
	"github.com/autoscaled/autoscaled/internal/raced"
	"github.com/autoscaled/autoscaled/internal/store"
)

const day = 24 * time.Hour

// foreseeing has one rule, which forecasts the load.
func foreseeing() []policy.Rule {
	return []policy.Rule{{Name: "forecast/load", Forecast: &policy.Forecast{
		Signal: "load", Value: 100, Budget: 0.02, Fallback: 70, TimeToServe: 10 * time.Minute, TimeToReturn: 3 * time.Minute,
	}}}
}

// shift is a day's load: from nine to five o'clock, of the clock, it is high.
func shift(now time.Time) float64 {
	if hour := now.Hour(); hour >= 9 && hour < 17 {
		return 480
	}
	return 120
}

// wavy is a day's load with some noise, always the same at an instant.
func wavy(now time.Time) float64 {
	noise := rand.New(rand.NewPCG(uint64(now.Unix()), 0)).Float64()
	return 300 + 200*math.Sin(2*math.Pi*float64(now.Unix()%86400)/86400) + 40*noise
}

// remembering teaches the load of the last days.
func remembering(days int, load func(time.Time) float64, now func() time.Time) fleet.Past {
	return func(_ context.Context, f *forecast.Forecaster, _ forecast.Leads) (bool, time.Duration) {
		end := now()
		for at := end.Add(-time.Duration(days) * day); at.Before(end); at = at.Add(time.Minute) {
			f.Learn("forecast/load", at, load(at))
		}
		return true, 0
	}
}

// slowly is a group that is looked at seldom, as stories of days are.
func slowly() setting {
	s := quick()
	s.interval, s.glance, s.idle, s.dayLeft, s.rules = 5*time.Minute, 5*time.Minute, time.Hour, 20*time.Hour, foreseeing()
	return s
}

// foreseen is what the group's forecast says.
func (w *world) foreseen() *policy.Foreseen {
	if all := w.status().Foreseen; len(all) > 0 {
		return all[0]
	}
	return nil
}

func (w *world) speaks() bool { return w.foreseen() != nil && w.foreseen().Abstains == "" }

// begin starts a world whose clock and load its past knows.
func begin(t *testing.T, s setting, days int, curve func(time.Time) float64) *world {
	t.Helper()
	w := newWorld(t, s)
	w.load.change(func(l *load) { l.curve = curve })
	if days > 0 {
		w.past = remembering(days, curve, w.now)
	}
	return w
}

func TestAGroupThatKnowsItsDaysHasTheMachinesBeforeTheLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := slowly()
		s.interval, s.dayLeft = time.Minute, 11*time.Hour // it begins at four o'clock
		w := begin(t, s, 14, shift)
		w.start()
		w.until("two serve, and it speaks", time.Hour, func() bool { return w.serving() == 2 && w.speaks() })
		time.Sleep(time.Until(time.Now().Add(w.now().Truncate(day).Add(9 * time.Hour).Sub(w.now()))))
		if got := w.serving(); got < 5 {
			t.Errorf("%d serve when the load comes: %+v", got, w.foreseen())
		}
		w.end()
	})
}

// steady is a group that stays as large as it is, so that what is decided rests on load and
// clock alone, whatever a death delays.
func steady() setting {
	s := slowly()
	s.max = 2
	s.rules[0].Forecast.Value, s.rules[0].Forecast.Fallback = 300, 210
	return s
}

// decisions lets the group run, and lists what it decided with the outlooks, as JSON; "" for
// what a process that died at it, or could not write it down, does not tell. After each,
// disturb may let a process die.
func (w *world) decisions(days int, disturb func()) (lines []string) {
	for end := w.now().Add(time.Duration(days) * day); w.now().Before(end); {
		time.Sleep(w.nextDecision() + time.Second)
		s := w.status()
		text, err := json.Marshal([]any{s.Decision, s.Foreseen})
		must(w.t, err)
		if w.fuse.isBlown() || s.Trouble != "" {
			text = nil
		}
		lines = append(lines, string(text))
		disturb()
	}
	return lines
}

// nextDecision is how long it takes until then.
func (w *world) nextDecision() time.Duration {
	return time.Until(time.Now().Truncate(w.interval).Add(w.interval))
}

// succession starts a process that decides when the one before would have.
func (w *world) succession() {
	w.kill()
	w.fuse.arm(0, false)
	w.slot = w.nextDecision()
	w.start()
}

func TestForecastsOfAProcessThatDiesAtAnyTimeAreThoseOfOneThatLives(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{10 * time.Minute, 4 * time.Hour} { // a step is an evaluation, or several
		t.Run(ahead.String()+" ahead", func(t *testing.T) {
			t.Parallel()
			s := steady()
			s.rules[0].Forecast.TimeToServe = ahead
			compareWithDeaths(t, s)
		})
	}
}

// compareWithDeaths compares what is decided when no process dies with what is when many do.
func compareWithDeaths(t *testing.T, s setting) {
	const days = 2
	var want []string
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, s, 0, wavy)
		w.start()
		want = w.decisions(days, func() {})
		w.end()
	})
	spoke := 0
	for _, line := range want {
		if !strings.Contains(line, `"abstains"`) {
			spoke++
		}
	}
	if spoke < len(want)/2 {
		t.Fatalf("the forecast spoke in %d of %d decisions", spoke, len(want))
	}
	first := rand.Uint64()
	for seed := first; seed < first+uint64(raced.Sample(4, 4)); seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 0))
				w := begin(t, s, 0, wavy)
				w.start()
				deaths := 0
				got := w.decisions(days, func() {
					w.fuse.set(func(f *fuse) { f.diskFull = f.diskFull && random.IntN(30) > 0 })
					switch {
					case w.fuse.isBlown():
						w.succession()
					case w.status().Trouble != "": // who dies now loses what it read
					case random.IntN(50) == 0:
						w.fuse.set(func(f *fuse) { f.diskFull = true })
					case random.IntN(10) == 0: // between two decisions
						time.Sleep(time.Duration(random.Int64N(int64(w.nextDecision() - time.Minute))))
						w.succession()
						deaths++
					case random.IntN(10) == 0: // right after a decision is on disk
						w.fuse.arm(1, true)
						deaths++
					}
				})
				for i := range want {
					if got[i] != "" && got[i] != want[i] {
						t.Fatalf("after some of %d deaths, decision %d of %d is\n%s\nand without any it is\n%s", deaths, i+1, len(want), got[i], want[i])
					}
				}
				if len(got) != len(want) || deaths < 10 {
					t.Fatalf("%d deaths, and %d decisions in place of %d", deaths, len(got), len(want))
				}
				w.end()
			})
		})
	}
}

func TestADeathBeforeADecisionIsOnDiskLosesItsReadingAlone(t *testing.T) {
	seed := rand.Uint64()
	tellHeard(t, steady(), func(t *testing.T, w *world, log journal) {
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		w.load.change(func(l *load) { l.curve = wavy })
		w.decisions(1, func() {
			switch {
			case w.fuse.isBlown():
				w.succession()
			case random.IntN(5) == 0:
				w.fuse.arm(1, false)
			}
		})
		time.Sleep(2 * w.interval)
		if w.fuse.isBlown() {
			w.succession()
			time.Sleep(2 * w.interval)
		}
		if !w.speaks() {
			t.Errorf("after a day the forecast says %v", w.foreseen())
		}
		log.times(0, zap.InfoLevel, "of no use")
	})
}

func TestAForecastWithOtherSettingsBeginsAnewFromThePast(t *testing.T) {
	tellHeard(t, steady(), func(t *testing.T, w *world, log journal) {
		w.load.change(func(l *load) { l.curve = wavy })
		var asked atomic.Int32 // it is asked by the goroutine that learns
		w.past = func(ctx context.Context, f *forecast.Forecaster, leads forecast.Leads) (bool, time.Duration) {
			asked.Add(1)
			return remembering(14, wavy, w.now)(ctx, f, leads)
		}
		w.decisions(1, func() {})
		w.succession() // with a past, and what was learned without it
		w.decisions(1, func() {})
		if asked.Load() != 0 || !w.speaks() {
			t.Errorf("the past was asked %d times although all is known, and the forecast says %v", asked.Load(), w.foreseen())
		}
		w.rules = foreseeing()
		w.rules[0].Forecast.Value = 350
		w.succession()
		time.Sleep(2 * w.interval)
		if asked.Load() != 1 || !w.speaks() {
			t.Errorf("the past was asked %d times, and the forecast says %v", asked.Load(), w.foreseen())
		}
		log.times(1, zap.InfoLevel, "of no use")
		w.succession()
		time.Sleep(2 * w.interval)
		if asked.Load() != 1 || !w.speaks() {
			t.Errorf("the past was asked %d times, and the next process says %v", asked.Load(), w.foreseen())
		}
	})
}

func TestAForecastOfAnotherShapeIsLearnedAnewAndHoldsUpNoStart(t *testing.T) {
	tellHeard(t, steady(), func(t *testing.T, w *world, log journal) {
		w.load.change(func(l *load) { l.curve = wavy })
		w.past = remembering(14, wavy, w.now)
		time.Sleep(time.Hour)
		w.kill()
		item, err := w.disk.Get("group/web/forecast")
		must(t, err)
		epoch, err := w.disk.Claim()
		must(t, err)
		_, err = w.disk.Commit(epoch, store.Txn{
			Compares: []store.Compare{{Key: item.Key, Revision: item.Revision}}, Puts: []store.Put{{Key: item.Key, Value: []byte(`{"of": "another version"}`)}},
		})
		must(t, err)
		w.start()
		time.Sleep(2 * w.interval)
		if !w.speaks() {
			t.Errorf("the forecast says %v", w.foreseen())
		}
		log.times(1, zap.InfoLevel, "of no use")
	})
}

func TestAPastThatNeverEndsHoldsUpNoStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady())
		stuck := make(chan struct{})
		w.past = func(context.Context, *forecast.Forecaster, forecast.Leads) (bool, time.Duration) {
			<-stuck
			return false, 0
		}
		w.start()
		time.Sleep(time.Hour)
		began := time.Now()
		w.end()
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %s to end", took)
		}
		close(stuck)
	})
}

func TestAGroupThatForecastsNoMoreKeepsNothingOfIt(t *testing.T) {
	tell(t, steady(), func(t *testing.T, w *world) {
		time.Sleep(time.Hour)
		kept := func() int {
			item, err := w.disk.Get("group/web/forecast")
			must(t, err)
			return len(item.Value)
		}
		if size := kept(); size == 0 || size > 100<<10 {
			t.Errorf("%d bytes are kept", size)
		}
		w.rules = nil
		w.succession()
		time.Sleep(2 * w.interval)
		if size := kept(); size != 0 || w.foreseen() != nil {
			t.Errorf("%d bytes are kept, and it says %v", size, w.foreseen())
		}
	})
}

func TestThePastIsLearnedWhileTheGroupDecides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady())
		core, lines := observer.New(zap.InfoLevel)
		w.log = zap.New(core)
		w.load.change(func(l *load) { l.curve = wavy })
		tries := 0
		w.past = func(ctx context.Context, f *forecast.Forecaster, leads forecast.Leads) (bool, time.Duration) {
			switch tries++; {
			case tries == 1: // nothing is to be had as yet
				return true, time.Hour
			case tries == 2: // nor now
				f.Learn("forecast/load", w.now(), 1e6)
				return false, time.Hour
			case !waited(ctx, time.Hour):
				return false, 0
			}
			return remembering(14, wavy, w.now)(ctx, f, leads)
		}
		w.start()
		silent := 0
		w.until("it has learned the past", 4*time.Hour, func() bool {
			if f := w.foreseen(); f != nil && f.Abstains == policy.SilenceYoung {
				silent++
			}
			return w.speaks()
		})
		if silent < 30 || tries != 3 {
			t.Errorf("it decided %d times meanwhile, and asked the past %d times", silent, tries)
		}
		if learned := lines.FilterMessage("the forecast has learned the past").Len(); learned != 2 {
			t.Errorf("it learned %d times from a past that had something new twice", learned)
		}
		w.past = func(ctx context.Context, _ *forecast.Forecaster, _ forecast.Leads) (bool, time.Duration) {
			<-ctx.Done()
			return false, 0
		}
		w.loseDisk()
		w.succession()
		time.Sleep(time.Hour)
		w.end() // although the past is being learned
	})
}

func TestOnePastIsLearnedAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, steady())
		var under, ended atomic.Int64
		w.past = func(ctx context.Context, _ *forecast.Forecaster, _ forecast.Leads) (bool, time.Duration) {
			if under.Add(1) != 1 {
				t.Error("another is being learned")
			}
			defer under.Add(-1)
			if waited(ctx, time.Hour) {
				ended.Add(1)
			}
			return true, 0
		}
		w.shadow = &fleet.Shadow{Spec: policy.Spec{Policies: foreseeing()}, Past: w.past}
		w.start()
		time.Sleep(3 * time.Hour)
		if ended.Load() != 2 {
			t.Errorf("%d of 2 were learned", ended.Load())
		}
		w.end()
	})
}

func TestWhatIsOwedOfThePastIsAskedForByTheNextProcess(t *testing.T) {
	tell(t, steady(), func(t *testing.T, w *world) {
		w.load.change(func(l *load) { l.curve = wavy })
		w.past = func(context.Context, *forecast.Forecaster, forecast.Leads) (bool, time.Duration) { return true, day }
		w.loseDisk()
		w.succession()
		time.Sleep(time.Hour)
		if w.speaks() {
			t.Errorf("of an hour it says %v", w.foreseen())
		}
		w.past = remembering(14, wavy, w.now)
		w.succession()
		time.Sleep(2 * w.interval)
		if !w.speaks() {
			t.Errorf("it says %v", w.foreseen())
		}
	})
}

// waited says whether ctx still goes on after the time.
func waited(ctx context.Context, during time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(during):
		return true
	}
}

func TestAGroupThatRecommendsForecastsAndLearnsThePastAtEachStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := slowly()
		s.recommend = true
		w := begin(t, s, 14, wavy)
		w.start()
		for range 2 {
			w.until("it speaks", time.Hour, w.speaks)
			w.kill()
			w.slot = 0
			w.start()
		}
		if changes := w.changesTotal(); changes != 0 {
			t.Errorf("%d changing calls", changes)
		}
		w.end()
	})
}

func TestAShadowForecastsAndTakesItsForecastAlongWhenItIsPromoted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := steady()
		w := newWorld(t, s)
		w.rules = nil
		w.load.change(func(l *load) { l.curve = wavy })
		w.shadow = &fleet.Shadow{Spec: policy.Spec{Policies: foreseeing()}, Past: remembering(14, wavy, w.now)}
		w.start()
		time.Sleep(2 * w.interval)
		said := func() string { return strings.Join(w.status().Shadow.Policies, "\n") }
		if !strings.Contains(said(), "expected in") || w.foreseen() != nil {
			t.Errorf("the shadow says %s, and the group %v", said(), w.foreseen())
		}
		w.shadow.Past = nil
		must(t, w.fleet.Promote(t.Context(), groupName, true, "sato", ""))
		for range 3 {
			time.Sleep(2 * w.interval)
			if !w.speaks() || strings.Contains(said(), "forecast") {
				t.Errorf("promoted it says %v, and the policies of the file %s", w.foreseen(), said())
			}
			w.succession()
		}
		time.Sleep(2 * w.interval)
		must(t, w.fleet.Promote(t.Context(), groupName, false, "sato", ""))
		for range 2 {
			time.Sleep(2 * w.interval)
			if !strings.Contains(said(), "expected in") || w.foreseen() != nil {
				t.Errorf("rolled back the shadow says %s, and the group %v", said(), w.foreseen())
			}
			w.succession()
		}
		w.end()
	})
}

func TestAGroupLearnsHowLongItsMachinesTakeToComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := quick()
		s.rules, s.standby, s.interval, s.dayLeft = foreseeing(), 2, 30*time.Second, 20*time.Hour
		s.more = 2
		w := begin(t, s, 14, func(time.Time) float64 { return 150 })
		w.start()
		w.until("two stand by", time.Hour, w.atRest(2, 2))
		time.Sleep(2 * w.interval)
		if f := w.foreseen(); f.Soon == 0 || f.Back != 3*time.Minute {
			t.Errorf("with two that stand by it says %+v", f)
		}
		w.load.change(func(l *load) { l.curve, l.value = nil, 390 })
		w.until("they are back", time.Hour, func() bool { return w.serving() == 4 })
		time.Sleep(2 * time.Minute)
		back := w.foreseen().Back
		if back < 30*time.Second || back >= 2*time.Minute {
			t.Errorf("they took %s", back)
		}
		w.succession()
		time.Sleep(2 * time.Minute)
		if again := w.foreseen().Back; again != back {
			t.Errorf("after a restart they took %s, and before %s", again, back)
		}
		w.end()
	})
}

func TestAForecastTellsWhenItBeginsToSpeakAndWhyItAbstainsOnceEach(t *testing.T) {
	tellHeard(t, steady(), func(t *testing.T, w *world, log journal) {
		w.load.change(func(l *load) { l.curve = wavy })
		time.Sleep(3 * w.interval)
		shows(t, log.times(1, zap.InfoLevel, "the forecast abstains: too little was seen as yet"), map[string]any{"policy": "forecast/load", "reason": "young"})
		w.decisions(1, func() {})
		shows(t, log.times(1, zap.InfoLevel, "the forecast speaks"), map[string]any{"policy": "forecast/load"})
		w.load.lose()
		w.load.change(func(l *load) { l.curve = nil })
		w.decisions(2, func() {})
		shows(t, log.times(1, zap.InfoLevel, "the forecast abstains: nothing has been read for long"), map[string]any{"reason": "no_data"})
	})
}

func TestTheMetricsOfAForecastShowWhatItExpectsAndHowItKeepsItsBudget(t *testing.T) {
	tell(t, steady(), func(t *testing.T, w *world) {
		shown := func(name string) string { return exposition(t, w.registry, "autoscaled_forecast_"+name) }
		w.load.change(func(l *load) { l.curve = wavy })
		time.Sleep(3 * w.interval)
		if text := shown("abstains"); !strings.Contains(text, `{group="web",policy="forecast/load",reason="young"} 1`) || !strings.Contains(text, `reason="bad_record"} 0`) {
			t.Errorf("while it is young it shows\n%s", text)
		}
		for _, name := range []string{"expected_instances", "low_instances", "high_instances", "planned_instances", "error_ratio"} {
			if text := shown(name); text != "" {
				t.Errorf("while it is young it shows\n%s", text)
			}
		}
		w.decisions(1, func() {})
		f := w.foreseen()
		for name, want := range map[string]float64{
			"expected_instances": f.Expected, "low_instances": f.Low, "high_instances": f.High, "planned_instances": float64(f.Planned),
			"error_ratio": f.Error, "short_ratio": f.Short, "budget_ratio": 0.02, "time_to_serve_seconds": 600,
		} {
			if text := shown(name); !strings.HasSuffix(text, fmt.Sprintf(`{group="web",policy="forecast/load"} %v`, want)+"\n") {
				t.Errorf("of %v it shows\n%s", want, text)
			}
		}
		w.rules = nil
		w.succession()
		time.Sleep(2 * w.interval)
		families, err := w.registry.Gather()
		must(t, err)
		for _, family := range families {
			if strings.HasPrefix(family.GetName(), "autoscaled_forecast_") {
				t.Errorf("without a forecast there is %s", family.GetName())
			}
		}
	})
}
