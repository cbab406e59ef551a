package gpsim

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// text is a parameter's value; empty when it is absent.
func (c *call) text(name string) string { return c.parameters.Get(name) }

// integer reads an optional number from least to most; absent is least.
func (c *call) integer(name string, least, most int) (int, *refusal) {
	if c.text(name) == "" {
		return least, nil
	}
	number, err := strconv.Atoi(c.text(name))
	if err != nil || number < least || number > most {
		return 0, invalid("The parameter %s must be a number from %d to %d.", name, least, most)
	}
	return number, nil
}

// list reads the numbered parameters name.1, name.2 and so on; an entry that is
// made of several has the rest of their names as suffix.
func (c *call) list(name string, suffix ...string) []string {
	var values []string
	for {
		value := c.text(numbered(name, len(values)) + strings.Join(suffix, ""))
		if value == "" {
			return values
		}
		values = append(values, value)
	}
}

// rows counts the entries of lists that belong together: as many as there are
// in a row with at least one of the names.
func (c *call) rows(names ...string) int {
	count := 0
	for slices.ContainsFunc(names, func(name string) bool { return c.text(numbered(name, count)) != "" }) {
		count++
	}
	return count
}

// nestedList is the one list whose entries have names of their own: DiskOption.1.DiskSpace.
const nestedList = "DiskOption"

// checkLists refuses a list that is not numbered from 1 on without a gap: what is
// there would be replaced by less than was meant.
func (c *call) checkLists(names []string) *refusal {
	highest, seen := 0, map[int]bool{}
	for parameter := range c.parameters {
		name, rest, isNumbered := strings.Cut(parameter, ".")
		if !slices.Contains(names, name) {
			continue
		}
		text, _, nested := strings.Cut(rest, ".")
		number, err := strconv.Atoi(text)
		if !isNumbered || err != nil || number < 1 || text != strconv.Itoa(number) || nested != (name == nestedList) {
			return invalid("The parameter %s is a list: number it as %s.1, %s.2.", name, name, name)
		}
		highest, seen[number] = max(highest, number), true
	}
	if highest > len(seen) {
		return invalid("The entries of %s are not numbered from 1 without a gap.", strings.Join(names, ", "))
	}
	return nil
}

// yesOrNo reads a switch; absent is No.
func (c *call) yesOrNo(name string) (bool, *refusal) {
	value := c.text(name)
	return value == yes, oneOf(name, value, "", yes, no)
}

func yesNo(on bool) string {
	if on {
		return yes
	}
	return no
}

// oneOf refuses a value that is not among the known ones.
func oneOf(name, value string, known ...string) *refusal {
	if slices.Contains(known, value) {
		return nil
	}
	if known[0] == "" {
		known = known[1:]
	}
	return invalid("The parameter %s must be %s.", name, strings.Join(known, " or "))
}

// checkName refuses what cannot name a pool, a virtual server or an address.
func checkName(parameter, name string) *refusal {
	if utf8.RuneCountInString(name) > maxNameRunes || strings.ContainsFunc(name, unicode.IsControl) {
		return invalid("The parameter %s must have at most %d characters, none of them a control character.", parameter, maxNameRunes)
	}
	return nil
}

// numbered is the name of a list parameter's entry with the given place, from 0.
func numbered(name string, i int) string { return name + "." + strconv.Itoa(i+1) }
