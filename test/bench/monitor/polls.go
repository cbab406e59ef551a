package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/autoscaled/autoscaled/test/bench/process"
)

// How much is in flight on each side, where it is best for it: requests of the echo, goroutines
// of gosnmp, scrapes of snmp_exporter, and groups of our own, as many as have one of run's slots
// when there are a thousand.
const (
	echoesAtOnce  = 512
	gosnmpAtOnce  = 16
	scrapesAtOnce = 4
	groupsAtOnce  = 50
)

// job is one with what all measurements have in common.
func (b *bench) job(kind string, port uint16, atOnce int) job {
	j := job{Kind: kind, Port: port, Agents: b.agents, AtOnce: atOnce, Warm: b.warm, Span: b.span}
	if b.profiles != "" {
		b.jobs++
		j.Profile = filepath.Join(b.profiles, fmt.Sprintf("%02d-%s.pprof", b.jobs, kind))
	}
	return j
}

// inChild is a side that runs in a process of its own.
func inChild(ctx context.Context, name string, j job) side {
	return side{name, func() (cost, error) { return j.cost(ctx) }}
}

// v2c compares what a poll of an agent takes.
func (b *bench) v2c(ctx context.Context) error {
	port, stop, err := job{Kind: "agents"}.answering(ctx)
	if err != nil {
		return err
	}
	defer stop()
	request, answer, err := sizes()
	if err != nil {
		return err
	}
	echoPort, stopEcho, err := job{Kind: "echoes", Bytes: answer}.answering(ctx)
	if err != nil {
		return err
	}
	defer stopEcho()
	readOnly := b.job("monitor", port, groupsAtOnce)
	readOnly.ReadOnly = true
	ownSockets := b.job("monitor", port, groupsAtOnce)
	ownSockets.OwnSockets = true
	sides := []side{
		inChild(ctx, fmt.Sprintf("echo of %d by %d bytes", request, answer), b.job("echo", echoPort, echoesAtOnce)),
		inChild(ctx, "autoscaled, read", readOnly),
		inChild(ctx, "**autoscaled, read and decided**", b.job("monitor", port, groupsAtOnce)),
		inChild(ctx, "gosnmp, sockets kept", b.job("gosnmp", port, gosnmpAtOnce)),
		inChild(ctx, "autoscaled, a socket for each poll", ownSockets),
	}
	if b.exporter != "" {
		e, err := startExporter(ctx, b.exporter, b.directory)
		if err != nil {
			return err
		}
		defer e.process.Stop()
		sides = append(sides, side{"snmp_exporter, scraped", func() (cost, error) { return e.cost(ctx, b.job("", port, scrapesAtOnce)) }})
	}
	costs, err := b.compare(sides...)
	if err != nil {
		return err
	}
	b.printCosts(fmt.Sprintf("A poll of 16 objects by v2c, %d agents", b.agents), "poll", sides, costs)
	ours := float64(costs[2].perPoll())
	b.report.judge("v2c poll, stored and evaluated", ours, float64(costs[3].perPoll()), 1./8, "gosnmp, sockets kept")
	if b.exporter != "" {
		b.report.judge("v2c poll, stored and evaluated", ours, float64(costs[5].perPoll()), 1./80, "a scrape of snmp_exporter")
	}
	b.report.judge("v2c poll, stored and evaluated", ours, float64(costs[0].perPoll()), 1.8, "an echo")
	return nil
}

func (b *bench) printCosts(title, unit string, sides []side, costs []cost) {
	t := newTable("", "cpu/"+unit, unit+"s/s", "allocations/"+unit, "bytes/"+unit)
	for i, s := range sides {
		t.addCost(s.name, costs[i])
	}
	t.print(b.out, title)
}

// sizes are those of a request for all objects in v2c, and of its answer.
func sizes() (request, answer int, err error) {
	message, err := plainRequest()
	if err != nil {
		return 0, 0, err
	}
	w := writer{bytes: make([]byte, datagramMost)}
	w.reset()
	if !agents()(message, addressOf(0).As4(), &w) {
		return 0, 0, errors.New("the stand-in does not understand its own request")
	}
	return len(message), len(w.encoded()), nil
}

// v3 compares what a poll of an agent takes that is authentic and encrypted.
func (b *bench) v3(ctx context.Context) error {
	port, stop, err := job{Kind: "agents"}.answering(ctx)
	if err != nil {
		return err
	}
	defer stop()
	ours, gosnmp := b.job("monitor", port, groupsAtOnce), b.job("gosnmp", port, gosnmpAtOnce)
	ours.Secure, gosnmp.Secure = true, true
	sides := []side{
		inChild(ctx, "**autoscaled, read and decided**", ours),
		inChild(ctx, "gosnmp, sessions kept", gosnmp),
	}
	costs, err := b.compare(sides...)
	if err != nil {
		return err
	}
	b.printCosts(fmt.Sprintf("A poll of 16 objects by v3, authPriv with SHA-256 and AES-128, %d agents", b.agents), "poll", sides, costs)
	b.report.judge("v3 poll, stored and evaluated", float64(costs[0].perPoll()), float64(costs[1].perPoll()), 1./5, "gosnmp, sessions kept")
	return nil
}

// pages compares what a page of a node exporter takes.
func (b *bench) pages(ctx context.Context) error {
	page, err := b.nodePage(ctx)
	if err != nil {
		return err
	}
	port, stop, err := job{Kind: "page", Page: page}.answering(ctx)
	if err != nil {
		return err
	}
	defer stop()
	ours, expfmt := b.job("pages", port, groupsAtOnce), b.job("expfmt", port, gosnmpAtOnce)
	ours.Agents, expfmt.Agents = 100, 100
	sides := []side{
		inChild(ctx, "**autoscaled, read and decided**", ours),
		inChild(ctx, "net/http and expfmt", expfmt),
	}
	costs, err := b.compare(sides...)
	if err != nil {
		return err
	}
	b.printCosts("A page of a node exporter, of which 3 series are wanted", "page", sides, costs)
	b.report.judge("page, stored and evaluated", float64(costs[0].perPoll()), float64(costs[1].perPoll()), 1./12, "net/http, connections kept, and expfmt")
	return nil
}

// nodePage is the file with a node exporter's page, of this machine when there is no other.
func (b *bench) nodePage(ctx context.Context) (string, error) {
	if b.page != "" {
		return filepath.Abs(b.page)
	}
	ports, err := process.FreePorts(1)
	if err != nil {
		return "", err
	}
	exporter, err := process.Start(ctx, "node-exporter", b.directory, nil, "prometheus-node-exporter", "--web.listen-address=127.0.0.1:"+ports[0], "--log.level=error")
	if err != nil {
		return "", fmt.Errorf("%w, or a page with -page", err)
	}
	defer exporter.Stop()
	url := "http://127.0.0.1:" + ports[0] + "/metrics"
	if err := exporter.Until(ctx, time.Minute, func() bool { return process.Answers(url) }); err != nil {
		return "", err
	}
	content, err := download(ctx, url)
	if err != nil {
		return "", err
	}
	page := filepath.Join(b.directory, "page.txt")
	return page, os.WriteFile(page, content, 0o600)
}

// promql compares what a round of all groups costs Prometheus.
func (b *bench) promql(ctx context.Context) error {
	if b.prometheus == "" {
		return nil
	}
	page := filepath.Join(b.directory, "gauges.txt")
	if err := os.WriteFile(page, []byte(gaugePage()), 0o600); err != nil {
		return err
	}
	port, stop, err := job{Kind: "page", Page: page}.answering(ctx)
	if err != nil {
		return err
	}
	defer stop()
	p, url, err := startPrometheus(ctx, b.prometheus, b.directory, port)
	if err != nil {
		return err
	}
	defer p.Stop()
	queries := make([]float64, 2)
	ask := func(i int, together bool) func() (cost, error) {
		return func() (c cost, err error) {
			c, queries[i], err = prometheusCost(ctx, p, url, together, b.warm)
			return c, err
		}
	}
	sides := []side{{"**one query for all**", ask(0, true)}, {"one for each", ask(1, false)}}
	costs, err := b.compare(sides...)
	if err != nil {
		return err
	}
	t := newTable("", "queries/round", "Prometheus' cpu/round", "rounds/s")
	for i, s := range sides {
		t.add(s.name, fmt.Sprintf("%.2f", queries[i]), micros(costs[i].perPoll()), fmt.Sprintf("%.1f", costs[i].perSecond()))
	}
	t.print(b.out, fmt.Sprintf("A round of %d groups that each want the mean of a gauge of %d hosts", askingGroups, hostsEach))
	b.report.judge("queries in a round", queries[0], 1, 1.05, "one")
	b.report.judge("Prometheus' cpu in a round", float64(costs[0].perPoll()), float64(costs[1].perPoll()), 1./15, "one query for each group")
	return nil
}

// run measures the daemon itself.
func (b *bench) run(ctx context.Context) error {
	groups := 1000
	if b.quick {
		groups = 100
	}
	binary, err := filepath.Abs(b.autoscaled)
	if err != nil {
		return err
	}
	port, stop, err := job{Kind: "agents"}.answering(ctx)
	if err != nil {
		return err
	}
	defer stop()
	w, err := runWhole(ctx, binary, filepath.Join(b.directory, "run"), groups, port, b.daemonSpan)
	if err != nil {
		return err
	}
	t := newTable("groups", "agents", "polls/s", "cpu of one core", "anonymous", "RSS", "turns begin late by")
	t.add(thousands(float64(w.groups)), thousands(float64(w.agents)), thousands(w.polls), fmt.Sprintf("%.1f %%", 100*w.share),
		mebibytes(float64(w.memory.Anonymous)), mebibytes(float64(w.memory.Resident)), fmt.Sprintf("%.1f ms", 1000*w.late))
	t.print(b.out, "`autoscaled run`, every group every 10 s")
	if !b.quick {
		b.report.judge("processor of `run`", w.share, 1, 0.05, "one core")
		b.report.judge("anonymous memory of `run`", float64(w.memory.Anonymous), 60<<20, 1, "60 MiB")
	}
	return nil
}
