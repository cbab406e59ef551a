// Package page is the dashboard: what every group does, why, and what to do about it, for
// people.
//
// Pages are made here, in English or Japanese, and work without a script; with one they
// follow what happens, draw charts and steer. What changed is rendered once per
// language, however many watch, and whoever reads slowly gets the newest state and holds up
// nobody. Nothing is fetched from anywhere else, and no page has a script or a style inside, so that the strictest
// policy for contents holds. All that comes from outside, names and errors alike, is
// escaped by html/template.
//
// It shows and never acts: its buttons call the API, which judges them. It calls events, fleet and record; httpd mounts it.
package page

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/record"
)

// Watcher knows the state of everything, and tells what happens.
type Watcher interface {
	// Latest is the state that was seen last. It is shared, and not changed by anybody. Nil before
	// the first look.
	Latest() *fleet.Status
	// Recent are the newest events of a group, or of all for an empty name, newest first.
	Recent(group string, most int) []events.Event
	// Subscribe listens to what changes from now on.
	Subscribe(after uint64) *events.Subscription
}

// Cost is what a group costs, in units of its currency.
type Cost struct {
	Currency      string // as in JPY
	Today         float64
	Month         float64
	MonthExpected *float64 // nil: not known
	Model         string   // what is counted and what is not, in words
}

// ErrNoPrices is the error of a group for whose machines no prices are configured.
var ErrNoPrices = errors.New("no prices are configured")

// Options are what the pages show. All but Log and Now are needed.
type Options struct {
	Watcher Watcher
	Signals func(group string) (fleet.GroupSignals, error)
	Series  func(ctx context.Context, group string, from, to time.Time, points int) (record.Series, error)
	Explain func(ctx context.Context, group string, at time.Time) (record.Explained, error)
	Cost    func(ctx context.Context, group string) (Cost, error) // ErrNoPrices when there are none
	Version string
	Now     func() time.Time // default time.Now
	Log     *zap.Logger      // default: none
}

// eventsMost is how many events a page lists.
const eventsMost = 50

// policyForContents lets a page load what this server has, and nothing else.
const policyForContents = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// dashboard serves the pages.
type dashboard struct {
	Options
	live *live
	kept kept
}

// New serves GET /, /groups/{group}, /static/… and /ui/events. Whoever asks
// for more than a static file must have a role, by access.Of.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	d := &dashboard{Options: o}
	d.live = newLive(d)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", d.guarded(d.serveOverview))
	mux.HandleFunc("GET /groups/{group}", d.guarded(d.serveGroup))
	mux.HandleFunc("GET /ui/events", d.guarded(d.live.serve))
	mux.HandleFunc("GET /static/{file}", serveStatic)
	return mux
}

// guarded lets those pass who may read.
func (d *dashboard) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policyForContents)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		header.Set("Vary", "Accept-Language, Cookie")
		if access.Of(r.Context()).Role < access.Read {
			d.fail(w, r, http.StatusForbidden, "forbidden.what", "")
			return
		}
		next(w, r)
	}
}

// Frame is what every page has around its contents.
type Frame struct {
	Lang    lang
	Other   string // this page in the other language
	Title   string
	Role    string
	Who     string
	Version string
	Stream  string // where the page's changes are told; empty: nowhere
	Home    bool   // it is the overview
}

var roleNames = map[access.Role]string{access.Read: "read", access.Operate: "operate", access.Admin: "admin"}

func (d *dashboard) frameFor(r *http.Request, l lang, title string) Frame {
	who := access.Of(r.Context())
	query := r.URL.Query()
	query.Set("lang", string(l.Other()))
	return Frame{
		Lang: l, Other: "?" + query.Encode(), Title: title, Version: d.Version,
		Role: roleNames[who.Role], Who: who.Name,
	}
}

// render answers with a page. What is wrong shows before anything was sent.
func (d *dashboard) render(w http.ResponseWriter, status int, l lang, name string, data any) {
	d.send(w, status, l, d.fragment(l, name, data))
}

// send answers with a page that was rendered; nil is one that could not be.
func (d *dashboard) send(w http.ResponseWriter, status int, l lang, body []byte) {
	if body == nil {
		http.Error(w, "the page could not be made: the daemon's log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(l))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone: nobody to tell
}

// fragment is a part of a page, for the script to put in its place.
func (d *dashboard) fragment(l lang, name string, data any) []byte {
	var body bytes.Buffer
	if err := templates[l].ExecuteTemplate(&body, name, data); err != nil {
		d.Log.Error("render a part of a page", zap.String("part", name), zap.Error(err))
		return nil
	}
	return body.Bytes()
}

// failure is a page that says what is wrong.
type failure struct {
	Frame
	What   string
	Detail string // in the daemon's words
}

func (d *dashboard) fail(w http.ResponseWriter, r *http.Request, status int, key, detail string) {
	l := languageOf(r)
	d.render(w, status, l, "failure", failure{d.frameFor(r, l, l.say(key)), l.say(key), detail})
}

// status is the state that was seen last, and never nil.
func (d *dashboard) status() *fleet.Status {
	if status := d.Watcher.Latest(); status != nil {
		return status
	}
	return &fleet.Status{}
}
