package proof

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
)

// machinesMax is how many machines a drawn story has at most.
const machinesMax = 200

// Draw makes the story of a seed: one to three groups of up to machinesMax machines
// together, foreign machines, calls and commits that are struck, an operator at work,
// reloads, crashes, and things that happen to machines.
func Draw(seed uint64) Story {
	d := drawer{rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15))}
	story := Story{
		Seed: seed, Delays: d.delays(), Period: []time.Duration{time.Hour, 90 * time.Minute, 24 * time.Hour}[d.pick(3, 2, 1)],
		Bootable: d.maybe(0.3), Undated: d.maybe(0.3), Wandering: d.maybe(0.25),
		Share: d.share(), Calm: d.minutes(25, 60),
	}
	machines := int(math.Exp(d.Float64()*math.Log(machinesMax+1))) - 1
	groups := 1 + d.pick(4, 2, 1)
	for _, name := range []string{"web", "api", "jobs"}[:groups] {
		story.Groups = append(story.Groups, d.group(name, machines/groups))
	}
	story.Foreign = d.foreign(story)
	for range 4 + d.IntN(9) {
		story.Events = append(story.Events, d.event(story))
	}
	for _, g := range story.Groups { // each is sent out and in at least once
		story.Events = append(story.Events, d.load(story, g), d.load(story, g))
	}
	story.Events = append(story.Events, drawDrills(seed, story)...)
	slices.SortStableFunc(story.Events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return story
}

// drawDrills draws the fire drills of every fourth story, from a source of their own: the
// rest of a story does not depend on them.
func drawDrills(seed uint64, story Story) []Event {
	d := drawer{rand.New(rand.NewPCG(seed, 7))}
	if !d.maybe(0.25) {
		return nil
	}
	var drills []Event
	for range 1 + d.IntN(4) {
		drills = append(drills, Event{At: d.when(story), Kind: EventDrill, Group: story.Groups[d.IntN(len(story.Groups))].Name})
	}
	return drills
}

// drawer draws the parts of a story.
type drawer struct{ *rand.Rand }

func (d drawer) maybe(share float64) bool { return d.Float64() < share }

// pick is the index of one of the weights, each as likely as it is large.
func (d drawer) pick(weights ...int) int {
	sum := 0
	for _, weight := range weights {
		sum += weight
	}
	n := d.IntN(sum)
	for i, weight := range weights {
		if n -= weight; n < 0 {
			return i
		}
	}
	return 0
}

func (d drawer) seconds(least, most int) time.Duration {
	return time.Duration(least+d.IntN(most-least+1)) * time.Second
}

func (d drawer) minutes(least, most int) time.Duration { return d.seconds(60*least, 60*most) }

func (d drawer) share() float64 { return []float64{0.004, 0.015, 0.04, 0.1}[d.pick(1, 3, 3, 1)] }

func (d drawer) delays() Delays {
	prepare := d.seconds(5, 120)
	return Delays{
		Known: d.seconds(0, 20), Prepare: prepare, Clone: prepare + d.seconds(-5, 60), Configure: d.seconds(1, 30),
		Start: d.seconds(1, 60), Boot: d.seconds(0, 40), Stop: d.seconds(1, 60), Stale: d.seconds(0, 25),
	}
}

func (d drawer) group(name string, most int) GroupStory {
	g := GroupStory{Name: name, Configured: d.configured(max(1, most)), Pools: d.pick(1, 5, 2)}
	g.Serving = min(g.Max, g.Min+d.IntN(g.Max-g.Min+1))
	g.Load = float64(g.Serving)
	g.Template = "v1"
	if d.maybe(0.3) {
		g.Cooldown = d.minutes(1, 4)
	}
	if d.maybe(0.4) {
		g.Drift = map[actions.DriftKind]actions.DriftPolicy{}
		for _, kind := range actions.DriftKinds() {
			g.Drift[kind] = []actions.DriftPolicy{actions.DriftRepair, actions.DriftAdopt, actions.DriftIgnore}[d.IntN(3)]
		}
	}
	if d.maybe(0.4) {
		g.Stopped = d.IntN(2 + most/8)
	}
	return g
}

func (d drawer) configured(most int) Configured {
	top := 1 + d.IntN(most)
	return Configured{Min: min(top, d.IntN(4)), Max: top, Standby: d.pick(2, 2, 1, 1), Template: []string{"v1", "v2", "v3", "v4" + rotten}[d.pick(6, 3, 3, 1)]}
}

// foreign draws machines of others: some labelled so that they could be taken for ours.
func (d drawer) foreign(story Story) []ForeignStory {
	labels := []string{
		"somebody else's", "", actions.Mark(installation, story.Groups[0].Name, "gc99999999"), actions.Mark("other", story.Groups[0].Name, "gc99999999"),
		"as:" + installation, "as:" + installation + ":" + story.Groups[0].Name,
	}
	var list []ForeignStory
	for range d.IntN(5) {
		list = append(list, ForeignStory{Label: labels[d.IntN(len(labels))], On: d.maybe(0.5), Pool: d.maybe(0.5)})
	}
	return list
}

// load draws a change of a group's load, also beyond what it can hold.
func (d drawer) load(story Story, g GroupStory) Event {
	return Event{At: d.when(story), Kind: EventLoad, Group: g.Name, To: float64(d.IntN(g.Max+2)) * []float64{1, 0.97}[d.IntN(2)]}
}

func (d drawer) when(story Story) time.Duration {
	return time.Duration(float64(story.Calm) * d.Float64() * 0.9)
}

func (d drawer) event(story Story) Event {
	g := story.Groups[d.IntN(len(story.Groups))]
	e := Event{At: d.when(story), Group: g.Name}
	kinds := []EventKind{
		EventLoad, EventBlind, EventPause, EventResume, EventReload, EventKill, EventFreeze, EventFull, EventOutage,
		EventPower, EventHandOff, EventHandOut, EventFaulty, EventForeign, EventRelabel,
		EventSick, EventClock, EventProtect, EventDisown,
	}
	e.Kind = kinds[d.pick(8, 3, 2, 3, 4, 5, 1, 2, 2, 2, 2, 2, 2, 1, 1, 3, 2, 1, 1)]
	switch e.Kind {
	case EventLoad:
		return d.load(story, g)
	case EventBlind, EventFull, EventOutage:
		e.For = d.minutes(1, 12)
	case EventKill:
		e.For = d.seconds(1, 400)
	case EventFreeze:
		e.For = d.seconds(30, 200)
	case EventFaulty:
		e.To = float64(d.IntN(2))
	case EventClock:
		e.For = []time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour}[d.pick(1, 3, 3, 1)] * time.Duration(1-2*d.IntN(2))
	case EventReload:
		configured := d.configured(max(1, g.Max))
		e.New = &configured
	}
	return e
}
