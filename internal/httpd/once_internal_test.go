package httpd

import (
	"context"
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
	const most = onceBytesMax / (onceBytesEach + 1) // with an answer of a byte
	var o once
	send := func(key int) (again bool) {
		w := httptest.NewRecorder()
		o.serve(w, keyed("sato", fmt.Sprint(key), "{}"), []byte("{}"), func(w http.ResponseWriter) { _, _ = fmt.Fprint(w, "1") })
		return w.Header().Get("Idempotency-Replayed") != ""
	}
	for key := range most + 10 {
		send(key)
	}
	if len(o.kept) != most || len(o.order) != most || o.total > onceBytesMax || o.total != o.bytes["sato"] {
		t.Errorf("%d are kept of %d, in a list of %d, of %d bytes, %d of them of the one who asks", len(o.kept), most, len(o.order), o.total, o.bytes["sato"])
	}
	if !send(10) {
		t.Error("one that is young enough was forgotten")
	}
	if send(9) {
		t.Error("the oldest was not forgotten")
	}
}

func TestWhoeverSendsManyKeysLosesTheirOwnAnswersAndNobodyElses(t *testing.T) {
	t.Parallel()
	var o once
	send := func(who, key string, size int) (again bool) {
		w := httptest.NewRecorder()
		o.serve(w, keyed(who, key, "{}"), []byte("{}"), func(w http.ResponseWriter) { _, _ = io.WriteString(w, strings.Repeat("x", size)) })
		return w.Header().Get("Idempotency-Replayed") != ""
	}
	send("tanaka", "k", 1000)
	for i := range 50 {
		send("sato", fmt.Sprint(i), onceBodyMax)
		if o.total > onceBytesMax {
			t.Fatalf("%d bytes are kept", o.total)
		}
	}
	if !send("tanaka", "k", 1000) || !send("sato", "49", onceBodyMax) {
		t.Error("an answer that takes little, or the newest, was forgotten")
	}
	if send("sato", "0", onceBodyMax) {
		t.Error("all of 50 MiB is kept")
	}
}

func TestWhatWasAnsweredAtGreatLengthIsNotDoneAgainAndNotKept(t *testing.T) {
	t.Parallel()
	var o once
	times := 0
	long := func(w http.ResponseWriter) {
		times++
		_, _ = io.WriteString(w, strings.Repeat("x", onceBodyMax+1))
	}
	first, second := httptest.NewRecorder(), httptest.NewRecorder()
	o.serve(first, keyed("sato", "k", "{}"), []byte("{}"), long)
	o.serve(second, keyed("sato", "k", "{}"), []byte("{}"), long)
	refused(t, "the second time", second, http.StatusConflict, Conflict)
	if first.Body.Len() != onceBodyMax+1 || times != 1 || o.total > 2*onceBytesEach {
		t.Errorf("answered %d bytes, done %d times, kept %d bytes", first.Body.Len(), times, o.total)
	}
}

func TestWhoHasNoNameIsToldApartByTheTokenThatItShows(t *testing.T) {
	t.Parallel()
	var o once
	var times atomic.Int32
	for _, token := range []string{"Bearer one", "Bearer two", "Bearer one", ""} {
		r := keyed("", "k", "{}")
		r.Header.Set("Authorization", token)
		o.serve(httptest.NewRecorder(), r, []byte("{}"), doing(http.StatusOK, &times))
	}
	if times.Load() != 3 {
		t.Errorf("done %d times for three tokens", times.Load())
	}
}

func TestWhatIsOnlyTriedIsAnsweredAnewEachTime(t *testing.T) {
	t.Parallel()
	var o once
	times := 0
	reload := ask("/v1/reload", access.Admin, func(_ context.Context, _ *http.Request, _ ReloadRequest) (ReloadReport, error) {
		times++
		return ReloadReport{}.withLists(), nil
	})
	for _, body := range []string{`{"dry_run":true}`, `{"dry_run":true}`, `{"dry_run":false}`, `{"dry_run":false}`} {
		r := keyed("sato", "k", body)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		reload.serve(&o)(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("%s is answered %d: %s", body, w.Code, w.Body)
		}
	}
	if times != 3 || len(o.kept) != 1 {
		t.Errorf("asked %d times, want 3, and %d are kept", times, len(o.kept))
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
