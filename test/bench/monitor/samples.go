package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/autoscaled/autoscaled/test/bench/process"
)

// tally is how many series of a page begin alike, and their sum.
type tally struct {
	count int
	sum   float64
}

// readSamples adds up the series of a page of metrics that begin with each of the texts.
func readSamples(ctx context.Context, url string, begins ...string) (map[string]tally, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := process.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	found := map[string]tally{}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		line := lines.Text()
		for _, begin := range begins {
			if !strings.HasPrefix(line, begin) {
				continue
			}
			value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %q: %w", url, line, err)
			}
			t := found[begin]
			found[begin] = tally{t.count + 1, t.sum + value}
		}
	}
	return found, lines.Err()
}

// download returns a page as it is.
func download(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Encoding", "identity")
	response, err := process.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}
