package config

import "gopkg.in/yaml.v3"

// texts returns the mapping from words to words under key.
func (s *section) texts(key string, checkKey parser[string]) map[string]string {
	if !s.has(key) {
		return nil
	}
	mapping := s.section(key)
	texts := make(map[string]string, len(mapping.keys))
	for _, key := range mapping.keys {
		if _, err := checkKey(key); err != nil {
			mapping.record(mapping.fields[key].key, mapping.join(key), "%v", err)
		}
		texts[key] = read(mapping, key, "", text)
	}
	return texts
}

// read returns the value under key as parse understands it. It returns fallback
// when the file lacks the key, and after reporting a problem when the value is
// no good. So that no second problem follows from the first, fallback must pass
// the checks made on the value later.
func read[T any](s *section, key string, fallback T, parse parser[T]) T {
	if !s.has(key) {
		return fallback
	}
	node := s.fields[key].value
	switch {
	case node.Kind == yaml.AliasNode:
		return fallback
	case isEmpty(node):
		s.fault(key, emptyValue)
		return fallback
	case node.Kind != yaml.ScalarNode:
		s.fault(key, "is %s, but a single value is wanted", kindOf(node))
		return fallback
	}
	value, err := parse(node.Value)
	if err != nil {
		s.fault(key, "%v", err)
		return fallback
	}
	return value
}

const emptyValue = "is empty: write a value, or remove the key"

// isEmpty says that nothing is written where a value should be.
func isEmpty(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

func kindOf(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		return "a single value"
	}
}
