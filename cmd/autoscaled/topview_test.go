package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// here is now on the clock of whoever looks.
var here = time.Date(2026, 4, 1, 12, 0, 0, 0, time.Local)

func earlier(d time.Duration) time.Time { return here.Add(-d) }

// badNight is a fleet in which much is going on.
func badNight() *topModel {
	cpu := 0.9705
	m := &topModel{where: "/run/autoscaled/autoscaled.sock", seen: earlier(time.Second), selected: "web"}
	m.status = fleet.Status{
		Accounts: []fleet.AccountStatus{
			{Name: "gio", LookedAt: earlier(4 * time.Second), Machines: 31},
			{Name: "gio-osaka", LookedAt: earlier(3 * time.Minute), Machines: 8, Mode: actions.DoubtLagging, ModeWhy: "5 of the last 10 reads failed"},
		},
		Groups: []fleet.GroupStatus{
			{
				Name: "api", Mode: "act", Account: "gio", Min: 2, Max: 8, Desired: 4, Serving: 4,
				Decision: fleet.DecisionStatus{At: earlier(7 * time.Second), From: 4, To: 4, Reason: policy.ReasonSteady},
				Rollout:  &policy.Rollout{State: policy.RolloutUnderWay, Previous: "gc00000001", Configured: "gc00000001@v2"},
			},
			{
				Name: "batch", Mode: "recommend", Account: "gio", Min: 1, Max: 200, Desired: 61, Serving: 50, Becoming: 10, Standby: 1,
				Decision: fleet.DecisionStatus{At: earlier(5 * time.Second), From: 50, To: 61, Reason: policy.ReasonWant},
			},
			{
				Name: "checkout-with-a-long-name", Mode: "act", Account: "gio", Min: 2, Max: 10, Desired: 6, Serving: 3, Failing: 2,
				Override: &policy.Override{Kind: policy.PauseAll, By: "鈴木", Why: "ラックを移動します\x1b[2J", Since: earlier(6 * time.Minute)},
				Decision: fleet.DecisionStatus{At: earlier(6 * time.Minute), From: 3, To: 3, Reason: policy.ReasonPaused},
			},
			{
				Name: "web", Mode: "act", Account: "gio-osaka", Min: 2, Max: 6, Desired: 6, Serving: 2, Becoming: 2, Standby: 1,
				Capped: &policy.Capped{Unmet: 3, Since: earlier(4 * time.Minute)}, Held: []policy.Hold{policy.HoldDoubt},
				Decision: fleet.DecisionStatus{
					At: earlier(3 * time.Second), From: 4, To: 6, Wanted: 9, Reason: policy.ReasonAtMax,
					Policies: []string{"target/cpu wants 9: cpu is 0.9705 on 2 of 2, target 0.6, with a sentence that is so long that it does not fit into the line"},
				},
				Signals: []fleet.SignalStatus{{Name: "cpu", Value: &cpu, Measured: 2, Of: 2}, {Name: "rate", Why: "stale", Of: 2}},
				Instances: []actions.InstanceStatus{
					{Code: "gc00000002", Goal: policy.InService, Phase: actions.InPool, Address: "10.0.0.2", GoalSince: earlier(26 * time.Hour)},
					{Code: "gc00000003", Goal: policy.InService, Phase: actions.Off, GoalSince: earlier(time.Hour), Quarantine: "it did not come to serve within 10m"},
				},
			},
		},
	}
	for i, e := range []events.Event{
		{Kind: events.KindPhase, Severity: events.Info, Group: "web", Instance: "gc00000003", Text: "gc00000003 is stopped now, and was busy"},
		{Kind: events.KindQuarantine, Severity: events.Critical, Group: "web", Instance: "gc00000003", Text: "it did not come to serve within 10m"},
		{Kind: events.KindCapped, Severity: events.Warning, Group: "web", Text: "3 more are wanted than max allows"},
		{Kind: events.KindOverride, Severity: events.Warning, Group: "checkout-with-a-long-name", Text: "paused by 鈴木: ラックを移動します"},
		{Kind: events.KindDecision, Severity: events.Info, Account: "gio", Group: "batch", Text: "50 to 61"},
	} {
		e.ID, e.At = uint64(i+1), earlier(time.Duration(5-i)*time.Minute)
		m.happened(e)
	}
	return m
}

func picture(m *topModel, width, height int, p paint) string {
	return strings.Join(draw(m, here, width, height, p), "\n") + "\n"
}

func TestTopShowsABadNightOnTerminalsOfAllSizes(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{80, 24}, {140, 40}, {40, 10}} {
		golden(t, fmt.Sprintf("top_%dx%d.txt", size[0], size[1]), picture(badNight(), size[0], size[1], false))
	}
}

func TestTopInColoursSaysTheSame(t *testing.T) {
	t.Parallel()
	coloured := picture(badNight(), 100, 24, true)
	golden(t, "top_colours.txt", strings.ReplaceAll(coloured, "\x1b", "^"))
	if plain := picture(badNight(), 100, 24, false); uncoloured(coloured) != plain {
		t.Errorf("without its colours it is\n%s\nwant\n%s", uncoloured(coloured), plain)
	}
}

// uncoloured is text without what paint adds.
func uncoloured(text string) string {
	for _, code := range []string{"0", "1", "2", "7", "31", "32", "33"} {
		text = strings.ReplaceAll(text, "\x1b["+code+"m", "")
	}
	return text
}

func TestTopShowsAllOfAGroupAndScrolls(t *testing.T) {
	t.Parallel()
	m := badNight()
	m.press(keyEnter)
	golden(t, "top_details.txt", picture(m, 80, 24, false))
	m.press(keyEnd)
	scrolled := picture(m, 80, 10, false)
	if !strings.Contains(scrolled, "gc00000003  in_service") || strings.Contains(scrolled, "group web") {
		t.Errorf("the end is not shown:\n%s", scrolled)
	}
	if m.press(keyUp); picture(m, 80, 10, false) == scrolled {
		t.Error("it scrolls beyond its end")
	}
	m.status.Groups = m.status.Groups[:2]
	if gone := picture(m, 80, 10, false); !strings.Contains(gone, "there is no group web any more") {
		t.Errorf("of a group that is gone it shows\n%s", gone)
	}
}

func TestTopListsItsKeys(t *testing.T) {
	t.Parallel()
	m := badNight()
	m.press("?")
	golden(t, "top_help.txt", picture(m, 80, 24, false))
}

func TestTopSaysWhatItCannotSee(t *testing.T) {
	t.Parallel()
	nothing := &topModel{where: "s"}
	if got := picture(nothing, 80, 10, false); !strings.HasPrefix(got, "autoscaled at s: asking") {
		t.Errorf("before an answer it shows\n%s", got)
	}
	if nothing.seen = here; !strings.Contains(picture(nothing, 80, 10, false), "no groups are configured") {
		t.Error("it does not say that there is no group")
	}
	m := badNight()
	m.trouble = errors.New("ask the daemon at s: connection refused").Error()
	m.seen = earlier(time.Minute)
	if got := picture(m, 100, 24, false); !strings.HasPrefix(got, "! this was seen 1m0s ago: ask the daemon at s: connection refused") || !strings.Contains(got, "> web") {
		t.Errorf("with a daemon that is away it shows\n%s", got)
	}
}

func TestTopOnceIsATableWithoutAnythingForAPerson(t *testing.T) {
	t.Parallel()
	m := badNight()
	golden(t, "top_once.txt", plainTop(m, here, 100))
}

// Whatever there is, and whatever somebody presses, a drawing has exactly the lines of the terminal, none of
// which is too wide, and nothing in it that a terminal would obey.
func TestADrawingFitsTheTerminal(t *testing.T) {
	t.Parallel()
	text := rapid.StringOf(rapid.SampledFrom([]rune("abc 日本\x1b\n\t…é👍-!")))
	group := rapid.Custom(func(t *rapid.T) fleet.GroupStatus {
		n := rapid.IntRange(0, 300)
		g := fleet.GroupStatus{
			Name: rapid.StringMatching(`[a-z0-9-]{1,40}`).Draw(t, "name"), Mode: rapid.SampledFrom([]string{"act", "out_only", "recommend"}).Draw(t, "mode"),
			Min: 1, Max: n.Draw(t, "max"), Desired: n.Draw(t, "desired"), Serving: n.Draw(t, "serving"), Becoming: n.Draw(t, "becoming"), Standby: n.Draw(t, "standby"),
			Failing: rapid.IntRange(0, 3).Draw(t, "failing"), Trouble: text.Draw(t, "trouble"),
			Decision: fleet.DecisionStatus{At: here, From: n.Draw(t, "from"), To: n.Draw(t, "to"), Reason: policy.ReasonWant, Policies: rapid.SliceOfN(text, 0, 3).Draw(t, "policies")},
			Foreign:  rapid.SliceOfN(text, 0, 2).Draw(t, "foreign"),
		}
		if rapid.Bool().Draw(t, "paused") {
			g.Override = &policy.Override{Kind: policy.PauseAll, By: text.Draw(t, "by"), Why: text.Draw(t, "why"), Since: here}
		}
		return g
	})
	key := rapid.OneOf(rapid.SampledFrom([]string{
		keyUp, keyDown, keyPageUp, keyPageDown, keyHome, keyEnd, keyEscape, keyEnter, keyErase, "p", "r", "/", "!", "?", "y", "n", "j", "k", "日", "a", "\x1b[Z",
	}))
	rapid.Check(t, func(t *rapid.T) {
		m := &topModel{where: text.Draw(t, "where"), seen: here, trouble: text.Draw(t, "trouble")}
		m.status.Groups = rapid.SliceOfN(group, 0, 8).Draw(t, "groups")
		m.status.Accounts = []fleet.AccountStatus{{Name: "gio", LookTrouble: text.Draw(t, "look")}}
		for _, words := range rapid.SliceOfN(text, 0, 9).Draw(t, "events") {
			m.happened(events.Event{At: here, Group: "web", Text: words})
		}
		width, height := rapid.IntRange(narrowest, 200).Draw(t, "width"), rapid.IntRange(lowest, 60).Draw(t, "height")
		for _, k := range rapid.SliceOfN(key, 0, 20).Draw(t, "keys") {
			m.press(k)
			lines := draw(m, here, width, height, true)
			if len(lines) != height {
				t.Fatalf("%d lines on a terminal of %d", len(lines), height)
			}
			for _, line := range lines {
				line = uncoloured(line)
				if breadth(line) > width || strings.ContainsFunc(line, unicode.IsControl) {
					t.Fatalf("%d columns on a terminal of %d: %q", breadth(line), width, line)
				}
			}
		}
	})
}

func TestABarShowsEveryKindThatIsThere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		group fleet.GroupStatus
		want  string
	}{
		{fleet.GroupStatus{Max: 10, Serving: 3, Becoming: 2, Standby: 1}, "███▒▒·    "},
		{fleet.GroupStatus{Max: 10}, "          "},
		{fleet.GroupStatus{Max: 3, Serving: 3, Becoming: 1}, "███▒      "},
		{fleet.GroupStatus{Max: 1000, Serving: 1, Becoming: 1, Standby: 1}, "█▒·       "},
		{fleet.GroupStatus{Max: 1000, Serving: 500, Becoming: 500}, "█████▒▒▒▒▒"},
		{fleet.GroupStatus{Max: 20, Serving: 20, Becoming: 1}, "█████████▒"},
	} {
		if got := bar(c.group, 10, false); got != c.want {
			t.Errorf("%+v: %q, want %q", c.group, got, c.want)
		}
	}
}

func TestALineIsWrappedBetweenItsWords(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"short": "short",
		"  ! a group that is held until somebody": "  ! a group that is|      held until|      somebody",
		"日本語日本語日本語日本語":                            "日本語日本語日本語日|  本語",
		"wordthatislongerthanthelineis":           "wordthatislongerthan|  thelineis",
	} {
		if got := strings.Join(wrapped(line, 20), "|"); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}
