package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/test/bench/process"
)

// page is what a page of metrics says in the lines that are wanted here.
type page struct {
	at    time.Time
	bytes int
	lines []sample
}

type sample struct {
	name, labels string
	value        float64
}

// wanted begin the lines that are kept. The page of thousands of groups is large.
var wanted = []string{"autoscaled_decisions_total", "autoscaled_scheduler_lag_seconds_", "autoscaled_history_dropped_total", "go_goroutines"}

func readPage(ctx context.Context, url string) (page, error) {
	p := page{at: time.Now()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return p, err
	}
	request.Header.Set("Accept-Encoding", "identity")
	response, err := process.Client.Do(request)
	if err != nil {
		return p, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return p, fmt.Errorf("%s: %s", url, response.Status)
	}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		p.bytes += len(lines.Bytes()) + 1
		for _, begin := range wanted {
			if strings.HasPrefix(lines.Text(), begin) && strings.Contains(lines.Text(), " ") { // the last line of a page that is cut off may lack its value
				p.lines = append(p.lines, parseLine(lines.Text()))
			}
		}
	}
	return p, lines.Err()
}

func parseLine(line string) sample {
	place := strings.LastIndexByte(line, ' ')
	value, _ := strconv.ParseFloat(line[place+1:], 64) // the daemon's own tests hold the format
	name, labels, _ := strings.Cut(line[:place], "{")
	return sample{name, labels, value}
}

func (p page) sum(name string) float64 { return p.sumWith(name, "") }

// sumWith adds up what has the name and, among its labels, the text.
func (p page) sumWith(name, label string) float64 {
	sum := 0.0
	for _, s := range p.lines {
		if s.name == name && strings.Contains(s.labels, label) {
			sum += s.value
		}
	}
	return sum
}

// quantiles are the bounds, of a histogram's buckets, that half of what was observed
// since before lies within, and 99 of 100.
func (p page) quantiles(histogram string, before page) (q [2]string) {
	count := p.sum(histogram+"_count") - before.sum(histogram+"_count")
	for i, share := range []float64{0.5, 0.99} {
		q[i] = "+Inf"
		for _, s := range p.lines { // in the order of their bounds
			if s.name == histogram+"_bucket" && s.value-before.sumWith(s.name, s.labels) >= share*count {
				q[i] = strings.Trim(strings.TrimPrefix(s.labels, "le="), `"}`)
				break
			}
		}
	}
	return q
}
