// Package prom reads quantities from pages in the Prometheus exposition format
// and from a Prometheus server by PromQL.
//
// Pages fetches pages, as plain text or as OpenMetrics, and keeps of them the
// series asked for; a Target keeps what a list of selectors needs of the page
// before, and turns counters into rates. A Server evaluates expressions at one
// instant or over a range, and shares one answer between all groups that ask the
// same within a moment.
//
// Every line of a page is checked, and what a series is called is for Prometheus' own
// parser to say; it is asked only when a page has other series than the one before.
//
// It promises that no empty, partial, ambiguous or non-finite answer becomes a
// number: each is a reading without a value that says what to do. Of an answer it
// reads no more than 4 MiB, and of a page no more than 16 MiB, counted after
// decompression, which it does not ask for. It follows no redirect, asks nobody at a
// link-local address, shows no credentials in a message, and honours the deadline of
// the caller's context. Monitor calls this package; it calls reading, policy, config
// and dial.
package prom

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
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
	conceal concealer
}

// newClient refuses an access that cannot be used. Proxies of the environment are
// not used: what it reads is private.
func newClient(access config.Access, maxBodyBytes int) (*client, error) {
	settings, err := tlsConfig(access.TLS)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		DialContext:            dialer().DialContext,
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

func dialer() *net.Dialer {
	d := dial.Dialer()
	d.KeepAlive = 30 * time.Second
	return d
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

// concealer takes credentials out of foreign text.
type concealer struct{ *strings.Replacer }

// abridge keeps foreign text short, on one line and without our credentials.
func (c concealer) abridge(text string) string { return fmt.Sprintf("%.200q", c.Replace(text)) }

// concealing replaces credentials in all the forms in which a server could echo them.
func concealing(access config.Access) concealer {
	var pairs []string
	forms := []string{access.BearerToken.Reveal(), access.Password.Reveal()}
	if access.Username != "" {
		forms = slices.Insert(forms, 1, basic(access.Username, access.Password.Reveal()))
	}
	for _, form := range forms {
		if form != "" {
			pairs = append(pairs, form, "<secret>")
		}
	}
	return concealer{strings.NewReplacer(pairs...)}
}

// basic is the credentials of basic authentication (RFC 7617 §2).
func basic(username, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
}

// withoutURL is what went wrong in a request, without its URL, which the caller
// names anyway.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// authorize puts our credentials into the header of a request.
func authorize(header http.Header, access config.Access) {
	if access.Username != "" {
		header.Set("Authorization", "Basic "+basic(access.Username, access.Password.Reveal()))
	}
	if !access.BearerToken.Empty() {
		header.Set("Authorization", "Bearer "+access.BearerToken.Reveal())
	}
}

// bounded identifies us in each request, and gives each answer a body that ends
// with an error at maxBodyBytes.
type bounded struct {
	*http.Transport
	access       config.Access
	maxBodyBytes int
}

func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	authorize(request.Header, b.access)
	request.Header.Set("Accept-Encoding", acceptedEncoding)
	response, err := b.Transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := bodyOf(response, b.maxBodyBytes)
	if err != nil {
		_ = response.Body.Close()
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{body, response.Body}
	return response, nil
}
