package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/words"
)

const (
	streamsMax  = connectionsMax / 2 // others still find a connection
	streamsEach = 32                 // that everybody may have: pages, say, of those who share a name
	slowest     = 10 * time.Second   // within which a listener takes what it is sent
	heartbeat   = 15 * time.Second   // between signs of life
	groupsMax   = 1000               // that a listener may name
	lookEvery   = 5 * time.Second    // whether a listener may still listen
)

// Watcher tells what happens. [events.Watcher] is one.
type Watcher interface {
	// Subscribe returns a listener to what happens from now on, and since the event of the
	// given number.
	Subscribe(after uint64) *events.Subscription
	// Latest is the state of everything a moment ago; nil before there is one.
	Latest() *fleet.Status
}

// Gone is what a stream tells of a group that is configured no more.
type Gone struct {
	Group string `json:"group"`
}

// streams are all who listen to events.
type streams struct {
	mu        sync.Mutex
	listening int
	groups    map[string]*rendered // as they were last told, by name
	events    map[uint64][]byte    // frames of the newest, by number
}

// rendered is a group's state as it is sent: made once, for however many listen.
type rendered struct {
	status fleet.GroupStatus
	frame  []byte
}

// routes are those of streams.
func (s *streams) routes(watcher Watcher) []route {
	listen := other(http.MethodGet, "/v1/events", access.Read, func(w http.ResponseWriter, r *http.Request) {
		if watcher == nil {
			fail(w, Error{Code: NotFound, Text: "there are no events here"})
			return
		}
		wanted, after, err := readListener(r)
		if err != nil {
			fail(w, err)
			return
		}
		s.bounded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			subscription := watcher.Subscribe(after)
			defer subscription.Close()
			s.tell(w, r, subscription, wanted)
		}))(w, r)
	})
	listen.query = listenerQuery
	return []route{listen}
}

// listenerQuery is what a listener may say.
var listenerQuery = []string{"after", "groups", "only"}

// bounded serves a stream unless too many listen already: to events, or to pages. It ends when the
// face does, or whoever listens may not any more.
func (s *streams) bounded(next http.Handler) http.HandlerFunc {
	next = whileAllowed(next)
	return func(w http.ResponseWriter, r *http.Request) {
		places, who := faceOf(r.Context()).streams, access.Of(r.Context()).Name
		if !places.enter(who, 1) {
			w.Header().Set("Retry-After", "60")
			fail(w, Error{Code: Unavailable, Text: fmt.Sprintf("too many of %d places to listen to events are taken: end one, or try again in a minute", streamsMax)})
			return
		}
		defer places.leave(who, 1)
		s.enter()
		defer s.leave()
		next.ServeHTTP(w, r)
	}
}

// listener is what somebody wants to hear.
type listener struct {
	groups     []string // nil: all
	eventsOnly bool
}

func readListener(r *http.Request) (l listener, after uint64, err error) {
	values, err := readQuery(r, listenerQuery)
	if err != nil {
		return l, 0, err
	}
	if names := values.Get("groups"); names != "" {
		if l.groups = strings.Split(names, ","); len(l.groups) > groupsMax {
			return l, 0, invalid("groups: there are more than %d: leave it out, and all are told", groupsMax)
		}
	}
	if only := values.Get("only"); only != "" && only != "events" {
		return l, 0, invalid("only: %q is not known: write events, or leave it out", words.Shown(only))
	}
	l.eventsOnly = values.Get("only") != ""
	name, text := "Last-Event-ID", r.Header.Get("Last-Event-ID")
	if text == "" {
		name, text = "after", values.Get("after")
	}
	if text == "" {
		return l, 0, nil
	}
	if after, err = strconv.ParseUint(text, 10, 64); err != nil {
		return l, 0, invalid("%s: %q is no number of an event: send the id of the last one that came", name, words.Shown(text))
	}
	return l, after, nil
}

func (l *listener) wants(group string) bool {
	return l.groups == nil || group == "" || slices.Contains(l.groups, group)
}

func (s *streams) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listening++
}

func (s *streams) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listening--; s.listening == 0 {
		s.groups, s.events = nil, nil
	}
}

// tell sends what happens until the request ends, or the listener takes too long to take it.
func (s *streams) tell(w http.ResponseWriter, r *http.Request, subscription *events.Subscription, wanted listener) {
	line := newLine(w)
	line.send([]byte("retry: 3000\n\n"))
	if r.Method == http.MethodHead {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for line.err == nil {
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			line.send([]byte(": alive\n\n"))
		case batch, more := <-subscription.C:
			if !more {
				return
			}
			line.send(s.render(&batch, wanted)...)
		}
	}
}

// line is a connection to a listener.
type line struct {
	w       http.ResponseWriter
	control *http.ResponseController
	err     error // of the first that could not be sent
}

// newLine begins a stream.
func newLine(w http.ResponseWriter) *line {
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy sends it on at once
	w.WriteHeader(http.StatusOK)
	return &line{w: w, control: control}
}

// send sends frames, one by one: they are others' too, and a copy for each listener who is slow would
// take much memory.
func (l *line) send(frames ...[]byte) {
	if len(frames) == 0 {
		return
	}
	_ = l.control.SetWriteDeadline(time.Now().Add(slowest)) // a writer without deadlines is of a test
	for _, frame := range frames {
		if _, l.err = l.w.Write(frame); l.err != nil {
			return
		}
	}
	l.err = l.control.Flush()
}

// render is the batch as it is sent. The frames of events and groups are shared by all who listen.
func (s *streams) render(batch *events.Batch, wanted listener) (frames [][]byte) {
	var text bytes.Buffer
	if batch.Missed {
		frame(&text, "missed", 0, done{})
		frames = append(frames, bytes.Clone(text.Bytes()))
		text.Reset()
	}
	for i := range batch.Events {
		if event := &batch.Events[i]; wanted.wants(event.Group) {
			frames = append(frames, s.event(event))
		}
	}
	if wanted.eventsOnly {
		return frames
	}
	for i := range batch.Groups {
		if wanted.wants(batch.Groups[i].Name) {
			frames = append(frames, s.group(&batch.Groups[i]))
		}
	}
	for _, name := range batch.Gone {
		s.forget(name)
		if wanted.wants(name) {
			frame(&text, "gone", 0, Gone{name})
		}
	}
	if batch.Accounts != nil {
		frame(&text, "accounts", 0, Accounts{batch.Accounts})
	}
	if text.Len() > 0 {
		frames = append(frames, text.Bytes())
	}
	return frames
}

// eventsKept is how many events' frames are remembered: some that happen at about the same time.
const eventsKept = 2000

// event is an event as it is sent.
func (s *streams) event(event *events.Event) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if told := s.events[event.ID]; told != nil {
		return told
	}
	if s.events == nil || len(s.events) == eventsKept {
		s.events = map[uint64][]byte{}
	}
	var text bytes.Buffer
	frame(&text, string(event.Kind), event.ID, event)
	s.events[event.ID] = text.Bytes()
	return text.Bytes()
}

// group is the state of a group as it is sent.
func (s *streams) group(status *fleet.GroupStatus) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	// What is compared is the same in memory for all who listen, so that comparing is quick.
	if told := s.groups[status.Name]; told != nil && reflect.DeepEqual(&told.status, status) {
		return told.frame
	}
	var text bytes.Buffer
	frame(&text, "group", 0, status)
	if s.groups == nil {
		s.groups = map[string]*rendered{}
	}
	s.groups[status.Name] = &rendered{*status, text.Bytes()}
	return text.Bytes()
}

func (s *streams) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, name)
}

// frame writes one message. JSON has no line breaks, and kinds are ours.
func frame(text *bytes.Buffer, kind string, id uint64, data any) {
	before := text.Len()
	fmt.Fprintf(text, "event: %s\n", kind)
	if id > 0 {
		fmt.Fprintf(text, "id: %d\n", id)
	}
	text.WriteString("data: ")
	if json.NewEncoder(text).Encode(data) != nil { // a NaN, which nothing of ours has: leave it out
		text.Truncate(before)
		return
	}
	text.WriteByte('\n')
}

// whileAllowed serves until the face ends, which nobody else tells what streams, or until whoever
// listens has lost its role.
func whileAllowed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		var watching sync.WaitGroup
		defer watching.Wait()
		defer cancel()
		watching.Go(func() {
			defer cancel()
			look := time.NewTicker(lookEvery)
			defer look.Stop()
			for access.Still(ctx) {
				select {
				case <-ctx.Done():
					return
				case <-faceOf(ctx).closing:
					return
				case <-look.C:
				}
			}
		})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
