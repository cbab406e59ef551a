package httpd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// Past is what is kept of a group's decisions, from one time until before another, in
// order.
type Past interface {
	Decisions(group string, from, to time.Time) (iter.Seq2[record.Item, error], error)
}

// Moment is a decision of the past, or an event.
type Moment struct {
	At       time.Time        `json:"at"`
	Note     string           `json:"note,omitempty"` // of an event; the rest is of a decision
	State    record.State     `json:"state,omitempty"`
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
	State       record.State       `json:"state"`
	Explanation policy.Explanation `json:"explanation"`
	Words       []string           `json:"words"`
}

// momentsMax bounds an answer; faultsMax the faults in it.
const momentsMax, faultsMax = 10_000, 10

// SelectMoments keeps events, changes, and the first decision of each reason; or all of
// them. Of more than an answer holds it keeps the newest.
func SelectMoments(group string, items iter.Seq2[record.Item, error], from time.Time, all bool) Moments {
	found := Moments{Group: group, Moments: []Moment{}}
	var reason policy.Reason
	for item, err := range items {
		if err != nil {
			if len(found.Faults) < faultsMax {
				found.Faults = append(found.Faults, err.Error())
			}
			continue
		}
		news := item.Note != "" || item.Decision.Change() != 0 || item.Decision.Reason != reason || item.State == record.Differs
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

// during yields the items until ctx ends. Then what was made of them is not to be used.
func during(ctx context.Context, items iter.Seq2[record.Item, error]) iter.Seq2[record.Item, error] {
	return func(yield func(record.Item, error) bool) {
		for item, err := range items {
			if ctx.Err() != nil || !yield(item, err) {
				return
			}
		}
	}
}

// overlong is what comes of reading the history for longer than a command may take.
func overlong(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("read the history: %w; try again, or read the files with --history DIRECTORY", err)
	}
	return nil
}

// ExplainLast explains the last decision of the items. The error says that there is none.
func ExplainLast(group string, items iter.Seq2[record.Item, error]) (Explained, error) {
	var last *record.Item
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
		why := fmt.Sprintf("the history holds no decision of group %s in the %s before that time", group, record.Lead)
		if trouble != nil {
			why += ": " + trouble.Error()
		}
		return Explained{}, fleet.RefusedError{Why: why}
	}
	explanation := last.Explain()
	return Explained{Group: group, State: last.State, Explanation: explanation, Words: explanation.Words()}, nil
}

// decisions answers with the moments of a span.
func decisions(past Past) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		steer(w, r, func(ctx context.Context) (any, error) {
			now := time.Now()
			from, err := timeIn(r, "from", now.Add(-24*time.Hour))
			if err != nil {
				return nil, err
			}
			to, err := timeIn(r, "to", now.Add(time.Minute))
			if err != nil {
				return nil, err
			}
			group := r.PathValue("group")
			items, err := past.Decisions(group, from.Add(-record.Lead), to)
			if err != nil {
				return nil, err
			}
			moments := SelectMoments(group, during(ctx, items), from, r.FormValue("all") == "true")
			return moments, overlong(ctx)
		})
	}
}

// explain answers with the explanation of the last decision at a time or before.
func explain(past Past) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		steer(w, r, func(ctx context.Context) (any, error) {
			at, err := timeIn(r, "at", time.Now())
			if err != nil {
				return nil, err
			}
			group := r.PathValue("group")
			items, err := past.Decisions(group, at.Add(-record.Lead), at.Add(time.Nanosecond))
			if err != nil {
				return nil, err
			}
			explained, err := ExplainLast(group, during(ctx, items))
			return explained, cmp.Or(overlong(ctx), err)
		})
	}
}

func timeIn(r *http.Request, name string, otherwise time.Time) (time.Time, error) {
	text := r.FormValue(name)
	if text == "" {
		return otherwise, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	var parse *time.ParseError
	if errors.As(err, &parse) {
		return at, fleet.RefusedError{Why: fmt.Sprintf("%s: %q is no time: write for example 2026-04-01T09:00:00+09:00", name, text)}
	}
	return at, err
}
