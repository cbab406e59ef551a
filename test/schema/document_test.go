package schema_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/config"
)

// schema is what editors judge by, as the program prints it.
func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("autoscaled.schema.json", text); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("autoscaled.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// document is the file as an editor understands it, by YAML 1.2; false: it is no YAML to one.
func document(data []byte) (value any, ok bool) {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil || len(root.Content) == 0 {
		return nil, false
	}
	return valueOf(root.Content[0])
}

func valueOf(node *yaml.Node) (value any, ok bool) {
	switch node.Kind {
	case yaml.AliasNode:
		return valueOf(node.Alias)
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, item := range node.Content {
			if list[i], ok = valueOf(item); !ok {
				return nil, false
			}
		}
		return list, true
	case yaml.MappingNode:
		return mappingOf(node)
	}
	return scalarOf(node), true
}

func mappingOf(node *yaml.Node) (value any, ok bool) {
	mapping := map[string]any{}
	for i := 0; i < len(node.Content); i += 2 {
		key := node.Content[i]
		if _, twice := mapping[key.Value]; twice || key.Kind != yaml.ScalarNode {
			return nil, false
		}
		if mapping[key.Value], ok = valueOf(node.Content[i+1]); !ok {
			return nil, false
		}
	}
	return mapping, true
}

func scalarOf(node *yaml.Node) any {
	switch node.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(node.Value, "true")
	case "!!int", "!!float":
		if number := json.Number(strings.TrimPrefix(node.Value, "+")); isNumber(number) {
			return number
		}
	}
	return node.Value
}

// isNumber says that JSON could write it so.
func isNumber(number json.Number) bool {
	text, err := json.Marshal(number)
	return err == nil && json.Valid(text)
}
