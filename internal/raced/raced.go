// Package raced tells tests whether they run under the race detector, which makes them
// some ten times slower: what tries many cases tries a sample of them then, and all of
// them without it. Tests alone call it.
package raced

import "math/rand/v2"

// Sample is n; under the race detector a part of it, one of so many, at least one.
func Sample(n, oneOf int) int {
	if !Enabled {
		return n
	}
	return max(1, n/oneOf)
}

// Passes says that a case of many is passed over: under the race detector all but one of
// so many are, by chance. The names of subtests tell which were tried.
func Passes(oneOf int) bool { return Enabled && rand.IntN(oneOf) != 0 }
