package events_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// conditions are ways in which a fleet is not calm, with what is told when they begin and end.
var conditions = map[string]struct {
	status *fleet.Status
	begins string
	ends   string
}{
	"nothing can be written down": {
		web(1, func(g *fleet.GroupStatus) { g.Trouble = "no space\nleft on device" }),
		"trouble critical web", "trouble critical over web",
	},
	"more is wanted than max": {
		web(1, func(g *fleet.GroupStatus) {
			g.Capped = &policy.Capped{Reason: policy.ReasonAtMax, Since: noon, Unmet: 3}
		}),
		"capped critical web at_max", "capped critical over web at_max",
	},
	"a group that recommends would want more than max": {
		web(1, func(g *fleet.GroupStatus) {
			g.Mode, g.Capped = "recommend", &policy.Capped{Reason: policy.ReasonAtMax, Since: noon, Unmet: 3}
		}),
		"capped warning web at_max", "capped warning over web at_max",
	},
	"many fail together": {
		web(1, func(g *fleet.GroupStatus) { g.Held = []policy.Hold{policy.HoldBrake} }),
		"held critical web failing_together failing_together", "held critical over web failing_together failing_together",
	},
	"new ones bake": {
		web(1, func(g *fleet.GroupStatus) { g.Held = []policy.Hold{policy.HoldBake} }),
		"held info web baking baking", "held info over web baking baking",
	},
	"an operator pauses": {
		web(1, func(g *fleet.GroupStatus) {
			g.Override = &policy.Override{Kind: policy.PauseAll, Since: noon, By: "alice"}
		}),
		"override warning web pause", "override warning over web pause",
	},
	"an operator holds": {
		web(1, func(g *fleet.GroupStatus) {
			g.Override = &policy.Override{Kind: policy.HoldAt, Count: 4, Since: noon, By: "alice"}
		}),
		"override info web hold", "override info over web hold",
	},
	"a template is rolled out": {
		web(1, func(g *fleet.GroupStatus) {
			g.Rollout = &policy.Rollout{Configured: "b", Previous: "a", State: policy.RolloutUnderWay}
		}),
		"rollout info web under_way", "rollout info over web under_way",
	},
	"a rollout was given up": {
		web(1, func(g *fleet.GroupStatus) {
			g.Rollout = &policy.Rollout{Configured: "b", Previous: "a", State: policy.RolloutGivenUp}
		}),
		"rollout warning web given_up", "rollout warning over web given_up",
	},
	"the shadow is promoted": {
		web(1, func(g *fleet.GroupStatus) { g.Shadow = &fleet.ShadowStatus{Promoted: true} }),
		"shadow info web", "shadow info over web",
	},
	"a forecast abstains": {
		web(1, func(g *fleet.GroupStatus) {
			g.Foreseen = []*policy.Foreseen{{Outlook: policy.Outlook{Policy: "forecast/cpu", Abstains: policy.SilenceRecord}}}
		}),
		"forecast info web forecast/cpu bad_record", "forecast info over web forecast/cpu bad_record",
	},
	"an instance is quarantined": {
		web(1, func(g *fleet.GroupStatus) { g.Instances[1].Quarantine = "did not serve within 1h" }),
		"quarantine warning web gc00000002", "quarantine warning over web gc00000002",
	},
	"an instance fails": {
		web(1, func(g *fleet.GroupStatus) { g.Instances[0].Failing = noon }),
		"failing warning web gc00000001", "failing warning over web gc00000001",
	},
	"somebody turned an instance off": {
		web(1, func(g *fleet.GroupStatus) {
			g.Instances[0].Drift = &actions.Drift{Kind: actions.DriftStopped, Since: noon}
		}),
		"drift warning web gc00000001 stopped", "drift warning over web gc00000001 stopped",
	},
	"the cloud is not to be trusted": {
		account(func(a *fleet.AccountStatus) { a.Mode, a.ModeWhy = actions.DoubtWrites, "three changes in a row failed" }),
		"account_mode warning gio writes_failing", "account_mode warning over gio writes_failing",
	},
	"an order's answer is lost": {
		account(func(a *fleet.AccountStatus) {
			a.Orders = []actions.OrderStatus{{ID: "o1", Group: "web", Count: 2, State: actions.IntentUnknown}}
		}),
		"order warning gio web o1 unknown", "order warning over gio web o1 unknown",
	},
	"an order asks": {
		account(func(a *fleet.AccountStatus) {
			a.Orders = []actions.OrderStatus{{ID: "o1", Group: "web", Count: 2, State: actions.IntentAsking}}
		}),
		"order critical gio web o1 asking", "order critical over gio web o1 asking",
	},
	"orders fail": {
		short(func(a *fleet.AccountStatus) { a.Trouble = "the quota is used up" }),
		"order_failed warning gio", "order_failed warning over gio",
	},
}

func TestWhatLastsBeginsAndEnds(t *testing.T) {
	t.Parallel()
	for name, c := range conditions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			normal := calm()
			normal.Groups[0].Mode, normal.Groups[0].Desired = c.status.Groups[0].Mode, c.status.Groups[0].Desired
			expect(t, events.Compare(normal, c.status).Events, c.begins)
			expect(t, events.Compare(c.status, normal).Events, c.ends)
			expect(t, events.Compare(c.status, c.status).Events)
			begun, ended := events.Compare(normal, c.status).Events, events.Compare(c.status, normal).Events
			if len(begun) == 1 && len(ended) == 1 && begun[0].Subject() != ended[0].Subject() {
				t.Errorf("%+v begins, and %+v ends", begun[0].Subject(), ended[0].Subject())
			}
		})
	}
}

func TestTheFirstLookTellsWhatIsWrongAndNothingElse(t *testing.T) {
	t.Parallel()
	expect(t, events.Compare(nil, calm()).Events)
	for name, c := range conditions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, events.Compare(nil, c.status).Events, c.begins)
		})
	}
}

func TestAGroupThatIsNoLongerConfiguredEndsWhatWasWrongWithIt(t *testing.T) {
	t.Parallel()
	before := web(1, func(g *fleet.GroupStatus) {
		g.Trouble, g.Drill = "disk full", &fleet.Drill{ID: "d1", By: "bob"}
		g.Instances[0].Quarantine = "stuck"
	})
	after := calm()
	after.Groups[0].Name = "api"
	batch := events.Compare(before, after)
	expect(t, batch.Events, "group_added info api", "trouble critical over web", "quarantine warning over web gc00000001",
		"drill warning over web failed", "group_removed info web")
	if len(batch.Groups) != 1 || batch.Groups[0].Name != "api" || len(batch.Gone) != 1 || batch.Gone[0] != "web" {
		t.Errorf("groups %v, gone %v", batch.Groups, batch.Gone)
	}
}

func TestAGroupThatComesLaterTellsWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	before, after := calm(), web(1, func(g *fleet.GroupStatus) { g.Capped = &policy.Capped{Reason: policy.ReasonAtMax, Unmet: 1} })
	before.Groups = nil
	expect(t, events.Compare(before, after).Events, "group_added info web", "capped critical web at_max")
}

func TestHappeningsAreTold(t *testing.T) {
	t.Parallel()
	decided := func(from, to int, reason policy.Reason) func(*fleet.GroupStatus) {
		return func(g *fleet.GroupStatus) {
			g.Desired, g.Decision.From, g.Decision.To, g.Decision.Reason = to, from, to, reason
			g.Decision.Policies = []string{"target/cpu wants 4: cpu is 1.2, target 0.6"}
		}
	}
	drill := func(outcome fleet.DrillOutcome) func(*fleet.GroupStatus) {
		return func(g *fleet.GroupStatus) { g.Drill = &fleet.Drill{ID: "d1", By: "bob", Outcome: outcome} }
	}
	calmly := func(*fleet.GroupStatus) {}
	for name, c := range map[string]struct {
		before, after *fleet.Status
		want          []string
	}{
		"the group grows":                  {calm(), web(1, decided(2, 4, policy.ReasonWant)), []string{"decision info web want 2→4"}},
		"it stays":                         {calm(), web(1, decided(2, 2, policy.ReasonSteady)), nil},
		"the same decision is seen again":  {web(0, decided(2, 4, policy.ReasonWant)), web(0, decided(2, 4, policy.ReasonWant)), nil},
		"it grew, and decided again since": {calm(), web(2, decided(4, 4, policy.ReasonSteady)), []string{"decision info web 2→4"}},
		"a rollout fails while it goes on": {web(1, rollout("b", policy.RolloutUnderWay)), web(2, rollout("b", policy.RolloutGivenUp)), []string{"rollout warning web given_up"}},
		"another template is rolled out":   {web(1, rollout("b", policy.RolloutUnderWay)), web(2, rollout("c", policy.RolloutUnderWay)), []string{"rollout info web under_way"}},
		"a drill begins":                   {calm(), web(1, drill("")), []string{"drill info web"}},
		"a drill goes on":                  {web(1, drill("")), web(2, drill("")), nil},
		"a drill ends":                     {web(1, drill("")), web(2, drill(fleet.DrillReady)), []string{"drill info over web ready"}},
		"a drill fails between two looks":  {calm(), web(1, drill(fleet.DrillFailed)), []string{"drill warning over web failed"}},
		"a drill of yesterday":             {nil, web(1, drill(fleet.DrillFailed)), nil},
		"one override replaces another":    {web(1, override(policy.HoldAt, 1)), web(2, override(policy.PauseAll, 2)), []string{"override warning web pause"}},
		"the cap is another":               {web(1, capped(policy.ReasonAtMax)), web(2, capped(policy.ReasonAtCeiling)), []string{"capped critical web at_ceiling"}},
		"a lost order comes to ask":        {account(order(actions.IntentUnknown)), account(order(actions.IntentAsking)), []string{"order critical gio web o1 asking"}},
		"an order is tried again after one that failed": {
			short(func(a *fleet.AccountStatus) { a.Trouble = "quota" }), short(func(a *fleet.AccountStatus) { a.Trouble = "quota"; order(actions.IntentOpen)(a) }), nil,
		},
		"an order fails of which nothing is needed any more": {calm(), account(func(a *fleet.AccountStatus) { a.Trouble = "quota" }), nil},
		"what failed is needed no more": {
			short(func(a *fleet.AccountStatus) { a.Trouble = "quota" }), func() *fleet.Status {
				s := short(func(a *fleet.AccountStatus) { a.Trouble = "quota" })
				s.Groups[0].Serving = 3
				return s
			}(), []string{"order_failed warning over gio"},
		},
		"an order is lost that had failed": {
			short(func(a *fleet.AccountStatus) { a.Trouble = "quota" }), short(func(a *fleet.AccountStatus) { a.Trouble = "quota"; order(actions.IntentUnknown)(a) }),
			[]string{"order warning gio web o1 unknown", "order_failed warning over gio"},
		},
		"a group begins with what is there":      {undecided("act", 0), calm(), nil},
		"a group begins to grow":                 {undecided("act", 0), web(0, decided(2, 3, policy.ReasonWant)), []string{"decision info web want 2→3"}},
		"a group goes on where it was":           {undecided("act", 2), calm(), nil},
		"a group that recommends begins":         {undecided("recommend", 0), web(0, func(g *fleet.GroupStatus) { g.Mode = "recommend" }), nil},
		"a group that recommends begins to grow": {undecided("recommend", 0), web(0, func(g *fleet.GroupStatus) { g.Mode = "recommend"; decided(2, 3, policy.ReasonWant)(g) }), []string{"decision info web want 2→3"}},
		"the first decision after a start": {
			func() *fleet.Status {
				s := web(0, func(g *fleet.GroupStatus) { g.Instances[0].Phase = actions.Ordered })
				s.Groups[0].Decision = fleet.DecisionStatus{}
				return s
			}(), calm(), nil,
		},
		"an order leaves and is settled":    {account(order(actions.IntentOpen)), calm(), nil},
		"an instance fails, then is put by": {web(1, func(g *fleet.GroupStatus) { g.Instances[0].Failing = noon }), web(2, func(g *fleet.GroupStatus) { g.Instances[0].Failing, g.Instances[0].Quarantine = noon, "stuck" }), []string{"quarantine warning web gc00000001"}},
		"an instance comes, another goes": {calm(), web(1, func(g *fleet.GroupStatus) {
			g.Instances[1] = actions.InstanceStatus{Code: "gc00000003", Goal: policy.InService, Phase: actions.Ordered}
		}), []string{"instance_came info web gc00000003 ordered", "instance_went info web gc00000002 in_pool"}},
		"an instance moves": {calm(), web(0, func(g *fleet.GroupStatus) { g.Instances[0].Phase = actions.Draining }), []string{"phase info web gc00000001 draining"}},
		"a failing instance goes": {web(1, func(g *fleet.GroupStatus) { g.Instances[1].Failing = noon }), web(2, func(g *fleet.GroupStatus) { g.Instances = g.Instances[:1] }),
			[]string{"instance_went info web gc00000002 in_pool", "failing warning over web gc00000002"}},
		"nothing": {web(1, calmly), web(2, calmly), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, events.Compare(c.before, c.after).Events, c.want...)
		})
	}
}

// undecided is a calm fleet at its start, whose group has that size.
func undecided(mode string, desired int) *fleet.Status {
	s := calm()
	s.Groups[0].Mode, s.Groups[0].Desired, s.Groups[0].Decision = mode, desired, fleet.DecisionStatus{}
	return s
}

// short is a calm fleet in which an instance is missing, with a changed account.
func short(change func(a *fleet.AccountStatus)) *fleet.Status {
	s := account(change)
	s.Groups[0].Desired, s.Groups[0].Decision.To = 3, 3
	return s
}

func rollout(template string, state policy.RolloutState) func(*fleet.GroupStatus) {
	return func(g *fleet.GroupStatus) {
		g.Rollout = &policy.Rollout{Configured: template, Previous: "a", State: state}
	}
}

func override(kind policy.OverrideKind, after int) func(*fleet.GroupStatus) {
	return func(g *fleet.GroupStatus) {
		g.Override = &policy.Override{Kind: kind, Since: noon.Add(time.Duration(after) * time.Second), By: "alice"}
	}
}

func capped(reason policy.Reason) func(*fleet.GroupStatus) {
	return func(g *fleet.GroupStatus) { g.Capped = &policy.Capped{Reason: reason, Since: noon, Unmet: 2} }
}

func order(state actions.IntentState) func(*fleet.AccountStatus) {
	return func(a *fleet.AccountStatus) {
		a.Orders = []actions.OrderStatus{{ID: "o1", Group: "web", Count: 2, State: state}}
	}
}

func TestADecisionIsToldInTheWordsOfStatus(t *testing.T) {
	t.Parallel()
	after := web(1, func(g *fleet.GroupStatus) {
		g.Desired = 4
		g.Decision = fleet.DecisionStatus{At: g.Decision.At, From: 2, To: 4, Reason: policy.ReasonWant, Policies: []string{"target/cpu wants 4: cpu is 1.2, target 0.6"}}
	})
	told := events.Compare(calm(), after).Events
	if want := "2 to 4: the policies want exactly this; target/cpu wants 4: cpu is 1.2, target 0.6"; len(told) != 1 || told[0].Text != want {
		t.Errorf("it says %+v", told)
	}
	after.Groups[0].Mode = "recommend"
	if told = events.Compare(calm(), after).Events; !strings.HasPrefix(told[0].Text, "would go from 2 to 4: the policies") {
		t.Errorf("it says %q", told[0].Text)
	}
}

func TestOnlyWhatLooksDifferentIsInABatch(t *testing.T) {
	t.Parallel()
	twins := func(change func(*fleet.GroupStatus)) *fleet.Status {
		s := calm()
		twin := calm().Groups[0]
		twin.Name = "api"
		change(&twin)
		s.Groups = append([]fleet.GroupStatus{twin}, s.Groups...)
		return s
	}
	before := twins(func(*fleet.GroupStatus) {})
	batch := events.Compare(before, twins(func(g *fleet.GroupStatus) { g.Standby = 1 }))
	if len(batch.Groups) != 1 || batch.Groups[0].Name != "api" || batch.Groups[0].Standby != 1 || batch.Accounts != nil || batch.Events != nil {
		t.Errorf("the batch is %+v", batch)
	}
	later := twins(func(*fleet.GroupStatus) {})
	later.Accounts[0].LookedAt = noon.Add(time.Minute)
	if batch = events.Compare(before, later); batch.Groups != nil || len(batch.Accounts) != 1 {
		t.Errorf("the batch is %+v", batch)
	}
}

// code is a word as programs write it.
var code = regexp.MustCompile(`\b[a-z]+_[a-z_]+\b`)

func TestEventsSpeakTheWordsOfPeople(t *testing.T) {
	t.Parallel()
	var told []events.Event
	for _, c := range conditions {
		told = append(told, events.Compare(calm(), c.status).Events...)
		told = append(told, events.Compare(c.status, calm()).Events...)
	}
	for _, hold := range policy.Holds() {
		told = append(told, events.Compare(calm(), web(1, func(g *fleet.GroupStatus) { g.Held = []policy.Hold{hold} })).Events...)
		told = append(told, events.Compare(web(1, func(g *fleet.GroupStatus) { g.Held = []policy.Hold{hold} }), calm()).Events...)
	}
	for _, phase := range actions.Phases() {
		for _, goal := range []policy.Goal{policy.InService, policy.Standby, policy.Released, policy.Ready} {
			moved := web(1, func(g *fleet.GroupStatus) { g.Instances[0].Phase, g.Instances[0].Goal = phase, goal })
			none := web(1, func(g *fleet.GroupStatus) { g.Instances = g.Instances[1:] })
			told = append(told, events.Compare(calm(), moved).Events...)
			told = append(told, events.Compare(none, moved).Events...)
			told = append(told, events.Compare(moved, none).Events...)
		}
	}
	for _, kind := range actions.DriftKinds() {
		told = append(told, events.Compare(calm(), web(1, func(g *fleet.GroupStatus) { g.Instances[0].Drift = &actions.Drift{Kind: kind} })).Events...)
	}
	for _, kind := range policy.OverrideKinds() {
		told = append(told, events.Compare(calm(), web(1, override(kind, 1))).Events...)
	}
	for _, doubt := range actions.Doubts()[1:] {
		told = append(told, events.Compare(calm(), account(func(a *fleet.AccountStatus) { a.Mode, a.ModeWhy = doubt, "no answer" })).Events...)
	}
	if len(told) < 150 {
		t.Errorf("only %d events are told", len(told))
	}
	for _, e := range told {
		if found := code.FindString(e.Text); found != "" || strings.Contains(e.Text, "  ") || strings.Contains(e.Text, "()") || strings.HasSuffix(e.Text, " ") || strings.HasPrefix(e.Text, ":") {
			t.Errorf("%s says %q", e.Kind, e.Text)
		}
	}
	for _, kind := range events.Kinds() {
		if kind.Name() == "" || code.MatchString(kind.Name()) {
			t.Errorf("%s is called %q", kind, kind.Name())
		}
	}
}

func TestAnInstanceThatMovesIsToldInWords(t *testing.T) {
	t.Parallel()
	after := web(0, func(g *fleet.GroupStatus) { g.Instances[0].Phase = actions.Draining })
	if told := events.Compare(calm(), after).Events; len(told) != 1 || told[0].Text != "gc00000001: draining (before: in the pool), to be in service" {
		t.Errorf("it says %+v", told)
	}
}
