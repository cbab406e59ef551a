package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/test/bench/process"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newLoad(t *testing.T, groups int) *load {
	t.Helper()
	l, err := serveLoad()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	l.groups.Store(int64(groups))
	return l
}

func TestTheConfigurationOfEveryModeIsGood(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{modeQuery, modePromQL, modeRange} {
		directory := t.TempDir()
		b := &bench{load: newLoad(t, 30)}
		path := filepath.Join(directory, "autoscaled.yaml")
		if err := os.WriteFile(path, []byte(b.config(directory, "127.0.0.1:9469", "8013", 30, mode)), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Check(path)
		if err != nil {
			t.Errorf("%s: %v", mode, err)
			continue
		}
		if len(c.Groups) != 30 {
			t.Errorf("%s: %d groups", mode, len(c.Groups))
		}
		for _, group := range c.Groups {
			if group.Interval != interval || group.Acts() {
				t.Errorf("%s: group %s decides every %s, and acts: %t", mode, group.Name, group.Interval, group.Acts())
			}
		}
	}
}

// ask is the stand-in's answer.
func ask(t *testing.T, url string) []series {
	t.Helper()
	response, err := process.Client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Data struct{ Result []series } }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Data.Result
}

func TestTheLoadIsAskedForOneGroupOrAllAtOnceOrOverAMinute(t *testing.T) {
	t.Parallel()
	l := newLoad(t, 7)
	if all := ask(t, l.url+"/api/v1/query?query=load&time=1800000000"); len(all) != 7 || all[6].Metric["group"] != groupName(6) {
		t.Errorf("of all it is %v", all)
	}
	if one := ask(t, l.url+`/api/v1/query?query=load%7Bgroup%3D%22g00003%22%7D&time=1800000000`); len(one) != 1 || one[0].Metric["group"] != groupName(3) {
		t.Errorf("of one it is %v", one)
	}
	over := ask(t, l.url+`/api/v1/query_range?query=load%7Bgroup%3D%22g00003%22%7D&start=1800000000&end=1800000060&step=1`)
	if len(over) != 1 || len(over[0].Values) != 61 {
		t.Errorf("over a minute it is %v", over)
	}
	if asked := l.asked.Load(); asked != 3 {
		t.Errorf("%d queries were counted", asked)
	}
}

func TestTheLoadWaversWithoutLeavingTheTolerance(t *testing.T) {
	t.Parallel()
	different := map[float64]bool{}
	for second := range 1000 {
		value := at("g00001", time.Unix(int64(second), 0))
		if ratio := value / (instancesEach * loadEach); ratio < 0.95 || ratio > 1.05 {
			t.Fatalf("at second %d it is %v", second, value)
		}
		different[value] = true
	}
	if len(different) < 900 {
		t.Errorf("only %d values differ", len(different))
	}
}

func TestAPageIsReadForWhatItSaysOfTheDaemon(t *testing.T) {
	t.Parallel()
	text := `# TYPE autoscaled_decisions_total counter
autoscaled_decisions_total{direction="none",group="a",reason="steady"} 3
autoscaled_decisions_total{direction="out",group="b",reason="want"} 1
autoscaled_group_wakes_total{group="a"} 9
autoscaled_scheduler_lag_seconds_bucket{le="0.001"} 60
autoscaled_scheduler_lag_seconds_bucket{le="0.5"} 100
autoscaled_scheduler_lag_seconds_bucket{le="+Inf"} 100
autoscaled_scheduler_lag_seconds_count 100
go_goroutines 12
`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }))
	defer server.Close()
	p, err := readPage(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if sum, steady := p.sum("autoscaled_decisions_total"), p.sumWith("autoscaled_decisions_total", `direction="none"`); sum != 4 || steady != 3 {
		t.Errorf("it has %v decisions, %v of them steady", sum, steady)
	}
	if p.bytes != len(text) || p.sum("go_goroutines") != 12 || p.sum("autoscaled_group_wakes_total") != 0 {
		t.Errorf("it is %+v", p)
	}
	if lag := p.quantiles("autoscaled_scheduler_lag_seconds", page{}); lag != [2]string{"0.001", "0.5"} {
		t.Errorf("the lag is %v", lag)
	}
}

func TestThePeerSeesEveryGroupOfItsJobs(t *testing.T) {
	t.Parallel()
	text := policies(groupsPerJob+1, "instant")
	if strings.Count(text, `query_window = "instant"`) != groupsPerJob+1 || strings.Count(text, `Job   = "job1"`) != 1 {
		t.Errorf("the policies are\n%s", text)
	}
	if groups := scaleOf("job1")["TaskGroups"].(map[string]any); groups[groupName(groupsPerJob)] == nil || len(groups) != groupsPerJob {
		t.Errorf("job1 has %v", groups)
	}
}
