package access

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/config"
)

func TestARoleMayWhatTheLowerOnesMay(t *testing.T) {
	t.Parallel()
	for _, has := range []Role{None, Read, Operate, Admin} {
		for _, needed := range []Role{Read, Operate, Admin} {
			w, reached := httptest.NewRecorder(), false
			r := httptest.NewRequestWithContext(With(t.Context(), Principal{Name: "deploy", Role: has}), http.MethodPost, "/", http.NoBody)
			Require(needed, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))(w, r)
			if reached != (has >= needed) {
				t.Errorf("%s reached what needs %s: %v", has, needed, reached)
			}
			if want := "deploy has the role " + has.String() + ", and this needs " + needed.String(); !reached && (w.Code != 403 || !strings.Contains(w.Body.String(), want)) {
				t.Errorf("answered %d %s, want %s", w.Code, w.Body, want)
			}
		}
	}
}

func TestWhoHasNotSaidWhoItIsIsAskedOnlyWhereItCanSaySo(t *testing.T) {
	t.Parallel()
	both := people(t)
	both.Anonymous = "read"
	for name, c := range map[string]struct {
		web    config.Web
		status int
		text   string
	}{
		"with users":   {both, 401, "this needs the role operate"},
		"without them": {config.Web{Anonymous: "read"}, 403, "use the command line on this machine"},
	} {
		s := guarded(t, c.web)
		s.door = s.guard.Handler(Require(Operate, s.door))
		w := s.gets()
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.text) || (w.Header().Get("WWW-Authenticate") != "") != (c.status == 401) {
			t.Errorf("%s: answered %d %v %s", name, w.Code, w.Header(), w.Body)
		}
	}
	w := httptest.NewRecorder()
	Require(Read, http.NotFoundHandler())(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	if w.Code != 401 {
		t.Errorf("without a guard: answered %d", w.Code)
	}
}
