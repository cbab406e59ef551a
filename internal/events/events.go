// Package events tells what happens in a running fleet: to people who watch, and to
// those who are called.
//
// It looks at the state of everything again and again, compares, and says in words what
// became different: a size was decided, an instance came to serve or was quarantined, more is wanted than a
// group may have. So whatever a status shows can be told of, and nothing that acts has to tell it. What came
// and went between two looks is not told.
//
// It promises that events have rising numbers, that nobody who listens slowly holds up anybody else
// (what such a listener missed is said), and that looking takes at most a twentieth
// of a processor. It calls fleet; httpd and notify listen.
package events

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

// Severity says how soon somebody should look.
type Severity = fleet.Severity

// The severities, from the least to the most.
const (
	Info     = fleet.Info     // the ordinary course of things
	Warning  = fleet.Warning  // somebody should look in working hours
	Critical = fleet.Critical // somebody should look now
)

// Severities lists every severity, from the least to the most.
func Severities() []Severity { return fleet.Severities() }

// Event is something that happened.
type Event struct {
	ID       uint64    `json:"id"` // rises, also from one start of the daemon to the next; below 2⁵³
	At       time.Time `json:"at"`
	Kind     Kind      `json:"kind"`
	Severity Severity  `json:"severity"`
	Over     bool      `json:"over,omitempty"` // it ends what an earlier event with the same Subject began
	Account  string    `json:"account,omitempty"`
	Group    string    `json:"group,omitempty"`
	Instance string    `json:"instance,omitempty"`
	About    string    `json:"about,omitempty"`  // the name of the signal or policy, the id of the order, the hold
	Reason   string    `json:"reason,omitempty"` // a code from the fixed list of what Kind is about: a policy.Reason, a policy.Hold, a phase
	By       string    `json:"by,omitempty"`     // who did it, of what a person did
	From     *int      `json:"from,omitempty"`   // sizes, of a decision; of an override that names one, To is that
	To       *int      `json:"to,omitempty"`
	Text     string    `json:"text"` // in words, one line
}

// Subject is what an event is about. Events that begin, change and end the same have the
// same.
type Subject struct {
	Kind                            Kind
	Account, Group, Instance, About string
}

// Subject is what the event is about.
func (e *Event) Subject() Subject { return Subject{e.Kind, e.Account, e.Group, e.Instance, e.About} }

// Batch is what one look found; to a listener that was slow, what several did. It is
// shared by all listeners: nobody changes it.
type Batch struct {
	Missed bool                // events between the batch before, or what was asked for, and this one are lost to the listener
	Events []Event             // in the order of their numbers
	Groups []fleet.GroupStatus // that look different from the look before, whole
	Gone   []string            // groups that are configured no more
	// Accounts are all of them when any looks different, and else nil.
	Accounts []fleet.AccountStatus
}

func (b *Batch) empty() bool {
	return !b.Missed && len(b.Events) == 0 && len(b.Groups) == 0 && len(b.Gone) == 0 && b.Accounts == nil
}
