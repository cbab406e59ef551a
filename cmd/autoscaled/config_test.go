package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

func TestTheConfigurationInForceIsShownAsOne(t *testing.T) {
	t.Parallel()
	minimal := page(t, "configs/minimal.yaml")
	f := &fakeFleet{config: httpd.ConfigInForce{File: "/etc/autoscaled/autoscaled.yaml", SHA256: "5eed", LoadedAt: time.Date(2026, 4, 1, 12, 0, 0, 0, time.Local), Text: minimal, Differs: true}}
	socket := serve(t, f)
	out, _, err := execute(t, "config", "show", "--socket", socket)
	head := "# /etc/autoscaled/autoscaled.yaml, read at 2026-04-01 12:00:00\n# sha256 5eed\n# ! the file is another by now: `autoscaled config diff` says what it would change\n"
	if err != nil || !strings.HasPrefix(out, head) {
		t.Errorf("error is %v, printed\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "shown.yaml")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, err := execute(t, "check", file); err != nil {
		t.Errorf("what is shown is no configuration: %s", errs)
	}
	out, _, err = execute(t, "config", "show", "-o", "json", "--socket", socket)
	var got httpd.ConfigInForce
	if err != nil || json.Unmarshal([]byte(out), &got) != nil || !got.LoadedAt.Equal(f.config.LoadedAt) || got.Text != minimal || !got.Differs {
		t.Errorf("error is %v, as JSON\n%s", err, out)
	}
}

func aReload() httpd.ReloadReport {
	return httpd.ReloadReport{Accounts: []string{"gio"}, RestartNeeded: []string{}, Sections: []string{"web.anonymous", "notify[0].wait"}, Groups: []httpd.GroupChanged{
		{Group: "api", Change: httpd.GroupKept, Text: "as before"},
		{Group: "db", Change: httpd.GroupRemoved, Text: "its machines stay as they are"},
		{Group: "web", Change: httpd.GroupRebuilt, What: []string{"max", "policies"}, Text: "would go from 4 to 6"},
	}}
}

func TestAReloadIsPrintedBeforeItIsDone(t *testing.T) {
	t.Parallel()
	const preview = `web.anonymous is another
notify[0].wait is another
account gio is built anew
group db is removed: its machines stay as they are
group web is changed (max, policies): would go from 4 to 6
1 group goes on as before
`
	dry, wet := []any{"reload", true, userName()}, []any{"reload", false, userName()}
	for line, c := range map[string]struct {
		says  string
		asked []any
	}{
		"config diff":             {preview, []any{dry}},
		"config reload --dry-run": {preview, []any{dry}},
		"config reload":           {preview + "it is in force\n", []any{dry, wet}},
	} {
		f := &fakeFleet{reload: aReload()}
		out, _, err := execute(t, append(strings.Fields(line), "--socket", serve(t, f))...)
		if err != nil || out != c.says || !reflect.DeepEqual(f.asked, c.asked) {
			t.Errorf("%s: error is %v, asked %v, printed\n%s", line, err, f.asked, out)
		}
	}
	f := &fakeFleet{reload: aReload()}
	out, _, err := execute(t, "config", "reload", "-o", "json", "--socket", serve(t, f))
	var got httpd.ReloadReport
	if err != nil || json.Unmarshal([]byte(out), &got) != nil || !got.Applied || len(got.Groups) != 3 {
		t.Errorf("error is %v, as JSON\n%s", err, out)
	}
}

func TestAReloadThatNeedsARestartIsNotDone(t *testing.T) {
	t.Parallel()
	f := &fakeFleet{reload: httpd.ReloadReport{RestartNeeded: []string{"listen"}}}
	out, _, err := execute(t, "config", "reload", "--socket", serve(t, f))
	asJSON, _, jsonErr := execute(t, "config", "reload", "-o", "json", "--socket", serve(t, &fakeFleet{reload: f.reload}))
	var got httpd.ReloadReport
	if statusOf(jsonErr) != refusedStatus || json.Unmarshal([]byte(asJSON), &got) != nil || got.Applied || len(got.RestartNeeded) != 1 {
		t.Errorf("status %d, as JSON\n%s", statusOf(jsonErr), asJSON)
	}
	if statusOf(err) != refusedStatus || !strings.Contains(out, "! listen is another, and only a restart takes that over") || len(f.asked) != 1 {
		t.Errorf("status %d, asked %v, printed\n%s", statusOf(err), f.asked, out)
	}
}

func TestAnotherFileThanTheDaemonsIsRefused(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"config diff staging.yaml", "config reload staging.yaml"} {
		f := &fakeFleet{reload: aReload()}
		_, _, err := execute(t, append(strings.Fields(line), "--socket", serve(t, f))...)
		if statusOf(err) != usageStatus || !strings.Contains(err.Error(), "the daemon's own file") || !strings.Contains(err.Error(), "`autoscaled check staging.yaml`") || f.asked != nil {
			t.Errorf("%s: status %d, error is %v, asked %v", line, statusOf(err), err, f.asked)
		}
	}
}

func TestAFileThatChangesNothingSaysSo(t *testing.T) {
	t.Parallel()
	out, _, err := execute(t, "config", "diff", "--socket", serve(t, &fakeFleet{}))
	if err != nil || out != "the file changes nothing\n" {
		t.Errorf("error is %v, printed %q", err, out)
	}
}

func TestATokenComesWithTheEntryThatKnowsIt(t *testing.T) {
	t.Parallel()
	out, _, err := execute(t, "config", "token", "deploy", "--role", "operate")
	token, rest, _ := strings.Cut(out, "\n")
	sum := sha256.Sum256([]byte(token))
	_, entry, found := strings.Cut(rest, "\n\nweb:\n")
	if err != nil || len(token) < 40 || !found || !strings.Contains(entry, hex.EncodeToString(sum[:])) || strings.Contains(rest, token) {
		t.Fatalf("error is %v, printed\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "with-token.yaml")
	if err := os.WriteFile(file, []byte(page(t, "configs/minimal.yaml")+"\nweb:\n"+entry), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, err := execute(t, "check", file); err != nil {
		t.Errorf("the entry is none: %s", errs)
	}
	out, _, err = execute(t, "config", "token", "deploy", "-o", "json")
	var made madeToken
	if err != nil || json.Unmarshal([]byte(out), &made) != nil || made.Role != "read" || made.Token == token || made.Name != "deploy" {
		t.Errorf("error is %v, as JSON\n%s", err, out)
	}
}
