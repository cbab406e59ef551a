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

	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheConfigurationIsGood(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	b := &bench{groups: 30}
	path := filepath.Join(directory, "autoscaled.yaml")
	if err := os.WriteFile(path, []byte(b.config(directory, []string{"9469", "8013"})), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Check(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range c.Groups {
		if group.Interval != time.Second || group.Acts() || group.Signals[0].Push == nil {
			t.Errorf("group %s decides every %s, and acts: %t", group.Name, group.Interval, group.Acts())
		}
	}
	if len(c.Groups) != 30 {
		t.Errorf("%d groups", len(c.Groups))
	}
}

func TestTheLagIsThatOfWhatCameInBetween(t *testing.T) {
	t.Parallel()
	looks := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		looks++
		fmt.Fprintf(w, "autoscaled_scheduler_lag_seconds_bucket{le=\"0.001\"} %d\nautoscaled_scheduler_lag_seconds_bucket{le=\"0.5\"} %d\n", 100*looks, 200*looks)
		fmt.Fprintf(w, "autoscaled_scheduler_lag_seconds_bucket{le=\"+Inf\"} %d\nautoscaled_scheduler_lag_seconds_sum %d\nautoscaled_scheduler_lag_seconds_count %d\n", 200*looks, 4*looks, 200*looks)
	}))
	defer server.Close()
	b := &bench{url: server.URL}
	before, err := b.lag()
	if err != nil {
		t.Fatal(err)
	}
	after, err := b.lag()
	if err != nil {
		t.Fatal(err)
	}
	if got := after.since(before); got.evaluations != 200 || got.mean != 20*time.Millisecond || got.p99 != "0.5" {
		t.Errorf("it is %+v", got)
	}
}

func TestWhatGoesWrongIsNotPassedOver(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			http.Error(w, "broken", http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	l := &looking{bench: &bench{url: server.URL, groups: 3, dashboards: 2, readsPerSecond: 200, stream: "/ui/events"}}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	l.look(ctx)
	if err := l.verdict(); err == nil || l.wrong.Load() == 0 || l.lost.Load() != 2 || l.reads.Load() < l.wrong.Load() {
		t.Errorf("%v: %v", err, l)
	}
}
