package main

import (
	"slices"
	"testing"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// What somebody should look at must have a word in the table.
func TestEachConcernThatWantsAttentionHasABadge(t *testing.T) {
	t.Parallel()
	shownOtherwise := []fleet.ConcernKind{fleet.ConcernFault, fleet.ConcernRecommend, fleet.ConcernOutOnly, fleet.ConcernUndecided}
	g := fleet.GroupStatus{Override: &policy.Override{Kind: policy.PauseAll}}
	for _, kind := range fleet.ConcernKinds() {
		text := badgeText(g, fleet.Concern{Kind: kind, Severity: fleet.Warning, About: "no_room", Count: 2})
		if (text == "") != slices.Contains(shownOtherwise, kind) {
			t.Errorf("the badge of %s is %q", kind, text)
		}
	}
}

func TestSignalsWithoutAValueShareABadge(t *testing.T) {
	t.Parallel()
	g := fleet.GroupStatus{Mode: "act", Signals: []fleet.SignalStatus{{Name: "cpu", Why: "stale"}, {Name: "rate", Why: "stale"}}}
	if got, want := badgesOf(g), []badge{{"NO DATA", fleet.Warning}}; !slices.Equal(got, want) {
		t.Errorf("the badges are %v, want %v", got, want)
	}
}
