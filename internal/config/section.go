package config

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/words"
)

// reader is what all sections of a file share while it is read.
type reader struct {
	file      string
	lines     int // of the file
	env       Env
	problems  Problems
	elsewhere Problems          // of files that this one names
	pools     map[string]string // balancer pool → path of the balancer that has it
	accounts  map[string]string // main contract → path of the provider that has it
}

// record adds a problem at node. The parser puts an empty value at the end of the file
// behind its last line.
func (r *reader) record(node *yaml.Node, path, format string, args ...any) {
	if r.lines == 0 { // there is no file
		return
	}
	r.problems = append(r.problems, Problem{
		File: r.file, Line: min(node.Line, r.lines), Column: node.Column, Path: path, Message: fmt.Sprintf(format, args...),
	})
}

// section is one mapping of the file while it is read. Whatever asks it for a
// key makes that key a valid one; close reports the others. A mapping that the
// file lacks is an empty section, so defaults have one place.
type section struct {
	*reader
	name     string     // its key; empty at the top and in lists
	path     string     // from the top, e.g. groups.web; empty at the top
	at       *yaml.Node // where problems of the section as a whole are reported
	keys     []string   // in the order of the file
	fields   map[string]field
	asked    map[string]bool // the valid keys; not known, nor needed, while there are no fields
	required []string
	meant    []string // valid keys that unknown ones are near to
	about    *Section // not nil: no file is read, and what would be asked for is written down here
	broken   bool     // it could not be read whole, which is reported already: nothing in it is missing
}

// field is a key with its value.
type field struct{ key, value *yaml.Node }

func newSection(r *reader, path string, at *yaml.Node) *section {
	return &section{reader: r, path: path, at: at}
}

// mapping is the section that the given node holds.
func (r *reader) mapping(path string, node *yaml.Node) *section {
	s := newSection(r, path, node)
	s.fill(node)
	return s
}

// fill takes over the keys of a mapping. Aliases and merged mappings were
// reported already and are left out.
func (s *section) fill(mapping *yaml.Node) {
	s.broken = mapping.Kind != yaml.MappingNode
	switch {
	case mapping.Kind == yaml.AliasNode:
		return
	case isEmpty(mapping):
		s.record(mapping, s.path, emptyValue)
		return
	case s.broken:
		s.record(mapping, s.path, "is %s, but a mapping is wanted: write its keys indented below, or as {key: value}", kindOf(mapping))
		return
	}
	s.fields, s.asked = make(map[string]field, len(mapping.Content)/2), map[string]bool{}
	for pair := range slices.Chunk(mapping.Content, 2) {
		s.add(field{key: pair[0], value: pair[1]})
	}
}

func (s *section) add(f field) {
	name := f.key.Value
	if f.key.Tag == mergeTag || f.key.Kind == yaml.AliasNode {
		s.broken = true
		return
	}
	if f.key.Kind != yaml.ScalarNode {
		s.record(f.key, s.path, "a key is %s: write a word", kindOf(f.key))
		return
	}
	if first, twice := s.fields[name]; twice {
		s.record(f.key, s.join(name), "is written twice (first in line %d): remove one", first.key.Line)
		return
	}
	s.keys = append(s.keys, name)
	s.fields[name] = f
}

func (s *section) join(key string) string {
	if s.path == "" {
		return words.Shown(key)
	}
	return s.path + "." + words.Shown(key)
}

// has says that the file has the key, whatever its value.
func (s *section) has(key string) bool {
	if s.about != nil {
		s.about.key(key)
		return true
	}
	if len(s.fields) == 0 {
		return false
	}
	s.asked[key] = true
	_, ok := s.fields[key]
	return ok
}

// fault records a problem with the value of key, or with its absence.
func (s *section) fault(key, format string, args ...any) {
	at := s.at
	if f, ok := s.fields[key]; ok {
		at = f.value
	}
	s.record(at, s.join(key), format, args...)
}

// section returns the mapping under key, an empty one when there is none.
func (s *section) section(key string) *section {
	child := newSection(s.reader, s.join(key), s.at)
	child.name, child.broken = key, s.broken
	if s.about != nil {
		child.about = s.about.section(key, Mapping)
		return child
	}
	if s.has(key) {
		child.at = s.fields[key].key
		child.fill(s.fields[key].value)
	}
	return child
}

// dictionary is section for a mapping whose keys are names that the file's author gives.
func (s *section) dictionary(key string, names parser[string]) *section {
	child := s.section(key)
	if s.about != nil {
		s.about.named(key, names)
		child.keys = []string{sampleName}
	}
	return child
}

// entries returns the mappings in the mapping under key, in the order of the
// file. Their keys are names given by the file's author. It returns nil when the
// file lacks the key, and after reporting that there is no mapping.
func (s *section) entries(key string) []*section {
	if s.about != nil {
		s.about.named(key, name)
		return []*section{s.sample(key, Named)}
	}
	parent := s.section(key)
	if parent.fields == nil {
		return nil
	}
	entries := make([]*section, 0, len(parent.keys))
	for _, key := range parent.keys {
		if _, err := name.parse(key); err != nil {
			parent.record(parent.fields[key].key, parent.join(key), "%v", err)
		}
		entries = append(entries, parent.section(key))
	}
	return entries
}

// items returns the mappings in the list under key. It returns nil when the file
// lacks the key, and after reporting that there is no list.
func (s *section) items(key string) []*section {
	if s.about != nil {
		return []*section{s.sample(key, Mappings)}
	}
	nodes, listed := s.list(key)
	if !listed {
		return nil
	}
	items := make([]*section, 0, len(nodes))
	for i, node := range nodes {
		items = append(items, s.mapping(fmt.Sprintf("%s[%d]", s.join(key), i), node))
	}
	return items
}

// sample stands for each of the sections that are listed or named under the key.
func (s *section) sample(key string, kind Kind) *section {
	sample := newSection(s.reader, "", s.at)
	sample.name, sample.about = sampleName, s.about.section(key, kind)
	return sample
}

// some returns what was found under the key, and reports if that is nothing.
func (s *section) some(key string, found []*section, nothing string) []*section {
	s.about.atLeast(1, key)
	if found != nil && len(found) == 0 {
		s.fault(key, "%s", nothing)
	}
	return found
}

// list returns what is in the list under key, and false when the file lacks the
// key, and after reporting that there is no list.
func (s *section) list(key string) (nodes []*yaml.Node, listed bool) {
	if !s.has(key) || s.about != nil {
		return nil, false
	}
	list := s.fields[key].value
	switch {
	case list.Kind == yaml.AliasNode: // reported already
		return nil, false
	case isEmpty(list):
		s.fault(key, emptyValue)
		return nil, false
	case list.Kind != yaml.SequenceNode:
		s.fault(key, "is %s, but a list is wanted: begin each item with `- `", kindOf(list))
		return nil, false
	}
	return list.Content, true
}
