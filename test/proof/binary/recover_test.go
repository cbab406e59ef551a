package binary

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// An operator whose state file is damaged types what the daemon says, and no more.
func TestProofALostStateIsMadeAnewByTheCommandsThatAreShown(t *testing.T) {
	t.Parallel()
	o := newOrdeal(t, 1<<32+3, &tally{counts: map[string]int{}})
	o.daemon = o.scene.run(o.configuration)
	sizes := []int{most, most - 1} // the last one has a machine stand by, whose preparation takes its time
	if *kills < 100 {
		sizes = sizes[:1]
	}
	for _, o.wanted = range sizes {
		o.load.demand(o.wanted)
		o.daemon.restsAt(o.wanted)
	}
	before := codes(o.statusOfProgram())
	o.daemon.signal(syscall.SIGTERM)
	if status := o.daemon.status(soon); status != 0 {
		t.Fatalf("it ended with %d", status)
	}
	calls := len(o.sim.books().Calls)
	o.spoilState()

	refused := o.scene.run(o.configuration)
	if status := refused.status(soon); status != 1 {
		t.Fatalf("on a damaged state, it ended with %d and said %s", status, refused.said.String())
	}
	looking := strings.Fields(last(shownCommands(refused.said.String())))
	dry := o.typed(looking)
	for _, code := range before {
		if !strings.Contains(dry, "  "+code+"  ") {
			t.Errorf("%s is not found:\n%s", code, dry)
		}
	}
	written := o.typed(append(looking, "--write"))
	if !strings.Contains(written, "The old state file is kept as "+o.path("state/autoscaled.db.damaged-")) {
		t.Errorf("it says\n%s", written)
	}
	if got := len(o.sim.books().Calls); got != calls {
		t.Errorf("the cloud was asked to change something: %+v", o.sim.books().Calls[calls:])
	}

	o.daemon = o.scene.run(o.configuration)
	o.daemon.until(soon, "every instance on record, in a pause", func(g fleet.GroupStatus) error {
		if got := codes(g); !slices.Equal(got, before) || g.Override == nil || g.Override.By != "recover" || g.Decision.Reason != policy.ReasonPaused {
			return fmt.Errorf("it has %v, is paused by %+v and decides %q", got, g.Override, g.Decision.Reason)
		}
		return nil
	})
	o.load.demand(most)
	o.measures()
	if got := len(o.sim.books().Calls); got != calls {
		t.Errorf("a paused group acts: %+v", o.sim.books().Calls[calls:])
	}
	bought := len(o.sim.books().Machines)
	o.load.demand(o.wanted)
	for _, command := range shownCommands(written) {
		o.typed(strings.Fields(command))
	}
	o.atLast()
	if got := len(o.sim.books().Machines); got != bought {
		t.Errorf("%d machines were bought again", got-bought)
	}
}

// spoilState damages the state file where it matters.
func (o *ordeal) spoilState() {
	o.t.Helper()
	path := o.path("state/autoscaled.db")
	content, err := os.ReadFile(path)
	if err != nil {
		o.t.Fatal(err)
	}
	size := os.Getpagesize()
	for page := 2; page < len(content)/size; page++ {
		content[page*size+8] ^= 0xff // its kind
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// shownCommands are the commands that a text shows, each on a line of its own.
func shownCommands(text string) []string {
	var commands []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "  autoscaled ") {
			commands = append(commands, strings.TrimSpace(line))
		}
	}
	return commands
}

func last(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}

// typed runs a command as it was shown, which must succeed, and returns what it said.
func (o *ordeal) typed(command []string) string {
	o.t.Helper()
	if len(command) == 0 || command[0] != "autoscaled" {
		o.t.Fatalf("this is no command: %v", command)
	}
	status, said := o.command(command[1:]...)
	if status != 0 {
		o.t.Fatalf("%v ended with %d and said\n%s", command, status, said)
	}
	return said
}

func codes(g fleet.GroupStatus) []string {
	var list []string
	for _, in := range g.Instances {
		list = append(list, in.Code)
	}
	return list
}
