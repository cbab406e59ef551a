package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/test/bench/process"
)

// The groups that ask Prometheus, and how many hosts each has there.
const (
	askingGroups = 200
	hostsEach    = 10
	seriesEach   = 33 // of each host, of which one is asked for
)

// roundsApart is how far apart the rounds are: so long that Prometheus rests between them, as it
// would, and that no answer is that of the round before.
const roundsApart = 250 * time.Millisecond

// scrapeEvery is also how long Prometheus is measured: one scrape is in it, with questions and without.
const scrapeEvery = 10 * time.Second

// gaugePage has a gauge of every host, and others beside it.
func gaugePage() string {
	var text strings.Builder
	for k := range seriesEach {
		name := "load"
		if k > 0 {
			name = fmt.Sprintf("other_%d", k)
		}
		fmt.Fprintf(&text, "# TYPE %s gauge\n", name)
		for i := range askingGroups * hostsEach {
			fmt.Fprintf(&text, "%s{group=\"%s\",host=\"h%05d\"} %d\n", name, groupName(i/hostsEach), i, 50+(i+k)%10)
		}
	}
	return text.String()
}

// startPrometheus starts it as it is by itself, and returns once it has scraped the page.
func startPrometheus(ctx context.Context, binary, directory string, pagePort uint16) (p *process.Process, url string, err error) {
	ports, err := process.FreePorts(1)
	if err != nil {
		return nil, "", err
	}
	file := fmt.Sprintf("global: {scrape_interval: %s}\nscrape_configs: [{job_name: hosts, static_configs: [{targets: ['127.0.0.1:%d']}]}]\n", scrapeEvery, pagePort)
	if err := process.WriteFiles(directory, map[string]string{"prometheus.yml": file}); err != nil {
		return nil, "", err
	}
	url = "http://127.0.0.1:" + ports[0]
	p, err = process.Start(ctx, "prometheus", directory, nil, binary, "--config.file=prometheus.yml",
		"--storage.tsdb.path="+filepath.Join(directory, "data"), "--web.listen-address=127.0.0.1:"+ports[0], "--log.level=error")
	if err != nil {
		return nil, "", err
	}
	scraped := func() bool {
		samples, err := readSamples(ctx, url+"/metrics", "prometheus_tsdb_head_series")
		return err == nil && samples["prometheus_tsdb_head_series"].sum > askingGroups*hostsEach*seriesEach
	}
	if err := p.Until(ctx, time.Minute, scraped); err != nil {
		p.Stop()
		return nil, "", err
	}
	return p, url, nil
}

// asking are the monitors of groups, of which each has a signal in PromQL.
type asking struct {
	server   *prom.Server
	monitors []*monitor.Monitor
}

// newAsking makes monitors that share one question, or have one each.
func newAsking(url string, together bool) (*asking, error) {
	text := fmt.Sprintf("prometheus: {url: %q}\n", url) + fmt.Sprintf(provider, "1")
	signal := func(i int) string { return fmt.Sprintf(`load: {promql: 'avg(load{group="%s"})'}`, groupName(i)) }
	if together {
		text += "queries:\n  load: {promql: avg by (group) (load), group_label: group}\n"
		signal = func(int) string { return "load: {query: load}" }
	}
	text += "groups:\n"
	for i := range askingGroups {
		text += groupText(i, signal(i), "{target: {signal: load, per_instance: 50}}")
	}
	c, err := parseConfig(text)
	if err != nil {
		return nil, err
	}
	a := &asking{}
	if a.server, err = prom.NewServer(*c.Prometheus); err != nil {
		return nil, err
	}
	for _, group := range c.Groups {
		if err := a.add(c, group); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *asking) add(c *config.Config, group config.Group) error {
	group.Interval = roundsApart
	watch, err := monitor.New(monitor.Options{Group: group, Queries: c.Queries, Prometheus: a.server})
	a.monitors = append(a.monitors, watch)
	return err
}

// rounds lets all groups read, round after round, for so long.
func (a *asking) rounds(ctx context.Context, span time.Duration) (c cost, err error) {
	began := time.Now()
	for now := began; now.Sub(began) < span; {
		for _, watch := range a.monitors {
			if watch.Read(ctx, now, nil, nil)[0].Group.Why() != policy.Present {
				c.Lacking++
			}
		}
		c.Polls++
		if err := pause(ctx, roundsApart-time.Since(now)); err != nil {
			return c, err
		}
		now = time.Now()
	}
	c.Span = time.Since(began)
	return c, nil
}

// prometheusCost is what a round of all groups costs Prometheus itself, and how many queries
// it is: what it does when nobody asks is taken off.
func prometheusCost(ctx context.Context, p *process.Process, url string, together bool, warm time.Duration) (c cost, queries float64, err error) {
	a, err := newAsking(url, together)
	if err != nil {
		return c, 0, err
	}
	defer a.server.Close()
	if _, err := a.rounds(ctx, warm); err != nil {
		return c, 0, err
	}
	idle, err := p.Share(ctx, scrapeEvery)
	if err != nil {
		return c, 0, err
	}
	asked, err := queriesAt(ctx, url)
	if err != nil {
		return c, 0, err
	}
	used, err := p.ProcessorTime()
	if err != nil {
		return c, 0, err
	}
	if c, err = a.rounds(ctx, scrapeEvery); err != nil {
		return c, 0, err
	}
	after, err := p.ProcessorTime()
	if err != nil {
		return c, 0, err
	}
	c.Processor = max(0, after-used-time.Duration(idle*float64(scrapeEvery)))
	askedAfter, err := queriesAt(ctx, url)
	return c, (askedAfter - asked) / float64(c.Polls), err
}

// queriesAt is how many Prometheus has answered.
func queriesAt(ctx context.Context, url string) (float64, error) {
	samples, err := readSamples(ctx, url+"/metrics", `prometheus_http_requests_total{code="200",handler="/api/v1/query"}`)
	for _, s := range samples {
		return s.sum, err
	}
	return 0, err
}
