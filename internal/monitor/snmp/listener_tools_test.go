package snmp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// shutdown is net-snmp's notification that an agent stops, below its notices.
const shutdown, notices = ".1.3.6.1.4.1.8072.4.0.2", "1.3.6.1.4.1.8072.4"

// station is a listener on loopback, and what became of each datagram, in order.
type station struct {
	*Listener
	at     netip.AddrPort
	events chan string
	stop   func()
}

func listen(t *testing.T, senders ...config.TrapSender) *station {
	t.Helper()
	return listenAt(t, "127.0.0.1:0", func(*Listener) {}, senders...)
}

// listenAt prepares the listener before it runs.
func listenAt(t *testing.T, address string, prepare func(*Listener), senders ...config.TrapSender) *station {
	t.Helper()
	conn, err := net.ListenPacket("udp", address)
	// A program that is being started has all sockets for a moment, also one that was closed.
	for begun := time.Now(); errors.Is(err, syscall.EADDRINUSE) && time.Since(begun) < patient; runtime.Gosched() {
		conn, err = net.ListenPacket("udp", address)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &station{at: conn.LocalAddr().(*net.UDPAddr).AddrPort(), events: make(chan string, 1000)}
	s.Listener, err = NewListener(conn, ListenerOptions{
		Senders: senders,
		Handle:  func(trap Trap) { s.events <- told(trap) },
		Dropped: func(reason string, from netip.Addr) { s.events <- "dropped " + reason + " from " + from.String() },
	})
	if err != nil {
		t.Fatal(err)
	}
	prepare(s.Listener)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

func told(trap Trap) string {
	kind := "trap"
	if trap.Inform {
		kind = "inform"
	}
	return fmt.Sprintf("%s %s %s from %s", trap.Version, kind, trap.OID, trap.From)
}

// wants waits for the next events.
func (s *station) wants(t *testing.T, events ...string) {
	t.Helper()
	for _, want := range events {
		select {
		case got := <-s.events:
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		case <-time.After(patient):
			t.Fatalf("nothing came, want %q", want)
		}
	}
}

// wantsNoMore wants that there are no further events. Each datagram was answered, or
// dropped, before.
func (s *station) wantsNoMore(t *testing.T) {
	t.Helper()
	select {
	case got := <-s.events:
		t.Errorf("got %q too", got)
	default:
	}
}

// tool runs one of net-snmp's, which notifies the station, and returns what it says.
func (s *station) tool(t *testing.T, name string, arguments ...string) (said string, err error) {
	t.Helper()
	program, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("AUTOSCALED_REQUIRE_TOOLS") != "":
		t.Fatalf("%s is missing: run test/setup.sh", name)
	default:
		t.Skipf("%s is missing: run test/setup.sh", name)
	}
	// Without -m and -M it looks for descriptions of objects; with -t and -r it waits for an answer.
	arguments = append([]string{"-m", "", "-M", t.TempDir(), "-t", "10", "-r", "1"}, arguments...)
	arguments = append(arguments, s.at.String())
	if slices.Contains(arguments, "-v1") {
		arguments = append(arguments, shutdown, "", "6", "1", "") // enterprise, agent, kinds and uptime
	} else {
		arguments = append(arguments, "", shutdown, "1.3.6.1.4.1.8072.4.1.0", "s", "busy", "1.3.6.1.4.1.8072.4.2.0", "i", "-7")
	}
	run := exec.Command(program, arguments...)
	state := t.TempDir()
	run.Env = append(os.Environ(), "MIBS=", "SNMPCONFPATH="+state, "SNMP_PERSISTENT_DIR="+state)
	output, err := run.CombinedOutput()
	return string(output), err
}

// notify wants the tool to succeed.
func (s *station) notify(t *testing.T, name string, arguments ...string) {
	t.Helper()
	if said, err := s.tool(t, name, arguments...); err != nil {
		t.Errorf("%s: %v\n%s", name, err, said)
	}
}

var neighbours = netip.MustParsePrefix("127.0.0.1/32")

func inV2c(community string) config.TrapSender {
	return config.TrapSender{From: neighbours, Community: secret.New(community)}
}

// by is the sender of v3 that the options' user is.
func by(o Options) config.TrapSender {
	return config.TrapSender{From: neighbours, User: o.User, Auth: o.Auth, Privacy: o.Privacy}
}

// credentials are the arguments that make net-snmp's tools the options' user.
func credentials(o Options) []string {
	arguments := []string{"-v3", "-u", o.User, "-l", "noAuthNoPriv"}
	if o.Auth.Protocol != "" {
		arguments = append(arguments, "-l", "authNoPriv", "-a", netSNMPAuth[o.Auth.Protocol], "-A", o.Auth.Passphrase.Reveal())
	}
	if o.Privacy.Protocol != "" {
		arguments = append(arguments, "-l", "authPriv", "-x", netSNMPPrivacy[o.Privacy.Protocol], "-X", o.Privacy.Passphrase.Reveal())
	}
	return arguments
}

// trapEngine is the arguments by which a trap of v3 has an engine.
var trapEngine = []string{"-e", "0x80001f8880aabbccdd"}

func TestNetSnmpsTrapsAndInformsOfV2cAreReceived(t *testing.T) {
	t.Parallel()
	s := listen(t, inV2c("other"), inV2c("hush-hush"))
	s.notify(t, "snmptrap", "-v2c", "-c", "hush-hush")
	s.wants(t, "v2c trap "+shutdown+" from 127.0.0.1")
	s.notify(t, "snmpinform", "-v2c", "-c", "hush-hush")
	s.wants(t, "v2c inform "+shutdown+" from 127.0.0.1")
	s.wantsNoMore(t)
}

func TestNetSnmpsTrapsAndInformsOfV3AreReceived(t *testing.T) {
	t.Parallel()
	ways := map[string]Options{"nobody": noAuth()}
	for auth := range authProtocols {
		ways[auth] = authOnly(auth)
		ways[auth+"-aes"] = authPriv(auth, "aes")
	}
	for privacy := range privacyProtocols {
		ways["sha256-"+privacy] = authPriv("sha256", privacy)
		ways["md5-"+privacy] = authPriv("md5", privacy)
	}
	var senders []config.TrapSender
	for name, way := range ways {
		way.User = name
		ways[name] = way
		senders = append(senders, by(way))
	}
	s := listen(t, senders...)
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			s.notify(t, "snmptrap", append(trapEngine, credentials(way)...)...)
			s.wants(t, "v3 trap "+shutdown+" from 127.0.0.1")
			s.notify(t, "snmpinform", credentials(way)...)
			s.wants(t, "v3 inform "+shutdown+" from 127.0.0.1")
			s.wantsNoMore(t)
		})
	}
}

func TestWhatNetSnmpSendsWithoutProofIsDropped(t *testing.T) {
	t.Parallel()
	ours, wrong := authPriv("sha256", "aes"), authPriv("sha256", "aes")
	wrong.Auth.Passphrase = secret.New("not the passphrase")
	undecipherable := authPriv("sha256", "aes")
	undecipherable.Privacy.Passphrase = secret.New("not the passphrase")
	stranger := authPriv("sha256", "aes")
	stranger.User = "stranger"
	hurried := []string{"-t", "0.1", "-r", "0"} // since nothing that it understands will be answered
	for name, test := range map[string]struct {
		tool      string
		arguments []string
		reason    string
		says      string // of the tool that waits for an answer
	}{
		"a trap of v1":                    {"snmptrap", []string{"-v1", "-c", "hush-hush"}, dropVersion, ""},
		"a community that is not ours":    {"snmptrap", []string{"-v2c", "-c", "public"}, dropCommunity, ""},
		"an address of nobody":            {"snmptrap", []string{"--clientaddr=127.0.0.2", "-v2c", "-c", "hush-hush"}, dropSender, ""},
		"a trap of another key":           {"snmptrap", append(trapEngine, credentials(wrong)...), dropAuthentication, ""},
		"a trap in another cipher":        {"snmptrap", append(trapEngine, credentials(undecipherable)...), dropDecryption, ""},
		"a trap of another user":          {"snmptrap", append(trapEngine, credentials(stranger)...), dropAuthentication, ""},
		"a trap that is less secured":     {"snmptrap", append(trapEngine, credentials(authOnly("sha256"))...), dropLevel, ""},
		"a trap that is not secured":      {"snmptrap", append(trapEngine, credentials(noAuth())...), dropLevel, ""},
		"an inform of another key":        {"snmpinform", credentials(wrong), dropAuthentication, "Authentication failure"},
		"an inform of another user":       {"snmpinform", credentials(stranger), dropAuthentication, "Unknown user name"},
		"an inform that is less secured":  {"snmpinform", credentials(authOnly("sha256")), dropLevel, "Unsupported security level"},
		"an inform that is not secured":   {"snmpinform", credentials(noAuth()), dropLevel, "Unsupported security level"},
		"an inform in another cipher":     {"snmpinform", credentials(undecipherable), dropDecryption, "Decryption error"},
		"an inform to another engine":     {"snmpinform", append(slices.Concat(trapEngine, hurried), credentials(ours)...), dropEngine, "Timeout"},
		"an inform from a foreign source": {"snmpinform", append(slices.Concat([]string{"--clientaddr=127.0.0.2"}, hurried), credentials(ours)...), dropSender, "Timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, inV2c("hush-hush"), by(ours))
			said, err := s.tool(t, test.tool, test.arguments...)
			if failed := err != nil; failed != (test.tool == "snmpinform") || !strings.Contains(said, test.says) {
				t.Errorf("%s: %v\n%s", test.tool, err, said)
			}
			from := "127.0.0.1"
			if test.reason == dropSender {
				from = "127.0.0.2"
			}
			s.wants(t, "dropped "+test.reason+" from "+from)
			s.wantsNoMore(t)
		})
	}
}

func TestNetSnmpIsToldOurTimeWhenItHasAnother(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]Options{"authNoPriv": authOnly("sha256"), "authPriv": authPriv("sha512", "aes256")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, by(way))
			s.notify(t, "snmpinform", append([]string{"-e", "0x" + s.EngineID(), "-Z", "7,7"}, credentials(way)...)...)
			s.wants(t, "dropped time_window from 127.0.0.1", "v3 inform "+shutdown+" from 127.0.0.1")
			s.wantsNoMore(t)
		})
	}
}

func TestSnmpdsInformsOutliveOurRestart(t *testing.T) {
	t.Parallel()
	reader := authPriv("sha256", "aes")
	yesterday := func(l *Listener) {
		l.self.boots -= 24 * 60 * 60
		l.senders[0].self.boots = l.self.boots
	}
	// A port that no socket gets by chance, so that it is free when it is opened again.
	place := fmt.Sprintf("127.53.%d.%d:10162", 100+rand.IntN(100), 1+rand.IntN(250))
	before := listenAt(t, place, yesterday, by(reader))
	agent := startSNMPd(t, "127.53.0.7", "authtrapenable 1",
		fmt.Sprintf("trapsess -Ci -v 3 -l authPriv -u reader -a SHA-256 -A %q -x AES -X %q %s", passphrase, otherPassphrase, before.at))
	before.wants(t, "v3 inform "+coldStart+" from 127.0.0.1")
	before.stop()
	after := listenAt(t, place, func(*Listener) {}, by(reader))
	_, _ = getFrom(t, agent.at, Options{Community: secret.New("not-its-own"), Timeout: hasty})
	after.wants(t, "dropped time_window from 127.0.0.1", "v3 inform .1.3.6.1.6.3.1.1.5.5 from 127.0.0.1") // authenticationFailure
}

const coldStart = ".1.3.6.1.6.3.1.1.5.1"

var thresholdBlock = regexp.MustCompile("(?s)```[a-z]*\n(createUser internal.*?)```")

// TestTheDocumentedThresholdIsReported sets the documented agent up, with a threshold
// that any load passes.
func TestTheDocumentedThresholdIsReported(t *testing.T) {
	t.Parallel()
	blocks := thresholdBlock.FindAllStringSubmatch(page(t), -1)
	if len(blocks) != 1 {
		t.Fatalf("%d configurations of a threshold", len(blocks))
	}
	s := listen(t, config.TrapSender{
		From: neighbours, User: "autoscaled",
		Auth:    config.SNMPKey{Protocol: "sha256", Passphrase: secret.New("passphrase")},
		Privacy: config.SNMPKey{Protocol: "aes", Passphrase: secret.New("another passphrase")},
	})
	conf := strings.NewReplacer("10.0.0.9:10162", s.at.String(), "> 400", ">= 0").Replace(blocks[0][1])
	startSNMPd(t, "127.53.0.8", strings.Split(conf, "\n")...)
	s.wants(t, "v3 inform "+coldStart+" from 127.0.0.1", "v3 inform .1.3.6.1.2.1.88.2.0.1 from 127.0.0.1")
	if !strings.Contains(page(t), "{oid: 1.3.6.1.2.1.88.2.0.1}") {
		t.Error("the page does not name the notification")
	}
}
