package prom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/autoscaled/autoscaled/internal/config"
)

// Pages fetches pages. It keeps connections between fetches and may be used by
// many goroutines at once.
type Pages struct {
	// parsing holds a token for each page being parsed, which gains nothing from
	// more at once than processors. Pages that still arrive need none.
	parsing chan struct{}

	mu       sync.Mutex
	fetchers map[fetcherKey]*Fetcher
}

// Fetcher fetches pages that are reached in the same way.
type Fetcher struct {
	client  *client
	parsing chan struct{}
	tell    func(Sight) // see Traced; may be nil
}

// fetcherKey is what an access says, in a form that can be compared.
type fetcherKey struct {
	username, password, bearerToken string
	secure                          bool
	ca, cert, key, serverName       string
	insecureSkipVerify              bool
}

func keyOf(access config.Access) fetcherKey {
	key := fetcherKey{username: access.Username, password: access.Password.Reveal(), bearerToken: access.BearerToken.Reveal()}
	if c := access.TLS; c != nil {
		key.secure, key.insecureSkipVerify, key.serverName = true, c.InsecureSkipVerify, c.ServerName
		key.ca, key.cert, key.key = c.CA.Reveal(), c.Cert.Reveal(), c.Key.Reveal()
	}
	return key
}

// NewPages is ready to fetch. Close it after use.
func NewPages() *Pages {
	return &Pages{parsing: make(chan struct{}, runtime.GOMAXPROCS(0)), fetchers: map[fetcherKey]*Fetcher{}}
}

// Via is the fetcher for pages that are reached by access, the same one for the
// same access. It refuses what cannot be used, such as a key of another certificate.
func (p *Pages) Via(access config.Access) (*Fetcher, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := keyOf(access)
	if fetcher, ok := p.fetchers[key]; ok {
		return fetcher, nil
	}
	client, err := newClient(access, maxPage)
	if err != nil {
		return nil, err
	}
	p.fetchers[key] = &Fetcher{client: client, parsing: p.parsing}
	return p.fetchers[key], nil
}

// Close closes idle connections.
func (p *Pages) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, fetcher := range p.fetchers {
		fetcher.client.http.CloseIdleConnections()
	}
}

// page is what was wanted of one page.
type page struct {
	at     time.Time               // when it was received
	series map[string]model.Vector // by the name of the metric
}

// fetch gets the wanted metrics of the page at url. Any error means that nothing
// of the page is used.
func (f *Fetcher) fetch(ctx context.Context, url string, wanted wanted) (*page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, errors.New("read a page: its url cannot be parsed: correct it") // err would show a password in it
	}
	page, err := f.read(request, wanted)
	if err != nil {
		return nil, fmt.Errorf("read page %s: %w", request.URL.Redacted(), err)
	}
	return page, nil
}

func (f *Fetcher) read(request *http.Request, wanted wanted) (page *page, err error) {
	request.Header.Set("Accept", acceptedFormats)
	response, err := f.client.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s; does something serve HTTP there, within the timeout?", f.client.conceal.Replace(withoutURL(err).Error()))
	}
	defer func() { _ = response.Body.Close() }()
	onlooker := f.onlooker(response)
	defer func() { onlooker.done(f, wanted, page) }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s, wanted 200: check port, path and credentials (redirects are not followed)", f.client.abridge(response.Status))
	}
	format, err := formatOf(response.Header.Get("Content-Type"))
	if err != nil {
		return nil, errors.New(f.client.conceal.Replace(err.Error()))
	}
	page, err = f.parse(request.Context(), response.Body, sieve{wanted: wanted, format: format, onlooker: onlooker})
	if cause := context.Cause(request.Context()); err != nil && cause != nil {
		return nil, fmt.Errorf("it did not end in time: %w", cause)
	}
	return page, err
}

func (f *Fetcher) parse(ctx context.Context, body io.Reader, s sieve) (*page, error) {
	if err := s.read(body); err != nil {
		return nil, fmt.Errorf("%s; is it a page of metrics?", f.client.conceal.Replace(err.Error()))
	}
	at := time.Now()
	select {
	case f.parsing <- struct{}{}:
		defer func() { <-f.parsing }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	page, err := parseKept(s.kept.Bytes(), at)
	if err != nil {
		return nil, fmt.Errorf("of the samples wanted: %s", f.client.abridge(err.Error()))
	}
	return page, nil
}

// undated marks samples that came without a time of their own.
const undated = model.Earliest

// parseKept parses what a sieve kept. There are no types in it, so that the parts
// of histograms and summaries are series like any other. A panic of the parser is
// an error like any other.
func parseKept(kept []byte, at time.Time) (parsed *page, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			parsed, err = nil, fmt.Errorf("parser: %v", cause)
		}
	}()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(kept))
	if err != nil {
		return nil, err
	}
	parsed = &page{at, make(map[string]model.Vector, len(families))}
	for name, family := range families {
		samples, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{Timestamp: undated}, family)
		if err != nil {
			return nil, err
		}
		for _, sample := range samples {
			tidy(sample.Metric)
		}
		parsed.series[name] = samples
	}
	return parsed, nil
}

// tidy leaves one way to write a label: one without a value is none, and bounds of
// histograms and summaries, which are 1 in one format and 1.0 in the other, are numbers.
func tidy(metric model.Metric) {
	for name, value := range metric {
		if value == "" {
			delete(metric, name)
		} else {
			metric[name] = model.LabelValue(tidyValue(string(name), string(value)))
		}
	}
}

func tidyValue(label, value string) string {
	if label != model.BucketLabel && label != model.QuantileLabel {
		return value
	}
	bound, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return value
	}
	return strconv.FormatFloat(bound, 'g', -1, 64)
}

// find returns all series of the metric with these labels, and perhaps others.
func (p *page) find(metric string, labels map[string]string) model.Vector {
	var found model.Vector
	for _, sample := range p.series[metric] {
		if carries(sample.Metric, labels) {
			found = append(found, sample)
		}
	}
	return found
}

func carries(metric model.Metric, labels map[string]string) bool {
	for name, value := range labels {
		if string(metric[model.LabelName(name)]) != tidyValue(name, value) {
			return false
		}
	}
	return true
}
