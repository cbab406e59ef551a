package httpd_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/httpd/httpdtest"
	"github.com/autoscaled/autoscaled/internal/policy"
)

type fakeFleet = httpdtest.Fleet

// face is f as whoever has the role sees it, who is unix:sato.
func face(f *fakeFleet, role access.Role) http.Handler {
	handler := httpd.Handler(httpd.Options{Fleet: f, Past: f})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Principal{Name: "unix:sato", Role: role})))
	})
}

// reach serves f on a unix socket and returns a client for it.
func reach(t *testing.T, f *fakeFleet) *httpd.Client {
	t.Helper()
	path := socketPath(t)
	serve(t, listenSocket(t, path), face(f, access.Admin))
	return httpd.NewClient(path)
}

// request is one with a body of JSON, if it has one.
func request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func TestTheClientSeesTheFleetsStatus(t *testing.T) {
	t.Parallel()
	value := 0.42
	state := fleet.Status{
		Accounts: []fleet.AccountStatus{{Name: "gio", Machines: 4}},
		Groups:   []fleet.GroupStatus{{Name: "web", Desired: 3, Signals: []fleet.SignalStatus{{Name: "cpu", Value: &value, Of: 2}, {Name: "rate", Why: "stale"}}}},
	}
	got, err := reach(t, &fakeFleet{State: state}).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, state) {
		t.Errorf("got\n%+v\nwant\n%+v", got, state)
	}
}

func TestPauseAndResumeReachTheGroup(t *testing.T) {
	t.Parallel()
	f := &fakeFleet{}
	client := reach(t, f)
	if err := client.Override(t.Context(), "web", httpd.OverrideRequest{Kind: policy.PauseAll, By: "sato", Why: "release day"}); err != nil {
		t.Fatal(err)
	}
	if want := (policy.Override{Kind: policy.PauseAll, By: "sato", Why: "release day"}); f.Overridden() == nil || *f.Overridden() != want {
		t.Errorf("paused %+v, want %+v", f.Overridden(), want)
	}
	if err := client.Resume(t.Context(), "web", httpd.SignedRequest{By: "sato", Why: "it is out"}); err != nil {
		t.Fatal(err)
	}
	if f.Overridden() != nil {
		t.Errorf("still paused: %+v", f.Overridden())
	}
	if want := []any{[]string{"resume", "web", "sato", "it is out"}}; !reflect.DeepEqual(f.Asked(), want) {
		t.Errorf("asked %+v, want %+v", f.Asked(), want)
	}
}

func TestWhatOnlyAPersonKnowsReachesTheFleet(t *testing.T) {
	t.Parallel()
	request := httpd.SignedRequest{By: "sato", Why: "a test of the disks"}
	for what, c := range map[string]struct {
		ask  func(ctx context.Context, client *httpd.Client) error
		want any
	}{
		"what an order bought": {
			func(ctx context.Context, client *httpd.Client) error {
				return client.Adopt(ctx, fleet.Adoption{Order: "7", Codes: []string{"gc00000001", "gc00000002"}, By: "sato"})
			},
			fleet.Adoption{Order: "7", Codes: []string{"gc00000001", "gc00000002"}, By: "sato"},
		},
		"that an order bought nothing": {
			func(ctx context.Context, client *httpd.Client) error {
				return client.Adopt(ctx, fleet.Adoption{Order: "7", By: "sato", Why: "the invoice says so"})
			},
			fleet.Adoption{Order: "7", By: "sato", Why: "the invoice says so"},
		},
		"what belongs to a group": {
			func(ctx context.Context, client *httpd.Client) error {
				return client.Adopt(ctx, fleet.Adoption{Group: "web", Codes: []string{"gc00000001"}, By: "sato"})
			},
			fleet.Adoption{Group: "web", Codes: []string{"gc00000001"}, By: "sato"},
		},
		"what is not ours": {
			func(ctx context.Context, client *httpd.Client) error {
				return client.Disown(ctx, "gc00000003", request)
			},
			[]string{"disown", "gc00000003", "sato", "a test of the disks"},
		},
		"what must not be removed": {
			func(ctx context.Context, client *httpd.Client) error {
				return client.Protect(ctx, "gc00000003", request)
			},
			[]any{"protect", "gc00000003", actions.Protection{By: "sato", Why: "a test of the disks"}},
		},
		"what may be removed again": {
			func(ctx context.Context, client *httpd.Client) error {
				return client.Unprotect(ctx, "gc00000003", request)
			},
			[]string{"unprotect", "gc00000003", "sato", "a test of the disks"},
		},
		"what is to be tried again": {
			func(ctx context.Context, client *httpd.Client) error {
				return client.Retry(ctx, "gc00000003", request)
			},
			[]string{"retry", "gc00000003", "sato", "a test of the disks"},
		},
		"a code that looks like a path": {
			func(ctx context.Context, client *httpd.Client) error {
				return client.Unprotect(ctx, "../gc/3?", request)
			},
			[]string{"unprotect", "../gc/3?", "sato", "a test of the disks"},
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := &fakeFleet{}
			if err := c.ask(t.Context(), reach(t, f)); err != nil {
				t.Fatal(err)
			}
			if want := []any{c.want}; !reflect.DeepEqual(f.Asked(), want) {
				t.Errorf("asked %+v, want %+v", f.Asked(), want)
			}
		})
	}
}

func TestTheClientSeesTheSignalsOfAGroup(t *testing.T) {
	t.Parallel()
	value, doubted, age := 0.42, 0.9, 3.5
	signals := fleet.GroupSignals{Group: "web", ReadAt: time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC), Signals: []fleet.SignalReport{{
		Name: "cpu", Statistic: "avg", Ceiling: 1, Measured: 1, Of: 2,
		Shown: fleet.Shown{Value: &value, Quality: "present", AgeSeconds: &age},
		Instances: []fleet.InstanceReport{
			{Instance: "gc00000001", Shown: fleet.Shown{Value: &value, Quality: "present", AgeSeconds: &age, Fault: "page stands in for agent"}},
			{Instance: "gc00000002", Shown: fleet.Shown{Doubted: &doubted, Quality: "frozen", AgeSeconds: &age, Fault: "it stands still"}},
		},
	}, {Name: "rate", Of: 1, Shown: fleet.Shown{Quality: "stale"}}}}
	f := &fakeFleet{OfSignals: signals}
	server := httptest.NewServer(face(f, access.Admin))
	defer server.Close()
	client := reach(t, f)
	got, err := client.Signals(t.Context(), "web")
	if err != nil || !reflect.DeepEqual(got, signals) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := client.Signals(t.Context(), "wev"); err == nil || err.Error() != "there is no group `wev`: did you mean `web`?" {
		t.Errorf("of a group that does not exist: error is %v", err)
	}
	response, err := http.Get(server.URL + "/v1/groups/wev/signals")
	if err != nil {
		t.Fatal(err)
	}
	if _ = response.Body.Close(); response.StatusCode != http.StatusNotFound {
		t.Errorf("of a group that does not exist: status %s", response.Status)
	}
}

func TestTheClientSeesTheFleetsPreflight(t *testing.T) {
	t.Parallel()
	preflight := fleet.Preflight{Group: "web", Active: 4, Max: 20, Reachable: 12, Checks: []actions.Check{
		{Name: "template", State: actions.CheckOK, Room: -1, Why: "gc00000001 is stopped"},
		{Name: "pool gl00000001/web", State: actions.CheckBlocked, Room: 8, Why: "it takes 12"},
	}}
	client := reach(t, &fakeFleet{Reach: preflight})
	got, err := client.Preflight(t.Context(), "web")
	if err != nil || !reflect.DeepEqual(got, preflight) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := client.Preflight(t.Context(), "wev"); err == nil || !strings.Contains(err.Error(), "`wev`: did you mean `web`?") {
		t.Errorf("of a group that does not exist: error is %v", err)
	}
}

func TestADrillIsPlannedAndBegunOverTheSocket(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	plan := fleet.DrillPlan{Group: "web", Instance: "gc00000005", PaidUntil: noon.Add(time.Hour), Standing: 2, Kept: 1, LaunchTimeout: time.Hour}
	drill := fleet.Drill{ID: "7", Began: noon, By: "sato", Instance: "gc00000005", Step: "started", StepAt: noon}
	f := &fakeFleet{Plan: plan, Begun: drill}
	client := reach(t, f)
	if got, err := client.PlanDrill(t.Context(), "web"); err != nil || got != plan {
		t.Errorf("planned %+v, %v", got, err)
	}
	request := fleet.DrillRequest{Instance: "gc00000005", By: "sato", Why: "a rehearsal"}
	got, err := client.Drill(t.Context(), "web", request)
	if err != nil || !reflect.DeepEqual(got, drill) {
		t.Errorf("begun %+v, %v", got, err)
	}
	if want := []any{[]any{"drill", "web", request}}; !reflect.DeepEqual(f.Asked(), want) {
		t.Errorf("asked %+v, want %+v", f.Asked(), want)
	}
}

func TestAGroupsRefusalIsTheClientsError(t *testing.T) {
	t.Parallel()
	client := reach(t, &fakeFleet{Refusal: errors.New("record the pause of group web: no space left on device")})
	err := client.Override(t.Context(), "web", httpd.OverrideRequest{Kind: policy.PauseAll, By: "sato"})
	if err == nil || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("error is %v", err)
	}
}

func TestAnUnknownGroupIsNamedWithTheKnownOnes(t *testing.T) {
	t.Parallel()
	client := reach(t, &fakeFleet{})
	for what, err := range map[string]error{
		"pause":  client.Override(t.Context(), "wev/../web", httpd.OverrideRequest{Kind: policy.PauseAll, By: "sato"}),
		"resume": client.Resume(t.Context(), "wev/../web", httpd.SignedRequest{}),
	} {
		if err == nil || !strings.Contains(err.Error(), "`wev/../web`: valid: web") {
			t.Errorf("%s: error is %v", what, err)
		}
	}
}

func TestWithoutADaemonTheClientAsksWhetherOneRuns(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	_, err := httpd.NewClient(path).Status(t.Context())
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "is it running") {
		t.Errorf("error is %v", err)
	}
}

func TestTheControlFaceAnswersWithTheRightStatus(t *testing.T) {
	t.Parallel()
	const pause, adopt = "/v1/groups/web/override", "/v1/adopt"
	for what, c := range map[string]struct {
		method, path, body string
		status             int
		refusal            error
	}{
		"a pause":            {http.MethodPost, pause, `{"kind":"pause","by":"sato"}`, http.StatusOK, nil},
		"a pause of no kind": {http.MethodPost, pause, `{"kind":"pause_inn","by":"sato"}`, http.StatusBadRequest, nil},
		"a pause of a group that only recommends": {
			http.MethodPost, pause, `{"kind":"pause","by":"sato"}`, http.StatusConflict, fleet.RefusedError{Why: "group web only recommends"},
		},
		"a pause of no group":      {http.MethodPost, "/v1/groups/db/override", `{"kind":"pause","by":"sato"}`, http.StatusNotFound, nil},
		"a pause that is not JSON": {http.MethodPost, pause, `by=sato`, http.StatusBadRequest, nil},
		"a pause with a misspelt member": {
			http.MethodPost, pause, `{"kind":"pause","by":"sato","wyh":"x"}`, http.StatusBadRequest, nil,
		},
		"a pause larger than any sensible one": {
			http.MethodPost, pause, `{"by":"` + strings.Repeat("s", 65<<10) + `"}`, http.StatusRequestEntityTooLarge, nil,
		},
		"a pause for a reason that a terminal would obey": {
			http.MethodPost, pause, `{"kind":"pause","by":"sato","why":"\u001b]0;all is well\u0007"}`, http.StatusBadRequest, nil,
		},
		"a pause for a reason of two lines": {http.MethodPost, pause, `{"kind":"pause","by":"sato","why":"load test\n12:00 resumed"}`, http.StatusBadRequest, nil},
		"a pause for a reason of a page":    {http.MethodPost, pause, `{"kind":"pause","by":"sato","why":"` + strings.Repeat("x", 501) + `"}`, http.StatusBadRequest, nil},
		"a pause for a reason in Japanese":  {http.MethodPost, pause, `{"kind":"pause","by":"佐藤","why":"負荷試験　（夜間）"}`, http.StatusOK, nil},
		"an adoption of a code that is no text of print": {
			http.MethodPost, adopt, `{"order":"7","codes":["gc0000\u202e0001"]}`, http.StatusBadRequest, nil,
		},
		"a pause by GET":    {http.MethodGet, pause, "", http.StatusMethodNotAllowed, nil},
		"a resume":          {http.MethodPost, "/v1/groups/web/resume", "", http.StatusOK, nil},
		"an unknown action": {http.MethodPost, "/v1/groups/web/remove", "", http.StatusNotFound, nil},
		"a preflight":       {http.MethodGet, "/v1/groups/web/preflight", "", http.StatusOK, nil},
		"a preflight of no group": {
			http.MethodGet, "/v1/groups/db/preflight", "", http.StatusNotFound, nil,
		},
		"a drill": {http.MethodPost, "/v1/groups/web/drill", `{"by":"sato","instance":"gc00000001"}`, http.StatusOK, nil},
		"a drill that is refused": {
			http.MethodPost, "/v1/groups/web/drill", `{"by":"sato"}`, http.StatusConflict, fleet.RefusedError{Why: "it is paused"},
		},
		"a drill with a misspelt member": {
			http.MethodPost, "/v1/groups/web/drill", `{"by":"sato","yes":true}`, http.StatusBadRequest, nil,
		},
		"a plan of a drill":             {http.MethodGet, "/v1/groups/web/drill", "", http.StatusOK, nil},
		"a plan of a drill of no group": {http.MethodGet, "/v1/groups/db/drill", "", http.StatusNotFound, nil},
		"an adoption":                   {http.MethodPost, adopt, `{"order":"7","by":"sato"}`, http.StatusOK, nil},
		"an adoption by no group":       {http.MethodPost, adopt, `{}`, http.StatusNotFound, fleet.UnknownGroupError{Name: "db"}},
		"an adoption with a misspelt member": {
			http.MethodPost, adopt, `{"order":"7","code":["gc00000001"]}`, http.StatusBadRequest, nil,
		},
		"an adoption that must not be": {
			http.MethodPost, adopt, `{"order":"7"}`, http.StatusConflict, fmt.Errorf("adopt: %w", fleet.RefusedError{Why: "order 7 is settled"}),
		},
		"an adoption that cannot be": {
			http.MethodPost, adopt, `{"order":"7"}`, http.StatusServiceUnavailable, errors.New("no space left on device"),
		},
		"a protection":         {http.MethodPost, "/v1/instances/gc00000001/protect", `{"by":"sato"}`, http.StatusOK, nil},
		"a disowning by GET":   {http.MethodGet, "/v1/instances/gc00000001/disown", "", http.StatusMethodNotAllowed, nil},
		"a disowning":          {http.MethodPost, "/v1/instances/gc00000001/disown", `{"by":"sato"}`, http.StatusOK, nil},
		"an end of protection": {http.MethodPost, "/v1/instances/gc00000001/unprotect", "", http.StatusOK, nil},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := &fakeFleet{Refusal: c.refusal}
			answer := httptest.NewRecorder()
			face(f, access.Admin).ServeHTTP(answer, request(c.method, c.path, c.body))
			if answer.Code != c.status {
				body, _ := io.ReadAll(answer.Body)
				t.Errorf("status %d, want %d: %s", answer.Code, c.status, body)
			}
			if answer.Code != http.StatusOK && (f.Overridden() != nil || f.Asked() != nil) {
				t.Errorf("refused, and done all the same: %+v, %+v", f.Overridden(), f.Asked())
			}
		})
	}
}
