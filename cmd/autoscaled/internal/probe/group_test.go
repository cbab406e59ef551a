package probe

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

var here = netip.MustParseAddr("127.0.0.1")

// configured is the path of a configuration whose group web has the signals.
func configured(t *testing.T, providers, signals string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "autoscaled.yaml")
	text := fmt.Sprintf(`
providers:
  gio: {type: gp, gp_service_code: gp00000001, %s}
groups:
  web:
    provider: gio
    min: 1
    max: 3
    template: {source: gc00000001, type: V40, ssh_public_key: file:/does/not/exist/id_rsa.pub}
    signals:
      %s
    policies:
      - target: {signal: load, value: 60}
`, providers, strings.ReplaceAll(signals, "\n", "\n      "))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const absentKeys = "access_key: env:AUTOSCALED_NO_SUCH_KEY, secret_key: file:/does/not/exist/gp.key"

// serve serves pages at the returned port of 127.0.0.1.
func serve(t *testing.T, page func() string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, page()) }))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func newGroup(t *testing.T, file string, o GroupOptions) (*Group, error) {
	t.Helper()
	c, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	o.Config = c
	if o.Group == "" {
		o.Group = "web"
	}
	g, err := NewGroup(o)
	if err == nil {
		t.Cleanup(g.Close)
	}
	return g, err
}

func names(look GroupLook) (list []string) {
	for _, s := range look.Signals {
		list = append(list, s.Name)
	}
	return list
}

func TestAGroupIsReadAsConfigured(t *testing.T) {
	t.Parallel()
	var total atomic.Int64
	port := serve(t, func() string { return fmt.Sprintf("load 42\nhits_total %d\n", total.Add(1000)) })
	file := configured(t, absentKeys, "load: {scrape: {port: "+port+", metric: load}}\nhits: {scrape: {port: "+port+", metric: hits_total, kind: counter}}\n"+
		"other: {scrape: {port: "+port+", metric: other}}\nbest: {first_of: [other, load]}")
	g, err := newGroup(t, file, GroupOptions{Instances: []netip.Addr{here}})
	if err != nil {
		t.Fatal(err)
	}
	waits := 0
	look := g.Look(t.Context(), time.Millisecond, func(Step) { waits++ })
	if waits != 1 || total.Load() != 2000 {
		t.Errorf("it waited %d times, and fetched the page %d times", waits, total.Load()/1000)
	}
	if !slices.Equal(names(look), []string{"load", "hits", "other", "best"}) || len(look.Requests) != 1 {
		t.Fatalf("got %+v", look)
	}
	at := func(i int) fleet.InstanceReport { return look.Signals[i].Instances[0] }
	if load := at(0); load.Value == nil || *load.Value != 42 || load.Fault != "" || load.Instance != "127.0.0.1" {
		t.Errorf("load is %+v", load)
	}
	if hits := at(1); hits.Value == nil || *hits.Value <= 0 {
		t.Errorf("hits is %+v", hits)
	}
	if other := at(2); other.Value != nil || other.Quality != "absent" {
		t.Errorf("other is %+v", other)
	}
	if best := at(3); best.Value == nil || *best.Value != 42 || !strings.Contains(best.Fault, "load stands in for other") {
		t.Errorf("best is %+v", best)
	}
	if quorum := g.Quorum("load"); quorum != 1 {
		t.Errorf("the quorum is %v", quorum)
	}
}

func TestOnlyTheSignalsThatAreAskedForAreShownAndReadWithWhatTheyNeed(t *testing.T) {
	t.Parallel()
	var fetched atomic.Int32
	port, silent := serve(t, func() string { return "load 42\n" }), serve(t, func() string { fetched.Add(1); return "" })
	file := configured(t, absentKeys, "load: {scrape: {port: "+port+", metric: load}}\ndead: {scrape: {port: "+silent+", metric: dead}}\ntwice: {formula: load * 2}")
	g, err := newGroup(t, file, GroupOptions{Signals: []string{"twice"}, Instances: []netip.Addr{here}})
	if err != nil {
		t.Fatal(err)
	}
	look := g.Look(t.Context(), time.Millisecond, func(Step) { t.Error("it waits for no counter") })
	if !slices.Equal(names(look), []string{"twice"}) || look.Signals[0].Value == nil || *look.Signals[0].Value != 84 || fetched.Load() != 0 {
		t.Errorf("got %+v, and what was not asked for was read %d times", look, fetched.Load())
	}
}

func TestACounterBehindASilentInstanceIsReadTwiceToo(t *testing.T) {
	t.Parallel()
	var total atomic.Int64
	port := serve(t, func() string { return fmt.Sprintf("hits_total %d\n", total.Add(1000)) })
	file := configured(t, absentKeys, "load: {scrape: {port: "+port+", metric: hits_total, kind: counter}}")
	nobody := netip.MustParseAddr("127.255.0.9")
	g, err := newGroup(t, file, GroupOptions{Instances: []netip.Addr{nobody, here}})
	if err != nil {
		t.Fatal(err)
	}
	if load := g.Look(t.Context(), time.Millisecond, func(Step) {}).Signals[0]; load.Measured != 1 || load.Instances[1].Value == nil {
		t.Errorf("got %+v", load)
	}
}

func TestWhatTheFileLacksIsToldWithTheNearestName(t *testing.T) {
	t.Parallel()
	file := configured(t, absentKeys, "load: {scrape: {metric: load}}")
	for want, o := range map[string]GroupOptions{
		"has no group `wev`: did you mean `web`?":         {Group: "wev"},
		"there is no signal `loda`: did you mean `load`?": {Signals: []string{"loda"}},
	} {
		if _, err := newGroup(t, file, o); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), file) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

func TestSecretsThatNoSourceIsAskedWithAreNotNeeded(t *testing.T) {
	for name, absent := range map[string][2]string{
		"variables":   {"env:AUTOSCALED_NO_SUCH_KEY", "env:AUTOSCALED_NO_SUCH_TOKEN"},
		"files":       {"file:/does/not/exist", "file:/etc/passwd"},
		"credentials": {"credential:gp.access", "credential:token"},
	} {
		for _, directory := range []string{"", t.TempDir()} {
			t.Setenv("CREDENTIALS_DIRECTORY", directory)
			keys := fmt.Sprintf("access_key: %[1]s, secret_key: %[1]s", absent[0])
			if _, err := Load(configured(t, keys, "load: {scrape: {metric: load}}\njobs: {push: {token: "+absent[1]+"}}")); err != nil {
				t.Errorf("%s, credentials in %q: %v", name, directory, err)
			}
		}
	}
}

func TestSecretsOfTheSourcesAreRead(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", t.TempDir())
	if err := os.WriteFile(filepath.Join(os.Getenv("CREDENTIALS_DIRECTORY"), "community"), []byte("c0mmunity\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ reference, want, says string }{
		"a file":            {confide(t, "c0mmunity"), "c0mmunity", ""},
		"a credential":      {"credential:community", "c0mmunity", ""},
		"no such file":      {"file:/does/not/exist/community", "", ":11:52: groups.web.signals.load.snmp.community: "},
		"no such variable":  {"env:AUTOSCALED_NO_SUCH_COMMUNITY", "", "the variable AUTOSCALED_NO_SUCH_COMMUNITY is not set"},
		"open to everybody": {"file:/etc/passwd", "", "chmod go-rwx /etc/passwd"},
	} {
		read, err := Load(configured(t, absentKeys, "load: {snmp: {oid: 1.3.6.1.2.1.1, community: "+c.reference+"}}"))
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.says == "" && read.Groups["web"].Signals[0].SNMP.Community.Reveal() != c.want:
			t.Errorf("%s: the community is another", name)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: error is %v, want %q", name, err, c.says)
		}
	}
}
