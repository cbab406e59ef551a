package daemon_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestADirectionThatIsPushedChangesTheSizeOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t).replace("mode: act", "mode: recommend").replace("max: 2", "max: 9").
		replace("      cpu: {snmp: {profile: cpu_busy, port: 10161}}\n", "      cpu: {snmp: {profile: cpu_busy, port: 10161}}\n      alerts: {staleness: 5m, push: {token: env:TOKEN, format: direction, step: 3}}\n").
		replace("      - target: {signal: cpu, value: 60%}\n", "      - webhook: {signal: alerts}\n")
	s.simulate(t)
	d, _, err := s.new(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, d)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(s.directory, "control.sock"))
	}}}
	push := func(direction, body string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/v1/push/web/alerts/"+direction, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+s.secrets["TOKEN"])
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(text)
	}
	desired := func() int {
		if groups := status(t, s).Groups; len(groups) == 1 && !groups[0].Decision.At.IsZero() {
			return groups[0].Desired
		}
		return -1
	}
	eventually(t, "the group has the size of its pool", func() bool { return desired() == 3 })
	if code, text := push("up", `{"id": "sale"}`); code != http.StatusOK || text != `{"kept":true}`+"\n" {
		t.Fatalf("status %d: %s", code, text)
	}
	eventually(t, "it is larger by a step", func() bool { return desired() == 6 })
	if code, text := push("up", `{"id": "sale"}`); code != http.StatusOK || !strings.Contains(text, "already, and counts again 10m after that") {
		t.Errorf("status %d: %s", code, text)
	}
	if code, _ := push("sideways", ""); code != http.StatusNotFound {
		t.Errorf("status %d of a direction that is none", code)
	}
	if got := desired(); got != 6 {
		t.Errorf("it has %d instances, want 6", got)
	}
}
