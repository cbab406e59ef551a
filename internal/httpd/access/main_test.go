package access

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/crypto/bcrypt"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scene is a guard with what it is told and tells.
type scene struct {
	t     *testing.T
	guard *Guard
	logs  *text
	clock *clock
	door  http.Handler // behind which everybody is told who it is
}

// text is what was logged.
type text struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *text) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *text) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *text) lines() []string { return strings.Split(strings.TrimSpace(l.String()), "\n") }

func (l *text) logger() *zap.Logger {
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(l), zap.DebugLevel))
}

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const listen = "127.0.0.1:9469"

// guarded is a scene with the given configuration; o may say more.
func guarded(t *testing.T, web config.Web, o ...func(*Options)) *scene {
	t.Helper()
	s := &scene{t: t, logs: &text{}, clock: &clock{now: time.Now()}}
	if web.Anonymous == "" {
		web.Anonymous = "none"
	}
	options := Options{Web: web, Listen: listen, Log: s.logs.logger(), Now: s.clock.time}
	for _, change := range o {
		change(&options)
	}
	var err error
	if s.guard, err = New(options); err != nil {
		t.Fatal(err)
	}
	s.door = s.guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := Of(r.Context())
		_, _ = fmt.Fprintf(w, "%s %s %s", p.Name, p.Role, p.From)
	}))
	return s
}

// asks is a request from another machine, changed as said.
func (s *scene) asks(method, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, "http://"+listen+path, http.NoBody)
	r.RemoteAddr = "192.0.2.7:4711"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.door.ServeHTTP(w, r)
	return w
}

func (s *scene) gets(change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.asks(http.MethodGet, "/v1/status", change...)
}

func as(user, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

func bearing(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func from(address string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = address }
}

func with(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func callingUs(host string) func(*http.Request) {
	return func(r *http.Request) { r.Host = host }
}

// hashes hold the passwords of users, at the least cost.
func hashes(t *testing.T, passwords map[string]string) map[string]secret.Secret {
	t.Helper()
	users := map[string]secret.Secret{}
	for user, password := range passwords {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		users[user] = secret.New(string(hash))
	}
	return users
}

// people are two users, one with a role.
func people(t *testing.T) config.Web {
	t.Helper()
	return config.Web{Users: hashes(t, map[string]string{"alice": "correct horse", "bob": "battery staple"}), Roles: map[string]string{"alice": "admin"}}
}

func (s *scene) wants(w *httptest.ResponseRecorder, status int, text string) {
	s.t.Helper()
	if w.Code != status || !strings.Contains(w.Body.String(), text) {
		s.t.Errorf("answered %d %s, want %d with %q", w.Code, w.Body, status, text)
	}
}
