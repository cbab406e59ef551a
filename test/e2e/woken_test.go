package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

// A group that is read once in five minutes decides on what was pushed as soon as a trap
// comes, and what it decided is explained after the daemon was killed.
func TestATrapMakesAGroupDecideAtOnceAndTheDecisionIsKept(t *testing.T) {
	t.Parallel()
	snmptrap := tool(t, "snmptrap")
	s := newScene(t)
	sim := s.simulate()
	const token = "0123456789abcdef"
	s.write("token", token)
	if err := os.Chmod(s.path("token"), 0o600); err != nil {
		t.Fatal(err)
	}
	configuration := s.configuration(sim.endpoint(), fmt.Sprintf("jobs: {push: {token: 'file:%s'}}", s.path("token")), "{target: {signal: jobs, per_instance: 10}}")
	configuration = strings.NewReplacer(
		"listen: "+s.host+":0\n", fmt.Sprintf("listen: %[1]s:9469\ntraps: {listen: '%[1]s:10162', senders: [{from: 127.0.0.0/8, community: public}]}\n", s.host),
		"    interval: 200ms\n", "    interval: 5m\n    traps: [{oid: 1.3.6.1.4.1.8072.4, from: 127.0.0.0/8}]\n",
	).Replace(configuration)
	d := s.run(configuration)
	d.until(soon, "daemon that sees its instances", func(g fleet.GroupStatus) error {
		if g.Serving != least {
			return fmt.Errorf("%d serve", g.Serving)
		}
		return nil
	})

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.host+":9469/v1/push/web/jobs", strings.NewReader(`{"value": 42}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the push is answered with %s", response.Status)
	}
	if g, err := d.group(); err != nil || !g.Decision.At.IsZero() {
		t.Fatalf("before the trap it decided %+v (%v)", g.Decision, err)
	}
	if said, err := exec.CommandContext(t.Context(), snmptrap, "-v2c", "-c", "public", s.host+":10162", "", "1.3.6.1.4.1.8072.4.0.2").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	d.restsAt(most)

	expect(t, "web is held at 3 for 1h; `autoscaled resume web` ends it\n", "hold", "web", "3", "--for", "1h", "--by", "Sato", "--socket", s.socket())
	if status, said := run(t, "explain", "web", "--socket", s.socket()); status != 0 || !strings.Contains(said, "policy target/jobs wants 5: jobs is 42, target 10\n") {
		t.Errorf("explain ended with status %d and said\n%s", status, said)
	}
	d.kill()
	status, said := run(t, "history", "web", "--history", s.path("state/history"))
	for _, want := range []string{"  2 → 5 (5 wanted), the policies want exactly this\n", "  hold 3 by Sato (unix:"} {
		if status != 0 || !strings.Contains(said, want) {
			t.Errorf("history ended with status %d and lacks %q:\n%s", status, want, said)
		}
	}
	if status, said := run(t, "history", "verify", "--history", s.path("state/history")); status != 0 {
		t.Errorf("verify ended with status %d and said\n%s", status, said)
	}
}
