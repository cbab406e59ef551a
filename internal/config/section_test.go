package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/raced"
)

// TestUnknownKeyIsRefusedInEverySection puts a key that does not exist into each
// mapping of the complete example, one after the other.
func TestUnknownKeyIsRefusedInEverySection(t *testing.T) {
	t.Parallel()
	const stray = "Stray-Key"
	var document yaml.Node
	if err := yaml.Unmarshal(contents(t, "../../configs/autoscaled.example.yaml"), &document); err != nil {
		t.Fatal(err)
	}
	sections := 0
	for _, mapping := range mappings(&document) {
		sections++
		whole := mapping.Content
		mapping.Content = append([]*yaml.Node{
			{Kind: yaml.ScalarNode, Value: stray},
			{Kind: yaml.ScalarNode, Value: "1"},
		}, whole...)
		text, err := yaml.Marshal(&document)
		if err != nil {
			t.Fatal(err)
		}
		mapping.Content = whole
		if _, err := Parse("stray.yaml", text, furnished().env()); err == nil || !strings.Contains(err.Error(), stray) {
			t.Errorf("the mapping in line %d accepts any key: %v", mapping.Line, err)
		}
	}
	if sections < 30 {
		t.Errorf("only %d mappings seen", sections)
	}
}

// TestWrongKindIsRefusedForEveryValue replaces each value of the complete example
// by one of another kind.
func TestWrongKindIsRefusedForEveryValue(t *testing.T) {
	t.Parallel()
	var document yaml.Node
	if err := yaml.Unmarshal(contents(t, "../../configs/autoscaled.example.yaml"), &document); err != nil {
		t.Fatal(err)
	}
	replacements := []yaml.Node{
		{Kind: yaml.SequenceNode, Content: []*yaml.Node{{Kind: yaml.SequenceNode}}},
		{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "Stray-Key"}, {Kind: yaml.SequenceNode}}},
		{Kind: yaml.ScalarNode, Tag: "!!null", Value: "~"},
	}
	for _, mapping := range mappings(&document) {
		for i := 1; i < len(mapping.Content); i += 2 {
			value := mapping.Content[i]
			for _, replacement := range replacements {
				if raced.Passes(8) {
					continue
				}
				mapping.Content[i] = &replacement
				text, err := yaml.Marshal(&document)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := Parse("kind.yaml", text, furnished().env()); err == nil {
					t.Errorf("%s in line %d accepts %s", mapping.Content[i-1].Value, value.Line, kindOf(&replacement))
				}
			}
			mapping.Content[i] = value
		}
	}
}

func mappings(node *yaml.Node) []*yaml.Node {
	var found []*yaml.Node
	if node.Kind == yaml.MappingNode {
		found = append(found, node)
	}
	for _, child := range node.Content {
		found = append(found, mappings(child)...)
	}
	return found
}

func TestAProblemAtTheEndOfTheFileIsInItsLastLine(t *testing.T) {
	t.Parallel()
	_, err := Parse("end.yaml", []byte("providers: {}\ngroups:\n  ?"), Env{})
	for _, problem := range problems(t, err) {
		if problem.Line > 3 {
			t.Errorf("the file has 3 lines: %v", problem)
		}
	}
}

func TestProblemsComeInTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	_, err := parseFile(t, "testdata/bad/many-faults-at-once.yaml")
	previous := Problem{}
	for _, problem := range problems(t, err) {
		if problem.Line < previous.Line || problem.Line == previous.Line && problem.Column < previous.Column {
			t.Errorf("%v comes after %v", problem, previous)
		}
		previous = problem
	}
}

func TestFileLargerThanTheBoundIsRefused(t *testing.T) {
	t.Parallel()
	largest := contents(t, "../../configs/minimal.yaml")
	largest = append(largest, "# "+strings.Repeat("x", maxFileBytes-len(largest)-2)...)
	if _, err := Parse("largest.yaml", largest, furnished().env()); err != nil {
		t.Errorf("a file of %d bytes: %v", len(largest), err)
	}
	if _, err := Parse("larger.yaml", append(largest, 'x'), furnished().env()); err == nil {
		t.Errorf("a file of %d bytes is accepted", len(largest)+1)
	}
}

func TestTextInAnotherEncodingIsRefusedAtItsPlace(t *testing.T) {
	t.Parallel()
	_, err := Parse("latin1.yaml", []byte("providers:\n  b\xfccher: {}\n"), Env{})
	want := Problem{File: "latin1.yaml", Line: 2, Column: 4, Message: "this is not UTF-8 text: save the file as UTF-8"}
	if got := problems(t, err); len(got) != 1 || got[0] != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCharacterThatEndsALineForYAMLAloneIsRefused(t *testing.T) {
	t.Parallel()
	for _, character := range []string{"\r", "\u0085", "\u2028", "\u2029"} {
		_, err := Parse("lines.yaml", []byte("a: b"+character+"c: d\n"), Env{})
		if got := problems(t, err); len(got) != 1 || got[0].Line != 1 || got[0].Column != 5 {
			t.Errorf("%q: got %v", character, got)
		}
	}
}

func TestByteOrderMarkAndWindowsLineEndsAreRead(t *testing.T) {
	t.Parallel()
	text := "\ufeff" + strings.ReplaceAll(string(contents(t, "../../configs/minimal.yaml")), "\n", "\r\n")
	if _, err := Parse("windows.yaml", []byte(text), furnished().env()); err != nil {
		t.Error(err)
	}
}

// problems takes an error of Parse for the only kind that it may be.
func problems(t testing.TB, err error) Problems {
	t.Helper()
	var list Problems
	if !errors.As(err, &list) || len(list) == 0 {
		t.Fatalf("got %T, want problems: %v", err, err)
	}
	return list
}

func ExampleProblems() {
	_, err := Parse("web.yaml", []byte("groups:\n  web:\n    min: 2\n    policys: []\n"), Env{})
	fmt.Println(err)
	// Output:
	// web.yaml:1:1: providers: is missing: add it
	// web.yaml:2:3: groups.web.max: is missing: add it
	// web.yaml:2:3: groups.web.provider: is missing: add it
	// web.yaml:2:3: groups.web.template.source: is missing: add it
	// web.yaml:2:3: groups.web.template.type: is missing: add it
	// web.yaml:4:5: groups.web: unknown key `policys`: did you mean `policies`?
}
