package page

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
)

// rowsMost is how many groups a page lists.
const rowsMost = 100

// pagesMost is more than there are.
const pagesMost = 1 << 20

// listQuery says which groups a page lists.
type listQuery struct {
	Text      string // in the group's or its account's name
	Attention bool   // those that somebody should look at
	Page      int    // from 1
}

func listQueryOf(values url.Values) listQuery {
	page, err := strconv.Atoi(values.Get("page"))
	if err != nil || page < 1 {
		page = 1
	}
	page = min(page, pagesMost)
	return listQuery{Text: strings.ToLower(strings.TrimSpace(values.Get("q"))), Attention: values.Get("attention") != "", Page: page}
}

func (q listQuery) values() url.Values {
	values := url.Values{}
	if q.Text != "" {
		values.Set("q", q.Text)
	}
	if q.Attention {
		values.Set("attention", "1")
	}
	if q.Page > 1 {
		values.Set("page", strconv.Itoa(q.Page))
	}
	return values
}

// at is the address of another page of the same list.
func (q listQuery) at(page int) string {
	q.Page = page
	return "/?" + q.values().Encode()
}

// entry is a group in the order of the list.
type entry struct {
	group    *fleet.GroupStatus
	concerns []concern
}

// index is every group, those first that somebody should look at.
type index struct {
	of      *fleet.Status
	entries []entry
	counts  map[level]int
}

func indexOf(status *fleet.Status) *index {
	x := &index{of: status, entries: make([]entry, len(status.Groups)), counts: map[level]int{}}
	for i := range status.Groups {
		x.entries[i] = entry{&status.Groups[i], concernsOf(&status.Groups[i])}
		x.counts[gravest(x.entries[i].concerns)]++
	}
	slices.SortStableFunc(x.entries, func(a, b entry) int {
		return cmp.Or(int(gravest(b.concerns)-gravest(a.concerns)), strings.Compare(a.group.Name, b.group.Name))
	})
	return x
}

// row is a group in the list.
type row struct {
	G        *fleet.GroupStatus
	Level    level
	Concerns []concern
	Doing    string
	Strip    []run
	Bar      bar
}

func rowOf(g *fleet.GroupStatus) row { return rowWith(entry{g, concernsOf(g)}) }

func rowWith(e entry) row {
	g := e.group
	return row{G: g, Level: gravest(e.concerns), Concerns: e.concerns, Doing: doing(g), Strip: stripOf(g), Bar: barOf(g)}
}

// listing is the part of the list that a page shows.
type listing struct {
	Query          listQuery
	Rows           []row
	Found, All     int
	First, Last    int // of those found, from 1
	Previous, Next string
}

// of is the part of the index that the query asks for.
func (q listQuery) of(x *index) listing {
	entries, found := q.pick(x)
	l := listing{Query: q, All: len(x.entries), Found: found}
	for _, e := range entries {
		l.Rows = append(l.Rows, rowWith(e))
	}
	skip := max(0, q.Page-1) * rowsMost
	l.First, l.Last = min(skip+1, l.Found), min(skip+len(l.Rows), l.Found)
	if q.Page > 1 {
		l.Previous = q.at(min(q.Page-1, max(1, (l.Found+rowsMost-1)/rowsMost)))
	}
	if l.Found > l.Last && len(l.Rows) > 0 {
		l.Next = q.at(q.Page + 1)
	}
	return l
}

// pick finds the entries of the page that is asked for, and how many there are in all.
func (q listQuery) pick(x *index) (entries []entry, found int) {
	skip := max(0, q.Page-1) * rowsMost
	if q.Text == "" && !q.Attention {
		from := min(skip, len(x.entries))
		return x.entries[from:min(from+rowsMost, len(x.entries))], len(x.entries)
	}
	for _, e := range x.entries {
		if q.Attention && gravest(e.concerns) == note {
			break // what follows is no graver
		}
		if !strings.Contains(strings.ToLower(e.group.Name), q.Text) && !strings.Contains(strings.ToLower(e.group.Account), q.Text) {
			continue
		}
		if found++; found > skip && len(entries) < rowsMost {
			entries = append(entries, e)
		}
	}
	return entries, found
}

// shows says that the page that is asked for lists just these groups.
func (q listQuery) shows(x *index, names []string) bool {
	entries, _ := q.pick(x)
	return slices.EqualFunc(entries, names, func(e entry, name string) bool { return e.group.Name == name })
}

// names are the groups that are listed, in order.
func (l listing) names() []string {
	names := make([]string, len(l.Rows))
	for i := range l.Rows {
		names[i] = l.Rows[i].G.Name
	}
	return names
}

// summary is the state of everything in a line, and the accounts.
type summary struct {
	Groups, Critical, Warning int
	Looked                    bool // there was a look at all
	Accounts                  []accountView
}

type accountView struct {
	fleet.AccountStatus
	Level    level
	Concerns []fleet.Concern
}

// About is what is to be told of an account as a whole; of an order that is not settled, beside
// that.
func (v accountView) About(kind fleet.ConcernKind, id string) string {
	for _, c := range v.Concerns {
		if c.Kind == kind && (id == "" || c.About == id) {
			return c.Why
		}
	}
	return ""
}

func summaryOf(x *index) summary {
	s := summary{Groups: len(x.entries), Critical: x.counts[critical], Warning: x.counts[warning], Looked: len(x.of.Groups)+len(x.of.Accounts) > 0}
	for i := range x.of.Accounts {
		account := x.of.Accounts[i]
		concerns := account.Concerns()
		s.Accounts = append(s.Accounts, accountView{account, levelOf(fleet.Gravest(concerns)), concerns})
	}
	return s
}

// overview is the page of all groups.
type overview struct {
	Frame
	Summary summary
	List    listing
	Events  []events.Event // newest first
}

func (d *dashboard) serveOverview(w http.ResponseWriter, r *http.Request) {
	l, query := languageOf(r), listQueryOf(r.URL.Query())
	remember(w, r)
	x, frame := d.live.index(), d.frameFor(r, l, l.say("overview"))
	stream := query.values()
	stream.Set("lang", string(l))
	frame.Home, frame.Stream = true, "/ui/events?"+stream.Encode()
	body := d.kept.page(x.of, keptKey{frame, query}, func() []byte {
		return d.fragment(l, "overview", overview{Frame: frame, Summary: summaryOf(x), List: query.of(x), Events: d.events("")})
	})
	d.send(w, http.StatusOK, l, body)
}

// events are the newest of a group, or of all, newest first. Where all are listed, an instance's
// steps would hide the rest.
func (d *dashboard) events(group string) []events.Event {
	var list []events.Event
	for _, event := range d.Watcher.Recent(group, 4*eventsMost) {
		if (group != "" || event.Kind != events.KindPhase) && len(list) < eventsMost {
			list = append(list, event)
		}
	}
	return list
}
