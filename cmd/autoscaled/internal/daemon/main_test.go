package daemon_test

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/daemon"
	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/simcloud"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const installation = "daemontest"

// scene is where a daemon runs: a directory and the text of its configuration.
type scene struct {
	directory string
	text      string
	secrets   map[string]string // the environment
}

// newScene is a scene with one group that acts, at an endpoint where nobody answers.
func newScene(t *testing.T) *scene {
	t.Helper()
	directory, err := os.MkdirTemp("", "daemon-") // t.TempDir is too long for the address of a unix socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	s := &scene{directory: directory, secrets: map[string]string{"ACCESS_KEY": simcloud.AccessKey, "SECRET_KEY": simcloud.SecretKey, "TOKEN": "a token of the sender"}}
	s.text = strings.NewReplacer("DIRECTORY", directory, "INSTALLATION", installation).Replace(`
installation: INSTALLATION
state: DIRECTORY/state
socket: DIRECTORY/control.sock
listen: 127.0.0.1:0
prometheus: {url: 'http://127.0.0.1:1'}
providers:
  gio:
    type: gp
    endpoint: http://127.0.0.1:1/json
    gp_service_code: gp00000001
    access_key: env:ACCESS_KEY
    secret_key: env:SECRET_KEY
    calls_per_second: 50
    call_timeout: 5s
    poll_moving: 100ms
    poll_idle: 200ms
groups:
  web:
    provider: gio
    mode: act
    min: 2
    max: 2
    interval: 200ms
    template: {source: gc00000001, type: V40}
    balancers: [{gp: {gl_service_code: gl00000001, pool: web, port: 8080}}]
    signals:
      cpu: {snmp: {profile: cpu_busy, port: 10161}}
    policies:
      - target: {signal: cpu, value: 60%}
    scale_out: {warm_up: 0s}
`)
	return s
}

// replace changes the configuration.
func (s *scene) replace(was, becomes string) *scene {
	if !strings.Contains(s.text, was) {
		panic("the configuration has no " + was)
	}
	s.text = strings.Replace(s.text, was, becomes, 1)
	return s
}

func (s *scene) file() string     { return filepath.Join(s.directory, "autoscaled.yaml") }
func (s *scene) state() string    { return filepath.Join(s.directory, "state") }
func (s *scene) database() string { return filepath.Join(s.state(), "autoscaled.db") }

// save writes the configuration.
func (s *scene) save(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(s.file(), []byte(s.text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// new builds a daemon from the scene, and returns what it logs.
func (s *scene) new(t *testing.T, change func(*daemon.Options)) (*daemon.Daemon, *observer.ObservedLogs, error) {
	t.Helper()
	s.save(t)
	env := config.Env{LookupEnv: func(name string) (string, bool) {
		value, ok := s.secrets[name]
		return value, ok
	}}
	c, err := config.Parse(s.file(), []byte(s.text), env)
	if err != nil {
		t.Fatal(err)
	}
	core, logged := observer.New(zap.InfoLevel)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	options := daemon.Options{Config: c, Version: "test", Log: zap.New(core), Transport: transport, Text: []byte(s.text), Env: env}
	if change != nil {
		change(&options)
	}
	d, err := daemon.New(options)
	return d, logged, err
}

// simulate runs the simulated cloud until the test ends, and points the
// configuration at it.
func (s *scene) simulate(t *testing.T) *simcloud.Cloud {
	t.Helper()
	base := netip.PrefixFrom(netip.AddrFrom4([4]byte{127, byte(20 + os.Getpid()%200), 0, 0}), 16)
	snmpPort, appPort := freePort(t, "udp"), freePort(t, "tcp")
	cloud, err := simcloud.Start(simcloud.Options{
		Listen: "127.0.0.1:0", ProxyListen: "127.0.0.1:0", Installation: installation, Delays: gpsim.FastDelays(),
		AddressBase: base, SNMPPort: snmpPort, AppPort: appPort, ServiceTime: time.Millisecond, Backlog: 50,
		BootTime: 100 * time.Millisecond, Now: time.Now,
		Failed: func(code string, err error) { t.Errorf("machine %s: %v", code, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	s.replace("http://127.0.0.1:1/json", cloud.Endpoint)
	s.replace("port: 8080", "port: "+port(appPort))
	s.replace("port: 10161", "port: "+port(snmpPort))
	return cloud
}

// past is a file with what the group had to carry in the last three days.
func (s *scene) past(t *testing.T) string {
	t.Helper()
	var table strings.Builder
	table.WriteString("timestamp,serving,cpu\n")
	for now, at := time.Now(), time.Now().Add(-72*time.Hour); at.Before(now); at = at.Add(time.Minute) {
		fmt.Fprintf(&table, "%d,2,0.%d\n", at.Unix(), 10+at.Hour())
	}
	path := filepath.Join(s.directory, "past.csv")
	if err := os.WriteFile(path, []byte(table.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func port(n uint16) string {
	return netip.AddrPortFrom(netip.IPv4Unspecified(), n).String()[len("0.0.0.0:"):]
}

// freePort is a port that was free a moment ago.
func freePort(t *testing.T, network string) uint16 {
	t.Helper()
	if network == "udp" {
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).AddrPort().Port()
}
