package policy

import (
	"fmt"
	"time"
)

// Override is an operator's order about a group. A newer one takes the place of the one
// before, without a moment between the two.
type Override struct {
	Kind  OverrideKind `json:"kind"`
	Count int          `json:"count,omitempty"` // of HoldAt and AtLeast
	Since time.Time    `json:"since"`
	Until time.Time    `json:"until,omitzero"` // zero: until it is lifted
	By    string       `json:"by"`
	Why   string       `json:"why,omitempty"`
}

// OverrideKind is what an override demands.
type OverrideKind string

// The kinds.
const (
	PauseAll OverrideKind = "pause"     // leave the group as it is: decide, order and move nothing
	PauseOut OverrideKind = "pause_out" // do not grow
	PauseIn  OverrideKind = "pause_in"  // do not shrink
	HoldAt   OverrideKind = "hold"      // keep exactly Count, within min and max
	AtLeast  OverrideKind = "at_least"  // keep at least Count, up to max
)

// OverrideKinds lists every kind.
func OverrideKinds() []OverrideKind {
	return []OverrideKind{PauseAll, PauseOut, PauseIn, HoldAt, AtLeast}
}

// Counts says that an override of the kind has a count.
func (k OverrideKind) Counts() bool { return k == HoldAt || k == AtLeast }

// String says what is ordered, by whom and why, with the kind as it is asked for.
func (o *Override) String() string {
	text := string(o.Kind)
	if o.Kind.Counts() {
		text += fmt.Sprintf(" %d", o.Count)
	}
	return text + o.origin()
}

// Text says in words what is ordered, by whom and why.
func (o *Override) Text() string {
	text := string(o.Kind)
	switch o.Kind {
	case PauseAll:
		text = "paused"
	case PauseOut:
		text = "growing is paused"
	case PauseIn:
		text = "shrinking is paused"
	case HoldAt:
		text = fmt.Sprintf("held at %d", o.Count)
	case AtLeast:
		text = fmt.Sprintf("kept at %d at least", o.Count)
	}
	return text + o.origin()
}

// origin says who ordered it, until when and why.
func (o *Override) origin() string {
	text := " by " + o.By
	if !o.Until.IsZero() {
		text += " until " + o.Until.Format(time.RFC3339)
	}
	if o.Why != "" {
		text += ": " + o.Why
	}
	return text
}

func (o *Override) is(kind OverrideKind) bool { return o != nil && o.Kind == kind }

// Pauses says that nothing is to be done about the group at all.
func (o *Override) Pauses() bool { return o.is(PauseAll) }

func (o *Override) over(now time.Time) bool {
	return o != nil && !o.Until.IsZero() && !now.Before(o.Until)
}

func (o *Override) equal(p *Override) bool {
	if o == nil || p == nil {
		return o == p
	}
	return o.Kind == p.Kind && o.Count == p.Count && o.Since.Equal(p.Since) && o.Until.Equal(p.Until) && o.By == p.By && o.Why == p.Why
}
