package config

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var keys = rapid.StringMatching(`[a-z_]{1,12}`)

func TestDistanceIsAMetric(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := keys.Draw(t, "a"), keys.Draw(t, "b"), keys.Draw(t, "c")
		switch {
		case (distance(a, b) == 0) != (a == b):
			t.Fatalf("only equal words have no distance: %d", distance(a, b))
		case distance(a, b) != distance(b, a):
			t.Fatalf("there %d, back %d", distance(a, b), distance(b, a))
		case distance(a, c) > distance(a, b)+distance(b, c):
			t.Fatalf("the way round by %s is shorter", b)
		}
	})
}

func TestNearestIsNoFartherThanAnyOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word, words := keys.Draw(t, "word"), rapid.SliceOf(keys).Draw(t, "words")
		limit := (len(word) + 2) / 3
		near, ok := nearest(word, words)
		if ok && (!slices.Contains(words, near) || distance(word, near) > limit) {
			t.Fatalf("%q is not near", near)
		}
		for _, other := range words {
			d := distance(word, other)
			if ok && d < distance(word, near) || !ok && d <= limit {
				t.Fatalf("%q is nearer than %q", other, near)
			}
		}
	})
}

func TestKeyWithOneTypoIsRecognised(t *testing.T) {
	t.Parallel()
	valid := []string{"stabilization", "cooldown", "drain", "stop_timeout", "standby", "release", "release_before"}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom(valid).Draw(t, "key")
		at := rapid.IntRange(0, len(key)-1).Draw(t, "at")
		typo := key[:at] + rapid.StringMatching(`[a-z]{0,2}`).Draw(t, "instead") + key[at+1:]
		if near, _ := nearest(typo, valid); near != key {
			t.Fatalf("%q is taken for %q, not %q", typo, near, key)
		}
	})
}
