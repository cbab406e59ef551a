package config

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

// meanings says in words what keys are for. A line that begins with ## names a section, and
// perhaps, behind =, another one with the same keys; the lines below it are KEY: MEANING, in
// the order of the reference, with KEY default: and KEY limit: for what the loader cannot
// tell.
//
//go:embed meanings.txt
var meanings string

// theTop is how meanings name the section that has no path.
const theTop = "(the top)"

// explain adds the meanings to the keys of the section and of those in it, and brings them
// into order. It panics where meanings is not as it must be.
func explain(top *Section) {
	known, same := parseMeanings(meanings)
	var visit func(s *Section)
	visit = func(s *Section) {
		of := known[s.Path]
		if of == nil {
			of = known[sameSection(s.Path, same)]
		}
		place := map[string]int{}
		for i, line := range of {
			place[line.key] = i
			key := s.key(line.key)
			key.Meaning, key.Usual, key.Limit = line.meaning, line.usual, line.limit
		}
		slices.SortStableFunc(s.Keys, func(a, b *Key) int { return place[a.Name] - place[b.Name] })
		for _, key := range s.Keys {
			if key.Section != nil && !key.Free() {
				visit(key.Section)
			}
			key.Alternative = s.chooses(key.Name)
			if key.Required || key.Alternative || key.Usual != "" {
				key.Default = ""
			}
		}
	}
	visit(top)
}

// chooses says that the key is one of several of which one must be there.
func (s *Section) chooses(key string) bool {
	return slices.ContainsFunc(s.Rules, func(rule Rule) bool { return rule.If.Key == "" && slices.Contains(rule.One, key) })
}

// sameSection is the section whose meanings count for that at path.
func sameSection(path string, same map[string]string) string {
	for from, to := range same {
		if rest, ok := strings.CutPrefix(path, from); ok && (rest == "" || strings.ContainsAny(rest[:1], ".[")) {
			return to + rest
		}
	}
	return ""
}

type meaning struct{ key, meaning, usual, limit string }

func parseMeanings(text string) (known map[string][]*meaning, same map[string]string) {
	known, same = map[string][]*meaning{}, map[string]string{}
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if heading, ok := strings.CutPrefix(line, "##"); ok {
			path, other, found := strings.Cut(heading, " = ")
			section = strings.TrimSpace(path)
			if section == theTop {
				section = ""
			}
			if found {
				same[section] = other
			}
			continue
		}
		if line == "" {
			continue
		}
		subject, words, ok := strings.Cut(line, ": ")
		if !ok {
			panic(fmt.Sprintf("a line of the meanings is not KEY: MEANING: %s", line))
		}
		key, aspect, _ := strings.Cut(subject, " ")
		lines := known[section]
		if aspect == "" {
			known[section] = append(lines, &meaning{key: key, meaning: words})
			continue
		}
		i := slices.IndexFunc(lines, func(m *meaning) bool { return m.key == key })
		switch {
		case i >= 0 && aspect == "default":
			lines[i].usual = words
		case i >= 0 && aspect == "limit":
			lines[i].limit = words
		default:
			panic(fmt.Sprintf("a line of the meanings has nothing to add to: %s", line))
		}
	}
	return known, same
}
