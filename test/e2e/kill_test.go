package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Calls and answers are held up for a moment, so that many are under way when the
// daemon dies: every other scaling is one to a size never reached before, for which
// machines must be bought.
func TestBooksBalanceAfterKillsAtRandomMoments(t *testing.T) {
	t.Parallel()
	const kills, largest = 10, 12
	random := seeded(t)
	s := newScene(t)
	sim := s.simulate("--state", s.path("cloud.json"))
	holdUp := func(string) { <-time.After(50 * time.Millisecond) }
	load := s.servePage()
	configuration := s.configuration(s.relayTo(sim, holdUp, holdUp).url, load.signal(), loadPolicy)
	configuration = with(t, configuration, fmt.Sprintf("max: %d", most), fmt.Sprintf("max: %d", largest))
	d := s.run(configuration)
	d.restsAt(least)

	powerCut := random.IntN(kills) // the kill at which the cloud goes down as well
	peak := least
	for n := range kills {
		size := least + random.IntN(peak-least+1)
		if n%2 == 0 {
			peak += 1 + random.IntN(2)
			size = peak
		}
		load.demand(size)
		d.until(soon, "decision", func(g fleet.GroupStatus) error { return decided(g, size) })
		moment := time.Duration(random.Int64N(int64(4 * time.Second)))
		t.Logf("kill %d: %v after the decision for %d", n+1, moment, size)
		<-time.After(moment)
		d.kill()
		if n == powerCut {
			t.Log("and the cloud with it")
			sim.kill()
			sim.start()
		}
		d = s.run(configuration)
	}
	last := peak - 1
	load.demand(last)
	d.restsAt(last)

	books := sim.books()
	checkBooks(t, books, peak)
	if bought := ordered(books); bought < peak-ownedAtFirst {
		t.Errorf("%d machines were bought: too few for %d at the peak", bought, peak)
	}
	group := statusOfProgram(t, s)
	checkRecord(t, books, group)
	checkPool(t, sim, books, group)
}

// seeded is chance that an earlier run's seed repeats.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("AUTOSCALED_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("AUTOSCALED_SEED: %v", err)
		}
	}
	t.Logf("repeat with AUTOSCALED_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func decided(g fleet.GroupStatus, size int) error {
	if g.Desired != size {
		return fmt.Errorf("it wants %d (%s)", g.Desired, g.Decision.Reason)
	}
	return nil
}

// statusOfProgram is the group's state as the program shows it.
func statusOfProgram(t *testing.T, s *scene) fleet.GroupStatus {
	t.Helper()
	code, said := run(t, "status", "--json", "--socket", s.socket())
	var status fleet.Status
	if err := json.Unmarshal([]byte(said), &status); code != 0 || err != nil || len(status.Groups) != 1 {
		t.Fatalf("status ended with %d, %v: %s", code, err, said)
	}
	return status.Groups[0]
}

// checkRecord looks for machines that cost money and are on nobody's record.
func checkRecord(t *testing.T, books gpsim.Books, group fleet.GroupStatus) {
	t.Helper()
	known := map[string]bool{template: true, foreign: true}
	for _, in := range group.Instances {
		known[in.Code] = true
	}
	for _, machine := range books.ActiveMachines(time.Now()) {
		if !known[machine.Code] {
			t.Errorf("%s costs money and is on no record", machine.Code)
		}
		if mark := "as:" + installation + ":web:" + machine.Code; machine.Code != template && machine.Code != foreign && machine.Label != mark {
			t.Errorf("%s carries the label %q, want %q", machine.Code, machine.Label, mark)
		}
	}
}

// checkPool holds the pool against the instances that should serve and the foreign machine.
func checkPool(t *testing.T, sim *simulator, books gpsim.Books, group fleet.GroupStatus) {
	t.Helper()
	var want []netip.Addr
	for _, machine := range books.Machines {
		serves := slices.ContainsFunc(group.Instances, func(in actions.InstanceStatus) bool {
			return in.Code == machine.Code && in.Goal == policy.InService
		})
		if serves || machine.Code == foreign {
			want = append(want, machine.Address)
			if machine.Status != gpsim.StatusRunning {
				t.Errorf("%s is in service and is %s", machine.Code, machine.Status)
			}
		} else if machine.Status == gpsim.StatusRunning {
			t.Errorf("%s runs and is not in service", machine.Code)
		}
	}
	slices.SortFunc(want, netip.Addr.Compare)
	if got := sim.nodes(); !slices.Equal(got, want) {
		t.Errorf("the pool holds %v, want %v", got, want)
	}
}
