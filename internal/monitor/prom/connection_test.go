package prom

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// counting is a server that counts the connections to it.
func counting(t *testing.T, handler http.HandlerFunc) (server *httptest.Server, connected *atomic.Int32) {
	t.Helper()
	connected = new(atomic.Int32)
	server = httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connected.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server, connected
}

var up = []Selector{{Metric: "up", Scale: 1}}

func TestAPageIsFetchedAgainOverTheSameConnection(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{"a short page": "up 1\n", "a page in chunks": "up 1\n" + strings.Repeat("other 1\n", 20_000)} {
		server, connected := counting(t, saying(page))
		target := NewTarget(fetcher(t, config.Access{}), server.URL, up)
		for range 3 {
			expect(t, target.Read(t.Context())[0], 1, policy.Present)
		}
		if n := connected.Load(); n != 1 {
			t.Errorf("%s: over %d connections, want one", name, n)
		}
	}
}

func TestAConnectionThatWasEndedIsReplaced(t *testing.T) {
	t.Parallel()
	server, connected := counting(t, saying("up 1\n"))
	target := NewTarget(fetcher(t, config.Access{}), server.URL, up)
	for range 3 {
		expect(t, target.Read(t.Context())[0], 1, policy.Present)
		server.CloseClientConnections()
	}
	if n := connected.Load(); n != 3 {
		t.Errorf("over %d connections, want three", n)
	}
}

func TestAConnectionIsNotKeptBehindWhatIsNoPage(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"nonsense":      saying("up 1\nnonsense\n"),
		"another label": saying("up{a=\"1\",a=\"2\"} 1\n"),
		"an error":      func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusServiceUnavailable) },
		"the last answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			_, _ = io.WriteString(w, "up 1\n")
		},
	} {
		server, connected := counting(t, handler)
		target := NewTarget(fetcher(t, config.Access{}), server.URL, up)
		target.Read(t.Context())
		target.Read(t.Context())
		if n := connected.Load(); n != 2 {
			t.Errorf("%s: over %d connections, want two", name, n)
		}
	}
}

// talkative answers each request on each connection with a page that says how many were
// asked, and with whatever comes behind.
func talkative(t *testing.T, behind string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	var served sync.WaitGroup
	serve := func(conn net.Conn) {
		defer conn.Close()
		for request := make([]byte, 4096); ; {
			if n, err := conn.Read(request); n == 0 || err != nil {
				return
			}
			page := fmt.Sprintf("up %d\n", asked.Add(1))
			_, _ = conn.Write(response(200, []byte(page)))
			_, _ = io.WriteString(conn, behind)
		}
	}
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			served.Go(func() { serve(conn) })
		}
	})
	t.Cleanup(served.Wait)
	t.Cleanup(func() { _ = listener.Close() })
	return "http://" + listener.Addr().String()
}

// What came unasked is never the answer to a later request. It may come at any time, so
// the test waits until it has.
func TestWhatComesUnaskedIsNoAnswer(t *testing.T) {
	t.Parallel()
	for name, behind := range map[string]string{
		"nothing":        "",
		"another page":   string(response(200, []byte("up 666\n"))),
		"a notice":       "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		"a byte":         "x",
		"part of a page": "HTTP/1.1 200 OK\r\nContent-Le",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := talkative(t, behind)
			f := fetcher(t, config.Access{})
			target := NewTarget(f, url, up)
			for asked := range 3 {
				expect(t, target.Read(t.Context())[0], float64(asked+1), policy.Present)
				for _, kept := range f.connections.idle[target.request.to] {
					for behind != "" && kept.silent() {
						// it is on its way
					}
				}
			}
			f.connections.close() // which ends the server's
		})
	}
}

func TestAnswersBeforeTheAnswerArePassedOver(t *testing.T) {
	t.Parallel()
	f := fetcher(t, config.Access{})
	f.connections.dialContext = overWire([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" + string(response(200, []byte("up 1\n")))))
	expect(t, NewTarget(f, "http://page.example/", up).Read(t.Context())[0], 1, policy.Present)
	f.connections.dialContext = overWire([]byte(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", maxHeader)))
	if got := NewTarget(f, "http://other.example/", up).Read(t.Context())[0]; got.Err == nil || !strings.Contains(got.Err.Error(), "longer than 64 KiB") {
		t.Errorf("of nothing else: got %v", got.Err)
	}
}

// pipe is one end of a connection that tells when it is closed.
type pipe struct {
	net.Conn
	closed *bool
}

func (p pipe) Close() error {
	*p.closed = true
	return p.Conn.Close()
}

func piped() (*connection, *bool) {
	near, _ := net.Pipe()
	closed := new(bool)
	end := pipe{near, closed}
	return &connection{Conn: end, socket: end}, closed
}

func TestIdleConnectionsAreClosedInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &connections{idle: map[origin][]*connection{}}
		web, api := origin{host: "web"}, origin{host: "api"}
		old, oldClosed := piped()
		c.keep(web, old)
		time.Sleep(idleTimeout / 2)
		fresh, freshClosed := piped()
		c.keep(api, fresh)
		time.Sleep(idleTimeout/2 + time.Second)
		used, usedClosed := piped()
		c.keep(api, used)
		if !*oldClosed || *freshClosed || *usedClosed || len(c.idle) != 1 {
			t.Errorf("closed: %v %v %v, of %v", *oldClosed, *freshClosed, *usedClosed, c.idle)
		}
		surplus, surplusClosed := piped()
		if c.keep(api, surplus); !*surplusClosed {
			t.Errorf("more than %d connections to one host are kept", maxIdle)
		}
		if c.take(api) != used || c.take(api) != fresh || c.take(api) != nil {
			t.Error("the connections are not taken in the order of their use")
		}
		c.keep(api, fresh)
		c.close()
		if c.keep(api, used); !*freshClosed || !*usedClosed {
			t.Error("something is kept after the end")
		}
	})
}

func TestAConnectionEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server, connected := counting(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			cancel()
			<-r.Context().Done()
		}
		_, _ = io.WriteString(w, "up 1\n")
	})
	f := fetcher(t, config.Access{})
	expect(t, NewTarget(f, server.URL, up).Read(ctx)[0], 1, policy.Present)
	got := NewTarget(f, server.URL+"/slow", up).Read(ctx)[0]
	if expect(t, got, 0, policy.Failed); !strings.Contains(got.Err.Error(), context.Canceled.Error()) {
		t.Errorf("it is explained by %v", got.Err)
	}
	expect(t, NewTarget(f, server.URL, up).Read(t.Context())[0], 1, policy.Present)
	if n := connected.Load(); n != 2 {
		t.Errorf("over %d connections, want one, and another after the context ended", n)
	}
}

func TestARequestIsWrittenForItsURL(t *testing.T) {
	t.Parallel()
	token := fetcher(t, config.Access{Username: "user", Password: secret.New("hush")})
	for url, want := range map[string]struct {
		to   origin
		dial string
		says string
	}{
		"http://10.0.0.5:9100/metrics?a=b": {origin{false, "10.0.0.5:9100"}, "10.0.0.5:9100", "GET /metrics?a=b HTTP/1.1\r\nHost: 10.0.0.5:9100\r\n"},
		"https://[2001:db8::1]":            {origin{true, "[2001:db8::1]"}, "[2001:db8::1]:443", "GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n"},
		"http://日本語.jp/":                   {origin{false, "xn--wgv71a119e.jp"}, "xn--wgv71a119e.jp:80", "Accept-Encoding: identity\r\n"},
		"http://own:word@web/":             {origin{false, "web"}, "web:80", "Authorization: Basic " + basic("own", "word") + "\r\n"},
	} {
		r, err := fetcher(t, config.Access{}).request(url)
		if err != nil || r.to != want.to || r.to.address() != want.dial || !strings.Contains(string(r.text), want.says) {
			t.Errorf("%s: got %+v to %s: %s (%v)", url, r, r.to.address(), r.text, err)
		}
	}
	r, err := token.request("http://own:word@web/")
	if err != nil || !strings.Contains(string(r.text), basic("user", "hush")) || strings.Contains(string(r.text), basic("own", "word")) {
		t.Errorf("with credentials besides: %s (%v)", r.text, err)
	}
	for _, url := range []string{"", "web:9100", "ftp://web/", "http://", "http:///metrics", "http://user:hush@[::1"} {
		if _, err := token.request(url); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: got %v", url, err)
		}
	}
}

var errBroken = errors.New("broken")

// drip gives one byte at a time, and then an error.
type drip struct {
	text string
	err  error
}

func (d *drip) Read(into []byte) (int, error) {
	if d.text == "" {
		return 0, d.err
	}
	n := copy(into[:1], d.text)
	d.text = d.text[n:]
	return n, nil
}

func TestAPageMayComeInPiecesOfAnySize(t *testing.T) {
	t.Parallel()
	for end, want := range map[error]error{io.EOF: nil, errBroken: errBroken} {
		s := newSieve(up, &page{})
		if err := s.read(&drip{"# c\nup 1\n  up 2 5\nother{a=\"b\"} 3\n\nup{} 4\n", end}); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if got := string(s.page.series); got != "up\nup\nup{}\n" || s.page.samples[1] != (sample{2, 5}) {
			t.Errorf("got %q: %v", got, s.page.samples)
		}
	}
}

// corked can hold back what is written, so that several records of TLS leave together.
type corked struct {
	net.Conn
	cork bool
	held bytes.Buffer
}

func (c *corked) Write(b []byte) (int, error) {
	if c.cork {
		return c.held.Write(b)
	}
	return c.Conn.Write(b)
}

func (c *corked) uncork() {
	c.cork = false
	_, _ = io.Copy(c.Conn, &c.held)
}

func TestWhatComesUnaskedWithinTLSIsNoAnswer(t *testing.T) {
	t.Parallel()
	known := httptest.NewUnstartedServer(nil)
	known.StartTLS()
	certificates := known.TLS.Certificates
	known.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(serving.Wait)
	t.Cleanup(func() { _ = listener.Close() })
	serve := func(conn net.Conn, forge bool) {
		defer func() { _ = conn.Close() }()
		raw := &corked{Conn: conn}
		secured := tls.Server(raw, &tls.Config{Certificates: certificates})
		for request := make([]byte, 4096); ; forge = false {
			if _, err := secured.Read(request); err != nil {
				return
			}
			raw.cork = true
			_, _ = secured.Write(response(http.StatusOK, []byte("up 1\n")))
			if forge {
				_, _ = secured.Write(response(http.StatusOK, []byte("up 666\n")))
			}
			raw.uncork()
		}
	}
	serving.Go(func() {
		for first := true; ; first = false {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { serve(conn, first) })
		}
	})
	target := NewTarget(fetcher(t, config.Access{TLS: &config.TLS{InsecureSkipVerify: true}}), "https://"+listener.Addr().String(), up)
	for range 4 {
		expect(t, target.Read(t.Context())[0], 1, policy.Present)
	}
}
