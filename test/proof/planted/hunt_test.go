package main

import (
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/test/proof/planted/trial"
)

func TestABugThatIsNotFoundIsAnError(t *testing.T) {
	t.Parallel()
	sum, none := bug{name: "wrong sum"}, bug{name: "no sum"}
	found := trial.Outcome{Failed: true, By: "sums TestSum/of_two", Said: "sum_test.go:7: it is 3", Took: 1500 * time.Millisecond}
	var all strings.Builder
	err := report(&all, []finding{{bug: sum, Outcome: found}, {bug: none, Outcome: found}})
	if err != nil || !strings.Contains(all.String(), "planted bugs: 2 found, 0 not found") {
		t.Errorf("with both found: %v, %s", err, &all)
	}
	if line := "wrong sum  1.5 s  sums TestSum/of_two\n"; !strings.Contains(all.String(), line) {
		t.Errorf("it prints %q, want in it %q", &all, line)
	}
	var one strings.Builder
	err = report(&one, []finding{{bug: sum, Outcome: found}, {bug: none, Outcome: trial.Outcome{Took: time.Minute}}})
	if err == nil || !strings.Contains(err.Error(), "no sum") || !strings.Contains(one.String(), "1 found, 1 not found") {
		t.Errorf("with one found: %v, %s", err, &one)
	}
}
