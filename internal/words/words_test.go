package words

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// keys is a new generator for each test: one generator is not for several at once.
func keys() *rapid.Generator[string] { return rapid.StringMatching(`[a-z_]{1,12}`) }

func TestDistanceCountsEdits(t *testing.T) {
	t.Parallel()
	keys := keys()
	rapid.Check(t, func(t *rapid.T) {
		a, b := keys.Draw(t, "a"), keys.Draw(t, "b")
		switch {
		case (distance(a, b) == 0) != (a == b):
			t.Fatalf("only equal words have no distance: %d", distance(a, b))
		case distance(a, b) != distance(b, a):
			t.Fatalf("there %d, back %d", distance(a, b), distance(b, a))
		case distance(a, b) > max(len(a), len(b)):
			t.Fatalf("%d is more than replacing everything", distance(a, b))
		}
	})
	for pair, want := range map[[2]string]int{
		{"mni", "min"}: 1, {"policys", "policies"}: 2, {"", "max"}: 3, {"interval", "intervla"}: 1, {"ab", "ba"}: 1, {"cab", "abc"}: 2,
	} {
		if got := distance(pair[0], pair[1]); got != want {
			t.Errorf("%s: %d, want %d", pair, got, want)
		}
	}
}

func TestNearestIsNoFartherThanAnyOther(t *testing.T) {
	t.Parallel()
	keys := keys()
	rapid.Check(t, func(t *rapid.T) {
		word, words := keys.Draw(t, "word"), rapid.SliceOf(keys).Draw(t, "words")
		limit := (len(word) + 2) / 3
		near, ok := Nearest(word, words)
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
		if near, _ := Nearest(typo, valid); near != key {
			t.Fatalf("%q is taken for %q, not %q", typo, near, key)
		}
	})
}

func TestASuggestionDoesNotRepeatThousandsOfNames(t *testing.T) {
	t.Parallel()
	names := make([]string, 5000)
	for i := range names {
		names[i] = fmt.Sprintf("provider-%d", i)
	}
	if advice := Suggest("zzz", names); len(advice) > 500 || !strings.Contains(advice, "5000 in all") {
		t.Errorf("%d bytes of advice: %.600s", len(advice), advice)
	}
}
