package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/simcloud"
	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/store"
)

// lost is an installation whose state is to be made anew: a simulated cloud, with a
// directory that holds the configuration and the state.
type lost struct {
	cloud     *gpsim.Sim
	server    *httptest.Server
	directory string
}

func loseState(t *testing.T) *lost {
	t.Helper()
	cloud, err := gpsim.New(gpsim.Options{
		Accounts: []gpsim.Account{{AccessKey: simcloud.AccessKey, SecretKey: secret.New(simcloud.SecretKey), GpServiceCode: simcloud.GpServiceCode}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	l := &lost{cloud: cloud, server: server, directory: t.TempDir()}
	l.add(t, simcloud.Template, "web template", gpsim.StatusStopped)
	serving := l.add(t, simcloud.First, actions.Mark("tokyo", "web", simcloud.First), gpsim.StatusRunning)
	if err := cloud.AddFwLb(simcloud.GlServiceCode, map[string][]netip.AddrPort{simcloud.Pool: {netip.AddrPortFrom(serving, 80)}}); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"access-key": simcloud.AccessKey, "secret-key": simcloud.SecretKey, "autoscaled.yaml": fmt.Sprintf(`
state: %[1]s/state
socket: /run/autoscaled/own.sock
providers:
  gio:
    type: gp
    endpoint: %[2]s
    gp_service_code: gp00000001
    access_key: file:%[1]s/access-key
    secret_key: file:%[1]s/secret-key
    calls_per_second: 50
groups:
  web:
    provider: gio
    mode: act
    min: 2
    max: 5
    template: {source: gc00000001, type: V40}
    balancers: [{gp: {gl_service_code: gl00000001, pool: web, port: 80}}]
    signals: {cpu: {snmp: {profile: cpu_busy}}}
    policies: [target: {signal: cpu, value: 60%%}]
  batch:
    provider: gio
    min: 1
    max: 2
    template: {source: gc00000001, type: V40}
    signals: {cpu: {snmp: {profile: cpu_busy}}}
    policies: [target: {signal: cpu, value: 60%%}]
`, l.directory, server.URL+"/json"),
	} {
		if err := os.WriteFile(filepath.Join(l.directory, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// add adds a machine to the cloud and returns its address.
func (l *lost) add(t *testing.T, code, label, status string) netip.Addr {
	t.Helper()
	_, address, err := l.cloud.AddMachine(gpsim.MachineSpec{Code: code, Label: label, Status: status, Type: simcloud.Type})
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func (l *lost) path() string { return filepath.Join(l.directory, "state", "autoscaled.db") }

func (l *lost) damage(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(l.path()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.path(), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (l *lost) recover(t *testing.T, args ...string) (out string, err error) {
	t.Helper()
	out, _, err = execute(t, append([]string{"recover", "--from-cloud", "--config", filepath.Join(l.directory, "autoscaled.yaml")}, args...)...)
	return l.steady(out), err
}

var (
	instant = regexp.MustCompile(`\d{8}T\d{6}Z`)
	date    = regexp.MustCompile(`\d{4}-\d{2}-\d{2}`)
)

// steady is what was said, without what differs from run to run.
func (l *lost) steady(text string) string {
	text = strings.ReplaceAll(text, l.directory, "/var/lib/autoscaled")
	return date.ReplaceAllString(instant.ReplaceAllString(text, "20261122T090000Z"), "2026-11-22")
}

func TestRecoverShowsWhatItFindsAndThenMakesTheState(t *testing.T) {
	t.Parallel()
	l := loseState(t)
	l.add(t, "gc00000011", actions.Mark("tokyo", "web", "gc00000011"), gpsim.StatusStopped)
	l.add(t, "gc00000012", actions.Mark("tokyo", "batch", "gc00000012"), gpsim.StatusRunning)
	l.add(t, "gc00000013", actions.Mark("tokyo", "gone", "gc00000013"), gpsim.StatusRunning)
	l.add(t, "gc00000014", "", gpsim.StatusInitialized)
	l.add(t, "gc00000015", actions.Mark("osaka", "mail", "gc00000015"), gpsim.StatusRunning)
	l.damage(t)
	out, err := l.recover(t)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "recover_dry.txt", out)
	out, err = l.recover(t, "-o", "json")
	var report recoveryReport
	if err != nil || json.Unmarshal([]byte(out), &report) != nil {
		t.Fatalf("error is %v, as JSON\n%s", err, out)
	}
	if report.Installation != "tokyo" || report.State == "" || len(report.Unlabelled) != 1 || len(report.Unconfigured) != 1 || report.Others[0].Code != "gc00000015" || report.Written {
		t.Errorf("as JSON it is %+v", report)
	}
	if web := report.Groups[1]; web.Name != "web" || !web.Acts || len(web.Machines) != 2 || web.Machines[0].Goal != policy.InService || web.Machines[0].Pools == nil {
		t.Errorf("as JSON the group is %+v", web)
	}
	if left, _ := filepath.Glob(l.path() + "*"); len(left) != 1 {
		t.Errorf("without --write, the directory holds %v", left)
	}
	out, err = l.recover(t, "--write")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "recover_write.txt", out)
	if err := store.Check(l.path()); err != nil {
		t.Error(err)
	}

	if out, err = l.recover(t); err != nil || !strings.HasPrefix(out, "nothing is wrong with the state file /var/lib/autoscaled/state/autoscaled.db\n") {
		t.Errorf("on a whole state: %v\n%s", err, out)
	}
	if _, err = l.recover(t, "--write"); err == nil || !strings.Contains(err.Error(), "add --force to do without what it holds") {
		t.Errorf("written on a whole state: %v", err)
	}
	if left, _ := filepath.Glob(l.path() + "*"); len(left) != 2 {
		t.Errorf("the directory holds %v", left)
	}
	if calls := l.cloud.Books().Calls; len(calls) > 0 {
		t.Errorf("something was changed: %+v", calls)
	}
}

func TestRecoverMakesAStateWhereThereIsNone(t *testing.T) {
	t.Parallel()
	l := loseState(t)
	out, err := l.recover(t, "--write")
	if err != nil || !strings.HasPrefix(out, "there is no state file ") || strings.Contains(out, "The old state file") {
		t.Errorf("got %v\n%s", err, out)
	}
	if err := store.Check(l.path()); err != nil {
		t.Error(err)
	}
}

func TestRecoverLeavesTheStateOfARunningDaemonAlone(t *testing.T) {
	t.Parallel()
	l := loseState(t)
	living, err := store.Open(l.path())
	if err != nil {
		t.Fatal(err)
	}
	defer living.Close()
	if out, err := l.recover(t); err != nil || !strings.HasPrefix(out, "another autoscaled already runs") {
		t.Errorf("looking on: %v\n%s", err, out)
	}
	for _, args := range [][]string{{"--write"}, {"--write", "--force"}} {
		if _, err := l.recover(t, args...); err == nil || !strings.Contains(err.Error(), "another autoscaled already runs") {
			t.Errorf("%v: got %v", args, err)
		}
	}
}

func TestRecoverSaysWhatItIsMissing(t *testing.T) {
	t.Parallel()
	l := loseState(t)
	file := filepath.Join(l.directory, "autoscaled.yaml")
	for want, args := range map[string][]string{
		"add --from-cloud":                 {"recover", "--config", file},
		"no such file":                     {"recover", "--from-cloud", "--config", file + ".missing"},
		"write up to 16 of a-z, 0-9 and -": {"recover", "--from-cloud", "--config", file, "--installation", "Tokyo"},
		"unknown command \"web\" for":      {"recover", "--from-cloud", "web"},
	} {
		if _, _, err := execute(t, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v", args, err)
		}
	}
	l.server.Close()
	if _, err := l.recover(t); err == nil || !strings.Contains(err.Error(), "look for this installation's machines: provider gio: ") {
		t.Errorf("with a cloud that is away: %v", err)
	}
}
