package config

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Section is a mapping of the file as the loader knows it.
type Section struct {
	Path  string // from the top, with NAME for names and [] for items of lists; empty at the top
	Keys  []*Key // in the order of the reference
	Rules []Rule

	turns map[string]int // choices, by their keys: how many of them were made
}

// Key is a valid key of a section.
type Key struct {
	Name        string
	Kind        Kind
	Required    bool
	Alternative bool     // it is one of several of which exactly one must be there
	Least       int      // items of a list, or names of a mapping, that there must be
	Once        bool     // each item of the list may be there once
	Default     string   // as it is written in the file; empty: there is none, or it depends on other keys
	Shape       Shape    // of the value, or of each that is listed
	Section     *Section // the mapping, or each that is listed or named
	Names       *Shape   // the keys of the mapping are names that the file's author gives; of a Mapping, Section has one that stands for each

	Meaning string // a sentence or some, in Markdown
	Usual   string // what counts without the key where Default does not say, in Markdown
	Limit   string // what else bounds it than its Shape, in Markdown
}

// Free says that a mapping has words under names that the file's author gives.
func (k *Key) Free() bool { return k.Kind == Mapping && k.Names != nil }

// Kind is the form of what is written under a key.
type Kind int

// The kinds.
const (
	Value    Kind = iota + 1
	List          // of values
	Mapping       // one section
	Mappings      // a list of sections
	Named         // sections by names of their own
)

// Rule binds keys of a section to each other: where If holds, there must be at least one
// of Any, exactly one of One, and none of None, each of which may be empty.
type Rule struct {
	If             Premise
	Any, One, None []string
}

// Premise holds where the key is there, and has one of the values if some are named, and is
// like the pattern if there is one; negated, where that is not so. The zero Premise always holds.
type Premise struct {
	Key     string
	Values  []string
	Like    string // a pattern that the value matches if it is a text; empty: any
	Negated bool
}

// Describe tells what a file can say, as the loader itself knows it: the loader reads no
// file, and what it asks for is written down. It runs until it has made every choice that
// it leaves to the file.
func Describe() *Section {
	top := &Section{}
	for {
		r := &reader{
			env:   Env{LookupEnv: func(string) (string, bool) { return "", false }, Open: openNothing, SkipSecrets: true},
			pools: map[string]string{}, accounts: map[string]string{},
		}
		s := newSection(r, "", &yaml.Node{})
		s.about = top
		readConfig(s)
		if top.decided() {
			break
		}
	}
	explain(top)
	return top
}

func openNothing(path string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

// sampleName stands for names that the file's author gives.
const sampleName = "NAME"

// decided says that every choice was made in each way.
func (s *Section) decided() bool {
	for keys, turns := range s.turns {
		if turns <= strings.Count(keys, " ") {
			return false
		}
	}
	for _, key := range s.Keys {
		if key.Section != nil && !key.Section.decided() {
			return false
		}
	}
	return true
}

// key returns the key of the name, which is a valid one from now on.
func (s *Section) key(name string) *Key {
	if i := slices.IndexFunc(s.Keys, func(key *Key) bool { return key.Name == name }); i >= 0 {
		return s.Keys[i]
	}
	key := &Key{Name: name}
	s.Keys = append(s.Keys, key)
	return key
}

// section returns what is under the key, which has the given form.
func (s *Section) section(name string, kind Kind) *Section {
	key := s.key(name)
	key.Kind = kind
	if key.Section == nil {
		path := strings.TrimPrefix(s.Path+"."+name, ".")
		switch kind {
		case Mappings:
			path += "[]"
		case Named:
			path += "." + sampleName
		}
		key.Section = &Section{Path: path}
	}
	return key.Section
}

// named writes down what names under the key are like.
func (s *Section) named(key string, names parser[string]) {
	shape := shapeOf(names)
	s.key(key).Names = &shape
}

// choose makes a choice of the loader: a different one each time.
func (s *Section) choose(keys []string) string {
	if len(keys) == 1 {
		s.require(keys...)
		return keys[0]
	}
	s.bind(Rule{One: keys})
	if s.turns == nil {
		s.turns = map[string]int{}
	}
	choice := strings.Join(keys, " ")
	s.turns[choice]++
	return keys[(s.turns[choice]-1)%len(keys)]
}

// require writes down that the keys must be there. It does nothing to the nil Section, as
// the others below.
func (s *Section) require(keys ...string) {
	if s == nil {
		return
	}
	for _, key := range keys {
		s.key(key).Required = true
	}
}

// atLeast writes down how many items, or names, there must be under the key.
func (s *Section) atLeast(items int, name string) {
	if s != nil {
		s.key(name).Least = items
	}
}

// once writes down that each item of the list may be there once.
func (s *Section) once(name string) {
	if s != nil {
		s.key(name).Once = true
	}
}

// bind writes a rule down.
func (s *Section) bind(rule Rule) {
	if s == nil || slices.ContainsFunc(s.Rules, rule.equals) {
		return
	}
	s.Rules = append(s.Rules, rule)
}

func (r Rule) equals(other Rule) bool {
	return fmt.Sprint(r) == fmt.Sprint(other)
}

// with holds where the key is there, and has one of the values if there are any.
func with(key string, values ...string) Premise { return Premise{Key: key, Values: values} }

// without holds where with does not.
func without(key string, values ...string) Premise {
	return Premise{Key: key, Values: values, Negated: true}
}

// describeValue writes down what may be written under the key.
func describeValue[T any](s *Section, name string, fallback T, p parser[T]) {
	key := s.key(name)
	if key.Kind != 0 {
		return
	}
	key.Kind, key.Shape = Value, shapeOf(p)
	key.Default = p.written(fallback, key.Shape)
}

// describeList is describeValue for a list of values.
func describeList[T any](s *Section, name string, fallback []T, p parser[T]) {
	key := s.key(name)
	if key.Kind != 0 {
		return
	}
	key.Kind, key.Shape = List, shapeOf(p)
	var items []string
	for _, item := range fallback {
		items = append(items, p.written(item, key.Shape))
	}
	if len(items) > 0 {
		key.Default = "[" + strings.Join(items, ", ") + "]"
	}
}

// written is a value as the file would say it; empty: it cannot say it.
func (p parser[T]) written(value T, shape Shape) string {
	var text string
	switch v := any(value).(type) {
	case string:
		text = v
	case int, uint16:
		text = fmt.Sprint(v)
	case float64:
		text = fmt.Sprintf("%g", v)
		if shape.Percent {
			text = fmt.Sprintf("%g%%", v*100)
		}
	case time.Duration:
		text = words.Span(v)
	case secret.Secret:
		text = v.Reveal()
	case Reach:
		text = fmt.Sprintf("%d of %d", v.Count, v.Of)
	case networkInterface:
		text = fmt.Sprint(v.index)
	}
	if _, err := p.parse(text); err != nil {
		return ""
	}
	return text
}

// Range is what may be written under the key, in Markdown.
func (k *Key) Range() string {
	text := k.Shape.Range
	switch k.Kind {
	case List:
		text = "list of " + strings.Replace(text, "a name in", "names in", 1)
	case Mapping:
		text = "mapping"
		if k.Free() {
			text = "mapping of names to " + k.Section.Keys[0].Range()
		}
	case Mappings:
		text = "list"
	case Named:
		text = "mapping by name"
	}
	switch {
	case k.Least == 1:
		text += ", at least one"
	case k.Least > 1:
		text += fmt.Sprintf(", at least %d", k.Least)
	}
	if k.Once {
		text += ", each once"
	}
	if k.Limit != "" {
		text += ", " + k.Limit
	}
	return text
}

// Absence is what counts without the key, in Markdown; empty: others are written in its place.
func (k *Key) Absence() string {
	switch {
	case k.Required:
		return "required"
	case k.Usual != "":
		return k.Usual
	case k.Default != "":
		return "`" + k.Default + "`"
	case k.Alternative:
		return ""
	}
	return "none"
}
