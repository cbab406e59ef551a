package httpd_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

func TestTheLogTellsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path, body string
		message    string
		what, why  any
	}{
		"a pause":                  {"/v1/groups/web/override", `{"kind":"pause","why":"sale"}`, "changed", "pause", "sale"},
		"a hold for a while":       {"/v1/groups/web/override", `{"kind":"hold","count":4,"for":"2h"}`, "changed", "hold 4 for 2h", ""},
		"a floor with an end":      {"/v1/groups/web/override", `{"kind":"at_least","count":4,"until":"2036-04-01T09:00:00+09:00"}`, "changed", "at_least 4 until 2036-04-01T09:00:00+09:00", ""},
		"a size":                   {"/v1/groups/web/scale", `{"count":0,"why":"the night"}`, "changed", "to 0", "the night"},
		"an order that is settled": {"/v1/adopt", `{"order":"7","codes":["gc00000001","gc00000002"]}`, "changed", "order 7: gc00000001, gc00000002", ""},
		"an order of nothing":      {"/v1/adopt", `{"order":"7"}`, "changed", "order 7: none", ""},
		"machines of no order":     {"/v1/adopt", `{"group":"web","codes":["gc00000001"]}`, "changed", "group web: gc00000001", ""},
		"a drill":                  {"/v1/groups/web/drill", `{"instance":"gc00000005"}`, "changed", "gc00000005", ""},
		"a protection":             {"/v1/instances/gc00000001/protect", `{"why":"a dump"}`, "changed", nil, "a dump"},
		"a dry run":                {"/v1/reload", `{"dry_run":true}`, "asked", nil, ""},
		"a test of a notifier":     {"/v1/notifiers/chat/test", `{"why":"is it right?"}`, "asked", nil, "is it right?"},
		"what cannot be read":      {"/v1/groups/web/scale", `{"count":"four","why":"sale"}`, "not changed", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			noted := audited(t, c.path, c.body, "")
			if len(noted) != 1 || noted[0].Message != c.message {
				t.Fatalf("the log says %+v", noted)
			}
			if said := noted[0].ContextMap(); said["what"] != c.what || said["why"] != c.why {
				t.Errorf("the log says %v", said)
			}
		})
	}
}

func TestTheLogDoesNotTellAnAnswerThatIsGivenAgainAsAChange(t *testing.T) {
	t.Parallel()
	noted := audited(t, "/v1/groups/web/scale", `{"count":4}`, "k")
	var told []string
	for _, line := range noted {
		if told = append(told, line.Message); line.ContextMap()["what"] != "to 4" {
			t.Errorf("the log says %v", line.ContextMap())
		}
	}
	if !reflect.DeepEqual(told, []string{"changed", "replayed"}) {
		t.Errorf("the log says %v", told)
	}
}

// refusing is a daemon whose file needs a restart.
type refusing struct{ httpd.Configuration }

func (refusing) Reload(context.Context, bool, string) (httpd.ReloadReport, error) {
	return httpd.ReloadReport{RestartNeeded: []string{"listen"}}, nil
}

func TestTheLogDoesNotTellAFileThatNeedsARestartAsAChange(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.InfoLevel)
	handler := access.Audit(zap.New(core), httpd.Handler(httpd.Options{Fleet: &fakeFleet{}, Configuration: refusing{}}))
	r := httptest.NewRequest(http.MethodPost, "/v1/reload", strings.NewReader(`{}`))
	r.Header.Set("Content-Type", "application/json")
	handler.ServeHTTP(httptest.NewRecorder(), r.WithContext(access.With(r.Context(), access.Principal{Name: "unix:sato", Role: access.Admin})))
	if noted := logged.All(); len(noted) != 1 || noted[0].Message != "not changed" || noted[0].ContextMap()["status"] != int64(http.StatusOK) {
		t.Errorf("the log says %+v", noted)
	}
}

// audited are the lines about a request; with a key it is sent twice.
func audited(t *testing.T, path, body, key string) []observer.LoggedEntry {
	t.Helper()
	core, logged := observer.New(zap.InfoLevel)
	handler := access.Audit(zap.New(core), httpd.Handler(httpd.Options{Fleet: &fakeFleet{}}))
	for range 1 + len(key) {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", key)
		handler.ServeHTTP(httptest.NewRecorder(), r.WithContext(access.With(r.Context(), access.Principal{Name: "unix:sato", Role: access.Admin})))
	}
	return logged.All()
}
