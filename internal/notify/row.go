package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/words"
)

// row is one line of a digest: what is alike, at one place or, rolled up, at several.
type row struct {
	state    state
	severity events.Severity
	kind     events.Kind
	places   []string // a group, or an account; empty words for neither
	subjects []*subject
}

// sort is what subjects of one row have in common.
type sort struct {
	state    state
	severity events.Severity
	kind     events.Kind
	place    string
}

// rowsOf puts what is alike into one row, the most urgent first.
func rowsOf(list []*subject) []*row {
	found := map[sort]*row{}
	var rows []*row
	for _, s := range list {
		key := sort{s.state(), s.last.Severity, s.last.Kind, place(&s.last)}
		r := found[key]
		if r == nil {
			r = &row{state: key.state, severity: key.severity, kind: key.kind, places: []string{key.place}}
			found[key] = r
			rows = append(rows, r)
		}
		r.subjects = append(r.subjects, s)
	}
	return urgentFirst(rows)
}

// rolledUp puts what is alike at all places into one row.
func rolledUp(rows []*row) []*row {
	found := map[sort]*row{}
	var rolled []*row
	for _, one := range rows {
		key := sort{one.state, one.severity, one.kind, ""}
		r := found[key]
		if r == nil {
			r = &row{state: one.state, severity: one.severity, kind: one.kind}
			found[key] = r
			rolled = append(rolled, r)
		}
		r.places = append(r.places, one.places...)
		r.subjects = append(r.subjects, one.subjects...)
	}
	return urgentFirst(rolled)
}

// urgentFirst sorts what is to be looked at before what is over, and the severe before the
// rest. What is alike stays in order.
func urgentFirst(rows []*row) []*row {
	rank := func(r *row) int { return slices.Index(events.Severities(), r.severity) }
	slices.SortStableFunc(rows, func(a, b *row) int {
		return cmp.Or(cmp.Compare(max(a.state, happened), max(b.state, happened)), cmp.Compare(rank(b), rank(a)), cmp.Compare(a.state, b.state))
	})
	return rows
}

// place is where an event happened.
func place(e *events.Event) string {
	if e.Account != "" {
		return "account " + e.Account
	}
	return e.Group
}

// headline is the row in a few words.
func (r *row) headline() string {
	text := r.kind.Name()
	if r.places[0] != "" {
		text = r.places[0] + " " + text
	}
	if r.state > happened {
		text += " over"
	}
	if len(r.subjects) > 1 {
		text += fmt.Sprintf(" ×%d", len(r.subjects))
	}
	return text
}

// String is the row in one line: the first and the last of what is alike.
func (r *row) String() string {
	mark := string(r.severity)
	switch r.state {
	case over:
		mark = "over"
	case passed:
		mark = "passed"
	}
	text := "[" + mark + "] "
	first, last := r.subjects[0], r.subjects[len(r.subjects)-1]
	switch {
	case len(r.places) > 1:
		return text + fmt.Sprintf("%s ×%d at %d places: %s", r.kind.Name(), len(r.subjects), len(r.places), some(r.places))
	case r.places[0] != "":
		text += r.places[0] + ": "
	}
	if len(r.subjects) == 1 {
		return text + first.String()
	}
	return text + fmt.Sprintf("%s ×%d: %s; … %s", r.kind.Name(), len(r.subjects), words.Clip(first.String(), 150), words.Clip(last.String(), 150))
}

// some names the first places and the last one.
func some(places []string) string {
	const most = 8
	if len(places) <= most {
		return strings.Join(places, ", ")
	}
	return strings.Join(places[:most-1], ", ") + ", … " + places[len(places)-1]
}

// String says what happened to the subject.
func (s *subject) String() string {
	text, again := s.last.Text, ""
	if s.state() == passed {
		text = s.first.Text
		if span := s.last.At.Sub(s.first.At); span > 0 && s.times == 1 {
			again = ", over after " + words.Span(span.Round(time.Second))
		}
	}
	if s.times > 1 {
		again += fmt.Sprintf(", %d times", s.times)
	}
	if again != "" {
		text += " (" + strings.TrimPrefix(again, ", ") + ")"
	}
	return text
}
