package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// mutant is one small change of the product's behaviour.
type mutant struct {
	id   int    // from 1
	pkg  string // path of its package in the module
	file string // path in the module
	line int
	in   string // the function, such as Crew.join, or the variable
	what string // such as "a < b → a <= b"
	nth  int    // of the same mutations in the same function, from 1
}

// key names the mutant for as long as its function says the same.
func (m *mutant) key() string {
	key := m.file + " " + m.in + ": " + m.what
	if m.nth > 1 {
		key += fmt.Sprintf(" (%d)", m.nth)
	}
	return key
}

// rank orders mutants by chance. It hangs on the mutant's key and the seed alone, so
// that a change elsewhere does not change a sample much.
func (m *mutant) rank(seed int64) uint64 {
	sum := sha256.Sum256([]byte(fmt.Sprint(seed, " ", m.key())))
	return binary.BigEndian.Uint64(sum[:])
}

// edit replaces the text of a file from one offset to another by one in which its
// mutants wait to be chosen.
type edit struct {
	from, to int
	mutants  []*mutant
	text     func(inner inner) string
}

// inner is the text between two offsets with the edits inside carried out.
type inner func(from, to int) string

// rewrite carries out the edits. Of two edits of the same text, the one that comes
// first in the list is the outer one.
func rewrite(source []byte, edits []*edit) string {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b *edit) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	var render func(from, to, first int) string
	render = func(from, to, first int) string {
		var text strings.Builder
		for i := first; i < len(edits) && edits[i].from < to; i++ {
			if edits[i].from < from {
				continue
			}
			text.Write(source[from:edits[i].from])
			text.WriteString(edits[i].text(func(lo, hi int) string { return render(lo, hi, i+1) }))
			from = edits[i].to
		}
		text.Write(source[from:to])
		return text.String()
	}
	return render(0, len(source), 0)
}
