package prom

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// wire is a connection on which a server answers with its bytes, whatever it is
// asked, and closes.
type wire struct {
	net.Conn // for its addresses and deadlines
	answer   *bytes.Reader
}

func (w wire) Read(into []byte) (int, error)      { return w.answer.Read(into) }
func (w wire) Write(question []byte) (int, error) { return len(question), nil }

// overWire makes connections that answer with the bytes.
func overWire(answer []byte) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		_ = far.Close()
		return wire{near, bytes.NewReader(answer)}, nil
	}
}

// response writes an HTTP answer; head are further lines.
func response(status int, body []byte, head ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", status, http.StatusText(status), len(body))
	for _, line := range head {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

func zipped(body string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, body)
	_ = w.Close()
	return b.Bytes()
}

var wireAccess = config.Access{Username: "reader", Password: secret.New("hush-hush-password")}

// checkWire fails the test when r breaks a promise of every reading, or shows the
// password.
func checkWire(t *testing.T, r reading.Reading) {
	t.Helper()
	check(t, r)
	if r.Err != nil && (strings.Contains(r.Err.Error(), "hush-hush-password") || len(r.Err.Error()) > 2000) {
		t.Fatalf("it is explained by %q", r.Err)
	}
}

// FuzzPageOnTheWire feeds whole HTTP answers, headers, compression and all, to what
// reads a page.
func FuzzPageOnTheWire(f *testing.F) {
	f.Add(response(200, []byte(exposition)))
	f.Add(response(200, []byte(openMetricsPage), "Content-Type: application/openmetrics-text; version=1.0.0"))
	f.Add(response(200, zipped(exposition), "Content-Encoding: gzip", "Content-Type: text/plain; version=0.0.4; charset=utf-8"))
	f.Add(response(200, zipped(exposition)[:40], "Content-Encoding: gzip"))
	f.Add(response(200, []byte(exposition), "Content-Encoding: br"))
	f.Add(response(302, nil, "Location: http://elsewhere/metrics"))
	f.Add(response(401, []byte("reader:hush-hush-password")))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nup 1\n\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 200 hush-hush-password\r\n\r\nc 1"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nup 1\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		pages := NewPages()
		defer pages.Close()
		fetcher, err := pages.Via(wireAccess)
		if err != nil {
			t.Fatal(err)
		}
		fetcher.connections.dialContext = overWire(answer)
		target := NewTarget(fetcher, "http://page.example/metrics", fuzzSelectors)
		for range 2 {
			for _, r := range target.Read(t.Context()) {
				checkWire(t, r)
			}
		}
	})
}

// FuzzAnswerOnTheWire feeds whole HTTP answers to what asks a Prometheus server. A
// pause that is asked for is kept, and ends.
func FuzzAnswerOnTheWire(f *testing.F) {
	f.Add(response(200, []byte(vector(series("web", "7"))), "Content-Type: application/json"))
	f.Add(response(200, zipped(vector(series("web", "7"))), "Content-Encoding: gzip"))
	f.Add(response(200, []byte(matrix(ranged("web", 1, 2, 3, 4, 5)))))
	f.Add(response(200, []byte(`{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["hush-hush-password"]}`)))
	f.Add(response(422, []byte(`{"status":"error","errorType":"execution","error":"hush-hush-password"}`)))
	f.Add(response(429, nil, "Retry-After: 4294967295"))
	f.Add(response(503, nil, "Retry-After: Wed, 21 Oct 2099 07:28:00 GMT"))
	f.Add(response(503, nil, "Retry-After: -1"))
	f.Add(response(204, nil))
	f.Fuzz(func(t *testing.T, answer []byte) {
		server, err := NewServer(config.Prometheus{URL: "http://prometheus.example:9090/prefix", Timeout: time.Minute, Access: wireAccess})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		transport := server.client.http.Transport.(*patient).next.(bounded)
		transport.DisableKeepAlives, transport.DialContext = true, overWire(answer)
		for _, question := range []Question{rateQuestion, rangeQuestion} {
			got := server.Ask(t.Context(), question, now, 0)
			checkWire(t, got.Only())
			checkWire(t, got.Of("group", "web"))
		}
		if left := server.client.http.Transport.(*patient).left(); left > maxPause {
			t.Fatalf("it is not asked again for %v", left)
		}
	})
}

// FuzzContentType holds what a page is taken for against what its header says.
func FuzzContentType(f *testing.F) {
	for _, header := range []string{
		"", "text/plain", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", "application/openmetrics-text; version=1.0.0",
		"application/json", "text/plain; version=2", "TEXT/PLAIN;VERSION=0.0.4", "text/plain; version", ";", "text/html",
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, err := formatOf(header)
		folded := strings.ToLower(header)
		switch {
		case err != nil && header == "":
			t.Fatal("a page without a type is text")
		case err != nil:
			if len(err.Error()) > 500 {
				t.Fatalf("it is explained by %q", err)
			}
		case header == "" && got != textFormat,
			header != "" && got == textFormat && !strings.Contains(folded, "text/plain"),
			got == openMetrics && !strings.Contains(folded, "openmetrics-text"):
			t.Fatalf("%q is read as %v", header, got)
		}
	})
}

// FuzzRetryAfter holds the pause that is kept against its bounds.
func FuzzRetryAfter(f *testing.F) {
	for _, header := range []string{"", "0", "120", "-1", "1e9", "18446744073709551616", "Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if pause := pauseOf(header); pause < 0 || pause > maxPause {
			t.Fatalf("%q asks for %v", header, pause)
		}
	})
}
