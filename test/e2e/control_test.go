package e2e

import (
	"errors"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

func TestAPausedGroupStaysAsItIsUntilResumed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	sim := s.simulate()
	load := s.servePage()
	configuration := s.configuration(sim.endpoint(), load.signal(), loadPolicy)
	d := s.run(configuration)
	d.restsAt(least)

	expect(t, "web is paused; `autoscaled resume web` ends it\n", "pause", "web", "--socket", s.socket(), "--by", "Sato", "--why", "moving the racks")
	load.demand(most)
	d.decides(10)
	d.kill()
	d = s.run(configuration) // a pause outlives the daemon
	d.until(soon, "paused group", func(g fleet.GroupStatus) error {
		if g.Override == nil || g.Decision.Reason != "paused" {
			return errors.New("it is not paused")
		}
		return nil
	})
	d.decides(10)
	sim.checkUntouched()
	for _, want := range []string{"group web (act, 2 to 5): desired 2, serving 2, becoming 0, standby 0", "! paused by Sato", ": moving the racks", "gc00000002"} {
		if _, said := run(t, "status", "--socket", s.socket()); !strings.Contains(said, want) {
			t.Errorf("status lacks %q:\n%s", want, said)
		}
	}

	expect(t, "web runs again\n", "resume", "web", "--socket", s.socket())
	d.restsAt(most)
}

func TestCommandsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	refuse(t, 5, "autoscaled: ask the daemon at "+s.socket()+": dial unix "+s.socket()+
		": connect: no such file or directory; is it running, and may this user reach it?\n", "status", "--socket", s.socket())

	sim := s.simulate()
	d := s.run(s.configuration(sim.endpoint(), s.servePage().signal(), loadPolicy))
	d.restsAt(least)
	refuse(t, 7, "autoscaled: there is no group `wbe`: did you mean `web`?\n", "pause", "wbe", "--socket", s.socket())
	refuse(t, 7, "autoscaled: there is no group `wbe`: did you mean `web`?\n", "resume", "wbe", "--socket", s.socket())
}

// expect runs a command that must succeed and say just this.
func expect(t *testing.T, want string, args ...string) {
	t.Helper()
	if status, said := run(t, args...); status != 0 || said != want {
		t.Errorf("autoscaled %v ended with status %d and said\n%s\nwant 0 and\n%s", args, status, said, want)
	}
}

// refuse runs a command that must fail and say just this.
func refuse(t *testing.T, as int, want string, args ...string) {
	t.Helper()
	if status, said := run(t, args...); status != as || said != want {
		t.Errorf("autoscaled %v ended with status %d and said\n%s\nwant %d and\n%s", args, status, said, as, want)
	}
}
