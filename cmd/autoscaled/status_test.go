package main

import (
	"cmp"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

var now = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

func before(d time.Duration) time.Time { return now.Add(-d) }

func printed(t *testing.T, status fleet.Status) string {
	t.Helper()
	var out strings.Builder
	if err := printStatus(&out, status, now); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestStatusOfABusyGroup(t *testing.T) {
	t.Parallel()
	cpu := 0.7584
	golden(t, "status_busy.txt", printed(t, fleet.Status{
		Accounts: []fleet.AccountStatus{{Name: "gio", LookedAt: before(4 * time.Second), Machines: 7}},
		Groups: []fleet.GroupStatus{{
			Name: "web", Mode: "act", Account: "gio", Min: 2, Max: 10, Desired: 4, Serving: 2, Becoming: 1, Standby: 1,
			Decision: fleet.DecisionStatus{
				At: before(3 * time.Second), From: 3, To: 4, Wanted: 4, Reason: policy.ReasonWant,
				Policies: []string{"target/cpu wants 4: cpu is 0.7584, target 0.6", "target/rate cannot tell: rate is stale"},
			},
			Signals: []fleet.SignalStatus{{Name: "cpu", Value: &cpu, Measured: 2, Of: 3}, {Name: "rate", Why: "stale", Of: 3}},
			Foreign: []string{"127.116.0.4:80"},
			Instances: []actions.InstanceStatus{
				{Code: "gc00000002", Goal: policy.InService, Phase: actions.InPool, Proof: actions.ProofMark, Address: "10.0.0.2", GoalSince: before(26 * time.Hour)},
				{Code: "gc00000003", Goal: policy.InService, Phase: actions.InPool, Proof: actions.ProofInferred, Address: "10.0.0.3", GoalSince: before(61 * time.Minute), Drift: &actions.Drift{Kind: actions.DriftEnded, Since: before(time.Minute)}},
				{
					Code: "gc00000005", Goal: policy.InService, Phase: actions.Described, Proof: actions.ProofAnswered, Address: "10.0.0.5",
					GoalSince: before(95 * time.Second), Trouble: "probe: dial tcp 10.0.0.5:80: connection refused",
				},
				{Code: "gc00000006", Goal: policy.Standby, Phase: actions.Off, Proof: actions.ProofMark, GoalSince: before(10 * time.Minute)},
				{
					Code: "gc00000007", Goal: policy.Released, Phase: actions.Ending, Proof: actions.ProofAnswered, GoalSince: before(2 * time.Minute),
					Hook:    &actions.HookStatus{Name: "drain-check", At: actions.AtEnd, Deadline: before(-3 * time.Minute)},
					LastDay: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
				},
			},
		}},
	}))
}

func TestStatusSaysHowForecastsKeepTheirBudgets(t *testing.T) {
	t.Parallel()
	of := func(name string, budget, quantile, short float64, abstains policy.Silence) *policy.Foreseen {
		return &policy.Foreseen{Outlook: policy.Outlook{Policy: name, Short: short, Abstains: abstains, Repays: short > 0.5}, Budget: budget, Quantile: quantile}
	}
	golden(t, "status_forecasts.txt", printed(t, fleet.Status{
		Groups: []fleet.GroupStatus{{
			Name: "web", Mode: "act", Account: "gio", Min: 2, Max: 10, Desired: 4, Serving: 4,
			Decision: fleet.DecisionStatus{
				At: before(3 * time.Second), From: 4, To: 4, Wanted: 4, Reason: policy.ReasonSteady,
				Policies: []string{"forecast/cpu wants 4: 2.8 instances' worth now, 3.1 (2.6 to 3.7) expected in 11m by the same time of earlier days, error 5% of late; reaction alone would have 4"},
			},
			Foreseen: []*policy.Foreseen{
				of("forecast/cpu", 0.01, 0, 0.0042, ""), of("forecast/queue", 0.005, 0, 0.0231, policy.SilenceRecord),
				of("forecast/rate", 0, 0.9995, 0, ""), of("forecast/jobs", 0.01, 0, 0, policy.SilenceYoung), of("forecast/mails", 0.01, 0, 1, ""),
			},
		}},
	}))
}

func TestStatusPutsTroubleWhereItIsSeen(t *testing.T) {
	t.Parallel()
	golden(t, "status_trouble.txt", printed(t, fleet.Status{
		Accounts: []fleet.AccountStatus{{
			Name: "gio", LookedAt: before(12 * time.Minute), LookTrouble: "list the machines of account gio: connection refused", Machines: 4,
			Trouble: "order 2 from template gc00000001: it is Running, and must be stopped to be cloned: stop it, or name another template",
			Orders: []actions.OrderStatus{{
				ID: "20260401T115000.000000000", Group: "web", Count: 2, State: actions.IntentAsking, At: before(10 * time.Minute), Error: "lost its answer, and 1 appeared",
			}},
		}, {Name: "other"}},
		Groups: []fleet.GroupStatus{{
			Name: "db", Mode: "recommend", Account: "other", Min: 1, Max: 3,
		}, {
			Name: "web", Mode: "act", Account: "gio", Min: 2, Max: 10, Desired: 2, Serving: 1,
			Trouble:  "write a decision down: no space left on device",
			Override: &policy.Override{Kind: policy.PauseAll, Since: before(3 * time.Hour), By: "sato", Why: "release day"},
			Decision: fleet.DecisionStatus{At: before(time.Second), From: 2, To: 2, Wanted: 2, Reason: policy.ReasonPaused},
			Instances: []actions.InstanceStatus{{
				Code: "gc00000005", Goal: policy.InService, Phase: actions.Starting, Proof: actions.ProofAnswered, GoalSince: before(2 * time.Hour),
				Quarantine: "did not serve within 1h0m0s, and is starting", Trouble: "not shown beside a quarantine",
			}},
		}},
	}))
}

func TestStatusShowsWhatIsBeingReplacedAndWhyNot(t *testing.T) {
	t.Parallel()
	serving := func(code string, in actions.InstanceStatus) actions.InstanceStatus {
		in.Code, in.Goal, in.Phase, in.Proof = code, policy.InService, actions.InPool, actions.ProofMark
		in.Address, in.GoalSince, in.Location, in.Template = "10.0.0."+code[len(code)-1:], before(26*time.Hour), "east", cmp.Or(in.Template, "gc00000001@v2")
		return in
	}
	decision := fleet.DecisionStatus{At: before(3 * time.Second), From: 5, To: 5, Wanted: 5, Reason: policy.ReasonSteady}
	golden(t, "status_replacing.txt", printed(t, fleet.Status{
		Accounts: []fleet.AccountStatus{
			{Name: "gio", LookedAt: before(4 * time.Second), Machines: 7, Mode: actions.DoubtWrites, ModeWhy: "the last 5 changes failed: start machine gc00000007: 503 Service Unavailable"},
			{
				Name: "osaka", LookedAt: before(9 * time.Minute), Machines: 3, Mode: actions.DoubtBlind, ModeWhy: "no look for 9m: list the machines: connection refused",
				LookTrouble: "list the machines: connection refused",
			},
			{Name: "quiet", LookedAt: before(4 * time.Second), Machines: 3, Mode: actions.DoubtNone},
		},
		Groups: []fleet.GroupStatus{{
			Name: "api", Mode: "act", Account: "gio", Min: 2, Max: 10, Desired: 5, Serving: 5, Failing: 3, Decision: decision,
			Held:    []policy.Hold{policy.HoldBrake, policy.HoldDoubt},
			Rollout: &policy.Rollout{Configured: "gc00000001@v3", Previous: "gc00000001@v2", State: policy.RolloutGivenUp, Why: "gc00000008 never came to serve"},
			Instances: []actions.InstanceStatus{
				serving("gc00000002", actions.InstanceStatus{Failing: before(40 * time.Second)}),
				serving("gc00000003", actions.InstanceStatus{Failing: before(3 * time.Minute), Protected: &actions.Protection{Since: before(time.Hour), By: "sato", Why: "disk test"}}),
				serving("gc00000004", actions.InstanceStatus{LeftAlone: true, Drift: &actions.Drift{Kind: actions.DriftRelabelled, Since: before(5 * time.Minute)}}),
				serving("gc00000005", actions.InstanceStatus{Drift: &actions.Drift{Kind: actions.DriftRemoved, Since: before(time.Minute)}}),
			},
		}, {
			Name: "web", Mode: "act", Account: "gio", Min: 2, Max: 10, Desired: 5, Serving: 5, Becoming: 1, Decision: decision,
			Held:    []policy.Hold{policy.HoldBake},
			Rollout: &policy.Rollout{Configured: "gc00000001@v2", Previous: "gc00000001@v1", State: policy.RolloutUnderWay},
			Instances: []actions.InstanceStatus{
				serving("gc00000006", actions.InstanceStatus{}),
				serving("gc00000007", actions.InstanceStatus{Outdated: true, Template: "gc00000001@v1"}),
				serving("gc00000008", actions.InstanceStatus{Outdated: true, Template: "gc00000001@v1", Drift: &actions.Drift{Kind: actions.DriftEnded, Since: before(time.Hour)}}),
			},
		}, {
			Name: "worker", Mode: "act", Account: "quiet", Min: 2, Max: 10, Desired: 5, Serving: 5, Decision: decision,
			Rollout: &policy.Rollout{Configured: "gc00000001@v2", Previous: "gc00000001@v1", State: policy.RolloutDone},
		}},
	}))
}

func TestEveryHoldIsExplained(t *testing.T) {
	t.Parallel()
	for _, hold := range policy.Holds() {
		if text := holdText(hold); text == holdText("") {
			t.Errorf("%s is only said to be %q", hold, text)
		}
	}
}

func TestStatusSaysWhatLimitsAGroup(t *testing.T) {
	t.Parallel()
	got := printed(t, fleet.Status{Groups: []fleet.GroupStatus{{
		Name: "web", Max: 6, Decision: fleet.DecisionStatus{At: now, From: 6, To: 6, Wanted: 20, Reason: policy.ReasonAtMax},
		Capped:   &policy.Capped{Reason: policy.ReasonAtMax, Since: now.Add(-3 * time.Minute), Unmet: 14},
		Override: &policy.Override{Kind: policy.PauseAll, Since: now, By: "sato"},
	}, {
		Name: "api", Max: 6, Capped: &policy.Capped{Reason: policy.ReasonAtCeiling, Since: now, Unmet: 2},
	}}})
	for _, want := range []string{
		"! 14 more are wanted than max allows (6), for 3m: raise it, or find the load\n",
		"! 2 more are wanted than a schedule allows, for 0s: raise it, or find the load\n", "! paused by sato 0s ago: no reason given; `autoscaled resume web` ends it\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestStatusSaysThatAGroupHasNotSeenItsCloud(t *testing.T) {
	t.Parallel()
	decided := fleet.DecisionStatus{At: before(time.Hour)}
	for text, g := range map[string]fleet.GroupStatus{
		"\n  not looked at yet: shown as it was before\n":                                                  {Unseen: true, Decision: decided},
		"\n  not looked at yet: how its instances are is not known\n":                                      {Unseen: true},
		"\n  ! not looked at yet, shown as it was before: nothing is done before a look at gio succeeds\n": {Unseen: true, LookTrouble: "refused", Account: "gio", Decision: decided},
	} {
		if got := printed(t, fleet.Status{Groups: []fleet.GroupStatus{g}}); !strings.Contains(got, text) {
			t.Errorf("%s lacks %q", got, text)
		}
	}
	if got := printed(t, fleet.Status{Groups: []fleet.GroupStatus{{Decision: decided}}}); strings.Contains(got, "looked at") {
		t.Errorf("one that has: %s", got)
	}
}

func TestAFailedOrderIsToldOnce(t *testing.T) {
	t.Parallel()
	account := fleet.AccountStatus{Name: "gio", Trouble: "order 2: EOF"}
	if got := printed(t, fleet.Status{Accounts: []fleet.AccountStatus{account}}); !strings.Contains(got, "! the last order failed: order 2: EOF\n") {
		t.Errorf("got\n%s", got)
	}
	account.Orders = []actions.OrderStatus{{State: actions.IntentUnknown, Error: "EOF"}}
	if got := printed(t, fleet.Status{Accounts: []fleet.AccountStatus{account}}); strings.Contains(got, "the last order failed") {
		t.Errorf("got\n%s", got)
	}
}

func TestTheCauseOfAllTroubleIsToldOnce(t *testing.T) {
	t.Parallel()
	const cause = "dial tcp 192.0.2.1:443: connect: connection refused"
	out := printed(t, fleet.Status{Accounts: []fleet.AccountStatus{{
		Name: "gio", Mode: actions.DoubtBlind, ModeWhy: "no look for 3m: look: " + cause, LookTrouble: "look: " + cause,
		Orders: []actions.OrderStatus{{ID: "o-1", State: actions.IntentUnknown, Group: "web", Count: 2, At: now, Error: "order 2 of V40: " + cause}},
	}}})
	if strings.Count(out, cause) != 1 || !strings.Contains(out, "    ! order 2 of V40: as above\n") {
		t.Errorf("it prints\n%s", out)
	}
}

func TestAgesReadAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]string{
		-time.Hour:                     "0s", // the daemon's clock is ahead
		0:                              "0s",
		1400 * time.Millisecond:        "1s",
		119 * time.Second:              "1m59s",
		2 * time.Minute:                "2m",
		2*time.Minute + 40*time.Second: "3m",
		26 * time.Hour:                 "26h0m",
	} {
		if got := ago(before(age), now); got != want {
			t.Errorf("%v: got %s, want %s", age, got, want)
		}
	}
}

func TestStatusSaysThatABackfillCannotBeRead(t *testing.T) {
	t.Parallel()
	out := printed(t, fleet.Status{Groups: []fleet.GroupStatus{{Name: "web", PastTrouble: "forecast: open past.csv: no such file"}}})
	if !strings.Contains(out, "  ! a backfill cannot be read") || !strings.Contains(out, "past.csv: no such file") {
		t.Errorf("printed\n%s", out)
	}
}

func TestTheStatusOfOneGroupShowsItWithItsAccountAndNoOther(t *testing.T) {
	t.Parallel()
	socket := serve(t, &fakeFleet{state: fleet.Status{
		Accounts: []fleet.AccountStatus{{Name: "gio", Machines: 7}, {Name: "other", Machines: 3}},
		Groups:   []fleet.GroupStatus{{Name: "api", Mode: "act", Account: "other"}, {Name: "web", Mode: "act", Account: "gio"}},
	}})
	out, _, err := execute(t, "status", "web", "--socket", socket)
	if err != nil || !strings.Contains(out, "account gio") || !strings.Contains(out, "group web") || strings.Contains(out, "other") || strings.Contains(out, "api") {
		t.Errorf("error is %v, printed\n%s", err, out)
	}
	out, _, err = execute(t, "status", "web", "-o", "json", "--socket", socket)
	var got fleet.Status
	if err != nil || json.Unmarshal([]byte(out), &got) != nil || len(got.Groups) != 1 || got.Groups[0].Name != "web" || len(got.Accounts) != 1 {
		t.Errorf("error is %v, as JSON\n%s", err, out)
	}
	if out, _, err = execute(t, "status", "wev", "--socket", socket); statusOf(err) != unknownStatus || out != "" {
		t.Errorf("of a group that there is not: status %d, printed %q", statusOf(err), out)
	}
}

func TestStatusWithoutADaemonFailsInOneLine(t *testing.T) {
	t.Parallel()
	out, _, err := execute(t, "status", "--socket", t.TempDir()+"/none.sock")
	if err == nil || !strings.Contains(err.Error(), "is it running") || strings.Contains(err.Error(), "\n") || out != "" {
		t.Errorf("error is %v, output %q", err, out)
	}
}
