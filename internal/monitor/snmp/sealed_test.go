package snmp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// sealedLevels are the levels of security and all their algorithms that a sealer speaks.
func sealedLevels() map[string]Options {
	levels := map[string]Options{"noAuthNoPriv": noAuth()}
	for auth := range authProtocols {
		levels[auth] = authOnly(auth)
		for privacy := range privacyProtocols {
			if privacy != "des" {
				levels[auth+" "+privacy] = authPriv(auth, privacy)
			}
		}
	}
	return levels
}

// sealerFor is one of the agent's engine.
func sealerFor(t testing.TB, e *engineer) *sealer {
	t.Helper()
	s, ok := newSealer(e.engine, &e.user, e.options.Context)
	if !ok {
		t.Fatal("the sealer does not speak the algorithms")
	}
	return &s
}

func templateFor(t testing.TB, objects []string) *template {
	t.Helper()
	asked, err := newTemplate("public", objects, nil)
	if err != nil {
		t.Fatal(err)
	}
	return asked
}

// sealedID is that of the requests here.
const sealedID = minTemplateID + 77

// sealedAnswer is what the agent says to the template's request, with a value for each
// object behind the uptime.
func sealedAnswer(asked *template, values ...gosnmp.SnmpPDU) *gosnmp.SnmpPacket {
	answer := answerTo(request{id: sealedID, objects: asked.objects()}.packet())
	for i, value := range values {
		value.Name = asked.objects()[i+1]
		answer.Variables[i+1] = value
	}
	return answer
}

// judged is what the rest of the package makes of a datagram: the values of the
// answer to the template's request, or nothing.
func judged(t testing.TB, e *engineer, asked *template, datagram []byte) ([]Value, bool) {
	packet, err := secured{e.reader(t)}.open(slices.Clone(datagram), request{id: sealedID})
	if err != nil || packet.PDUType != gosnmp.GetResponse || packet.Error != gosnmp.NoError ||
		exactly(reply{SnmpPacket: packet}, asked.objects()) != nil {
		return nil, false
	}
	values := make([]Value, len(packet.Variables))
	for i, variable := range packet.Variables {
		values[i] = valueOf(variable)
	}
	return values, true
}

// opened opens a datagram, and wants it to stay as it was.
func opened(t testing.TB, s *sealer, asked *template, datagram []byte) ([]Value, bool) {
	t.Helper()
	before := slices.Clone(datagram)
	values := make([]Value, asked.count)
	_, _, ok := s.open(datagram, nil, asked, sealedID, values)
	if !bytes.Equal(datagram, before) {
		t.Fatal("to open a datagram changes it")
	}
	return values, ok
}

func TestASealerWritesWhatGosnmpWrites(t *testing.T) {
	t.Parallel()
	clocks := [][2]uint32{{0, 0}, {5, 1000}, {127, 128}, {255, 256}, {1 << 15, 1<<23 - 1}, {math.MaxInt32, math.MaxInt32}}
	for name, options := range sealedLevels() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngineer(t, options)
			s := sealerFor(t, e)
			for i, objects := range [][]string{nil, twoObjects, many(7), many(16), many(maxObjects - 1)} {
				asked := templateFor(t, objects)
				for j, clock := range clocks {
					salt := uint64(i)<<60 | uint64(j)
					want := byGosnmp(t, e, asked, clock, salt)
					got := s.seal([]byte("before"), asked, sealedID, clock[0], clock[1], salt)
					if string(got) != "before"+string(want) {
						t.Fatalf("%d objects at %v:\n%x, gosnmp has\n%x", asked.count, clock, got, want)
					}
				}
			}
		})
	}
}

// byGosnmp is the request as gosnmp writes it.
func byGosnmp(t *testing.T, e *engineer, asked *template, clock [2]uint32, salt uint64) []byte {
	t.Helper()
	packet := request{id: sealedID, pdu: gosnmp.GetRequest, objects: asked.objects()}.packet()
	parameters := e.engine.parameters(e.user)
	parameters.AuthoritativeEngineBoots, parameters.AuthoritativeEngineTime = clock[0], clock[1]
	parameters.PrivacyParameters = binary.BigEndian.AppendUint64(nil, salt)
	packet.MsgFlags, packet.SecurityParameters = e.user.level|gosnmp.Reportable, parameters
	packet.ContextEngineID, packet.ContextName = e.engine.id, e.options.Context
	datagram, err := encode3(packet)
	if err != nil {
		t.Fatal(err)
	}
	return datagram
}

func TestASealerOpensWhatTheAgentAnswers(t *testing.T) {
	t.Parallel()
	for name, options := range sealedLevels() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngineer(t, options)
			s := sealerFor(t, e)
			for n := range maxObjects { // so that lengths of all forms and parts of blocks occur
				asked := templateFor(t, many(n))
				datagram := e.seal(sealedAnswer(asked, interesting[n%len(interesting):min(n, len(interesting))]...))
				got, ok := opened(t, s, asked, datagram)
				want, _ := judged(t, e, asked, datagram)
				if !ok || !reflect.DeepEqual(got, want) {
					t.Fatalf("%d objects: %v, %v; want %v", n, got, ok, want)
				}
			}
		})
	}
}

func TestManyGoroutinesShareASealer(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha512", "aes256"))
	s := sealerFor(t, e)
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			asked := templateFor(t, many(n*10))
			answer := e.seal(sealedAnswer(asked))
			request := s.seal(nil, asked, sealedID, 5, 1000, 1)
			room, scratch := make([]byte, 0, 2*maxDatagram), make([]byte, maxDatagram) // which the round before left dirty
			for range 50 {
				_, _, ok := s.open(answer, scratch, asked, sealedID, make([]Value, asked.count))
				if again := s.seal(room, asked, sealedID, 5, 1000, 1); !ok || !bytes.Equal(again, request) {
					t.Errorf("%d objects: opened %v, and sealed %x", n*10, ok, again)
				}
			}
		})
	}
	group.Wait()
}

func TestNoKeyIsLeftBehindAMessage(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha256", "aes"))
	s, asked := sealerFor(t, e), templateFor(t, twoObjects)
	answer := e.seal(sealedAnswer(asked))
	room, scratch := make([]byte, 2*maxDatagram), make([]byte, 2*maxDatagram)
	s.seal(room[:0], asked, sealedID, 5, 1000, 1)
	s.open(answer, scratch, asked, sealedID, make([]Value, 3))
	for _, pad := range []byte{0, 0x36, 0x5c} {
		key := slices.Clone(s.engine.auth)
		for i := range key {
			key[i] ^= pad
		}
		if bytes.Contains(room, key) || bytes.Contains(scratch, key) {
			t.Errorf("the key, with %x, is still there", pad)
		}
	}
}

func TestASealerTellsTheClockOfTheAnswer(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha256", "aes"))
	e.boot(t, e.engine.id, 1<<20, 1<<30)
	asked := templateFor(t, twoObjects)
	boots, seconds, ok := sealerFor(t, e).open(e.seal(sealedAnswer(asked)), nil, asked, sealedID, make([]Value, 3))
	if !ok || boots != 1<<20 || seconds-1<<30 > 60 {
		t.Errorf("%d boots and %d s, %v", boots, seconds, ok)
	}
}

func TestASealerLeavesDESToGosnmp(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha", "des"))
	if _, ok := newSealer(e.engine, &e.user, ""); ok {
		t.Error("it takes DES for AES")
	}
}

func TestASealerOpensNothingElse(t *testing.T) {
	t.Parallel()
	for name, strange := range map[string]func(e *engineer, answer *gosnmp.SnmpPacket) []byte{
		"another request": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			answer.RequestID++
			return e.seal(answer)
		},
		"another engine": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			other, _ := newEngine("\x80\x00\x1f\x88\x80other", e.user)
			return e.sealAt(answer, e.user.level, other)
		},
		"another engine with the same key": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			other := *e.engine
			other.id = "\x80\x00\x1f\x88\x80other"
			return e.sealAt(answer, e.user.level, &other)
		},
		"another key": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			u := e.user
			u.authPassphrase = otherPassphrase
			other, _ := newEngine(e.engine.id, u)
			return e.sealAt(answer, e.user.level, other)
		},
		"another key of privacy": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			u := e.user
			u.privacyPassphrase = passphrase
			other, _ := newEngine(e.engine.id, u)
			return e.sealAt(answer, e.user.level, other)
		},
		"another user": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			other := &engineer{options: e.options, user: e.user, engine: e.engine}
			other.user.name = "writer"
			return other.seal(answer)
		},
		"another context": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			answer.ContextEngineID, answer.ContextName = e.engine.id, "rack-8"
			return e.seal(answer)
		},
		"the context of another engine": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			answer.ContextEngineID, answer.ContextName = "\x80\x00\x1f\x88\x80other", e.options.Context
			return e.seal(answer)
		},
		"in the clear": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			return e.sealAt(answer, gosnmp.AuthNoPriv, e.engine)
		},
		"not authentic": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			return e.sealAt(answer, gosnmp.NoAuthNoPriv, e.engine)
		},
		"a report": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			return e.report(answer, notInTimeWindows, e.user.level)
		},
		"a request": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			answer.PDUType = gosnmp.GetRequest
			return e.seal(answer)
		},
		"an error": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			answer.Error, answer.ErrorIndex = gosnmp.GenErr, 1
			return e.seal(answer)
		},
		"of v2c": func(_ *engineer, answer *gosnmp.SnmpPacket) []byte { return bytesOf(v2c(answer)) },
		"with more behind it": func(e *engineer, answer *gosnmp.SnmpPacket) []byte {
			return append(e.seal(answer), 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngineer(t, authPriv("sha256", "aes"))
			asked := templateFor(t, twoObjects)
			if _, ok := opened(t, sealerFor(t, e), asked, strange(e, sealedAnswer(asked))); ok {
				t.Error("it was opened")
			}
		})
	}
}

func TestASealerOpensNoReplay(t *testing.T) {
	t.Parallel()
	for name, options := range sealedLevels() {
		e := newEngineer(t, options)
		asked := templateFor(t, twoObjects)
		datagram := e.seal(sealedAnswer(asked))
		if _, _, ok := sealerFor(t, e).open(datagram, nil, asked, sealedID+1, make([]Value, 3)); ok {
			t.Errorf("%s: the answer to one request was that of another", name)
		}
	}
}

// Without authentication a change may go unnoticed, as long as the rest of the package
// makes the same of it.
func TestASealerOpensNothingThatWasChangedOnTheWay(t *testing.T) {
	t.Parallel()
	for name, options := range sealedLevels() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngineer(t, options)
			s, asked := sealerFor(t, e), templateFor(t, twoObjects)
			whole := e.seal(sealedAnswer(asked))
			for n := range whole {
				if _, ok := opened(t, s, asked, slices.Clone(whole[:n])); ok {
					t.Fatalf("its first %d bytes of %d were opened", n, len(whole))
				}
				for bit := range 8 {
					datagram := slices.Clone(whole)
					datagram[n] ^= 1 << bit
					got, ok := opened(t, s, asked, datagram)
					if ok && s.user.authenticates() {
						t.Fatalf("it was opened with bit %d of byte %d changed", bit, n)
					}
					if want, believed := judged(t, e, asked, datagram); ok && (!believed || !reflect.DeepEqual(got, want)) {
						t.Fatalf("bit %d of byte %d changed: %v, want %v (%v)", bit, n, got, want, believed)
					}
				}
			}
		})
	}
}

// Such messages can come from the agent alone: what is odd in them is signed. The rest
// of the package may believe some of them.
func TestASealerOpensNothingOddThatIsAuthentic(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha256", "aes"))
	s, asked := sealerFor(t, e), templateFor(t, twoObjects)
	plain := anatomyOf(unsealed(s, e.seal(sealedAnswer(asked))))
	code := "\x04\x18" + strings.Repeat("\x00", 24)
	for name, odd := range map[string]func(a *anatomy){
		"":                              func(*anatomy) {},
		"another version":               func(a *anatomy) { a.version = "\x02\x01\x02" },
		"another security model":        func(a *anatomy) { a.replace(&a.global, "\x03\x02\x01\x03", "\x03\x02\x01\x02") },
		"two bytes of flags":            func(a *anatomy) { a.replace(&a.global, "\x04\x01\x03", "\x04\x02\x03\x00") },
		"no flags":                      func(a *anatomy) { a.replace(&a.global, "\x04\x01\x03", "\x04\x00") },
		"more global data":              func(a *anatomy) { a.global += "\x05\x00" },
		"more behind the parameters":    func(a *anatomy) { a.behindSecurity = "\x05\x00" },
		"more behind what is encrypted": func(a *anatomy) { a.behindData = "\x05\x00" },
		"more security parameters":      func(a *anatomy) { a.security += "\x05\x00" },
		"a long head of the code":       func(a *anatomy) { a.replace(&a.security, code, "\x04\x81\x18"+code[2:]) },
		"a shorter code":                func(a *anatomy) { a.replace(&a.security, code, "\x04\x17"+code[3:]) },
		"a shorter salt":                func(a *anatomy) { a.replace(&a.security, "\x04\x08saltsalt", "\x04\x07saltsal") },
		"no salt":                       func(a *anatomy) { a.replace(&a.security, "\x04\x08saltsalt", "\x04\x00") },
		"a negative clock":              func(a *anatomy) { a.replace(&a.security, "\x02\x01\x05", "\x02\x01\x85") },
		"no scoped PDU":                 func(a *anatomy) { a.scopedTag = 0x31 },
		"padding":                       func(a *anatomy) { a.padding = "\x00" },
		"more behind the message":       func(a *anatomy) { a.behind = "\x05\x00" },
		"another type of context":       func(a *anatomy) { a.replace(&a.scoped, "\x04\x06rack-7", "\x44\x06rack-7") },
		"a second PDU":                  func(a *anatomy) { a.scoped += "\xa2\x00" },
		"no PDU":                        func(a *anatomy) { a.scoped = a.scoped[:strings.Index(a.scoped, "rack-7")+6] },
		"a PDU that is longer":          func(a *anatomy) { a.scoped = a.scoped[:len(a.scoped)-1] },
		"no context":                    func(a *anatomy) { a.scoped = "" },
		"a reserved flag, reportable":   func(a *anatomy) { a.replace(&a.global, "\x04\x01\x03", "\x04\x01\x0f") },
	} {
		a := *plain
		odd(&a)
		datagram := resealed(s, a.message())
		got, ok := opened(t, s, asked, datagram)
		want, believed := judged(t, e, asked, datagram)
		if meaningless := name == "" || strings.Contains(name, "flag,"); ok != meaningless {
			t.Errorf("with %q opened: %v", name, ok)
		}
		if ok && (!believed || !reflect.DeepEqual(got, want)) {
			t.Errorf("with %q: %v, want %v (%v)", name, got, want, believed)
		}
	}
}

// anatomy is a message that is not sealed, without the heads of what can be of any length.
type anatomy struct {
	version, global, security, scoped string
	scopedTag                         byte
	padding                           string // inside what is encrypted
	behindSecurity, behindData        string
	behind                            string // the message
}

func anatomyOf(datagram []byte) *anatomy {
	message := ber{rest: datagram}
	message = message.within(tagSequence)
	a := &anatomy{version: string(message.rest[:3]), scopedTag: tagSequence}
	message.take(tagInteger)
	a.global = string(message.take(tagSequence))
	security := message.within(tagOctetString)
	a.security = string(security.take(tagSequence))
	data := message.within(tagOctetString)
	a.scoped = string(data.take(tagSequence))
	return a
}

func (a *anatomy) replace(part *string, old, with string) {
	if !strings.Contains(*part, old) {
		panic(fmt.Sprintf("%q is not in %q", old, *part))
	}
	*part = strings.Replace(*part, old, with, 1)
}

func (a *anatomy) message() []byte {
	as := func(tag byte, content string) string { return string(wrap([]byte(content), 0, tag)) }
	data := as(tagOctetString, as(a.scopedTag, a.scoped)+a.padding)
	return []byte(as(tagSequence, a.version+as(tagSequence, a.global)+as(tagOctetString, as(tagSequence, a.security)+a.behindSecurity)+data+a.behindData) + a.behind)
}

// unsealed is the message with zeros in place of its code, and decrypted in its place.
func unsealed(s *sealer, datagram []byte) []byte {
	m, ok := takeApart(datagram)
	if !ok {
		panic("it is not what a sealer opens")
	}
	clear(m.code)
	if s.block != nil {
		data := ber{rest: m.data}
		encrypted := data.take(tagOctetString)
		copy(encrypted, s.decrypt(nil, encrypted, m.boots, m.seconds, binary.BigEndian.Uint64(m.salt)))
	}
	return datagram
}

// resealed is the opposite of unsealed, with the code of the standard library. What has
// no place for a code stays as it is.
func resealed(s *sealer, datagram []byte) []byte {
	datagram = slices.Clone(datagram)
	m, _ := takeApart(datagram)
	if s.block != nil && len(m.salt) == aesSaltBytes {
		data := ber{rest: m.data}
		text := data.take(tagOctetString)
		s.encrypt(make([]byte, 16), text, m.boots, m.seconds, binary.BigEndian.Uint64(m.salt))
	}
	if s.user.authenticates() && len(m.code) == int(s.user.codeBytes) {
		clear(m.code)
		code := hmac.New(s.user.auth.HashType().New, s.engine.auth)
		code.Write(datagram)
		copy(m.code, code.Sum(nil))
	}
	return datagram
}

func TestASealerAllocatesNothing(t *testing.T) {
	for name, options := range sealedLevels() {
		e := newEngineer(t, options)
		s, asked := sealerFor(t, e), templateFor(t, many(16))
		answer := e.seal(sealedAnswer(asked))
		request := s.seal(nil, asked, sealedID, 5, 1000, 1)
		values, buffer := make([]Value, asked.count), make([]byte, 0, 2*len(request)+sealedScratch)
		scratch := make([]byte, 0, len(answer)+sealedScratch)
		if n := testing.AllocsPerRun(100, func() {
			s.seal(buffer, asked, sealedID, 5, 1000, 1)
			s.open(answer, scratch, asked, sealedID, values)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestSnmpdAnswersASealer(t *testing.T) {
	t.Parallel()
	ways := map[string]Options{"nobody": {Version: "v3", User: "nobody"}}
	lines := []string{"createUser nobody", "rouser nobody noauth"}
	for name, options := range sealedLevels() {
		if options.Auth.Protocol == "" {
			continue
		}
		options.Version, options.User, options.Context = "v3", strings.ReplaceAll(name, " ", "-"), ""
		line := fmt.Sprintf("createUser %s %s %q", options.User, netSNMPAuth[options.Auth.Protocol], passphrase)
		level := "auth"
		if options.Privacy.Protocol != "" {
			line, level = line+fmt.Sprintf(" %s %q", netSNMPPrivacy[options.Privacy.Protocol], otherPassphrase), "priv"
		}
		ways[options.User], lines = options, append(lines, line, "rouser "+options.User+" "+level)
	}
	agent := startSNMPd(t, "127.53.0.9", lines...)
	asked := templateFor(t, []string{".1.3.6.1.2.1.1.1.0", ".1.3.6.1.2.1.1.99.0"})
	for name, options := range ways {
		t.Run(name, func(t *testing.T) {
			options.Port, options.Timeout = agent.at.Port(), patient
			p := client(t, options).peer(agent.at.Addr())
			if _, err := within(t, p, func(ctx context.Context, c *call) (answer, error) { return answer{}, c.meet(ctx) }); err != nil {
				t.Fatal(err)
			}
			s, _ := newSealer(p.engine, p.user, "")
			boots, seconds := p.engine.clock(time.Now())
			datagram := exchanged(t, agent.at, s.seal(nil, asked, sealedID, boots, seconds, p.salt.Add(1)))
			values := make([]Value, 3)
			_, _, ok := s.open(datagram, nil, asked, sealedID, values)
			if !ok || values[1].text() == "" || values[2].why != policy.Absent {
				t.Errorf("%v in %x", values, datagram)
			}
		})
	}
}

// exchanged is the answer to a datagram.
func exchanged(t *testing.T, at netip.AddrPort, datagram []byte) []byte {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patient)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(datagram); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, maxDatagram)
	n, err := conn.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	return buffer[:n]
}
