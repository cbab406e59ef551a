// Command groups measures what many groups cost: it runs the real daemon with so many
// of them, each deciding every ten seconds on one signal of its own, and reads from the
// kernel what processor time and memory that took. The groups recommend, on one account
// of the simulated cloud; their load comes from a Prometheus stand-in within this program.
//
// Given the binary of hashicorp/nomad-autoscaler, it runs that in the same way, one after
// the other, with as many policies, against the same stand-in and a second one for
// Nomad's API, and prints how many times more it takes. Nothing is scaled on either side:
// the load wavers within the tolerance of both.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// interval is how often each group decides.
const interval = 10 * time.Second

// bench is what all runs have in common.
type bench struct {
	autoscaled, peer string // binaries; peer may be empty
	warm, measure    time.Duration
	directory        string // of everything that the runs write
	load             *load
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "groups:", err)
		os.Exit(1) //nolint:forbidigo // main is where a process may end
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("groups", flag.ContinueOnError)
	b := &bench{}
	flags.StringVar(&b.autoscaled, "autoscaled", "bin/autoscaled", "the binary of autoscaled")
	flags.StringVar(&b.peer, "peer", "", "the binary of nomad-autoscaler; empty: it is not measured")
	counts := flags.String("counts", "1000,10000", "how many groups, one run after the other")
	modes := flags.String("modes", "query,promql,range", "how autoscaled asks: one query for all groups, one for each, or one over a minute for each")
	windows := flags.String("windows", "instant,range", "how nomad-autoscaler asks, one query for each policy: for now alone, or over a minute")
	flags.DurationVar(&b.warm, "warm", time.Minute, "from the first evaluation to the first measurement")
	flags.DurationVar(&b.measure, "measure", time.Minute, "over which processor time is measured")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if b.directory, err = os.MkdirTemp("", "autoscaled-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.directory) }()
	if b.load, err = serveLoad(); err != nil {
		return err
	}
	defer b.load.close()
	var all results
	defer func() { all.print(os.Stdout) }() // also what there is when a run fails
	for _, text := range strings.Split(*counts, ",") {
		count, err := strconv.Atoi(text)
		if err != nil || count < 1 {
			return fmt.Errorf("-counts: %q: write numbers with commas between", text)
		}
		if err := b.runCount(ctx, &all, count, strings.Split(*modes, ","), strings.Split(*windows, ",")); err != nil {
			return err
		}
	}
	return nil
}

// runCount measures every mode with so many groups.
func (b *bench) runCount(ctx context.Context, all *results, count int, modes, windows []string) error {
	if b.peer == "" {
		windows = nil
	}
	for _, window := range windows {
		r, err := b.runPeer(ctx, count, window)
		if err != nil {
			return fmt.Errorf("nomad-autoscaler with %d policies (%s): %w", count, window, err)
		}
		all.add(r)
	}
	for _, mode := range modes {
		r, err := b.runOurs(ctx, count, mode)
		if err != nil {
			return fmt.Errorf("autoscaled with %d groups (%s): %w", count, mode, err)
		}
		all.add(r)
	}
	return nil
}

func machine() string {
	return fmt.Sprintf("%d cores, %s", runtime.NumCPU(), runtime.Version())
}
