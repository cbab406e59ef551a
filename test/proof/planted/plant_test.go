package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/test/proof/planted/trial"
)

func TestEveryBugStillHasItsPlaceInTheProduct(t *testing.T) {
	t.Parallel()
	module, err := trial.FindModule(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	all := slices.Concat(bugs, slips)
	for _, b := range all {
		if names[b.name] {
			t.Errorf("two bugs are called %q", b.name)
		}
		names[b.name] = true
		if _, err := plant(module.Dir, []bug{b}); err != nil {
			t.Error(err)
		}
	}
	if _, err := plant(module.Dir, all); err != nil {
		t.Errorf("all together: %v", err)
	}
}

func TestPlantingChangesWhatTheTableSays(t *testing.T) {
	t.Parallel()
	const product = "package sums\n\nfunc Sum(a, b int) int { return a + b }\n"
	for _, c := range []struct {
		name string
		bugs []bug
		want string // in sums/sum.go, or in the error
		err  bool
	}{
		{"a bug stands beside what it replaces", []bug{{"wrong", []change{{"sums/sum.go", "a + b", "pick([bug], a - b, [old])"}}}},
			`return pick(planted("wrong"), a - b, a + b) }`, false},
		{"two bugs may be in one file", []bug{{"wrong", []change{{"sums/sum.go", "return a", "return -a"}}}, {"worse", []change{{"sums/sum.go", "b int", "b, _ int"}}}},
			"func Sum(a, b, _ int) int { return -a + b }", false},
		{"a place that is gone", []bug{{"wrong", []change{{"sums/sum.go", "a * b", "0"}}}}, `plant "wrong": sums/sum.go has this 0 times`, true},
		{"a place that is there twice", []bug{{"wrong", []change{{"sums/sum.go", "int", "uint"}}}}, "has this 2 times", true},
		{"a file that is gone", []bug{{"wrong", []change{{"sums/gone.go", "a", "b"}}}}, "gone.go", true},
		{"two bugs in one place", []bug{{"wrong", []change{{"sums/sum.go", "a + b", "a"}}}, {"worse", []change{{"sums/sum.go", "return a + b", "return b"}}}},
			"another bug is planted in the same place", true},
		{"what is no Go", []bug{{"wrong", []change{{"sums/sum.go", "a + b", "a +"}}}}, "the planted sources are no Go", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "sums"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "sums/sum.go"), []byte(product), 0o600); err != nil {
				t.Fatal(err)
			}
			sources, err := plant(dir, c.bugs)
			if c.err {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("the error is %v, want %q", err, c.want)
				}
				return
			}
			if err != nil || !strings.Contains(string(sources["sums/sum.go"]), c.want) {
				t.Errorf("planted is %q (%v), want %q", sources["sums/sum.go"], err, c.want)
			}
			if !strings.HasPrefix(string(sources["sums/zz_planted.go"]), "package sums\n") {
				t.Errorf("the file that chooses is %q", sources["sums/zz_planted.go"])
			}
		})
	}
}
