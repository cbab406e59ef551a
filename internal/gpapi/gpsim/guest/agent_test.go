package guest

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"pgregory.net/rapid"
)

// aReading is of a machine that is on for ten minutes and was busy for two.
func aReading() reading {
	return reading{
		name:        "gc00000001",
		uptime:      10*time.Minute + 12*time.Millisecond,
		busy:        2*time.Minute + 9*time.Millisecond,
		minuteRatio: 0.425,
		load:        [3]float64{1.5, 0.5, 0.25},
		inBytes:     1 << 33,
		outBytes:    math.MaxUint64,
	}
}

// packet encodes a request with gosnmp.
func packet(t testing.TB, pdu gosnmp.PDUType, change func(*gosnmp.SnmpPacket), names ...string) []byte {
	t.Helper()
	p := &gosnmp.SnmpPacket{Version: gosnmp.Version2c, Community: community, PDUType: pdu, RequestID: 4711}
	for _, name := range names {
		p.Variables = append(p.Variables, gosnmp.SnmpPDU{Name: name, Type: gosnmp.Null})
	}
	if change != nil {
		change(p)
	}
	datagram, err := p.MarshalMsg()
	if err != nil {
		t.Fatal(err)
	}
	return datagram
}

func answerTo(datagram []byte) []byte { return respond(datagram, community, aReading) }

// decode reads an answer with gosnmp.
func decode(t testing.TB, answer []byte) *gosnmp.SnmpPacket {
	t.Helper()
	p, err := (&gosnmp.GoSNMP{Version: gosnmp.Version2c}).SnmpDecodePacket(answer)
	if err != nil {
		t.Fatalf("answer % x: %v", answer, err)
	}
	return p
}

func names(p *gosnmp.SnmpPacket) []string {
	var all []string
	for _, v := range p.Variables {
		all = append(all, v.Name)
	}
	return all
}

func TestGetAnswersEachNameWithItsValueOrTheReasonWhyNot(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]gosnmp.SnmpPDU{
		".1.3.6.1.2.1.1.2.0":             {Type: gosnmp.ObjectIdentifier, Value: ".1.3.6.1.4.1.8072.3.2.10"},
		".1.3.6.1.2.1.1.3.0":             {Type: gosnmp.TimeTicks, Value: uint32(60001)},
		".1.3.6.1.2.1.1.5.0":             {Type: gosnmp.OctetString, Value: []byte("gc00000001")},
		".1.3.6.1.2.1.25.3.3.1.2.196608": {Type: gosnmp.Integer, Value: 43},
		".1.3.6.1.2.1.31.1.1.1.6.2":      {Type: gosnmp.Counter64, Value: uint64(1 << 33)},
		".1.3.6.1.2.1.31.1.1.1.10.2":     {Type: gosnmp.Counter64, Value: uint64(math.MaxUint64)},
		".1.3.6.1.2.1.31.1.1.1.15.2":     {Type: gosnmp.Gauge32, Value: uint(1000)},
		".1.3.6.1.4.1.2021.10.1.2.3":     {Type: gosnmp.OctetString, Value: []byte("Load-15")},
		".1.3.6.1.4.1.2021.10.1.3.1":     {Type: gosnmp.OctetString, Value: []byte("1.50")},
		".1.3.6.1.4.1.2021.10.1.5.3":     {Type: gosnmp.Integer, Value: 25},
		".1.3.6.1.4.1.2021.11.50.0":      {Type: gosnmp.Counter32, Value: uint(9600)},
		".1.3.6.1.4.1.2021.11.52.0":      {Type: gosnmp.Counter32, Value: uint(2400)},
		".1.3.6.1.4.1.2021.11.53.0":      {Type: gosnmp.Counter32, Value: uint(48000)},
		".1.3.6.1.4.1.2021.11.54.0":      {Type: gosnmp.Counter32, Value: uint(0)},
		".1.3.6.1.4.1.2021.11.50.1":      {Type: gosnmp.NoSuchInstance},
		".1.3.6.1.2.1.25.3.3.1.2.1":      {Type: gosnmp.NoSuchInstance},
		".1.3.6.1.4.1.2021.11":           {Type: gosnmp.NoSuchObject},
		".1.3.6.1.4.1.9.9.109.1.1.1.1.7": {Type: gosnmp.NoSuchObject},
		".2.999.4294967295":              {Type: gosnmp.NoSuchObject},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := decode(t, answerTo(packet(t, gosnmp.GetRequest, nil, name)))
			want.Name = name
			if got := answer.Variables; len(got) != 1 || fmt.Sprintf("%#v", got[0]) != fmt.Sprintf("%#v", want) {
				t.Errorf("got %#v, want %#v", got, want)
			}
			if answer.RequestID != 4711 || answer.PDUType != gosnmp.GetResponse || answer.Error != 0 {
				t.Errorf("answer %+v: want a response without error to request 4711", answer)
			}
		})
	}
}

func TestANegativeRequestIDComesBackAsItWas(t *testing.T) {
	t.Parallel()
	varbinds := binding{oid{1, 3, 6, 1, 2, 1, 1, 3, 0}, value{tag: 0x05}}.appendTo(nil)
	pdu := slices.Concat([]byte{2, 4, 0xff, 0x00, 0x00, 0x01, 2, 1, 0, 2, 1, 0}, sequence(varbinds).bytes())
	message := slices.Concat([]byte{2, 1, 1}, octets(community).bytes(), value{pduGet, pdu}.bytes())
	answer := answerTo(sequence(message).bytes())
	if got, want := string(answer), "\x02\x04\xff\x00\x00\x01\x02\x01\x00\x02\x01\x00"; !strings.Contains(got, want) {
		t.Errorf("answer % x does not hold % x", got, want)
	}
}

func TestGetNextWalksEveryObjectInOrderAndEnds(t *testing.T) {
	t.Parallel()
	at, seen := ".1.3", 0
	for {
		v := decode(t, answerTo(packet(t, gosnmp.GetNextRequest, nil, at))).Variables[0]
		if v.Type == gosnmp.EndOfMibView {
			break
		}
		if v.Name == at {
			t.Fatalf("the walk stands still at %s", at)
		}
		at = v.Name
		seen++
	}
	if seen != len(mib) {
		t.Errorf("the walk saw %d objects, want %d", seen, len(mib))
	}
}

func TestGetBulkReadsSomeOnceAndRepeatsTheRest(t *testing.T) {
	t.Parallel()
	request := packet(t, gosnmp.GetBulkRequest, func(p *gosnmp.SnmpPacket) {
		p.NonRepeaters, p.MaxRepetitions = 1, 3
	}, ".1.3.6.1.2.1.1.3", ".1.3.6.1.4.1.2021.11.52", ".1.3.6.1.2.1.31.1.1.1.6")
	want := []string{
		".1.3.6.1.2.1.1.3.0",
		".1.3.6.1.4.1.2021.11.52.0", ".1.3.6.1.2.1.31.1.1.1.6.1",
		".1.3.6.1.4.1.2021.11.53.0", ".1.3.6.1.2.1.31.1.1.1.6.2",
		".1.3.6.1.4.1.2021.11.54.0", ".1.3.6.1.2.1.31.1.1.1.10.1",
	}
	if got := names(decode(t, answerTo(request))); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAGreedyGetBulkIsCutToOneDatagram(t *testing.T) {
	t.Parallel()
	request := packet(t, gosnmp.GetBulkRequest, func(p *gosnmp.SnmpPacket) {
		p.MaxRepetitions = math.MaxInt32
	}, slices.Repeat([]string{".1.3"}, 2000)...)
	answer := answerTo(request)
	if len(answer) > maxMessage || len(answer) < maxMessage-1024 {
		t.Errorf("the answer has %d octets, want just under %d", len(answer), maxMessage)
	}
	if p := decode(t, answer); p.Error != 0 {
		t.Errorf("error %v: a GetBulk that is cut is no error", p.Error)
	}
}

func TestAGetThatDoesNotFitIsTooBig(t *testing.T) {
	t.Parallel()
	request := packet(t, gosnmp.GetRequest, nil, slices.Repeat([]string{".1.3.6.1.2.1.1.1.0"}, 2500)...)
	if p := decode(t, answerTo(request)); p.Error != gosnmp.TooBig || len(p.Variables) != 0 {
		t.Errorf("error %v with %d variables, want tooBig with none", p.Error, len(p.Variables))
	}
}

func TestSetIsNotWritable(t *testing.T) {
	t.Parallel()
	request := packet(t, gosnmp.SetRequest, func(p *gosnmp.SnmpPacket) {
		p.Variables = []gosnmp.SnmpPDU{{Name: ".1.3.6.1.2.1.1.5.0", Type: gosnmp.OctetString, Value: "mine"}}
	})
	p := decode(t, answerTo(request))
	if p.Error != gosnmp.NotWritable || p.ErrorIndex != 1 || string(p.Variables[0].Value.([]byte)) != "mine" {
		t.Errorf("got error %v at %d with %v, want notWritable at 1 with the variable as sent", p.Error, p.ErrorIndex, p.Variables)
	}
}

func TestNoAnswerToWhatIsNotForThisAgent(t *testing.T) {
	t.Parallel()
	const name = ".1.3.6.1.2.1.1.3.0"
	good := packet(t, gosnmp.GetRequest, nil, name)
	for story, datagram := range map[string][]byte{
		"another community": packet(t, gosnmp.GetRequest, func(p *gosnmp.SnmpPacket) { p.Community = "public" }, name),
		"no community":      packet(t, gosnmp.GetRequest, func(p *gosnmp.SnmpPacket) { p.Community = "" }, name),
		"SNMPv1":            packet(t, gosnmp.GetRequest, func(p *gosnmp.SnmpPacket) { p.Version = gosnmp.Version1 }, name),
		"a response":        packet(t, gosnmp.GetResponse, nil, name),
		"a trap":            packet(t, gosnmp.SNMPv2Trap, nil, name),
		"trailing bytes":    append(slices.Clone(good), 0),
		"a cut datagram":    good[:len(good)-1],
		"an empty datagram": {},
	} {
		t.Run(story, func(t *testing.T) {
			t.Parallel()
			if answer := answerTo(datagram); answer != nil {
				t.Errorf("answered % x", answer)
			}
		})
	}
}

func TestCPUTicksAddUpToUptimeAndNeverGoBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var r, earlier reading
		for _, step := range rapid.SliceOfN(rapid.IntRange(0, 50_000), 1, 50).Draw(t, "steps_us") {
			r.uptime += time.Duration(step) * time.Microsecond
			r.busy += time.Duration(rapid.IntRange(0, step).Draw(t, "busy_us")) * time.Microsecond
			if r.userTicks() < earlier.userTicks() || r.systemTicks() < earlier.systemTicks() || r.idleTicks() < earlier.idleTicks() {
				t.Fatalf("a counter went back from %+v to %+v", earlier, r)
			}
			sum := r.userTicks() + r.systemTicks() + r.idleTicks()
			if up := r.upTicks(); sum > up || sum+1 < up {
				t.Fatalf("user, system and idle are %d ticks together, want %d or one less", sum, up)
			}
			earlier = r
		}
	})
}

func FuzzRespond(f *testing.F) {
	for _, pdu := range []gosnmp.PDUType{gosnmp.GetRequest, gosnmp.GetNextRequest, gosnmp.GetBulkRequest, gosnmp.SetRequest} {
		f.Add(packet(f, pdu, func(p *gosnmp.SnmpPacket) { p.MaxRepetitions = 20 }, ".1.3.6.1.2.1.1", ".1.3.6.1.4.1.2021.11.50.0", ".2.999"))
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		datagram = datagram[:min(len(datagram), 4096)]
		answer := answerTo(datagram)
		if answer == nil {
			return
		}
		if len(answer) > maxMessage {
			t.Fatalf("the answer has %d octets", len(answer))
		}
		request, err := parseRequest(datagram, community)
		if err != nil {
			t.Fatalf("answered what it cannot read: %v", err)
		}
		response, err := parseRequest(answer, community)
		if err != nil || response.pdu != pduResponse || response.id != request.id {
			t.Fatalf("answer % x to request %d: %+v, %v", answer, request.id, response, err)
		}
		if request.pdu != pduSet && request.id >= 0 {
			decode(t, answer)
		}
	})
}

// tool finds a program of net-snmp, or skips the test.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("AUTOSCALED_REQUIRE_TOOLS") == "" {
		t.Skipf("%s is not installed (Debian package snmp)", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestNetSNMPReadsTheAgent(t *testing.T) {
	t.Parallel()
	machine := newMachine(t, nil)
	run := func(program string, args ...string) string {
		t.Helper()
		args = append([]string{"-v2c", "-c", community, "-On", "-m", "", "-t", "10"}, args...)
		out, err := exec.CommandContext(t.Context(), tool(t, program), args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", program, err, out)
		}
		return string(out)
	}
	got := run("snmpget", machine.snmp.String(), "1.3.6.1.2.1.1.5.0", "1.3.6.1.4.1.2021.11.67.0", "1.3.6.1.4.1.2021.11.50.7", "1.3.6.1.4.1.9.1")
	want := ".1.3.6.1.2.1.1.5.0 = STRING: \"gc00000001\"\n" +
		".1.3.6.1.4.1.2021.11.67.0 = INTEGER: 1\n" +
		".1.3.6.1.4.1.2021.11.50.7 = No Such Instance currently exists at this OID\n" +
		".1.3.6.1.4.1.9.1 = No Such Object available on this agent at this OID\n"
	if got != want {
		t.Errorf("snmpget printed\n%swant\n%s", got, want)
	}
	for _, program := range []string{"snmpwalk", "snmpbulkwalk"} {
		if got := run(program, machine.snmp.String(), ".1"); strings.Count(got, " = ") != len(mib)+1 {
			t.Errorf("%s printed\n%s\nwant %d objects and the end", program, got, len(mib))
		}
	}
}
