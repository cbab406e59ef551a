package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

func TestTheExitStatusSaysHowTheDaemonAnswered(t *testing.T) {
	t.Parallel()
	want := map[httpd.Code]int{
		httpd.Unauthenticated: 6, httpd.Forbidden: 6, httpd.NotFound: 7, httpd.Invalid: 8, httpd.Conflict: 8, httpd.Refused: 8,
		httpd.TooLarge: 8, httpd.TooMany: 5, httpd.Unavailable: 5, httpd.Timeout: 5, httpd.Internal: 1,
	}
	for _, code := range httpd.Codes() {
		socket := serve(t, &fakeFleet{refusal: fmt.Errorf("%w", httpd.Error{Code: code, Text: "because: do that"})})
		_, _, err := execute(t, "resume", "web", "--socket", socket)
		if status, known := want[code]; !known || statusOf(err) != status || err == nil || err.Error() != "because: do that" {
			t.Errorf("%s: status %d, want %d; error is %v", code, statusOf(err), status, err)
		}
	}
}

func TestTheExitStatusSaysThatTheCommandLineIsWrong(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"rnu", "pause", "pause web db", "pause web --nope", "status -o yaml", "plan -o yaml", "status --json=no", "pause web --in --out", "hold web many", "scale web -1",
		"scale web many", "config token", "config token a --role root", "events --least loud", "adopt", "recover", "drill web -o xml", "history verify x", "plan --seed many", "explain web --at",
	} {
		out, _, err := execute(t, strings.Fields(line)...)
		if statusOf(err) != usageStatus || err == nil || err.Error() == "" || out != "" {
			t.Errorf("%s: status %d, %v, printed %q", line, statusOf(err), err, out)
		}
	}
}

func TestTheExitStatusSaysWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	faulty := filepath.Join(t.TempDir(), "faulty.yaml")
	if err := os.WriteFile(faulty, []byte("grops: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := serve(t, &fakeFleet{preflight: fleet.Preflight{Group: "web", Max: 5, Reachable: 4}})
	for line, want := range map[string]int{
		"version":                           0,
		"help exit-codes":                   0,
		"--help":                            0,
		"check ../../configs/minimal.yaml":  0,
		"check " + faulty:                   failedStatus,
		"check -o json " + faulty:           failedStatus,
		"run --config " + faulty:            failedStatus,
		"status --socket /nowhere":          silentStatus,
		"status --url http://127.0.0.1:1":   silentStatus,
		"top --once --socket /nowhere":      silentStatus,
		"events --socket /nowhere":          silentStatus,
		"preflight web --socket " + full:    failedStatus,
		"history verify --history /nowhere": failedStatus,
	} {
		if _, _, err := execute(t, strings.Fields(line)...); statusOf(err) != want {
			t.Errorf("%s: status %d, want %d; error is %v", line, statusOf(err), want, err)
		}
	}
}

func TestTheHelpNamesEveryExitStatus(t *testing.T) {
	t.Parallel()
	out, _, err := execute(t, "help", "exit-codes")
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{0, failedStatus, usageStatus, notReadyStatus, exceededStatus, silentStatus, deniedStatus, unknownStatus, refusedStatus, firstClassStatus} {
		if !strings.Contains(out, fmt.Sprintf("\n%5d  ", status)) {
			t.Errorf("status %d is not there:\n%s", status, out)
		}
	}
}
