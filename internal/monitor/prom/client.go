// Package prom reads quantities from pages in the Prometheus exposition format
// and from a Prometheus server by PromQL.
//
// Pages fetches and parses pages; a Target keeps what a list of selectors needs
// of the page before, and turns counters into rates. A Server evaluates
// expressions, and shares one answer between all groups that ask the same
// within a moment.
//
// It promises that no empty, partial, ambiguous or non-finite answer becomes a
// number: each is a reading without a value that says what to do. It reads no
// more than 4 MiB of an answer, follows no redirect, asks for no compression,
// and honours the deadline of the caller's context. Monitor calls this package;
// it calls reading, policy and config.
package prom

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	maxBody   = 4 << 20 // bytes; a page of 70,000 series
	maxHeader = 64 << 10
)

// newHTTPClient is a client whose answers are bounded. Proxies of the
// environment are not used: what it reads is private.
func newHTTPClient(decorate func(*http.Request)) *http.Client {
	transport := &http.Transport{
		DialContext:            (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    2,
		MaxResponseHeaderBytes: maxHeader,
		IdleConnTimeout:        90 * time.Second,
	}
	return &http.Client{
		Transport:     bounded{transport, decorate},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// withoutURL is what went wrong in a request, without its URL, which the caller
// names anyway.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// abridge keeps foreign text short and on one line.
func abridge(text string) string { return fmt.Sprintf("%.200q", text) }

// bounded gives each answer a body that ends with an error at maxBody.
type bounded struct {
	*http.Transport
	decorate func(*http.Request)
}

func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	if b.decorate != nil {
		request = request.Clone(request.Context())
		b.decorate(request)
	}
	response, err := b.Transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = &boundedBody{response.Body, maxBody}
	return response, nil
}

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(into []byte) (int, error) {
	if len(into) > b.left+1 {
		into = into[:b.left+1]
	}
	n, err := b.ReadCloser.Read(into)
	if n > b.left {
		return b.left, fmt.Errorf("the answer is longer than %d MiB: ask for less", maxBody>>20)
	}
	b.left -= n
	return n, err
}
