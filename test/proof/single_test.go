package proof

import (
	"testing"
	"time"
)

// quick is a short day: from an order to serving it takes some two minutes.
var quick = Delays{
	Known: 5 * time.Second, Prepare: 40 * time.Second, Clone: 50 * time.Second, Configure: 10 * time.Second,
	Start: 20 * time.Second, Boot: 8 * time.Second, Stop: 20 * time.Second, Stale: 10 * time.Second,
}

// workflows are the stories at whose every boundary a fault strikes. In each of them
// one group comes to rest, does the one thing, and comes to rest again.
func workflows() map[string]Story {
	foreign := []ForeignStory{
		{Label: "somebody else's", On: true, Pool: true}, {Label: "as:test:web:gc00000001", On: true},
		{Label: "as:other:web:gc00000004"}, {Label: ""},
	}
	web := func(g GroupStory, events ...Event) Story {
		g.Name, g.Pools = "web", 1
		if g.Max == 0 {
			g.Min, g.Max = 2, 6
		}
		calm := 2 * time.Minute
		if len(events) > 0 {
			calm = max(calm, events[len(events)-1].At+time.Minute)
		}
		return Story{
			Seed: 1, Groups: []GroupStory{g}, Foreign: foreign, Delays: quick, Period: time.Hour, Events: events, Calm: calm, Incurable: true,
		}
	}
	const begin = 75 * time.Second
	load := func(at time.Duration, to float64) Event { return Event{At: at, Kind: EventLoad, Group: "web", To: to} }
	reload := func(at time.Duration, to Configured) Event {
		return Event{At: at, Kind: EventReload, Group: "web", New: &to}
	}
	return map[string]Story{
		"out":     web(GroupStory{Serving: 2, Load: 2, Configured: Configured{Standby: 2}}, load(begin, 4)),
		"in":      web(GroupStory{Serving: 4, Load: 4, Configured: Configured{Standby: 1}}, load(begin, 2)),
		"adopt":   web(GroupStory{Serving: 2, Stopped: 1, Load: 3}),
		"replace": web(GroupStory{Serving: 3, Load: 3, Configured: Configured{Standby: 1}}, Event{At: begin, Kind: EventSick, Group: "web"}),
		"refresh": web(GroupStory{Load: 2, Configured: Configured{Min: 1, Max: 3, Standby: 1, Template: "v1"}},
			load(8*time.Minute, 1), reload(14*time.Minute, Configured{Min: 1, Max: 3, Standby: 1, Template: "v2"})),
		"drill": web(GroupStory{Serving: 2, Load: 2, Configured: Configured{Standby: 1}}, Event{At: begin, Kind: EventDrill, Group: "web"},
			Event{At: 9 * time.Minute, Kind: EventDrill, Group: "web"}, load(9*time.Minute+20*time.Second, 3)),
		"turn":  web(GroupStory{Serving: 4, Load: 4, Configured: Configured{Standby: 2}}, load(begin, 2), load(190*time.Second, 4)),
		"raise": web(GroupStory{Serving: 4, Load: 4, Configured: Configured{Standby: 2}}, load(begin, 2), reload(181*time.Second, Configured{Min: 4, Max: 6, Standby: 2})),
		"taken": web(GroupStory{Serving: 3, Load: 3}, load(begin, 2), Event{At: begin, Kind: EventRelabel, Group: "web"},
			Event{At: 58 * time.Minute, Kind: EventResume, Group: "web"}),
	}
}

// TestProofSingle strikes each workflow with every fault at every boundary.
func TestProofSingle(t *testing.T) {
	t.Parallel()
	struck := &tally{}
	told := 0
	stories := workflows()
	for _, name := range names(stories) {
		t.Run(name, func(t *testing.T) { told += strikeEverywhere(t, name, stories[name], struck) })
	}
	t.Logf("%d stories\n%v", told, struck)
	if empty := struck.empty(Steps()); oneIn(*everyFlag) == 1 && len(empty) > 0 {
		t.Errorf("nothing struck at %v", empty)
	}
}

func strikeEverywhere(t *testing.T, name string, story Story, struck *tally) (told int) {
	t.Helper()
	undisturbed := tell(t, story)
	if fails(t, name+", undisturbed", story, undisturbed) {
		return 1
	}
	var stories []Story
	for i, boundary := range undisturbed.Boundaries {
		for j, fault := range FaultsOf(boundary.Step) {
			if (i+7*j)%oneIn(*everyFlag) == 0 {
				stories = append(stories, story)
				stories[len(stories)-1].Strikes = []Strike{{boundary, fault}}
			}
		}
	}
	tellAll(t, len(stories), func(t *testing.T, i int) bool {
		v := tell(t, stories[i])
		struck.count(v)
		strike := stories[i].Strikes[0]
		exact := name != "refresh"                                          // there it is a matter of time whether a spare one is ready
		aside := strike.Fault == Duplicate && strike.At.Step == StepPrepare // the answer refuses what was done: it is set aside, and replaced
		if exact && !aside && v.Bought != undisturbed.Bought && len(v.Violations) == 0 {
			t.Errorf("%s, %v: %d machines were bought, and %d are needed\n%s", name, strike, v.Bought, undisturbed.Bought, schedule(stories[i]))
			return true
		}
		return fails(t, name+", "+strike.String(), stories[i], v)
	})
	return len(stories)
}

// TestProofLate lets orders take effect when nobody looks for what they bought any
// more: it is seen, and on record, and never do more than max and surge serve.
func TestProofLate(t *testing.T) {
	t.Parallel()
	stories := workflows()
	for _, name := range []string{"out", "replace", "refresh"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, boundary := range tell(t, stories[name]).Boundaries {
				if boundary.Step != StepOrder {
					continue
				}
				story := stories[name]
				story.Strikes = []Strike{{boundary, Late}}
				v := tell(t, story)
				if !fails(t, name+", "+story.Strikes[0].String(), story, v) && len(v.Fired) != 1 {
					t.Errorf("%v did not strike", story.Strikes[0])
				}
			}
		})
	}
}
