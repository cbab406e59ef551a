package tune

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

// everything has a rule of each kind, and every number that a spec can have.
func everything(t testing.TB) *plan.Scenario {
	t.Helper()
	s := scenario(days(1, smooth), 0.6)
	s.Signals = append(s.Signals, plan.SignalModel{Name: "rate", From: "cpu", Capacity: 250}, plan.SignalModel{Name: "wish", From: "cpu"})
	above, below, low, size := 0.8, 0.3, 40.0, 4
	windows, err := policy.NewSchedule(schedule.Spec{Cron: "0 8 * * *", Zone: "Asia/Tokyo", For: time.Hour}, 5, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.Spec.Policies = append(s.Spec.Policies,
		policy.Rule{Name: "rate", Target: &policy.Target{Name: "rate", Signal: "rate", Value: 120, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1}},
		policy.Rule{Name: "step", Step: &policy.Step{
			Signal: "cpu", Quorum: 0.8,
			Above: []policy.Band{{Bound: 0.7, Change: policy.Change{Count: 1}}, {Bound: 0.8, Change: policy.Change{Share: 0.3, AtLeast: 2}}},
			Below: []policy.Band{{Bound: 0.3, Change: policy.Change{Count: -1}}},
		}},
		policy.Rule{Name: "threshold", Threshold: &policy.Threshold{
			When: []policy.Condition{{Signal: "cpu", Quorum: 0.8, Above: &above}, {Signal: "rate", Quorum: 1, Below: &low}}, Change: policy.Change{Count: 2}, Hits: 3, Of: 5,
		}},
		policy.Rule{Name: "fixed", Threshold: &policy.Threshold{When: []policy.Condition{{Signal: "cpu", Quorum: 1, Below: &below}}, Size: &size, Hits: 1, Of: 1}},
		policy.Rule{Name: "schedule", Schedule: windows},
		policy.Rule{Name: "size", Size: &policy.SizeOf{Signal: "wish"}},
	)
	s.Spec.Out = policy.Direction{Rates: []policy.Rate{{Count: 4, Period: time.Minute}, {Share: 0.5, Period: time.Minute}}}
	s.Spec.In.Rates = []policy.Rate{{Share: 0.1, Period: 5 * time.Minute}}
	s.Spec.MinLife, s.Spec.Standby, s.Spec.LoadLoss = time.Hour, 1, policy.LoadLoss{Fall: 0.6, Release: 30 * time.Minute}
	return s
}

func TestEveryNumberOfEachKindOfPolicyIsFound(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, p := range Parameters(everything(t), 0) {
		keys = append(keys, p.Key)
	}
	want := strings.Fields(strings.ReplaceAll(`
		policies[0].target.value policies[0].target.tolerance_out policies[0].target.tolerance_in
		policies[1].target.per_instance policies[1].target.tolerance_out policies[1].target.tolerance_in
		policies[2].step.steps[above_70%].above policies[2].step.steps[above_70%].add
		policies[2].step.steps[above_80%].above policies[2].step.steps[above_80%].add
		policies[2].step.steps[below_30%].below policies[2].step.steps[below_30%].remove
		policies[3].threshold.when[0].above policies[3].threshold.when[1].below policies[3].threshold.hits policies[3].threshold.add
		policies[4].threshold.when[0].below
		scale_out.stabilization scale_out.cooldown scale_out.rates[0].add scale_out.rates[1].add
		scale_in.stabilization scale_in.cooldown scale_in.rates[0].remove scale_in.min_life min scale_in.standby`, "\n", " "))
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], "[above_", "[above ")
		want[i] = strings.ReplaceAll(want[i], "[below_", "[below ")
	}
	if !slices.Equal(keys, want) {
		t.Errorf("found are\n%q, and should be\n%q", keys, want)
	}
}

func TestAGroupThatOnlyGrowsHasNothingToShrinkBy(t *testing.T) {
	t.Parallel()
	s := scenario(days(1, smooth), 0.6)
	s.Spec.OutOnly = true
	for _, p := range Parameters(s, 0) {
		if strings.HasPrefix(p.Key, "scale_in.") {
			t.Errorf("%s may change", p.Key)
		}
	}
}

// asJSON tells specs apart.
func asJSON(t testing.TB, spec *policy.Spec) string {
	t.Helper()
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAParameterSetsItsOwnNumberInACopyAlone(t *testing.T) {
	t.Parallel()
	s := everything(t)
	before := asJSON(t, s.Spec)
	for _, p := range Parameters(s, 1) {
		if len(p.Values) < 2 {
			t.Errorf("%s has only the values %v", p.Key, p.Values)
		}
		for _, value := range p.Values {
			spec := ownSpec(s.Spec)
			if p.Set(spec, value); p.Get(spec) != value {
				t.Errorf("%s is %v when set to %v", p.Key, p.Get(spec), value)
			}
			if p.Set(spec, p.Get(s.Spec)); asJSON(t, spec) != before {
				t.Errorf("%s, set to %v and back, leaves\n%s of\n%s", p.Key, value, asJSON(t, spec), before)
			}
		}
	}
	if asJSON(t, s.Spec) != before {
		t.Error("the present spec was changed")
	}
}

func TestWhatAGroupIsSafeByStaysAsItIs(t *testing.T) {
	t.Parallel()
	s := everything(t)
	spec := ownSpec(s.Spec)
	for _, p := range Parameters(s, 0) {
		p.Set(spec, p.Values[len(p.Values)-1])
		if p.Set(spec, p.Values[0]); spec.Min < s.Spec.Min {
			t.Errorf("min fell to %d", spec.Min)
		}
	}
	was := s.Spec
	if spec.Max != was.Max || spec.OrderMax != was.OrderMax || spec.Surge != was.Surge || spec.HealBudget != was.HealBudget || spec.Brake != was.Brake ||
		spec.Bake != was.Bake || spec.LoadLoss != was.LoadLoss || spec.LaunchFailuresMax != was.LaunchFailuresMax || spec.ReleaseBefore != was.ReleaseBefore {
		t.Errorf("of\n%s\nthere is left\n%s", asJSON(t, was), asJSON(t, spec))
	}
	for i, rule := range spec.Policies {
		if rule.Target != nil && rule.Target.Quorum != was.Policies[i].Target.Quorum || rule.Step != nil && rule.Step.Quorum != was.Policies[i].Step.Quorum {
			t.Errorf("the quorum of %s has changed", rule.Name)
		}
	}
	if *spec.Policies[4].Threshold.Size != 4 || spec.Policies[5].Schedule.Min != 5 {
		t.Error("a size that somebody demands has changed")
	}
}

func TestMinFallsOnlyWhereThatIsAskedFor(t *testing.T) {
	t.Parallel()
	s := scenario(days(1, smooth), 0.6)
	s.Spec.Min, s.Spec.Max = 4, 6
	for asked, want := range map[int][]float64{0: {4, 5, 6}, 2: {2, 3, 4, 5, 6}, 5: {4, 5, 6}} {
		list := Parameters(s, asked)
		i := slices.IndexFunc(list, func(p Parameter) bool { return p.Key == "min" })
		if !slices.Equal(list[i].Values, want) {
			t.Errorf("asked for %d, min may be %v, and should be %v", asked, list[i].Values, want)
		}
	}
}

func TestTheWindowOfScalingInTakesTheGapAlong(t *testing.T) {
	t.Parallel()
	spec := scenario(days(1, smooth), 0.6).Spec
	stabilizationIn(nil).Set(spec, 1800)
	if spec.In.Stabilization != 30*time.Minute || spec.Gap != 30*time.Second+3*time.Minute {
		t.Errorf("the window is %v, and the gap %v", spec.In.Stabilization, spec.Gap)
	}
}

func TestValuesAreWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	for _, p := range Parameters(everything(t), 0) {
		if !slices.IsSorted(p.Values) {
			t.Errorf("%s: %v do not rise", p.Key, p.Values)
		}
		for _, value := range p.Values {
			switch text := p.Unit.Text(value); {
			case p.Unit == Seconds && !slices.Contains(usualTimes, secondsOf(value)):
				t.Errorf("%s may be %s", p.Key, text)
			case p.Unit == Share && strings.Contains(text, "."):
				t.Errorf("%s may be %s, no whole percent", p.Key, text)
			case p.Unit == Plain && len(strings.Trim(text, "0.")) > 2:
				t.Errorf("%s may be %s, of more than two digits", p.Key, text)
			}
		}
	}
}

func TestASignalIsNotHeldWhereAnInstanceIsNearlyFull(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		model       plan.SignalModel
		least, most float64
	}{
		{plan.SignalModel{PerInstance: true, Ceiling: 1}, 0.3, 0.85},
		{plan.SignalModel{PerInstance: true, Ceiling: 1, Capacity: 0.8}, 0.3, 0.68},
		{plan.SignalModel{Capacity: 1000}, 0.3, 1.2},
		{plan.SignalModel{Capacity: 0.7}, 0.3, 0.59},
		{plan.SignalModel{}, 0.3, 1.2},
	} {
		_, values := levels(0.6, c.model)
		if values[0] != c.least || values[len(values)-1] != c.most {
			t.Errorf("%+v: from %v to %v, and should be from %v to %v", c.model, values[0], values[len(values)-1], c.least, c.most)
		}
	}
	if _, values := levels(0, plan.SignalModel{}); values != nil {
		t.Errorf("a bound of 0 may become %v", values)
	}
}

func TestTextsAreThoseOfTheConfiguration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unit  Unit
		value float64
		want  string
	}{
		{Share, 0.07, "7%"}, {Share, 0.29, "29%"}, {Share, 0.005, "0.5%"}, {Seconds, 0, "0s"}, {Seconds, 30, "30s"}, {Seconds, 300, "5m"}, {Seconds, 5400, "1h30m"},
		{Seconds, 7200, "2h"}, {Plain, 250, "250"}, {Plain, 0.85, "0.85"}, {Plain, 3e7, "30000000"}, {" of 5", 3, "3 of 5"},
	} {
		if got := c.unit.Text(c.value); got != c.want {
			t.Errorf("%v with unit %q is %s, and should be %s", c.value, c.unit, got, c.want)
		}
	}
}

func TestNumbersThatContradictEachOtherAreNotTried(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*policy.Spec){
		"a target that is never exceeded":          func(s *policy.Spec) { s.Policies[0].Target.Value, s.Policies[0].Target.ToleranceOut = 0.85, 0.2 },
		"two steps at one bound":                   func(s *policy.Spec) { s.Policies[2].Step.Above[0].Bound = 0.8 },
		"a step that grows below one that shrinks": func(s *policy.Spec) { s.Policies[2].Step.Below[0].Bound = 0.75 },
		"a step that is never reached":             func(s *policy.Spec) { s.Policies[2].Step.Above[0].Bound = 1 },
		"a threshold that is never reached":        func(s *policy.Spec) { *s.Policies[3].Threshold.When[0].Above = 1 },
		"a min above a size that is demanded":      func(s *policy.Spec) { s.Min = 5 },
		"a min above max":                          func(s *policy.Spec) { s.Max = 1 },
		"a standby above max":                      func(s *policy.Spec) { s.Standby = 41 },
		"a min above a schedule's": func(s *policy.Spec) {
			*s.Policies[4].Threshold.Size = 9
			s.Min = 6
		},
		"conditions that exclude each other": func(s *policy.Spec) {
			below := 0.5
			s.Policies[3].Threshold.When[1] = policy.Condition{Signal: "cpu", Below: &below}
		},
	} {
		s := everything(t)
		if !sound(s, s.Spec) {
			t.Fatal("what there is at present does not count as sound")
		}
		if change(s.Spec); sound(s, s.Spec) {
			t.Errorf("%s counts as sound", name)
		}
	}
}

func TestFiguresOfTwoDigitsCoverTheirRange(t *testing.T) {
	t.Parallel()
	if got, want := figures(95, 120), []float64{95, 96, 97, 98, 99, 100, 110, 120}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := figures(0.0095, 0.011); len(got) != 7 || math.Abs(got[6]-0.011) > 1e-15 {
		t.Errorf("got %v", got)
	}
}
