package httpd

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

// keyed is a request with a key, of somebody.
func keyed(who, key, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/adopt", strings.NewReader(body))
	r.Header.Set("Idempotency-Key", key)
	return r.WithContext(access.With(r.Context(), access.Principal{Name: who, Role: access.Admin}))
}

// doing answers with a status and counts how often.
func doing(status int, times *atomic.Int32) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("X", "kept")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, times.Add(1))
	}
}

func TestWhatWasDoneIsNotDoneAgainAndWhatWasRefusedIs(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int32{200: 1, 504: 1, 500: 1, 400: 3, 404: 3, 409: 3, 429: 3, 503: 3} {
		var o once
		var times atomic.Int32
		for range 3 {
			w := httptest.NewRecorder()
			o.serve(w, keyed("sato", "k", "{}"), []byte("{}"), doing(status, &times))
			if w.Code != status || w.Header().Get("X") != "kept" {
				t.Errorf("answered %d with %v", w.Code, w.Header())
			}
		}
		if times.Load() != want {
			t.Errorf("what is answered %d was done %d times, want %d", status, times.Load(), want)
		}
	}
}

func TestAKeyIsOneOfWhoeverSendsItForADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o once
		var times atomic.Int32
		send := func(who, key string) {
			o.serve(httptest.NewRecorder(), keyed(who, key, "{}"), []byte("{}"), doing(http.StatusOK, &times))
		}
		send("sato", "k")
		send("tanaka", "k")
		send("sato", "other")
		if times.Load() != 3 {
			t.Errorf("done %d times for three askers and keys", times.Load())
		}
		time.Sleep(onceFor - time.Second)
		send("sato", "k")
		if times.Load() != 3 {
			t.Error("forgotten within a day")
		}
		time.Sleep(time.Second)
		send("sato", "k")
		if times.Load() != 4 || len(o.kept) != 1 || len(o.order) != 1 {
			t.Errorf("after a day: done %d times, %d kept", times.Load(), len(o.kept))
		}
	})
}

func TestKeysTakeBoundedMemoryAndTheOldestIsForgottenFirst(t *testing.T) {
	t.Parallel()
	var o once
	var times atomic.Int32
	send := func(key int) {
		o.serve(httptest.NewRecorder(), keyed("sato", fmt.Sprint(key), "{}"), []byte("{}"), doing(http.StatusOK, &times))
	}
	for key := range onceMax + 10 {
		send(key)
	}
	if len(o.kept) != onceMax || len(o.order) != onceMax {
		t.Errorf("%d are kept, in a list of %d", len(o.kept), len(o.order))
	}
	before := times.Load()
	send(10)
	if times.Load() != before {
		t.Error("one that is young enough was forgotten")
	}
	send(9)
	if times.Load() != before+1 {
		t.Error("the oldest was not forgotten")
	}
}

func TestWhoeverWaitsForTheFirstGetsItsAnswerOrGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o once
		var times atomic.Int32
		end := make(chan int)
		slowly := func(w http.ResponseWriter) { doing(<-end, &times)(w) }
		first, second := httptest.NewRecorder(), httptest.NewRecorder()
		go o.serve(first, keyed("sato", "k", "{}"), []byte("{}"), slowly)
		synctest.Wait()
		go o.serve(second, keyed("sato", "k", "{}"), []byte("{}"), slowly)
		conflict := httptest.NewRecorder()
		o.serve(conflict, keyed("sato", "k", "[]"), []byte("[]"), slowly)
		refused(t, "another request with the key of one under way", conflict, http.StatusConflict, Conflict)
		synctest.Wait()
		end <- http.StatusConflict // refused: so the second one tries
		end <- http.StatusOK
		synctest.Wait()
		if first.Code != http.StatusConflict || second.Code != http.StatusOK || times.Load() != 2 {
			t.Errorf("answered %d and %d, done %d times", first.Code, second.Code, times.Load())
		}
	})
}

func TestOfWhatPanickedNobodyKnowsWhatItDidSoItIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	var o once
	func() {
		defer func() { _ = recover() }()
		o.serve(httptest.NewRecorder(), keyed("sato", "k", "{}"), []byte("{}"), func(http.ResponseWriter) { panic(io.EOF) })
	}()
	w := httptest.NewRecorder()
	o.serve(w, keyed("sato", "k", "{}"), []byte("{}"), func(http.ResponseWriter) { t.Error("done again") })
	refused(t, "the second time", w, http.StatusInternalServerError, Internal)
}
