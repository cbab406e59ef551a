// Command monitor measures what it costs to poll ten thousand machines, beside what others take for
// the same: gosnmp with sockets and sessions kept, snmp_exporter, Prometheus' own parser of pages, and one
// query for each group. Below all of them is an echo of datagrams of the same sizes, which
// does nothing but send and receive.
//
// Everything is on loopback, and all sides of a comparison are measured in turn in one run.
// Each runs in a process of its own, on one processor; who answers runs on the other. The
// unit is the processor time of a poll as the kernel tells it, and of several measurements the
// median counts.
//
// Our own side is the code path of run: groups of ten agents, whose monitors read, and whose advisors
// evaluate their policies, make their metrics and encode their history.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// childFlag, with a job behind it, makes this program a child of itself.
const childFlag = "-child"

// bench is what all measurements have in common.
type bench struct {
	autoscaled, exporter   string // binaries; the exporter's may be empty
	prometheus, page       string // a binary, and the page of a node exporter
	quick                  bool
	repeats, agents        int
	warm, span, daemonSpan time.Duration
	chart                  string // file of the drawing; empty: none
	profiles               string // directory of profiles of the processor; empty: none
	jobs                   int    // so far
	directory              string // of what is written meanwhile
	out                    io.Writer
	report                 report
}

// parts are what can be measured alone, in the order in which they are.
var parts = []struct {
	name, about string
	measure     func(b *bench, ctx context.Context) error
}{
	{"v2c", "one poll of an agent by v2c, beside gosnmp, snmp_exporter and an echo", (*bench).v2c},
	{"v3", "one poll by v3 with SHA-256 and AES, beside gosnmp", (*bench).v3},
	{"memory", "what a thousand agents take, beside gosnmp", (*bench).memory},
	{"pages", "one page of a node exporter, beside net/http and expfmt", (*bench).pages},
	{"promql", "a round of two hundred groups at Prometheus, together and one by one", (*bench).promql},
	{"run", "the daemon with a thousand groups of ten agents", (*bench).run},
	{"growth", "one poll with a hundred to a hundred thousand agents", (*bench).growth},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if args := os.Args[1:]; len(args) == 2 && args[0] == childFlag {
		err = runChild(ctx, args[1], os.Stdin, os.Stdout)
	} else {
		err = run(ctx, args, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "monitor:", err)
		os.Exit(1) //nolint:forbidigo // main is where a process may end
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	b := &bench{out: out}
	only, err := b.parse(args)
	if err != nil {
		return err
	}
	if b.directory, err = os.MkdirTemp("", "autoscaled-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.directory) }()
	fmt.Fprintf(out, "%s; each figure is the median of %d, of %s each\n", machine(), b.repeats, b.span)
	for _, part := range parts {
		if len(only) > 0 && !slices.Contains(only, part.name) {
			continue
		}
		if err := part.measure(b, ctx); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", part.name, err), b.report.verdict(out))
		}
	}
	return b.report.verdict(out)
}

// parse returns the names of the parts that are wanted; none: all of them.
func (b *bench) parse(args []string) (only []string, err error) {
	flags := flag.NewFlagSet("monitor", flag.ContinueOnError)
	names, about := []string{}, ""
	for _, part := range parts {
		names = append(names, part.name)
		about += fmt.Sprintf("\n%s: %s", part.name, part.about)
	}
	wanted := flags.String("only", "", "the parts to measure, with commas between; empty: all"+about)
	flags.StringVar(&b.autoscaled, "autoscaled", "bin/autoscaled", "the binary of autoscaled")
	flags.StringVar(&b.exporter, "snmp-exporter", "", "the binary of snmp_exporter; empty: it is not measured")
	flags.StringVar(&b.prometheus, "prometheus", "prometheus", "the binary of Prometheus; empty: it is not asked")
	flags.StringVar(&b.page, "page", "", "a file with the page of a node exporter; empty: prometheus-node-exporter is started to have one")
	flags.BoolVar(&b.quick, "quick", false, "less of everything, without other programs, to see whether it works")
	flags.IntVar(&b.repeats, "repeats", 3, "measurements of each side, of which the median counts")
	flags.IntVar(&b.agents, "agents", 1000, "agents, but for what is measured with several numbers of them")
	flags.DurationVar(&b.warm, "warm", 2*time.Second, "before each measurement")
	flags.DurationVar(&b.span, "span", 4*time.Second, "of each measurement")
	flags.DurationVar(&b.daemonSpan, "daemon", time.Minute, "over which the daemon's processor time is measured")
	flags.StringVar(&b.chart, "svg", "", "a file for the drawing of growth; empty: it is not drawn")
	flags.StringVar(&b.profiles, "profiles", "", "a directory for profiles of the processor, one of each side; empty: none is made")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if b.quick {
		b.repeats, b.warm, b.span, b.daemonSpan = 1, time.Second, time.Second, 10*time.Second
		b.exporter, b.prometheus = "", ""
	}
	if *wanted != "" {
		only = strings.Split(*wanted, ",")
	}
	for _, name := range only {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("-only: there is no part %q: use %s", name, strings.Join(names, ", "))
		}
	}
	if b.repeats < 1 || b.agents < 1 || b.agents > 100_000 || b.span < time.Second/10 {
		return nil, errors.New("at least one measurement, of a tenth of a second, and 1 to 100000 agents: write other numbers")
	}
	return only, nil
}
