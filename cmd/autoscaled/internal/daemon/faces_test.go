package daemon_test

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap/zaptest/observer"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/daemon"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

// started runs a daemon until the test ends, and returns what it logs and where it listens.
func (s *scene) started(t *testing.T) (logged *observer.ObservedLogs, url string) {
	t.Helper()
	d, logged, err := s.new(t, func(*daemon.Options) {})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	eventually(t, "it runs", func() bool { return logged.FilterMessage("running").Len() == 1 })
	return logged, "http://" + logged.FilterMessage("running").All()[0].ContextMap()["metrics"].(string)
}

func TestOnThisMachineEverybodyMayLookAndNobodyMaySteerOverTheNetwork(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	logged, url := s.started(t)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ask := func(method, path, body, host string) (status int, text string) {
		request, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		if host != "" {
			request.Host = host
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(content)
	}
	for path, says := range map[string]string{
		"/livez": "ok", "/readyz": "ok", "/metrics": "autoscaled_", "/v1/groups": `"name":"web"`, "/v1/status": `"name":"web"`, "/": "<!doctype html>", "/openapi.yaml": "openapi: 3", "/groups/web": "<!doctype html>",
	} {
		if status, text := ask(http.MethodGet, path, "", ""); status != http.StatusOK || !strings.Contains(strings.ToLower(text), says) {
			t.Errorf("%s: answered %d %.300s", path, status, text)
		}
	}
	if status, text := ask(http.MethodPost, "/v1/groups/web/override", `{"kind":"pause"}`, ""); status != http.StatusForbidden || !strings.Contains(text, `"code":"forbidden"`) {
		t.Errorf("a pause over the network: answered %d %s", status, text)
	}
	if status, _ := ask(http.MethodGet, "/v1/status", "", "evil.example.com"); status != http.StatusForbidden {
		t.Errorf("by another name: answered %d", status)
	}
	if err := httpd.NewClient(filepath.Join(s.directory, "control.sock")).Protect(t.Context(), "gc00000099", httpd.SignedRequest{Why: "a test"}); err == nil {
		t.Error("an instance that nobody knows was protected")
	}
	audit := logged.FilterMessage("not changed").All()
	if len(audit) != 1 || audit[0].ContextMap()["why"] != "a test" || !strings.HasPrefix(audit[0].ContextMap()["who"].(string), "unix:") {
		t.Errorf("of what somebody tried at the socket the log has %+v", audit)
	}
}
