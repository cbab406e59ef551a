package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/autoscaled/autoscaled/test/bench/process"
)

// exporter is snmp_exporter, as Prometheus would use it to poll the same agents for the same objects.
type exporter struct {
	process *process.Process
	url     string
}

// startExporter starts it on the processor of those that are measured.
func startExporter(ctx context.Context, binary, directory string) (*exporter, error) {
	ports, err := process.FreePorts(1)
	if err != nil {
		return nil, err
	}
	if err := process.WriteFiles(directory, map[string]string{"snmp.yml": exporterModule()}); err != nil {
		return nil, err
	}
	e := &exporter{url: "http://127.0.0.1:" + ports[0]}
	err = startOn(measuredCore, func() (err error) {
		e.process, err = process.Start(ctx, "snmp_exporter", directory, []string{"GOMAXPROCS=1"}, binary,
			"--config.file="+filepath.Join(directory, "snmp.yml"), "--web.listen-address=127.0.0.1:"+ports[0], "--log.level=error")
		return err
	})
	if err != nil {
		return nil, err
	}
	return e, e.process.Until(ctx, time.Minute, func() bool { return process.Answers(e.url + "/") })
}

// exporterModule asks for the sixteen objects in one PDU.
func exporterModule() string {
	var text strings.Builder
	fmt.Fprintf(&text, "auths:\n  bench: {version: 2, community: %s}\nmodules:\n  bench:\n    get:\n", community)
	for _, oid := range oids() {
		fmt.Fprintf(&text, "    - %s\n", strings.TrimPrefix(oid, "."))
	}
	fmt.Fprint(&text, "    metrics:\n")
	for i, oid := range oids() {
		kind := "gauge"
		if objects[i].tag == tagCounter32 {
			kind = "counter"
		}
		fmt.Fprintf(&text, "    - {name: object%d, oid: %s, type: %s, help: object}\n", i, strings.TrimPrefix(strings.TrimSuffix(oid, ".0"), "."), kind)
	}
	return text.String()
}

// cost is what its scrapes take, over connections that are kept.
func (e *exporter) cost(ctx context.Context, j job) (c cost, err error) {
	scraping, cancel := context.WithCancel(ctx)
	var polls, lacking atomic.Uint64
	var routines sync.WaitGroup
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: j.AtOnce}
	fetcher := &http.Client{Transport: transport, Timeout: time.Minute}
	defer transport.CloseIdleConnections()
	defer routines.Wait()
	defer cancel()
	for first := range j.AtOnce {
		routines.Go(func() {
			for i := first; scraping.Err() == nil; i += j.AtOnce {
				if err := e.scrape(scraping, fetcher, i%j.Agents, j.Port); err != nil {
					lacking.Add(1)
				}
				polls.Add(1)
			}
		})
	}
	if err := e.process.Pause(ctx, j.Warm); err != nil {
		return c, err
	}
	before, missed := polls.Load(), lacking.Load()
	used, err := e.process.ProcessorTime()
	if err != nil {
		return c, err
	}
	began := time.Now()
	if err := e.process.Pause(ctx, j.Span); err != nil {
		return c, err
	}
	c.Polls, c.Lacking, c.Span = polls.Load()-before, lacking.Load()-missed, time.Since(began)
	after, err := e.process.ProcessorTime()
	c.Processor = after - used
	return c, err
}

func (e *exporter) scrape(ctx context.Context, fetcher *http.Client, agent int, port uint16) error {
	url := fmt.Sprintf("%s/snmp?target=%s:%d&auth=bench&module=bench", e.url, addressOf(agent), port)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := fetcher.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if last := fmt.Sprintf("\nobject%d ", len(objects)-1); err == nil && !bytes.Contains(page, []byte(last)) {
		return fmt.Errorf("%s lacks the last object: %.300s", url, page)
	}
	return err
}
