package gpsim_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// serveMachines, in the environment, makes this binary a simulator with so many
// machines in a process of its own.
const serveMachines = "GPSIM_SERVE_MACHINES"

// TestServe is the other process of BenchmarkMixedCallsOverHTTP. It ends with its
// standard input.
func TestServe(t *testing.T) {
	machines, err := strconv.Atoi(os.Getenv(serveMachines))
	if err != nil {
		t.Skipf("%s is not set", serveMachines)
	}
	options := testOptions()
	options.MaxMachines, options.MaxPoolNodes = machines, 100
	options.Delays = gpsim.RealDelays().Faster(1e5)
	sim := newCloud(t, options)
	for range machines - 1 {
		if _, _, err := sim.AddMachine(gpsim.MachineSpec{}); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: sim, ReadHeaderTimeout: time.Minute}
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()
	fmt.Printf("listens on %s\n", listener.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = server.Close()
	<-served
}

// serveElsewhere starts such a process on one processor and returns its address.
func serveElsewhere(b *testing.B, machines int) string {
	b.Helper()
	command := exec.CommandContext(context.Background(), os.Args[0], "-test.run=^TestServe$", "-test.v")
	if profile := os.Getenv("GPSIM_SERVE_PROFILE"); profile != "" {
		command.Args = append(command.Args, "-test.cpuprofile="+profile)
	}
	command.Env = append(os.Environ(), "GOMAXPROCS=1", fmt.Sprintf("%s=%d", serveMachines, machines))
	end, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	b.Cleanup(func() {
		_ = end.Close()
		for lines.Scan() { // so that it can write to its end
		}
		if err := command.Wait(); err != nil {
			b.Errorf("the simulator ended with %v", err)
		}
	})
	for lines.Scan() {
		if _, address, ok := strings.Cut(lines.Text(), "listens on "); ok {
			return address
		}
	}
	b.Fatal("the simulator did not start")
	return ""
}

// mixedCalls are a thousand calls like those of a busy daemon: mostly reads of one
// or twenty machines, some changes, and one listing of everything.
func mixedCalls(b *testing.B, address string, machines int) []string {
	b.Helper()
	signedFor := func(action string, parameters ...string) string {
		form := signed(b, http.MethodPost, action, parameters...)
		signature, err := gpapi.Sign(http.MethodPost, address, "/json", form, secretKey)
		if err != nil {
			b.Fatal(err)
		}
		form.Set("Signature", signature)
		return form.Encode()
	}
	code := func(n int) string { return fmt.Sprintf("gc%08d", 2+n%(machines-1)) }
	calls := []string{signedFor("GetContractInformation", "GpServiceCode="+gp)}
	for n := len(calls); n < 1000; n++ {
		m := code(n * 7919)
		node := lb("Pool=web", fmt.Sprintf("NodeIpAddress=127.11.0.%d", n/20), "NodePort=80")
		switch n % 10 {
		case 0, 1, 2:
			calls = append(calls, signedFor("GetVirtualMachineStatus", vm(m)...))
		case 3, 4:
			var twenty []string
			for i := range 20 {
				twenty = append(twenty, fmt.Sprintf("GcServiceCode.%d=%s", i+1, code(n+i)))
			}
			calls = append(calls, signedFor("GetVirtualMachineStatusList", append(twenty, "GpServiceCode="+gp)...))
		case 5:
			calls = append(calls, signedFor("DescribeVirtualMachine", vm(m)...))
		case 6:
			calls = append(calls, signedFor("GetContractStatus", vm(m)...))
		case 7:
			calls = append(calls, signedFor("SetLabel", "GpServiceCode="+gp, "ServiceCode="+m, "Label=as:bench:web:"+m))
		case 8: // of one machine by turns
			action := []string{"StartVirtualMachine", "StopVirtualMachine"}[n/10%2]
			parameters := vm(code(n / 20))
			if action == "StopVirtualMachine" {
				parameters = append(parameters, "Force=Yes")
			}
			calls = append(calls, signedFor(action, parameters...))
		default:
			calls = append(calls, signedFor([]string{"AddLbNode", "DeleteLbNode"}[n/10%2], node...))
		}
	}
	return calls
}

// BenchmarkMixedCallsOverHTTP measures how many calls a simulator with 10,000
// machines answers on one processor.
func BenchmarkMixedCallsOverHTTP(b *testing.B) {
	const machines, connections = 10_000, 8
	address := serveElsewhere(b, machines)
	calls := mixedCalls(b, address, machines)
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	defer transport.CloseIdleConnections()
	var next, refused atomic.Int64
	post := func(form string) error {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://"+address+"/json", strings.NewReader(form))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := transport.RoundTrip(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		switch response.StatusCode {
		case http.StatusOK:
		case http.StatusBadRequest: // a machine that is still stopping, a node that another connection adds later
			refused.Add(1)
		default:
			return fmt.Errorf("status %d", response.StatusCode)
		}
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}
	b.ResetTimer()
	var workers sync.WaitGroup
	for range connections {
		workers.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := post(calls[n%int64(len(calls))]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(100*float64(refused.Load())/float64(b.N), "%refused")
}
