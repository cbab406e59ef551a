package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

// daemonThatIs serves what a daemon does whose health is as it is said.
func daemonThatIs(t *testing.T, health error) string {
	t.Helper()
	server := httptest.NewServer(httpd.Handler(httpd.Options{Ready: func() error { return health }}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestHealthOfADaemonThatCanWork(t *testing.T) {
	t.Parallel()
	url := daemonThatIs(t, nil)
	for line, want := range map[string]string{
		"health":         "ok\n",
		"health --live":  "ok\n",
		"health -o json": "{\n  \"health\": \"ok\"\n}\n",
	} {
		if out, errs, err := execute(t, append(strings.Fields(line), "--url", url)...); out != want || errs != "" || err != nil {
			t.Errorf("%s printed %q and %q, error is %v", line, out, errs, err)
		}
	}
}

func TestHealthOfADaemonThatCannotWriteItsState(t *testing.T) {
	t.Parallel()
	url := daemonThatIs(t, errors.New("write the store: no space left on device"))
	out, _, err := execute(t, "health", "--url", url)
	if out != "" || err == nil || !strings.Contains(err.Error(), "no space left") || statusOf(err) != failedStatus {
		t.Errorf("printed %q, status %d, error is %v", out, statusOf(err), err)
	}
	if out, _, err := execute(t, "health", "--live", "--url", url); out != "ok\n" || err != nil {
		t.Errorf("its process answers, but --live printed %q, error is %v", out, err)
	}
}

func TestHealthOfADaemonThatIsNotThere(t *testing.T) {
	t.Parallel()
	out, _, err := execute(t, "health", "--socket", filepath.Join(t.TempDir(), "s"))
	if out != "" || err == nil || !strings.Contains(err.Error(), "is it running") || statusOf(err) != failedStatus {
		t.Errorf("printed %q, status %d, error is %v", out, statusOf(err), err)
	}
}

func TestHealthIsNotThatOfAnotherProgram(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("It works!")) }))
	t.Cleanup(server.Close)
	if _, _, err := execute(t, "health", "--url", server.URL); err == nil || !strings.Contains(err.Error(), "another program") || statusOf(err) != failedStatus {
		t.Errorf("status %d, error is %v", statusOf(err), err)
	}
}
