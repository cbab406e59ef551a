package notify

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/words"
)

// message is what one notification says. As JSON it is what a webhook is sent.
type message struct {
	Version      int             `json:"version"` // of this format: 1
	ID           string          `json:"id"`      // the same whenever it is sent again
	At           time.Time       `json:"at"`
	Installation string          `json:"installation,omitempty"`
	Notifier     string          `json:"notifier"`
	Severity     events.Severity `json:"severity"` // the most severe of what began or happened; info when all is over
	Reminder     bool            `json:"reminder,omitempty"`
	Title        string          `json:"title"`
	Lines        []string        `json:"lines"`             // the digest, for people
	Events       []events.Event  `json:"events"`            // in the order of their numbers; of a reminder those that began what lasts
	Dropped      int             `json:"dropped,omitempty"` // how many more there were
	Lasting      int             `json:"lasting"`           // how many things last, of what is told
	URL          string          `json:"url,omitempty"`     // where people see more
}

func newMessage(o *Options, now time.Time) *message {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return &message{
		Version: 1, ID: hex.EncodeToString(id[:]), At: now.Round(0).UTC(), Installation: o.Installation, Notifier: o.Config.Name,
		Severity: events.Info, Events: []events.Event{}, URL: o.URL,
	}
}

// tell makes the message the digest of what was gathered, while the given things last.
func (m *message) tell(g *gathered, lasting map[events.Subject]events.Event) {
	g.trim()
	m.Events, m.Dropped, m.Lasting = append(m.Events, g.events...), g.dropped, len(lasting)
	rows := rowsOf(g.order)
	m.write(rows, "")
	if g.uncounted > 0 {
		m.Lines = append(m.Lines, fmt.Sprintf("and %d events about other things", g.uncounted))
	}
	if g.lost {
		m.Lines = append(m.Lines, "and some events that nobody noted, since there were too many at once: see `autoscaled status`")
	}
	if before := m.before(g, lasting); before != "" {
		m.Lines = append(m.Lines, "lasting since before: "+before)
	}
}

// before counts, kind by kind, what lasts and was told earlier.
func (m *message) before(g *gathered, lasting map[events.Subject]events.Event) string {
	counts := map[events.Kind]int{}
	for subject := range lasting {
		if g.subjects[subject] == nil {
			counts[subject.Kind]++
		}
	}
	var parts []string
	for _, kind := range events.Kinds() {
		if counts[kind] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", kind.Name(), counts[kind]))
		}
	}
	return strings.Join(parts, ", ")
}

// remind makes the message a reminder of what lasts.
func (m *message) remind(lasting map[events.Subject]events.Event) {
	m.Reminder, m.Lasting = true, len(lasting)
	for _, e := range lasting {
		m.Events = append(m.Events, e)
	}
	slices.SortFunc(m.Events, func(a, b events.Event) int { return cmp.Compare(a.ID, b.ID) })
	var list []*subject
	for _, e := range m.Events {
		e.Text += " (since " + e.At.Format("2006-01-02 15:04 MST") + ")"
		list = append(list, &subject{first: e, last: e, times: 1})
	}
	if surplus := len(m.Events) - keptEvents; surplus > 0 {
		m.Events, m.Dropped = m.Events[:keptEvents], surplus
	}
	m.write(rowsOf(list), "still ")
}

// maxLines bounds the digest, but for a few lines about what is not in it.
const maxLines = 20

// write writes title and lines.
func (m *message) write(rows []*row, still string) {
	mark := "over"
	for _, r := range rows {
		if r.state > happened {
			continue
		}
		if mark == "over" || !m.Severity.AtLeast(r.severity) {
			m.Severity = r.severity
		}
		mark = string(m.Severity)
	}
	if len(rows) == 0 {
		mark = string(m.Severity)
	}
	m.Title = still + mark + ": " + headlines(rows)
	if len(rows) > maxLines {
		rows = rolledUp(rows)
	}
	for i, r := range rows {
		if i == maxLines {
			m.Lines = append(m.Lines, fmt.Sprintf("and %d other sorts of things", len(rows)-maxLines))
			break
		}
		m.Lines = append(m.Lines, r.String())
	}
}

// headlines names the first rows.
func headlines(rows []*row) string {
	const most = 3
	var heads []string
	for _, r := range rows[:min(most, len(rows))] {
		heads = append(heads, r.headline())
	}
	text := strings.Join(heads, ", ")
	switch {
	case len(rows) == 0:
		return "something happened"
	case len(rows) > most:
		text += fmt.Sprintf(" and %d more", len(rows)-most)
	}
	return words.Clip(text, 150)
}
