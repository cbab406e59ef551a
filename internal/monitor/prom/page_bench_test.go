package prom

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/autoscaled/autoscaled/internal/config"
)

// nodeExporterPage is a page of Debian's prometheus-node-exporter 1.5.0, of a machine with
// two processors: 507 samples.
const nodeExporterPage = "testdata/node_exporter.txt"

// serves is set in the environment of a process of this test that serves the page.
const serves = "PROM_TEST_SERVES_A_PAGE"

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// servePage tells its address, and ends with its standard input.
func servePage() {
	page, err := os.ReadFile(nodeExporterPage)
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("http://" + listener.Addr().String() + "/metrics")
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(page)
	})}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	_ = server.Serve(listener)
}

// serving is the URL of the page, served by another process, whose work is not in the
// figures of this one.
func serving(b *testing.B) string {
	b.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), serves+"=1")
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = command.Wait()
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(address)
}

// perPage measures the processor time of this process for each turn.
func perPage(b *testing.B, turn func() error) {
	b.Helper()
	b.ReportAllocs()
	spent := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	if err := turn(); err != nil { // the first one is for all that are like it
		b.Fatal(err)
	}
	before := spent()
	for b.Loop() {
		if err := turn(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((spent()-before).Microseconds())/float64(b.N), "cpu-us/op")
}

// threeSelectors are what a group may want of a node exporter.
var threeSelectors = []Selector{
	{Metric: "node_load1", Scale: 1},
	{Metric: "node_memory_MemAvailable_bytes", Scale: 1},
	{Metric: "node_cpu_seconds_total", Labels: map[string]string{"mode": "idle"}, Counter: true, Scale: 1},
}

// BenchmarkPage is a page fetched over a kept connection and read: by a Target, by
// net/http and expfmt as they are meant to be used, and not read at all, which is the
// least that it can cost.
func BenchmarkPage(b *testing.B) {
	url := serving(b)
	b.Run("target", func(b *testing.B) {
		pages := NewPages()
		defer pages.Close()
		fetcher, err := pages.Via(config.Access{})
		if err != nil {
			b.Fatal(err)
		}
		target := NewTarget(fetcher, url, threeSelectors)
		perPage(b, func() error { return target.Read(context.Background())[0].Err })
	})
	b.Run("expfmt", func(b *testing.B) {
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		perPage(b, func() error {
			request, err := http.NewRequest(http.MethodGet, url, nil)
			if err != nil {
				return err
			}
			request.Header.Set("Accept-Encoding", "identity")
			response, err := client.Do(request)
			if err != nil {
				return err
			}
			defer response.Body.Close()
			parser := expfmt.NewTextParser(model.UTF8Validation)
			_, err = parser.TextToMetricFamilies(response.Body)
			return err
		})
	})
	b.Run("nothing", func(b *testing.B) { benchmarkUnread(b, url) })
}

// benchmarkUnread sends the request over a socket, and receives so many bytes.
func benchmarkUnread(b *testing.B, address string) {
	at, err := url.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	conn, err := net.Dial("tcp", at.Host)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	request := []byte("GET /metrics HTTP/1.1\r\nHost: " + at.Host + "\r\n\r\n")
	end := []byte("0\r\n\r\n") // of the chunks
	buffer := make([]byte, maxLine)
	perPage(b, func() error {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		for {
			n, err := conn.Read(buffer)
			if err != nil || bytes.HasSuffix(buffer[:n], end) {
				return err
			}
		}
	})
}

// BenchmarkSieve is the page without HTTP, in its steady state.
func BenchmarkSieve(b *testing.B) {
	body := readFile(b, nodeExporterPage)
	var p page
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		p.reset()
		s := newSieve(threeSelectors, &p)
		if err := s.read(bytes.NewReader(body)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMemoryOfATarget is what one holds between two readings, of pages that are
// alike.
func BenchmarkMemoryOfATarget(b *testing.B) {
	const targets = 1000
	pages := NewPages()
	fetcher, err := pages.Via(config.Access{})
	if err != nil {
		b.Fatal(err)
	}
	var p page
	s := newSieve(threeSelectors, &p)
	if err := s.read(bytes.NewReader(readFile(b, nodeExporterPage))); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		before := heapBytes()
		all := make([]reader, targets)
		for i := range all {
			all[i] = reader{NewTarget(fetcher, fmt.Sprintf("http://10.0.%d.%d:9100/metrics", i/250, i%250), threeSelectors), b, b.Context()}
			all[i].read(&p)
		}
		b.ReportMetric((heapBytes()-before)/targets, "B/target")
		runtime.KeepAlive(all)
	}
	b.ReportMetric(0, "ns/op")
}

// heapBytes is what is in use once everything else is collected.
func heapBytes() float64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}
