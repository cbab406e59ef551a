package record

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Moment is a decision of the past, or an event.
type Moment struct {
	At       time.Time        `json:"at"`
	Note     string           `json:"note,omitempty"` // of an event; the rest is of a decision
	State    State            `json:"state,omitempty"`
	Decision *policy.Decision `json:"decision,omitempty"`
}

// Moments are those of a span, oldest first.
type Moments struct {
	Group   string   `json:"group"`
	Moments []Moment `json:"moments"`
	Cut     bool     `json:"cut,omitempty"`    // there are older ones too: ask for an earlier span
	Faults  []string `json:"faults,omitempty"` // what of the history could not be read
}

// Explained is one decision with what would have altered it, in numbers and words.
type Explained struct {
	Group       string             `json:"group"`
	State       State              `json:"state"`
	Explanation policy.Explanation `json:"explanation"`
	Words       []string           `json:"words"`
}

// momentsMax bounds an answer; faultsMax the faults in it.
const momentsMax, faultsMax = 10_000, 10

// Select keeps events, changes, and the first decision of each reason; or all of
// them. Of more than an answer holds it keeps the newest.
func Select(group string, items iter.Seq2[Item, error], from time.Time, all bool) Moments {
	found := Moments{Group: group, Moments: []Moment{}}
	var reason policy.Reason
	for item, err := range items {
		if err != nil {
			// What is read before the span, for what it tells about the span, may begin anywhere.
			if before := !item.At.IsZero() && item.At.Before(from); !before && len(found.Faults) < faultsMax {
				found.Faults = append(found.Faults, err.Error())
			}
			continue
		}
		news := item.Note != "" || item.Decision.Change() != 0 || item.Decision.Reason != reason || item.State == Differs
		if item.Note == "" {
			reason = item.Decision.Reason
		}
		if !news && !all || item.At.Before(from) {
			continue
		}
		moment := Moment{At: item.At, Note: item.Note}
		if item.Note == "" {
			decision := item.Decision // the item has much more
			moment.State, moment.Decision = item.State, &decision
		}
		if found.Moments = append(found.Moments, moment); len(found.Moments) == 2*momentsMax {
			found.cut()
		}
	}
	found.cut()
	return found
}

// cut keeps the newest.
func (m *Moments) cut() {
	if over := len(m.Moments) - momentsMax; over > 0 {
		m.Cut = true
		m.Moments = slices.Delete(m.Moments, 0, over)
	}
}

// NoDecisionError is the error for a time at which nothing is known to have been decided.
type NoDecisionError struct{ why string }

func (e NoDecisionError) Error() string { return e.why }

// ExplainLast explains the last decision of the items. Its error is a NoDecisionError.
func ExplainLast(group string, items iter.Seq2[Item, error]) (Explained, error) {
	var last *Item
	var trouble error
	for item, err := range items {
		switch {
		case err != nil:
			trouble = err
		case item.Note == "":
			last = &item
		}
	}
	if last == nil {
		why := fmt.Sprintf("the history holds no decision of group %s in the %s before that time", group, Lead)
		if trouble != nil {
			why += ": " + trouble.Error()
		}
		return Explained{}, NoDecisionError{why}
	}
	explanation := last.Explain()
	return Explained{Group: group, State: last.State, Explanation: explanation, Words: explanation.Words()}, nil
}
