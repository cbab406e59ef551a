package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/test/bench/process"
)

// How autoscaled asks for the groups' loads.
const (
	modeQuery  = "query"  // one query for all, by label
	modePromQL = "promql" // one for each
	modeRange  = "range"  // one for each, over the last minute
)

// scrapeEvery is how often a Prometheus server would read the page of metrics.
const scrapeEvery = 15 * time.Second

// runOurs measures autoscaled. Its page of metrics is read after its memory was measured,
// and then again every now and then, as a Prometheus server does, to see what that costs.
func (b *bench) runOurs(ctx context.Context, count int, mode string) (result, error) {
	r := result{name: "autoscaled", mode: mode, count: count}
	directory := filepath.Join(b.directory, fmt.Sprint("autoscaled-", count, "-", mode))
	ports, err := process.FreePorts(5)
	if err != nil {
		return r, err
	}
	listen := "127.0.0.1:" + ports[0]
	if err := process.WriteFiles(directory, map[string]string{"autoscaled.yaml": b.config(directory, listen, ports[1], count, mode)}); err != nil {
		return r, err
	}
	b.load.groups.Store(int64(count))
	binary, err := filepath.Abs(b.autoscaled)
	if err != nil {
		return r, err
	}
	cloud, err := process.Start(ctx, "simulator", directory, nil, binary, "simulator", "--speed", "60", "--listen", "127.0.0.1:"+ports[1],
		"--proxy", "127.0.0.1:"+ports[2], "--snmp-port", ports[3], "--app-port", ports[4], "--addresses", "127.73.0.0/16")
	if err != nil {
		return r, err
	}
	defer cloud.Stop()
	if err := cloud.Until(ctx, time.Minute, func() bool { return process.Answers("http://127.0.0.1:" + ports[1] + "/books") }); err != nil {
		return r, err
	}
	began := time.Now()
	daemon, err := process.Start(ctx, "autoscaled", directory, []string{"BENCH_SECRET=simulated-secret-key", "BENCH_ACCESS=SIMULATEDACCESSKEY01"},
		binary, "run", "--config", "autoscaled.yaml", "--log-format", "json")
	if err != nil {
		return r, err
	}
	defer daemon.Stop()
	if err := daemon.Until(ctx, 5*time.Minute, func() bool { return process.Answers("http://" + listen + "/healthz") }); err != nil {
		return r, err
	}
	r.ready = time.Since(began)
	if err := daemon.Pause(ctx, interval+b.warm); err != nil {
		return r, err
	}
	return r, b.measureOurs(ctx, &r, daemon, "http://"+listen+"/metrics")
}

func (b *bench) measureOurs(ctx context.Context, r *result, daemon *process.Process, url string) (err error) {
	if r.memory, err = daemon.Memory(); err != nil {
		return err
	}
	before, err := readPage(ctx, url)
	if err != nil {
		return err
	}
	if r.share, err = daemon.Share(ctx, b.measure); err != nil {
		return err
	}
	after, err := readPage(ctx, url)
	if err != nil {
		return err
	}
	evaluations := after.sum("autoscaled_decisions_total") - before.sum("autoscaled_decisions_total")
	r.perSecond = evaluations / after.at.Sub(before.at).Seconds()
	r.goroutines = int(after.sum("go_goroutines"))
	r.lag = after.quantiles("autoscaled_scheduler_lag_seconds", before)
	r.page, r.dropped = after.bytes, after.sum("autoscaled_history_dropped_total")
	r.steady = after.sumWith("autoscaled_decisions_total", `direction="none"`) - before.sumWith("autoscaled_decisions_total", `direction="none"`)
	if evaluations == 0 {
		return fmt.Errorf("it decided nothing: %s", daemon.LastWords())
	}
	if r.steady /= evaluations; r.steady < 0.999 {
		return fmt.Errorf("%.1f%% of the evaluations changed a group: nothing was to be scaled", 100*(1-r.steady))
	}
	r.scraped, err = shareWhileScraped(ctx, daemon, url, b.measure)
	if err != nil {
		return err
	}
	r.scrapedMemory, err = daemon.Memory()
	return err
}

func shareWhileScraped(ctx context.Context, p *process.Process, url string, span time.Duration) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	scraping := make(chan struct{})
	go func() {
		defer close(scraping)
		for p.Pause(ctx, scrapeEvery) == nil {
			_, _ = readPage(ctx, url)
		}
	}()
	used, err := p.Share(ctx, span+scrapeEvery/2)
	cancel()
	<-scraping
	return used, err
}

// config is a file with so many groups, each as short as can be.
func (b *bench) config(directory, listen, cloudPort string, count int, mode string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "state: %s/state\nsocket: %s/socket\nlisten: %s\nprometheus: {url: %q}\n", directory, directory, listen, b.load.url)
	fmt.Fprintf(&text, "providers:\n  gio: {type: gp, endpoint: \"http://127.0.0.1:%s/json\", gp_service_code: gp00000001, "+
		"access_key: env:BENCH_ACCESS, secret_key: env:BENCH_SECRET}\n", cloudPort)
	if mode == modeQuery {
		fmt.Fprint(&text, "queries:\n  load: {promql: load, group_label: group}\n")
	}
	fmt.Fprint(&text, "groups:\n")
	for i := range count {
		fmt.Fprintf(&text, "  %s: {provider: gio, min: 1, max: 99, interval: %s, template: {source: gc00000001, type: V40}, "+
			"signals: {load: %s}, policies: [{target: {signal: load, per_instance: %g}}]}\n", groupName(i), interval, source(groupName(i), mode), loadEach)
	}
	return text.String()
}

func source(group, mode string) string {
	each := fmt.Sprintf(`promql: 'load{group="%s"}'`, group)
	switch mode {
	case modePromQL:
		return "{" + each + "}"
	case modeRange:
		return "{" + each + ", range: {span: 1m, step: 1s}}"
	}
	return "{query: load}"
}
