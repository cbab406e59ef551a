package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// polls lets a poller of the kind poll so often once it is warm, and returns what it counted meanwhile.
func polls(t *testing.T, j job, count uint64) (done, lacking uint64) {
	t.Helper()
	p, err := pollers[j.Kind](t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	if err := p.settle(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	before, lacked := p.done()
	if err := p.wait(t.Context(), 0, before-lacked+count, time.Minute); err != nil {
		t.Fatal(err)
	}
	done, lacking = p.done()
	return done - before, lacking - lacked
}

func TestEverySideGetsValues(t *testing.T) {
	t.Parallel()
	agentPort, echoPort := serving(t, agents()), serving(t, echo(300))
	for _, j := range []job{
		{Kind: "echo", Port: echoPort, Agents: 10, AtOnce: 16},
		{Kind: "gosnmp", Port: agentPort, Agents: 5, AtOnce: 2},
		{Kind: "gosnmp", Port: agentPort, Agents: 5, AtOnce: 2, Secure: true},
		{Kind: "monitor", Port: agentPort, Agents: 25, AtOnce: 2},
		{Kind: "monitor", Port: agentPort, Agents: 25, AtOnce: 2, ReadOnly: true},
		{Kind: "monitor", Port: agentPort, Agents: 5, AtOnce: 2, Secure: true},
	} {
		done, lacking := polls(t, j, 100)
		if done < 100 || lacking > done/10 {
			t.Errorf("%+v: %d of %d polls brought no value", j, lacking, done)
		}
	}
}

func TestBothSidesReadPages(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "page.txt")
	page := "# TYPE node_load1 gauge\nnode_load1 0.5\n# TYPE node_memory_MemAvailable_bytes gauge\nnode_memory_MemAvailable_bytes 4e9\n" +
		"# TYPE node_memory_MemTotal_bytes gauge\nnode_memory_MemTotal_bytes 8e9\n"
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	port, wait, err := answerWithPage(ctx, job{Page: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := wait(); err != nil {
			t.Error(err)
		}
	})
	for _, kind := range []string{"pages", "expfmt"} {
		if done, lacking := polls(t, job{Kind: kind, Port: port, Agents: 10, AtOnce: 2}, 50); done < 50 || lacking > 0 {
			t.Errorf("%s: %d of %d pages brought no value", kind, lacking, done)
		}
	}
}

func TestTheConfigurationOfManyGroupsIsGood(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		text := fmt.Sprintf(provider, "8013") + "groups:\n"
		for i := range 30 {
			text += groupText(i, agentSignals(10161, secure), agentPolicies)
		}
		c, err := parseConfig(text)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Groups) != 30 {
			t.Errorf("there are %d groups", len(c.Groups))
		}
		for name, group := range c.Groups {
			if len(group.Signals) != 3 || len(group.Policies) != 3 || group.Interval != 10*time.Second || group.Acts() {
				t.Errorf("%s has %d signals and %d policies, decides every %s, and acts: %t", name, len(group.Signals), len(group.Policies), group.Interval, group.Acts())
			}
		}
	}
}

func TestEachGroupHasAgentsOfItsOwn(t *testing.T) {
	t.Parallel()
	seen, codes := map[string]bool{}, codesOf(100_000)
	for i := range 10_000 {
		for _, target := range appendTargets(nil, i, codes) {
			if !target.Address.IsLoopback() || seen[target.Code] {
				t.Fatalf("group %d has %s", i, target.Code)
			}
			seen[target.Code] = true
		}
	}
	if last := appendTargets(nil, 2, codesOf(25)); len(last) != 5 || len(seen) != 100_000 {
		t.Errorf("the last of 25 agents are %v, and of 100000 there are %d", last, len(seen))
	}
}

func TestPrometheusHasAGaugeOfEveryHost(t *testing.T) {
	t.Parallel()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(gaugePage()))
	if err != nil {
		t.Fatal(err)
	}
	if hosts := len(families["load"].GetMetric()); hosts != askingGroups*hostsEach {
		t.Errorf("it has %d", hosts)
	}
}

func TestSeriesThatBeginAlikeAreAddedUp(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("# TYPE missing gauge\nmissing{group=\"a\"} 1\nmissing{group=\"b\"} 0.5\nother 7\n"))
	}))
	defer server.Close()
	found, err := readSamples(t.Context(), server.URL, "missing{", "none")
	if err != nil {
		t.Fatal(err)
	}
	if found["missing{"] != (tally{2, 1.5}) || found["none"] != (tally{}) {
		t.Errorf("they are %+v", found)
	}
}
