package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/test/proof/planted/trial"
)

// stage is a test that may kill mutants.
type stage struct {
	trial.Run
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
	s.took, s.Bound, s.Silence = outcome.Took, boundAfter(outcome.Took), boundAfter(outcome.Silence)
	return nil
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
		run := s.Run
		run.Env = []string{"GOMAXPROCS=1", chosenVariable + "=" + strconv.Itoa(m.id)}
		outcome, err := run.Do(ctx)
		if err != nil {
			return v, err
		}
		v.reached = true
		v.took += outcome.Took
		if outcome.Failed {
			v.killed, v.by, v.said = true, outcome.By, outcome.Said
			break
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
