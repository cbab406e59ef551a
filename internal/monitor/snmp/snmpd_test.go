package snmp

import (
	"bufio"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// snmpd is net-snmp's agent at an address of its own.
type snmpd struct {
	t       *testing.T
	folder  string
	at      netip.AddrPort
	process *exec.Cmd
}

// startSNMPd starts an agent with the lines of configuration.
func startSNMPd(t *testing.T, address string, lines ...string) *snmpd {
	t.Helper()
	s := &snmpd{t: t, folder: t.TempDir(), at: freeAt(t, address)}
	lines = append(lines, "rocommunity public", fmt.Sprintf("agentaddress udp:%s", s.at))
	if err := os.WriteFile(filepath.Join(s.folder, "snmpd.conf"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	t.Cleanup(s.stop)
	return s
}

// freeAt is a free UDP port of the address.
func freeAt(t *testing.T, address string) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// start returns when the agent answers.
func (s *snmpd) start() {
	s.t.Helper()
	program, err := exec.LookPath("snmpd")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/snmpd")
	}
	switch {
	case err == nil:
	case os.Getenv("AUTOSCALED_REQUIRE_TOOLS") != "":
		s.t.Fatal("snmpd is missing: run test/setup.sh")
	default:
		s.t.Skip("snmpd is missing: run test/setup.sh")
	}
	s.process = exec.Command(program, "-f", "-Le")
	state := filepath.Join(s.folder, "state")
	s.process.Env = append(os.Environ(), "MIBS=", "SNMPCONFPATH="+s.folder+":"+state, "SNMP_PERSISTENT_DIR="+state)
	said, err := s.process.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	var before []string
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "NET-SNMP version") {
		before = append(before, lines.Text())
	}
	if !strings.HasPrefix(lines.Text(), "NET-SNMP version") {
		s.t.Fatalf("snmpd does not start:\n%s", strings.Join(before, "\n"))
	}
	go func() { // it must not wait for room in the pipe
		for lines.Scan() {
		}
	}()
}

// stop ends the agent in good order, so that it remembers how often it was started.
func (s *snmpd) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
}

// read reads the quantities once.
func (s *snmpd) read(options Options, of ...config.SNMP) *Agent {
	s.t.Helper()
	options.Timeout, options.Retries = patient, 1
	return reader(s.t, s.at, options, of...)
}

var netSNMPAuth = map[string]string{"md5": "MD5", "sha": "SHA", "sha224": "SHA-224", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}

var netSNMPPrivacy = map[string]string{
	"des": "DES", "aes": "AES", "aes192": "AES-192", "aes256": "AES-256", "aes192c": "AES-192-C", "aes256c": "AES-256-C",
}

func TestSnmpdIsReadInEveryVersionWithEveryAlgorithm(t *testing.T) {
	t.Parallel()
	ways := map[string]Options{"v1": {Version: "v1"}, "v2c": {}, "nobody": {Version: "v3", User: "nobody"}}
	lines := []string{"createUser nobody", "rouser nobody noauth"}
	for auth, netAuth := range netSNMPAuth {
		user := auth
		ways[user] = Options{Version: "v3", User: user, Auth: config.SNMPKey{Protocol: auth, Passphrase: secret.New(passphrase)}}
		lines = append(lines, fmt.Sprintf("createUser %s %s %q", user, netAuth, passphrase), "rouser "+user+" auth")
		for privacy, netPrivacy := range netSNMPPrivacy {
			user := auth + "-" + privacy
			ways[user] = Options{
				Version: "v3", User: user, Auth: ways[auth].Auth,
				Privacy: config.SNMPKey{Protocol: privacy, Passphrase: secret.New(otherPassphrase)},
			}
			lines = append(lines, fmt.Sprintf("createUser %s %s %q %s %q", user, netAuth, passphrase, netPrivacy, otherPassphrase), "rouser "+user+" priv")
		}
	}
	agent := startSNMPd(t, "127.53.0.1", lines...)
	for name, options := range ways {
		t.Run(name, func(t *testing.T) {
			load := reader(t, agent.at, Options{
				Version: options.Version, User: options.User, Auth: options.Auth, Privacy: options.Privacy, Timeout: patient,
			}, config.SNMP{Profile: "load1"}, config.SNMP{Profile: "network_errors", InterfaceName: "lo"})
			for range 2 {
				readings := load.Read(t.Context())
				if value, ok := readings[0].Sample.Value(); !ok || value < 0 {
					t.Errorf("load1 is %v: %v", value, readings[0].Err)
				}
				if readings[1].Sample.Why() == policy.Failed || load.index(&load.question.quantities[1]) == "" {
					t.Errorf("lo was not found: %v", readings[1].Err)
				}
			}
		})
	}
}

func TestSnmpdAnswersEveryProfile(t *testing.T) {
	t.Parallel()
	agent := startSNMPd(t, "127.53.0.2",
		"override .1.3.6.1.2.1.25.3.3.1.2.768 integer 30", "override .1.3.6.1.2.1.25.3.3.1.2.769 integer 70")
	names := config.SNMPProfiles()
	var of []config.SNMP
	for _, name := range names {
		of = append(of, config.SNMP{Profile: name, InterfaceName: "lo", Path: "/"})
	}
	for i, got := range agent.read(Options{}, of...).Read(t.Context()) {
		name, p := names[i], profiles[names[i]]
		value, ok := got.Sample.Value()
		switch {
		case name == "swap_used" && got.Sample.Why() == policy.Absent, strings.HasSuffix(name, "_utilization"):
			// A host may have no swap, and snmpd makes up the speed of lo.
		case p.of == interfaces || name == "cpu_busy":
			if got.Sample.Why() != policy.Absent || !strings.Contains(got.Err.Error(), "one reading of a counter") {
				t.Errorf("%s: %v, want a first reading of a counter", name, got.Err)
			}
		case !ok || value < 0 || p.ceiling > 0 && value > p.ceiling:
			t.Errorf("%s is %v: %v", name, value, got.Err)
		case name == "cpu_load_hr" && value != 0.5:
			t.Errorf("%s is %v, want the mean of both processors", name, value)
		case name == "memory_used" && math.Abs(value-memoryUsed(t)) > 0.2:
			t.Errorf("%s is %v, and the kernel says %v", name, value, memoryUsed(t))
		}
	}
}

// memoryUsed is the share of memory that the kernel does not call available.
func memoryUsed(t *testing.T) float64 {
	t.Helper()
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	amounts := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		var name string
		var amount float64
		if n, _ := fmt.Sscanf(line, "%s %f", &name, &amount); n == 2 {
			amounts[name] = amount
		}
	}
	return 1 - amounts["MemAvailable:"]/amounts["MemTotal:"]
}

func TestSnmpdIsReadOnAfterARestart(t *testing.T) {
	t.Parallel()
	agent := startSNMPd(t, "127.53.0.3", fmt.Sprintf("createUser reader SHA-256 %q AES %q", passphrase, otherPassphrase), "rouser reader priv")
	options := authPriv("sha256", "aes")
	options.Version, options.Context = "v3", ""
	load := agent.read(options, config.SNMP{Profile: "load1"})
	if err := load.Read(t.Context())[0].Err; err != nil {
		t.Fatal(err)
	}
	boots := load.engine.boots
	for range 2 {
		agent.stop()
		agent.start()
		if err := load.Read(t.Context())[0].Err; err != nil {
			t.Fatal(err)
		}
	}
	if now := load.engine.boots; now != boots+2 {
		t.Errorf("the engine was started %d times, before it was %d", now, boots)
	}
}

func TestSnmpdsThatShareAnEngineIDAreToldApart(t *testing.T) {
	t.Parallel()
	options := authPriv("sha512", "aes256")
	options.Version, options.Context = "v3", ""
	lines := []string{"engineID cloned", fmt.Sprintf("createUser reader SHA-512 %q AES-256 %q", passphrase, otherPassphrase), "rouser reader priv"}
	first, second := startSNMPd(t, "127.53.1.1", lines...), startSNMPd(t, "127.53.1.2", lines...)
	second.stop()
	second.start() // now their boots differ
	of := config.SNMP{Profile: "load1"}
	agents := []*Agent{first.read(options, of), second.read(options, of)}
	for range 3 {
		for _, agent := range agents {
			if err := agent.Read(t.Context())[0].Err; err != nil {
				t.Fatal(err)
			}
		}
	}
	a, b := agents[0].engine, agents[1].engine
	if a.id != b.id || a.boots == b.boots {
		t.Errorf("engines %x and %x, boots %d and %d: the test wants one ID and two clocks", a.id, b.id, a.boots, b.boots)
	}
}

func TestWhatSnmpdReportsIsExplained(t *testing.T) {
	t.Parallel()
	agent := startSNMPd(t, "127.53.0.4",
		fmt.Sprintf("createUser reader SHA-256 %q AES %q", passphrase, otherPassphrase), "rouser reader auth",
		fmt.Sprintf("createUser authonly SHA-256 %q", passphrase), "rouser authonly auth")
	for about, change := range map[string]func(*Options){
		"usmStatsUnknownUserNames":     func(o *Options) { o.User = "stranger" },
		"usmStatsWrongDigests":         func(o *Options) { o.Auth.Passphrase = secret.New("not the passphrase") },
		"usmStatsUnsupportedSecLevels": func(o *Options) { o.User = "authonly" },
		"AuthorizationError":           func(o *Options) { o.Auth, o.Privacy = config.SNMPKey{}, config.SNMPKey{} },
		// snmpd is silent about these two.
		"passphrase under privacy": func(o *Options) { o.Privacy.Passphrase, o.Timeout = secret.New("not the passphrase"), hasty },
		"context right":            func(o *Options) { o.Context, o.Timeout = "elsewhere", hasty },
	} {
		options := authPriv("sha256", "aes")
		options.Version, options.Context, options.Timeout = "v3", "", patient
		change(&options)
		says(t, reader(t, agent.at, options, config.SNMP{Profile: "load1"}).Read(t.Context())[0].Err, about)
	}
}
