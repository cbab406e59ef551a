package notify

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/events"
)

// What is kept of what happened, until it is told, is bounded; the rest is counted.
const (
	keptEvents   = 1000
	keptSubjects = 5000
)

// gathered is what happened since the last message.
type gathered struct {
	since     time.Time // the first of it; zero: nothing happened
	subjects  map[events.Subject]*subject
	order     []*subject     // by when they came first
	events    []events.Event // the newest
	dropped   int            // events that are not among these
	uncounted int            // events of subjects beyond those that are kept
	lost      bool           // there were events that nobody heard of
}

// subject is what happened to one thing.
type subject struct {
	first, last events.Event
	times       int  // that it happened, or began
	known       bool // it had begun before
}

func (g *gathered) empty() bool { return g.since.IsZero() }

func (g *gathered) begin(now time.Time) {
	if g.empty() {
		g.since, g.subjects = now, map[events.Subject]*subject{}
	}
}

// missed notes that events were lost.
func (g *gathered) missed(now time.Time) {
	g.begin(now)
	g.lost = true
}

// add gathers an event. known says that it is about something that had begun.
func (g *gathered) add(e events.Event, known bool, now time.Time) {
	g.begin(now)
	g.events = append(g.events, e)
	if len(g.events) >= 2*keptEvents {
		g.trim()
	}
	s := g.subjects[e.Subject()]
	if s == nil {
		if len(g.subjects) >= keptSubjects {
			g.uncounted++
			return
		}
		s = &subject{first: e, known: known}
		g.subjects[e.Subject()] = s
		g.order = append(g.order, s)
	}
	s.last = e
	if !e.Over {
		s.times++
	}
}

// trim lets go of all but the newest events.
func (g *gathered) trim() {
	if surplus := len(g.events) - keptEvents; surplus > 0 {
		g.events = append(g.events[:0], g.events[surplus:]...)
		g.dropped += surplus
	}
}

// state is how it stands with a subject.
type state int

// The states, in the order in which they are told.
const (
	lasts    state = iota // it began, and lasts
	happened              // it is of a kind that does not last
	over                  // it had begun before, and is over
	passed                // it began since the last message, and is over
)

func (s *subject) state() state {
	switch {
	case !s.last.Kind.Lasts():
		return happened
	case !s.last.Over:
		return lasts
	case s.known || s.times == 0:
		return over
	default:
		return passed
	}
}
