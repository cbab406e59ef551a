package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one fault of a configuration file.
type Problem struct {
	File    string
	Line    int    // from 1
	Column  int    // from 1; 0: not known
	Path    string // of the faulty key, e.g. groups.web.min; empty: the file as a whole
	Message string // what is wrong, and after a colon what to write instead
}

// String is the problem in the form file:line:column: path: message, without
// the parts that are not known.
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:", p.File, p.Line)
	if p.Column > 0 {
		fmt.Fprintf(&b, "%d:", p.Column)
	}
	if p.Path != "" {
		fmt.Fprintf(&b, " %s:", p.Path)
	}
	fmt.Fprintf(&b, " %s", p.Message)
	return b.String()
}

// Problems is every fault of a file, in the order of its lines.
type Problems []Problem //nolint:errname // a list of problems that happens to be an error

// Error is one problem per line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path))
	})
}
