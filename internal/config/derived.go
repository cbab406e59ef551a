package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/autoscaled/autoscaled/internal/formula"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Derived says that the signal is made of other signals of its group.
func (s Signal) Derived() bool { return len(s.FirstOf) > 0 || s.Formula != "" }

// Uses are the names of the signals that this one is made of, and last the one that
// it is checked against.
func (s Signal) Uses() []string {
	uses := slices.Clone(s.FirstOf)
	if s.Formula != "" {
		if parsed, err := formula.Parse(s.Formula); err == nil {
			uses = append(uses, parsed.Names()...)
		}
	}
	if s.Check != nil {
		uses = append(uses, s.Check.Signal)
	}
	return uses
}

// InOrder returns the places of the signals, each behind those of the signals that it
// uses. Where some use each other in a circle, it returns the names along one instead,
// with the first again at the end. Names of no signal are passed over.
func InOrder(signals []Signal) (order []int, circle []string) {
	place := make(map[string]int, len(signals))
	for i, signal := range signals {
		place[signal.Name] = i
	}
	var way []int // from the signal asked for first to the one asked for now
	done := make([]bool, len(signals))
	var visit func(i int) bool
	visit = func(i int) bool {
		if done[i] {
			return true
		}
		way = append(way, i)
		for _, name := range signals[i].Uses() {
			next, known := place[name]
			if again := slices.Index(way, next); known && again >= 0 {
				for _, j := range append(way[again:], next) {
					circle = append(circle, signals[j].Name)
				}
				return false
			}
			if known && !visit(next) {
				return false
			}
		}
		way, done[i] = way[:len(way)-1], true
		order = append(order, i)
		return true
	}
	for i := range signals {
		if !visit(i) {
			return nil, circle
		}
	}
	return order, nil
}

// readFirstOf reads the alternatives of a signal, best first.
func readFirstOf(s *section, known definitions) []string {
	s.about.atLeast(2, "first_of")
	s.about.once("first_of")
	alternatives := readList(s, "first_of", nil, reference("signal", known.signals))
	for i, name := range alternatives {
		if slices.Contains(alternatives[:i], name) {
			s.fault("first_of", "`%s` is written twice: remove one", name)
		}
	}
	if nodes, listed := s.list("first_of"); listed && len(nodes) < 2 {
		s.fault("first_of", "names fewer than two signals: add what stands in for the first")
	}
	return alternatives
}

// formulaOf accepts a formula over signals of the given names.
func formulaOf(names []string) parser[string] {
	parse := func(value string) (string, error) {
		parsed, err := formula.Parse(value)
		if err != nil {
			return "", err
		}
		for _, name := range parsed.Names() {
			if !slices.Contains(names, name) {
				return "", unknownOperand(name, names)
			}
		}
		if len(parsed.Names()) == 0 {
			return "", errors.New("names no signal: write for example busy / (busy + idle)")
		}
		return value, nil
	}
	return parser[string]{parse, like(`[a-z]`, "`+ - * /`, parentheses, `min(a, b)`, `max(a, b)`, numbers, names in `signals`")}
}

// unknownOperand tells a minus that stands without spaces from a name that nobody has.
func unknownOperand(name string, names []string) error {
	for i := range name {
		left, right := name[:i], strings.TrimPrefix(name[i:], "-")
		if name[i] == '-' && slices.Contains(names, left) && slices.Contains(names, right) {
			return fmt.Errorf("unknown signal `%s`: write `%s - %s`, with spaces around the minus", words.Shown(name), left, right)
		}
	}
	return fmt.Errorf("unknown signal `%s`: %s", words.Shown(name), words.Suggest(name, names))
}

// joinSignals finds out of the signals that are made of others whether they are about
// the instances, and reports what then has no meaning, and circles. Each entry is
// where the signal of the same place was read.
func joinSignals(entries []*section, signals []Signal) {
	order, circle := InOrder(signals)
	if circle != nil {
		i := slices.IndexFunc(signals, func(signal Signal) bool { return signal.Name == circle[0] })
		entries[i].fault(linkOf(signals[i], circle[1]), "goes round in a circle (%s): of two signals only one can use the other", strings.Join(circle, " → "))
		return
	}
	perInstance := make(map[string]bool, len(signals))
	for _, i := range order {
		signal := &signals[i]
		kinds := kindsOf(*signal, perInstance)
		signal.ofInstances = slices.Contains(kinds, true)
		perInstance[signal.Name] = signal.PerInstance()
		if len(signal.FirstOf) > 0 && slices.Contains(kinds, true) && slices.Contains(kinds, false) {
			entries[i].fault("first_of", "some are about each instance and others about the group: one cannot stand in for the other")
		}
		if signal.hasSource() && !signal.PerInstance() {
			entries[i].refuse("has no meaning for a signal of the group, which is one value: remove it", "statistic", "quorum")
		}
	}
}

// kindsOf says of each signal that the given one is made of whether it is about the
// instances.
func kindsOf(signal Signal, perInstance map[string]bool) []bool {
	signal.Check = nil
	var kinds []bool
	for _, name := range signal.Uses() {
		kinds = append(kinds, perInstance[name])
	}
	return kinds
}

// linkOf is the key by which the signal uses the named one.
func linkOf(signal Signal, name string) string {
	switch {
	case slices.Contains(signal.FirstOf, name):
		return "first_of"
	case signal.Check != nil && signal.Check.Signal == name:
		return "check"
	}
	return "formula"
}
