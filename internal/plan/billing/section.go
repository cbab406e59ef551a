package billing

import (
	"cmp"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/words"
)

// faults collects what is wrong with a file.
type faults struct {
	file  string
	lines int // of the file
	all   config.Problems
}

func (f *faults) add(at *yaml.Node, path, format string, args ...any) {
	f.all = append(f.all, config.Problem{
		File: f.file, Line: min(max(at.Line, 1), f.lines), Column: at.Column, Path: path, Message: fmt.Sprintf(format, args...),
	})
}

// err is the faults in the order of the file, nil if there are none.
func (f *faults) err() error {
	if len(f.all) == 0 {
		return nil
	}
	slices.SortStableFunc(f.all, func(a, b config.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return f.all
}

// section is a mapping of the file while it is read: whatever is asked for is a valid key.
type section struct {
	*faults
	path   string
	node   *yaml.Node
	keys   []*yaml.Node
	values map[string]*yaml.Node
	asked  []string
	broken bool // not all of it could be read, which is told already
}

// mapping is the section that a node holds.
func (f *faults) mapping(path string, node *yaml.Node) *section {
	s := &section{faults: f, path: path, node: node, values: map[string]*yaml.Node{}}
	if node.Kind != yaml.MappingNode {
		s.broken = true
		s.add(node, path, "is no mapping: write `key: value` lines, or {key: value}")
		return s
	}
	for pair := range slices.Chunk(node.Content, 2) {
		key, value := pair[0], pair[1]
		switch {
		case key.Kind != yaml.ScalarNode:
			s.add(key, path, "a key is not a word: write a word")
		case s.values[key.Value] != nil:
			s.add(key, s.join(key.Value), "is written twice (first in line %d): remove one", s.values[key.Value].Line)
		default:
			s.keys = append(s.keys, key)
			s.values[key.Value] = value
		}
	}
	return s
}

func (s *section) join(key string) string {
	if s.path == "" {
		return words.Shown(key)
	}
	return s.path + "." + words.Shown(key)
}

// section is the mapping under a key, an empty one if there is none.
func (s *section) section(key string) *section {
	if s.has(key) {
		return s.mapping(s.join(key), s.values[key])
	}
	return &section{faults: s.faults, path: s.join(key), node: s.node}
}

// has says that the file has the key, which makes it a valid one.
func (s *section) has(key string) bool {
	s.asked = append(s.asked, key)
	return s.values[key] != nil
}

// fault tells what is wrong with the value of a key, or that it is not there.
func (s *section) fault(key, format string, args ...any) {
	at := s.node
	if value := s.values[key]; value != nil {
		at = value
	}
	s.add(at, s.join(key), format, args...)
}

// close reports the keys that nobody asked for.
func (s *section) close() {
	for _, key := range s.keys {
		if !slices.Contains(s.asked, key.Value) {
			s.add(key, s.path, "unknown key `%s`: %s", words.Shown(key.Value), words.Suggest(key.Value, s.asked))
		}
	}
}

// required is read for a key that must be there.
func required[T any](s *section, key string, parse func(string) (T, error)) (value T) {
	if !s.has(key) {
		if !s.broken && !s.misspelt(key) {
			s.fault(key, "is missing: add it")
		}
		return value
	}
	return read(s, key, value, parse)
}

// misspelt says that one of the keys may have been meant to be this one.
func (s *section) misspelt(key string) bool {
	return slices.ContainsFunc(s.keys, func(k *yaml.Node) bool {
		near, ok := words.Nearest(k.Value, []string{key})
		return ok && near == key
	})
}

// read is the value of a key as parse understands it, and otherwise the fallback: without the key, and
// if the value is no good, which is reported.
func read[T any](s *section, key string, fallback T, parse func(string) (T, error)) T {
	if !s.has(key) {
		return fallback
	}
	node := s.values[key]
	switch {
	case node.Kind != yaml.ScalarNode:
		s.fault(key, "is no single value: write one")
		return fallback
	case node.ShortTag() == "!!null":
		s.fault(key, "is empty: write a value, or remove the key")
		return fallback
	}
	value, err := parse(node.Value)
	if err != nil {
		s.fault(key, "%v", err)
		return fallback
	}
	return value
}
