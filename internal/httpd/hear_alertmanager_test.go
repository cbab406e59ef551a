package httpd_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

// documented is the first block of YAML under a heading of docs/webhooks.md.
func documented(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## "+heading+"\n")
	_, block, begins := strings.Cut(section, "```yaml\n")
	block, _, ends := strings.Cut(block, "```")
	if !found || !begins || !ends {
		t.Fatalf("docs/webhooks.md has no YAML under %q", heading)
	}
	return block
}

// alertmanager starts a real one that sends to url as docs/webhooks.md has it, only sooner, and
// returns its own URL.
func alertmanager(t *testing.T, url string) string {
	t.Helper()
	program, err := exec.LookPath("prometheus-alertmanager")
	switch {
	case err != nil && os.Getenv("AUTOSCALED_REQUIRE_TOOLS") != "":
		t.Fatal("prometheus-alertmanager is missing: run test/setup.sh")
	case err != nil:
		t.Skip("prometheus-alertmanager is missing: run test/setup.sh")
	}
	directory := t.TempDir()
	file, secret := filepath.Join(directory, "alertmanager.yml"), filepath.Join(directory, "token")
	text := strings.NewReplacer("http://127.0.0.1:9469", url, "/etc/prometheus/autoscaled-token", secret,
		"group_interval: 1m", "group_interval: 1s", "repeat_interval: 10m", "repeat_interval: 1s").Replace(documented(t, "Alertmanager"))
	for path, content := range map[string]string{file: text, secret: token + "\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	command := exec.Command(program, "--config.file="+file, "--storage.path="+directory, "--web.listen-address="+address, "--cluster.listen-address=")
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("alertmanager said:\n%s", said.String())
		}
	})
	return "http://" + address
}

func TestARealAlertmanagerIsHeardOnceForEachAlert(t *testing.T) {
	t.Parallel()
	type answer struct {
		path, text string
		status     int
	}
	answers := make(chan answer, 1000)
	took := make(chan float64, 1000)
	serve := inboxAt("web/alerts", httpd.Inbox{
		Format: config.PushAlertmanager, Step: 2, AgainAfter: time.Hour, Staleness: 5 * time.Minute, Counted: httpd.NewCounted(),
		Push: func(value float64, _ time.Time) (bool, error) { took <- value; return true, nil },
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		serve.ServeHTTP(recorder, r)
		answers <- answer{r.URL.Path, recorder.Body.String(), recorder.Code}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	at := alertmanager(t, server.URL)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	fire := func(way string) error {
		body := fmt.Sprintf(`[{"labels": {"alertname": "Web", "autoscaled": "web-%s"}}]`, way)
		response, err := client.Post(at+"/api/v2/alerts", "application/json", strings.NewReader(body))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", response.StatusCode)
		}
		return nil
	}
	deadline := time.Now().Add(time.Minute)
	for err := fire("up"); err != nil; err = fire("up") {
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	next := func() answer {
		select {
		case a := <-answers:
			return a
		case <-time.After(time.Minute):
			t.Fatal("it sends nothing")
			return answer{}
		}
	}
	if a := next(); a.status != http.StatusOK || a.text != `{"kept":true}`+"\n" || a.path != "/v1/push/web/alerts/up" {
		t.Fatalf("it is answered with %+v", a)
	}
	if a := next(); a.status != http.StatusOK || !strings.Contains(a.text, "already") {
		t.Fatalf("its repetition is answered with %+v", a)
	}
	if err := fire("down"); err != nil {
		t.Fatal(err)
	}
	for a := next(); a.path != "/v1/push/web/alerts/down"; a = next() {
		if a.status != http.StatusOK {
			t.Fatalf("it is answered with %+v", a)
		}
	}
	if first, second := <-took, <-took; first != 2 || second != -2 || len(took) > 0 {
		t.Errorf("it took %v, %v and %d more, want 2 and -2", first, second, len(took))
	}
}
