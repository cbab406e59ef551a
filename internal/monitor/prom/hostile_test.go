package prom

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// hostile are ways in which a server can answer any request, and what is said of
// each when it should have been a page, and when it should have been an answer.
var hostile = map[string]struct {
	handler    http.HandlerFunc
	saysPage   string
	saysAnswer string
}{
	"an endless body": {func(w http.ResponseWriter, _ *http.Request) {
		for line := []byte("# " + strings.Repeat("x", 1<<10) + "\n"); ; {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	}, "longer than 16 MiB", "longer than 4 MiB"},
	"an endless line": {func(w http.ResponseWriter, _ *http.Request) {
		for chunk := []byte(strings.Repeat("x", 1<<10)); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}, "line 1 is longer than 64 KiB", "longer than 4 MiB"},
	"a gzip bomb": {func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "text/plain")
		bomb := gzip.NewWriter(w)
		for zeros := []byte(strings.Repeat("\n", 1<<20)); ; {
			if _, err := bomb.Write(zeros); err != nil {
				return
			}
		}
	}, "longer than 16 MiB", "longer than 4 MiB"},
	"gzip that is none": {func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("up 1\nup 1\nup 1\n"))
	}, "gzip", "gzip"},
	"gzip that is cut short": {func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "text/plain")
		half := gzip.NewWriter(w)
		_, _ = half.Write([]byte("up 1\n"))
		_ = half.Flush()
	}, "unexpected EOF", "unexpected EOF"},
	"an encoding that was not asked for": {func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		_, _ = w.Write([]byte("up 1\n"))
	}, "not by gzip", "not by gzip"},
	"a wrong content type": {func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "up 1\n")
	}, "Content-Type", "ask prometheus"},
	"an error": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "up 1", http.StatusInternalServerError) }, "wanted 200", "500"},
	"a redirect": {func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/elsewhere") {
			panic("the redirect was followed")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}, "redirects are not followed", "307"},
	"huge headers": {func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Huge", strings.Repeat("x", 1<<20))
		_, _ = fmt.Fprint(w, "up 1\n")
	}, "header of the answer is longer than 64 KiB", "server response headers exceeded"},
	"a body shorter than announced": {func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = fmt.Fprint(w, "up 1\n")
	}, "unexpected EOF", "unexpected EOF"},
	"a connection that breaks": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF", "EOF"},
}

func TestHostileServersAreFailedPages(t *testing.T) {
	t.Parallel()
	for name, server := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := fetch(t, server.handler)
			if err == nil || !strings.Contains(err.Error(), server.saysPage) || len(err.Error()) > 500 {
				t.Errorf("got %v, want an error about %q", err, server.saysPage)
			}
		})
	}
}

func TestHostileServersAreFailedAnswers(t *testing.T) {
	t.Parallel()
	for name, server := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newServer(t, server.handler).Ask(t.Context(), rateQuestion, now, 0).Only()
			expect(t, got, 0, policy.Failed)
			if !strings.Contains(got.Err.Error(), server.saysAnswer) || len(got.Err.Error()) > 500 {
				t.Errorf("got %v, want an error about %q", got.Err, server.saysAnswer)
			}
		})
	}
}

func TestPagesThatAreNotBelieved(t *testing.T) {
	t.Parallel()
	many := func(n int, line string) string { return strings.Repeat(line, n) }
	for name, test := range map[string]struct{ text, openMetrics, says string }{
		"a web page":                            {text: "<html>\n", says: "line 1 does not begin with the name of a metric"},
		"prose":                                 {text: "up 1\nIt works, mostly.\n", says: "line 2 has no number"},
		"nonsense far from what is wanted":      {text: "up 1\nother{a=\"b\"} one\n", says: "line 2 has no number"},
		"a value glued to its name":             {text: "other+1\n", says: "line 1 does not begin"},
		"a second value":                        {text: "other 1 2 3\n", says: "line 1 has no number"},
		"a time that is no number":              {text: "other 1 now\n", says: "line 1 has no time"},
		"a time beyond all time":                {text: "other 1 -9223372036854775\n", says: "line 1 has no time"},
		"a fraction of a millisecond":           {text: "other 1 1.5\n", openMetrics: "", says: "line 1 has no time"},
		"a hexadecimal number":                  {text: "other 0x1p-2\n", says: "line 1 has no number"},
		"a number too large":                    {text: "other 1e400\n", says: "line 1 has no number"},
		"a Windows line":                        {text: "other 1\r\n", says: "line 1 has no number"},
		"a label that is not UTF-8":             {text: "other{a=\"\xff\"} 1\n", says: "line 1 is not in UTF-8"},
		"a label without an end":                {text: "other{a=\"b} 1\n", says: "line 1 has labels without an end"},
		"a label of 1 MB":                       {text: "up{a=\"" + many(1<<20, "x") + "\"} 1\n", says: "line 1 is longer than 64 KiB"},
		"a line of nothing but labels":          {text: "up 1\na{" + many(maxLabelsInLine+1, `l="",`) + "} 1\n", says: "line 2 has more than 64 labels"},
		"a wanted line with a label twice":      {text: "up{a=\"1\",a=\"2\"} 1\n", says: "duplicate label"},
		"a wanted line with another name in it": {text: "up{\"c\"} 1\n", says: "name"},
		"more samples than wanted":              {text: many(maxKept+1, "up 1\n"), says: "one sample too many"},
		"more bytes than wanted":                {text: many(100, "up{a=\""+many(16<<10, "x")+"\"} 1\n"), says: "one sample too many"},
		"an end in the middle of a line":        {text: "up 1", says: "line 1 does not end"},
		"OpenMetrics without its end":           {openMetrics: "up 1\n", says: "cut short"},
		"OpenMetrics beyond its end":            {openMetrics: "up 1\n# EOF\nup 2\n", says: "line 3 comes after # EOF"},
		"an end without a newline":              {openMetrics: "up 1\n# EOF", says: "line 2 does not end"},
		"an exemplar that is none":              {openMetrics: "other 1 # 2\n# EOF\n", says: "line 1 has an exemplar without labels"},
		"an exemplar in plain text":             {text: "other 1 # {} 2\n", says: "line 1 has no number"},
		"a time that is not finite":             {openMetrics: "other 1 NaN\n# EOF\n", says: "line 1 has no time"},
		"two label sets":                        {text: "other{{a=\"b\"}} 1\n", says: "line 1 has braces with something else"},
		"a native histogram":                    {openMetrics: "other {count:1,sum:2} 3\n# EOF\n", says: "line 1 has braces with something else"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, format := test.text, textFormat
			if test.openMetrics != "" {
				body, format = test.openMetrics, openMetrics
			}
			_, err := sift(body, format, now, everything...)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want an error about %q", err, test.says)
			}
		})
	}
}

func TestPagesAtTheBoundsAreRead(t *testing.T) {
	t.Parallel()
	line := "# " + strings.Repeat("x", maxLine-len("# \n")) + "\n"
	body := strings.Repeat(line, maxPage/maxLine-1) + strings.Repeat("\n", maxLine-len("up 1\n")) + "up 1\n"
	page, err := fetch(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, body) })
	if len(body) != maxPage || err != nil || len(page["up"]) != 1 {
		t.Errorf("of %d bytes: got %v, %v", len(body), page, err)
	}
	var labels, samples strings.Builder
	for i := range maxLabelsInLine {
		fmt.Fprintf(&labels, "l%d=\"\",", i)
	}
	for i := range maxKept - 1 {
		fmt.Fprintf(&samples, "up{n=\"%d\"} 1\n", i)
	}
	many, err := sift("up{"+labels.String()+"} 1\n"+samples.String(), textFormat, now, everything...)
	if err != nil || len(many.samples) != maxKept {
		t.Errorf("got %v", err)
	}
}

// TestAPageThatDripsEndsWithItsDeadline has a server that sends a byte whenever
// the client has taken the one before, on a wire within a bubble.
func TestAPageThatDripsEndsWithItsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := fetcher(t, config.Access{})
		f.connections.dialContext = wired(t, func(w io.Writer) error {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
			for {
				time.Sleep(time.Second)
				if _, err := io.WriteString(w, "\n"); err != nil {
					return err
				}
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		started := time.Now()
		_, err := fetchWithin(ctx, f, "http://drip/metrics")
		if took := time.Since(started); took != 5*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("took %v: %v", took, err)
		}
	})
}

// wired leads to the given server, which answers one request and ends when it cannot
// write.
func wired(t *testing.T, answer func(io.Writer) error) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	var served sync.WaitGroup
	t.Cleanup(served.Wait)
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		served.Go(func() {
			defer theirs.Close()
			if _, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
				_ = answer(theirs)
			}
		})
		return ours, nil
	}
}
