package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/autoscaled/autoscaled/internal/words"
)

// close reports the keys that nothing has asked for, and the required ones that
// are missing, save those that an unknown key seems to be meant as.
func (s *section) close() {
	if s.hasUnknown() {
		s.refuseUnknown("key", slices.Collect(maps.Keys(s.asked)))
	}
	for _, key := range s.required {
		if !s.broken && !s.has(key) && !slices.Contains(s.meant, key) {
			s.fault(key, "is missing: add it")
		}
	}
}

// hasUnknown says that there are keys that nothing has asked for.
func (s *section) hasUnknown() bool {
	return slices.ContainsFunc(s.keys, func(key string) bool { return !s.asked[key] })
}

// refuseUnknown reports the keys that nothing has asked for as unknown things
// of the given kind.
func (s *section) refuseUnknown(kind string, valid []string) {
	for _, key := range s.keys {
		if s.asked[key] {
			continue
		}
		s.asked[key] = true
		s.record(s.fields[key].key, s.path, "unknown %s `%s`: %s", kind, words.Shown(key), words.Suggest(key, valid))
		if near, ok := words.Nearest(key, valid); ok {
			s.meant = append(s.meant, near)
		}
	}
}

// know makes the keys valid ones before they are read.
func (s *section) know(keys ...string) {
	for _, key := range keys {
		s.has(key)
	}
}

// require makes close report those of the keys that are missing.
func (s *section) require(keys ...string) {
	s.required = append(s.required, keys...)
	s.about.require(keys...)
}

// together requires each of two keys if the other is there.
func (s *section) together(one, other string) {
	s.about.bind(Rule{If: with(one), Any: []string{other}})
	s.about.bind(Rule{If: with(other), Any: []string{one}})
	if s.about == nil && (s.has(one) || s.has(other)) {
		s.require(one, other)
	}
}

// exclude refuses, for the given reason, what has no meaning beside the key.
func (s *section) exclude(key, reason string, others ...string) {
	s.about.bind(Rule{If: with(key), None: others})
	if s.has(key) {
		s.refuse(reason, others...)
	}
}

// refuse reports the keys that are there although they have no meaning, for the
// given reason.
func (s *section) refuse(reason string, keys ...string) {
	for _, key := range keys {
		if s.has(key) {
			s.fault(key, "%s", reason)
		}
	}
}

// insist requires the key right, and for the given reason refuses wrong, which
// people write instead.
func (s *section) insist(right, wrong, reason string) {
	if s.has(wrong) {
		s.fault(wrong, "%s", reason)
		return
	}
	s.require(right)
}

// choice returns the one of the given keys that the section has. None, several,
// and an unknown key in its place are problems; with none it returns "". To tell
// the unknown key from others it is asked after all of those.
func (s *section) choice(kind string, keys ...string) string {
	if s.about != nil {
		s.know(keys...)
		return s.about.choose(keys)
	}
	present := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !s.has(key) })
	unknown := s.hasUnknown()
	switch {
	case len(present) == 1:
		return present[0]
	case len(present) > 1:
		s.record(s.at, s.path, "has more than one %s (%s): keep one", kind, strings.Join(present, ", "))
		return present[0]
	case unknown:
		s.refuseUnknown(kind, keys)
	case !s.broken:
		s.record(s.at, s.path, "has no %s: write %s", kind, words.Either(keys))
	}
	return ""
}
