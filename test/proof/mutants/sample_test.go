package main

import (
	"fmt"
	"slices"
	"testing"
)

func many() []*mutant {
	var list []*mutant
	for i := range 60 {
		list = append(list, &mutant{id: i + 1, pkg: []string{"a", "b"}[i/40], file: "f.go", in: "F", what: fmt.Sprint("change ", i)})
	}
	return list
}

func TestASampleTakesFromEachPackageInTurn(t *testing.T) {
	t.Parallel()
	chosen := sample(many(), []string{"a", "b"}, 50, 1)
	count := map[string]int{}
	for i, m := range chosen {
		if count[m.pkg]++; i < 40 && m.pkg != []string{"a", "b"}[i%2] {
			t.Errorf("the %d-th is of %s", i, m.pkg)
		}
	}
	if count["a"] != 30 || count["b"] != 20 {
		t.Errorf("it has %v", count)
	}
}

func TestASampleFollowsFromItsSeedAndHardlyFromWhatElseThereIs(t *testing.T) {
	t.Parallel()
	keys := func(list []*mutant) (keys []string) {
		for _, m := range list {
			keys = append(keys, m.key())
		}
		return keys
	}
	before := keys(sample(many(), []string{"a"}, 10, 1))
	if again := keys(sample(many(), []string{"a"}, 10, 1)); !slices.Equal(before, again) {
		t.Errorf("first %v, then %v", before, again)
	}
	if other := keys(sample(many(), []string{"a"}, 10, 2)); slices.Equal(before, other) {
		t.Errorf("another seed gives the same %v", other)
	}
	grown := append([]*mutant{{id: 100, pkg: "a", file: "new.go", in: "G", what: "new"}}, many()...)
	after := keys(sample(grown, []string{"a"}, 10, 1))
	kept := 0
	for _, key := range before {
		if slices.Contains(after, key) {
			kept++
		}
	}
	if kept < 9 {
		t.Errorf("one more mutant changes %v to %v", before, after)
	}
}

func TestAllMutantsAreASampleWithoutANumber(t *testing.T) {
	t.Parallel()
	if chosen := sample(many(), []string{"a", "b"}, 0, 1); len(chosen) != 60 {
		t.Errorf("it has %d", len(chosen))
	}
}
