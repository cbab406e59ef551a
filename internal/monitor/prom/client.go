// Package prom reads quantities from pages in the Prometheus exposition format
// and from a Prometheus server by PromQL.
//
// Pages fetches pages, as plain text or as OpenMetrics, and keeps of them the
// series asked for; a Target keeps what a list of selectors needs of the page
// before, and turns counters into rates. A Server evaluates expressions at one
// instant or over a range, and shares one answer between all groups that ask the
// same within a moment.
//
// It promises that no empty, partial, ambiguous or non-finite answer becomes a
// number: each is a reading without a value that says what to do. Of an answer it
// reads no more than 4 MiB, and of a page no more than 16 MiB, counted after
// decompression. It follows no redirect, asks nobody at a link-local address, shows no credentials in a message, and
// honours the deadline of the caller's context. Monitor calls this package; it
// calls reading, policy, config and dial.
package prom

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/dial"
)

const (
	maxAnswer = 4 << 20 // bytes; 1000 points of 100 series
	maxPage   = 16 << 20
	maxHeader = 64 << 10
)

// client asks servers over HTTP in one way: with bounded answers, and with
// credentials that it keeps out of messages.
type client struct {
	http    *http.Client
	conceal *strings.Replacer
}

// newClient refuses an access that cannot be used. Proxies of the environment are
// not used: what it reads is private.
func newClient(access config.Access, maxBodyBytes int) (*client, error) {
	settings, err := tlsConfig(access.TLS)
	if err != nil {
		return nil, err
	}
	dialer := dial.Dialer()
	dialer.KeepAlive = 30 * time.Second
	transport := &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        settings,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConnsPerHost:    2,
		MaxResponseHeaderBytes: maxHeader,
		IdleConnTimeout:        90 * time.Second,
	}
	return &client{
		http: &http.Client{
			Transport:     bounded{transport, access, maxBodyBytes},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		conceal: concealing(access),
	}, nil
}

func tlsConfig(c *config.TLS) (*tls.Config, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if c == nil {
		return settings, nil
	}
	settings.ServerName, settings.InsecureSkipVerify = c.ServerName, c.InsecureSkipVerify
	if !c.CA.Empty() {
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM([]byte(c.CA.Reveal())) {
			return nil, errors.New("tls: ca holds no certificate: put the authority's there, in PEM")
		}
	}
	if !c.Cert.Empty() || !c.Key.Empty() {
		pair, err := tls.X509KeyPair([]byte(c.Cert.Reveal()), []byte(c.Key.Reveal()))
		if err != nil {
			return nil, fmt.Errorf("tls: cert and key make no pair: %w; put both there, in PEM", err)
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	return settings, nil
}

// concealing replaces credentials in all the forms in which a server could echo them.
func concealing(access config.Access) *strings.Replacer {
	var pairs []string
	for _, form := range []string{
		access.BearerToken.Reveal(),
		basic(access),
		access.Password.Reveal(),
	} {
		if form != "" {
			pairs = append(pairs, form, "<secret>")
		}
	}
	return strings.NewReplacer(pairs...)
}

// basic is the credentials of basic authentication (RFC 7617 §2).
func basic(access config.Access) string {
	if access.Username == "" {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(access.Username + ":" + access.Password.Reveal()))
}

// abridge keeps foreign text short, on one line and without our credentials.
func (c *client) abridge(text string) string { return fmt.Sprintf("%.200q", c.conceal.Replace(text)) }

// withoutURL is what went wrong in a request, without its URL, which the caller
// names anyway.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// bounded identifies us in each request, and gives each answer a body that ends
// with an error at maxBodyBytes. The transport below it asks for gzip and
// decompresses, so the bound is on what comes out.
type bounded struct {
	*http.Transport
	access       config.Access
	maxBodyBytes int
}

func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	if credentials := basic(b.access); credentials != "" {
		request.Header.Set("Authorization", "Basic "+credentials)
	}
	if !b.access.BearerToken.Empty() {
		request.Header.Set("Authorization", "Bearer "+b.access.BearerToken.Reveal())
	}
	response, err := b.Transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		_ = response.Body.Close()
		return nil, errors.New("the answer is compressed, but not by gzip: switch that off there")
	}
	response.Body = &boundedBody{response.Body, b.maxBodyBytes, b.maxBodyBytes}
	return response, nil
}

type boundedBody struct {
	io.ReadCloser
	left, most int
}

func (b *boundedBody) Read(into []byte) (int, error) {
	if len(into) > b.left+1 {
		into = into[:b.left+1]
	}
	n, err := b.ReadCloser.Read(into)
	if n > b.left {
		return b.left, fmt.Errorf("the answer is longer than %d MiB: ask for less", b.most>>20)
	}
	b.left -= n
	return n, err
}
