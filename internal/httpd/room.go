package httpd

import (
	"context"
	"net/http"
	"sync"

	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

// room is what those at one face share of something that there is little of. Nobody gets more
// than is left for the others, or least if that is more: one alone has half of it, and however greedy a
// few are, others find some.
type room struct {
	most, least int

	mu   sync.Mutex
	used int
	by   map[string]int
}

func newRoom(most, least int) *room { return &room{most: most, least: least, by: map[string]int{}} }

// enter takes n. The last one to be let in may take more than is left, so that nothing is too large
// for an empty room.
func (r *room) enter(who string, n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	left := r.most - r.used
	if left <= 0 || r.by[who] >= max(r.least, left) {
		return false
	}
	r.used += n
	r.by[who] += n
	return true
}

// leave gives n back.
func (r *room) leave(who string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= n
	if r.by[who] -= n; r.by[who] <= 0 {
		delete(r.by, who)
	}
}

// face is one of the listeners. What is taken at one of them is not missing at the other.
type face struct {
	closing <-chan struct{} // closed when it ends
	streams *room
	bodies  *room // of requests, being read
	scrapes *room // of metrics
	sending *room // bytes of large answers that are not taken yet
}

const (
	bodiesMax   = 64
	scrapesMax  = 16
	sendingMax  = 64 << 20
	sendingEach = 4 << 20
	smallAnswer = 64 << 10 // as many as there are connections are no burden
)

func newFace(closing <-chan struct{}) *face {
	return &face{
		closing: closing, streams: newRoom(streamsMax, streamsEach), bodies: newRoom(bodiesMax, bodiesMax/8),
		scrapes: newRoom(scrapesMax, scrapesMax/4), sending: newRoom(sendingMax, sendingEach),
	}
}

type faceKey struct{}

// faceOf is the face at which a request came.
func faceOf(ctx context.Context) *face {
	if f, ok := ctx.Value(faceKey{}).(*face); ok {
		return f
	}
	return newFace(nil) // nobody listens: a test asks
}

// busy is the error for whoever finds no room.
var busy = Error{Code: Unavailable, Text: "too many ask for this at a time: try again in a moment"}

// within serves while there is room for one more.
func within(of func(*face) *room, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		room, who := of(faceOf(r.Context())), access.Of(r.Context()).Name
		if !room.enter(who, 1) {
			w.Header().Set("Retry-After", "1")
			fail(w, busy)
			return
		}
		defer room.leave(who, 1)
		next(w, r)
	}
}
