package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/config"
)

func page(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheReadmeNamesEveryCommand(t *testing.T) {
	t.Parallel()
	readme := page(t, "README.md")
	for _, command := range root().Commands() {
		if !command.IsAvailableCommand() {
			continue // a topic of the help, or what packages are built with
		}
		if !strings.Contains(readme, "`autoscaled "+command.Name()) {
			t.Errorf("the README does not show `autoscaled %s`", command.Name())
		}
	}
}

// keys are the keys of each section, by the section's path.
type keys map[string][]string

// strange is no key, and near to none.
const strange = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"

// acceptedKeys asks the program itself: in the example, which has every section, a
// strange key makes each section name the keys that it knows.
func acceptedKeys(t *testing.T) keys {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(page(t, "configs/autoscaled.example.yaml")), &document); err != nil {
		t.Fatal(err)
	}
	addStrange(&document)
	text, err := yaml.Marshal(&document)
	if err != nil {
		t.Fatal(err)
	}
	_, err = config.Parse("strange.yaml", text, config.Env{SkipSecrets: true})
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("error is %v", err)
	}
	accepted := keys{}
	for _, problem := range problems {
		if _, list, ok := strings.Cut(problem.Message, "unknown key `"+strange+"`: valid: "); ok {
			accepted[template(problem.Path)] = strings.Split(list, ", ")
		}
	}
	return accepted
}

func addStrange(node *yaml.Node) {
	for _, child := range node.Content {
		addStrange(child)
	}
	if node.Kind == yaml.MappingNode {
		node.Content = append(node.Content,
			&yaml.Node{Kind: yaml.ScalarNode, Value: strange}, &yaml.Node{Kind: yaml.ScalarNode, Value: "1"})
	}
}

var chosen = regexp.MustCompile(`\b(providers|queries|profiles|groups|signals)\.[a-z0-9-]+|\[\d+\]`)

// template is a path with the names that a file's author chose left open.
func template(path string) string {
	path = strings.Replace(path, ".shadow.", ".", 1) // what is in a shadow is documented at the group
	return chosen.ReplaceAllStringFunc(path, func(part string) string {
		if kind, _, named := strings.Cut(part, "."); named {
			return kind + ".NAME"
		}
		return "[]"
	})
}

var (
	sectionHeading = regexp.MustCompile("^## (?:The top|`(.+)`)$")
	keyRow         = regexp.MustCompile("^\\| (`[a-z0-9_`, ]+`) \\|")
)

// documentedKeys reads the tables of docs/configuration.md.
func documentedKeys(t *testing.T) keys {
	t.Helper()
	documented := keys{}
	section, within := "", false
	for line := range strings.Lines(page(t, "docs/configuration.md")) {
		line = strings.TrimSuffix(line, "\n")
		if heading := sectionHeading.FindStringSubmatch(line); heading != nil {
			section, within = heading[1], true
		}
		if row := keyRow.FindStringSubmatch(line); row != nil && within {
			names := strings.FieldsFunc(row[1], func(r rune) bool { return strings.ContainsRune("`, ", r) })
			documented[section] = append(documented[section], names...)
		}
	}
	for _, names := range documented {
		slices.Sort(names)
	}
	return documented
}

func TestEveryKeyIsDocumentedAndEveryDocumentedKeyExists(t *testing.T) {
	t.Parallel()
	accepted, documented := acceptedKeys(t), documentedKeys(t)
	if len(accepted) < 15 {
		t.Fatalf("only %d sections told their keys", len(accepted))
	}
	for section, want := range accepted {
		if !slices.Equal(documented[section], want) {
			t.Errorf("section %q has the keys\n%q, and documented are\n%q", section, want, documented[section])
		}
	}
	for section := range documented {
		if accepted[section] == nil {
			t.Errorf("section %q is documented and does not exist", section)
		}
	}
}
