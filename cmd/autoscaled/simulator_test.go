package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// simulate runs the simulator until the test ends and returns what it says of
// itself, by the first word of each line; lines with the same word are joined.
func simulate(t *testing.T, args ...string) map[string]string {
	t.Helper()
	reader, writer := io.Pipe()
	command := root()
	command.SetArgs(append([]string{
		"simulator", "--listen", "127.0.0.1:0", "--proxy", "127.0.0.1:0", "--addresses", fmt.Sprintf("127.%d.0.0/16", 20+os.Getpid()%200),
		"--snmp-port", freePort(t, "udp"), "--app-port", freePort(t, "tcp"),
	}, args...))
	command.SetOut(writer)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		err := command.ExecuteContext(ctx)
		_ = writer.Close()
		ended <- err
	}()
	lines := bufio.NewScanner(reader)
	t.Cleanup(func() {
		stop()
		for lines.Scan() { // so that it can go on
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	said := map[string]string{}
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		said[word] += strings.TrimSpace(rest) + "\n"
		if word == "credentials" {
			return said
		}
	}
	t.Fatalf("the simulator did not start: %v", <-ended)
	return nil
}

// freePort finds a port that nobody uses on loopback.
func freePort(t *testing.T, network string) string {
	t.Helper()
	var address net.Addr
	if network == "udp" {
		socket, err := (&net.ListenConfig{}).ListenPacket(t.Context(), network, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = socket.Close() }()
		address = socket.LocalAddr()
	} else {
		socket, err := (&net.ListenConfig{}).Listen(t.Context(), network, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = socket.Close() }()
		address = socket.Addr()
	}
	_, port, err := net.SplitHostPort(address.String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestTheSimulatorIsWhatItsFlagsSay(t *testing.T) {
	t.Parallel()
	faults := filepath.Join(t.TempDir(), "faults")
	if err := os.WriteFile(faults, []byte("StartVirtualMachine 2nd stuck 5m\n* rate 5% status 503\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(t.TempDir(), "cert.pem")
	said := simulate(t, "--tls", "--tls-out", made, "--account", "KEY:a:b:gp00000007", "--seed", "5", "--speed", "60", "--faults", faults)
	if want := "access key KEY for gp00000007\n"; said["credentials"] != want {
		t.Errorf("the credentials are %q, want %q: a secret is not shown", said["credentials"], want)
	}

	trusted := x509.NewCertPool()
	if content, err := os.ReadFile(made); err != nil || !trusted.AppendCertsFromPEM(content) {
		t.Fatalf("the certificate that it writes cannot be trusted: %v", err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}
	defer transport.CloseIdleConnections()
	page, _, _ := strings.Cut(said["page"], " ")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page+"cloud", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	certificate := response.TLS.PeerCertificates[0]
	if want := fmt.Sprintf("SHA-256 %X\n", sha256.Sum256(certificate.Raw)); said["certificate"] != want {
		t.Errorf("it presents another certificate, %s, than it says, %s", want, said["certificate"])
	}
	for _, name := range []string{"127.0.0.1", "localhost", "gp.api.iij.jp"} {
		if err := certificate.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	var cloud struct {
		Seed     string
		Faults   []string
		Machines []struct {
			GP string `json:"gp_service_code"`
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&cloud); err != nil {
		t.Fatal(err)
	}
	if want := []string{"StartVirtualMachine 2nd stuck 5s", "* rate 5% status 503 before"}; !slices.Equal(cloud.Faults, want) {
		t.Errorf("the faults are %q, want %q", cloud.Faults, want)
	}
	if cloud.Seed != "5" || len(cloud.Machines) != 4 || cloud.Machines[0].GP != "gp00000007" {
		t.Errorf("the cloud is %+v", cloud)
	}
}

func TestTheSimulatorTellsProgramsWhereItIs(t *testing.T) {
	t.Parallel()
	reader, writer := io.Pipe()
	command := root()
	command.SetArgs([]string{
		"simulator", "-o", "json", "--listen", "127.0.0.1:0", "--proxy", "127.0.0.1:0", "--addresses", fmt.Sprintf("127.%d.0.0/16", 20+(os.Getpid()+1)%200),
		"--snmp-port", freePort(t, "udp"), "--app-port", freePort(t, "tcp"), "--account", "KEY:hidden:gp00000007",
	})
	command.SetOut(writer)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		err := command.ExecuteContext(ctx)
		_ = writer.Close()
		ended <- err
	}()
	var told introduction
	err := json.NewDecoder(reader).Decode(&told)
	if err != nil || !strings.HasPrefix(told.Endpoint, "http://127.0.0.1:") || told.GpService != "gp00000007" || told.Accounts[0] != (introducedAccount{"KEY", "", "gp00000007"}) {
		t.Errorf("error is %v, told %+v", err, told)
	}
	stop()
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestTheSimulatorSaysWhatIsWrongWithItsFlags(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "faults")
	if err := os.WriteFile(script, []byte("\nStartVirtualMachin 2nd stuck 5m\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"--speed 0: write a number above 0":                                     {"--speed", "0"},
		"--speed NaN: write":                                                    {"--speed", "NaN"},
		"Spread is 2":                                                           {"--spread", "2"},
		"--account number 2: write ACCESSKEY:SECRET:GP":                         {"--account", "a:b:gp00000001", "--account", "a:b"},
		"Accounts[0] needs":                                                     {"--account", "a:b:gp1"},
		"--clone-landing \"running\": write initialized or stopped":             {"--clone-landing", "running"},
		"write either --tls or both --tls-cert and --tls-key":                   {"--tls-cert", script},
		"both must be PEM and belong together":                                  {"--tls-cert", script, "--tls-key", script},
		"--clone-inherits \"disk\": write label":                                {"--clone-inherits", "disk"},
		"write a network within 127.0.0.0/8":                                    {"--addresses", "10.0.0.0/16"},
		"--listen \"8013\": write HOST:PORT":                                    {"--tls", "--listen", "8013"},
		"faults.missing: no such file":                                          {"--faults", script + ".missing"},
		script + ":2: unknown action `StartVirtualMachin`: did you mean `Start": {"--faults", script},
	} {
		_, _, err := execute(t, append([]string{"simulator", "--listen", "127.0.0.1:0", "--proxy", "127.0.0.1:0"}, args...)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %s", args, err, want)
		}
	}
}
