package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

func TestAGroupThatRecommendsSaysWhatItWouldDo(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	sim := s.simulate()
	load := s.servePage()
	configuration := s.configuration(sim.endpoint(), load.signal(), loadPolicy)
	checkAdvice(s, sim, load, s.run(with(t, configuration, "mode: act", "mode: recommend")), "history")
}

func TestADryRunOfAGroupThatActsSaysWhatItWouldDo(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	sim := s.simulate()
	load := s.servePage()
	checkAdvice(s, sim, load, s.run(s.configuration(sim.endpoint(), load.signal(), loadPolicy), "--dry-run"))
}

// checkAdvice makes the daemon want to grow and looks for what it says and does.
// It sees three nodes in the pool, and cannot know that one is foreign. In its state
// directory it keeps what is named, and nothing else.
func checkAdvice(s *scene, sim *simulator, load *page, d *daemon, kept ...string) {
	s.t.Helper()
	load.demand(most)
	d.until(soon, "advice", func(g fleet.GroupStatus) error {
		if g.Mode != "recommend" || g.Serving != 3 {
			return fmt.Errorf("mode %s with %d nodes", g.Mode, g.Serving)
		}
		return decided(g, most)
	})
	d.decides(10)
	d.once("would decide group=web from=3 reason=want to=5 wanted=5 policies=\"target/load wants 5: load is 48, target 10\"")
	sim.checkUntouched()
	if ordered(sim.books()) != 0 {
		s.t.Error("machines were bought")
	}
	var found []string
	entries, err := os.ReadDir(s.path("state"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.t.Error(err)
	}
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	if !slices.Equal(found, kept) {
		s.t.Errorf("the state directory holds %q, want %q", found, kept)
	}
}
