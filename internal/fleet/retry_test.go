package fleet_test

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// setAside lets two machines be quarantined, whose services never answer, and returns their
// codes.
func (w *world) setAside() []string {
	w.load.set(400)
	w.until("two are ordered", 5*time.Minute, func() bool { return len(w.bought()) == 2 })
	stuck := w.bought()
	w.ail(stuck...)
	w.until("both are quarantined", 3*time.Hour, func() bool { return w.quarantined() == 2 })
	return stuck
}

func stuckSetting() setting {
	s := brief()
	s.max, s.launchTimeout = 4, 20*time.Minute
	return s
}

func TestAPersonWhoRetriesOneInstanceLiftsItsQuarantineAndNoOther(t *testing.T) {
	s, notes := stuckSetting(), noted{}
	s.record = notes.take
	tell(t, s, func(t *testing.T, w *world) {
		stuck := w.setAside()
		w.heal()
		refused(t, w.fleet.Retry(t.Context(), first, "sato", ""), "not quarantined")
		must(t, w.fleet.Retry(t.Context(), stuck[0], "sato", "the image server is back"))
		w.until("it serves", 10*time.Minute, func() bool { return w.instance(stuck[0]).Phase == actions.InPool })
		if w.instance(stuck[0]).Quarantine != "" || w.instance(stuck[1]).Quarantine == "" {
			t.Errorf("the quarantines are %q and %q", w.instance(stuck[0]).Quarantine, w.instance(stuck[1]).Quarantine)
		}
		if !notes.has(stuck[0] + " retried by sato: the image server is back") {
			t.Errorf("the history has %q", notes)
		}
		var nowhere fleet.UnknownInstanceError
		if err := w.fleet.Retry(t.Context(), "gc77777777", "sato", ""); !errors.As(err, &nowhere) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestAQuarantinedInstanceThatAPersonReleasesIsEndedByTheUsualSteps(t *testing.T) {
	s, notes := stuckSetting(), noted{}
	s.record = notes.take
	tell(t, s, func(t *testing.T, w *world) {
		stuck := w.setAside()
		must(t, w.fleet.Release(t.Context(), stuck[0], "sato", "its disk is broken"))
		refused(t, w.fleet.Release(t.Context(), stuck[0], "sato", ""), stuck[0])
		w.until("its contract has an end", time.Hour, func() bool { return !w.instance(stuck[0]).LastDay.IsZero() })
		if in := w.instance(stuck[1]); in.Quarantine == "" || in.Goal != policy.InService {
			t.Errorf("the other is %+v", in)
		}
		if sent := w.sentFor(stuck[0]); sent[len(sent)-1] != "DeleteVirtualMachine" {
			t.Errorf("what was done to it: %v", sent)
		}
		if !notes.has(stuck[0] + " to be released, says sato: its disk is broken") {
			t.Errorf("the history has %q", notes)
		}
	})
}

func TestAReleaseIsRefusedWhereItsProofOrItsNeedIsMissing(t *testing.T) {
	tell(t, stuckSetting(), func(t *testing.T, w *world) {
		stuck := w.setAside()
		writer, _ := w.byHand()
		refused(t, w.fleet.Release(t.Context(), first, "sato", ""), "neither quarantined nor left alone")
		must(t, writer.SetLabel(t.Context(), stuck[0], "database"))
		refused(t, w.fleet.Release(t.Context(), stuck[0], "sato", ""), `carries the label "database"`)
		must(t, w.fleet.Protect(t.Context(), stuck[1], actions.Protection{By: "ito"}))
		refused(t, w.fleet.Release(t.Context(), stuck[1], "sato", ""), "protected by ito")
		must(t, w.fleet.Unprotect(t.Context(), stuck[1], "operator", ""))
		var nowhere fleet.UnknownInstanceError
		if err := w.fleet.Release(t.Context(), "gc77777777", "sato", ""); !errors.As(err, &nowhere) {
			t.Errorf("the error is %v", err)
		}
		for _, code := range []string{first, stuck[0]} {
			if w.machine(code).StopDate != "" {
				t.Errorf("%s was ended", code)
			}
		}
	})
}

func TestTheHistorySaysWhoResumedOrLiftedAProtectionAndWhy(t *testing.T) {
	s, notes := brief(), noted{}
	s.record = notes.take
	tellHeard(t, s, func(t *testing.T, w *world, log journal) {
		w.until("it decides", 5*time.Minute, func() bool { return !w.status().Decision.At.IsZero() })
		must(t, w.fleet.Override(t.Context(), groupName, policy.Override{Kind: policy.PauseAll, By: "sato"}))
		must(t, w.fleet.Resume(t.Context(), groupName, "alice", "the racks are moved"))
		must(t, w.fleet.Protect(t.Context(), first, actions.Protection{By: "sato"}))
		must(t, w.fleet.Unprotect(t.Context(), first, "bob", "the dump is copied"))
		for _, want := range []string{"resumed by alice: the racks are moved", first + " unprotected by bob: the dump is copied"} {
			if !notes.has(want) {
				t.Errorf("the history has %q, and not %q", notes, want)
			}
		}
		shows(t, log.times(1, zap.InfoLevel, "not protected any more"), map[string]any{"instance": first, "by": "bob", "why": "the dump is copied"})
		shows(t, log.times(1, zap.InfoLevel, "resumed"), map[string]any{"by": "alice", "why": "the racks are moved"})
		refused(t, w.fleet.Unprotect(t.Context(), "gc77777777", "bob", ""), "on no group's record")
	})
}
