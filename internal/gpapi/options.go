package gpapi

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// DefaultEndpoint is the vendor's. A staging host or a simulator has another.
const DefaultEndpoint = "https://gp.api.iij.jp/json"

// The paths of an endpoint. They pick the format of answers; requests are the same.
const (
	pathJSON = "/json"
	pathXML  = "/xml"
)

// Options says which account is spoken for, and how.
type Options struct {
	// Endpoint ends in /json or /xml, which picks the format of answers. It is https,
	// or http to a loopback host. Empty: DefaultEndpoint.
	Endpoint  string
	AccessKey secret.Secret // required
	SecretKey secret.Secret // required

	Method          string // POST, or GET, which shows signatures to whoever logs URLs; empty: POST
	SignatureMethod string // HmacSHA256 or HmacSHA1; empty: HmacSHA256

	CallsPerSecond float64       // the account's budget, 0 < … ≤ 50; bursts of about twice as many are allowed
	CallTimeout    time.Duration // of one attempt, > 0; the vendor's own limit is 180 s, so give it more

	Transport http.RoundTripper // nil: an HTTP/1.1 transport of its own, with the proxy of the environment
	Now       func() time.Time  // wall time, from which a signature's end is counted; nil: time.Now
	Jitter    func() float64    // spreads retries: 0 ≤ … < 1, safe for concurrent use; nil: math/rand/v2

	// Observe is told of every attempt, with the time from sending to the end of
	// the answer; ClassNone is a success. Nil: nobody is told.
	Observe func(action string, class cloud.Class, duration time.Duration)

	// Skew is told how far this machine's clock is ahead of the server's (behind:
	// negative), by the dates of answers: when it is a minute or more and changed by
	// half a minute since the last time, and 0 once it is less. It is called by one
	// at a time and must not call the client. Nil: nobody is told.
	Skew func(ahead time.Duration)

	// Debug is told what each attempt sends and gets, without secrets; it may be
	// called by several at once. Nil: nobody is told.
	Debug func(text string)
}

func (o Options) withDefaults() Options {
	if o.Endpoint == "" {
		o.Endpoint = DefaultEndpoint
	}
	if o.Method == "" {
		o.Method = http.MethodPost
	}
	if o.SignatureMethod == "" {
		o.SignatureMethod = HmacSHA256
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Observe == nil {
		o.Observe = func(string, cloud.Class, time.Duration) {}
	}
	if o.Skew == nil {
		o.Skew = func(time.Duration) {}
	}
	return o
}

func (o Options) validate() error {
	var problems []error
	if err := validateEndpoint(o.Endpoint); err != nil {
		problems = append(problems, err)
	}
	if o.AccessKey.Empty() {
		problems = append(problems, errors.New("access key is empty: give access_key of the provider"))
	}
	if o.SecretKey.Empty() {
		problems = append(problems, errors.New("secret key is empty: give secret_key of the provider"))
	}
	if o.Method != http.MethodPost && o.Method != http.MethodGet {
		problems = append(problems, fmt.Errorf("method is %q: use POST or GET", o.Method))
	}
	if signatureMethods[o.SignatureMethod] == nil {
		problems = append(problems, fmt.Errorf("signature method is %q: use %s or %s", o.SignatureMethod, HmacSHA256, HmacSHA1))
	}
	if !(o.CallsPerSecond > 0 && o.CallsPerSecond <= 50) {
		problems = append(problems, fmt.Errorf("calls per second are %v: give more than 0 and at most 50", o.CallsPerSecond))
	}
	if o.CallTimeout <= 0 {
		problems = append(problems, fmt.Errorf("call timeout is %v: give more than 0", o.CallTimeout))
	}
	return errors.Join(problems...)
}

// validateEndpoint demands https because a signed request that is overheard can
// be sent again until it expires: an order would be bought twice.
func validateEndpoint(text string) error {
	endpoint, err := url.Parse(text)
	switch {
	case err != nil || endpoint.Host == "" || endpoint.User != nil || endpoint.RawQuery != "" || endpoint.Fragment != "":
		return errors.New("endpoint is not a plain URL: write it like " + DefaultEndpoint)
	case endpoint.Path != pathJSON && endpoint.Path != pathXML:
		return fmt.Errorf("endpoint has the path %q: it must be %s or %s", endpoint.Path, pathJSON, pathXML)
	case endpoint.Scheme == "https", endpoint.Scheme == "http" && isLoopback(endpoint.Hostname()):
		return nil
	default:
		return fmt.Errorf("endpoint begins with %s: use https (http only to a loopback address)", endpoint.Scheme)
	}
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// newTransport speaks HTTP/1.1 alone, because its rule for resending is simple:
// a POST goes out again only if not a single byte of it was written before.
func newTransport() *http.Transport {
	var http1 http.Protocols
	http1.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		Protocols:              &http1,
		TLSHandshakeTimeout:    30 * time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConnsPerHost:    8, // callers at once that keep theirs
		MaxResponseHeaderBytes: 64 << 10,
	}
}
