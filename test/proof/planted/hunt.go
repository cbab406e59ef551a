package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/autoscaled/autoscaled/test/proof/planted/trial"
)

// lane is a test that may find bugs.
type lane struct {
	pkg   string // the package's path in the module
	tests string // as -test.run has it
	args  []string
}

// proof is the lanes that must find the bugs, and rooms those that may find the slips.
var (
	proof = []lane{{"test/proof", "^TestProofHunt$", []string{"-proof.hunt"}}}
	rooms = []lane{{"internal/policy", ".", nil}, {"internal/actions", ".", nil}, {"internal/fleet", ".", nil}}
)

type options struct {
	out   io.Writer
	work  string         // empty folder to write into
	only  *regexp.Regexp // names of the bugs to plant
	jobs  int
	bound time.Duration // of one lane
}

// hunt plants the bugs and runs the lanes on each, and on none. It is an error if a lane
// fails without a bug, or none fails with one.
func hunt(ctx context.Context, o options) error {
	module, err := trial.FindModule(ctx)
	if err != nil {
		return err
	}
	runs, err := compile(ctx, module, o, slices.Concat(bugs, slips), slices.Concat(rooms, proof))
	if err != nil {
		return err
	}
	var found []finding
	for _, b := range bugs {
		found = append(found, finding{bug: b, runs: runs[len(rooms):]})
	}
	for _, b := range slips {
		found = append(found, finding{bug: b, runs: runs})
	}
	found = slices.DeleteFunc(found, func(f finding) bool { return !o.only.MatchString(f.name) })
	trials, ctx := errgroup.WithContext(ctx)
	trials.SetLimit(o.jobs)
	trials.Go(func() error { // first, since it takes the longest
		outcome, err := try(ctx, runs, "")
		if err == nil && outcome.Failed {
			err = fmt.Errorf("without a bug, %s fails: %s", outcome.By, outcome.Said)
		}
		if err == nil {
			_, _ = fmt.Fprintf(o.out, "without a bug, %d tests pass in %.1f s\n\n", outcome.Passed, outcome.Took.Seconds())
		}
		return err
	})
	for i := range found {
		trials.Go(func() (err error) {
			found[i].Outcome, err = try(ctx, found[i].runs, found[i].name)
			return err
		})
	}
	if err := trials.Wait(); err != nil {
		return err
	}
	return report(o.out, found)
}

// finding is what became of a bug.
type finding struct {
	bug
	runs []trial.Run // that may find it
	trial.Outcome
}

// compile returns a run for each lane, in which every bug waits to be chosen.
func compile(ctx context.Context, module trial.Module, o options, bugs []bug, lanes []lane) ([]trial.Run, error) {
	sources, err := plant(module.Dir, bugs)
	if err != nil {
		return nil, err
	}
	var packages []string
	for _, lane := range lanes {
		packages = append(packages, lane.pkg)
	}
	binaries, err := module.Compile(ctx, o.work, sources, packages)
	if err != nil {
		return nil, err
	}
	runs := make([]trial.Run, len(lanes))
	for i, lane := range lanes {
		runs[i] = trial.Run{Binary: binaries[i], Tests: lane.tests, Args: lane.args, Bound: o.bound, Silence: o.bound}
	}
	return runs, nil
}

// try runs the lanes with the bug until one fails. Its time is that of all of them.
func try(ctx context.Context, runs []trial.Run, bug string) (trial.Outcome, error) {
	var sum trial.Outcome
	for _, run := range runs {
		run.Env = []string{variable + "=" + bug, "GOMAXPROCS=1"}
		outcome, err := run.Do(ctx)
		if err != nil {
			return sum, err
		}
		outcome.Took += sum.Took
		outcome.Passed += sum.Passed
		if sum = outcome; sum.Failed {
			break
		}
	}
	return sum, nil
}

// report prints which test found which bug, and after how long.
func report(out io.Writer, found []finding) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "BUG\tAFTER\tFOUND BY")
	var missed []string
	for _, f := range found {
		by := f.By
		if !f.Failed {
			missed = append(missed, f.name)
			by = "NOT FOUND"
		}
		_, _ = fmt.Fprintf(table, "%s\t%.1f s\t%s\n", f.name, f.Took.Seconds(), by)
		if f.Said != "" {
			_, _ = fmt.Fprintf(table, "\t\t    %.160s\n", f.Said)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "\nplanted bugs: %d found, %d not found\n", len(found)-len(missed), len(missed))
	if len(missed) > 0 {
		return fmt.Errorf("no lane fails with %q", missed)
	}
	return nil
}

func keys(sources trial.Sources) []string { return slices.Sorted(maps.Keys(sources)) }
