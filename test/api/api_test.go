// Package api holds the API's description against its specification, and the answers of the API
// against the description.
package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/httpd/httpdtest"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func init() {
	openapi3filter.RegisterBodyDecoder("application/yaml", openapi3filter.PlainBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.PlainBodyDecoder)
}

// daemon is one of which every part is there, and every value filled.
type daemon struct {
	httpdtest.Fleet
	values  map[string]string
	refusal error
}

func (d *daemon) Config() (httpd.ConfigInForce, error) {
	return httpdtest.Filled[httpd.ConfigInForce](d.values), d.trouble()
}

// trouble is the refusal for what shows something, and so has nothing to refuse.
func (d *daemon) trouble() error {
	if refused := (fleet.RefusedError{}); errors.As(d.refusal, &refused) {
		return nil
	}
	return d.refusal
}

func (d *daemon) Reload(context.Context, bool, string) (httpd.ReloadReport, error) {
	return httpdtest.Filled[httpd.ReloadReport](d.values), d.refusal
}

func (d *daemon) AnswerHook(string, string, actions.HookAnswer) error { return d.refusal }

func (d *daemon) cost(context.Context, string) (httpd.Cost, error) {
	return httpdtest.Filled[httpd.Cost](d.values), d.trouble()
}

// description is openapi.yaml as it is served, with a value of each of its enumerations.
func description(t *testing.T) (*openapi3.T, map[string]string) {
	t.Helper()
	w := httptest.NewRecorder()
	httpd.Handler(httpd.Options{}).ServeHTTP(w, asAdmin(httptest.NewRequest(http.MethodGet, "/openapi.yaml", nil)))
	doc, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for name, schema := range doc.Components.Schemas {
		for _, value := range schema.Value.Enum {
			if text, is := value.(string); is && text != "" {
				values[name] = text
			}
		}
	}
	return doc, values
}

func asAdmin(r *http.Request) *http.Request {
	return r.WithContext(access.With(r.Context(), access.Principal{Name: "sato", Role: access.Admin, From: "192.0.2.1"}))
}

func TestTheDescriptionIsWhatItsSpecificationDemandsAndSoAreItsExamples(t *testing.T) {
	t.Parallel()
	doc, _ := description(t)
	if err := doc.Validate(t.Context()); err != nil {
		t.Errorf("%.2000s", err)
	}
}

// newHandler serves a daemon whose commands fail with refusal, if that is not nil.
func newHandler(values map[string]string, refusal error) http.Handler {
	d := &daemon{values: values, refusal: refusal}
	d.Refusal = refusal
	group := httpdtest.Filled[fleet.GroupStatus](values)
	group.Name, group.Instances[0].Code = "web", "gc00000001"
	d.State = fleet.Status{Accounts: []fleet.AccountStatus{httpdtest.Filled[fleet.AccountStatus](values)}, Groups: []fleet.GroupStatus{group}}
	d.OfSignals = httpdtest.Filled[fleet.GroupSignals](values)
	d.Reach, d.Plan, d.Begun = httpdtest.Filled[fleet.Preflight](values), httpdtest.Filled[fleet.DrillPlan](values), httpdtest.Filled[fleet.Drill](values)
	d.Past = map[string][]record.Item{"web": history(values)}
	boxes := map[string]httpd.Inbox{"web/jobs": {Token: secret.New("of-the-signal-and-long"), Push: func(float64, time.Time) (bool, error) { return refusal == nil, nil }}}
	return httpd.Handler(httpd.Options{
		Fleet: &d.Fleet, Past: &d.Fleet, Watcher: events.NewWatcher(events.Options{Status: d.Status}), Costs: d.cost, Hooks: d, Configuration: d,
		Registry: prometheus.NewRegistry(), Ready: func() error { return refusal }, Inboxes: func() map[string]httpd.Inbox { return boxes },
		Notifiers: func(context.Context, string) error { return refusal },
	})
}

func history(values map[string]string) []record.Item {
	return []record.Item{{At: httpdtest.Noon.Add(-time.Hour), Note: "resumed"}, {
		At: httpdtest.Noon, State: record.Verified, Spec: &policy.Spec{Min: 1, Max: 5}, Decision: httpdtest.Filled[policy.Decision](values),
	}}
}

// example is what the description shows of a request.
func example(op *openapi3.Operation) string {
	if op.RequestBody == nil {
		return ""
	}
	content, err := json.Marshal(op.RequestBody.Value.Content["application/json"].Example)
	if err != nil {
		panic(err)
	}
	return string(content)
}

func TestEveryAnswerIsAsItIsDescribed(t *testing.T) {
	t.Parallel()
	doc, values := description(t)
	doc.Servers = nil
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	failures := []error{
		nil, errors.New("no space left on device"), fleet.RefusedError{Why: "it is paused"}, fleet.UnknownGroupError{Name: "web", Known: []string{"api"}},
		fmt.Errorf("read the history: %w", context.DeadlineExceeded),
	}
	seen, good := 0, map[string]bool{}
	for _, failure := range failures {
		handler := newHandler(values, failure)
		for path, item := range doc.Paths.Map() {
			for method, op := range item.Operations() {
				for _, body := range []string{example(op), "{", strings.Repeat(" ", 100<<10)} {
					for _, query := range []string{"", "?nothing=1"} {
						if path == "/v1/events" && query == "" {
							continue // a stream: see internal/httpd
						}
						status := check(t, router, handler, method, path+query, body)
						seen++
						good[method+" "+path] = good[method+" "+path] || status == http.StatusOK
					}
				}
			}
		}
	}
	for what, was := range good {
		if !was && what != "GET /v1/events" && !strings.HasSuffix(what, "/{direction}") { // of another format than values
			t.Errorf("%s was never answered with 200", what)
		}
	}
	t.Logf("%d answers are as they are described", seen)
}

// check asks, and holds the answer against what is described of it. It returns the status.
func check(t *testing.T, router routers.Router, handler http.Handler, method, path, body string) int {
	t.Helper()
	target := strings.NewReplacer("{group}", "web", "{code}", "gc00000001", "{id}", "h-7", "{signal}", "jobs", "{direction}", "up", "{name}", "ops").Replace(path)
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer of-the-signal-and-long")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, asAdmin(r))
	route, parameters, err := router.FindRoute(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route},
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(strings.NewReader(w.Body.String())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(t.Context(), input); err != nil {
		t.Errorf("%s %s: answered %d %.300s\n%.1500s", method, target, w.Code, w.Body, err)
	}
	return w.Code
}

func TestWhatIsToldToListenersIsAsItIsDescribed(t *testing.T) {
	t.Parallel()
	doc, values := description(t)
	for name, told := range map[string]any{"Event": httpdtest.Filled[events.Event](values), "Group": httpdtest.Filled[fleet.GroupStatus](values), "Gone": httpd.Gone{Group: "web"}, "Accounts": httpdtest.Filled[httpd.Accounts](values)} {
		content, err := json.Marshal(told)
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(content, &value); err != nil {
			t.Fatal(err)
		}
		if err := doc.Components.Schemas[name].Value.VisitJSON(value); err != nil {
			t.Errorf("%s: %.1000s", name, err)
		}
	}
}
