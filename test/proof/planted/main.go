// Command planted holds the tests against the mistakes that are easily made: it plants
// each in the product, and demands that the quick lanes of the proof fail with it, and
// pass without. Run it by test/proof/planted.sh.
//
// All bugs are compiled into the same tests, and each run chooses one. A bug whose
// place the product does not have any more, or has twice, is an error: so the table
// in bugs.go stays true.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	o := options{out: os.Stdout}
	only := flag.String("only", ".", "regular `expression` for the names of the bugs to plant")
	flag.StringVar(&o.work, "work", "", "empty `folder` to write into, as an absolute path")
	flag.IntVar(&o.jobs, "jobs", 2, "how many tests run at a time, each on one processor")
	flag.DurationVar(&o.bound, "bound", 3*time.Minute, "how long one lane may take")
	flag.Parse()
	o.only = regexp.MustCompile(*only)
	err := hunt(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "planted:", err)
		os.Exit(1) //nolint:forbidigo // main is where a process may end
	}
}
