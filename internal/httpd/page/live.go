package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
)

const (
	streamsMost  = 512
	beatEvery    = 5 * time.Second  // so that a page notices within 20 s that nobody speaks any more
	writeTimeout = 10 * time.Second // after which a reader is too slow
)

// live tells open pages what changed. While at least one is open it follows the
// watcher. What changed is rendered once for each language.
type live struct {
	d *dashboard

	mu      sync.Mutex
	views   map[viewKey]*view
	streams int
	follows *events.Subscription // nil: nobody listens
	indexed *index               // of the newest state; shared, not changed
}

// viewKey names what a page shows: pages with the same are told the same.
type viewKey struct {
	lang  lang
	group string // empty: the overview
	query listQuery
}

// view is what some open pages show.
type view struct {
	key     viewKey
	names   []string        // groups that are listed, in order
	listed  map[string]bool // likewise
	whole   []byte          // all that changes of it
	of      *fleet.Status   // that whole shows
	readers map[*reader]struct{}
}

func newLive(d *dashboard) *live { return &live{d: d, views: map[viewKey]*view{}} }

// index is the list of all groups as of the newest look.
func (v *live) index() *index {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.fresh()
}

func (v *live) fresh() *index {
	if status := v.d.status(); v.indexed == nil || v.indexed.of != status {
		v.indexed = indexOf(status)
	}
	return v.indexed
}

// serve streams what changes of a page.
func (v *live) serve(w http.ResponseWriter, r *http.Request) {
	key := viewKey{lang: languageOf(r), group: r.URL.Query().Get("group")}
	if key.group == "" {
		key.query = listQueryOf(r.URL.Query())
	}
	reader, ok := v.join(key)
	if !ok {
		http.Error(w, "too many pages are open: close some, or try again later", http.StatusServiceUnavailable)
		return
	}
	defer v.leave(key, reader)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // nothing more is read; a writer that cannot is found out below
	reader.stream(r, w, control)
}

// join adds a reader to a view, and lets it have what there is now.
func (v *live) join(key viewKey) (*reader, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.streams >= streamsMost {
		return nil, false
	}
	v.streams++
	if v.follows == nil {
		v.follows = v.d.Watcher.Subscribe(0)
		go v.follow(v.follows)
	}
	shown := v.views[key]
	if shown == nil {
		shown = &view{key: key, readers: map[*reader]struct{}{}}
		v.views[key] = shown
	}
	r := newReader()
	shown.readers[r] = struct{}{}
	r.put("whole", v.whole(shown))
	return r, true
}

func (v *live) leave(key viewKey, r *reader) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.streams--
	shown := v.views[key]
	if delete(shown.readers, r); len(shown.readers) == 0 {
		delete(v.views, key)
	}
	if v.streams == 0 {
		v.follows.Close()
		v.follows = nil
	}
}

// follow tells of what the watcher finds until the subscription is closed.
func (v *live) follow(subscription *events.Subscription) {
	for batch := range subscription.C {
		v.spread(&batch)
	}
}

// whole is everything of a view that changes, as it is now. mu is held.
func (v *live) whole(shown *view) []byte {
	x, l := v.fresh(), shown.key.lang
	if shown.of == x.of {
		return shown.whole
	}
	shown.of = x.of
	if shown.key.group != "" {
		shown.whole = v.group(l, groupIn(x.of, shown.key.group))
		return shown.whole
	}
	list := shown.key.query.of(x)
	shown.names, shown.listed = list.names(), map[string]bool{}
	for _, name := range shown.names {
		shown.listed[name] = true
	}
	shown.whole = frameOf("html", slices.Concat(v.d.fragment(l, "summary", summaryOf(x)), v.d.fragment(l, "list", list)))
	return shown.whole
}

// group is what changes of a group's page; of one that is gone it says so.
func (v *live) group(l lang, g *fleet.GroupStatus) []byte {
	if g == nil {
		return frameOf("html", v.d.fragment(l, "gone", nil))
	}
	return frameOf("html", v.d.fragment(l, "live", v.d.viewOf(g, v.d.status())))
}

// spread tells every open page what a look found.
func (v *live) spread(batch *events.Batch) {
	v.mu.Lock()
	defer v.mu.Unlock()
	made := rendered{}
	for _, shown := range v.views {
		shown.of = nil
		switch {
		case batch.Missed:
			shown.put("whole", v.whole(shown))
		case shown.key.group != "":
			v.tellGroup(shown, batch, made)
		default:
			v.tellOverview(shown, batch, made)
		}
		v.tellEvents(shown, batch.Events, made)
	}
}

// rendered holds what was rendered of a batch already.
type rendered map[string][]byte

func (m rendered) once(key string, render func() []byte) []byte {
	frame, ok := m[key]
	if !ok {
		frame = render()
		m[key] = frame
	}
	return frame
}

func (v *live) tellGroup(shown *view, batch *events.Batch, made rendered) {
	name, l := shown.key.group, shown.key.lang
	for i := range batch.Groups {
		if g := &batch.Groups[i]; g.Name == name {
			shown.put("whole", made.once(string(l)+"/group/"+name, func() []byte { return v.group(l, g) }))
		}
	}
	if slices.Contains(batch.Gone, name) {
		shown.put("whole", v.group(l, nil))
	}
}

func (v *live) tellOverview(shown *view, batch *events.Batch, made rendered) {
	x, l := v.fresh(), shown.key.lang
	if !shown.key.query.shows(x, shown.names) {
		shown.put("whole", v.whole(shown))
		return
	}
	for i := range batch.Groups {
		if g := &batch.Groups[i]; shown.listed[g.Name] {
			shown.put("row/"+g.Name, made.once(string(l)+"/row/"+g.Name, func() []byte { return frameOf("html", v.d.fragment(l, "row", rowOf(g))) }))
		}
	}
	if len(batch.Groups) > 0 || len(batch.Gone) > 0 || batch.Accounts != nil {
		shown.put("summary", made.once(string(l)+"/summary", func() []byte { return frameOf("html", v.d.fragment(l, "summary", summaryOf(x))) }))
	}
}

func (v *live) tellEvents(shown *view, happened []events.Event, made rendered) {
	l := shown.key.lang
	for i := range happened {
		event := &happened[i]
		if shown.key.group == "" && event.Kind == events.KindPhase || shown.key.group != "" && event.Group != shown.key.group {
			continue
		}
		key := fmt.Sprintf("event/%d", event.ID)
		shown.put(key, made.once(string(l)+"/"+key, func() []byte { return frameOf("event", v.d.fragment(l, "event", event)) }))
	}
}

// put lets every reader of the view have a frame.
func (shown *view) put(key string, frame []byte) {
	for r := range shown.readers {
		r.put(key, frame)
	}
}

// frameOf is an event of a stream. Its data is in one line, as JSON.
func frameOf(kind string, html []byte) []byte {
	var frame bytes.Buffer
	text, _ := json.Marshal(string(html)) // a text always can be
	fmt.Fprintf(&frame, "event: %s\ndata: %s\n\n", kind, text)
	return frame.Bytes()
}

// reader is an open page. Of what it has not read yet it keeps the newest of each kind,
// so that it holds no more than the page shows.
type reader struct {
	wake chan struct{}

	mu     sync.Mutex
	frames map[string][]byte
	order  []string
}

func newReader() *reader { return &reader{wake: make(chan struct{}, 1), frames: map[string][]byte{}} }

// framesMost is more than a page can show: a reader that far behind gets no more
// events.
const framesMost = rowsMost + 2 + eventsMost

func (r *reader) put(key string, frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, waits := r.frames[key]
	if !waits && len(r.order) >= framesMost {
		delete(r.frames, r.order[0])
		r.order = r.order[1:]
	}
	if !waits {
		r.order = append(r.order, key)
	}
	r.frames[key] = frame
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// take is all that waits, in order.
// They are other readers' too.
func (r *reader) take() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([][]byte, 0, len(r.order))
	for _, key := range r.order {
		all = append(all, r.frames[key])
	}
	r.order = nil
	clear(r.frames)
	return all
}

var beat = []byte("event: beat\ndata: 1\n\n")

// stream writes what waits, and a beat when nothing does, until the page is closed or reads too
// slowly.
func (r *reader) stream(request *http.Request, w http.ResponseWriter, control *http.ResponseController) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	waiting := [][]byte{beat} // the page learns at once that it is connected
	for {
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout)) // without deadlines a server's own time-out holds
		for _, frame := range waiting {
			if _, err := w.Write(frame); err != nil {
				return
			}
		}
		if control.Flush() != nil {
			return
		}
		select {
		case <-request.Context().Done():
			return
		case <-r.wake:
			waiting = r.take()
		case <-ticker.C:
			waiting = [][]byte{beat}
		}
	}
}
