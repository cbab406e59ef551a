package access

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

// changed are the lines of the log, each with what it says but its time.
func (s *scene) changed() (lines []map[string]any) {
	s.t.Helper()
	for _, line := range s.logs.lines() {
		var said map[string]any
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			s.t.Fatalf("%q: %v", line, err)
		}
		delete(said, "ts")
		lines = append(lines, said)
	}
	return lines
}

func TestEveryChangeIsOneLine(t *testing.T) {
	t.Parallel()
	s := guarded(t, people(t))
	s.door = s.guard.Handler(Audit(s.logs.logger(), Require(Operate, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Say(r.Context(), Said{What: "to 4", Why: "sale until noon"})
		if r.URL.Path != "/v1/groups/web/scale" {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusConflict)
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	}))))
	right := as("alice", "correct horse")
	s.asks(http.MethodPost, "/v1/groups/web/scale?x=CANARY", right)
	s.gets(right)
	s.asks(http.MethodDelete, "/v1/groups/web/%1b", right)
	s.asks(http.MethodPost, "/v1/adopt", as("bob", "battery staple"))
	want := []map[string]any{
		{
			"level": "info", "msg": "changed", "who": "alice", "role": "admin", "from": "192.0.2.7",
			"method": "POST", "path": "/v1/groups/web/scale", "what": "to 4", "why": "sale until noon", "status": 200.0,
		},
		{
			"level": "info", "msg": "not changed", "who": "alice", "role": "admin", "from": "192.0.2.7",
			"method": "DELETE", "path": "/v1/groups/web/\ufffd", "what": "to 4", "why": "sale until noon", "status": 409.0,
		},
		{
			"level": "warn", "msg": "refused", "reason": "role", "who": "bob", "role": "read", "from": "192.0.2.7",
			"method": "POST", "path": "/v1/adopt", "status": 403.0, "not_logged_before": 0.0,
		},
	}
	if got := s.changed(); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func TestAChangeThatPanicsIsNotSaidToBeMade(t *testing.T) {
	t.Parallel()
	logs := &text{}
	audited := Audit(logs.logger(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	func() {
		defer func() { _ = recover() }()
		audited.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(With(t.Context(), Principal{Role: Admin}), http.MethodPost, "/", http.NoBody))
	}()
	if said := logs.String(); !strings.Contains(said, `"msg":"not changed"`) || !strings.Contains(said, `"status":500`) || !strings.Contains(said, `"who":"anonymous"`) {
		t.Errorf("the log says %s", said)
	}
}

func TestWhatIsNoChangeOfAPersonsIsNotLogged(t *testing.T) {
	t.Parallel()
	logs := &text{}
	audited := Audit(logs.logger(), http.NotFoundHandler())
	for method, p := range map[string]Principal{http.MethodGet: {Name: "alice", Role: Admin}, http.MethodHead: {Name: "alice", Role: Admin}, http.MethodPost: {}} {
		audited.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(With(t.Context(), p), method, "/v1/push/web/jobs", http.NoBody))
	}
	if said := logs.String(); said != "" {
		t.Errorf("the log says %s", said)
	}
}

func TestWhatChangesNothingIsNotSaidToBeAChange(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		serve func(w http.ResponseWriter, r *http.Request)
		want  string
	}{
		"a trial": {func(_ http.ResponseWriter, r *http.Request) { Say(r.Context(), Said{Trial: true}) }, "asked"},
		"a trial that fails": {func(w http.ResponseWriter, r *http.Request) {
			Say(r.Context(), Said{Trial: true})
			w.WriteHeader(http.StatusConflict)
		}, "asked"},
		"an answer once more": {func(_ http.ResponseWriter, r *http.Request) {
			Say(r.Context(), Said{What: "to 4"})
			Replayed(r.Context())
		}, "replayed"},
		"what is refused in its answer": {func(_ http.ResponseWriter, r *http.Request) { Unchanged(r.Context()) }, "not changed"},
		"a change":                      {func(http.ResponseWriter, *http.Request) {}, "changed"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := scene{t: t, logs: &text{}}
			ctx := With(t.Context(), Principal{Name: "unix:sato", Role: Admin})
			Audit(s.logs.logger(), http.HandlerFunc(c.serve)).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/reload", http.NoBody))
			if lines := s.changed(); len(lines) != 1 || lines[0]["msg"] != c.want {
				t.Errorf("the log says %v", lines)
			} else if from, told := lines[0]["from"]; told {
				t.Errorf("over the socket it says that the request comes from %q", from)
			}
		})
	}
}

func TestWhatIsAskedForIsLoggedInBounds(t *testing.T) {
	t.Parallel()
	s := scene{t: t, logs: &text{}}
	audited := Audit(s.logs.logger(), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		Say(r.Context(), Said{What: strings.Repeat("x", 10*whatMax)})
	}))
	audited.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(With(t.Context(), Principal{Role: Admin}), http.MethodPost, "/v1/adopt", http.NoBody))
	if lines := s.changed(); len(lines) != 1 || lines[0]["what"] != strings.Repeat("x", whatMax)+"…" {
		t.Errorf("the log says %v", lines)
	}
}

func TestSayingSomethingOfARequestThatNobodyLogsIsNoFault(t *testing.T) {
	t.Parallel()
	Say(t.Context(), Said{What: "to 4"})
	Replayed(t.Context())
	Unchanged(t.Context())
}
