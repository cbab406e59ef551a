package httpd

import (
	"bytes"
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

// How much is kept of answers for those who ask again, and for how long.
const (
	onceBytesMax  = 8 << 20
	onceBytesEach = 1 << 10 // of a request and its answer, besides the answer's body
	onceBodyMax   = 1 << 20 // a longer body is not kept
	onceFor       = 24 * time.Hour
	onceKeyMax    = 255
)

// once does what is asked for with an Idempotency-Key one time, whoever may ask again and again: they get the answer
// of the first time. It forgets refusals, which changed nothing, so that asking again makes sense. Where there is too
// much to keep, whoever has most loses their oldest. What it keeps is lost at a restart.
type once struct {
	mu    sync.Mutex
	kept  map[onceKey]*kept
	order []*kept        // oldest first
	bytes map[string]int // by who
	total int            // of bytes
}

type onceKey struct{ who, key string }

// asker is who a key belongs to. Whoever has no name is told apart by what else it shows.
func asker(r *http.Request) string {
	if p := access.Of(r.Context()); p.Name != "" {
		return p.Name
	}
	shown := sha256.Sum256([]byte(strings.Join(r.Header["Authorization"], "\x00")))
	return "\x00" + string(shown[:]) // no name begins so
}

// kept is a request and, once it is done, its answer.
type kept struct {
	key     onceKey
	request [sha256.Size]byte
	at      time.Time
	bytes   int
	done    chan struct{} // closed when there is an answer, or when it is forgotten
	answer  *recorded     // nil: forgotten
}

// recorded is an answer that is written down before it is sent.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *recorded) Header() http.Header { return a.header }

func (a *recorded) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *recorded) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

func (a *recorded) send(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) // the client is gone: nobody to tell
}

// lasting says that asking again would be told the same: it was done, or nobody knows.
func (a *recorded) lasting() bool {
	return a.status < 300 || a.status == http.StatusGatewayTimeout || a.status == http.StatusInternalServerError
}

// short is the answer as it is kept: of a long one only that there was one.
func (a *recorded) short() *recorded {
	if a.body.Len() <= onceBodyMax {
		return a
	}
	instead := &recorded{header: http.Header{}}
	fail(instead, Error{Code: Conflict, Text: "this was done already, and what was answered then is too long to be kept: look at how things are now"})
	return instead
}

// serve does what do does, unless the request's key says that it was done already.
func (o *once) serve(w http.ResponseWriter, r *http.Request, content []byte, do func(http.ResponseWriter)) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		do(w)
		return
	}
	if len(key) > onceKeyMax || strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }) {
		fail(w, invalid("the Idempotency-Key is longer than %d characters, or has others than ASCII that can be printed: send for example a UUID", onceKeyMax))
		return
	}
	id := onceKey{asker(r), key}
	request := sha256.Sum256(append([]byte(r.Method+" "+r.URL.EscapedPath()+"\x00"), content...))
	for {
		k, first := o.enter(id, request)
		switch {
		case k == nil:
			fail(w, Error{Code: Unavailable, Text: "too many requests with an Idempotency-Key are under way: try again"})
			return
		case k.request != request:
			fail(w, Error{Code: Conflict, Text: "this Idempotency-Key came with another request: send a new key with each new request"})
			return
		case first:
			o.first(k, w, do)
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-k.done:
		}
		if k.answer != nil {
			access.Replayed(r.Context())
			w.Header().Set("Idempotency-Replayed", "true")
			k.answer.send(w)
			return
		}
	}
}

// first does it, and keeps the answer if it lasts. Of what panics nobody knows what it did: it is
// not done again.
func (o *once) first(k *kept, w http.ResponseWriter, do func(http.ResponseWriter)) {
	a := &recorded{header: http.Header{}}
	panicked := true
	defer func() {
		if panicked {
			fail(a, internal)
		}
		o.leave(k, a)
	}()
	do(a)
	panicked = false
	a.send(w)
}

// enter finds the request of a key, or makes it the key's first.
func (o *once) enter(id onceKey, request [sha256.Size]byte) (k *kept, first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	for len(o.order) > 0 && now.Sub(o.order[0].at) >= onceFor {
		o.forget(o.order[0])
	}
	if k, known := o.kept[id]; known {
		return k, false
	}
	for o.total+onceBytesEach > onceBytesMax {
		if !o.makeRoom() {
			return nil, false
		}
	}
	if o.kept == nil {
		o.kept, o.bytes = map[onceKey]*kept{}, map[string]int{}
	}
	k = &kept{key: id, request: request, at: now, done: make(chan struct{})}
	o.kept[id] = k
	o.order = append(o.order, k)
	o.weigh(k, onceBytesEach)
	return k, true
}

// weigh notes that what is kept of a request takes so many bytes more.
func (o *once) weigh(k *kept, more int) {
	k.bytes += more
	o.total += more
	if o.bytes[k.key.who] += more; o.bytes[k.key.who] == 0 {
		delete(o.bytes, k.key.who)
	}
}

// makeRoom forgets the oldest request of whoever has most, unless all of theirs are under way.
func (o *once) makeRoom() bool {
	var greedy string
	for who, bytes := range o.bytes {
		if bytes > o.bytes[greedy] {
			greedy = who
		}
	}
	for _, k := range o.order {
		if k.key.who != greedy {
			continue
		}
		select {
		case <-k.done:
			o.forget(k)
			return true
		default:
		}
	}
	return false
}

func (o *once) forget(k *kept) {
	delete(o.kept, k.key)
	o.weigh(k, -k.bytes)
	for i := range o.order {
		if o.order[i] == k {
			o.order = append(o.order[:i], o.order[i+1:]...)
			return
		}
	}
}

// leave ends a request, with its answer for those who wait.
func (o *once) leave(k *kept, a *recorded) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a.lasting() {
		k.answer = a.short()
		if o.kept[k.key] == k {
			o.weigh(k, k.answer.body.Len())
		}
	} else if o.kept[k.key] == k {
		o.forget(k)
	}
	close(k.done)
	for o.total > onceBytesMax && o.makeRoom() {
	}
}
