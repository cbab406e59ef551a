package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/autoscaled/autoscaled/test/proof/planted/trial"
)

// packages are those whose code is mutated.
var packages = []string{"internal/actions", "internal/fleet", "internal/policy"}

// lane is a test that may kill mutants.
type lane struct {
	pkg   string // the package's path in the module
	tests string // as -test.run has it
	args  []string
}

// lanes are in the order in which they are tried, after the one of the mutant's own package.
var lanes = []lane{
	{"internal/actions", ".", nil},
	{"internal/policy", ".", nil},
	{"test/proof", "^TestProofHunt$", []string{"-proof.hunt"}},
	{"internal/fleet", ".", nil},
}

//go:embed survivors.txt
var survivors string

type options struct {
	out       io.Writer
	module    trial.Module
	packages  []string // whose code is mutated
	lanes     []lane
	survivors string        // the list of those that are accepted
	work      string        // empty folder to write into
	only      string        // a text in the keys of the mutants to try; empty: all
	all       bool          // no sample
	verbose   bool          // print what becomes of each mutant at once
	sample    int           // how many mutants to try
	seed      int64         // chooses the sample
	span      time.Duration // begin with no mutant after this time; 0: no bound
	jobs      int           // tests that run at a time
}

// measure tries mutants and reports how many are killed. It is an error if too few are.
func measure(ctx context.Context, o options) error {
	accepted, err := readSurvivors(o.survivors)
	if err != nil {
		return err
	}
	targets, imports, err := load(ctx, o.module, o.packages)
	if err != nil {
		return err
	}
	s, err := mutate(targets, imports)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(o.out, "%d mutants; left out, because they do not compile: %d\n", len(s.mutants), s.left)
	stages, err := prepare(ctx, o, s)
	if err != nil {
		return err
	}
	chosen := choose(o, s.mutants)
	verdicts, err := judgeAll(ctx, o, chosen, stages, accepted)
	if err != nil {
		return err
	}
	tellStale(o.out, s.mutants, verdicts, accepted)
	if err := report(o.out, o.packages, verdicts); err != nil {
		return err
	}
	if 2*len(verdicts) < len(chosen) {
		return fmt.Errorf("only %d of %d mutants were tried within %v", len(verdicts), len(chosen), o.span)
	}
	return nil
}

// prepare compiles the schema into the stages, and rehearses them.
func prepare(ctx context.Context, o options, s schema) ([]*stage, error) {
	var names []string
	for _, lane := range o.lanes {
		names = append(names, lane.pkg)
	}
	binaries, err := o.module.Compile(ctx, o.work, s.sources, names)
	if err != nil {
		return nil, err
	}
	stages := make([]*stage, len(o.lanes))
	rehearsals, ctx := errgroup.WithContext(ctx)
	rehearsals.SetLimit(o.jobs)
	for i, lane := range o.lanes {
		stages[i] = &stage{Run: trial.Run{Binary: binaries[i], Tests: lane.tests, Args: lane.args}}
		rehearsals.Go(func() error { return stages[i].rehearse(ctx, o.work) })
	}
	if err := rehearsals.Wait(); err != nil {
		return nil, err
	}
	for _, s := range stages {
		_, _ = fmt.Fprintf(o.out, "%s passes in %.1f s and reaches %d mutants\n", s.Name, s.took.Seconds(), len(s.reached))
	}
	return stages, nil
}

func choose(o options, mutants []*mutant) []*mutant {
	mutants = slices.DeleteFunc(slices.Clone(mutants), func(m *mutant) bool { return !strings.Contains(m.key(), o.only) })
	if o.all {
		return sample(mutants, o.packages, 0, o.seed)
	}
	_, _ = fmt.Fprintf(o.out, "trying %d of them, chosen by -seed %d\n", o.sample, o.seed)
	return sample(mutants, o.packages, o.sample, o.seed)
}

// judgeAll judges the mutants for as long as it may.
func judgeAll(ctx context.Context, o options, chosen []*mutant, stages []*stage, accepted map[string]string) ([]verdict, error) {
	began := time.Now()
	var mu sync.Mutex
	var verdicts []verdict
	trials, ctx := errgroup.WithContext(ctx)
	trials.SetLimit(o.jobs)
	for _, m := range chosen {
		if ctx.Err() != nil || o.span > 0 && time.Since(began) > o.span {
			break
		}
		trials.Go(func() error {
			v := verdict{mutant: m, reason: accepted[m.key()]}
			if v.reason == "" || o.all {
				var err error
				if v, err = judge(ctx, m, stages); err != nil {
					return err
				}
				v.reason = accepted[m.key()]
			}
			mu.Lock()
			defer mu.Unlock()
			verdicts = append(verdicts, v)
			if o.verbose {
				v.tell(o.out)
			}
			return nil
		})
	}
	return verdicts, trials.Wait()
}

// tellStale tells of accepted survivors that are none any more.
func tellStale(out io.Writer, mutants []*mutant, verdicts []verdict, accepted map[string]string) {
	known := map[string]bool{}
	for _, m := range mutants {
		known[m.key()] = true
	}
	for _, v := range verdicts {
		if v.killed && v.reason != "" {
			known[v.key()] = false
		}
	}
	for key := range accepted {
		if !known[key] {
			_, _ = fmt.Fprintf(out, "not a survivor any more, take it off survivors.txt: %s\n", key)
		}
	}
}
