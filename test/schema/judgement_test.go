package schema_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/config"
)

var (
	every = flag.Bool("every", false, "try every mutation, and not a sample")
	seed  = flag.Uint64("seed", 1, "of the sample")
)

// loaderAlone is what only the loader can know, by what its messages say, and why.
var loaderAlone = []struct {
	why  string
	says *regexp.Regexp
}{
	{"names are defined elsewhere in the file", regexp.MustCompile("unknown (signal|query|provider|group|user) `")},
	{"profiles are defined elsewhere in the file", regexp.MustCompile(`\.profile: unknown value`)},
	{"what signals are made of is elsewhere in the file", regexp.MustCompile("goes round in a circle|some are about each instance and others|has no meaning for a signal of the group|the signal is about each instance|is about each instance, and only|is not pushed|says up or down")},
	{"how large a signal can be is elsewhere in the file", regexp.MustCompile("would never (grow|be short)|is never so|is always so|leaves nothing to spare")},
	{"one bound depends on another", regexp.MustCompile("is larger than max|is (longer|shorter) than (span|repeat|timeout|launch|time_to_serve)|is not shorter than|does not hold|holds more than [0-9]+ samples|makes more than|is taken over the samples|asks for more|within the group's min and max|cannot be as an earlier condition|would swing|never makes the group")},
	{"a bound is another key's value", regexp.MustCompile(`(staleness|standby): .* is out of range`)},
	{"things must differ that are apart in the file", regexp.MustCompile(`is the name of an earlier|there are two hooks|belongs to (providers|groups)\.|has the same bound|forecasts the same signal|another token has`)},
	{"two words of a list contradict each other", regexp.MustCompile("newest and oldest contradict")},
	{"what is outside of the file is not read", regexp.MustCompile("put (it|the secret|only the secret|the one line|the two|the calendar|only dates) |holds no |run chmod|is not set: set it|holds a token of less|holds a passphrase of less|put only the secret|in a file")},
	{"it is what a reference leads to", regexp.MustCompile("file:/secrets/")},
	{"a text has a grammar of its own", regexp.MustCompile(`\.formula: |schedule\.cron: "|schedule\.zone: (unknown time zone|.* is not the same on every machine)|schedule\.(dates|except|only)(\[\d+\])?: |not in whole seconds|is not a time of day|a cron of every hour`)},
	{"an address means something", regexp.MustCompile("says more than its first|is in no sender's|is not the address of one host|is not an address|address at which no receiver|begins with http: write https|lets the password")},
	{"a section elsewhere in the file says it", regexp.MustCompile("nothing is received without|has no meaning for a URL that begins with http|is the name of a query")},
	{"a whole number can be a name", regexp.MustCompile("interface: .* is out of range")},
	{"a path is shortened first", regexp.MustCompile("is longer than a socket's path")},
	{"YAML itself hides it", regexp.MustCompile("`!` begins a tag|a second document begins|begins an anchor|begins an alias|merges a mapping")},
	{"a whole number can be written with an exponent", regexp.MustCompile("`[0-9]+e[0-9]+` is not (a whole number|an engine ID)")},
	{"the parts of a duration add up, when the first does not fill the range", regexp.MustCompile("[0-9]+m[6-9][0-9]s is out of range")},
	{"a duration of a fraction can be too short", regexp.MustCompile(`: 0\.[0-9]+(ms|s|m) is out of range`)},
	{"a number can be too large for any", regexp.MustCompile("`1e999` is not a number")},
}

// alone says that only the loader knows of the problem. It marks what of loaderAlone was needed.
func alone(problem string, needed []bool) bool {
	for i, each := range loaderAlone {
		if each.says.MatchString(problem) {
			if needed != nil {
				needed[i] = true
			}
			return true
		}
	}
	return false
}

// files are those that match, of which there must be some.
func files(t testing.TB, pattern string, atLeast int) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) < atLeast {
		t.Fatalf("%s: %d files (%v), expected at least %d", pattern, len(paths), err, atLeast)
	}
	texts := map[string][]byte{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = text
	}
	return texts
}

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")

// examples are all configurations, and parts of some, that people are shown.
func examples(t testing.TB) map[string][]byte {
	t.Helper()
	all := files(t, "../../configs/*.yaml", 4)
	for path, text := range files(t, "../../internal/config/testdata/good/*.yaml", 4) {
		all[path] = text
	}
	for _, pattern := range []string{"../../README.md", "../../docs/*.md", "../../docs/*/*.md"} {
		for path, text := range files(t, pattern, 0) {
			for i, block := range yamlBlock.FindAllSubmatch(text, -1) {
				all[fmt.Sprintf("%s, block %d", path, i+1)] = block[1]
			}
		}
	}
	return all
}

// problems are what the loader has against the file, without what is outside of it.
func problems(data []byte) []string {
	_, err := config.Parse("file", data, config.Env{SkipSecrets: true})
	var found config.Problems
	if !errors.As(err, &found) {
		return nil
	}
	var said []string
	for _, problem := range found {
		said = append(said, problem.Path+": "+problem.Message)
	}
	return said
}

// judge compares the two verdicts on the file. What the loader has against it is told.
func judge(s *jsonschema.Schema, data []byte, said []string, needed []bool) error {
	value, isYAML := document(data)
	if !isYAML {
		if len(said) == 0 {
			return errors.New("it is no YAML, and the loader accepts it")
		}
		return nil
	}
	refused := s.Validate(value)
	switch {
	case refused != nil && len(said) == 0:
		return fmt.Errorf("the loader accepts it, and the schema does not: %w", refused)
	case refused == nil:
		for _, problem := range said {
			if !alone(problem, needed) {
				return fmt.Errorf("the schema accepts it, although nothing hides it: %s", problem)
			}
		}
	}
	return nil
}

func TestTheSchemaAndTheLoaderJudgeAlike(t *testing.T) {
	t.Parallel()
	s := schema(t)
	judged := 0
	needed := make([]bool, len(loaderAlone))
	for name, data := range examples(t) {
		judged++
		if err := judge(s, data, problems(data), nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, data := range files(t, "../../internal/config/testdata/bad/*.yaml", 300) {
		judged++
		if err := judge(s, data, wanted(t, name, data), needed); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i, each := range loaderAlone {
		if !needed[i] {
			t.Errorf("the loader need not be alone to know it, because %s: no bad file shows it", each.why)
		}
	}
	fmt.Printf("files: %d\n", judged)
}

// wanted are the messages at the end of a bad file.
func wanted(t *testing.T, name string, data []byte) (said []string) {
	t.Helper()
	place := regexp.MustCompile(`^# want: [^ ]+ `)
	for line := range strings.Lines(string(data)) {
		if place.MatchString(line) {
			said = append(said, place.ReplaceAllString(strings.TrimSpace(line), ""))
		}
	}
	if len(said) == 0 {
		t.Fatalf("%s has no messages", name)
	}
	return said
}

// changed are good files, which changes make bad ones of.
var changed = []string{
	"../../configs/autoscaled.example.yaml", "../../configs/minimal.yaml", "../../configs/forecast.yaml", "../../configs/prometheus.yaml",
	"../../internal/config/testdata/good/policies.yaml", "../../internal/config/testdata/good/snmp.yaml",
}

func tree(t *testing.T, name string) *yaml.Node {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	return &root
}

// judgeTree is judge for what is not written yet. It returns what the loader has against it.
func judgeTree(t *testing.T, s *jsonschema.Schema, root *yaml.Node) (said []string, err error) {
	t.Helper()
	text, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	said = problems(text)
	return said, judge(s, text, said, nil)
}

// TestOneChangeToAGoodFileIsJudgedAlike takes keys out, misspells them, adds others that
// the section knows, and writes values of other forms and sizes.
func TestOneChangeToAGoodFileIsJudgedAlike(t *testing.T) {
	t.Parallel()
	s := schema(t)
	random := rand.New(rand.NewPCG(*seed, 0))
	judged, refused := 0, 0
	for _, name := range changed {
		root := tree(t, name)
		share := 0.03
		if *every {
			share = 1
		}
		mutate(root, keysOf(config.Describe()), func(what string) {
			if random.Float64() >= share {
				return
			}
			said, err := judgeTree(t, s, root)
			judged++
			if len(said) > 0 {
				refused++
			}
			if err != nil {
				t.Errorf("seed %d: %s, %s: %v", *seed, name, what, err)
			}
		})
	}
	if judged < 800 || refused < judged/2 || refused == judged {
		t.Errorf("only %d changes were tried, of which %d were refused", judged, refused)
	}
	fmt.Printf("changes: %d, of which %d are refused\n", judged, refused)
}

// durations replace others: of several units, of fractions, and next to bounds of an hour and a day.
var durations = []string{"1h1s", "1h30m", "1h05m", "1h0m0s", "59m59s", "59m61s", "1.5h", "90.5m", "0.05s", "1m30s", "24h1m", "24h0m0s", "9999h0m1s"}

// TestADurationIsJudgedAlikeInEveryPlace writes others into all places that hold one.
func TestADurationIsJudgedAlikeInEveryPlace(t *testing.T) {
	t.Parallel()
	s := schema(t)
	judged, refused := 0, 0
	for _, name := range changed {
		root := tree(t, name)
		for _, place := range holdingDurations(root) {
			before := place.Value
			for _, place.Value = range durations {
				said, err := judgeTree(t, s, root)
				judged++
				if len(said) > 0 {
					refused++
				}
				if err != nil {
					t.Errorf("%s:%d, %s in place of %s: %v", name, place.Line, place.Value, before, err)
				}
			}
			place.Value = before
		}
	}
	if judged < 300 || refused < judged/4 || refused == judged {
		t.Errorf("only %d durations were tried, of which %d were refused", judged, refused)
	}
	fmt.Printf("changes: %d durations, of which %d are refused\n", judged, refused)
}

func holdingDurations(node *yaml.Node) (places []*yaml.Node) {
	if _, err := time.ParseDuration(node.Value); err == nil && node.ShortTag() == "!!str" {
		places = append(places, node)
	}
	for _, child := range node.Content {
		places = append(places, holdingDurations(child)...)
	}
	return places
}

// values replace others: of each form, and of sizes that are too small or too large for many.
var values = []string{
	"[]", "[x]", "{}", "{x: y}", "~", `""`, "true", "word", "Word", "-1", "0", "0.5", "1", "2.5", "100", "70000", "1e9",
	"0%", "50%", "150%", "99999%", `"7"`, `"-7"`, "0s", "1ms", "90s", "10000h", "5", "2026-04-01", "18:00", "3 of 5", "9 of 100",
	"file:relative", "file:/absolute", "env:NAME", "env:1", "http://example.jp/", "https://u:p@example.jp/json", "https://example.jp/json#x",
	"gp00000001", "gl1", "10.0.0.0/8", "host:1", "host:70000", "1.3.6.1.2", "max", "p99",
}

// mutate changes the tree in one place after the other, and calls try in between.
func mutate(root *yaml.Node, known map[string]map[string]bool, try func(what string)) {
	var visit func(node *yaml.Node, path string)
	visit = func(node *yaml.Node, path string) {
		switch node.Kind {
		case yaml.DocumentNode:
			visit(node.Content[0], "")
		case yaml.SequenceNode:
			for i, item := range node.Content {
				visit(item, path+"[]")
				replace(node, i, path+"[]", try)
			}
		case yaml.MappingNode:
			mutateMapping(node, path, known[path], try)
			for i := 0; i < len(node.Content); i += 2 {
				name := node.Content[i].Value
				if known[path+".NAME"] != nil {
					name = "NAME"
				}
				visit(node.Content[i+1], strings.TrimPrefix(path+"."+name, "."))
				replace(node, i+1, strings.TrimPrefix(path+"."+name, "."), try)
			}
		}
	}
	visit(root, "")
}

// replace writes other values in place of one.
func replace(node *yaml.Node, i int, path string, try func(what string)) {
	before := node.Content[i]
	for _, text := range values {
		var document yaml.Node
		if err := yaml.Unmarshal([]byte(text), &document); err != nil {
			panic(err)
		}
		node.Content[i] = document.Content[0]
		try(fmt.Sprintf("%s is %s", path, text))
	}
	node.Content[i] = before
}

// mutateMapping takes each key out, misspells it, and adds each that is not there.
func mutateMapping(node *yaml.Node, path string, known map[string]bool, try func(what string)) {
	whole, others := node.Content, maps.Clone(known)
	for i := 0; i < len(whole); i += 2 {
		key := whole[i]
		node.Content = slices.Delete(slices.Clone(whole), i, i+2)
		try(fmt.Sprintf("%s lacks %s", path, key.Value))
		delete(others, key.Value)
		node.Content = whole
		right := key.Value
		key.Value += "x"
		try(fmt.Sprintf("%s has %s", path, key.Value))
		key.Value = right
	}
	for _, key := range slices.Sorted(maps.Keys(others)) {
		node.Content = append(slices.Clone(whole), &yaml.Node{Kind: yaml.ScalarNode, Value: key}, &yaml.Node{Kind: yaml.ScalarNode, Value: "1"})
		try(fmt.Sprintf("%s has %s besides", path, key))
	}
	node.Content = whole
}

// keysOf are the keys of each section.
func keysOf(s *config.Section) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	var visit func(s *config.Section)
	visit = func(s *config.Section) {
		all[s.Path] = map[string]bool{}
		for _, key := range s.Keys {
			if key.Section != nil {
				visit(key.Section)
			}
			all[s.Path][key.Name] = true
		}
	}
	visit(s)
	return all
}
