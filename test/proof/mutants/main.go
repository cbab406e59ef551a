// Command mutants measures the tests of the rooms that decide and act: it changes
// their code in many small ways, one at a time, and counts how many of these mutants
// the tests kill. Run it by test/proof/mutants.sh.
//
// All mutants are compiled into the same tests, and each run chooses one. A mutant is
// killed when a test fails, panics or hangs with it; that of its own package is tried
// first. What only makes words for a person (the log, the texts of errors) is not
// mutated.
//
// survivors.txt lists survivors that are accepted, each with a reason. They count as
// survivors all the same. Of a sample they are not run; with -all they are, and one
// that is killed after all is told.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/autoscaled/autoscaled/test/proof/planted/trial"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	o := options{out: os.Stdout, packages: packages, lanes: lanes, survivors: survivors}
	flag.StringVar(&o.work, "work", "", "empty `folder` to write into, as an absolute path")
	flag.StringVar(&o.only, "only", "", "try only mutants whose name has this `text`")
	flag.BoolVar(&o.all, "all", false, "try all mutants, the accepted survivors as well")
	flag.IntVar(&o.sample, "sample", 90, "how many mutants to try, in the same number for each package")
	flag.Int64Var(&o.seed, "seed", 1, "chooses the sample")
	flag.DurationVar(&o.span, "for", 0, "begin with no mutant after this `time`; it is an error if half of the sample is left then; 0: no bound")
	flag.IntVar(&o.jobs, "jobs", 2, "how many tests run at a time, each on one processor")
	flag.BoolVar(&o.verbose, "v", false, "print what becomes of each mutant, and what killed it")
	flag.Parse()
	began := time.Now()
	module, err := trial.FindModule(ctx)
	if err == nil {
		o.module = module
		err = measure(ctx, o)
	}
	stop()
	fmt.Printf("took %.0f s\n", time.Since(began).Seconds())
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1) //nolint:forbidigo // main is where a process may end
	}
}
