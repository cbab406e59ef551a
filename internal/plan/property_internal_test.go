package plan

import (
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
)

var monday = time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC)

func drawMinutes(t *rapid.T, most int, name string) time.Duration {
	return time.Duration(rapid.IntRange(0, most).Draw(t, name)) * time.Minute
}

// drawLoad wanders between none and some twenty instances, and is not known now and then.
func drawLoad(t *rapid.T) *load.Load {
	totals := make([]float64, rapid.IntRange(1, 300).Draw(t, "steps"))
	now := rapid.Float64Range(0, 1500).Draw(t, "load")
	for i := range totals {
		switch rapid.IntRange(0, 19).Draw(t, "turn") {
		case 0:
			now = rapid.Float64Range(0, 2000).Draw(t, "load")
		case 1:
			totals[i] = math.NaN()
			continue
		}
		totals[i] = now
	}
	step := rapid.SampledFrom([]time.Duration{time.Minute, 10 * time.Minute}).Draw(t, "step") // the longer one lets a forecast see enough to speak
	return &load.Load{Start: monday, Step: step, Signals: []load.Signal{{Name: "rate", Totals: totals}}}
}

func drawDirection(t *rapid.T, name string) policy.Direction {
	d := policy.Direction{Stabilization: drawMinutes(t, 6, name+" stabilization"), Cooldown: drawMinutes(t, 6, name+" cooldown")}
	if rapid.Bool().Draw(t, name+" has a rate") {
		d.Rates = []policy.Rate{{Count: rapid.IntRange(1, 5).Draw(t, name+" rate"), Period: time.Second + drawMinutes(t, 5, name+" period")}}
	}
	return d
}

func drawSpec(t *rapid.T) *policy.Spec {
	above := 85.0
	rules := append(policy.Targets(policy.Target{Name: "target", Signal: "busy", Value: 70, ToleranceIn: 0.1, ToleranceOut: 0.1, Quorum: 0.5}),
		policy.Rule{Name: "threshold", Only: policy.OnlyOut, Threshold: &policy.Threshold{
			When: []policy.Condition{{Signal: "busy", Above: &above}}, Change: policy.Change{Count: 2}, Hits: 6, Of: 12,
		}},
		policy.Rule{Name: "total", Only: policy.OnlyOut, Target: &policy.Target{Name: "total", Signal: "rate", Value: 90, Quorum: 1}},
	)
	rules = rules[:rapid.IntRange(1, len(rules)).Draw(t, "rules")]
	if rapid.Bool().Draw(t, "forecasts") {
		rules = append(rules, policy.Rule{Name: "forecast", Forecast: &policy.Forecast{
			Signal: rapid.SampledFrom([]string{"busy", "rate"}).Draw(t, "foreseen"), Value: 80, Quorum: 0.5,
			Budget: rapid.SampledFrom([]float64{0.3, 0.01}).Draw(t, "budget"), Fallback: rapid.SampledFrom([]float64{0, 60}).Draw(t, "fallback"),
			TimeToServe: time.Minute + drawMinutes(t, 20, "assumed"), TimeToReturn: time.Minute,
		}})
	}
	return &policy.Spec{
		Min: rapid.IntRange(0, 3).Draw(t, "min"), Max: rapid.IntRange(3, 25).Draw(t, "max"), Policies: rules,
		OutOnly: rapid.IntRange(0, 9).Draw(t, "out only") == 0, Interval: rapid.SampledFrom([]time.Duration{0, 10 * time.Second, time.Minute, 150 * time.Second}).Draw(t, "interval"),
		Gap: drawMinutes(t, 5, "gap"), Out: drawDirection(t, "out"), In: drawDirection(t, "in"),
		LoadLoss: policy.LoadLoss{Fall: 0.6, Release: drawMinutes(t, 20, "load loss")}, MinLife: drawMinutes(t, 20, "min life"),
		Standby: rapid.IntRange(0, 4).Draw(t, "standby"), StandbyAge: drawMinutes(t, 60, "standby age"), ReleaseBefore: drawMinutes(t, 30, "release before"),
		OrderMax: rapid.IntRange(1, 6).Draw(t, "order max"), Surge: 1, LaunchFailuresMax: rapid.IntRange(0, 3).Draw(t, "launch failures"), HealBudget: 0.1, Brake: 0.45,
		Pick: rapid.SampledFrom([][]policy.PickRule{nil, {policy.PickOldest}, {policy.PickPaidPeriodEnd}, {policy.PickLeastBusy, policy.PickNewest}}).Draw(t, "pick"),
	}
}

func drawCloud(t *rapid.T, steps int) Cloud {
	c := Cloud{
		Seed: rapid.Uint64().Draw(t, "seed"), ToServe: Learned([]time.Duration{drawMinutes(t, 10, "serve"), drawMinutes(t, 10, "serve"), drawMinutes(t, 20, "serve")}),
		ToReturn: Always(drawMinutes(t, 3, "return")), ToStop: drawMinutes(t, 5, "stop"), Quota: rapid.SampledFrom([]int{0, 8, 30}).Draw(t, "quota"),
		Failing: rapid.SampledFrom([]float64{0, 0.1, 0.6}).Draw(t, "failing"), GiveUp: drawMinutes(t, 15, "give up"), Repair: drawMinutes(t, 30, "repair"),
		Delay: rapid.IntRange(0, 3).Draw(t, "delay"), ReleaseAtOnce: rapid.Bool().Draw(t, "release at once"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "losses") {
		c.Losses = append(c.Losses, Loss{
			At: monday.Add(drawMinutes(t, steps, "loss")), Share: rapid.Float64Range(0, 1).Draw(t, "share"), For: drawMinutes(t, 30, "for"),
		})
	}
	return c
}

// models are those of whole hours of each contract, of days, and of seconds.
var models = func() (models []*billing.Model) {
	for _, text := range []string{
		`{name: hourly, currency: JPY, zone: UTC, unit: hour, price: "10", charge_by: hour, anchor: contract, stopped: full}`,
		`{name: daily, currency: JPY, zone: Asia/Tokyo, unit: month, price: "10000", charge_by: day, anchor: calendar, stopped: full}`,
		`{name: seconds, currency: USD, zone: UTC, unit: hour, price: "0.1", charge_by: second, anchor: contract, stopped: nothing, minimum: {start: 1 minute}}`,
	} {
		model, err := billing.Parse("model.yaml", []byte(text))
		if err != nil {
			panic(err)
		}
		models = append(models, model)
	}
	return models
}()

func drawScenario(t *rapid.T) *Scenario {
	s := &Scenario{
		Name: "drawn", Spec: drawSpec(t), Load: drawLoad(t), WarmUp: drawMinutes(t, 3, "warm up"),
		Signals: []SignalModel{
			{Name: "busy", From: "rate", PerInstance: true, Ceiling: 100, Statistic: rapid.SampledFrom([]policy.Statistic{policy.Average, policy.Maximum, policy.Percentile(90)}).Draw(t, "statistic")},
			{Name: "rate", Capacity: 100},
		},
	}
	s.Cloud = drawCloud(t, s.steps())
	if rapid.Bool().Draw(t, "billed") {
		s.Billing = rapid.SampledFrom(models).Draw(t, "model")
	}
	return s
}

// carefully replays a scenario with Choose asked at every decision.
func carefully(s *Scenario) *Result {
	r := newRun(s)
	defer r.close()
	r.careful = true
	for i := range s.steps() {
		r.step(i)
	}
	return r.finish()
}

func TestWhereChooseIsNotAskedItHasNothingToSay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		swift, err := Replay(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if careful := carefully(s); !reflect.DeepEqual(swift, careful) {
			t.Fatalf("swiftly\n%+v\ncarefully\n%+v", swift, careful)
		}
	})
}

func TestLoadThatComesInIsServedOrLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		r, err := Replay(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		var offered, lost int64
		for i, worth := range r.Load {
			billionths := int64(math.Round(worth * billion))
			offered += billionths
			lost += max(0, billionths-int64(r.Serving[i])*billion)
			if total := s.Load.Signals[0].Totals[i]; !math.IsNaN(total) && math.Abs(total/100-worth) > 0.6/billion { // rounded once
				t.Fatalf("at step %d %v of the history became %v", i, total, worth)
			}
		}
		if r.Flow.Offered != offered || r.Flow.Lost != lost || r.Flow.Served != offered-lost {
			t.Fatalf("%d came in, %d beyond what served, and it went %+v", offered, lost, r.Flow)
		}
	})
}

func TestWhatTheInstancesShowTogetherIsTheLoad(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		s.WarmUp, s.Cloud.Losses, s.Cloud.Delay = 0, nil, 0
		s.Signals[0].Ceiling, s.Signals[0].Capacity = 0, 100
		r := newRun(s)
		for i := range s.steps() {
			r.step(i)
			total, c := s.Load.Signals[0].Totals[i], r.pool.count()
			inputs := r.scene.observe(r.pool, &c, r.desired, i, c.serving).Inputs()
			if busy := inputs.Signals[0]; math.IsNaN(total) || c.serving == 0 {
				if busy.Present {
					t.Fatalf("at step %d something is shown: %+v", i, busy)
				}
			} else if c.serving-busy.Trusted != 0 || math.Abs(busy.Total-total) > 1e-9*total {
				t.Fatalf("at step %d %d instances show %v of %v", i, busy.Trusted, busy.Total, total)
			}
		}
	})
}

func TestAForecastIsToldHowManyStandBy(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		r := newRun(s)
		for i := range s.steps() {
			r.step(i)
			c, standby := r.pool.count(), 0
			for _, m := range r.pool.machines {
				if m.Stage == policy.Stopped && !m.Quarantined {
					standby++
				}
			}
			if observed := r.scene.observe(r.pool, &c, r.desired, i, c.serving); observed.Standby != standby {
				t.Fatalf("at step %d %d stand by, and the group is told of %d", i, standby, observed.Standby)
			}
		}
	})
}

func TestAGroupStaysWithinItsBoundsAndItsQuota(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		r, err := Replay(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Serving {
			if r.Desired[i] > s.Spec.Max || r.Desired[i] < s.Spec.Min || r.Serving[i] > s.Spec.Max+s.Spec.Surge {
				t.Fatalf("at step %d %d are desired and %d serve, with %d to %d", i, r.Desired[i], r.Serving[i], s.Spec.Min, s.Spec.Max)
			}
			if s.Cloud.Quota > 0 && r.Paid[i] > max(s.Cloud.Quota, r.Paid[0]) {
				t.Fatalf("at step %d %d machines are there, with a quota of %d", i, r.Paid[i], s.Cloud.Quota)
			}
			if r.Paid[i] < r.Serving[i] {
				t.Fatalf("at step %d %d serve, and %d are paid", i, r.Serving[i], r.Paid[i])
			}
			if running := contractsAt(r, i); running != r.Paid[i] {
				t.Fatalf("at step %d %d are paid, and %d contracts run", i, r.Paid[i], running)
			}
		}
	})
}

// contractsAt counts the contracts that run as a step begins; one that ends within it runs.
func contractsAt(r *Result, step int) (n int) {
	at := r.Start.Add(time.Duration(step) * r.Step)
	for _, c := range r.Contracts {
		if !c.Ordered.After(at) && (c.Ended.IsZero() || c.Ended.After(at)) {
			n++
		}
	}
	return n
}

func TestTheSameScenarioGivesTheSameResultOnAnyNumberOfCores(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var scenarios []Scenario
		for range rapid.IntRange(1, 6).Draw(t, "scenarios") {
			scenarios = append(scenarios, *drawScenario(t))
		}
		total := 0
		for i := range scenarios {
			total += scenarios[i].steps()
		}
		told := 0
		one, err := ReplayAll(t.Context(), scenarios, 1, func(done, of int) {
			if done <= told || of != total {
				t.Fatalf("%d of %d steps are done after %d, of %d", done, of, told, total)
			}
			told = done
		})
		if err != nil || told != total {
			t.Fatalf("%d of %d steps are told: %v", told, total, err)
		}
		many, err := ReplayAll(t.Context(), scenarios, 8, nil)
		if err != nil || !reflect.DeepEqual(one, many) {
			t.Fatalf("one by one\n%+v\ntogether\n%+v (%v)", one, many, err)
		}
	})
}

func TestAScenarioThatMeansNothingIsNamed(t *testing.T) {
	t.Parallel()
	results, err := ReplayAll(t.Context(), []Scenario{{Name: "one"}, {Name: "other"}}, 4, nil)
	if err == nil || results != nil {
		t.Errorf("the results are %v, the error %v", results, err)
	}
}

func TestChooseIsShownHowBusyEachInstanceIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		r := newRun(s)
		for i := range s.steps() {
			r.step(i)
			c := r.pool.count()
			observed := r.scene.observe(r.pool, &c, r.desired, i, c.serving)
			load := map[string]policy.Sample{}
			for _, reading := range observed.Signals[0].Instances {
				load[reading.Instance] = reading.Sample
			}
			for _, in := range r.scene.instances(r.pool) {
				if in.Load != load[in.Code] {
					t.Fatalf("at step %d %s is shown as %v busy, and is %v", i, in.Code, in.Load, load[in.Code])
				}
			}
		}
	})
}
