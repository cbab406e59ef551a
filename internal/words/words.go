// Package words helps with texts for people: what an unknown word of theirs may have
// been meant to be, and how to show foreign text and spans of time to them.
//
// It promises that what it returns is short, in one line and free of anything that a
// terminal would obey. Whoever reads what people write calls it; it calls nobody.
package words

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Span is a length of time as people write it: 1h and not 1h0m0s.
func Span(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Suggest says what could have been meant by word: the nearest of the valid
// words, or all of them when none is near.
func Suggest(word string, valid []string) string {
	valid = slices.Sorted(slices.Values(valid))
	if len(valid) == 0 {
		return "none is defined"
	}
	if near, ok := Nearest(word, valid); ok {
		return fmt.Sprintf("did you mean `%s`?", Shown(near))
	}
	const most = 20 // of thousands of names, each of thousands of problems would repeat all
	if len(valid) > most {
		return fmt.Sprintf("valid: %s, … (%d in all)", strings.Join(valid[:most], ", "), len(valid))
	}
	return "valid: " + strings.Join(valid, ", ")
}

// Nearest returns the word of fewest edits away, the first of several; ok is
// false when more than a third of the letters, rounded up, would change.
func Nearest(word string, words []string) (near string, ok bool) {
	limit := (len(word) + 2) / 3
	for _, candidate := range words {
		if difference := len(candidate) - len(word); max(difference, -difference) > limit {
			continue
		}
		if d := distance(word, candidate); d <= limit {
			near, ok, limit = candidate, true, d-1
		}
	}
	return near, ok
}

// distance is the optimal string alignment distance: the number of bytes to
// insert, delete or replace, and of neighbours to swap, to make b out of a.
func distance(a, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range len(b) {
			replaced := above[j]
			if a[i] != b[j] {
				replaced++
			}
			row[j+1] = min(replaced, row[j]+1, above[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

// Either joins words to "a, b or c".
func Either(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Shown makes foreign text fit for a message: short, and without anything
// that a terminal would obey.
func Shown(text string) string {
	return Clip(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text), 60)
}

// Clip cuts text off after the given number of characters.
func Clip(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}
