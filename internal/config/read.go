package config

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// texts returns the mapping from words to words under key.
func (s *section) texts(key string, checkKey parser[string]) map[string]string {
	if !s.has(key) {
		return nil
	}
	mapping := s.dictionary(key, checkKey)
	texts := make(map[string]string, len(mapping.keys))
	for _, key := range mapping.keys {
		if _, err := checkKey.parse(key); err != nil {
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
	if s.about != nil {
		describeValue(s.about, key, fallback, parse)
		return fallback
	}
	if !s.has(key) {
		return fallback
	}
	if value, ok := readNode(s.reader, s.join(key), s.fields[key].value, parse); ok {
		return value
	}
	return fallback
}

// readList returns the values in the list under key as parse understands each. It
// returns fallback when the file lacks the key, and after reporting a problem with
// the list or with a value in it.
func readList[T any](s *section, key string, fallback []T, parse parser[T]) []T {
	if s.about != nil {
		describeList(s.about, key, fallback, parse)
		return fallback
	}
	nodes, listed := s.list(key)
	if !listed {
		return fallback
	}
	good, values := true, make([]T, len(nodes))
	for i, node := range nodes {
		value, ok := readNode(s.reader, fmt.Sprintf("%s[%d]", s.join(key), i), node, parse)
		good, values[i] = good && ok, value
	}
	if !good {
		return fallback
	}
	return values
}

// readNode returns the value of a node as parse understands it, and false after
// reporting a problem with it.
func readNode[T any](r *reader, path string, node *yaml.Node, parse parser[T]) (value T, ok bool) {
	switch {
	case node.Kind == yaml.AliasNode: // reported already
		return value, false
	case isEmpty(node):
		r.record(node, path, emptyValue)
		return value, false
	case node.Kind != yaml.ScalarNode:
		r.record(node, path, "is %s, but a single value is wanted", kindOf(node))
		return value, false
	}
	value, err := parse.parse(node.Value)
	if err != nil {
		r.record(node, path, "%v", err)
	}
	return value, err == nil
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
