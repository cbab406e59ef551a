package events_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

var noon = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// calm is a fleet in which nothing is wrong: one account, and one group of two instances.
func calm() *fleet.Status {
	cpu := 0.5
	return &fleet.Status{
		Accounts: []fleet.AccountStatus{{Name: "gio", LookedAt: noon, Mode: actions.DoubtNone, Machines: 2}},
		Groups: []fleet.GroupStatus{{
			Name: "web", Mode: "act", Account: "gio", Min: 2, Max: 8, Desired: 2, Serving: 2,
			Decision: fleet.DecisionStatus{At: noon, From: 2, To: 2, Reason: policy.ReasonSteady},
			Signals:  []fleet.SignalStatus{{Name: "cpu", Value: &cpu, Measured: 2, Of: 2}},
			Instances: []actions.InstanceStatus{
				{Code: "gc00000001", Goal: policy.InService, Phase: actions.InPool},
				{Code: "gc00000002", Goal: policy.InService, Phase: actions.InPool},
			},
		}},
	}
}

// web is a calm fleet whose group was changed, and has decided once more since.
func web(turns int, change func(g *fleet.GroupStatus)) *fleet.Status {
	s := calm()
	g := &s.Groups[0]
	g.Decision.At = noon.Add(time.Duration(turns) * 10 * time.Second)
	change(g)
	return s
}

func account(change func(a *fleet.AccountStatus)) *fleet.Status {
	s := calm()
	change(&s.Accounts[0])
	return s
}

// brief is an event in a word or two each: kind, severity, over, what it is about and why.
func brief(e events.Event) string {
	words := []string{string(e.Kind), string(e.Severity)}
	if e.Over {
		words = append(words, "over")
	}
	for _, word := range []string{e.Account, e.Group, e.Instance, e.About, e.Reason} {
		if word != "" {
			words = append(words, word)
		}
	}
	if e.From != nil && e.To != nil {
		words = append(words, fmt.Sprintf("%d→%d", *e.From, *e.To))
	}
	return strings.Join(words, " ")
}

func briefs(list []events.Event) (texts []string) {
	for _, e := range list {
		texts = append(texts, brief(e))
	}
	return texts
}

func expect(t *testing.T, list []events.Event, want ...string) {
	t.Helper()
	if got := briefs(list); !slices.Equal(got, want) {
		t.Errorf("it tells\n  %s\nand not\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	for _, e := range list {
		if e.Text == "" || strings.ContainsAny(e.Text, "\r\n") {
			t.Errorf("%s: the text is %q", brief(e), e.Text)
		}
	}
}
