package access

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/autoscaled/autoscaled/internal/config"
)

func TestAUserHasTheConfiguredRoleAndElseMayRead(t *testing.T) {
	t.Parallel()
	s := guarded(t, people(t))
	s.wants(s.gets(as("alice", "correct horse")), 200, "alice admin 192.0.2.7")
	s.wants(s.gets(as("bob", "battery staple")), 200, "bob read 192.0.2.7")
}

func TestNobodyLearnsWhichUsersThereAre(t *testing.T) {
	t.Parallel()
	s := guarded(t, people(t))
	wrong, unknown := s.gets(as("alice", "battery staple")), s.gets(as("carol", "battery staple"))
	s.wants(wrong, 401, "the password or token is wrong")
	if wrong.Body.String() != unknown.Body.String() || fmt.Sprint(wrong.Header()) != fmt.Sprint(unknown.Header()) {
		t.Errorf("a wrong password is answered\n%v %v, an unknown user\n%v %v", wrong.Header(), wrong.Body, unknown.Header(), unknown.Body)
	}
}

func TestARefusalIsAnErrorOfTheAPIAndSaysHowToSayWhoOneIs(t *testing.T) {
	t.Parallel()
	token, hash := NewToken()
	web := people(t)
	web.Tokens = []config.WebToken{{Name: "deploy", Role: "operate", SHA256: hash}}
	for name, c := range map[string]struct {
		web  config.Web
		want []string
	}{
		"users":            {people(t), []string{`Basic realm="autoscaled", charset="UTF-8"`}},
		"users and tokens": {web, []string{`Basic realm="autoscaled", charset="UTF-8"`, `Bearer realm="autoscaled"`}},
		"nothing":          {config.Web{}, nil},
	} {
		s := guarded(t, c.web)
		for _, w := range []*httptest.ResponseRecorder{s.gets(), s.gets(as("alice", token)), s.gets(with("Authorization", "Negotiate x"))} {
			var body map[string]string
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 401 || body["code"] != "unauthenticated" || body["error"] == "" || len(body) != 2 {
				t.Errorf("%s: answered %d %s", name, w.Code, w.Body)
			}
			if got := w.Result().Header["Www-Authenticate"]; !slices.Equal(got, c.want) {
				t.Errorf("%s: WWW-Authenticate is %q", name, got)
			}
		}
	}
}

func TestATokenIsAProgramOfItsName(t *testing.T) {
	t.Parallel()
	token, hash := NewToken()
	s := guarded(t, config.Web{Tokens: []config.WebToken{{Name: "other", Role: "admin", SHA256: strings.Repeat("0", 64)}, {Name: "deploy", Role: "operate", SHA256: hash}}})
	s.wants(s.gets(bearing(token)), 200, "deploy operate")
	s.wants(s.gets(with("Authorization", "bearer "+token)), 200, "deploy operate")
	for _, wrong := range []string{"", hash, token[1:], token + "x", strings.ToUpper(token)} {
		s.wants(s.gets(bearing(wrong)), 401, "wrong")
	}
}

func TestATokenThatCouldBeGuessedIsNotTaken(t *testing.T) {
	t.Parallel()
	const token, hash = "password", "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"
	s := guarded(t, config.Web{Tokens: []config.WebToken{{Name: "deploy", Role: "admin", SHA256: hash}}})
	s.wants(s.gets(bearing(token)), 401, "wrong")
}

func TestTwoWaysOfSayingWhoOneIsAreNone(t *testing.T) {
	t.Parallel()
	s := guarded(t, people(t))
	s.wants(s.gets(as("alice", "correct horse"), func(r *http.Request) { r.Header.Add("Authorization", "Basic x") }), 401, "wrong")
}

func TestWhoeverGuessesIsSlowedDown(t *testing.T) {
	t.Parallel()
	s := guarded(t, people(t))
	for i := range 9 {
		s.wants(s.gets(as("alice", fmt.Sprint(i))), 401, "wrong")
	}
	s.wants(s.gets(as("bob", "battery staple")), 200, "bob") // that does not wipe the failures out
	s.wants(s.gets(as("alice", "9")), 401, "wrong")
	s.clock.pass(20 * time.Second)
	refused := s.gets(as("alice", "correct horse"))
	s.wants(refused, 429, `"too_many"`)
	if got := refused.Header().Get("Retry-After"); got != "40" {
		t.Errorf("Retry-After is %s", got)
	}
	s.wants(s.gets(as("bob", "battery staple"), with("X-Forwarded-For", "198.51.100.9"), with("Forwarded", "for=198.51.100.9"), with("X-Real-Ip", "198.51.100.9")), 429, "")
	s.wants(s.gets(as("alice", "correct horse"), from("192.0.2.8:4711")), 200, "alice")
	s.clock.pass(39 * time.Second)
	s.wants(s.gets(as("alice", "correct horse")), 429, "")
	s.clock.pass(time.Second)
	s.wants(s.gets(as("alice", "correct horse")), 200, "alice")
}

func TestARightTokenPassesWhereWrongOnesCameFrom(t *testing.T) {
	t.Parallel()
	token, hash := NewToken()
	s := guarded(t, config.Web{Tokens: []config.WebToken{{Name: "deploy", Role: "operate", SHA256: hash}}})
	for range failuresMax {
		s.wants(s.gets(bearing("as_wrong")), 401, "wrong")
	}
	s.wants(s.gets(bearing("as_wrong")), 429, "wait")
	s.wants(s.gets(bearing(token)), 200, "deploy")
}

func TestTheAddressesOfOneCustomerCountAsOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		guesses func(i int) string
		same    string
		other   string
	}{
		"IPv6 of one network": {func(i int) string { return fmt.Sprintf("[2001:db8:0:1::%x]:1", i+1) }, "[2001:db8:0:1:ffff::]:9", "[2001:db8:0:2::1]:9"},
		"IPv4 written as v6":  {func(int) string { return "[::ffff:192.0.2.1]:1" }, "192.0.2.1:9", "192.0.2.2:9"},
		"a zone":              {func(i int) string { return fmt.Sprintf("[fe80::1%%eth%d]:1", i) }, "[fe80::1]:9", "192.0.2.2:9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := guarded(t, people(t))
			for i := range failuresMax {
				s.wants(s.gets(as("alice", "no"), from(c.guesses(i))), 401, "wrong")
			}
			s.wants(s.gets(as("alice", "no"), from(c.same)), 429, "")
			s.wants(s.gets(as("alice", "no"), from(c.other)), 401, "")
		})
	}
}

func TestWhoHasNotSaidWhoItIsHasItsRoleOnlyUnderOurOwnName(t *testing.T) {
	t.Parallel()
	s := guarded(t, config.Web{Anonymous: "operate", URL: "https://autoscaled.example.jp:8443"})
	for host, own := range map[string]bool{
		"localhost": true, "localhost:9469": true, "LOCALHOST:1": true, "127.0.0.1:9469": true, "127.9.9.9": true, "[::1]:9469": true, "[::1]": true, "[::ffff:127.0.0.1]:1": true,
		"autoscaled.example.jp": true, "Autoscaled.Example.jp:8443": true,
		"attacker.example": false, "attacker.example:9469": false, "localhost.attacker.example": false, "127.0.0.1.attacker.example": false,
		"10.0.0.1:9469": false, "": false, ":9469": false, "localhost@attacker.example": false, "127.0.0.1:9469:9469": false,
	} {
		w := s.gets(from("127.0.0.1:5"), callingUs(host))
		if own {
			s.wants(w, 200, " operate 127.0.0.1")
		} else {
			s.wants(w, 403, "by a name that is not ours")
		}
	}
}

func TestAnotherSitesPageChangesNothing(t *testing.T) {
	t.Parallel()
	s := guarded(t, config.Web{Anonymous: "admin", URL: "https://autoscaled.example.jp:443"})
	for name, c := range map[string]struct {
		change []func(*http.Request)
		good   bool
	}{
		"a program":            {nil, true},
		"our page":             {[]func(*http.Request){with("Sec-Fetch-Site", "same-origin")}, true},
		"our page, of old":     {[]func(*http.Request){with("Origin", "http://"+listen)}, true},
		"our page, by a proxy": {[]func(*http.Request){with("Origin", "https://autoscaled.example.jp"), with("Sec-Fetch-Site", "same-site")}, true},
		"another site":         {[]func(*http.Request){with("Sec-Fetch-Site", "cross-site")}, false},
		"a site beside":        {[]func(*http.Request){with("Sec-Fetch-Site", "same-site"), with("Origin", "https://other.example.jp")}, false},
		"another, of old":      {[]func(*http.Request){with("Origin", "https://attacker.example")}, false},
		"a sandbox":            {[]func(*http.Request){with("Origin", "null")}, false},
	} {
		w := s.asks(http.MethodPost, "/v1/groups/web/scale", c.change...)
		if c.good {
			s.wants(w, 200, "admin")
		} else if w.Code != 403 || !strings.Contains(w.Body.String(), `"forbidden"`) {
			t.Errorf("%s: answered %d %s", name, w.Code, w.Body)
		}
		s.wants(s.gets(append(c.change, with("Sec-Fetch-Dest", "document"))...), 200, "admin") // reading by a link is harmless
	}
}

func TestAnotherSitesPageDoesNotAskTheAPI(t *testing.T) {
	t.Parallel()
	s := guarded(t, config.Web{Anonymous: "admin"})
	for _, what := range []string{"empty", "image", "iframe", "script", ""} {
		theirs := []func(*http.Request){with("Sec-Fetch-Site", "cross-site"), with("Sec-Fetch-Dest", what)}
		s.wants(s.asks(http.MethodGet, "/v1/groups/web/preflight", theirs...), 403, "another site's page")
		s.wants(s.asks(http.MethodGet, "/groups/web", theirs...), 200, "admin")
	}
	s.wants(s.asks(http.MethodGet, "/v1/groups/web/preflight", with("Sec-Fetch-Site", "same-origin"), with("Sec-Fetch-Dest", "empty")), 200, "admin")
}

func TestEveryAnswerProtectsTheBrowser(t *testing.T) {
	t.Parallel()
	web := people(t)
	s := guarded(t, web)
	for _, w := range []*httptest.ResponseRecorder{s.gets(), s.gets(as("alice", "correct horse"))} {
		h := w.Header()
		for _, directive := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(h.Get("Content-Security-Policy"), directive) {
				t.Errorf("%d: the policy is %q, without %s", w.Code, h.Get("Content-Security-Policy"), directive)
			}
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" || h.Get("Strict-Transport-Security") != "" {
			t.Errorf("%d: the headers are %v", w.Code, h)
		}
	}
	web.Headers = map[string]string{"Content-Security-Policy": "default-src 'self'", "Strict-Transport-Security": "max-age=60"}
	s.guard.Set(web)
	if h := s.gets().Header(); h.Get("Content-Security-Policy") != "default-src 'self'" || h.Get("Strict-Transport-Security") != "max-age=60" {
		t.Errorf("as configured, the headers are %v", h)
	}
}

func TestMoreRequestsThanTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	web := people(t)
	web.RateLimit = config.RateLimit{Interval: 2 * time.Second, Burst: 3}
	s := guarded(t, web, func(o *Options) { o.Open = func(r *http.Request) bool { return r.URL.Path == "/livez" } })
	right := as("alice", "correct horse")
	for range 3 {
		s.wants(s.gets(right), 200, "alice")
	}
	w := s.gets(right)
	s.wants(w, 429, "rate_limit")
	if got := w.Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After is %s", got)
	}
	s.wants(s.asks(http.MethodGet, "/livez"), 200, "")
	s.clock.pass(2 * time.Second)
	s.wants(s.gets(right), 200, "alice")
	s.wants(s.gets(right), 429, "")
	s.clock.pass(time.Hour)
	for range 3 {
		s.wants(s.gets(right), 200, "alice")
	}
	s.wants(s.gets(right), 429, "")
}

func TestWhatIsOpenIsAskedByAnybodyWithAnyToken(t *testing.T) {
	t.Parallel()
	s := guarded(t, people(t), func(o *Options) {
		o.Open = func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/v1/push/") }
	})
	for range 2 * failuresMax {
		s.wants(s.asks(http.MethodPost, "/v1/push/web/jobs", bearing("of the signal")), 200, " none 192.0.2.7")
	}
	s.wants(s.asks(http.MethodPost, "/v1/push/web/jobs", as("alice", "correct horse")), 200, " none 192.0.2.7")
	s.wants(s.gets(bearing("of the signal")), 401, "")
}

func TestAnotherConfigurationCountsAtOnce(t *testing.T) {
	t.Parallel()
	web := people(t)
	s := guarded(t, web)
	s.wants(s.gets(as("alice", "correct horse")), 200, "alice admin")
	s.guard.Set(config.Web{Users: hashes(t, map[string]string{"alice": "correct mule"}), Anonymous: "none"})
	s.wants(s.gets(as("alice", "correct horse")), 401, "wrong")
	s.wants(s.gets(as("alice", "correct mule")), 200, "alice read")
	s.wants(s.gets(as("bob", "battery staple")), 401, "wrong")
}

// TestNoPasswordIsToldOnAnyWay fails and succeeds in every way with marks in all that is
// secret, and looks for the marks in what is logged, counted and answered.
func TestNoPasswordIsToldOnAnyWay(t *testing.T) {
	t.Parallel()
	const canary = "CANARY-0123456789-0123456789-0123456789"
	registry := prometheus.NewRegistry()
	web := config.Web{Users: hashes(t, map[string]string{"alice": canary}), RateLimit: config.RateLimit{Interval: time.Hour, Burst: 40}}
	s := guarded(t, web, func(o *Options) { o.Registerer = registry })
	var answers strings.Builder
	for range 3 * failuresMax {
		for _, change := range []func(*http.Request){
			as("alice", canary), as("alice", canary+"x"), as(canary, canary), bearing(canary), with("Authorization", canary), with("Origin", "https://"+canary),
		} {
			w := s.asks(http.MethodPost, "/v1/adopt?token="+canary, change, with("Cookie", canary))
			answers.WriteString(w.Body.String() + fmt.Sprint(w.Header()))
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for what, told := range map[string]string{"log": s.logs.String(), "metrics": fmt.Sprint(families), "answers": answers.String()} {
		if len(told) < 500 || strings.Contains(told, "CANARY") || strings.Contains(told, web.Users["alice"].Reveal()) {
			t.Errorf("the %s tell a secret, or nothing at all: %s", what, told)
		}
	}
}

func TestWhoeverGuessesDoesNotFillTheLog(t *testing.T) {
	t.Parallel()
	s := guarded(t, people(t))
	for range 10 * linesMax {
		s.gets(as("alice", "no"))
	}
	if lines := s.logs.lines(); len(lines) != linesMax || !strings.Contains(lines[0], `"level":"warn"`) || !strings.Contains(lines[0], `"who":"alice"`) || !strings.Contains(lines[0], `"from":"192.0.2.7"`) {
		t.Errorf("%d lines, the first %s", len(lines), lines[0])
	}
	s.clock.pass(time.Minute)
	s.gets()
	if lines := s.logs.lines(); len(lines) != linesMax+1 || !strings.Contains(lines[linesMax], fmt.Sprintf(`"not_logged_before":%d`, 9*linesMax)) {
		t.Errorf("a minute later there are %d lines, the last %s", len(lines), lines[len(lines)-1])
	}
}

func TestRefusalsAreCountedByReason(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	web := people(t)
	s := guarded(t, web, func(o *Options) { o.Registerer = registry })
	counted := func() map[string]float64 {
		families, err := registry.Gather()
		if err != nil || len(families) != 1 || families[0].GetName() != "autoscaled_http_refused_total" {
			t.Fatalf("got %v, %v", families, err)
		}
		counts := map[string]float64{}
		for _, metric := range families[0].GetMetric() {
			counts[metric.GetLabel()[0].GetValue()] = metric.GetCounter().GetValue()
		}
		return counts
	}
	if got := counted(); len(got) != len(kinds) {
		t.Errorf("%v begin at zero, want %d reasons", got, len(kinds))
	}
	s.gets()
	s.asks(http.MethodPost, "/", with("Sec-Fetch-Site", "cross-site"))
	s.door = s.guard.Handler(Require(Operate, http.NotFoundHandler()))
	s.gets(as("bob", "battery staple"))
	for range failuresMax + 1 {
		s.gets(as("bob", "no"))
	}
	s.guard.Set(config.Web{Anonymous: "read"})
	s.gets(callingUs("attacker.example"))
	s.guard.Set(config.Web{Anonymous: "read", RateLimit: config.RateLimit{Interval: time.Second, Burst: 1}})
	s.gets()
	s.gets()
	want := map[string]float64{
		"unauthenticated": 1, "cross_origin": 1, "role": 2, "credentials": failuresMax, "too_many": 1, "host": 1, "rate": 1, "busy": 0,
	}
	if got := counted(); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAClockThatIsPutBackShutsNobodyOut(t *testing.T) {
	t.Parallel()
	web := people(t)
	web.RateLimit = config.RateLimit{Interval: time.Second, Burst: failuresMax + 2}
	s := guarded(t, web)
	for range failuresMax {
		s.wants(s.gets(as("alice", "no")), 401, "wrong")
	}
	s.wants(s.gets(as("alice", "no")), 429, "wait")
	s.clock.pass(-24 * time.Hour)
	w := s.gets(as("alice", "correct horse"))
	s.wants(w, 429, "wait")
	if got := w.Header().Get("Retry-After"); got != "60" {
		t.Errorf("Retry-After is %s", got)
	}
	s.clock.pass(time.Minute)
	s.wants(s.gets(as("alice", "correct horse")), 200, "alice")
	for range linesMax {
		s.gets()
	}
	if lines := len(s.logs.lines()); lines < linesMax+2 {
		t.Errorf("only %d lines are logged", lines)
	}
}

func TestAnotherConfigurationLetsNobodyInWhereOthersStillReachUs(t *testing.T) {
	t.Parallel()
	s := guarded(t, people(t), func(o *Options) { o.Listen = "0.0.0.0:9469" })
	s.guard.Set(config.Web{Anonymous: "read"}) // with `listen: 127.0.0.1:9469`, which counts after a restart
	s.wants(s.gets(), 401, "unauthenticated")
}
