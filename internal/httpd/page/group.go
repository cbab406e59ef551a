package page

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// groupView is what a group's page shows of its present state.
type groupView struct {
	row
	Now       time.Time
	Account   *fleet.AccountStatus // nil: not known
	Signals   []signalView
	Instances []instanceView
}

type signalView struct {
	fleet.SignalReport
	At time.Time // of the value; zero: none
}

type instanceView struct {
	actions.InstanceStatus
	Part part
	Lane lane
}

// Retryable says that a person can let the instance move again, or end its contract.
func (v instanceView) Retryable() bool { return v.Quarantine != "" }

func (d *dashboard) viewOf(g *fleet.GroupStatus, status *fleet.Status) groupView {
	view := groupView{row: rowOf(g), Now: d.Now()}
	for i := range status.Accounts {
		if status.Accounts[i].Name == g.Account {
			view.Account = &status.Accounts[i]
		}
	}
	read, err := d.Signals(g.Name)
	if err != nil { // it was removed a moment ago: what its status says is left
		read.Signals = nil
	}
	for _, report := range read.Signals {
		signal := signalView{SignalReport: report}
		if report.AgeSeconds != nil {
			signal.At = view.Now.Add(-time.Duration(*report.AgeSeconds * float64(time.Second))).Truncate(time.Second)
		}
		view.Signals = append(view.Signals, signal)
	}
	for i := range g.Instances {
		in := &g.Instances[i]
		view.Instances = append(view.Instances, instanceView{*in, partOf(in), laneOf(in)})
	}
	return view
}

// Resumable says that resuming the group would end something.
func (v groupView) Resumable() bool {
	if v.G.Override != nil {
		return true
	}
	for i := range v.Instances {
		if v.Instances[i].Quarantine != "" {
			return true
		}
	}
	for _, hold := range v.G.Held {
		if hold == policy.HoldLaunches {
			return true
		}
	}
	return false
}

// deed is something that a person can have done from the page.
type deed struct {
	Name     string
	Path     string // of the API; {code} stands for an instance
	Kind     policy.OverrideKind
	Needs    string // role
	Counts   bool   // asks for a count
	Ends     bool   // asks for how long
	Plans    bool   // the API says beforehand what would happen
	Instance bool   // it is about one instance
}

// deeds are all of them, in the order of their buttons.
func deeds() []deed {
	return []deed{
		{Name: "pause", Path: "override", Kind: policy.PauseAll, Needs: "operate", Ends: true},
		{Name: "pause_in", Path: "override", Kind: policy.PauseIn, Needs: "operate", Ends: true},
		{Name: "pause_out", Path: "override", Kind: policy.PauseOut, Needs: "operate", Ends: true},
		{Name: "hold", Path: "override", Kind: policy.HoldAt, Needs: "operate", Counts: true, Ends: true},
		{Name: "at_least", Path: "override", Kind: policy.AtLeast, Needs: "operate", Counts: true, Ends: true},
		{Name: "scale", Path: "scale", Needs: "operate", Counts: true},
		{Name: "resume", Path: "resume", Needs: "operate"},
		{Name: "promote", Path: "promote", Needs: "operate"},
		{Name: "rollback", Path: "rollback", Needs: "operate"},
		{Name: "drill", Path: "drill", Needs: "admin", Plans: true},
		{Name: "protect", Path: "protect", Needs: "operate", Instance: true},
		{Name: "unprotect", Path: "unprotect", Needs: "operate", Instance: true},
		{Name: "retry", Path: "retry", Needs: "operate", Instance: true},
		{Name: "release", Path: "release", Needs: "admin", Instance: true},
		{Name: "disown", Path: "disown", Needs: "admin", Instance: true},
	}
}

// Address is where the deed is asked for.
func (d deed) Address(group string) string {
	if d.Instance {
		return "/v1/instances/{code}/" + d.Path
	}
	return "/v1/groups/" + url.PathEscape(group) + "/" + d.Path
}

// deedView is a deed about one group, to be confirmed.
type deedView struct {
	deed
	Group             string
	Min, Max, Desired int
}

// spans are those that charts can show, and the default first.
var spans = []struct {
	Name string
	Span time.Duration
}{{"1h", time.Hour}, {"6h", 6 * time.Hour}, {"24h", 24 * time.Hour}, {"7d", 7 * 24 * time.Hour}}

func spanOf(r *http.Request) (string, time.Duration) {
	for _, span := range spans {
		if span.Name == r.URL.Query().Get("span") {
			return span.Name, span.Span
		}
	}
	return spans[0].Name, spans[0].Span
}

// groupPage is the page of one group.
type groupPage struct {
	Frame
	View    groupView
	Deeds   []deed
	Cost    *costView // nil: the script asks for it
	Span    string
	History *historyView // nil: the script asks for it
	Explain *explainView // nil: nobody asked
	Events  []events.Event
}

func (d *dashboard) serveGroup(w http.ResponseWriter, r *http.Request) {
	name, l, status := r.PathValue("group"), languageOf(r), d.status()
	g := groupIn(status, name)
	if g == nil {
		d.fail(w, r, http.StatusNotFound, "nogroup", name)
		return
	}
	query := r.URL.Query()
	switch query.Get("part") {
	case "history":
		d.render(w, http.StatusOK, l, "history", d.history(r, l, g))
		return
	case "cost":
		d.render(w, http.StatusOK, l, "cost", d.cost(r, g))
		return
	case "explain":
		d.render(w, http.StatusOK, l, "explanation", d.explanation(r, g.Name, query.Get("explain")))
		return
	}
	remember(w, r)
	page := groupPage{Frame: d.frameFor(r, l, name), View: d.viewOf(g, status), Deeds: deeds(), Events: d.events(name)}
	page.Span, _ = spanOf(r)
	page.Stream = "/ui/events?" + url.Values{"group": {name}, "lang": {string(l)}}.Encode()
	if query.Get("table") != "" {
		page.History, page.Cost = d.history(r, l, g), d.cost(r, g)
	}
	if at := query.Get("explain"); at != "" {
		page.Explain = d.explanation(r, name, at)
	}
	d.render(w, http.StatusOK, l, "group", page)
}

func groupIn(status *fleet.Status, name string) *fleet.GroupStatus {
	for i := range status.Groups {
		if status.Groups[i].Name == name {
			return &status.Groups[i]
		}
	}
	return nil
}

// costView is what a group costs, or why that is not known; neither when no prices are
// configured.
type costView struct {
	Cost  *Cost
	Would bool // nobody pays it: the group only recommends
	Why   string
}

func (d *dashboard) cost(r *http.Request, g *fleet.GroupStatus) *costView {
	switch cost, err := d.Cost(r.Context(), g.Name); {
	case err == nil:
		return &costView{Cost: &cost, Would: g.Mode == "recommend"}
	case errors.Is(err, ErrNoPrices):
		return &costView{}
	default:
		return &costView{Why: err.Error()}
	}
}

// explainView is an explanation, or why there is none.
type explainView struct {
	Group string
	Asked string
	E     *record.Explained
	Why   string
}

func (d *dashboard) explanation(r *http.Request, group, asked string) *explainView {
	v := &explainView{Group: group, Asked: asked}
	at := d.Now()
	if asked != "now" {
		var err error
		if at, err = time.Parse(time.RFC3339Nano, asked); err != nil {
			v.Why = fmt.Sprintf("%q is no time: write for example 2026-04-01T09:00:00Z", asked)
			return v
		}
	}
	explained, err := d.Explain(r.Context(), group, at)
	if err != nil {
		v.Why = err.Error()
		return v
	}
	v.E = &explained
	return v
}

// historyView is the group's past, as charts and as tables.
type historyView struct {
	Group  string
	Span   string
	Series *record.Series
	Why    string // there is none
	Charts []chart
	Marks  []record.Mark // newest first
}

// chart is a drawing of some curves, which is also a table.
type chart struct {
	Kind    string // size, signal or forecast
	Signal  string
	Target  *float64
	Shared  bool // the target is for each instance's share
	Columns []string
	Rows    []chartRow // newest first
}

type chartRow struct {
	At     time.Time
	Values []*float64
}

const (
	pointsDrawn = 300
	rowsOfTable = 30
)

func (d *dashboard) history(r *http.Request, l lang, g *fleet.GroupStatus) *historyView {
	name, span := spanOf(r)
	v := &historyView{Group: g.Name, Span: name}
	now := d.Now()
	series, err := d.Series(r.Context(), g.Name, now.Add(-span), now.Add(ahead(g, span)), pointsDrawn)
	if err != nil {
		v.Why = err.Error()
		return v
	}
	v.Series = &series
	v.Charts = chartsOf(&series, l)
	for i := len(series.Marks) - 1; i >= 0 && len(v.Marks) < eventsMost; i-- {
		v.Marks = append(v.Marks, series.Marks[i])
	}
	return v
}

// ahead is how far a chart of the span goes beyond now: a load that is foreseen stands at the time
// for which it is. Where nothing is, nothing lies there.
func ahead(g *fleet.GroupStatus, span time.Duration) time.Duration {
	var lead time.Duration
	for _, foreseen := range g.Foreseen {
		lead = max(lead, foreseen.Within, span/10)
	}
	return lead
}

func chartsOf(s *record.Series, l lang) []chart {
	size := chart{Kind: "size", Columns: []string{l.say("desired"), l.say("wanted"), l.say("serving"), l.say("becoming")}}
	size.rows(s, []curve{{floats(s.Desired), math.Max}, {floats(s.Wanted), math.Max}, {floats(s.Serving), math.Min}, {floats(s.Becoming), math.Max}})
	charts := []chart{size}
	if s.Forecast != nil {
		forecast := chart{Kind: "forecast", Columns: []string{l.say("expected"), l.say("low"), l.say("high")}}
		forecast.rows(s, []curve{{s.Forecast.Expected, math.Max}, {s.Forecast.Low, math.Min}, {s.Forecast.High, math.Max}})
		charts = append(charts, forecast)
	}
	for _, name := range sortedKeys(s.Signals) {
		signal := chart{Kind: "signal", Signal: name, Columns: []string{l.say("mean"), l.say("peak")}}
		if target, ok := s.Targets[name]; ok {
			signal.Target = &target
			for _, shared := range s.Shared {
				signal.Shared = signal.Shared || shared == name
			}
		}
		signal.rows(s, []curve{{s.Signals[name], nil}, {s.Peaks[name], math.Max}})
		charts = append(charts, signal)
	}
	return charts
}

// curve is a quantity over time, and which of several values stands for all; nil: their
// mean.
type curve struct {
	values []*float64
	choose func(a, b float64) float64
}

// over is what stands for the values of the steps from one until before another.
func (c curve) over(from, to int) *float64 {
	var result *float64
	count := 0.0
	for i := from; i < min(to, len(c.values)); i++ {
		value := c.values[i]
		if value == nil {
			continue
		}
		count++
		switch {
		case result == nil:
			copied := *value
			result = &copied
		case c.choose == nil:
			*result += (*value - *result) / count
		default:
			*result = c.choose(*result, *value)
		}
	}
	return result
}

// rows makes the table of a chart: steps are put together, so that it can be read.
func (c *chart) rows(s *record.Series, curves []curve) {
	each := max(1, (len(s.At)+rowsOfTable-1)/rowsOfTable)
	for from := (len(s.At) - 1) / each * each; from >= 0 && len(s.At) > 0; from -= each {
		row := chartRow{At: time.Unix(s.At[from], 0).UTC()}
		some := false
		for _, curve := range curves {
			value := curve.over(from, from+each)
			some = some || value != nil
			row.Values = append(row.Values, value)
		}
		if some {
			c.Rows = append(c.Rows, row)
		}
	}
}
