package snmp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestAnAnswerHasOneValueForEachObject(t *testing.T) {
	t.Parallel()
	answer, err := get(t, agent(t, altered(func(*gosnmp.SnmpPacket) {})), patient, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Value{gaugeOf(7), gaugeOf(7)}; !slices.Equal(answer.values, want) {
		t.Errorf("values %v, want %v", answer.values, want)
	}
	if answer.uptime != 12340*time.Millisecond {
		t.Errorf("uptime %v, want 12.34s", answer.uptime)
	}
}

func TestAnswersThatAreNotOursAreDroppedAndCounted(t *testing.T) {
	t.Parallel()
	forgeries := map[string]struct {
		change func(*gosnmp.SnmpPacket)
		reason string
	}{
		"request ID 0":            {func(p *gosnmp.SnmpPacket) { p.RequestID = 0 }, dropIDZero},
		"another request ID":      {func(p *gosnmp.SnmpPacket) { p.RequestID ^= 1 << 20 }, dropID},
		"another community":       {func(p *gosnmp.SnmpPacket) { p.Community = "private" }, dropCommunity},
		"another version":         {func(p *gosnmp.SnmpPacket) { p.Version = gosnmp.Version1 }, dropVersion},
		"a request for an answer": {func(p *gosnmp.SnmpPacket) { p.PDUType = gosnmp.GetRequest }, dropType},
		"another object":          {func(p *gosnmp.SnmpPacket) { p.Variables[1].Name = ".1.3.6.1.4.1.3.0" }, dropObjects},
		"another order":           {func(p *gosnmp.SnmpPacket) { slices.Reverse(p.Variables[1:]) }, dropObjects},
		"too few objects":         {func(p *gosnmp.SnmpPacket) { p.Variables = p.Variables[:2] }, dropObjects},
		"too many objects":        {func(p *gosnmp.SnmpPacket) { p.Variables = append(p.Variables, p.Variables[2]) }, dropObjects},
		"more than can be asked": {func(p *gosnmp.SnmpPacket) {
			p.Variables[1].Type, p.Variables[1].Value = gosnmp.OctetString, strings.Repeat("x", 3*maxDatagram)
		}, dropOversize},
	}
	for name, forgery := range forgeries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			silentButFor := agent(t, altered(forgery.change))
			_, err := get(t, silentButFor, hasty, 0)
			says(t, err, "no answer in 1 × 30ms that can be believed")

			followedByTheTruth := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
				forged := answerTo(request)
				forgery.change(forged)
				return [][]byte{bytesOf(forged), {0x30}, bytesOf(answerTo(request))}
			})
			var counted drops
			if _, err := getFrom(t, followedByTheTruth, Options{Timeout: patient, Dropped: counted.note}); err != nil {
				t.Errorf("the true answer was not waited for: %v", err)
			}
			if counted.of(forgery.reason) != 1 || counted.of(dropMalformed) != 1 {
				t.Errorf("dropped %v, want one for %s and one malformed", counted.counts, forgery.reason)
			}
		})
	}
}

func TestEveryReasonForDroppingIsListed(t *testing.T) {
	t.Parallel()
	sorted := slices.Sorted(slices.Values(DropReasons))
	if len(slices.Compact(sorted)) != 14 {
		t.Errorf("the reasons are %q", DropReasons)
	}
}

func TestWhatCannotBeAnAnswerIsMalformed(t *testing.T) {
	t.Parallel()
	whole := bytesOf(answerTo(&gosnmp.SnmpPacket{Version: gosnmp.Version2c, Community: "public", Variables: []gosnmp.SnmpPDU{{Name: sysUpTime}}}))
	nested := slices.Concat(slices.Repeat([]byte{0x30, 0x82, 0x1f, 0xff}, 2000), whole)
	for name, datagram := range map[string][]byte{
		"empty": {}, "one byte": {0x30}, "no SNMP": []byte("HTTP/1.1 200 OK"), "indefinite length": {0x30, 0x80},
		"cut short": whole[:len(whole)-3], "nested deeply": nested, "followed by more": append(slices.Clone(whole), 0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var counted drops
			at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte { return [][]byte{datagram, bytesOf(answerTo(request))} })
			if _, err := getFrom(t, at, Options{Timeout: patient, Dropped: counted.note}); err != nil {
				t.Error(err)
			}
			if counted.of(dropMalformed) != 1 {
				t.Errorf("dropped %v, want one malformed", counted.counts)
			}
		})
	}
}

func TestWhatTheAgentRefusesIsAnError(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*gosnmp.SnmpPacket)
		says   string
	}{
		"no uptime":      {func(p *gosnmp.SnmpPacket) { p.Variables[0].Type, p.Variables[0].Value = gosnmp.NoSuchObject, nil }, "sysUpTime.0"},
		"an error":       {func(p *gosnmp.SnmpPacket) { p.Error = gosnmp.GenErr }, "GenErr"},
		"nothing at all": {func(p *gosnmp.SnmpPacket) { p.Error, p.Variables = gosnmp.AuthorizationError, nil }, "AuthorizationError"},
		"always too big": {func(p *gosnmp.SnmpPacket) { p.Error, p.Variables = gosnmp.TooBig, nil }, "too big"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := get(t, agent(t, altered(test.change)), patient, 0)
			says(t, err, test.says)
		})
	}
}

// many are objects for several PDUs.
func many(n int) []string {
	objects := make([]string, n)
	for i := range objects {
		objects[i] = fmt.Sprintf(".1.3.6.1.4.1.1.%d.0", i)
	}
	return objects
}

func TestDuplicatesAndLateAnswersOfTheSameCallAreDropped(t *testing.T) {
	t.Parallel()
	var before [][]byte
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		answer := bytesOf(answerTo(request))
		datagrams := append(slices.Clone(before), answer) // the earlier ones overtake, as in a network that reorders
		before = append(before, answer)
		return datagrams
	})
	var counted drops
	got, err := getFrom(t, at, Options{Timeout: patient, Dropped: counted.note}, many(3*maxObjects)...)
	if err != nil || len(got.values) != 3*maxObjects {
		t.Fatalf("%d values, %v", len(got.values), err)
	}
	if n := counted.of(dropLate); n != 1+2 {
		t.Errorf("dropped %v, want 3 late ones", counted.counts)
	}
}

func TestWhatAnotherPortSendsDoesNotArrive(t *testing.T) {
	t.Parallel()
	request := make(chan []byte, 1)
	at := agent(t, func(asked *gosnmp.SnmpPacket) [][]byte {
		request <- bytesOf(answerTo(asked))
		return nil
	})
	p := client(t, Options{Port: at.Port(), Timeout: patient}).peer(at.Addr())
	c, err := p.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	stranger, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	forged := make(chan struct{})
	go func() {
		defer close(forged)
		datagram := <-request
		for range 10 {
			_, _ = stranger.WriteToUDP(datagram, c.conn.LocalAddr().(*net.UDPAddr))
		}
		cancel()
	}()
	stop := context.AfterFunc(ctx, func() { _ = c.conn.Close() })
	defer stop()
	if _, err := c.get(ctx, twoObjects); err == nil {
		t.Error("the answer of a stranger, right in all else, was believed")
	}
	<-forged
}

func TestAFloodDoesNotHideTheAnswer(t *testing.T) {
	t.Parallel()
	garbage := slices.Repeat([]byte{0xa5}, 60_000)
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		forged := answerTo(request)
		forged.RequestID ^= 1 << 20
		datagrams := make([][]byte, 0, 12)
		for range 5 { // more would overflow the socket, as they could in truth: then it is asked again
			datagrams = append(datagrams, bytesOf(forged))
		}
		return append(datagrams, garbage, bytesOf(answerTo(request)))
	})
	if _, err := get(t, at, time.Second, 10); err != nil {
		t.Error(err)
	}
}

func TestAnAgentThatSaysTooBigIsAskedForLess(t *testing.T) {
	t.Parallel()
	sizes := make(chan int, 100)
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		sizes <- len(request.Variables) - 1
		answer := answerTo(request)
		if len(request.Variables) > 12 {
			answer.Error, answer.Variables = gosnmp.TooBig, nil
		}
		return [][]byte{bytesOf(answer)}
	})
	p := client(t, Options{Port: at.Port(), Timeout: patient}).peer(at.Addr())
	for range 2 {
		got, err := within(t, p, func(ctx context.Context, c *call) (answer, error) { return c.get(ctx, many(40)) })
		if err != nil || len(got.values) != 40 {
			t.Fatalf("%d values, %v", len(got.values), err)
		}
	}
	var asked []int
	for len(sizes) > 0 {
		asked = append(asked, <-sizes)
	}
	if want := []int{40, 20, 10, 10, 10, 10, 10, 10, 10, 10}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v objects, want %v: halved until they fit, and remembered", asked, want)
	}
}

func TestAnAgentThatRestartsBetweenTwoPartsHasNoAnswer(t *testing.T) {
	t.Parallel()
	uptime := uint32(1000)
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		answer := answerTo(request)
		answer.Variables[0].Value = uptime
		uptime = 10
		return [][]byte{bytesOf(answer)}
	})
	_, err := getFrom(t, at, Options{Timeout: patient}, many(maxObjects+1)...)
	says(t, err, "restarted while it was read")
}

func TestV1AgentsAreReadWithoutWhatTheyLack(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour, cell(".1.3.6.1.4.1.1.0", gosnmp.Gauge32, uint32(1)), cell(".1.3.6.1.4.1.2.0", gosnmp.Counter64, uint64(2)), cell(".1.3.6.1.4.1.4.0", gosnmp.Gauge32, uint32(4)))
	got, err := getFrom(t, agent(t, m.replies), Options{Version: "v1", Timeout: patient},
		".1.3.6.1.4.1.1.0", ".1.3.6.1.4.1.2.0", ".1.3.6.1.4.1.3.0", ".1.3.6.1.4.1.4.0")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{1, 0, 0, 4} {
		if value := got.values[i]; value.number() != want || (want == 0) != (value.kind == nothing) {
			t.Errorf("object %d is %+v, want %v", i, value, want)
		}
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
	var asked atomic.Int32
	at := agent(t, func(*gosnmp.SnmpPacket) [][]byte {
		asked.Add(1)
		return nil
	})
	for range 100 { // on a busy machine, time can be up before the last one
		before := asked.Load()
		_, err := get(t, at, hasty, 2)
		says(t, err, "no answer in 3 × 30ms: is snmpd running there")
		switch times := asked.Load() - before; {
		case times == 3:
			return
		case times > 3:
			t.Fatalf("asked %d times, want 3", times)
		}
	}
	t.Error("never asked 3 times in 100 calls")
}

func TestAClosedPortIsToldAtOnce(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	at := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	_ = conn.Close()
	agent := reader(t, at, Options{Timeout: patient}, config.SNMP{Profile: "load1"})
	if err := agent.Read(t.Context())[0].Err; err == nil ||
		err.Error() != fmt.Sprintf("snmp %s: nobody listens on that port: is snmpd running and its agentAddress this one? (connection refused)", at) {
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
	agent := reader(t, at, Options{Timeout: time.Hour, Retries: 9}, config.SNMP{Profile: "load1"})
	if why := agent.Read(ctx)[0].Sample.Why(); why != policy.Failed {
		t.Errorf("a cancelled reading is %s", why)
	}
}

func TestErrorsDoNotShowTheCommunity(t *testing.T) {
	t.Parallel()
	const community = "hush-hush"
	at := agent(t, altered(func(p *gosnmp.SnmpPacket) { p.Community += "!" }))
	_, err := getFrom(t, at, Options{Community: secret.New(community), Timeout: hasty})
	if err == nil || strings.Contains(err.Error(), community) {
		t.Errorf("got %v", err)
	}
}

func TestNewClientRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	good := config.SNMPKey{Protocol: "sha256", Passphrase: secret.New("long enough")}
	v3 := func(change func(*Options)) Options {
		o := Options{Port: 161, Timeout: time.Second, Version: "v3", User: "reader", Auth: good, Privacy: config.SNMPKey{Protocol: "aes", Passphrase: good.Passphrase}}
		change(&o)
		return o
	}
	tests := map[string]Options{
		"port":                          {Timeout: time.Second},
		"timeout":                       {Port: 161},
		"retries":                       {Port: 161, Timeout: time.Second, Retries: -1},
		"community":                     {Port: 161, Timeout: time.Second, Community: secret.New(strings.Repeat("x", 128))},
		`version "v4"`:                  {Port: 161, Timeout: time.Second, Version: "v4"},
		"1 to 32":                       v3(func(o *Options) { o.User = "" }),
		"has 33 bytes":                  v3(func(o *Options) { o.User = strings.Repeat("u", 33) }),
		"context":                       v3(func(o *Options) { o.Context = strings.Repeat("c", 33) }),
		"privacy without auth":          v3(func(o *Options) { o.Auth = config.SNMPKey{} }),
		`auth protocol "sha3"`:          v3(func(o *Options) { o.Auth.Protocol = "sha3" }),
		`privacy protocol "3des"`:       v3(func(o *Options) { o.Privacy.Protocol = "3des" }),
		"passphrase of auth is shorter": v3(func(o *Options) { o.Auth.Passphrase = secret.New("short") }),
	}
	for about, options := range tests {
		_, err := NewClient(options)
		says(t, err, about)
		if err != nil && strings.Contains(err.Error(), "long enough") {
			t.Errorf("%v shows a passphrase", err)
		}
	}
	if _, err := NewClient(v3(func(*Options) {})); err != nil {
		t.Error(err)
	}
}

func TestACallTakesNoLongerThanItsBound(t *testing.T) {
	t.Parallel()
	c := client(t, Options{Port: 161, Timeout: 2 * time.Second, Retries: 2})
	if c.Bound() != 6*time.Second {
		t.Errorf("the bound is %v", c.Bound())
	}
	made, err := c.peer(netip.MustParseAddr("127.0.0.1")).dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer made.close()
	made.until = time.Now().Add(-time.Second) // its time is over, whatever is still to be asked
	_, err = made.walk(t.Context(), ".1.3.6")
	says(t, err, "no answer")
}
