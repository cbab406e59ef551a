package httpd_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// fakeFleet has one group, web, and remembers what was asked of it.
type fakeFleet struct {
	state   fleet.Status
	paused  *policy.Pause
	refusal error // of every command
}

func (f *fakeFleet) Status() fleet.Status { return f.state }

func (f *fakeFleet) Pause(_ context.Context, group string, pause policy.Pause) error {
	if err := f.refuse(group); err != nil {
		return err
	}
	f.paused = &pause
	return nil
}

func (f *fakeFleet) Resume(_ context.Context, group string) error {
	if err := f.refuse(group); err != nil {
		return err
	}
	f.paused = nil
	return nil
}

func (f *fakeFleet) refuse(group string) error {
	if group != "web" {
		return fleet.NoGroupError{Name: group, Known: []string{"web"}}
	}
	return f.refusal
}

// reach serves f on a unix socket and returns a client for it.
func reach(t *testing.T, f *fakeFleet) *httpd.Client {
	t.Helper()
	path := socketPath(t)
	serve(t, listenSocket(t, path), httpd.Control(f))
	return httpd.NewClient(path)
}

func TestTheClientSeesTheFleetsStatus(t *testing.T) {
	t.Parallel()
	value := 0.42
	state := fleet.Status{
		Accounts: []fleet.AccountStatus{{Name: "gio", Machines: 4}},
		Groups:   []fleet.GroupStatus{{Name: "web", Desired: 3, Signals: []fleet.SignalStatus{{Name: "cpu", Value: &value, Of: 2}, {Name: "rate", Why: "stale"}}}},
	}
	got, err := reach(t, &fakeFleet{state: state}).Status(t.Context())
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
	if err := client.Pause(t.Context(), "web", httpd.PauseRequest{By: "sato", Why: "release day"}); err != nil {
		t.Fatal(err)
	}
	if want := (policy.Pause{By: "sato", Why: "release day"}); f.paused == nil || *f.paused != want {
		t.Errorf("paused %+v, want %+v", f.paused, want)
	}
	if err := client.Resume(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	if f.paused != nil {
		t.Errorf("still paused: %+v", f.paused)
	}
}

func TestAGroupsRefusalIsTheClientsError(t *testing.T) {
	t.Parallel()
	client := reach(t, &fakeFleet{refusal: errors.New("record the pause of group web: no space left on device")})
	err := client.Pause(t.Context(), "web", httpd.PauseRequest{By: "sato"})
	if err == nil || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("error is %v", err)
	}
}

func TestAnUnknownGroupIsNamedWithTheKnownOnes(t *testing.T) {
	t.Parallel()
	client := reach(t, &fakeFleet{})
	for what, err := range map[string]error{
		"pause":  client.Pause(t.Context(), "wev/../web", httpd.PauseRequest{By: "sato"}),
		"resume": client.Resume(t.Context(), "wev/../web"),
	} {
		if err == nil || !strings.Contains(err.Error(), `"wev/../web"`) || !strings.Contains(err.Error(), "[web]") {
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
	const pause = "/v1/groups/web/pause"
	for what, c := range map[string]struct {
		method, path, body string
		status             int
	}{
		"a pause":                  {http.MethodPost, pause, `{"by":"sato"}`, http.StatusOK},
		"a pause of no group":      {http.MethodPost, "/v1/groups/db/pause", `{"by":"sato"}`, http.StatusNotFound},
		"a pause that is not JSON": {http.MethodPost, pause, `by=sato`, http.StatusBadRequest},
		"a pause with a misspelt member": {
			http.MethodPost, pause, `{"by":"sato","wyh":"x"}`, http.StatusBadRequest,
		},
		"a pause larger than any sensible one": {
			http.MethodPost, pause, `{"by":"` + strings.Repeat("s", 65<<10) + `"}`, http.StatusBadRequest,
		},
		"a pause by GET":    {http.MethodGet, pause, "", http.StatusMethodNotAllowed},
		"a resume":          {http.MethodPost, "/v1/groups/web/resume", "", http.StatusOK},
		"an unknown action": {http.MethodPost, "/v1/groups/web/remove", "", http.StatusNotFound},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := &fakeFleet{}
			answer := httptest.NewRecorder()
			httpd.Control(f).ServeHTTP(answer, httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)))
			if answer.Code != c.status {
				body, _ := io.ReadAll(answer.Body)
				t.Errorf("status %d, want %d: %s", answer.Code, c.status, body)
			}
			if answer.Code != http.StatusOK && f.paused != nil {
				t.Errorf("refused, and paused all the same: %+v", f.paused)
			}
		})
	}
}
