package probe

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
)

type keys = map[string]any

// confide puts a secret into a file of its owner's, and returns a reference to it.
func confide(t *testing.T, secret string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file:" + path
}

func TestSettingsMeanWhatTheyMeanInAConfiguration(t *testing.T) {
	t.Parallel()
	signals, _, err := Settings{Signal: keys{"snmp": keys{
		"profile": "network_in", "interface": "eth0", "port": "1161", "timeout": "500ms", "retries": "3", "version": "v3", "user": "autoscaled",
		"auth": keys{"protocol": "sha256", "passphrase": confide(t, "a long passphrase")},
	}}}.Read()
	if err != nil || len(signals) != 1 {
		t.Fatalf("%d signals, %v", len(signals), err)
	}
	got := *signals[0].SNMP
	if got.Auth.Passphrase.Reveal() != "a long passphrase" {
		t.Errorf("the passphrase is %q", got.Auth.Passphrase.Reveal())
	}
	got.Auth.Passphrase = config.SNMPKey{}.Passphrase
	want := config.SNMP{
		Profile: "network_in", InterfaceName: "eth0", Path: "/", Scale: 1, Port: 1161, Timeout: 500 * time.Millisecond, Retries: 3,
		Version: "v3", User: "autoscaled", Auth: config.SNMPKey{Protocol: "sha256"},
	}
	if got != want {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestPagesAndExpressionsAreSettingsToo(t *testing.T) {
	t.Parallel()
	signals, _, err := Settings{Signal: keys{"scrape": keys{
		"url": "https://10.0.0.5/metrics", "metric": "x", "labels": keys{"a": "b: c"}, "kind": "counter", "bearer_token": confide(t, "hush"),
	}}}.Read()
	if err != nil {
		t.Fatal(err)
	}
	if c := signals[0].Scrape; c.URL != "https://10.0.0.5/metrics" || c.Labels["a"] != "b: c" || !c.Counter || c.Access.BearerToken.Reveal() != "hush" {
		t.Errorf("got %+v", c)
	}
	signals, server, err := Settings{Signal: keys{"promql": "a * 2 # b"}, Prometheus: keys{"timeout": "3s"}}.Read()
	if err != nil || signals[0].PromQL != "a * 2 # b" || server.Timeout != 3*time.Second || server.URL != "http://127.0.0.1:9090" {
		t.Errorf("got %+v, %+v, %v", signals, server, err)
	}
}

func TestWithoutAQuantityEveryProfileIsMeant(t *testing.T) {
	t.Parallel()
	signals, _, err := Settings{Signal: keys{"snmp": keys{"interface": "eth0", "path": "/var", "port": "1161"}}}.Read()
	if err != nil {
		t.Fatal(err)
	}
	var profiles []string
	for _, signal := range signals {
		profiles = append(profiles, signal.SNMP.Profile)
		if signal.SNMP.Port != 1161 {
			t.Errorf("%s is asked at port %d", signal.SNMP.Profile, signal.SNMP.Port)
		}
		if network := strings.HasPrefix(signal.SNMP.Profile, "network_"); network != (signal.SNMP.InterfaceName == "eth0") {
			t.Errorf("%s is read of interface %q", signal.SNMP.Profile, signal.SNMP.InterfaceName)
		}
	}
	if !slices.Equal(profiles, config.SNMPProfiles()) {
		t.Errorf("got %q", profiles)
	}
}

func TestWhatIsWrongWithSettingsIsToldOnceAndByTheirKeys(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings Settings
		want     []string
	}{
		"a wrong word":        {Settings{Signal: keys{"snmp": keys{"profile": "cpu_bussy"}}}, []string{"snmp.profile: unknown value `cpu_bussy`: did you mean `cpu_busy`?"}},
		"of every profile":    {Settings{Signal: keys{"snmp": keys{"port": "0"}}}, []string{"snmp.port: 0 is out of range: write 1 to 65535"}},
		"a secret in clear":   {Settings{Signal: keys{"snmp": keys{"oid": "1.3.6.1", "community": "hush"}}}, []string{"snmp.community: is written out, but must be referred to: write file:PATH, env:NAME or credential:NAME"}},
		"a key within a key":  {Settings{Signal: keys{"snmp": keys{"oid": "1.3.6.1", "version": "v3", "user": "a", "auth": keys{"protocol": "sha"}}}}, []string{"snmp.auth.passphrase: is missing: add it"}},
		"of the server":       {Settings{Signal: keys{"promql": "x"}, Prometheus: keys{"url": "ftp://x"}}, []string{"prometheus.url: is not a URL: write for example http://127.0.0.1:9090"}},
		"two, and one is not": {Settings{Signal: keys{"scrape": keys{"url": "x", "metric": "a b"}}}, []string{"scrape.metric: `a b` is not the name of a metric: write for example http_requests_total, and labels under labels", "scrape.url: is not a URL: write for example http://127.0.0.1:9090"}},
	} {
		_, _, err := c.settings.Read()
		var problems config.Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s: error is %v", name, err)
			continue
		}
		var got []string
		for _, p := range problems {
			got = append(got, p.Path+": "+p.Message)
		}
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("%s: got\n%q\nwant\n%q", name, got, c.want)
		}
	}
}
