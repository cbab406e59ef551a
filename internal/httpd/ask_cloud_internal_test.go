package httpd

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/httpd/httpdtest"
)

// slowCloud takes a while for every answer, and counts how many it is asked for at once.
type slowCloud struct {
	httpdtest.Fleet
	mu                 sync.Mutex
	under, most, times int
}

func (c *slowCloud) Preflight(ctx context.Context, group string) (fleet.Preflight, error) {
	c.count(1)
	defer c.count(-1)
	select {
	case <-ctx.Done():
		return fleet.Preflight{}, ctx.Err()
	case <-time.After(10 * time.Second):
		return fleet.Preflight{Group: group, Max: 7}, nil
	}
}

func (c *slowCloud) count(more int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.under += more
	c.times += max(more, 0)
	c.most = max(c.most, c.under)
}

func (c *slowCloud) counted() (most, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.most, c.times
}

func newSlowCloud() *slowCloud {
	return &slowCloud{Fleet: httpdtest.Fleet{State: fleet.Status{Groups: []fleet.GroupStatus{{Name: "api", Account: "gio"}, {Name: "other", Account: "test"}, {Name: "web", Account: "gio"}}}}}
}

func TestManyWhoAskTheCloudAboutAGroupAskItOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newSlowCloud()
		handler := Handler(Options{Fleet: cloud})
		asks := func(ctx context.Context, group string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/v1/groups/"+group+"/preflight", nil)
			go handler.ServeHTTP(w, r.WithContext(access.With(ctx, access.Principal{Name: "sato", Role: access.Read})))
			synctest.Wait()
			return w
		}
		impatient, leave := context.WithCancel(t.Context())
		asks(impatient, "web")
		var answers []*httptest.ResponseRecorder
		for range 200 {
			answers = append(answers, asks(t.Context(), "web"))
		}
		leave() // another one asks for the others
		synctest.Wait()
		refused(t, "another group of the account", asks(t.Context(), "api"), http.StatusTooManyRequests, TooMany)
		answers = append(answers, asks(t.Context(), "other"))
		if most, times := cloud.counted(); most != 2 || times != 3 {
			t.Errorf("the two accounts were asked %d times at once, %d in all", most, times)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for _, w := range answers {
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"max":7`) {
				t.Fatalf("answered %d: %s", w.Code, w.Body)
			}
		}
		later := asks(t.Context(), "web")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if _, times := cloud.counted(); later.Code != http.StatusOK || times != 4 {
			t.Errorf("later it is answered %d, after %d questions", later.Code, times)
		}
	})
}

func TestTheConfigurationsTextIsForThoseWhoMayOperate(t *testing.T) {
	t.Parallel()
	for role, want := range map[access.Role]bool{access.Read: false, access.Operate: true, access.Admin: true} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/v1/config", nil)
		Handler(Options{Configuration: written{}}).ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Principal{Name: "sato", Role: role})))
		if shown := strings.Contains(w.Body.String(), "hooks.example.jp/T0KEN"); w.Code != http.StatusOK || shown != want || !strings.Contains(w.Body.String(), `"sha256":"abc"`) {
			t.Errorf("%s is answered %d: %s", role, w.Code, w.Body)
		}
	}
}

// written is a configuration with a URL that is better not known.
type written struct{ Configuration }

func (written) Config() (ConfigInForce, error) {
	return ConfigInForce{SHA256: "abc", Text: "url: https://hooks.example.jp/T0KEN"}, nil
}
