package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/httpd/httpdtest"
)

// stage is a handler of everything, before which nothing is real. It remembers what it
// was asked to change.
type stage struct {
	httpdtest.Fleet
	handler http.Handler
	routes  []route
	mu      sync.Mutex
	told    []string // to the configuration and to hooks
}

func newStage() *stage {
	s := &stage{Fleet: httpdtest.Fleet{State: fleet.Status{Groups: []fleet.GroupStatus{{Name: "web"}}}}}
	o := Options{Fleet: &s.Fleet, Past: &s.Fleet, Configuration: s, Hooks: s, Notifiers: s.testNotifier}
	s.handler, s.routes = Handler(o), routes(o)
	return s
}

func (s *stage) tell(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, what)
}

func (s *stage) Config() (ConfigInForce, error) { return ConfigInForce{}, nil }

func (s *stage) Reload(_ context.Context, _ bool, by string) (ReloadReport, error) {
	s.tell("reload by " + by)
	return ReloadReport{}, nil
}

func (s *stage) AnswerHook(id, token string, answer actions.HookAnswer) error {
	if answer.Action == "" {
		return actions.InvalidAnswerError{}
	}
	s.tell(strings.Join([]string{id, token, string(answer.Action)}, " "))
	return nil
}

func (s *stage) testNotifier(_ context.Context, name string) error {
	s.tell("test " + name)
	return s.Refusal
}

// changes is how often something was changed.
func (s *stage) changes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.told) + len(s.Asked())
	if s.Overridden() != nil {
		n++
	}
	return n
}

// visit is a request to a route.
type visit struct {
	route
	role   access.Role
	verb   string // in place of the route's method
	query  string
	header map[string]string
	body   io.Reader
}

func (s *stage) answer(v visit) *httptest.ResponseRecorder {
	path := strings.NewReplacer("{group}", "web", "{code}", "gc00000001", "{id}", "h-7", "{signal}", "jobs", "{direction}", "up").Replace(v.path)
	if v.verb == "" {
		v.verb = v.method
	}
	r := httptest.NewRequest(v.verb, path+v.query, v.body)
	if v.route.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if v.route.role == access.None {
		r.Header.Set("Authorization", "Bearer of-the-hook")
	}
	for name, value := range v.header {
		r.Header.Set(name, value)
	}
	p := access.Principal{Role: v.role, From: "192.0.2.1"}
	if v.role > access.None {
		p.Name = "sato"
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r.WithContext(access.With(r.Context(), p)))
	return w
}

// example is a request as the description shows it.
func example(rt route) string {
	content, err := json.Marshal(at(operation(rt), "requestBody", "content", "application/json", "example"))
	if err != nil {
		panic(err)
	}
	return string(content)
}

// refused checks that an answer is an error in the one shape, with the status and code.
func refused(t *testing.T, what string, w *httptest.ResponseRecorder, status int, code Code) {
	t.Helper()
	var p Error
	decoder := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%s: answered %d as %s: %.200s (%v)", what, w.Code, w.Header().Get("Content-Type"), w.Body, err)
		return
	}
	unplain := strings.ContainsFunc(p.Text, func(r rune) bool { return !unicode.IsGraphic(r) })
	if w.Code != status || p.Code != code || p.Text == "" || len(p.Text) > 1000 || unplain {
		t.Errorf("%s: answered %d %s: %.500q; want %d %s", what, w.Code, p.Code, p.Text, status, code)
	}
}

func TestEveryRequestDoesWhatItsExampleShows(t *testing.T) {
	t.Parallel()
	for _, rt := range newStage().routes {
		if rt.body == nil {
			continue
		}
		s := newStage()
		w := s.answer(visit{route: rt, role: rt.role, body: strings.NewReader(example(rt))})
		if w.Code != http.StatusOK || s.changes() != 1 && !strings.HasSuffix(rt.path, "/resume") {
			t.Errorf("%s: answered %d: %s, changed %d", rt.path, w.Code, w.Body, s.changes())
		}
	}
}

func TestAListOfNothingIsAListAllTheSame(t *testing.T) {
	t.Parallel()
	s := newStage()
	s.State = fleet.Status{}
	for _, rt := range s.routes {
		switch rt.path {
		case "/v1/groups", "/v1/accounts", "/v1/orders", "/v1/drift", "/v1/reload":
			w := s.answer(visit{route: rt, role: rt.role, body: strings.NewReader("{}")})
			if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "null") || !strings.Contains(w.Body.String(), "[]") {
				t.Errorf("%s: answered %d %s", rt.path, w.Code, w.Body)
			}
		}
	}
}

func TestNobodyGetsWhatTheirRoleIsTooLittleFor(t *testing.T) {
	t.Parallel()
	for _, rt := range newStage().routes {
		for role := access.None; role < rt.role; role++ {
			s, body := newStage(), io.Reader(nil)
			if rt.body != nil {
				body = strings.NewReader(example(rt))
			}
			w := s.answer(visit{route: rt, role: role, body: body})
			status, code := http.StatusForbidden, Forbidden
			if role == access.None {
				status, code = http.StatusUnauthorized, Unauthenticated
			}
			refused(t, fmt.Sprintf("%s %s as %v", rt.method, rt.path, role), w, status, code)
			if s.changes() != 0 {
				t.Errorf("%s as %v: done all the same", rt.path, role)
			}
		}
	}
}

func TestAnotherMethodIsToldWhichOneWorks(t *testing.T) {
	t.Parallel()
	s := newStage()
	methods := map[string][]string{}
	for _, rt := range s.routes {
		methods[rt.path] = append(methods[rt.path], rt.method)
	}
	for _, rt := range s.routes {
		for _, verb := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "BREW"} {
			if slices.Contains(methods[rt.path], verb) {
				continue
			}
			w := s.answer(visit{route: rt, role: access.Admin, verb: verb})
			refused(t, verb+" "+rt.path, w, http.StatusMethodNotAllowed, Invalid)
			if allowed := w.Header().Get("Allow"); !strings.Contains(allowed, rt.method) {
				t.Errorf("%s %s: allowed are %q", verb, rt.path, allowed)
			}
		}
	}
	if s.changes() != 0 {
		t.Errorf("done all the same: %v", s.Asked())
	}
}

func TestAPathThatIsNoneIsAnErrorLikeAnother(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/v1", "/v1/", "/v2/status", "/v1/groups/web/remove", "/v1/groups/web/instances/", "/debug/pprof/", "/V1/status", "/v1/status/"} {
		for _, verb := range []string{http.MethodGet, http.MethodPost} {
			refused(t, verb+" "+path, newStage().answer(visit{route: route{path: path, method: verb}, role: access.Admin}), http.StatusNotFound, NotFound)
		}
	}
}

func TestAParameterThatIsNotKnownIsNotPassedOver(t *testing.T) {
	t.Parallel()
	for _, rt := range newStage().routes {
		if rt.handler != nil || rt.role == access.None {
			continue
		}
		queries := []string{"?limt=3", "?a=%zz", "?;", "?=", "?%00=1"}
		for _, name := range rt.query {
			queries = append(queries, "?"+name+"=1&"+name+"=1", "?"+name[:len(name)-1]+"=1", "?"+strings.ToUpper(name)+"=1")
		}
		for _, query := range queries {
			s, body := newStage(), io.Reader(nil)
			if rt.body != nil {
				body = strings.NewReader(example(rt))
			}
			refused(t, rt.path+query, s.answer(visit{route: rt, role: rt.role, query: query, body: body}), http.StatusBadRequest, Invalid)
			if s.changes() != 0 {
				t.Errorf("%s%s: done all the same", rt.path, query)
			}
		}
	}
}

func TestAParameterThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	senseless := map[string][]string{
		"limit": {"0", "-1", "1001", "many", "1.5", "99999999999999999999", "٣"}, "points": {"0", "9", "2001", "x"}, "attention": {"1", "yes", "TRUE"}, "all": {"0", "?"},
		"from": {"today", "1", "2026-04-01", "2026-04-01T00:00:00", "2999-01-01T00:00:00Z"}, "to": {"now", "1970-01-01T00:00:00Z"}, "before": {"x"}, "at": {"x", "2026-13-01T00:00:00Z"},
	}
	for _, rt := range newStage().routes {
		for _, name := range rt.query {
			for _, value := range senseless[name] {
				query := "?" + name + "=" + strings.ReplaceAll(value, "?", "%3F")
				refused(t, rt.path+query, newStage().answer(visit{route: rt, role: rt.role, query: query}), http.StatusBadRequest, Invalid)
			}
		}
	}
}

// spoilt are requests of a kind that cannot be read, by what is wrong with them.
func spoilt(rt route) map[string]string {
	good := example(rt)
	inside := strings.TrimSuffix(strings.TrimPrefix(good, "{"), "}")
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	bad := map[string]string{
		"no JSON": "by=sato", "a bare value": "1", "a text": `"sato"`, "nothing": "null", "a list": "[" + good + "]", "an open end": strings.TrimSuffix(good, "}"),
		"half a member": `{"by`, "two of them": good + good, "a trailing comma": strings.TrimSuffix(good, "}") + ",}", "a comment": good + "// yes", "a bracket too many": good + "}",
		"an unknown member": `{"wyh":"x",` + inside + "}", "another case": `{"WHY":"x",` + inside + "}", "no UTF-8": "{\"why\":\"\xff\"," + inside + "}",
		"depth": `{"why":` + deep + "," + inside + "}", "depth under an unknown name": `{"x":` + deep + "}", "many members": "{" + strings.Repeat(`"x":1,`, 5000) + inside + "}",
		"a byte order mark": "\xef\xbb\xbf" + good, "a null byte": good + "\x00", "an unpaired surrogate in a name": `{"\ud800":1}`, "white space alone": "   ",
	}
	for name := range fieldsIn(rt.body) {
		for what, value := range map[string]string{
			"null": "null", "an object": `{"a":{"b":1}}`, "lists": "[[1]]", "deep lists": strings.Repeat("[", 9) + strings.Repeat("]", 9), "a line break": `"a\nb"`, "a long text": `"` + strings.Repeat("x", 501) + `"`,
			"what a terminal would obey": `"\u001b[2J"`, "what turns text round": `"\u202e"`, "a number too large": "1" + strings.Repeat("0", 400), "no UTF-8": "\"\xff\"", "half a number": "1.5",
		} {
			bad[name+" as "+what] = with(good, name, value)
		}
		bad[name+" twice"] = strings.TrimSuffix(with(good, name, `"x"`), "}") + `,"` + name + `":"x"}`
	}
	return bad
}

// with is a request with one member changed, or one more.
func with(request, name, value string) string {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(request), &members); err != nil {
		panic(err)
	}
	text := `{"` + name + `":` + value
	for other, as := range members {
		if other != name {
			text += `,"` + other + `":` + string(as)
		}
	}
	return text + "}"
}

func fieldsIn(of reflect.Type) map[string]bool {
	known, _ := membersOf(of)
	names := map[string]bool{}
	for _, name := range known {
		names[name] = true
	}
	return names
}

func TestARequestThatCannotBeReadChangesNothing(t *testing.T) {
	t.Parallel()
	for _, rt := range newStage().routes {
		if rt.body == nil {
			continue
		}
		t.Run(strings.ReplaceAll(rt.path, "/", "_"), func(t *testing.T) {
			t.Parallel()
			s := newStage()
			for what, body := range spoilt(rt) {
				refused(t, what, s.answer(visit{route: rt, role: rt.role, body: strings.NewReader(body)}), http.StatusBadRequest, Invalid)
			}
			good := example(rt)
			large := strings.Repeat(" ", requestBytesMax) + good
			refused(t, "too large", s.answer(visit{route: rt, role: rt.role, body: strings.NewReader(large)}), http.StatusRequestEntityTooLarge, TooLarge)
			for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json, text/plain", "application/jsonx", ";"} {
				w := s.answer(visit{route: rt, role: rt.role, body: strings.NewReader(good), header: map[string]string{"Content-Type": kind}})
				refused(t, "as "+kind, w, http.StatusUnsupportedMediaType, Invalid)
			}
			slow := io.MultiReader(strings.NewReader(good[:1]), &failing{os.ErrDeadlineExceeded})
			refused(t, "slowly", s.answer(visit{route: rt, role: rt.role, body: slow}), http.StatusRequestTimeout, Timeout)
			cut := io.MultiReader(strings.NewReader(good[:1]), &failing{io.ErrUnexpectedEOF})
			refused(t, "cut off", s.answer(visit{route: rt, role: rt.role, body: cut}), http.StatusBadRequest, Invalid)
			for _, key := range []string{strings.Repeat("k", 256), "a b", "schlüssel", "\x01"} {
				w := s.answer(visit{route: rt, role: rt.role, body: strings.NewReader(good), header: map[string]string{"Idempotency-Key": key}})
				refused(t, "with the key "+key, w, http.StatusBadRequest, Invalid)
			}
			if s.changes() != 0 {
				t.Errorf("done all the same: %v %v", s.Asked(), s.told)
			}
		})
	}
}

// failing is a body that fails.
type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func TestWhatIsRepeatedWithItsKeyIsDoneOnce(t *testing.T) {
	t.Parallel()
	for _, rt := range newStage().routes {
		if rt.body == nil {
			continue
		}
		body := strings.Replace(example(rt), `"dry_run":true`, `"dry_run":false`, 1) // what is only tried is not kept
		s := newStage()
		var all sync.WaitGroup
		answers := make([]*httptest.ResponseRecorder, 20)
		for i := range answers {
			all.Go(func() {
				answers[i] = s.answer(visit{route: rt, role: rt.role, body: strings.NewReader(body), header: map[string]string{"Idempotency-Key": "one"}})
			})
		}
		all.Wait()
		replayed := 0
		for _, w := range answers {
			if w.Code != http.StatusOK || w.Body.String() != answers[0].Body.String() || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("%s: answered %d %s", rt.path, w.Code, w.Body)
			}
			if w.Header().Get("Idempotency-Replayed") == "true" {
				replayed++
			}
		}
		if s.changes() > 1 || replayed != len(answers)-1 {
			t.Errorf("%s: done %d times, and replayed %d times", rt.path, s.changes(), replayed)
		}
		other := s.answer(visit{route: rt, role: rt.role, body: strings.NewReader(body + " "), header: map[string]string{"Idempotency-Key": "one"}})
		refused(t, rt.path+" with another body", other, http.StatusConflict, Conflict)
	}
}

func TestWhatIsAskedByManyAtOnceIsAnsweredToEach(t *testing.T) {
	t.Parallel()
	s := newStage()
	var all sync.WaitGroup
	for _, rt := range s.routes {
		if rt.handler != nil {
			continue
		}
		for range 10 {
			all.Go(func() {
				var body io.Reader
				if rt.body != nil {
					body = strings.NewReader(example(rt))
				}
				if w := s.answer(visit{route: rt, role: rt.role, body: body}); w.Code == http.StatusInternalServerError || w.Body.Len() == 0 {
					t.Errorf("%s: answered %d %s", rt.path, w.Code, w.Body)
				}
			})
		}
	}
	all.Wait()
}

func TestWhoAsksOverTheNetworkIsWhoTheyProvedToBe(t *testing.T) {
	t.Parallel()
	for who, c := range map[access.Principal]struct{ said, by string }{
		{Name: "deploy", Role: access.Operate, From: "192.0.2.1"}:    {"root", "deploy"},
		{Name: "unix:root", Role: access.Operate, From: "192.0.2.1"}: {"ceo", "unix:root"},
		{Role: access.Operate, From: "127.0.0.1"}:                    {"root", "anonymous"},
		{Name: "unix:ops", Role: access.Admin}:                       {"sato", "sato (unix:ops)"},
		{Name: "unix:sato", Role: access.Admin}:                      {"sato", "sato"},
		{Name: "unix:tanaka", Role: access.Admin}:                    {"", "tanaka"},
	} {
		if got := by(access.With(t.Context(), who), c.said); got != c.by {
			t.Errorf("%+v says %q: it is by %q, want %q", who, c.said, got, c.by)
		}
	}
}

func TestNoCommandBelievesARequestFromTheNetworkWhoSendsIt(t *testing.T) {
	t.Parallel()
	for _, rt := range newStage().routes {
		if rt.body == nil || !fieldsIn(rt.body)["by"] {
			continue
		}
		s := newStage()
		if w := s.answer(visit{route: rt, role: rt.role, body: strings.NewReader(with(example(rt), "by", `"ceo"`))}); w.Code != http.StatusOK {
			t.Errorf("%s: answered %d %s", rt.path, w.Code, w.Body)
		}
		took := fmt.Sprintf("%+v %+v %v", s.Asked(), s.Overridden(), s.told)
		unsigned := strings.HasSuffix(rt.path, "/test") || strings.HasSuffix(rt.path, "/resume") || strings.HasSuffix(rt.path, "/unprotect") // which the log has alone
		if strings.Contains(took, "ceo") || !strings.Contains(took, "sato") && !unsigned {
			t.Errorf("%s: it is taken as %s", rt.path, took)
		}
	}
}

func TestEveryKindOfFailureHasItsCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		code   Code
	}{
		{fleet.UnknownGroupError{Name: "wev", Known: []string{"web"}}, http.StatusNotFound, NotFound},
		{fleet.UnknownInstanceError{Code: "gc1"}, http.StatusNotFound, NotFound},
		{fmt.Errorf("adopt: %w", fleet.RefusedError{Why: "it is settled"}), http.StatusConflict, Refused},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), http.StatusGatewayTimeout, Timeout},
		{errors.New("no space left on device"), http.StatusServiceUnavailable, Unavailable},
		{fmt.Errorf("answer: %w", Error{Code: Conflict, Text: "it was answered already"}), http.StatusConflict, Conflict},
	} {
		s := newStage()
		s.Refusal = c.err
		for _, rt := range s.routes {
			if rt.role > access.Read && rt.body != nil && rt.path != "/v1/reload" {
				w := s.answer(visit{route: rt, role: rt.role, body: strings.NewReader(example(rt))})
				refused(t, rt.path, w, c.status, c.code)
			}
		}
	}
}

func TestAFaultOfOursIsToldAndTheDaemonLivesOn(t *testing.T) {
	t.Parallel()
	for what, view := range map[string]func() (any, error){
		"a panic":                      func() (any, error) { panic("nil map") },
		"a value that JSON has not":    func() (any, error) { return map[string]any{"x": func() {}}, nil },
		"a number that JSON has not":   func() (any, error) { return time.NewTimer, nil },
		"a panic with an error inside": func() (any, error) { panic(io.EOF) },
	} {
		rt := get("/x", nil, func(context.Context, *http.Request) (any, error) { return view() })
		mux := http.NewServeMux()
		mux.Handle("/x", access.Require(access.None, rt.serve(&once{})))
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/x", nil)
		surviving(zap.NewNop(), inOneShape(mux)).ServeHTTP(w, r.WithContext(access.With(t.Context(), access.Principal{Role: access.Read})))
		refused(t, what, w, http.StatusInternalServerError, Internal)
		if strings.Contains(w.Body.String(), "nil map") {
			t.Errorf("%s: it tells what is inside: %s", what, w.Body)
		}
	}
}
