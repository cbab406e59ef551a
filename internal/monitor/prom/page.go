package prom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Pages fetches pages. It keeps connections between fetches and may be used by
// many goroutines at once.
type Pages struct {
	client *http.Client
	// parsing holds a token for each page being parsed. Parsing takes several
	// times the page's size, and gains nothing from more at once than processors.
	parsing chan struct{}
}

// NewPages is ready to fetch. Close it after use.
func NewPages() *Pages {
	return &Pages{client: newHTTPClient(nil), parsing: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// Close closes idle connections.
func (p *Pages) Close() { p.client.CloseIdleConnections() }

// Page is one page as it was read.
type Page struct {
	at       time.Time // when it was received
	families map[string]*dto.MetricFamily
}

// Fetch gets the page at url in the text format 0.0.4. Any error means that
// nothing of the page is used.
func (p *Pages) Fetch(ctx context.Context, url string) (*Page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, errors.New("read a page: its url cannot be parsed: correct it") // err would show a password in it
	}
	page, err := p.fetch(request)
	if err != nil {
		return nil, fmt.Errorf("read page %s: %w", request.URL.Redacted(), err)
	}
	return page, nil
}

func (p *Pages) fetch(request *http.Request) (*Page, error) {
	body, err := p.get(request)
	if err != nil {
		return nil, err
	}
	at := time.Now()
	select {
	case p.parsing <- struct{}{}:
		defer func() { <-p.parsing }()
	case <-request.Context().Done():
		return nil, context.Cause(request.Context())
	}
	page, err := parsePage(body, at)
	if err != nil {
		return nil, fmt.Errorf("%s; is it in the Prometheus text format?", abridge(err.Error()))
	}
	return page, nil
}

func (p *Pages) get(request *http.Request) ([]byte, error) {
	request.Header.Set("Accept", "text/plain;version=0.0.4;q=1,text/plain;q=0.5")
	response, err := p.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w; does something serve HTTP there, within the timeout?", withoutURL(err))
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s, wanted 200: check port and path (redirects are not followed)", abridge(response.Status))
	}
	return io.ReadAll(response.Body)
}

// The parser takes some 300 bytes of memory for a line however short, and time
// for the square of the labels in a line; it cannot be interrupted. So that one
// page can neither fill the memory nor hold up its group, larger ones are refused.
const (
	maxLines        = 100_000
	maxLabelsInLine = 64 // counted by their =
)

func checkSize(body []byte) error {
	lines := 0
	for line := range bytes.Lines(body) {
		if lines++; lines > maxLines {
			return fmt.Errorf("the page has more than %d lines", maxLines)
		}
		if bytes.Count(line, []byte("=")) > maxLabelsInLine {
			return fmt.Errorf("line %d has more than %d labels", lines, maxLabelsInLine)
		}
	}
	return nil
}

// parsePage parses foreign bytes. A panic of the parser is an error like any other.
func parsePage(body []byte, at time.Time) (page *Page, err error) {
	if err := checkSize(body); err != nil {
		return nil, err
	}
	defer func() {
		if cause := recover(); cause != nil {
			page, err = nil, fmt.Errorf("parser: %v", cause)
		}
	}()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return &Page{at, families}, nil
}

// undated marks samples that came without a time of their own.
const undated = model.Earliest

// series are all series of the page with the name and the labels. Histograms
// and summaries are found by the names of their parts, such as x_count.
func (p *Page) series(metric string, labels map[string]string) (model.Vector, error) {
	var found model.Vector
	for name, family := range p.families {
		if !strings.HasPrefix(metric, name) {
			continue
		}
		all, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{Timestamp: undated}, family)
		if err != nil {
			return nil, err
		}
		for _, sample := range all {
			if string(sample.Metric[model.MetricNameLabel]) == metric && carries(sample.Metric, labels) {
				found = append(found, sample)
			}
		}
	}
	return found, nil
}

func carries(metric model.Metric, labels map[string]string) bool {
	for name, value := range labels {
		if string(metric[model.LabelName(name)]) != value {
			return false
		}
	}
	return true
}
