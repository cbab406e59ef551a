package proof

import "testing"

// TestProofHunt runs the quick lanes until the first of them fails. It is for whoever
// wants to know whether they find a bug: it says no more than that they do.
func TestProofHunt(t *testing.T) {
	if !*huntFlag {
		t.Skip("it repeats what the other tests do: ask for it with -proof.hunt")
	}
	stories, struck := workflows(), &tally{}
	hunts := []func(*testing.T){
		TestProofFound, TestProofTimers, TestProofLate,
		func(t *testing.T) { tellSeeds(t, 1, 60) },
	}
	for _, name := range names(stories) {
		hunts = append(hunts, func(t *testing.T) { strikeEverywhere(t, name, stories[name], struck) })
	}
	hunts = append(hunts, func(t *testing.T) { tellSeeds(t, 61, 240) }, TestProofBursts)
	for _, hunt := range hunts {
		if !t.Run("hunt", hunt) {
			return
		}
	}
}
