package actions

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// driftCase is an instance that serves, in its pool, or one that stands by, as change
// makes it look.
type driftCase struct {
	name   string
	goal   policy.Goal
	change func(in *instance)
	want   DriftKind
}

var driftCases = []driftCase{
	{"it serves", policy.InService, func(*instance) {}, ""},
	{"it is off", policy.InService, func(in *instance) { in.seen.machine.Power = cloud.PowerOff }, DriftStopped},
	{"it goes off", policy.InService, func(in *instance) { in.seen.machine.Power = cloud.PowerStopping }, DriftStopped},
	{"it is off, as before our start", policy.InService, func(in *instance) {
		in.seen.machine.Power, in.facts.Value.Stale = cloud.PowerOff, &Stale{Power: "off", Until: noon.Add(time.Second)}
	}, ""},
	{"it is off, as we asked before it was to serve again", policy.InService, func(in *instance) {
		in.seen.machine.Power, in.facts.Value.StopAsked = cloud.PowerOff, ago(time.Minute)
	}, ""},
	{"it is off, and never served", policy.InService, func(in *instance) {
		in.seen.machine.Power, in.facts.Value.Joined = cloud.PowerOff, time.Time{}
	}, ""},
	{"its power was not read", policy.InService, func(in *instance) { in.seen.machine.Power, in.seen.pools = cloud.PowerUnknown, 0 }, ""},
	{"it was never looked at", policy.InService, func(in *instance) { in.seen = view{} }, ""},
	{"it is out of the pool", policy.InService, func(in *instance) { in.seen.pools = 0 }, DriftRemoved},
	{"the pool was not read", policy.InService, func(in *instance) { in.seen.pools, in.seen.poolsAt = 0, time.Time{} }, ""},
	{"it is out of the pool, by a step under way", policy.InService, func(in *instance) { in.seen.pools, in.working = 0, true }, ""},
	{"it is out of the pool, and never served", policy.InService, func(in *instance) { in.seen.pools, in.facts.Value.Joined = 0, time.Time{} }, ""},
	{"it is out of the pool, by our step before", policy.InService, func(in *instance) {
		in.seen.pools, in.facts.Value.Fell = 0, ago(time.Second)
	}, ""},
	{"its contract has an end", policy.InService, func(in *instance) { in.seen.machine.Stop = noon }, DriftEnded},
	{"its contract has the end that we gave it", policy.InService, func(in *instance) {
		in.seen.machine.Stop, in.facts.Value.LastDay = noon, noon
	}, ""},
	{"its contract has an end, as it should", policy.Released, func(in *instance) { in.seen.machine.Stop = noon }, ""},
	{"it carries another label", policy.InService, func(in *instance) { in.seen.machine.Label = "db" }, DriftRelabelled},
	{"it carries another label, read before ours was set", policy.InService, func(in *instance) {
		in.seen.machine.Label, in.seen.labelAt = "db", ago(2*time.Hour)
	}, ""},
	{"it carries no label of ours yet", policy.InService, func(in *instance) {
		in.seen.machine.Label, in.facts.Value.Labelled = "", time.Time{}
	}, ""},

	{"it stands by", policy.Standby, func(*instance) {}, ""},
	{"it stands by, and is on", policy.Standby, func(in *instance) { in.seen.machine.Power = cloud.PowerOn }, DriftStarted},
	{"it stands by, and goes up", policy.Standby, func(in *instance) { in.seen.machine.Power = cloud.PowerStarting }, DriftStarted},
	{"it stands by, and is in a pool", policy.Standby, func(in *instance) { in.seen.pools = 1 }, DriftAdded},
	{"it stands by, on, in a pool", policy.Standby, func(in *instance) { in.seen.machine.Power, in.seen.pools = cloud.PowerOn, 1 }, DriftAdded},
	{"it is to stand by, and has not come to rest", policy.Standby, func(in *instance) {
		in.seen.machine.Power, in.seen.pools, in.facts.Value.Rested = cloud.PowerOn, 1, time.Time{}
	}, ""},
	{"it is to be released, and is on", policy.Released, func(in *instance) { in.seen.machine.Power = cloud.PowerOn }, ""},
}

// seenAs is the case's instance.
func (c driftCase) seenAs() *instance {
	in := &instance{
		mark: Mark("test", "web", "one"),
		code: "one", goal: &store.Document[goalRecord]{Value: goalRecord{c.goal, ago(time.Hour)}},
		facts: &store.Document[Facts]{Value: Facts{Labelled: ago(time.Hour), Joined: ago(30 * time.Minute)}},
		seen: view{
			machine: cloud.Machine{Code: "one", Contract: cloud.ContractInService, Power: cloud.PowerOn, Label: Mark("test", "web", "one")},
			listed:  true, machineAt: noon, labelAt: noon, pools: 1, poolsAt: noon,
		},
	}
	if c.goal != policy.InService {
		in.seen.machine.Power, in.seen.pools, in.facts.Value.Rested = cloud.PowerOff, 0, ago(10*time.Minute)
	}
	c.change(in)
	return in
}

func TestADriftIsWhatSomebodyElseProvablyChanged(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		for _, c := range driftCases {
			if got := s.driftOf(c.seenAs(), noon); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
	})
}

func TestADriftOnRecordLastsWhileNothingNewerIsCertain(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		for name, change := range map[string]func(in *instance){
			"a step is under way":     func(in *instance) { in.working = true },
			"its power was not read":  func(in *instance) { in.seen.machine.Power = cloud.PowerUnknown },
			"the pools were not read": func(in *instance) { in.seen.poolsAt = time.Time{} },
			"it is not listed":        func(in *instance) { in.seen.listed = false },
		} {
			in := driftCase{"", policy.InService, change, ""}.seenAs()
			in.facts.Value.Drift = &Drift{DriftRemoved, ago(time.Minute)}
			if got := s.driftOf(in, noon); got != DriftRemoved {
				t.Errorf("%s: %q", name, got)
			}
		}
	})
}
