package binary

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// fate is what becomes of a call whose connection is cut.
type fate string

const (
	lost       fate = "lost"       // it never arrives
	belated    fate = "late"       // it arrives once the daemon is dead
	unanswered fate = "unanswered" // it arrives, and its answer does not
)

var fates = []fate{lost, belated, unanswered}

// relay stands between the daemon and the cloud. It holds calls up for a moment, so
// that many are under way at any time, and can catch one in a trap.
type relay struct {
	url string
	to  string

	mu     sync.Mutex // guards the rest
	random *rand.Rand
	trap   *trap
}

// trap catches one changing call, and cuts its connection.
type trap struct {
	action string // empty: any
	fate   fate
	linger time.Duration // for how long a late order is under way
	sprung chan string   // gets the action that was caught
	done   chan struct{} // closed once the daemon is dead, or is to live on without an answer
}

// relayTo starts a relay to the simulator.
func (s *scene) relayTo(sim *simulator, random *rand.Rand) *relay {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.host+":0")
	if err != nil {
		s.t.Fatal(err)
	}
	r := &relay{url: "http://" + listener.Addr().String() + "/json", to: sim.endpoint(), random: random}
	server := &http.Server{Handler: r}
	go func() { _ = server.Serve(listener) }()
	s.t.Cleanup(func() { _ = server.Close() })
	return r
}

// set puts up a trap, and takes away the one before.
func (r *relay) set(t *trap) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trap = t
}

// catch returns the trap that an action is caught in; nil: none.
func (r *relay) catch(action string) *trap {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.trap
	if t == nil || !changing(action) || t.action != "" && t.action != action {
		return nil
	}
	r.trap = nil
	return t
}

// pause is a moment of random length.
func (r *relay) pause() <-chan time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.After(time.Duration(r.random.Int64N(int64(15 * time.Millisecond))))
}

func (r *relay) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	parameters, _ := url.ParseQuery(string(body))
	action := parameters.Get("Action")
	caught := r.catch(action)
	if caught == nil {
		<-r.pause()
		r.answer(w, request, body)
		return
	}
	if caught.fate != unanswered {
		caught.sprung <- action
		<-caught.done
	}
	if caught.fate == belated && action == buying {
		<-time.After(caught.linger)
	}
	if caught.fate != lost {
		_, _ = r.pass(request, body)
	}
	if caught.fate == unanswered {
		caught.sprung <- action
		<-caught.done
	}
	panic(http.ErrAbortHandler)
}

func (r *relay) answer(w http.ResponseWriter, request *http.Request, body []byte) {
	answer, err := r.pass(request, body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	<-r.pause()
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body)
}

type answer struct {
	status int
	body   []byte
}

// pass passes a call on. One that has left the daemon arrives, even if the daemon is
// gone meanwhile.
func (r *relay) pass(request *http.Request, body []byte) (answer, error) {
	onward, err := http.NewRequestWithContext(context.WithoutCancel(request.Context()), request.Method, r.to, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	onward.Host, onward.Header = request.Host, request.Header // the signature covers the host
	response, err := client.Do(onward)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, content}, err
}
