package monitor

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
)

// asking is a server that answers every query with one value for each of the groups web
// and db, and counts the queries.
func asking(t *testing.T) (server *prom.Server, asked *atomic.Int32) {
	asked = new(atomic.Int32)
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		at := r.FormValue("time")
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[`+
			`{"metric":{"group":"web"},"value":[%s,"250"]},{"metric":{"group":"db"},"value":[%s,"40"]}]}}`, at, at)
	}))
	t.Cleanup(prometheus.Close)
	server, err := prom.NewServer(config.Prometheus{URL: prometheus.URL, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server, asked
}

func querying(t *testing.T, server *prom.Server, group string) *Monitor {
	t.Helper()
	m, err := New(Options{
		Group:      config.Group{Name: group, Interval: time.Hour, Signals: []config.Signal{{Name: "rate", Query: "rate", Staleness: time.Minute}}},
		Queries:    map[string]config.Query{"rate": {PromQL: "rate", GroupLabel: "group"}},
		Prometheus: server,
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAQueryOfManyGroupsIsAskedOnceAndGivesEachItsOwn(t *testing.T) {
	t.Parallel()
	server, asked := asking(t)
	now := time.Now()
	for group, want := range map[string]float64{"web": 250, "db": 40} {
		if value, ok := querying(t, server, group).Read(t.Context(), now, nil, nil)[0].Group.Value(); !ok || value != want {
			t.Errorf("%s has %v, want %v", group, value, want)
		}
	}
	if got := asked.Load(); got != 1 {
		t.Errorf("asked %d times, want once for both", got)
	}
}

// An extra reading comes before the group's next one is due: of its own clock hardly
// anything has passed since the first.
func TestAnExtraReadingTakesNoAnswerThatOthersHadBefore(t *testing.T) {
	t.Parallel()
	server, asked := asking(t)
	m, now := querying(t, server, "web"), time.Now()
	m.Read(t.Context(), now, nil, nil)
	m.Read(t.Context(), now.Add(5*time.Second), nil, nil)
	if got := asked.Load(); got != 2 {
		t.Errorf("asked %d times, want once more for what is now", got)
	}
	querying(t, server, "db").Read(t.Context(), now.Add(10*time.Second), nil, nil)
	if got := asked.Load(); got != 2 {
		t.Errorf("asked %d times, want none for a reading in its turn", got)
	}
}
