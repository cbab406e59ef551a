package daemon

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
)

func TestASchedulerThatIsLateIsToldAndOneThatIsOnTimeIsNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p punctual
		if err := p.late(time.Now()); err != nil {
			t.Errorf("before the first turn: %v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		go p.keep(ctx)
		for range 100 {
			time.Sleep(700 * time.Millisecond)
			if err := p.late(time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		stop()
		synctest.Wait()
		time.Sleep(4900 * time.Millisecond)
		if err := p.late(time.Now()); err != nil {
			t.Errorf("late by less than is too much: %v", err)
		}
		time.Sleep(2 * time.Second)
		if err := p.late(time.Now()); err == nil || !strings.Contains(err.Error(), "late: give this machine") {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestOnlyWhatHasAProofOfItsOwnNeedsNoRole(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/livez": true, "/readyz": true, "/healthz": true, "/v1/push/web/jobs": true, "/v1/push/web/jobs/up": true, "/v1/hooks/h-7": true,
		"/": false, "/metrics": false, "/openapi.yaml": false, "/v1/status": false, "/v1/pushed": false, "/livez/": false, "/v1/reload": false, "/static/app.js": false,
	} {
		if got := ownProof(httptest.NewRequest(http.MethodGet, path, nil)); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestWhatIsSettledAtTheStartIsNotChangedByAReload(t *testing.T) {
	t.Parallel()
	d := &Daemon{}
	was := config.Web{HTTP2: true, URL: "http://127.0.0.1:9469"}
	for what, c := range map[string]struct {
		becomes config.Web
		refused bool
	}{
		"TLS":       {config.Web{HTTP2: true, URL: was.URL, TLS: &config.WebTLS{}}, true},
		"HTTP/2":    {config.Web{URL: was.URL}, true},
		"the place": {config.Web{HTTP2: true, URL: "https://autoscaled.example.jp"}, true},
		"roles":     {config.Web{HTTP2: true, URL: was.URL, Roles: map[string]string{"sato": "admin"}}, false},
	} {
		apply, err := d.followWeb(&config.Config{Web: was}, &config.Config{Web: c.becomes})
		if (err != nil) != c.refused || (apply == nil) != c.refused {
			t.Errorf("%s: %v", what, err)
		}
	}
}
