package page

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

var (
	verb  = regexp.MustCompile(`%(?:\[\d+\])?[ds]`)
	kanji = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}]`)
)

func TestEveryTextIsThereInBothLanguages(t *testing.T) {
	t.Parallel()
	same := map[string]bool{"title": true, "decided": true, "who": true, "language": true, "explanation.effect": true, "to": true, "colon": true, "comma": true} // names and signs
	for key, p := range catalogue {
		switch {
		case p.en == "" || p.ja == "":
			t.Errorf("%s lacks a language: %q, %q", key, p.en, p.ja)
		case len(verb.FindAllString(p.en, -1)) != len(verb.FindAllString(p.ja, -1)):
			t.Errorf("%s fills in another number of things: %q, %q", key, p.en, p.ja)
		case !same[key] && !kanji.MatchString(p.ja):
			t.Errorf("%s is not Japanese: %q", key, p.ja)
		case !same[key] && kanji.MatchString(p.en):
			t.Errorf("%s is not English: %q", key, p.en)
		}
	}
}

func all[T ~string](list []T) (codes []string) {
	for _, code := range list {
		codes = append(codes, string(code))
	}
	return codes
}

func TestEveryCodeOfTheFixedListsIsInWords(t *testing.T) {
	t.Parallel()
	var qualities []string
	for _, absence := range policy.Absences() {
		qualities = append(qualities, absence.String())
	}
	overrides, holds := []string{}, []string{}
	for _, kind := range policy.OverrideKinds() {
		overrides = append(overrides, "override."+string(kind))
	}
	for _, hold := range policy.Holds() {
		holds = append(holds, "held."+string(hold))
	}
	deedNames := []string{}
	for _, d := range deeds() {
		deedNames = append(deedNames, d.Name)
	}
	for list, codes := range map[string][]string{
		"reason": all(policy.Reasons()), "hold": all(policy.Holds()), "phase": all(actions.Phases()), "step": all(actions.Steps()),
		"goal": all([]policy.Goal{policy.InService, policy.Standby, policy.Released, policy.Ready}), "doubt": all(actions.Doubts()),
		"drift": all(actions.DriftKinds()), "overkind": all(policy.OverrideKinds()), "kind": all(events.Kinds()), "severity": all(events.Severities()),
		"quality": qualities, "silence": all(policy.Silences()), "part": all(parts()), "mode": {"act", "out_only", "recommend"},
		"order": all([]actions.IntentState{actions.IntentOpen, actions.IntentUnknown, actions.IntentAsking}), "role": {"read", "operate", "admin"},
		"doing": doings, "badge": concatenated(concernKeys(), holds, overrides), "todo": concatenated(concernKeys(), holds, overrides), "deed": deedNames, "effect": deedNames,
		"span": {"1h", "6h", "24h", "7d"},
	} {
		if len(codes) == 0 {
			t.Errorf("the list %s is empty", list)
		}
		for _, code := range codes {
			if _, ok := catalogue[list+"."+code]; !ok {
				t.Errorf("there are no words for %s.%s", list, code)
			}
		}
	}
}

func concatenated(lists ...[]string) (all []string) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

func TestTemplatesAndScriptUseTextsThatExist(t *testing.T) {
	t.Parallel()
	used := 0
	check := func(key, where string) {
		used++
		if _, ok := catalogue[key]; !ok {
			t.Errorf("%s uses the text %s, which does not exist", where, key)
		}
	}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := templateFiles.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`[{( ]t "([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
			check(match[1], file)
		}
	}
	script, err := staticFiles.ReadFile("static/app.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile(`\bsay\.(\w+)`).FindAllStringSubmatch(string(script), -1) {
		check("script."+match[1], "app.js")
	}
	if used < 150 {
		t.Errorf("found only %d uses of texts: the test does not see them", used)
	}
}

func TestNoTextIsWithoutUse(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	for _, files := range []fs.FS{templateFiles, staticFiles} {
		_ = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && !strings.Contains(path, "uPlot") {
				text, _ := fs.ReadFile(files, path)
				sources.Write(text)
			}
			return err
		})
	}
	inCode := regexp.MustCompile(`^(forbidden\.what|nogroup|overview|desired|wanted|serving|becoming|expected|low|high|mean|peak|unit\..*|script\.(read|operate|admin))$`)
	listed := regexp.MustCompile(`^(reason|phase|step|goal|hold|doubt|overkind|drift|mode|kind|severity|quality|silence|order|role|rollout|drill|part|badge|todo|deed|effect|span|doing|chart)\.`)
	for key := range catalogue {
		name, ofScript := strings.CutPrefix(key, "script.")
		if inCode.MatchString(key) || listed.MatchString(key) || ofScript && strings.Contains(sources.String(), "say."+name) {
			continue
		}
		if ofScript || !strings.Contains(sources.String(), `t "`+key+`"`) {
			t.Errorf("nothing uses the text %s", key)
		}
	}
}

func TestTheLanguageIsTheOneThatTheBrowserPrefers(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]lang{
		"": english, "ja": "ja", "ja-JP,ja;q=0.9,en;q=0.8": "ja", "en-GB,en;q=0.9,ja;q=0.8": english, "de,ja;q=0.3,en;q=0.2": "ja",
		"fr": english, "ja;q=0, en;q=0.1": english, "ja;q=nonsense,en": english, ";;;,,q=": english, "JA": "ja", "ja;q=9": english,
	} {
		if got := preferred(header); got != want {
			t.Errorf("Accept-Language %q gives %s, want %s", header, got, want)
		}
	}
}

func TestAnUnknownCodeIsShownAsItIs(t *testing.T) {
	t.Parallel()
	if got := english.code("reason", "brand_new"); got != "brand_new" {
		t.Errorf("an unknown code is shown as %q", got)
	}
}

// concernKeys are all that concerns are called by, besides held.HOLD and override.KIND.
func concernKeys() (keys []string) {
	for _, kind := range fleet.ConcernKinds() {
		if kind != fleet.ConcernHeld && kind != fleet.ConcernOverride {
			keys = append(keys, string(kind))
		}
	}
	return keys
}

// What people read must not depend on how a concern came about: each that can be is in the
// list that the catalogue is checked against.
func TestEveryConcernOfAGroupIsListed(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, key := range concernKeys() {
		known[key] = true
	}
	known["failing.left"] = true
	s := newScene(t)
	groups := append(s.groups(), fleet.GroupStatus{Failing: 1}, fleet.GroupStatus{
		Name: "bad", Trouble: "disk full", PastTrouble: "no such file", Failing: 1, Rollout: &policy.Rollout{State: policy.RolloutGivenUp}, Drill: &fleet.Drill{ID: "d"},
		Signals: []fleet.SignalStatus{{Name: "a", Value: ptr(1.0), Faults: 1, Fault: "x"}}, Instances: []actions.InstanceStatus{{LeftAlone: true}, {Drift: &actions.Drift{Kind: actions.DriftStopped}}},
	}, fleet.GroupStatus{Unseen: true, Rollout: &policy.Rollout{State: policy.RolloutUnderWay}})
	seen := map[string]bool{}
	for i := range groups {
		for _, c := range concernsOf(&groups[i]) {
			seen[c.Key] = true
			if !known[c.Key] && !strings.HasPrefix(c.Key, "held.") && !strings.HasPrefix(c.Key, "override.") {
				t.Errorf("the concern %s is not listed", c.Key)
			}
		}
	}
	for key := range known {
		if !seen[key] {
			t.Errorf("no group of the test has the concern %s", key)
		}
	}
}
