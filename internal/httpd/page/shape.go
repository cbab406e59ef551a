package page

import (
	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// part is what an instance is to its group, coarsely: a colour of the strip.
type part string

const (
	partServing  part = "serving"
	partFailing  part = "failing" // it is in the pools and does not answer
	partBecoming part = "becoming"
	partLeaving  part = "leaving"
	partStandby  part = "standby"
	partEnding   part = "ending"
	partTrouble  part = "trouble" // quarantined or left alone
)

func parts() []part {
	return []part{partServing, partFailing, partBecoming, partLeaving, partStandby, partEnding, partTrouble}
}

func partOf(in *actions.InstanceStatus) part {
	serves := in.Goal == policy.InService || in.Goal == policy.Ready
	switch stage := in.Phase.Stage(); {
	case in.Quarantine != "" || in.LeftAlone:
		return partTrouble
	case stage == policy.Ending:
		return partEnding
	case stage == policy.Serving && !in.Failing.IsZero():
		return partFailing
	case stage == policy.Serving && serves:
		return partServing
	case serves:
		return partBecoming
	case stage == policy.Stopped && in.Goal == policy.Standby:
		return partStandby
	default:
		return partLeaving
	}
}

// run is so many instances that are the same to their group.
type run struct {
	Part  part
	Count int
	Cells []struct{} // as many as are drawn
}

// cellsMost is how many cells a strip has; of a larger group each stands for several
// instances.
const cellsMost = 60

// stripOf is the group's instances as a strip.
func stripOf(g *fleet.GroupStatus) []run {
	counts := map[part]int{}
	for i := range g.Instances {
		counts[partOf(&g.Instances[i])]++
	}
	if len(g.Instances) == 0 { // a recommending group keeps no records
		counts[partServing] = g.Serving
	}
	counts[partBecoming] = max(counts[partBecoming], g.Becoming) // also those ordered and not on record yet
	total := 0
	for _, count := range counts {
		total += count
	}
	var strip []run
	for _, p := range parts() {
		if count := counts[p]; count > 0 {
			cells := count
			if total > cellsMost {
				cells = max(1, count*cellsMost/total)
			}
			strip = append(strip, run{p, count, make([]struct{}, cells)})
		}
	}
	return strip
}

// bar is the group's size against its limits, in hundredths of the bar's width.
type bar struct {
	Serving, Becoming       float64
	Min, Max, Desired       float64
	BecomesFrom, DesiredTip float64
}

func barOf(g *fleet.GroupStatus) bar {
	serving, becoming := float64(max(0, g.Serving)), float64(max(0, g.Becoming))
	whole := max(float64(g.Max), serving+becoming, float64(g.Desired), 1) * 1.02 // so that what stands at the end shows
	at := func(count float64) float64 { return float64(int(count/whole*10000)) / 100 }
	return bar{
		Serving: at(serving), Becoming: at(becoming), BecomesFrom: at(serving),
		Min: at(float64(g.Min)), Max: at(float64(g.Max)), Desired: at(float64(g.Desired)), DesiredTip: at(float64(g.Desired)),
	}
}

// doing says in a word what the group does: a key of the catalogue, doing.….
func doing(g *fleet.GroupStatus) string {
	switch {
	case g.Override.Pauses():
		return "paused"
	case g.Trouble != "":
		return "stuck"
	case g.Mode == "recommend" && g.Desired != g.Serving:
		return "recommends"
	case g.Mode == "recommend":
		return "agrees"
	case g.Desired > g.Serving && g.Becoming > 0:
		return "grows"
	case g.Desired > g.Serving:
		return "waits"
	case g.Serving > g.Desired:
		return "shrinks"
	case g.Becoming > 0:
		return "replaces"
	default:
		return "steady"
	}
}

var doings = []string{"paused", "stuck", "recommends", "agrees", "grows", "waits", "shrinks", "replaces", "steady"}

// lane is an instance's way through the phases.
type lane struct {
	Steps []laneStep
}

type laneStep struct {
	Phase actions.Phase
	Past  bool
	Here  bool
}

// wayOut and wayIn are the phases in the order in which an instance passes them.
var (
	wayOut = []actions.Phase{
		actions.Ordered, actions.Preparing, actions.Unlabelled, actions.Unprepared, actions.Off, actions.Starting, actions.Running,
		actions.Unfinished, actions.Described, actions.Ready, actions.PartPooled, actions.InPool,
	}
	wayIn = []actions.Phase{actions.InPool, actions.Draining, actions.Parting, actions.Drained, actions.Stopping, actions.Off, actions.Ending}
)

// laneOf is the way that an instance is on; without steps it is on none, such as a
// stray one.
func laneOf(in *actions.InstanceStatus) lane {
	way := wayOut
	if in.Goal == policy.Standby || in.Goal == policy.Released {
		way = wayIn
	}
	here := -1
	for i, phase := range way {
		if phase == in.Phase {
			here = i
		}
	}
	if here < 0 {
		return lane{}
	}
	l := lane{Steps: make([]laneStep, len(way))}
	for i, phase := range way {
		l.Steps[i] = laneStep{phase, i < here, i == here}
	}
	return l
}
