package page

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// wants fails unless the page holds all of the texts.
func wants(t *testing.T, body string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(body, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
}

// lacks fails if the page holds one of the texts.
func lacks(t *testing.T, body string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(body, text) {
			t.Errorf("the page has %q", text)
		}
	}
}

func rowsOf(body string) (names []string) {
	for _, match := range regexp.MustCompile(`<li id="row-([^"]*)"`).FindAllStringSubmatch(body, -1) {
		names = append(names, match[1])
	}
	return names
}

func TestTheOverviewListsFirstWhatNeedsSomebody(t *testing.T) {
	t.Parallel()
	body := newScene(t).get(access.Read, "/").Body.String()
	if got, want := rowsOf(body), []string{"search", "static", "web", "api", "batch", "shop-front-with-a-rather-long-name"}; !slices.Equal(got, want) {
		t.Errorf("the groups are listed as %v, want %v", got, want)
	}
	wants(t, body, "act now: 1", "take a look: 2", "capped: 3 short", "Raise max (or the schedule&#39;s)", "its probe did not succeed within 15m0s", "1 quarantined",
		"Growing to 6: 3 serve, 3 are becoming ready", "Paused at 2", "recommends only", "max allows no more")
}

func TestWhatAGroupWouldOnlyDoIsLessUrgent(t *testing.T) {
	t.Parallel()
	g := fleet.GroupStatus{Capped: &policy.Capped{Reason: policy.ReasonAtMax, Unmet: 1}, Decision: fleet.DecisionStatus{At: time.Unix(1, 0)}}
	for mode, want := range map[string]level{"act": critical, "out_only": critical, "recommend": warning} {
		g.Mode = mode
		if got := gravest(concernsOf(&g)); got != want {
			t.Errorf("a capped group in mode %s is %s, want %s", mode, got, want)
		}
	}
}

func TestTheOverviewNamesTheCommandThatSettlesAnOrder(t *testing.T) {
	t.Parallel()
	wants(t, newScene(t).get(access.Read, "/").Body.String(), "its status lags", "gc00000031 was started 6m ago",
		"autoscaled adopt gc00000041 gc00000042 gc00000043 --order o-7f3a", "autoscaled adopt --order o-7f3a --none")
}

func TestTheCauseOfAllTroubleOfAnAccountIsSaidOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const cause = "Get https://gp.example.jp/json: dial tcp 192.0.2.1:443: connect: connection refused"
	s.change(func(status *fleet.Status) {
		status.Accounts = []fleet.AccountStatus{{
			Name: "gio", Mode: actions.DoubtBlind, ModeWhy: "the last look that succeeded began 3m0s ago: look at the account: " + cause,
			LookTrouble: "look at the account: " + cause, Trouble: "order 2 of V40: " + cause,
		}}
		status.Groups = status.Groups[:1]
	})
	shown := s.get(access.Read, "/?lang=en").Body.String()
	_, account, _ := strings.Cut(shown, `id="account-gio"`)
	account, _, _ = strings.Cut(account, "</section>")
	if strings.Count(account, "connection refused") != 1 || !strings.Contains(account, "order 2 of V40: as above") {
		t.Errorf("it says\n%s", account)
	}
	if !strings.Contains(account, `<details class="said"><summary class="detail" lang="en"><span>the last look`) {
		t.Errorf("a long text is not folded\n%s", account)
	}
}

func TestThatNoAlertFiresIsNoTrouble(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.change(func(status *fleet.Status) {
		status.Groups = status.Groups[:1] // api
		status.Groups[0].Signals = []fleet.SignalStatus{{Name: "alerts", Why: "absent: no alert has come since the start", Of: 1, Faults: 1, FaultExpected: true, Quiet: true}}
	})
	for _, address := range []string{"/", "/groups/api"} {
		for says, language := range map[string]string{"no alert": "en", "アラートなし": "ja"} {
			shown := s.get(access.Read, address+"?lang="+language).Body.String()
			if !strings.Contains(shown, ">"+says+"<") || strings.Contains(shown, `class="missing"`) || strings.Contains(shown, "badge warning\">"+catalogue["badge.signal"].in(lang(language))) {
				t.Errorf("%s in %s: %q is not shown as it should be\n%s", address, language, says, shown)
			}
		}
	}
}

func TestWhenAllIsWellThePageSaysSo(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.change(func(status *fleet.Status) { status.Accounts, status.Groups = status.Accounts[:1], status.Groups[:1] })
	body := s.get(access.Read, "/").Body.String()
	wants(t, body, "All is well", "Steady at 4")
	lacks(t, body, "act now", "take a look")
}

func many(n int) []fleet.GroupStatus {
	groups := make([]fleet.GroupStatus, n)
	for i := range groups {
		groups[i] = fleet.GroupStatus{Name: fmt.Sprintf("group-%05d", i), Account: "gio", Mode: "act", Min: 1, Max: 3, Desired: 2, Serving: 2, Decision: fleet.DecisionStatus{At: time.Unix(1, 0), Reason: policy.ReasonSteady}}
	}
	return groups
}

func TestThousandsOfGroupsArePagedAndFiltered(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.change(func(status *fleet.Status) {
		status.Groups = many(10000)
		status.Groups[7777].Trouble = "no space left on device"
	})
	first := s.get(access.Read, "/").Body.String()
	if rows := rowsOf(first); len(rows) != 100 || rows[0] != "group-07777" || rows[1] != "group-00000" {
		t.Errorf("the first page lists %d groups from %v", len(rows), rows[:2])
	}
	wants(t, first, "1 to 100 of 10000", `href="/?page=2"`)
	lacks(t, first, `rel="prev"`)
	last := s.get(access.Read, "/?page=100").Body.String()
	wants(t, last, "9901 to 10000 of 10000", `href="/?page=99"`)
	lacks(t, last, `rel="next"`)
	if rows := rowsOf(s.get(access.Read, "/?q=GROUP-0123").Body.String()); len(rows) != 10 {
		t.Errorf("the filter finds %v", rows)
	}
	if rows := rowsOf(s.get(access.Read, "/?attention=1").Body.String()); !slices.Equal(rows, []string{"group-07777"}) {
		t.Errorf("what needs attention is %v", rows)
	}
	for _, query := range []string{"?page=0", "?page=-1", "?page=x", "?page=99999999999999999999", "?page=9223372036854775807", "?page=20000"} {
		if answer := s.get(access.Read, "/"+query); answer.Code != http.StatusOK {
			t.Errorf("%s answers %d", query, answer.Code)
		}
	}
	wants(t, s.get(access.Read, "/?q=nothing-like-it").Body.String(), "No group matches.")
}

func TestAGroupsPageShowsAllThatIsKnownOfIt(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.why, s.costs = nil, Cost{Currency: "JPY", Today: 1284.4, Month: 28911, MonthExpected: ptr(41200.0), Model: "no traffic"}
	body := s.get(access.Read, "/groups/web?table=1").Body.String()
	wants(t, body, "target cpu wants 6", "3 of 4", "0.97", "gc00000016", "SetLabel: 503", "awaiting its probe", "protected by alice", "heap dump",
		"¥1,284", "¥28,911", "¥41,200", "10.0.9.9", "Its rules would have 5", "in 1 d 2 h: 109.9 instance-hours", "within its budget of 1%", "5 min 3 s",
		`data-do="pause"`, `data-do="promote"`, `id="do-drill"`, `data-address="/v1/groups/web/override"`)
	lacks(t, body, `data-do="resume"`, `data-do="rollback"`) // there is nothing to end
}

func TestWhatAPersonOrderedIsShownWithTheWayToEndIt(t *testing.T) {
	t.Parallel()
	body := newScene(t).get(access.Read, "/groups/static").Body.String()
	wants(t, body, "Paused", "by bob", "ask me before you touch it", "until somebody resumes it", `data-do="resume"`)
	lacks(t, body, `data-do="pause"`)
}

func TestAGroupThatOnlyRecommendsHasNothingToSteer(t *testing.T) {
	t.Parallel()
	body := newScene(t).get(access.Admin, "/groups/batch").Body.String()
	lacks(t, body, `data-do=`)
	wants(t, body, "Nothing is carried out: write mode: act to let it.")
}

func TestAQuarantinedInstanceCanBeRetriedAndReleased(t *testing.T) {
	t.Parallel()
	body := newScene(t).get(access.Read, "/groups/search").Body.String()
	wants(t, body, `data-do="retry" data-code="gc00000025"`, `data-do="release" data-code="gc00000025" data-needs="admin"`, `data-do="resume"`)
	lacks(t, body, `data-do="release" data-code="gc00000021"`)
}

// What takes long to reckon is not waited for: the script asks for it.
func TestThePageDoesNotWaitForTheCost(t *testing.T) {
	t.Parallel()
	options := newScene(t).options()
	options.Cost = func(context.Context, string) (Cost, error) { panic("somebody waits") }
	answer := httptest.NewRecorder()
	as(access.Read, New(options)).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/groups/web", nil))
	wants(t, answer.Body.String(), `<section id="cost" class="panel" data-missing hidden>`)
}

func TestAGroupWithoutPricesHasNoCost(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	if part := s.get(access.Read, "/groups/web?part=cost").Body.String(); !strings.Contains(part, " hidden>") {
		t.Errorf("without prices the page shows %q", part)
	}
	s.why = fmt.Errorf("read the history: it is damaged")
	part := s.get(access.Read, "/groups/web?part=cost").Body.String()
	wants(t, part, "The cost cannot be told:", "read the history: it is damaged")
	lacks(t, part, " hidden>")
}

func TestWhatAGroupWouldCostIsNotCalledItsCost(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.why, s.costs = nil, Cost{Currency: "JPY", Today: 1465}
	for group, title := range map[string]string{"batch": "Cost, if it acted", "web": "Cost"} {
		wants(t, s.get(access.Read, "/groups/"+group+"?part=cost").Body.String(), `<h2 id="cost-title">`+title+"</h2>", "¥1,465")
	}
}

func TestADecisionIsExplainedWithTheSmallestChange(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, target := range []string{"/groups/web?explain=2026-04-01T03:12:00Z", "/groups/web?part=explain&explain=2026-04-01T03:12:00Z", "/groups/web?explain=now"} {
		wants(t, s.get(access.Read, target).Body.String(), "5 → 6", "it grew as fast as its rates allow", "7 becomes 6", "Together the policies want 7.",
			"with cpu at 0.82 in place of 0.97 it would be 5", "with requests at 1,502 in place of 1,284 it would be 7")
	}
	wants(t, s.get(access.Read, "/groups/web?part=explain&explain=yesterday").Body.String(), "There is no explanation:", "is no time: write for example")
	wants(t, s.get(access.Read, "/groups/batch?part=explain&explain=now").Body.String(), "nothing was decided about batch before then")
}

func TestThePastIsThereAsChartsAndAsTables(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, target := range []string{"/groups/web?part=history&span=6h", "/groups/web?span=6h&table=1"} {
		body := s.get(access.Read, target).Body.String()
		wants(t, body, `data-chart="size"`, `data-chart="forecast"`, `data-signal="cpu"`, "target 0.6", "target 250 for each instance&#39;s share", "data-series=", "Decisions", `data-explain="`)
		if rows := strings.Count(body, "<tr>"); rows < 4*20 {
			t.Errorf("the tables have %d rows", rows)
		}
	}
	lacks(t, s.get(access.Read, "/groups/web").Body.String(), "data-series=") // it is asked for by the script
	s.change(func(status *fleet.Status) { status.Groups[0].Name = "renamed" })
	options := s.options()
	options.Series = func(c context.Context, _ string, from, to time.Time, n int) (record.Series, error) {
		return s.series(c, "nobody", from, to, n)
	}
	answer := httptest.NewRecorder()
	as(access.Read, New(options)).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/groups/web?part=history", nil))
	wants(t, answer.Body.String(), "There is no history to show:", "there is no history of nobody")
}

func TestAChartReachesAsFarAsAForecast(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	asked := func(group, span string) (before, after time.Duration) {
		options := s.options()
		options.Now = func() time.Time { return s.now }
		options.Series = func(_ context.Context, _ string, from, to time.Time, _ int) (record.Series, error) {
			before, after = s.now.Sub(from), to.Sub(s.now)
			return record.Series{}, nil
		}
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/groups/"+group+"?part=history&span="+span, nil)
		as(access.Read, New(options)).ServeHTTP(httptest.NewRecorder(), request)
		return before, after
	}
	s.change(func(status *fleet.Status) { groupIn(status, "web").Foreseen[0].Within = 20 * time.Minute })
	for _, c := range []struct {
		group, span   string
		before, after time.Duration
	}{{"web", "1h", time.Hour, 20 * time.Minute}, {"web", "24h", 24 * time.Hour, 144 * time.Minute}, {"api", "1h", time.Hour, 0}} {
		if before, after := asked(c.group, c.span); before != c.before || after != c.after {
			t.Errorf("for %s of %s it asks for %s until %s ahead, want %s and %s", c.span, c.group, before, after, c.before, c.after)
		}
	}
}

func TestASizeThatAPersonSetStandsAmongTheDecisions(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	options := s.options()
	options.Series = func(context.Context, string, time.Time, time.Time, int) (record.Series, error) {
		return record.Series{Marks: []record.Mark{{At: s.now, From: 5, To: 2, Note: "scaled from 5 to 2 by alice: too many"}}}, nil
	}
	answer := httptest.NewRecorder()
	as(access.Read, New(options)).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/groups/web?part=history&lang=ja", nil))
	wants(t, answer.Body.String(), "<b>5 → 2</b>", `手動： <span lang="en">scaled from 5 to 2 by alice: too many</span>`)
}

func TestAdviceOnInstancesThatDoNotAnswerIsThatOfTheHold(t *testing.T) {
	t.Parallel()
	const replaced, none, left = "They are being replaced", "so none is replaced", "None is replaced just now"
	for name, c := range map[string]struct {
		group fleet.GroupStatus
		says  string
	}{
		"a few":           {fleet.GroupStatus{}, replaced},
		"too many":        {fleet.GroupStatus{Held: []policy.Hold{policy.HoldBrake}}, none},
		"while paused":    {fleet.GroupStatus{Override: &policy.Override{Kind: policy.PauseAll}}, left},
		"launches fail":   {fleet.GroupStatus{Held: []policy.Hold{policy.HoldLaunches}}, left},
		"it only advises": {fleet.GroupStatus{Mode: "recommend"}, left},
	} {
		c.group.Failing = 3
		said := ""
		for _, concern := range concernsOf(&c.group) {
			said += english.say("todo."+concern.Key) + "\n"
		}
		for _, text := range []string{replaced, none, left} {
			if strings.Contains(said, text) != (text == c.says) {
				t.Errorf("%s: it says %q, and should say only %q", name, said, c.says)
			}
		}
	}
}

func TestJapaneseIsWrittenWithItsOwnMarks(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	body := s.get(access.Read, "/?lang=ja").Body.String()
	wants(t, body, "5 台のまま（必要数 8）：最大数に達しています", "マシン 31 台、最終確認")
	wants(t, s.get(access.Read, "/groups/web?lang=ja&explain=now").Body.String(), "5 → 6</b>：増設速度の上限")
}

func TestOneGroupIsNotSeveral(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.change(func(status *fleet.Status) { status.Groups = status.Groups[:1] })
	wants(t, s.get(access.Read, "/").Body.String(), "1 group<")
}

func TestWhatDoesNotExistIsNotFound(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for target, code := range map[string]int{"/groups/nobody": 404, "/groups/a%2Fb": 404, "/static/app.js": 404, "/static/app.0000000000000000.js": 404, "/static/..%2Fpage.go": 404} {
		if answer := s.get(access.Read, target); answer.Code != code {
			t.Errorf("%s answers %d", target, answer.Code)
		}
	}
	wants(t, s.get(access.Read, "/groups/nobody?lang=ja").Body.String(), "このグループは存在しません。", "<code>nobody</code>")
}

func TestNobodyWithoutARoleSeesAnything(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, target := range []string{"/", "/groups/web", "/groups/nobody", "/groups/web?part=history", "/ui/events", "/ui/events?group=web"} {
		answer := s.get(access.None, target)
		if answer.Code != http.StatusForbidden {
			t.Errorf("%s answers %d", target, answer.Code)
		}
		lacks(t, answer.Body.String(), "search", "gc000", "cpu")
	}
}

func TestTheLanguageThatWasChosenIsKept(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	chosen := s.get(access.Read, "/?lang=ja")
	wants(t, chosen.Body.String(), `<html lang="ja">`, "至急対応：1 件")
	cookies := chosen.Result().Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly {
		t.Fatalf("the cookies are %v", cookies)
	}
	kept := s.get(access.Read, "/", "Cookie", cookies[0].Name+"="+cookies[0].Value, "Accept-Language", "en")
	wants(t, kept.Body.String(), `<html lang="ja">`)
	for _, target := range []string{"/groups/web?part=history&lang=ja", "/?lang=xx&q=a"} {
		if answer := s.get(access.Read, target, "Accept-Language", "ja"); !strings.Contains(answer.Header().Get("Content-Language"), "ja") {
			t.Errorf("%s is in %s", target, answer.Header().Get("Content-Language"))
		}
	}
	if part := s.get(access.Read, "/groups/web?part=history&lang=ja"); len(part.Result().Cookies()) > 0 {
		t.Error("asking for a part chooses a language")
	}
}

func TestEveryPageIsWholeInBothLanguages(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, l := range languages() {
		for _, name := range []string{"api", "batch", "search", "shop-front-with-a-rather-long-name", "static", "web"} {
			body := s.get(access.Admin, "/groups/"+name+"?table=1&explain=now&lang="+string(l)).Body.String()
			wants(t, body, "</html>")
			lacks(t, body, "%!", "(MISSING)", "(EXTRA", "ZgotmplZ", "<nil>", "0xc0")
		}
		lacks(t, s.get(access.Admin, "/?lang="+string(l)).Body.String(), "%!", "ZgotmplZ", "<nil>")
	}
}

// The policy for contents forbids scripts and styles inside pages: a page that has one would
// not work.
func TestNoPageHasAScriptOrAStyleInside(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script>|<script [^>]*></script>`)
	source := regexp.MustCompile(`^<script src="/static/[^"]+"( defer)?></script>$`)
	for _, target := range []string{"/", "/groups/web?table=1&explain=now", "/groups/nobody", "/groups/search"} {
		answer := s.get(access.Admin, target)
		for _, found := range inline.FindAllString(answer.Body.String(), -1) {
			if !source.MatchString(found) {
				t.Errorf("%s has %s", target, found)
			}
		}
		for _, word := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(answer.Header().Get("Content-Security-Policy"), word) {
				t.Errorf("%s lacks %s in its policy for contents", target, word)
			}
		}
		lacks(t, regexp.MustCompile(`http://www\.w3\.org`).ReplaceAllString(answer.Body.String(), ""), "http://", "https://", "//cdn")
	}
}

func TestStaticFilesAreKeptForEverAndNamedByTheirContents(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, match := range regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`).FindAllStringSubmatch(s.get(access.Read, "/").Body.String(), -1) {
		answer := s.get(access.None, match[1]) // also for a page that says that somebody may see nothing
		if answer.Code != 200 || !strings.Contains(answer.Header().Get("Cache-Control"), "immutable") || answer.Header().Get("Content-Type") == "" {
			t.Errorf("%s answers %d, %v", match[1], answer.Code, answer.Header())
		}
		if again := s.get(access.None, match[1], "If-None-Match", answer.Header().Get("ETag")); again.Code != http.StatusNotModified {
			t.Errorf("%s, known already, answers %d", match[1], again.Code)
		}
	}
}

// What others wrote is what they published: uPlot 1.6.32.
func TestForeignFilesAreAsPublished(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
		"uPlot.min.css":     "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
		"uPlot.LICENSE":     "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
	} {
		body, err := staticFiles.ReadFile("static/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s has the digest %x", name, sum)
		}
	}
}

// infect puts a text wherever something foreign is shown.
func infect(status *fleet.Status, text string) {
	a := &status.Accounts[1]
	a.Name, a.ModeWhy, a.LookTrouble, a.Trouble = text, text, text, text
	order := a.Orders[0]
	order.ID, order.Group, order.Error, order.Candidates = text, text, text, []string{text}
	a.Orders = []actions.OrderStatus{order}
	for _, g := range []*fleet.GroupStatus{groupIn(status, "web"), groupIn(status, "search")} {
		g.Account, g.Mode, g.Trouble, g.Foreign = text, text, text, []string{text}
		g.Override = &policy.Override{Kind: policy.OverrideKind(text), By: text, Why: text}
		g.Decision.Policies, g.Decision.Reason = []string{text}, policy.Reason(text)
		g.Rollout = &policy.Rollout{State: policy.RolloutGivenUp, Previous: text, Configured: text, Why: text}
		g.Drill = &fleet.Drill{ID: text, By: text, Why: text}
		signal := g.Signals[0]
		signal.Name, signal.Why, signal.Fault, signal.Faults, signal.Value = text, text, text, 1, nil
		g.Signals = []fleet.SignalStatus{signal}
		in := g.Instances[len(g.Instances)-1]
		in.Code, in.Address, in.Template, in.Outdated, in.Quarantine, in.Trouble, in.Step, in.Phase = text, text, text, true, text, text, actions.Step(text), actions.Phase(text)
		in.Protected, in.Drift = &actions.Protection{By: text, Why: text}, &actions.Drift{Kind: actions.DriftKind(text)}
		g.Instances = []actions.InstanceStatus{in}
	}
}

// sick is every page of a scene in which all foreign texts are the same.
func sick(t testing.TB, text string) string {
	s := newScene(t)
	s.change(func(status *fleet.Status) { infect(status, text) })
	s.watcher.Latest()
	s.watcher.Tell(events.Event{Kind: events.KindAction, Group: text, Account: text, By: text, Text: text})
	pages := ""
	for _, target := range []string{"/", "/groups/web", "/groups/search?table=1"} {
		answer := s.get(access.Admin, target)
		if answer.Code != http.StatusOK {
			t.Fatalf("%s answers %d with %q inside", target, answer.Code, text)
		}
		pages += answer.Body.String()
	}
	return pages
}

// shape is what a browser takes for tags and attributes: the same whatever is said in a
// page.
func shape(pages string) (tags int) { return strings.Count(pages, "<") }

var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `{{.}}`, `</title><svg/onload=alert(1)>`, `--><b>`, `javascript:alert(1)`, "a\x00b\u2028c", `\u003cscript>`, `]]><x>`,
}

func TestForeignTextStaysText(t *testing.T) {
	t.Parallel()
	harmless := shape(sick(t, "x"))
	for _, text := range hostile {
		pages := sick(t, text)
		if got := shape(pages); got != harmless {
			t.Errorf("with %q inside, the pages have %d tags and not %d", text, got, harmless)
		}
		lacks(t, pages, "<script>alert", "<img", "<svg/onload", `'alert(1)`, `href="javascript:`)
	}
}

func FuzzPages(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	harmless := shape(sick(f, "x"))
	f.Fuzz(func(t *testing.T, text string) {
		if strings.TrimSpace(text) == "" || catalogueHas(text) {
			t.Skip() // nothing is shown for it, or something else
		}
		if got := shape(sick(t, text)); got != harmless {
			t.Errorf("with %q inside, the pages have %d tags and not %d", text, got, harmless)
		}
	})
}

// catalogueHas says that the text is a code, for which a page may show more.
func catalogueHas(text string) bool {
	for _, list := range []string{"reason", "phase", "step", "mode", "overkind", "drift"} {
		if _, ok := catalogue[list+"."+text]; ok {
			return true
		}
	}
	return false
}

func TestNumbersAreWrittenAsPeopleReadThem(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 0.5314159: "0.5314", 0.97: "0.97", 12: "12", 1284: "1,284", 1234567: "1,234,567", 842.71: "842.7", -3.5: "−3.5", 1e18: "1e+18", 0.00001: "1e-05", 12345.678: "12,346", 999.96: "1,000"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0 s", 400 * time.Millisecond: "0 s", 59 * time.Second: "59 s", 61 * time.Second: "1 min 1 s", time.Hour: "1 h", 25 * time.Hour: "1 d 1 h", 24*time.Hour + time.Second: "1 d", -time.Hour: "0 s"} {
		if got := spanIn(english, d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
	if got := money("JPY", 1284.5); got != "¥1,285" {
		t.Error(got)
	}
	if got := money("USD", 1234.5); got != "1,234.50 USD" {
		t.Error(got)
	}
}

func TestWhatAGroupDoesIsSaidInAWord(t *testing.T) {
	t.Parallel()
	for want, g := range map[string]fleet.GroupStatus{
		"paused":     {Desired: 5, Serving: 1, Override: &policy.Override{Kind: policy.PauseAll}},
		"stuck":      {Desired: 5, Serving: 1, Trouble: "disk full"},
		"grows":      {Desired: 5, Serving: 3, Becoming: 2},
		"waits":      {Desired: 5, Serving: 3},
		"shrinks":    {Desired: 2, Serving: 3},
		"replaces":   {Desired: 3, Serving: 3, Becoming: 1},
		"steady":     {Desired: 3, Serving: 3, Override: &policy.Override{Kind: policy.PauseIn}},
		"recommends": {Desired: 5, Serving: 3, Mode: "recommend"},
		"agrees":     {Desired: 3, Serving: 3, Mode: "recommend"},
	} {
		if got := doing(&g); got != want {
			t.Errorf("%+v is said to be %s, want %s", g, got, want)
		}
	}
}

func TestAStripHasRoomForEveryPartOfALargeGroup(t *testing.T) {
	t.Parallel()
	g := fleet.GroupStatus{Serving: 5000, Becoming: 1, Max: 6000, Desired: 5001}
	total := 0
	strip := stripOf(&g)
	for _, run := range strip {
		total += len(run.Cells)
	}
	if len(strip) != 2 || strip[1].Count != 1 || len(strip[1].Cells) != 1 || total > cellsMost+len(parts()) {
		t.Errorf("the strip is %d parts with %d cells", len(strip), total)
	}
	for _, g := range []fleet.GroupStatus{{}, {Min: 5, Max: 2}, {Serving: -1, Desired: -4}, {Serving: 1 << 40, Becoming: 1 << 40}} {
		b := barOf(&g)
		for _, v := range []float64{b.Serving, b.Becoming, b.BecomesFrom, b.Serving + b.Becoming} {
			if v < 0 || v > 100 {
				t.Errorf("the bar of %+v is %+v", g, b)
			}
		}
	}
}

func TestALaneShowsHowFarAnInstanceIs(t *testing.T) {
	t.Parallel()
	for _, phase := range actions.Phases() {
		for _, goal := range []policy.Goal{policy.InService, policy.Standby, policy.Released, policy.Ready} {
			l := laneOf(&actions.InstanceStatus{Goal: goal, Phase: phase})
			here := 0
			for _, step := range l.Steps {
				if step.Here {
					here++
				}
			}
			if len(l.Steps) > 0 && here != 1 {
				t.Errorf("an instance in %s to be %s is at %d places", phase, goal, here)
			}
		}
	}
	if l := laneOf(&actions.InstanceStatus{Goal: policy.InService, Phase: actions.Starting}); len(l.Steps) == 0 || !l.Steps[0].Past || l.Steps[len(l.Steps)-1].Past {
		t.Errorf("the lane of one that starts is %+v", l)
	}
}
