// Command elasticity compares policies that scale by what they see, on real loads: the
// classic ones, and our own target policy with the daemon's defaults, through the engine of
// capacity planning. It prints the elasticity metrics of each on each trace, their means, and
// what each costs at least for a given share of overloaded minutes when its setting is swept.
//
// With -forecast it compares our policy that scales by what it foresees with all of these.
//
// Each trace is in minutes, and scaled so that its highest one needs 40 instances. What a
// minute brings is seen in the next. Who is ordered serves after 10 minutes, or as many as are
// said, and who leaves is released, and paid for no longer, at once. What it prints on its
// output is the same in every run; how long it took goes to its errors.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "elasticity:", err)
		os.Exit(1) //nolint:forbidigo // main is where a process may end
	}
}

// leads are the times to serve that are compared, the one of all tables first.
var leads = []time.Duration{10 * time.Minute, 2 * time.Minute, 5 * time.Minute, 20 * time.Minute}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("elasticity", flag.ContinueOnError)
	directory := flags.String("traces", "", "the directory of the traces: *.csv, of timestamp and value")
	quick := flags.Bool("quick", false, "the three shortest traces alone")
	ahead := flags.String("forecast", "", "in place of the other tables, those of our policy that forecasts: all, or some of "+strings.Join(tableNames(), ","))
	must := flags.Bool("must", false, "with -forecast: fail where it is not as good as it must be")
	if err := flags.Parse(args); err != nil {
		return err
	}
	traces, err := readTraces(*directory)
	if err != nil {
		return err
	}
	if *quick {
		traces = shortest(traces, 3)
	}
	b := &bench{traces, progress}
	if *ahead == "" {
		return b.run(ctx, out)
	}
	names := strings.Split(*ahead, ",")
	if *ahead == "all" {
		names = tableNames()
	}
	claims, err := b.printForecasts(ctx, out, names)
	if short := missed(claims); err == nil && *must && len(short) > 0 {
		err = fmt.Errorf("missed: %s", strings.Join(short, "; "))
	}
	return err
}

// shortest are so many of the traces, in their order.
func shortest(traces []*trace, n int) []*trace {
	bySteps := slices.Clone(traces)
	slices.SortStableFunc(bySteps, func(a, b *trace) int { return a.load.Len() - b.load.Len() })
	bySteps = bySteps[:min(n, len(bySteps))]
	return slices.DeleteFunc(traces, func(t *trace) bool { return !slices.Contains(bySteps, t) })
}

// run prints all tables of policies that scale by what they see.
func (b *bench) run(ctx context.Context, out io.Writer) error {
	ours, err := defaultGroup()
	if err != nil {
		return err
	}
	optima := make([]elasticity.Metrics, len(b.traces))
	for i, t := range b.traces {
		if optima[i], err = clairvoyant(ctx, t); err != nil {
			return err
		}
	}
	policies := contenders(ours)
	outcomes, err := b.replay(ctx, policies, leads[0])
	if err != nil {
		return err
	}
	printDenominators(out, b.traces, optima)
	for i, t := range b.traces {
		printTrace(out, t, policies, outcomes[i], &optima[i])
	}
	printMeans(out, policies, outcomes, optima)
	var sweeps []*sweep
	for _, lead := range leads {
		s, err := b.sweep(ctx, families(ours), lead)
		if err != nil {
			return err
		}
		sweeps = append(sweeps, s)
	}
	printFrontiers(out, sweeps)
	printChoices(out, b.traces, sweeps[0])
	printSettings(out, sweeps[0])
	return nil
}
