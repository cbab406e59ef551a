package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

// pressAll presses the keys, and returns what the last one asked for.
func pressAll(m *topModel, keys ...string) (w wish) {
	for _, key := range keys {
		w = m.press(key)
	}
	return w
}

func TestPausingAsksWhyAndWhetherSomebodyIsSure(t *testing.T) {
	t.Parallel()
	typed := strings.Split("racks 日本", "")
	for name, c := range map[string]struct {
		keys []string
		want wish
	}{
		"a reason and yes":             {slices.Concat([]string{"p"}, typed, []string{keyEnter, "y"}), wish{pause: "web", why: "racks 日本"}},
		"a reason with a slip and yes": {[]string{"p", "a", "日", keyErase, "b", keyEnter, "y"}, wish{pause: "web", why: "ab"}},
		"a reason and no":              {slices.Concat([]string{"p"}, typed, []string{keyEnter, "n"}), wish{}},
		"a reason and enter":           {slices.Concat([]string{"p"}, typed, []string{keyEnter, keyEnter}), wish{}},
		"no reason":                    {[]string{"p", keyEnter, "y"}, wish{}},
		"escape":                       {slices.Concat([]string{"p"}, typed, []string{keyEscape, "y"}), wish{}},
		"another group":                {[]string{keyHome, "p", "x", keyEnter, "y"}, wish{pause: "api", why: "x"}},
		"in the details":               {[]string{keyEnter, "p", "x", keyEnter, "y"}, wish{pause: "web", why: "x"}},
		"resume and yes":               {[]string{"r", "y"}, wish{resume: "web"}},
		"resume and no":                {[]string{"r", "n"}, wish{}},
		"q as a reason":                {[]string{"p", "q", keyEnter, "y"}, wish{pause: "web", why: "q"}},
		"q":                            {[]string{"q"}, wish{quit: true}},
		"control-c while it asks":      {[]string{"p", "a", keyCancel}, wish{quit: true}},
	} {
		if got := pressAll(badNight(), c.keys...); got != c.want {
			t.Errorf("%s asks for %+v, want %+v", name, got, c.want)
		}
	}
}

func TestGroupsToLookAtComeFirst(t *testing.T) {
	t.Parallel()
	group := func(name string, alter func(*fleet.GroupStatus)) fleet.GroupStatus {
		g := fleet.GroupStatus{Name: name, Mode: "act", Decision: fleet.DecisionStatus{At: here}}
		alter(&g)
		return g
	}
	well := func(*fleet.GroupStatus) {}
	failing := func(g *fleet.GroupStatus) { g.Failing = 1 }
	stuck := func(g *fleet.GroupStatus) { g.Trouble = "disk full" }
	told := []fleet.GroupStatus{group("b", well), group("a", well), group("d", failing), group("c", failing), group("e", stuck)}
	var m topModel
	m.see(fleet.Status{Groups: told}, here)
	var names string
	for _, g := range m.shown() {
		names += g.Name
	}
	if names != "ecdab" || m.selected != "e" {
		t.Errorf("it shows %s, and %s is selected", names, m.selected)
	}
	if m.selected = "b"; told[0].Name != "b" {
		t.Error("it sorts the list of another")
	}
	if m.see(fleet.Status{Groups: told}, here); m.selected != "b" {
		t.Errorf("later %s is selected", m.selected)
	}
	m = topModel{}
	if m.see(fleet.Status{Groups: told[:2]}, here); m.selected != "" {
		t.Errorf("where all is well %s is selected", m.selected)
	}
}

func TestTheGroupThatIsAskedAboutStaysTheSame(t *testing.T) {
	t.Parallel()
	m := badNight()
	pressAll(m, "p", "x", keyEnter)
	m.status.Groups = m.status.Groups[:2] // web is gone meanwhile
	if got := m.press("y"); got.pause != "web" {
		t.Errorf("%q is paused", got.pause)
	}
}

func TestAnswersAreShownUntilTheNextKey(t *testing.T) {
	t.Parallel()
	m := badNight()
	pressAll(m, "r", "n")
	if got := draw(m, here, 80, 24, false)[23]; !strings.HasPrefix(got, "nothing was done") {
		t.Errorf("it says %q", got)
	}
	m.press("j")
	if got := draw(m, here, 80, 24, false)[23]; !strings.HasPrefix(got, "↑↓ select") {
		t.Errorf("it says %q", got)
	}
}

func TestAFilterLeavesTheGroupsThatAreMeant(t *testing.T) {
	t.Parallel()
	everyone, trouble := "api batch checkout-with-a-long-name web", "checkout-with-a-long-name web"
	for sent, want := range map[string]string{
		"/ch":                     "batch checkout-with-a-long-name",
		"/web":                    "web",
		"/zz":                     "",
		"!":                       trouble,
		"!!":                      everyone,
		"!/ch":                    "checkout-with-a-long-name",
		"/w\r":                    trouble,
		"/w\r!":                   trouble,
		"!/web\r/\x7f\x7f\x7fa\r": "checkout-with-a-long-name",
		"/w\x1b":                  everyone,
		"!\x1b":                   everyone,
	} {
		m := badNight()
		pressAll(m, keysIn(sent)...)
		var names []string
		for _, g := range m.shown() {
			names = append(names, g.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q shows %q, want %q", sent, got, want)
		}
	}
}

func TestAGroupThatSomebodyShouldLookAtIsSelectedAtFirst(t *testing.T) {
	t.Parallel()
	m, status := &topModel{}, badNight().status
	m.see(fleet.Status{Groups: status.Groups[:2]}, here)
	if m.see(status, here); m.selected != "web" { // it is the gravest
		t.Errorf("%q is selected", m.selected)
	}
	m.press("j")
	if m.see(status, here); m.selected != "checkout-with-a-long-name" {
		t.Errorf("later %q is selected", m.selected)
	}
}

func TestMovingEndsWhereTheGroupsEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		keys []string
		want string
	}{
		{[]string{"j"}, "web"}, {[]string{"k"}, "checkout-with-a-long-name"}, {[]string{keyUp, keyUp, keyDown}, "checkout-with-a-long-name"},
		{[]string{keyPageUp}, "api"}, {[]string{"g", keyPageDown}, "web"}, {[]string{keyHome, "G"}, "web"}, {[]string{"/", "a", "p", "i", keyEnter, "j"}, "api"},
	} {
		m := badNight()
		if pressAll(m, c.keys...); m.selected != c.want {
			t.Errorf("%q: %s is selected, want %s", c.keys, m.selected, c.want)
		}
	}
}

func TestWhatATerminalSendsAreKeys(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string][]string{
		"q":                   {"q"},
		"jj\r":                {"j", "j", keyEnter},
		"\x1b":                {keyEscape},
		"\x1b[A\x1bOB\x1b[5~": {keyUp, keyDown, keyPageUp},
		"\x1b[1;5A日":          {"\x1b[1;5A", "日"},
		"\x1b[1~\x1b[4~\n\b":  {keyHome, keyEnd, keyEnter, keyErase},
		"\x1b[":               {"\x1b["},
		"\xff":                {"\xff"},
		"":                    nil,
	} {
		if got := keysIn(sent); !slices.Equal(got, want) {
			t.Errorf("%q are %q, want %q", sent, got, want)
		}
	}
}

func FuzzKeys(f *testing.F) {
	for _, seed := range []string{"p reason\ry", "\x1b[A\x1b", "/w\r!jjr", "\x1b[\x1b[5~\xff日"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		m := badNight()
		joined := 0
		for _, key := range keysIn(sent) {
			joined += len(key)
			if w := m.press(key); (w.pause != "") && w.why == "" {
				t.Fatalf("%q pauses without a reason", sent)
			}
			if lines := draw(m, here, 80, 24, false); len(lines) != 24 || len(m.typed) > typedMost+4 {
				t.Fatalf("%q: %d lines, %d bytes are typed", sent, len(lines), len(m.typed))
			}
		}
		if joined == 0 && sent != "" {
			t.Fatalf("%q has no keys", sent)
		}
	})
}
