package config

import (
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/secret"
)

// agentsOf are the SNMP sections of a file's group web, by the signal's name.
func agentsOf(t *testing.T, path string) map[string]SNMP {
	t.Helper()
	config, err := parseFile(t, path)
	if err != nil {
		t.Fatal(err)
	}
	agents := map[string]SNMP{}
	for _, signal := range config.Groups["web"].Signals {
		agents[signal.Name] = *signal.SNMP
	}
	return agents
}

// same compares what holds secrets by what they hold.
func same(a, b SNMP) bool {
	for _, pair := range [][2]*secret.Secret{{&a.Community, &b.Community}, {&a.Auth.Passphrase, &b.Auth.Passphrase}, {&a.Privacy.Passphrase, &b.Privacy.Passphrase}} {
		if pair[0].Reveal() != pair[1].Reveal() {
			return false
		}
		*pair[0], *pair[1] = secret.Secret{}, secret.Secret{}
	}
	return a == b
}

func TestAgentsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	usual := agentsOf(t, "../../configs/minimal.yaml")["cpu"]
	with := func(change func(*SNMP)) SNMP {
		changed := usual
		change(&changed)
		return changed
	}
	first, second := secret.New("content-of-variable"), secret.New("content-of-other-variable")
	want := map[string]SNMP{
		"cpu": with(func(s *SNMP) {
			s.Profile, s.Version, s.Community, s.User, s.Context = "cpu_load_hr", "v3", secret.Secret{}, "reader", "rack-7"
			s.Auth, s.Privacy = SNMPKey{"sha256", first}, SNMPKey{"aes", second}
		}),
		"plain": with(func(s *SNMP) {
			s.Profile, s.Version, s.Community, s.User = "memory_used", "v3", secret.Secret{}, "reader"
		}),
		"old":     with(func(s *SNMP) { s.Profile, s.Version, s.Community = "load15", "v1", first }),
		"traffic": with(func(s *SNMP) { s.Profile, s.Interface, s.InterfaceName = "network_in_utilization", 0, "eth0" }),
		"errors":  with(func(s *SNMP) { s.Profile, s.Interface = "network_errors", 7 }),
		"disk":    with(func(s *SNMP) { s.Profile, s.Path = "disk_used", "/var/lib" }),
		"queue": with(func(s *SNMP) {
			s.Profile, s.OID, s.Port = "", "1.3.6.1.4.1.8072.1.3.2.4.1.2.5.113.117.101.117.101.1", 1161
		}),
		"sessions": with(func(s *SNMP) {
			s.Profile, s.OID, s.Counter, s.Table, s.Scale, s.Max = "", "1.3.6.1.4.1.9999.1.2.1.5", true, "sum", 0.5, 20000
		}),
		"column": with(func(s *SNMP) { s.Profile, s.OID, s.Table, s.Max = "", "1.3.6.1.2.1.6.9.0", "avg", 10 }),
	}
	got := agentsOf(t, "testdata/good/snmp.yaml")
	if len(got) != len(want) {
		t.Errorf("%d signals, want %d", len(got), len(want))
	}
	for name, agent := range want {
		if !same(got[name], agent) {
			t.Errorf("%s is\n%+v, want\n%+v", name, got[name], agent)
		}
	}
}

func TestAShortPassphraseIsRefusedAndNotShown(t *testing.T) {
	t.Parallel()
	scene := furnished()
	scene.variables["SECRET"] = "7-bytes"
	_, err := Parse("short.yaml", contents(t, "testdata/good/snmp.yaml"), scene.env())
	if err == nil || !strings.Contains(err.Error(), "groups.web.signals.cpu.snmp.auth.passphrase: env:SECRET holds a passphrase of less than 8 bytes") {
		t.Errorf("got %v", err)
	}
	if err != nil && strings.Contains(err.Error(), "7-bytes") {
		t.Errorf("%v shows it", err)
	}
	if _, err := Parse("short.yaml", contents(t, "testdata/good/snmp.yaml"), Env{SkipSecrets: true}); err != nil {
		t.Errorf("without secrets: %v", err)
	}
}

func TestProfilesThatAreBuiltInHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	text := strings.Replace(string(contents(t, "testdata/good/snmp.yaml")), "  queue: {oid", "  load1: {oid", 1)
	_, err := Parse("twice.yaml", []byte(text), furnished().env())
	if err == nil || !strings.Contains(err.Error(), "profiles.load1: is the name of a profile that is built in") {
		t.Errorf("got %v", err)
	}
	if names := SNMPProfiles(); len(names) < 15 {
		t.Errorf("profiles %q", names)
	}
}
