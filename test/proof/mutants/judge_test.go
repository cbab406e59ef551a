package main

import (
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/test/proof/planted/trial"
)

func TestTheQuickTestsAreTriedFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		took map[string]time.Duration
		want []string
	}{
		"one test":      {map[string]time.Duration{"TestA": time.Second}, []string{"^(TestA)$"}},
		"one slow test": {map[string]time.Duration{"TestA": time.Second, "TestB": 50 * time.Millisecond, "TestC": 0}, []string{"^(TestC|TestB)$", "^(TestA)$"}},
		"alike tests":   {map[string]time.Duration{"TestA": 0, "TestB": 0}, []string{"^(TestA|TestB)$"}},
		"none":          {nil, nil},
	} {
		if got := split(c.took); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestAMutantIsTriedWhereItIsReachedAndFirstInItsOwnPackage(t *testing.T) {
	t.Parallel()
	at := func(name string, reached bool) *stage {
		return &stage{Run: trial.Run{Binary: trial.Binary{Name: name}}, reached: map[int]bool{7: reached}}
	}
	var names []string
	for _, s := range order(&mutant{id: 7, pkg: "c"}, []*stage{at("a", true), at("b", false), at("c", true)}) {
		names = append(names, s.Name)
	}
	if !slices.Equal(names, []string{"c", "a"}) {
		t.Errorf("it is tried in %v", names)
	}
}
