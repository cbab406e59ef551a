package snmp

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/snmp.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryProfileIsDocumentedWithItsObjects(t *testing.T) {
	t.Parallel()
	ceilings := map[string]string{} // by the profile's name
	text := page(t)
	for line := range strings.Lines(text) {
		cells := strings.Split(line, "|")
		if len(cells) != 8 {
			continue
		}
		for name := range strings.SplitSeq(cells[1], ",") {
			ceilings[strings.Trim(name, " `")] = strings.TrimSpace(cells[4])
		}
	}
	for name, p := range profiles {
		ceiling, ok := ceilings[name]
		if !ok || (ceiling == "1") != (p.ceiling == 1) {
			t.Errorf("%s is documented: %v, with the ceiling %q, and has %v", name, ok, ceiling, p.ceiling)
		}
		family := strings.TrimSuffix(strings.TrimPrefix(p.objects[0].oid, "."), ".0")
		if family = family[:strings.LastIndexByte(family, '.')]; !strings.Contains(text, "`"+family+".") {
			t.Errorf("%s is of %s, which the page does not name", name, family)
		}
	}
}

var confBlock = regexp.MustCompile("(?s)```[a-z]*\n(agentaddress.*?)```")

func TestTheDocumentedAgentCanBeRead(t *testing.T) {
	t.Parallel()
	blocks := confBlock.FindAllStringSubmatch(page(t), -1)
	if len(blocks) != 1 {
		t.Fatalf("%d configurations of snmpd", len(blocks))
	}
	conf := strings.NewReplacer("agentaddress udp:161\n", "", "10.0.0.0/8", "127.0.0.0/8").Replace(blocks[0][1])
	agent := startSNMPd(t, "127.53.0.6", strings.Split(conf, "\n")...)
	var of []config.SNMP
	for _, name := range config.SNMPProfiles() {
		of = append(of, config.SNMP{Profile: name, InterfaceName: "lo", Path: "/"})
	}
	for version, options := range map[string]Options{
		"v2c": {},
		"v3": {
			Version: "v3", User: "autoscaled",
			Auth:    config.SNMPKey{Protocol: "sha256", Passphrase: secret.New("passphrase")},
			Privacy: config.SNMPKey{Protocol: "aes", Passphrase: secret.New("another passphrase")},
		},
	} {
		for i, got := range agent.read(options, of...).Read(t.Context()) {
			if got.Sample.Why() == policy.Failed || got.Err != nil && strings.Contains(got.Err.Error(), "allow it in the agent's view") {
				t.Errorf("%s: %s: %v", version, of[i].Profile, got.Err)
			}
		}
	}
}

func TestEveryReasonToDropATrapIsDocumented(t *testing.T) {
	t.Parallel()
	text := page(t)
	for _, reason := range TrapDropReasons {
		if !regexp.MustCompile("(?m)^\\|[a-z_`, ]*`" + reason + "`").MatchString(text) {
			t.Errorf("%s is not explained", reason)
		}
	}
}
