package config

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/raced"
)

// eachSection calls see for the section and all in it.
func eachSection(s *Section, see func(*Section)) {
	see(s)
	for _, key := range s.Keys {
		if key.Section != nil {
			eachSection(key.Section, see)
		}
	}
}

func TestEveryKeyHasAMeaningAndEveryMeaningAKey(t *testing.T) {
	t.Parallel()
	known, same := parseMeanings(meanings)
	keys := 0
	eachSection(Describe(), func(s *Section) {
		delete(known, s.Path)
		delete(same, s.Path)
		for _, key := range s.Keys {
			keys++
			if key.Kind == 0 {
				t.Errorf("%s.%s has a meaning, and the loader does not know it", s.Path, key.Name)
			}
			if key.Meaning == "" && key.Name != sampleName {
				t.Errorf("%s.%s has no meaning in meanings.txt", s.Path, key.Name)
			}
		}
	})
	for path := range known {
		t.Errorf("meanings.txt has a section %s, and the loader does not", path)
	}
	for path := range same {
		t.Errorf("meanings.txt says that %s is like another, and the loader does not know it", path)
	}
	if keys < 300 {
		t.Errorf("only %d keys are described", keys)
	}
}

func TestAFileIsDescribedByTheSameRulesAsItIsRead(t *testing.T) {
	t.Parallel()
	sections := map[string]*Section{}
	eachSection(Describe(), func(s *Section) { sections[s.Path] = s })
	for path, want := range map[string]string{
		"groups.NAME.policies[]":                     "{If:{Key: Values:[] Like: Negated:false} Any:[] One:[target step threshold schedule size webhook forecast] None:[]}",
		"groups.NAME.policies[].forecast.backfill":   "{If:{Key: Values:[] Like: Negated:false} Any:[] One:[csv promql] None:[]}",
		"groups.NAME.shadow.policies[].step.steps[]": "{If:{Key:above Values:[] Like: Negated:false} Any:[add] One:[] None:[remove]}",
		"groups.NAME.signals.NAME.scrape":            "{If:{Key:password Values:[] Like: Negated:false} Any:[username] One:[] None:[]}",
		"groups.NAME.signals.NAME.snmp":              "{If:{Key:version Values:[v3] Like: Negated:true} Any:[] One:[] None:[user context auth privacy]}",
	} {
		found := false
		for _, rule := range sections[path].Rules {
			found = found || fmt.Sprintf("%+v", rule) == want
		}
		if !found {
			t.Errorf("%s lacks the rule %s: it has %+v", path, want, sections[path].Rules)
		}
	}
}

// TestADefaultCanBeWrittenOut writes each default into files that lack the key: it changes nothing.
func TestADefaultCanBeWrittenOut(t *testing.T) {
	t.Parallel()
	defaults := map[string]map[string]string{}
	eachSection(Describe(), func(s *Section) {
		defaults[s.Path] = map[string]string{}
		for _, key := range s.Keys {
			if key.Default != "" {
				defaults[s.Path][key.Name] = key.Default
			}
		}
	})
	written := 0
	for _, path := range []string{"../../configs/minimal.yaml", "../../configs/autoscaled.example.yaml", "../../configs/forecast.yaml", "testdata/good/policies.yaml", "testdata/good/snmp.yaml"} {
		var document yaml.Node
		if err := yaml.Unmarshal(contents(t, path), &document); err != nil {
			t.Fatal(err)
		}
		want := reparsed(t, &document)
		for at, mapping := range mappingsByPath(&document) {
			for key, usual := range defaults[templateOf(at)] {
				if hasKey(mapping, key) || raced.Passes(8) {
					continue
				}
				var value yaml.Node
				if err := yaml.Unmarshal([]byte(usual), &value); err != nil {
					t.Fatal(err)
				}
				whole := mapping.Content
				mapping.Content = append(whole[:len(whole):len(whole)], &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value.Content[0])
				got := reparsed(t, &document)
				mapping.Content = whole
				if got == nil { // it has no meaning there
					continue
				}
				written++
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s: %s of %s is not %s where nothing is written", path, key, at, usual)
				}
			}
		}
	}
	if written < raced.Sample(200, 16) {
		t.Errorf("only %d defaults were written out", written)
	}
}

func reparsed(t *testing.T, document *yaml.Node) *Config {
	t.Helper()
	text, err := yaml.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	config, err := Parse("defaults.yaml", text, furnished().env())
	if err != nil {
		return nil
	}
	return config
}

func hasKey(mapping *yaml.Node, key string) bool {
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return true
		}
	}
	return false
}

// mappingsByPath are the mappings of the document, by their paths.
func mappingsByPath(document *yaml.Node) map[string]*yaml.Node {
	found := map[string]*yaml.Node{}
	var visit func(node *yaml.Node, path string)
	visit = func(node *yaml.Node, path string) {
		switch node.Kind {
		case yaml.SequenceNode:
			for i, item := range node.Content {
				visit(item, path+"["+strconv.Itoa(i)+"]")
			}
		case yaml.MappingNode:
			found[path] = node
			for i := 0; i < len(node.Content); i += 2 {
				visit(node.Content[i+1], strings.TrimPrefix(path+"."+node.Content[i].Value, "."))
			}
		}
	}
	visit(document.Content[0], "")
	return found
}

var given = regexp.MustCompile(`^(providers|queries|profiles|groups)\.[a-z0-9-]+|\.signals\.[a-z0-9-]+|\[\d+\]`)

// templateOf is the path of the section that describes the one at path.
func templateOf(path string) string {
	return given.ReplaceAllStringFunc(path, func(part string) string {
		if strings.HasPrefix(part, "[") {
			return "[]"
		}
		return part[:strings.LastIndex(part, ".")] + "." + sampleName
	})
}

func TestThePatternOfNumbersBetweenTwoIsThatOfNoOthers(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		a, b := random.IntN(3000), random.IntN(3000)
		least, most := min(a, b), max(a, b)
		pattern := regexp.MustCompile(`^(?:` + between(least, most) + `)$`)
		for n := range 3100 {
			if pattern.MatchString(strconv.Itoa(n)) != (least <= n && n <= most) {
				t.Fatalf("between %d and %d: wrong about %d: %s", least, most, n, pattern)
			}
		}
	}
}

// TestAShapeRefusesNothingThatTheLoaderTakes tries texts on all that is between a shape and
// its parser.
func TestAShapeRefusesNothingThatTheLoaderTakes(t *testing.T) {
	t.Parallel()
	texts := []string{
		"0", "-0", "+0", "00", "1", "+1", "007", "0.5", ".5", "5.", "1e3", "1E-3", "0x1p-2", "-1", "-.5", "0%", "-0%", "0.05%", "50%", "+50%", "50 %", " 50%",
		"99.9%", "100%", "100.0%", "1000%", "5e1%", "0s", "-0s", "1ns", "1us", "1µs", "1.5h", ".5h", "1.0h", "1h30m", "30m30m", "59m60s", "0s1h", "1h0m0s",
		"60.0000000000001m", "60.m", "1h.1ns", "99ms1000us", "90m", "24h", "24h0m0s", "86400s", "1000", "65535",
	}
	tried := tryTexts(t, texts, whole(0, 1000)) + tryTexts(t, texts, whole(1, 65535)) + tryTexts(t, texts, port) +
		tryTexts(t, texts, number) + tryTexts(t, texts, share) + tryTexts(t, texts, someShare("")) + tryTexts(t, texts, positive(50)) +
		tryTexts(t, texts, positive(math.MaxFloat64)) + tryTexts(t, texts, overloadBudget) + tryTexts(t, texts, planQuantile) +
		tryTexts(t, texts, amount(shareToAdd)) + tryTexts(t, texts, amount(shareToRemove)) +
		tryTexts(t, texts, duration(0, 24*time.Hour)) + tryTexts(t, texts, duration(instant, time.Hour)) + tryTexts(t, texts, duration(time.Second, 31*24*time.Hour))
	if tried < 100 {
		t.Errorf("only %d texts were taken", tried)
	}
}

// TestTheShapeOfADurationIsExactAsItIsUsuallyWritten takes those of whole seconds, with
// the hours before fewer than 60 minutes, and these before fewer than 60 seconds.
func TestTheShapeOfADurationIsExactAsItIsUsuallyWritten(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for least, most := range map[time.Duration]time.Duration{
		0: 24 * time.Hour, instant: time.Hour, time.Second: 10 * time.Minute, 10 * time.Second: time.Minute, time.Minute: 366 * 24 * time.Hour,
	} {
		p := duration(least, most)
		pattern := regexp.MustCompile(p.shape().Pattern)
		for i := range 2000 {
			d := time.Duration(random.Int64N(int64(2 * most))).Truncate(time.Second)
			if i < 200 { // next to the bounds
				d = []time.Duration{least.Truncate(time.Second), most}[i%2] + time.Duration(i-100)*time.Second
			}
			long := max(d, time.Minute)
			for _, text := range []string{d.String(), strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(d.String()), fmt.Sprintf("%dh%02dm", long/time.Hour, long/time.Minute%60)} {
				if _, err := p.parse(text); pattern.MatchString(text) != (err == nil) {
					t.Errorf("%q in %s to %s: the loader says %v, and the schema otherwise: %s", text, least, most, err, pattern)
				}
			}
		}
	}
}

func tryTexts[T any](t *testing.T, texts []string, p parser[T]) (tried int) {
	t.Helper()
	pattern := regexp.MustCompile(p.shape().Pattern)
	for _, text := range texts {
		if _, err := p.parse(text); err != nil {
			continue
		}
		tried++
		if !pattern.MatchString(text) {
			t.Errorf("the loader takes %q, and the schema does not: %s", text, pattern)
		}
	}
	return tried
}
