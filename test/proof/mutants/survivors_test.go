package main

import (
	"maps"
	"strings"
	"testing"
)

func TestSurvivorsAreReadWithTheirReasons(t *testing.T) {
	t.Parallel()
	got, err := readSurvivors("# words\n\na.go F: x → y\n\tit does\n\tnot matter\n\nb.go G: drop z\n    nor does this\n")
	want := map[string]string{"a.go F: x → y": "it does not matter", "b.go G: drop z": "nor does this"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAListOfSurvivorsThatSaysTooLittleIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a.go F: x → y\n":                        "a reason",
		"a.go F: x\n\twhy\na.go F: x\n\tagain\n": "there already",
		"\twhy\n":                                "no mutant",
	} {
		if _, err := readSurvivors(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of %q it says %v, want %q", text, err, want)
		}
	}
}

func TestTheListOfThisRepositoryIsSound(t *testing.T) {
	t.Parallel()
	if _, err := readSurvivors(survivors); err != nil {
		t.Error(err)
	}
}
