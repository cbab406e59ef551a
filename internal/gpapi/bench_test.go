package gpapi_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi"
)

func BenchmarkSign(b *testing.B) {
	params := signedParams(gpapi.HmacSHA256, "AddCloneVirtualMachines", url.Values{
		"GpServiceCode": {"gp00000001"}, "SrcGcServiceCode": {"gc00000001"}, "ContractNum": {"2"}, "VirtualMachineType": {"V10"},
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := gpapi.Sign("POST", "gp.api.iij.jp", "/json", params, testSecretKey); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCall is what a call costs this process; the server is another one.
func BenchmarkCall(b *testing.B) {
	options := testOptions(nil)
	options.Endpoint = "http://" + startCannedServer(b) + "/json"
	client, err := gpapi.New(options)
	if err != nil {
		b.Fatal(err)
	}
	gpapi.LiftBudget(client)
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		if err := readStatus(b.Context(), client); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/1e3/float64(b.N), "cpu-µs/op")
}

// cpuTime is what this process used of the processors, in itself and on its behalf.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

const cannedServerVariable = "GPAPI_TEST_CANNED_SERVER"

// startCannedServer runs this test binary again, as a server that gives one answer
// to everything until its standard input ends. It returns its address.
func startCannedServer(b *testing.B) string {
	b.Helper()
	command := exec.CommandContext(b.Context(), os.Args[0])
	command.Env = append(os.Environ(), cannedServerVariable+"=yes")
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

// serveCanned is the other process.
func serveCanned() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString(listener.Addr().String() + "\n")
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(statusAnswer)))
		_, _ = io.WriteString(w, statusAnswer)
	}))
}

func init() {
	if os.Getenv(cannedServerVariable) != "" {
		serveCanned()
	}
}
