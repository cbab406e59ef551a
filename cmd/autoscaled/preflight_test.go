package main

import (
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
)

func preflightText(t *testing.T, p fleet.Preflight) string {
	t.Helper()
	var out strings.Builder
	if err := printPreflight(&out, p); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPreflightNamesWhatLimitsTheGroupFirst(t *testing.T) {
	t.Parallel()
	golden(t, "preflight_limited.txt", preflightText(t, fleet.Preflight{Group: "web", Active: 4, Max: 20, Reachable: 12, Checks: []actions.Check{
		{Name: "orders", State: actions.CheckOK, Room: -1, Why: "every order is settled"},
		{Name: "access", State: actions.CheckOK, Room: -1, Why: "the credentials may work with the account"},
		{Name: "template", State: actions.CheckOK, Room: -1, Why: "gc00000001 is stopped, as it must be"},
		{Name: "machines", State: actions.CheckBlocked, Room: 10, Why: "the account has 30 machines, and machines_max is 40"},
		{Name: "pool gl00000001/web", State: actions.CheckBlocked, Room: 8, Why: "it has 4 nodes, and takes 12"},
		{Name: "pool gl00000001/api", State: actions.CheckUnknown, Room: -1, Why: "list the nodes of gl00000001/api: connection refused"},
	}}))
}

func TestPreflightSaysHowSureItIs(t *testing.T) {
	t.Parallel()
	good := actions.Check{Name: "access", State: actions.CheckOK, Room: -1, Why: "granted"}
	ample := actions.Check{Name: "machines", State: actions.CheckOK, Room: 30, Why: "enough"}
	unclear := actions.Check{Name: "pool web", State: actions.CheckUnknown, Room: -1, Why: "no answer"}
	blocked := actions.Check{Name: "template", State: actions.CheckBlocked, Room: 0, Why: "gc00000001 is Running"}
	for want, p := range map[string]fleet.Preflight{
		"web could reach its max of 20 now\n":                                {Reachable: 20, Checks: []actions.Check{good, ample}},
		"web could reach its max of 20 now, as far as can be told\n":         {Reachable: 20, Checks: []actions.Check{good, unclear}},
		"web could reach 4 of max 20 now: template: gc00000001 is Running\n": {Reachable: 4, Checks: []actions.Check{unclear, ample, blocked}},
		"web could reach 4 of max 20 now\n":                                  {Reachable: 4, Checks: []actions.Check{good}},
	} {
		p.Group, p.Active, p.Max = "web", 4, 20
		got := preflightText(t, p)
		if !strings.HasSuffix(got, "\n"+want) || strings.Count(got, "\n") != len(p.Checks)+1 {
			t.Errorf("got\n%swant at its end\n%s", got, want)
		}
	}
}
