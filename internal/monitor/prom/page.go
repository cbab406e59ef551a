package prom

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/common/model"

	"github.com/autoscaled/autoscaled/internal/config"
)

// Pages fetches pages. It keeps connections between fetches and may be used by
// many goroutines at once.
type Pages struct {
	// parsing holds a token for each list of series being parsed, which gains nothing
	// from more at once than processors. Pages that still arrive need none.
	parsing chan struct{}

	mu       sync.Mutex
	fetchers map[fetcherKey]*Fetcher
}

// Fetcher fetches pages that are reached in the same way.
type Fetcher struct {
	access      config.Access
	conceal     concealer
	connections *connections
	parsing     chan struct{}
	tell        func(Sight) // see Traced; may be nil
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
	settings, err := tlsConfig(access.TLS)
	if err != nil {
		return nil, err
	}
	p.fetchers[key] = &Fetcher{
		access:      access,
		conceal:     concealing(access),
		connections: &connections{dialContext: dialer().DialContext, tls: settings, idle: map[origin][]*connection{}},
		parsing:     p.parsing,
	}
	return p.fetchers[key], nil
}

// Close closes idle connections, and has none kept from now on.
func (p *Pages) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, fetcher := range p.fetchers {
		fetcher.connections.close()
	}
}

// page is what was wanted of one page, in its order.
type page struct {
	at      time.Time // when it was received
	series  []byte    // names and labels as they are written, each with a newline behind it
	samples []sample  // one of each series
}

// sample is what a series has at one time.
type sample struct {
	value  float64
	timeMs int64 // or undated
}

// undated marks samples that came without a time of their own.
const undated = math.MinInt64

// keptPages are for what is kept of a page, for as long as it is looked at.
var keptPages = sync.Pool{New: func() any { return new(page) }}

func (p *page) reset() { p.series, p.samples = p.series[:0], p.samples[:0] }

// fetch gets the page and has use called with what the selectors name of it, which is
// valid until use returns. Any error means that nothing of the page is used.
func (f *Fetcher) fetch(ctx context.Context, r *request, selectors []Selector, use func(*page) error) error {
	used, response, err := f.connections.begin(ctx, r)
	if err != nil {
		return fmt.Errorf("read page %s: %.300s; does something serve HTTP there, within the timeout?", r.shown, f.conceal.Replace(err.Error()))
	}
	onlooker := f.onlooker(response)
	err = f.read(ctx, response, selectors, onlooker, use)
	f.connections.finish(r.to, used, response, err == nil)
	onlooker.done(f)
	if err != nil {
		return fmt.Errorf("read page %s: %w", r.shown, err)
	}
	return nil
}

func (f *Fetcher) read(ctx context.Context, response *http.Response, selectors []Selector, onlooker *onlooker, use func(*page) error) error {
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s, wanted 200: check port, path and credentials (redirects are not followed)", f.conceal.abridge(response.Status))
	}
	body, err := bodyOf(response, maxPage)
	if err != nil {
		return err
	}
	format, err := formatOf(response.Header.Get("Content-Type"))
	if err != nil {
		return errors.New(f.conceal.Replace(err.Error()))
	}
	kept := keptPages.Get().(*page)
	defer keptPages.Put(kept)
	kept.reset()
	s := newSieve(selectors, kept)
	s.format, s.onlooker = format, onlooker
	if err := s.read(body); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return fmt.Errorf("it did not end in time: %w", cause)
		}
		return fmt.Errorf("%s; is it a page of metrics?", f.conceal.Replace(err.Error()))
	}
	kept.at = time.Now()
	onlooker.believe(kept, f.conceal)
	return use(kept)
}

// describe tells what the series are; see the function of that name.
func (f *Fetcher) describe(ctx context.Context, series []byte) ([]model.Metric, error) {
	select {
	case f.parsing <- struct{}{}:
		defer func() { <-f.parsing }()
	case <-ctx.Done():
		return nil, fmt.Errorf("it did not end in time: %w", context.Cause(ctx))
	}
	metrics, err := describe(series)
	if err != nil {
		return nil, fmt.Errorf("of the samples wanted: %s", f.conceal.abridge(err.Error()))
	}
	return metrics, nil
}
