// Command httpd measures whether those who look at a daemon keep it from its work: it runs the
// real one with groups that decide every second, and compares how late their evaluations
// begin while nobody looks, and while many dashboards are open and pages are read all the time.
//
// It serves and asks on loopback alone. It and the daemon share the machine's processors. Readers are
// elsewhere as a rule, so here they give way to the daemon; on a small machine they make its
// evaluations late all the same.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/autoscaled/autoscaled/test/bench/process"
)

// bench is what is measured, and with what.
type bench struct {
	binary         string
	groups         int
	dashboards     int
	readsPerSecond int
	stream         string // path of a dashboard's events
	warm, measure  time.Duration
	ratioMost      float64
	nice           int
	daemon         *process.Process
	url            string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "httpd:", err)
		os.Exit(1) //nolint:forbidigo // main is where a process may end
	}
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	b := &bench{}
	flags := flag.NewFlagSet("httpd", flag.ContinueOnError)
	flags.StringVar(&b.binary, "autoscaled", "bin/autoscaled", "the binary of autoscaled")
	flags.IntVar(&b.groups, "groups", 100, "groups, each deciding every second")
	flags.IntVar(&b.dashboards, "dashboards", 200, "dashboards that are open")
	flags.IntVar(&b.readsPerSecond, "reads", 1000, "pages that are read in a second")
	flags.StringVar(&b.stream, "stream", "", "what a dashboard listens to, such as /v1/events; empty: every second one shows all groups, the others one each")
	flags.DurationVar(&b.warm, "warm", 10*time.Second, "before each measurement")
	flags.DurationVar(&b.measure, "measure", 30*time.Second, "of each measurement")
	flags.Float64Var(&b.ratioMost, "ratio", 3, "how many times later evaluations may begin than while nobody looks")
	flags.IntVar(&b.nice, "nice", 10, "by how much those who look give way to the daemon: elsewhere they have processors of their own")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if b.groups < 1 || b.groups > 1000 || b.dashboards > 1000 || b.readsPerSecond > 10_000 || b.measure > 10*time.Minute {
		return errors.New("at most 1000 groups and dashboards, 10000 reads in a second, and 10m: write less")
	}
	directory, err := os.MkdirTemp("", "autoscaled-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(directory) }()
	stop, err := b.start(ctx, directory)
	if err != nil {
		return err
	}
	defer stop()
	if err := giveWay(b.nice); err != nil {
		return err
	}
	return b.compare(ctx, out)
}

// compare measures without and with those who look.
func (b *bench) compare(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "%d groups that decide every second; %d processors, shared with who looks\n", b.groups, runtime.NumCPU())
	idle, err := b.spell(ctx, func(context.Context) {})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "nobody looks:  %v\n", idle)
	seen := &looking{bench: b}
	busy, err := b.spell(ctx, seen.look)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "they look:     %v\n%v\n", busy, seen)
	again, err := b.spell(ctx, func(context.Context) {})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "nobody looks:  %v\n", again)
	ratio := busy.mean.Seconds() / ((idle.mean + again.mean) / 2).Seconds() // what else the machine does may change
	fmt.Fprintf(out, "lag, mean: %.2f times that while nobody looks (at most %g)\n", ratio, b.ratioMost)
	switch {
	case busy.evaluations < 0.98*idle.evaluations:
		return fmt.Errorf("%.0f evaluations in place of %.0f: groups lost their turns", busy.evaluations, idle.evaluations)
	case ratio > b.ratioMost:
		return fmt.Errorf("evaluations begin %.2f times later than while nobody looks, and may %g times", ratio, b.ratioMost)
	}
	return seen.verdict()
}

// spell measures for a while, during which look runs, too.
func (b *bench) spell(ctx context.Context, look func(ctx context.Context)) (lag lag, err error) {
	looking, cancel := context.WithCancel(ctx)
	looked := make(chan struct{})
	go func() { defer close(looked); look(looking) }()
	defer func() { cancel(); <-looked }()
	if err := pause(ctx, b.warm); err != nil {
		return lag, err
	}
	before, err := b.lag()
	if err != nil {
		return lag, err
	}
	share, err := b.daemon.Share(ctx, b.measure)
	if err != nil {
		return lag, err
	}
	after, err := b.lag()
	if err != nil {
		return lag, err
	}
	lag = after.since(before)
	lag.processor = share
	return lag, nil
}

func pause(ctx context.Context, span time.Duration) error {
	select {
	case <-time.After(span):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
