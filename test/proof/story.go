package proof

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
)

// Story is everything that a world depends on. It survives JSON, so that what was
// found once can be told again.
type Story struct {
	Seed      uint64         `json:"seed"` // of latencies, and of what Share strikes
	Groups    []GroupStory   `json:"groups"`
	Foreign   []ForeignStory `json:"foreign,omitempty"` // machines that are not ours
	Delays    Delays         `json:"delays"`
	Period    time.Duration  `json:"period"` // of payment
	Bootable  bool           `json:"bootable,omitempty"`
	Undated   bool           `json:"undated,omitempty"`
	Wandering bool           `json:"wandering,omitempty"`
	Quota     int            `json:"quota,omitempty"`
	Events    []Event        `json:"events"` // in the order of their times
	Strikes   []Strike       `json:"strikes,omitempty"`
	Share     float64        `json:"share,omitempty"`     // of calls and commits that are struck until Calm
	Calm      time.Duration  `json:"calm"`                // from when on nothing is done to the world any more
	Incurable bool           `json:"incurable,omitempty"` // what is sick at Calm stays sick until it is overwritten
}

// GroupStory is one group: what its owner configured, and what is there of it.
type GroupStory struct {
	Name string `json:"name"`
	Configured
	Pools   int     `json:"pools"`
	Serving int     `json:"serving"` // machines with its mark that serve
	Stopped int     `json:"stopped"` // machines with its mark that are off
	Load    float64 `json:"load"`    // as many instances as are wanted for it

	Cooldown time.Duration                             `json:"cooldown,omitempty"` // of either direction
	Drift    map[actions.DriftKind]actions.DriftPolicy `json:"drift,omitempty"`
}

// Configured is what a reload can change.
type Configured struct {
	Min     int `json:"min"`
	Max     int `json:"max"`
	Standby int `json:"standby"`

	Template string `json:"template,omitempty"` // version; it becomes the content of the template's disk
}

// ForeignStory is a machine of somebody else.
type ForeignStory struct {
	Label string `json:"label"`
	On    bool   `json:"on"`
	Pool  bool   `json:"pool"` // it is in the first group's first pool
}

// EventKind says what happens in an Event.
type EventKind string

// The kinds of event.
const (
	EventLoad    EventKind = "load"    // the group's load becomes To
	EventBlind   EventKind = "blind"   // the group's signal is missing for a while
	EventPause   EventKind = "pause"   // by an operator
	EventResume  EventKind = "resume"  // by an operator
	EventReload  EventKind = "reload"  // an orderly restart with another configuration of the group
	EventKill    EventKind = "kill"    // the process dies, and another starts after a while
	EventFreeze  EventKind = "freeze"  // the process stands still, another starts, and then the first goes on
	EventFull    EventKind = "full"    // the disk is full for a while
	EventOutage  EventKind = "outage"  // the cloud answers nothing for a while
	EventClock   EventKind = "clock"   // wall time jumps
	EventSick    EventKind = "sick"    // a serving machine of the group does not answer any more
	EventPower   EventKind = "power"   // a serving machine of the group loses its power
	EventHandOff EventKind = "off"     // somebody stops a serving machine of the group
	EventHandOut EventKind = "out"     // somebody takes a serving machine of the group out of its pools
	EventFaulty  EventKind = "faulty"  // machines that are bought from now on never serve; To 0: they do again
	EventForeign EventKind = "foreign" // somebody buys a machine for himself
	EventProtect EventKind = "protect" // by an operator: a serving machine of the group
	EventDisown  EventKind = "disown"  // by an operator: a machine of the group
	EventDrill   EventKind = "drill"   // by an operator: a fire drill of the group
	EventRelabel EventKind = "relabel" // somebody labels a machine of the group as his, when it is to be released
)

// Event is something that happens to the world.
type Event struct {
	At    time.Duration `json:"at"`
	Kind  EventKind     `json:"kind"`
	Group string        `json:"group,omitempty"`
	To    float64       `json:"to,omitempty"`
	For   time.Duration `json:"for,omitempty"`
	New   *Configured   `json:"new,omitempty"`
}

func (e Event) String() string {
	text := fmt.Sprintf("%v %s", e.At, e.Kind)
	if e.Group != "" {
		text += " " + e.Group
	}
	if e.Kind == EventLoad || e.Kind == EventFaulty {
		text += fmt.Sprintf(" %g", e.To)
	}
	if e.For != 0 {
		text += fmt.Sprintf(" for %v", e.For)
	}
	if e.New != nil {
		text += fmt.Sprintf(" %+v", *e.New)
	}
	return text
}

func (s Story) String() string {
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (s Story) compact() string {
	text, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// ReadStory reads a story as String writes it, after lines that begin with "#".
func ReadStory(text string) (Story, error) {
	var story Story
	for strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
	}
	err := json.Unmarshal([]byte(text), &story)
	return story, err
}
