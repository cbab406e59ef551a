package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/test/proof/planted/trial"
)

// stage is a test that may kill mutants.
type stage struct {
	trial.Run
	parts   []string     // its tests as -test.run has them, the quick ones first
	reached map[int]bool // mutants that it reaches
	took    time.Duration
}

// rehearsalBound is how long a test may take without a mutant.
const rehearsalBound = 10 * time.Minute

// boundAfter is how long something may take with a mutant that took so long without.
// Other tests run beside it, and the machine may have other work.
func boundAfter(took time.Duration) time.Duration { return 5*time.Second + 4*took }

// rehearse runs the stage without a mutant, and finds out which it reaches. It must pass.
func (s *stage) rehearse(ctx context.Context, work string) error {
	file := filepath.Join(work, "reached-"+strings.ReplaceAll(s.Name, "/", "-"))
	s.Bound, s.Silence = rehearsalBound, rehearsalBound
	s.Env = []string{"GOMAXPROCS=1", reachedVariable + "=" + file}
	outcome, err := s.Do(ctx)
	if err != nil {
		return err
	}
	if outcome.Failed {
		return fmt.Errorf("without a mutant, %s fails: %s", outcome.By, outcome.Said)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read which mutants %s reaches: %w", s.Name, err)
	}
	s.reached = map[int]bool{}
	for _, number := range strings.Fields(string(text)) {
		id, err := strconv.Atoi(number)
		if err != nil {
			return fmt.Errorf("read which mutants %s reaches: %w", s.Name, err)
		}
		s.reached[id] = true
	}
	s.parts = split(outcome.Tests)
	s.took, s.Bound, s.Silence = outcome.Took, boundAfter(outcome.Took), boundAfter(outcome.Silence)
	return nil
}

// split names the quick tests, which together take a fifth of the time, and then the
// others: most mutants are killed by one of the former.
func split(took map[string]time.Duration) (parts []string) {
	var total, sum time.Duration
	for _, t := range took {
		total += t
	}
	names := slices.SortedFunc(maps.Keys(took), func(a, b string) int { return cmp.Or(cmp.Compare(took[a], took[b]), cmp.Compare(a, b)) })
	quick := 0
	for quick < len(names) && sum+took[names[quick]] <= total/5 {
		sum += took[names[quick]]
		quick++
	}
	for _, part := range [][]string{names[:quick], names[quick:]} {
		if len(part) > 0 {
			parts = append(parts, "^("+strings.Join(part, "|")+")$")
		}
	}
	return parts
}

// verdict is what became of a mutant.
type verdict struct {
	*mutant
	killed   bool
	by, said string
	reached  bool
	reason   string // why it is accepted that it survives; empty: it is not
	took     time.Duration
}

// judge runs the stages that reach the mutant, its own package's first, until one
// kills it.
func judge(ctx context.Context, m *mutant, stages []*stage) (verdict, error) {
	v := verdict{mutant: m}
	for _, s := range order(m, stages) {
		v.reached = true
		for _, part := range s.parts {
			run := s.Run
			run.Tests = part
			run.Env = []string{"GOMAXPROCS=1", chosenVariable + "=" + strconv.Itoa(m.id)}
			outcome, err := run.Do(ctx)
			if err != nil {
				return v, err
			}
			v.took += outcome.Took
			if outcome.Failed {
				v.killed, v.by, v.said = true, outcome.By, outcome.Said
				return v, nil
			}
		}
	}
	return v, nil
}

// order is the stages that reach the mutant, its own package's first.
func order(m *mutant, stages []*stage) []*stage {
	var own, others []*stage
	for _, s := range stages {
		switch {
		case !s.reached[m.id]:
		case s.Name == m.pkg:
			own = append(own, s)
		default:
			others = append(others, s)
		}
	}
	return append(own, others...)
}
