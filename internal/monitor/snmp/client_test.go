package snmp

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reply makes the datagrams that an agent sends for a request.
type reply func(request *gosnmp.SnmpPacket) [][]byte

// agent is an SNMP agent on loopback that replies as told.
func agent(t *testing.T, reply reply) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	go func() {
		defer close(ended)
		buffer := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			request, err := decode(buffer[:n])
			if err != nil {
				t.Errorf("our own request cannot be decoded: %v", err)
				return
			}
			for _, datagram := range reply(request) {
				_, _ = conn.WriteToUDPAddrPort(datagram, from)
			}
		}
	}()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// answerTo is the right answer: the uptime and 7 for each object.
func answerTo(request *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
	answer := &gosnmp.SnmpPacket{
		Version: request.Version, Community: request.Community,
		PDUType: gosnmp.GetResponse, RequestID: request.RequestID,
	}
	for i, asked := range request.Variables {
		variable := gosnmp.SnmpPDU{Name: asked.Name, Type: gosnmp.Gauge32, Value: uint32(7)}
		if i == 0 {
			variable = gosnmp.SnmpPDU{Name: asked.Name, Type: gosnmp.TimeTicks, Value: uint32(1234)}
		}
		answer.Variables = append(answer.Variables, variable)
	}
	return answer
}

func bytesOf(packet *gosnmp.SnmpPacket) []byte {
	datagram, err := packet.MarshalMsg()
	if err != nil {
		panic(err)
	}
	return datagram
}

// altered replies with the right answer after a change to it.
func altered(change func(*gosnmp.SnmpPacket)) reply {
	return func(request *gosnmp.SnmpPacket) [][]byte {
		answer := answerTo(request)
		change(answer)
		return [][]byte{bytesOf(answer)}
	}
}

func get(t *testing.T, at netip.AddrPort, timeout time.Duration, retries int) (Answer, error) {
	t.Helper()
	client, err := NewClient(Options{Port: at.Port(), Community: secret.New("public"), Timeout: timeout, Retries: retries})
	if err != nil {
		t.Fatal(err)
	}
	return client.Get(t.Context(), at.Addr(), []string{".1.3.6.1.4.1.1.0", ".1.3.6.1.4.1.2.0"})
}

const patient, hasty = 10 * time.Second, 30 * time.Millisecond

func TestGetReturnsOneValueForEachObject(t *testing.T) {
	t.Parallel()
	answer, err := get(t, agent(t, altered(func(*gosnmp.SnmpPacket) {})), patient, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Value{gaugeOf(7), gaugeOf(7)}; !slices.Equal(answer.Values, want) {
		t.Errorf("values %v, want %v", answer.Values, want)
	}
	if answer.Uptime != 12340*time.Millisecond {
		t.Errorf("uptime %v, want 12.34s", answer.Uptime)
	}
}

func TestAnswersThatAreNotOursAreIgnored(t *testing.T) {
	t.Parallel()
	forgeries := map[string]func(*gosnmp.SnmpPacket){
		"request ID 0":            func(p *gosnmp.SnmpPacket) { p.RequestID = 0 },
		"another request ID":      func(p *gosnmp.SnmpPacket) { p.RequestID ^= 1 },
		"another community":       func(p *gosnmp.SnmpPacket) { p.Community = "private" },
		"another version":         func(p *gosnmp.SnmpPacket) { p.Version = gosnmp.Version1 },
		"a request for an answer": func(p *gosnmp.SnmpPacket) { p.PDUType = gosnmp.GetRequest },
	}
	for name, forge := range forgeries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			silentButFor := agent(t, altered(forge))
			if _, err := get(t, silentButFor, hasty, 0); err == nil || !strings.Contains(err.Error(), "no answer") {
				t.Errorf("got %v, want no answer", err)
			}
			followedByTheTruth := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
				forged := answerTo(request)
				forge(forged)
				return [][]byte{bytesOf(forged), {0x30}, bytesOf(answerTo(request))}
			})
			if _, err := get(t, followedByTheTruth, patient, 0); err != nil {
				t.Errorf("the true answer was not waited for: %v", err)
			}
		})
	}
}

func TestWrongAnswersAreErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*gosnmp.SnmpPacket)
		says   string
	}{
		"another object":  {func(p *gosnmp.SnmpPacket) { p.Variables[1].Name = ".1.3.6.1.4.1.3.0" }, "asked was .1.3.6.1.4.1.1.0"},
		"another order":   {func(p *gosnmp.SnmpPacket) { slices.Reverse(p.Variables[1:]) }, "asked was"},
		"too few objects": {func(p *gosnmp.SnmpPacket) { p.Variables = p.Variables[:2] }, "answered 2 objects, 3 were asked"},
		"no uptime":       {func(p *gosnmp.SnmpPacket) { p.Variables[0].Type, p.Variables[0].Value = gosnmp.NoSuchObject, nil }, "sysUpTime.0"},
		"an error status": {func(p *gosnmp.SnmpPacket) { p.Error = gosnmp.TooBig }, "TooBig"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := get(t, agent(t, altered(test.change)), patient, 0)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want an error about %q", err, test.says)
			}
		})
	}
}

func TestALostDatagramIsAskedAgain(t *testing.T) {
	t.Parallel()
	asked := 0
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		if asked++; asked == 1 {
			return nil
		}
		return [][]byte{bytesOf(answerTo(request))}
	})
	if _, err := get(t, at, 500*time.Millisecond, 5); err != nil {
		t.Error(err)
	}
}

func TestASilentAgentIsAskedAsOftenAsConfigured(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	at := agent(t, func(*gosnmp.SnmpPacket) [][]byte {
		asked <- struct{}{}
		return [][]byte{{}, {0x30, 0x80}, []byte("not SNMP at all")}
	})
	_, err := get(t, at, hasty, 2)
	if err == nil || !strings.Contains(err.Error(), "no answer in 3 × 30ms: is snmpd running there") {
		t.Errorf("got %v", err)
	}
	for range 3 {
		<-asked
	}
}

func TestAClosedPortIsToldAtOnce(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	at := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	_ = conn.Close()
	if _, err := get(t, at, patient, 0); err == nil || !strings.HasSuffix(err.Error(), ": nobody listens on that port: is snmpd running and its agentAddress this one? (connection refused)") {
		t.Errorf("got %v, want to hear that nobody listens", err)
	}
}

func TestCancellingEndsTheWait(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	at := agent(t, func(*gosnmp.SnmpPacket) [][]byte {
		cancel()
		return nil
	})
	client, err := NewClient(Options{Port: at.Port(), Timeout: time.Hour, Retries: 9})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Get(ctx, at.Addr(), []string{".1.3.6.1.4.1.1.0"}); err == nil {
		t.Error("a cancelled call returned an answer")
	}
}

func TestAgentReadsAllQuantitiesInOnePDU(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		asked.Add(1)
		answer := answerTo(request)
		answer.Variables[1].Type, answer.Variables[1].Value = gosnmp.NoSuchInstance, nil
		return [][]byte{bytesOf(answer)}
	})
	client, err := NewClient(Options{Port: at.Port(), Community: secret.New("public"), Timeout: patient})
	if err != nil {
		t.Fatal(err)
	}
	missing := quantity(t, config.SNMP{OID: ".1.3.6.1.4.1.1.0", Scale: 1})
	load := quantity(t, config.SNMP{Profile: "load1"})
	readings := NewAgent(client, at.Addr(), []Quantity{missing, load}).Read(t.Context())
	if why := readings[0].Sample.Why(); why != policy.Absent {
		t.Errorf("the object that the agent lacks is %s, want absent", why)
	}
	if value, ok := readings[1].Sample.Value(); !ok || value != 0.07 {
		t.Errorf("load1 is %v (%v), want 0.07", value, readings[1].Err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestErrorsDoNotShowTheCommunity(t *testing.T) {
	t.Parallel()
	const community = "hush-hush"
	client, err := NewClient(Options{Port: 9, Community: secret.New(community), Timeout: hasty})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Get(t.Context(), netip.MustParseAddr("127.0.0.1"), []string{".1.3"})
	if err == nil || strings.Contains(err.Error(), community) {
		t.Errorf("got %v", err)
	}
}

func TestNewClientRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for says, options := range map[string]Options{
		"port":      {Timeout: time.Second},
		"timeout":   {Port: 161},
		"retries":   {Port: 161, Timeout: time.Second, Retries: -1},
		"community": {Port: 161, Timeout: time.Second, Community: secret.New(strings.Repeat("x", 128))},
	} {
		if _, err := NewClient(options); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want an error about the %s", err, says)
		}
	}
}
