package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
)

// What the terminal shows.
type topShowing int

const (
	showTable topShowing = iota
	showDetails
	showHelp
)

// What a key may have begun.
type topAsking int

const (
	askNothing topAsking = iota
	askFilter
	askWhy    // to pause
	askPause  // whether to
	askResume // whether to
)

// topModel is what is known of the daemon, and what the person at the keys looks at.
type topModel struct {
	where   string
	status  fleet.Status
	seen    time.Time // when status was; zero: never
	trouble string    // why it cannot be seen just now
	events  []events.Event

	showing   topShowing
	asking    topAsking
	selected  string // group; one that is not shown stands for the first
	filter    string
	attention bool   // only groups that somebody should look at are shown
	scroll    int    // of the details
	typed     string // so far
	of        string // group that is asked about
	why       string // it is to be paused
	note      string // of what was done, until the next key
}

// see takes what was seen, and puts the groups first that somebody should look at. The first
// of these is selected, until somebody selects another.
func (m *topModel) see(status fleet.Status, now time.Time) {
	status.Groups = gravestFirst(status.Groups)
	m.status, m.seen = status, now
	if m.selected == "" && len(status.Groups) > 0 && wantsAttention(status.Groups[0]) {
		m.selected = status.Groups[0].Name
	}
}

// gravestFirst are the groups in the order of the dashboard: by how soon somebody should look at
// them, and then by name.
func gravestFirst(groups []fleet.GroupStatus) []fleet.GroupStatus {
	rank := make(map[string]int, len(groups))
	for i := range groups {
		rank[groups[i].Name] = slices.Index(fleet.Severities(), fleet.Gravest(groups[i].Concerns()))
	}
	groups = slices.Clone(groups)
	slices.SortStableFunc(groups, func(a, b fleet.GroupStatus) int {
		return cmp.Or(rank[b.Name]-rank[a.Name], strings.Compare(a.Name, b.Name))
	})
	return groups
}

// wish is what a key asks for beyond the terminal.
type wish struct {
	quit   bool
	pause  string // group
	why    string // of pause
	resume string // group
}

// shown are the groups that the filter lets through.
func (m *topModel) shown() (groups []fleet.GroupStatus) {
	for _, g := range m.status.Groups {
		if strings.Contains(g.Name, m.filter) && (!m.attention || wantsAttention(g)) {
			groups = append(groups, g)
		}
	}
	return groups
}

func (m *topModel) selectedIn(groups []fleet.GroupStatus) int {
	return max(slices.IndexFunc(groups, func(g fleet.GroupStatus) bool { return g.Name == m.selected }), 0)
}

// prompt is what is asked of the person; empty: nothing.
func (m *topModel) prompt() string {
	switch m.asking {
	case askFilter:
		return "show groups with: " + m.typed + "_"
	case askWhy:
		return fmt.Sprintf("pause %s: why? %s_   (esc: do not)", m.of, m.typed)
	case askPause:
		return fmt.Sprintf("pause %s, because %q? y or n", m.of, m.why)
	case askResume:
		return fmt.Sprintf("resume %s? y or n", m.of)
	default:
		return ""
	}
}

// Keys that are no characters.
const (
	keyUp       = "\x1b[A"
	keyDown     = "\x1b[B"
	keyPageUp   = "\x1b[5~"
	keyPageDown = "\x1b[6~"
	keyHome     = "\x1b[H"
	keyEnd      = "\x1b[F"
	keyEscape   = "\x1b"
	keyEnter    = "\r"
	keyErase    = "\x7f"
	keyCancel   = "\x03" // ctrl-c
	keyRedraw   = "\x0c" // ctrl-l
)

// press is what a key does to the model, and what it asks for.
func (m *topModel) press(key string) wish {
	m.note = ""
	switch {
	case key == keyCancel:
		return wish{quit: true}
	case m.asking == askFilter || m.asking == askWhy:
		m.write(key)
		return wish{}
	case m.asking != askNothing:
		return m.confirm(key)
	case m.showing == showHelp:
		m.showing = showTable
		return wish{quit: key == "q"}
	}
	return m.steer(key)
}

// steer moves about, or begins to ask.
func (m *topModel) steer(key string) wish {
	switch key {
	case "q":
		return wish{quit: true}
	case "?":
		m.showing = showHelp
	case "p", "r":
		m.ask(key)
	case keyEnter:
		if groups := m.shown(); m.showing == showTable && len(groups) > 0 {
			m.selected = groups[m.selectedIn(groups)].Name
			m.showing, m.scroll = showDetails, 0
		}
	case keyEscape:
		if m.showing == showTable {
			m.filter, m.attention = "", false
		}
		m.showing = showTable
	case "/":
		m.showing, m.asking, m.typed = showTable, askFilter, m.filter
	case "!":
		m.showing, m.attention = showTable, !m.attention
	default:
		if by, is := moves[key]; is {
			m.move(by)
		}
	}
	return wish{}
}

// far is farther than any list is long.
const far = 1 << 30

var moves = map[string]int{
	keyUp: -1, "k": -1, keyDown: 1, "j": 1, keyPageUp: -10, keyPageDown: 10, keyHome: -far, "g": -far, keyEnd: far, "G": far,
}

func (m *topModel) move(by int) {
	if m.showing == showDetails {
		m.scroll = max(m.scroll+by, 0) // drawing knows where it ends
		return
	}
	if groups := m.shown(); len(groups) > 0 {
		m.selected = groups[min(max(m.selectedIn(groups)+by, 0), len(groups)-1)].Name
	}
}

// ask begins to ask about the selected group.
func (m *topModel) ask(key string) {
	groups := m.shown()
	if len(groups) == 0 {
		return
	}
	m.of, m.typed = groups[m.selectedIn(groups)].Name, ""
	if m.showing == showDetails {
		m.of = m.selected
	}
	m.asking = askWhy
	if key == "r" {
		m.asking = askResume
	}
}

// typedMost is how many bytes can be typed.
const typedMost = 200

// write is what a key does to the text that is being typed.
func (m *topModel) write(key string) {
	filtering := m.asking == askFilter
	switch _, size := utf8.DecodeLastRuneInString(m.typed); {
	case key == keyEscape:
		m.asking, m.typed = askNothing, ""
	case key == keyErase:
		m.typed = m.typed[:len(m.typed)-size]
	case key == keyEnter && filtering:
		m.asking = askNothing
		return
	case key == keyEnter && strings.TrimSpace(m.typed) != "":
		m.why, m.asking = strings.TrimSpace(m.typed), askPause
	case key == plainText(key) && len(m.typed) < typedMost:
		m.typed += key
	}
	if filtering {
		m.filter = m.typed
	}
}

// confirm does what was asked about, or not.
func (m *topModel) confirm(key string) wish {
	asked := m.asking
	m.asking = askNothing
	switch {
	case key != "y" && key != "Y":
		m.note = "nothing was done"
		return wish{}
	case asked == askPause:
		m.note = "pausing " + m.of + " …"
		return wish{pause: m.of, why: m.why}
	default:
		m.note = "resuming " + m.of + " …"
		return wish{resume: m.of}
	}
}

// keysIn splits what a terminal sends at once into keys.
func keysIn(sent string) (keys []string) {
	for sent != "" {
		_, n := utf8.DecodeRuneInString(sent)
		if strings.HasPrefix(sent, "\x1b[") || strings.HasPrefix(sent, "\x1bO") {
			end := strings.IndexFunc(sent[2:], func(r rune) bool { return r >= '@' && r <= '~' })
			if n = end + 3; end < 0 {
				n = len(sent)
			}
		}
		keys = append(keys, sameKey(sent[:n]))
		sent = sent[n:]
	}
	return keys
}

// sameKey gives a key that terminals send in several ways the one that is known.
func sameKey(key string) string {
	if strings.HasPrefix(key, "\x1bO") {
		key = "\x1b[" + key[2:]
	}
	switch key {
	case "\n":
		return keyEnter
	case "\b":
		return keyErase
	case "\x1b[1~":
		return keyHome
	case "\x1b[4~":
		return keyEnd
	}
	return key
}
