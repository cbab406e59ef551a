package fleet_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// sound is a group of which nothing is to be said.
func sound() fleet.GroupStatus {
	value := 0.5
	return fleet.GroupStatus{
		Name: "web", Mode: "act", Desired: 1, Serving: 1, Decision: fleet.DecisionStatus{At: time.Unix(1, 0)},
		Signals:   []fleet.SignalStatus{{Name: "cpu", Value: &value, Measured: 1, Of: 1}},
		Instances: []actions.InstanceStatus{{Code: "gc1", Phase: actions.InPool}},
	}
}

// toldAs are concerns, one a line.
func toldAs(concerns []fleet.Concern) []string {
	var lines []string
	for _, c := range concerns {
		lines = append(lines, fmt.Sprintf("%s %s %d %s %s", c.Severity, c.Kind, c.Count, c.About, c.Why))
	}
	return lines
}

func TestWhatConcernsAGroup(t *testing.T) {
	t.Parallel()
	with := func(instances ...actions.InstanceStatus) func(*fleet.GroupStatus) {
		return func(g *fleet.GroupStatus) { g.Instances = instances }
	}
	signals := func(signals ...fleet.SignalStatus) func(*fleet.GroupStatus) {
		return func(g *fleet.GroupStatus) { g.Signals = signals }
	}
	drift := &actions.Drift{Kind: actions.DriftStopped}
	value := 0.5
	for what, c := range map[string]struct {
		change func(*fleet.GroupStatus)
		want   []string
	}{
		"nothing":                  {func(*fleet.GroupStatus) {}, nil},
		"nothing can be written":   {func(g *fleet.GroupStatus) { g.Trouble = "disk full" }, []string{"critical trouble 0  disk full"}},
		"more is wanted than max":  {func(g *fleet.GroupStatus) { g.Capped = &policy.Capped{Reason: policy.ReasonAtMax, Unmet: 3} }, []string{"critical capped 3  "}},
		"some fail":                {func(g *fleet.GroupStatus) { g.Failing = 2 }, []string{"warning failing 2  "}},
		"nodes that are not ours":  {func(g *fleet.GroupStatus) { g.Foreign = []string{"a", "b"} }, []string{"info foreign 2 a "}},
		"a backfill that is gone":  {func(g *fleet.GroupStatus) { g.PastTrouble = "cpu: no such file" }, []string{"warning past 0  cpu: no such file"}},
		"an override":              {func(g *fleet.GroupStatus) { g.Override = &policy.Override{Kind: policy.AtLeast, Count: 2} }, []string{"warning override 0 at_least "}},
		"only out":                 {func(g *fleet.GroupStatus) { g.Mode = "out_only" }, []string{"info out_only 0  "}},
		"only recommends":          {func(g *fleet.GroupStatus) { g.Mode = "recommend" }, []string{"info recommend 0  "}},
		"nothing decided":          {func(g *fleet.GroupStatus) { g.Decision.At = time.Time{} }, []string{"info undecided 0  "}},
		"not looked at yet":        {func(g *fleet.GroupStatus) { g.Unseen = true }, []string{"info unseen 0  "}},
		"it cannot look":           {func(g *fleet.GroupStatus) { g.Unseen, g.LookTrouble = true, "refused" }, []string{"critical unseen 0  refused"}},
		"a drill under way":        {func(g *fleet.GroupStatus) { g.Drill = &fleet.Drill{ID: "1"} }, []string{"info drill 0  " + (&fleet.Drill{ID: "1"}).String()}},
		"a drill that is over":     {func(g *fleet.GroupStatus) { g.Drill = &fleet.Drill{ID: "1", Outcome: fleet.DrillFailed} }, nil},
		"quarantined ones":         {with(actions.InstanceStatus{Code: "gc1", Quarantine: "slow"}, actions.InstanceStatus{Code: "gc2", Quarantine: "dead"}), []string{"warning quarantined 2 gc1 slow"}},
		"quarantined, and changed": {with(actions.InstanceStatus{Code: "gc1", Quarantine: "slow", Drift: drift}), []string{"warning quarantined 1 gc1 slow", "warning drifted 1 gc1 stopped"}},
		"quarantined, and its last step failed": {
			with(actions.InstanceStatus{Code: "gc1", Quarantine: "slow", Trouble: "refused"}), []string{"warning quarantined 1 gc1 slow"},
		},
		"one that boots":             {with(actions.InstanceStatus{Code: "gc1", Trouble: "503", Booting: true}), nil},
		"one whose last step failed": {with(actions.InstanceStatus{Code: "gc1", Trouble: "refused"}), []string{"warning stuck 1 gc1 refused"}},
		"one changed by hand":        {with(actions.InstanceStatus{Code: "gc1", Drift: drift}), []string{"warning drifted 1 gc1 stopped"}},
		"one left alone for that":    {with(actions.InstanceStatus{Code: "gc1", Drift: drift, LeftAlone: true}), []string{"warning left_alone 1 gc1 "}},
		"one whose label is another": {with(actions.InstanceStatus{Code: "gc1", Trouble: "its label", LeftAlone: true}), []string{"warning left_alone 1 gc1 its label"}},
		"one that is protected":      {with(actions.InstanceStatus{Code: "gc1", Protected: &actions.Protection{By: "sato"}, Outdated: true, Hook: &actions.HookStatus{Name: "drain"}}), nil},
		"signals without a value": {
			signals(fleet.SignalStatus{Name: "cpu", Why: "stale"}, fleet.SignalStatus{Name: "rate", Why: "failed"}),
			[]string{"warning signal 0 cpu stale", "warning signal 0 rate failed"},
		},
		"a window that fills":       {signals(fleet.SignalStatus{Name: "cpu", Why: "filling", Faults: 1, FaultExpected: true}), nil},
		"a fault beside a value":    {signals(fleet.SignalStatus{Name: "cpu", Value: &value, Faults: 2, Fault: "refused"}), []string{"info fault 2 cpu refused"}},
		"an expected one beside it": {signals(fleet.SignalStatus{Name: "cpu", Value: &value, Faults: 2, Fault: "first", FaultExpected: true}), nil},
		"a rollout that is over":    {func(g *fleet.GroupStatus) { g.Rollout = &policy.Rollout{State: policy.RolloutDone} }, nil},
		"a rollout": {func(g *fleet.GroupStatus) {
			g.Rollout = &policy.Rollout{State: policy.RolloutUnderWay, Previous: "a", Configured: "b"}
		}, []string{"info rollout 0  a → b"}},
		"a rollout that was given up": {func(g *fleet.GroupStatus) {
			g.Rollout = &policy.Rollout{State: policy.RolloutGivenUp, Previous: "a", Configured: "b", Why: "dead"}
		}, []string{"warning rollout_given_up 0  a → b: dead"}},
		"what is grave, before the rest": {
			func(g *fleet.GroupStatus) {
				g.Mode, g.Override, g.Failing, g.Held = "out_only", &policy.Override{Kind: policy.PauseAll}, 1, []policy.Hold{policy.HoldYoung, policy.HoldBrake}
			},
			[]string{"critical held 0 failing_together ", "warning failing 1  ", "warning override 0 pause ", "info held 0 young ", "info out_only 0  "},
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			g := sound()
			c.change(&g)
			got := toldAs(g.Concerns())
			if !slices.Equal(got, c.want) {
				t.Errorf("the concerns are\n%q, want\n%q", got, c.want)
			}
			grave := slices.ContainsFunc(c.want, func(line string) bool { return !strings.HasPrefix(line, "info ") })
			if g.NeedsAttention() != grave {
				t.Errorf("somebody should look: %t, want %t", g.NeedsAttention(), grave)
			}
		})
	}
}

func TestHowGraveAHoldIs(t *testing.T) {
	t.Parallel()
	special := map[policy.Hold]fleet.Severity{
		policy.HoldBrake: fleet.Critical, policy.HoldLaunches: fleet.Critical, policy.HoldBake: fleet.Info, policy.HoldYoung: fleet.Info,
		policy.HoldRoom: fleet.Warning, policy.HoldDoubt: fleet.Warning,
	}
	for _, hold := range policy.Holds() {
		g := sound()
		g.Held = []policy.Hold{hold}
		want, named := special[hold]
		if !named {
			t.Errorf("the test does not know %s", hold)
		}
		if got := fleet.Gravest(g.Concerns()); got != want {
			t.Errorf("%s is %s, want %s", hold, got, want)
		}
	}
}

// A group that only recommends needs attention for the same reasons, and less soon.
func TestNothingIsCriticalAboutAGroupThatOnlyRecommends(t *testing.T) {
	t.Parallel()
	g := sound()
	g.Mode, g.Trouble, g.Signals = "recommend", "disk full", []fleet.SignalStatus{{Name: "cpu", Why: "stale"}}
	want := []string{"warning trouble 0  disk full", "warning signal 0 cpu stale", "info recommend 0  "}
	if got := toldAs(g.Concerns()); !slices.Equal(got, want) {
		t.Errorf("the concerns are\n%q, want\n%q", got, want)
	}
}

func TestEveryKindOfConcernIsListedOnce(t *testing.T) {
	t.Parallel()
	kinds := fleet.ConcernKinds()
	if unique := slices.Compact(slices.Sorted(slices.Values(kinds))); len(unique) != len(kinds) {
		t.Errorf("some of %v are listed twice", kinds)
	}
	everything := sound()
	everything.Unseen, everything.PastTrouble = true, "x"
	everything.Trouble, everything.Capped, everything.Held, everything.Failing = "x", &policy.Capped{}, policy.Holds(), 1
	everything.Foreign, everything.Override, everything.Drill, everything.Decision.At = []string{"x"}, &policy.Override{}, &fleet.Drill{ID: "1"}, time.Time{}
	everything.Instances = []actions.InstanceStatus{{Quarantine: "x"}, {LeftAlone: true}, {Drift: &actions.Drift{}}, {Trouble: "x"}}
	everything.Signals = append(everything.Signals, fleet.SignalStatus{}, fleet.SignalStatus{Value: everything.Signals[0].Value, Faults: 1})
	seen := map[fleet.ConcernKind]bool{}
	for _, mode := range []string{"recommend", "out_only"} {
		for _, state := range []policy.RolloutState{policy.RolloutUnderWay, policy.RolloutGivenUp} {
			everything.Mode, everything.Rollout = mode, &policy.Rollout{State: state}
			for _, c := range everything.Concerns() {
				seen[c.Kind] = true
				if !slices.Contains(kinds, c.Kind) {
					t.Errorf("%s is not listed", c.Kind)
				}
			}
		}
	}
	for _, kind := range kinds {
		if !seen[kind] {
			t.Errorf("nothing makes %s", kind)
		}
	}
}

func TestWhatConcernsAnAccount(t *testing.T) {
	t.Parallel()
	const cause = "dial tcp 192.0.2.1:443: connect: connection refused"
	order := func(state actions.IntentState) actions.OrderStatus {
		return actions.OrderStatus{ID: "o-" + string(state), Count: 2, State: state, Error: "EOF"}
	}
	for what, c := range map[string]struct {
		account fleet.AccountStatus
		want    []string
	}{
		"nothing":               {fleet.AccountStatus{Machines: 3}, nil},
		"no doubt":              {fleet.AccountStatus{Mode: actions.DoubtNone}, nil},
		"a doubt":               {fleet.AccountStatus{Mode: actions.DoubtLagging, ModeWhy: "it lags"}, []string{"warning mode 0 " + string(actions.DoubtLagging) + " it lags"}},
		"a look that failed":    {fleet.AccountStatus{LookTrouble: "refused"}, []string{"warning look 0  refused"}},
		"one told by the doubt": {fleet.AccountStatus{LookTrouble: "refused", Mode: actions.DoubtBlind, ModeWhy: "no look: refused"}, []string{"warning mode 0 " + string(actions.DoubtBlind) + " no look: refused"}},
		"an order that failed":  {fleet.AccountStatus{Trouble: "no stock"}, []string{"warning order_failed 0  no stock"}},
		"orders": {
			fleet.AccountStatus{Trouble: "EOF", Orders: []actions.OrderStatus{order(actions.IntentUnknown), order(actions.IntentAsking)}},
			[]string{"critical order 2 o-asking ", "warning order 2 o-unknown EOF"},
		},
		"one cause of everything": {
			fleet.AccountStatus{Mode: actions.DoubtBlind, ModeWhy: "no look for 3m: look: " + cause, LookTrouble: "look: " + cause, Trouble: "order 2 of V40: " + cause},
			[]string{"warning mode 0 " + string(actions.DoubtBlind) + " no look for 3m: look: " + cause, "warning order_failed 0  order 2 of V40: as above"},
		},
	} {
		if got := toldAs(c.account.Concerns()); !slices.Equal(got, c.want) {
			t.Errorf("%s: the concerns are\n%q, want\n%q", what, got, c.want)
		}
	}
}

func TestTheListsOfAGroupAreNeverNull(t *testing.T) {
	t.Parallel()
	for mode, s := range map[string]setting{"act": brief(), "recommend": {recommend: true}} {
		t.Run(mode, func(t *testing.T) {
			tell(t, s, func(t *testing.T, w *world) {
				for range 2 { // with and without a decision
					content, err := json.Marshal(w.status())
					must(t, err)
					var group struct {
						Signals, Instances *[]json.RawMessage
						Decision           struct{ Policies *[]string }
					}
					must(t, json.Unmarshal(content, &group))
					if group.Signals == nil || group.Instances == nil || group.Decision.Policies == nil {
						t.Errorf("in mode %s a list is null in %s", mode, content)
					}
					time.Sleep(10 * time.Minute)
				}
			})
		})
	}
}
