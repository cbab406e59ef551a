package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/autoscaled/autoscaled/test/bench/process"
)

// result is what one run showed.
type result struct {
	name, mode string
	count      int           // groups
	ready      time.Duration // from its start until it answered, or first asked
	perSecond  float64       // evaluations
	share      float64       // of one processor
	memory     process.Memory

	// Of autoscaled alone.
	goroutines    int
	lag           [2]string // within how many seconds half of the evaluations began, and 99 of 100
	steady        float64   // share of the evaluations that changed nothing
	dropped       float64   // entries of the history
	page          int       // bytes of the page of metrics
	scraped       float64   // share of one processor while the page is read every now and then
	scrapedMemory process.Memory
}

func (r result) isPeer() bool { return r.name == peerName }

// perEvaluation is the processor time of one.
func (r result) perEvaluation() time.Duration {
	return time.Duration(r.share / r.perSecond * float64(time.Second))
}

type results struct{ all []result }

func (rs *results) add(r result) { rs.all = append(rs.all, r) }

func (rs *results) print(out io.Writer) {
	if len(rs.all) == 0 {
		return
	}
	fmt.Fprintf(out, "%s; every group decides every %s\n\n", machine(), interval)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "groups\tprogram\tasks\tready\teval/s\tcpu\tcpu/eval\tRSS\tanonymous\tpeak\t")
	for _, r := range rs.all {
		fmt.Fprintf(table, "%d\t%s\t%s\t%.1fs\t%.0f\t%.1f%%\t%dus\t%s\t%s\t%s\t\n", r.count, r.name, r.mode, r.ready.Seconds(), r.perSecond, 100*r.share,
			r.perEvaluation().Microseconds(), megabytes(r.memory.Resident), megabytes(r.memory.Anonymous), megabytes(r.memory.Peak))
	}
	_ = table.Flush()
	rs.printOurs(out)
	rs.printRatios(out)
}

func (rs *results) printOurs(out io.Writer) {
	fmt.Fprintln(out, "\nautoscaled, and what it costs to be scraped")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "groups\tasks\tgoroutines\tlag p50\tlag p99\thistory dropped\tpage\tcpu scraped\tRSS scraped\tpeak\t")
	for _, r := range rs.all {
		if !r.isPeer() {
			fmt.Fprintf(table, "%d\t%s\t%d\t<=%ss\t<=%ss\t%.0f\t%s\t%.1f%%\t%s\t%s\t\n", r.count, r.mode, r.goroutines, r.lag[0], r.lag[1], r.dropped,
				megabytes(r.page), 100*r.scraped, megabytes(r.scrapedMemory.Resident), megabytes(r.scrapedMemory.Peak))
		}
	}
	_ = table.Flush()
}

// printRatios compares each run of autoscaled with each of the peer with as many groups.
func (rs *results) printRatios(out io.Writer) {
	if !slices.ContainsFunc(rs.all, result.isPeer) {
		return
	}
	fmt.Fprintln(out, "\nhow many times more nomad-autoscaler takes")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "groups\tit asks\tautoscaled asks\tcpu/eval\tRSS\tanonymous\t")
	for _, peer := range rs.all {
		for _, ours := range rs.all {
			if !peer.isPeer() || ours.isPeer() || peer.count != ours.count {
				continue
			}
			fmt.Fprintf(table, "%d\t%s\t%s\t%.1f\t%.1f\t%.1f\t\n", peer.count, peer.mode, ours.mode,
				float64(peer.perEvaluation())/float64(ours.perEvaluation()),
				float64(peer.memory.Resident)/float64(ours.memory.Resident), float64(peer.memory.Anonymous)/float64(ours.memory.Anonymous))
		}
	}
	_ = table.Flush()
}

func megabytes(bytes int) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
