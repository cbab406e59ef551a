package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/simcloud"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// introduce says what will be seen.
func (d *demo) introduce(configuration string) {
	d.say("A day in %v, against a simulated GP-API cloud at %s.", length, d.cloud.Endpoint)
	d.say("Group %s has 2 machines in pool %s of %s; %s (%s) in the same pool is somebody else's.",
		simcloud.Group, simcloud.Pool, simcloud.GlServiceCode, simcloud.Foreign, d.cloud.ForeignAddress)
	d.say("One machine serves %.0f requests per second. The paid day ends after %v. Seed %d.\n", 1/serviceTime.Seconds(), dayEnds, d.seed)
	for line := range strings.Lines(configuration) {
		d.say("    %s", strings.TrimRight(line, "\n"))
	}
	d.say("\n█ serves  ▒ is becoming an instance  ▁ is leaving  · stands by\n")
}

// verdict is one thing that must be true at the end.
type verdict struct {
	what string
	good bool
	seen string
}

// summarize judges the day by the simulator's books and the FW+LB's ledger.
func (d *demo) summarize(status fleet.Status) error {
	books := d.cloud.Sim.Books()
	ledger := d.cloud.Balancer.Ledger()
	group := status.Groups[0]
	counts := effects(books)
	verdicts := []verdict{
		{"it scaled out", counts["AddCloneVirtualMachines"] > 0 && counts["AddLbNode"] > 0,
			fmt.Sprintf("%d orders, %d machines put into the pool", counts["AddCloneVirtualMachines"], counts["AddLbNode"])},
		{"it scaled in", counts["DeleteLbNode"] > 0 && counts["StopVirtualMachine"] > 0,
			fmt.Sprintf("%d taken out of the pool, %d stopped", counts["DeleteLbNode"], counts["StopVirtualMachine"])},
		{"it ended contracts with the paid day", counts["DeleteVirtualMachine"] > 0, fmt.Sprintf("%d released", counts["DeleteVirtualMachine"])},
		d.recordVerdict(books, group),
		d.foreignVerdict(books),
		{"no request was lost", ledger.Lost == 0 && ledger.NoNode == 0,
			fmt.Sprintf("%d served, %d lost, %d found no node", ledger.Served, ledger.Lost, ledger.NoNode)},
		d.overloadVerdict(),
	}
	d.say("\nThe day, by the simulator's books:")
	failed := 0
	for _, v := range verdicts {
		mark := "✓"
		if !v.good {
			mark = "✗"
			failed++
		}
		d.say("  %s %s: %s", mark, v.what, v.seen)
	}
	for _, loss := range ledger.LastLosses {
		d.say("    lost: %s", loss)
	}
	d.bill(books)
	if failed > 0 {
		return fmt.Errorf("%w: %d of %d checks failed", ErrVerdict, failed, len(verdicts))
	}
	return nil
}

// effects counts the calls that changed something, by action.
func effects(books gpsim.Books) map[string]int {
	counts := map[string]int{}
	for _, call := range books.Calls {
		if call.Effect {
			counts[call.Action]++
		}
	}
	return counts
}

// recordVerdict holds every machine that costs money against the daemon's records.
func (d *demo) recordVerdict(books gpsim.Books, group fleet.GroupStatus) verdict {
	known := map[string]bool{simcloud.Template: true}
	for _, in := range group.Instances {
		known[in.Code] = true
	}
	if slices.ContainsFunc(group.Foreign, func(node string) bool { return strings.HasPrefix(node, d.cloud.ForeignAddress.String()+":") }) {
		known[simcloud.Foreign] = true
	}
	active := books.ActiveMachines(d.now())
	var forgotten []string
	for _, machine := range active {
		if !known[machine.Code] {
			forgotten = append(forgotten, machine.Code)
		}
	}
	return verdict{"every machine with a contract is on the daemon's record", len(forgotten) == 0,
		fmt.Sprintf("%d of %d, forgotten: %v", len(active)-len(forgotten), len(active), forgotten)}
}

func (d *demo) foreignVerdict(books gpsim.Books) verdict {
	calls := books.MutatingCallsNaming(simcloud.Foreign)
	calls = append(calls, books.MutatingCallsNaming(d.cloud.ForeignAddress.String())...)
	return verdict{"the foreign machine was named in no changing call", len(calls) == 0, fmt.Sprintf("%d calls", len(calls))}
}

// overloadVerdict holds the end of the flash crowd against its worst moments: the
// crowd must hurt, and growing must help.
func (d *demo) overloadVerdict() verdict {
	const span = 5
	worst := uint64(0)
	for i := span; i < len(d.course); i++ {
		worst = max(worst, d.course[i].traffic.Overloaded-d.course[i-span].traffic.Overloaded)
	}
	last := d.overloadedBetween(flashEnds-span*time.Second, flashEnds)
	return verdict{"the flash crowd overloaded it, until it had grown", worst > 0 && last*4 <= worst,
		fmt.Sprintf("%d requests refused in the worst %d s, %d in the crowd's last %d s", worst, span, last, span)}
}

func (d *demo) overloadedBetween(from, to time.Duration) uint64 {
	var begin, end uint64
	for _, m := range d.course {
		if m.at <= from {
			begin = m.traffic.Overloaded
		}
		if m.at <= to {
			end = m.traffic.Overloaded
		}
	}
	return end - begin
}

func (d *demo) bill(books gpsim.Books) {
	ordered, peak := 0, 0
	for _, machine := range books.Machines {
		if machine.OrderID != "" {
			ordered++
		}
	}
	for _, m := range d.course {
		peak = max(peak, m.group.Serving)
	}
	d.say("  %d machines ordered, %d serving at the peak, %d API calls.", ordered, peak, total(books.CallCounts))
}

func total(counts map[string]int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}
