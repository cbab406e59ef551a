package plan_test

import (
	"math"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/classic"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// weigh weighs the guards of a scenario, by their names.
func weigh(t *testing.T, s *plan.Scenario) map[string]plan.GuardWeight {
	t.Helper()
	weights, err := plan.WeighGuards(t.Context(), s, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]plan.GuardWeight{}
	for _, weight := range weights {
		byName[weight.Guard] = weight
	}
	return byName
}

func TestAStabilizationCostsHoursAndPreventsChanges(t *testing.T) {
	t.Parallel()
	s := scenario(rate(3, 1, 3, 1, 3, 1, 1, 1, 1, 1))
	s.Spec.In.Stabilization = 3 * time.Minute
	s.Cloud.ToServe, s.Cloud.ToReturn = plan.Always(time.Minute), plan.Always(time.Minute)
	weights := weigh(t, s)
	if len(weights) != 2 { // with what widens it
		t.Fatalf("weighed are %v", weights)
	}
	// With it: 3 from minute 0 to 6, 1 from 7 on. Without it the group changes at minutes 1 to 5,
	// and what is called for at 2 and 4 serves a minute late, each time two instances' minute.
	weight := weights["scale_in.stabilization"]
	if weight.Setting != "3m" || weight.With.Metrics.Scalings != 1 || weight.Without.Metrics.Scalings != 5 {
		t.Errorf("%s: %d changes with it, and %d without", weight.Setting, weight.With.Metrics.Scalings, weight.Without.Metrics.Scalings)
	}
	cost := weight.Cost()
	if cost.Scalings != -4 || cost.OverloadMinutes != -2 || cost.InstanceHours <= 0 || math.Abs(cost.LostHours+4./60) > 1e-9 {
		t.Errorf("it costs %+v", cost)
	}
}

func TestEachGuardThatIsSetIsLeftOutOnce(t *testing.T) {
	t.Parallel()
	s := ofInstances(phases(phase{60, 8}, phase{60, 2}, phase{60, 9}, phase{60, 0.2}), 60)
	s.WarmUp, s.Billing, s.Cloud.ReleaseAtOnce = time.Minute, hourly(t), false
	spec := s.Spec
	spec.Out = policy.Direction{Stabilization: 2 * time.Minute, Cooldown: 3 * time.Minute, Rates: []policy.Rate{{Count: 2, Period: time.Minute}, {Share: 0.5, Period: 2 * time.Minute}}}
	spec.In = policy.Direction{Stabilization: 5 * time.Minute, Cooldown: 4 * time.Minute, Rates: []policy.Rate{{Share: 0.2, Period: time.Minute}}, RateLeast: true}
	spec.LoadLoss = policy.LoadLoss{Fall: 0.6, Release: 20 * time.Minute}
	spec.MinLife, spec.Standby, spec.ReleaseBefore = 100*time.Minute, 2, 5*time.Minute
	spec.Policies[0].Target.ToleranceIn, spec.Policies[0].Target.ToleranceOut = 0.2, 0.1
	before := asJSON(t, spec)
	weights := weigh(t, s)
	for name, setting := range map[string]string{
		"scale_out.stabilization": "2m", "scale_out.cooldown": "3m", "scale_out.rates": "2 in 1m or 50 % in 2m",
		"scale_in.stabilization": "5m", "scale_in.cooldown": "4m", "scale_in.rates": "20 % in 1m", "scale_in.load_loss": "falls by 60 %, for 20m",
		"scale_in.min_life": "1h40m", "scale_in.standby": "2", "tolerance": "target/busy: −20 % to +10 %", "warm_up": "1m",
	} {
		weight, ok := weights[name]
		if !ok || weight.Setting != setting {
			t.Errorf("%s is %q, and should be %q", name, weight.Setting, setting)
		}
	}
	if len(weights) != 12 { // those, and flapping
		t.Errorf("weighed are %d", len(weights))
	}
	if asJSON(t, spec) != before {
		t.Error("the spec was changed")
	}
}

func TestARateOfGrowthCostsOverload(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{2, 1}, phase{10, 5}))
	s.Spec.Out.Rates = []policy.Rate{{Count: 1, Period: time.Minute}}
	// At minutes 2, 3 and 4 there are 2, 3 and 4 of 5.
	if cost := weigh(t, s)["scale_out.rates"].Cost(); cost.OverloadMinutes != 3 || math.Abs(cost.LostHours-6./60) > 1e-9 || cost.Scalings != 3 {
		t.Errorf("it costs %+v", cost)
	}
}

func TestALeastLifeCostsItsHours(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{2, 1}, phase{2, 3}, phase{30, 1}))
	s.Spec.MinLife = 20 * time.Minute
	// Two serve from minute 2, and both would go at minute 4. So the one from before goes then,
	// and one of them at minute 22.
	if cost := weigh(t, s)["scale_in.min_life"].Cost(); math.Abs(cost.InstanceHours-18./60) > 1e-9 || cost.Scalings != 0 {
		t.Errorf("it costs %+v", cost)
	}
}

func TestWaitingForALostLoadCostsItsHours(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{30, 10}, phase{60, 1}))
	s.Spec.LoadLoss = policy.LoadLoss{Fall: 0.6, Release: 20 * time.Minute}
	if cost := weigh(t, s)["scale_in.load_loss"].Cost(); math.Abs(cost.InstanceHours-9*20./60) > 1e-9 {
		t.Errorf("it costs %+v", cost)
	}
}

func TestAGroupThatMayNotShrinkCostsWhatItWouldSave(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{10, 4}, phase{50, 1}))
	s.Spec.OutOnly = true
	cost := weigh(t, s)["mode: out_only"]
	if got := cost.Cost(); got.Scalings != -1 || got.InstanceHours < 2.4 {
		t.Errorf("it costs %+v", got)
	}
}

func TestAGroupThatGoesToAndFroIsHeldLonger(t *testing.T) {
	t.Parallel()
	var waves []phase
	for range 30 {
		waves = append(waves, phase{3, 6}, phase{7, 2})
	}
	s := scenario(phases(waves...))
	s.Spec.In.Stabilization = 4 * time.Minute
	weight := weigh(t, s)["flapping"]
	if cost := weight.Cost(); cost.Scalings > -30 || cost.InstanceHours <= 0 {
		t.Errorf("it costs %+v", cost)
	}
}

func TestAClassicScalerHasNoGuards(t *testing.T) {
	t.Parallel()
	if _, err := plan.WeighGuards(t.Context(), classical(rate(1), func() classic.Scaler { return fixed(1) }), 1, nil); err == nil {
		t.Error("its guards are weighed")
	}
}
