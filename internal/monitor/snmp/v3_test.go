package snmp

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// engineer is the side of an agent in v3: an engine of its own, whose clock it
// keeps, with one user.
type engineer struct {
	sync.Mutex
	options   Options
	user      user
	engine    *engine
	contents  func(*gosnmp.SnmpPacket) *gosnmp.SnmpPacket
	forge     func(request *gosnmp.SnmpPacket, truth []byte) [][]byte // what it sends in place of an answer; nil: the answer
	lie       *engine                                                 // what it says of its engine to those who ask; nil: the truth
	met       int                                                     // discoveries
	reported  int                                                     // reports of another clock
	questions int                                                     // all datagrams that it got
}

func newEngineer(t testing.TB, options Options) *engineer {
	t.Helper()
	options.Port, options.Version = 161, "v3"
	if options.Timeout == 0 {
		options.Timeout = patient
	}
	e := &engineer{options: options, contents: answerTo}
	var err error
	if e.user, err = newUser(options); err != nil {
		t.Fatal(err)
	}
	e.boot(t, "\x80\x00\x1f\x88\x80engine", 5, 1000)
	return e
}

// boot gives the agent another engine or another clock.
func (e *engineer) boot(t testing.TB, id string, boots, seconds uint32) {
	t.Helper()
	e.Lock()
	defer e.Unlock()
	var err error
	if e.engine, err = newEngine(id, e.user); err != nil {
		t.Fatal(err)
	}
	e.engine.boots, e.engine.seconds, e.engine.at = boots, seconds, reading.InstantOf(time.Now())
}

// question is a request that the agent's user could have sent.
func (e *engineer) question() *gosnmp.SnmpPacket {
	return request{id: 77, pdu: gosnmp.GetRequest, objects: append([]string{sysUpTime}, twoObjects...)}.packet()
}

// reader is a peer of the agent's user that knows its engine.
func (e *engineer) reader(t testing.TB) *peer {
	p := client(t, e.options).peer(loopback)
	known := *e.engine
	p.engine = &known
	return p
}

// seal secures an answer as the user's level demands.
func (e *engineer) seal(answer *gosnmp.SnmpPacket) []byte {
	return e.sealAt(answer, e.user.level, e.engine)
}

func (e *engineer) sealAt(answer *gosnmp.SnmpPacket, level gosnmp.SnmpV3MsgFlags, as *engine) []byte {
	parameters := as.parameters(e.user)
	parameters.AuthoritativeEngineBoots, parameters.AuthoritativeEngineTime = as.clock(time.Now())
	if level&gosnmp.AuthPriv == gosnmp.AuthPriv {
		parameters.PrivacyParameters = []byte("saltsalt")
	}
	answer.MsgFlags, answer.SecurityParameters = level, parameters
	if answer.ContextEngineID == "" {
		answer.ContextEngineID, answer.ContextName = e.engine.id, e.options.Context
	}
	datagram, err := encode3(answer)
	if err != nil {
		panic(err)
	}
	return datagram
}

// report tells the user's side what was wrong with a request.
func (e *engineer) report(request *gosnmp.SnmpPacket, what string, level gosnmp.SnmpV3MsgFlags) []byte {
	return e.reportAs(request, what, level, e.engine)
}

func (e *engineer) reportAs(request *gosnmp.SnmpPacket, what string, level gosnmp.SnmpV3MsgFlags, as *engine) []byte {
	return e.sealAt(&gosnmp.SnmpPacket{
		PDUType: gosnmp.Report, RequestID: request.RequestID,
		Variables: []gosnmp.SnmpPDU{cell(what, gosnmp.Counter32, uint32(1))},
	}, level, as)
}

// replies is what an agent does with a datagram (RFC 3414 §3.2).
func (e *engineer) replies(datagram []byte) [][]byte {
	e.Lock()
	defer e.Unlock()
	e.questions++
	h, dropped := readHeader(datagram)
	if dropped != nil {
		panic(dropped)
	}
	asked := &gosnmp.SnmpPacket{RequestID: h.id}
	if h.engineID != e.engine.id {
		e.met++
		if e.lie != nil {
			return [][]byte{e.reportAs(asked, unknownEngineIDs, gosnmp.NoAuthNoPriv, e.lie)}
		}
		return [][]byte{e.report(asked, unknownEngineIDs, gosnmp.NoAuthNoPriv)}
	}
	request, err := secured{&peer{Client: &Client{user: &e.user}, engine: e.engine}}.decode(datagram, e.user.level)
	if err != nil {
		return [][]byte{e.report(asked, wrongDigests, gosnmp.NoAuthNoPriv)}
	}
	if boots, seconds := e.engine.clock(time.Now()); e.user.level != gosnmp.NoAuthNoPriv && (h.boots != boots || h.seconds+timeWindow < seconds || h.seconds > seconds+timeWindow) {
		e.reported++
		return [][]byte{e.report(asked, notInTimeWindows, gosnmp.AuthNoPriv)}
	}
	answer := e.contents(request)
	answer.RequestID = request.RequestID
	truth := e.seal(answer)
	if e.forge != nil {
		return e.forge(request, truth)
	}
	return [][]byte{truth}
}

func (e *engineer) counts() (met, reported, questions int) {
	e.Lock()
	defer e.Unlock()
	return e.met, e.reported, e.questions
}

func (e *engineer) listen(t testing.TB) netip.AddrPort { return responder(t, e.replies) }

const passphrase, otherPassphrase = "the first passphrase", "the second passphrase"

func authPriv(auth, privacy string) Options {
	return Options{
		User: "reader", Context: "rack-7",
		Auth:    config.SNMPKey{Protocol: auth, Passphrase: secret.New(passphrase)},
		Privacy: config.SNMPKey{Protocol: privacy, Passphrase: secret.New(otherPassphrase)},
	}
}

func authOnly(auth string) Options {
	o := authPriv(auth, "")
	o.Privacy = config.SNMPKey{}
	return o
}

func noAuth() Options { return Options{User: "reader"} }

// ask asks an agent in v3 for two objects.
func (e *engineer) ask(t testing.TB, p *peer) error {
	t.Helper()
	_, err := within(t, p, func(ctx context.Context, c *call) (answer, error) { return c.get(ctx, twoObjects) })
	return err
}

// peer is one that does not know the agent's engine yet.
func (e *engineer) peer(t testing.TB, at netip.AddrPort, change func(*Options)) *peer {
	options := e.options
	options.Port = at.Port()
	change(&options)
	return client(t, options).peer(at.Addr())
}

// truthful answers otherwise than answerTo does, of which forgers make their answers.
func truthful(request *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
	answer := answerTo(request)
	for i := range answer.Variables[1:] {
		answer.Variables[1+i].Value = uint32(8)
	}
	return answer
}

// askers are the ways to ask an agent in v3 for two objects, again and again, and to want
// the truth.
var askers = map[string]func(*testing.T, *engineer, netip.AddrPort, func(*Options)) (*peer, func() error){
	"by a call": func(t *testing.T, e *engineer, at netip.AddrPort, change func(*Options)) (*peer, func() error) {
		p := e.peer(t, at, change)
		return p, func() error {
			got, err := within(t, p, func(ctx context.Context, c *call) (answer, error) { return c.get(ctx, twoObjects) })
			if err == nil && !slices.Equal(got.values, []Value{gaugeOf(8), gaugeOf(8)}) {
				t.Errorf("%v was believed", got.values)
			}
			return err
		}
	},
	"by the poller": func(t *testing.T, e *engineer, at netip.AddrPort, change func(*Options)) (*peer, func() error) {
		options := e.options
		options.Port = at.Port()
		change(&options)
		poller := NewPoller(PollerOptions{Stray: options.Dropped})
		t.Cleanup(poller.Close)
		a := client(t, options).Question(gauges(t, twoObjects...)).Agent(at.Addr())
		return &a.peer, func() error {
			got := poller.readOne(t.Context(), a)
			if got[0].Err == nil {
				wantNumber(t, got, 8)
			}
			return got[0].Err
		}
	},
}

func asIs(*Options) {}

func TestEveryAlgorithmOfV3IsSpoken(t *testing.T) {
	t.Parallel()
	levels := map[string]Options{"noAuthNoPriv": noAuth()}
	for auth := range authProtocols {
		levels[auth] = authOnly(auth)
		for privacy := range privacyProtocols {
			levels[auth+" "+privacy] = authPriv(auth, privacy)
		}
	}
	if len(levels) != 1+6+6*6 {
		t.Fatalf("%d combinations", len(levels))
	}
	for name, options := range levels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngineer(t, options)
			p := e.peer(t, e.listen(t), asIs)
			for range 3 {
				if err := e.ask(t, p); err != nil {
					t.Fatal(err)
				}
			}
			if met, reported, questions := e.counts(); met != 1 || reported != 0 || questions != 4 {
				t.Errorf("%d discoveries, %d reports and %d datagrams; want 1, 0 and 4: the engine is met once", met, reported, questions)
			}
		})
	}
}

func TestV3AnswersThatAreNotBelieved(t *testing.T) {
	t.Parallel()
	options := authPriv("sha256", "aes")
	options.Timeout, options.Retries = 100*time.Millisecond, 0
	flipped := func(datagram []byte, from int) []byte {
		datagram = slices.Clone(datagram)
		datagram[len(datagram)-from] ^= 1
		return datagram
	}
	forgeries := map[string]struct {
		make   func(e *engineer, request *gosnmp.SnmpPacket, truth []byte) []byte
		reason string
	}{
		"changed on the way": {func(_ *engineer, _ *gosnmp.SnmpPacket, truth []byte) []byte { return flipped(truth, 1) }, dropAuthentication},
		"in the clear": {func(e *engineer, request *gosnmp.SnmpPacket, _ []byte) []byte {
			return e.sealAt(answerTo(request), gosnmp.AuthNoPriv, e.engine)
		}, dropLevel},
		"not authentic": {func(e *engineer, request *gosnmp.SnmpPacket, _ []byte) []byte {
			return e.sealAt(answerTo(request), gosnmp.NoAuthNoPriv, e.engine)
		}, dropLevel},
		"in the clear under the flags of secrecy": {func(e *engineer, request *gosnmp.SnmpPacket, _ []byte) []byte {
			plain := e.sealAt(answerTo(request), gosnmp.AuthNoPriv, e.engine)
			return []byte(strings.Replace(string(plain), "\x04\x01\x01\x02\x01\x03", "\x04\x01\x03\x02\x01\x03", 1))
		}, dropLevel},
		"of another security model": {func(_ *engineer, _ *gosnmp.SnmpPacket, truth []byte) []byte {
			return []byte(strings.Replace(string(truth), "\x04\x01\x03\x02\x01\x03", "\x04\x01\x03\x02\x01\x01", 1))
		}, dropLevel},
		"of another engine": {func(e *engineer, request *gosnmp.SnmpPacket, _ []byte) []byte {
			other, _ := newEngine("\x80\x00\x1f\x88\x80other", e.user)
			other.boots, other.seconds, other.at = e.engine.boots, e.engine.seconds, e.engine.at
			return e.sealAt(answerTo(request), gosnmp.AuthPriv, other)
		}, dropEngine},
		"for another user": {func(e *engineer, request *gosnmp.SnmpPacket, _ []byte) []byte {
			other := &engineer{options: e.options, user: e.user, engine: e.engine}
			other.user.name = "writer"
			return other.seal(answerTo(request))
		}, dropAuthentication},
		"of another context": {func(e *engineer, request *gosnmp.SnmpPacket, _ []byte) []byte {
			answer := answerTo(request)
			answer.ContextEngineID, answer.ContextName = e.engine.id, "rack-8"
			return e.seal(answer)
		}, dropContext},
		"too old": {func(e *engineer, request *gosnmp.SnmpPacket, _ []byte) []byte {
			old := *e.engine
			old.seconds -= timeWindow + 5
			return e.sealAt(answerTo(request), gosnmp.AuthPriv, &old)
		}, dropTimeWindow},
		"of an earlier boot": {func(e *engineer, request *gosnmp.SnmpPacket, _ []byte) []byte {
			old := *e.engine
			old.boots--
			return e.sealAt(answerTo(request), gosnmp.AuthPriv, &old)
		}, dropTimeWindow},
		"with another message ID": {func(e *engineer, request *gosnmp.SnmpPacket, _ []byte) []byte {
			answer := answerTo(request)
			answer.RequestID ^= 1 << 20
			return e.seal(answer)
		}, dropID},
		"with message ID 0": {func(e *engineer, request *gosnmp.SnmpPacket, _ []byte) []byte {
			answer := answerTo(request)
			answer.RequestID = 0
			return e.seal(answer)
		}, dropIDZero},
		"a request": {func(e *engineer, request *gosnmp.SnmpPacket, _ []byte) []byte {
			answer := answerTo(request)
			answer.PDUType = gosnmp.GetRequest
			return e.seal(answer)
		}, dropType},
		"of v2c": {func(_ *engineer, request *gosnmp.SnmpPacket, _ []byte) []byte {
			answer := answerTo(request)
			answer.Version, answer.Community = gosnmp.Version2c, "public"
			return bytesOf(answer)
		}, dropVersion},
		"cut short": {func(_ *engineer, _ *gosnmp.SnmpPacket, truth []byte) []byte { return truth[:20] }, dropMalformed},
		"a report of the time that is not authentic": {func(e *engineer, request *gosnmp.SnmpPacket, _ []byte) []byte {
			return e.report(request, notInTimeWindows, gosnmp.NoAuthNoPriv)
		}, dropLevel},
	}
	for name, forgery := range forgeries {
		for path, asker := range askers {
			t.Run(name+", "+path, func(t *testing.T) {
				t.Parallel()
				e := newEngineer(t, options)
				e.contents = truthful
				at := e.listen(t)
				var counted drops
				p, ask := asker(t, e, at, func(o *Options) { o.Timeout, o.Dropped = patient, counted.note })
				if err := ask(); err != nil { // so that the clock is authentic
					t.Fatal(err)
				}
				e.Lock()
				e.forge = func(request *gosnmp.SnmpPacket, truth []byte) [][]byte {
					return [][]byte{forgery.make(e, request, truth), truth}
				}
				e.Unlock()
				if err := ask(); err != nil || counted.of(forgery.reason) != 1 {
					t.Errorf("%v; dropped %v, want one for %s, and then the truth", err, counted.counts, forgery.reason)
				}
				e.Lock()
				e.forge = func(request *gosnmp.SnmpPacket, truth []byte) [][]byte {
					return [][]byte{forgery.make(e, request, truth)}
				}
				e.Unlock()
				p.options.Timeout = hasty
				if err := ask(); err == nil {
					t.Error("it was believed for want of a better one")
				}
			})
		}
	}
}

func TestWithoutAuthenticationTheHeaderMustFit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		make   func(e *engineer, request *gosnmp.SnmpPacket) []byte
		reason string
	}{
		"another engine": {func(e *engineer, request *gosnmp.SnmpPacket) []byte {
			return e.sealAt(answerTo(request), gosnmp.NoAuthNoPriv, &engine{id: "\x80\x00\x1f\x88\x80other"})
		}, dropEngine},
		"another user": {func(e *engineer, request *gosnmp.SnmpPacket) []byte {
			other := &engineer{options: e.options, user: e.user, engine: e.engine}
			other.user.name = "writer"
			return other.seal(answerTo(request))
		}, dropAuthentication},
		"another request in the right message": {func(e *engineer, request *gosnmp.SnmpPacket) []byte {
			answer := answerTo(request)
			answer.RequestID = 1 << 24 // as long as the one in the header, which is put in its place
			sealed := e.seal(answer)
			copy(sealed[bytes.Index(sealed, []byte{2, 4, 1, 0, 0, 0}):], binary.BigEndian.AppendUint32([]byte{2, 4}, request.RequestID))
			return sealed
		}, dropID},
	} {
		for path, asker := range askers {
			t.Run(name+", "+path, func(t *testing.T) {
				t.Parallel()
				e := newEngineer(t, noAuth())
				e.contents = truthful
				e.forge = func(request *gosnmp.SnmpPacket, truth []byte) [][]byte { return [][]byte{test.make(e, request), truth} }
				var counted drops
				_, ask := asker(t, e, e.listen(t), func(o *Options) { o.Dropped = counted.note })
				for n := range 2 { // the poller asks the second time
					if err := ask(); err != nil || counted.of(test.reason) != n+1 {
						t.Errorf("%v; dropped %v, want %d for %s, and then the truth", err, counted.counts, n+1, test.reason)
					}
				}
			})
		}
	}
}

func TestALieAboutTheClockIsCorrectedByTheAgent(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha256", "aes"))
	p := e.peer(t, e.listen(t), asIs)
	if err := e.ask(t, p); err != nil {
		t.Fatal(err)
	}
	p.engine.doubt()
	e.Lock()
	e.lie = &engine{id: e.engine.id, boots: 1 << 20, seconds: 5, at: reading.InstantOf(time.Now())} // who asks is not authentic, nor is the answer
	e.Unlock()
	if err := e.ask(t, p); err != nil {
		t.Error(err)
	}
	if met, reported, _ := e.counts(); met != 2 || reported != 1 {
		t.Errorf("%d discoveries and %d reports, want 2 and 1", met, reported)
	}
}

func TestAnAgentThatRestartsIsReadOnInTheSameCall(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha256", "aes"))
	p := e.peer(t, e.listen(t), asIs)
	if err := e.ask(t, p); err != nil {
		t.Fatal(err)
	}
	e.boot(t, e.engine.id, 6, 0)
	for range 2 {
		if err := e.ask(t, p); err != nil {
			t.Fatal(err)
		}
	}
	if met, reported, questions := e.counts(); met != 1 || reported != 1 || questions != 5 {
		t.Errorf("%d discoveries, %d reports, %d datagrams; want 1, 1, 5: the report tells the new clock", met, reported, questions)
	}
}

func TestAnAgentWithANewEngineIsReadOnInTheSameCall(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]Options{"noAuthNoPriv": noAuth(), "authPriv": authPriv("sha512", "aes256")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngineer(t, options)
			p := e.peer(t, e.listen(t), asIs)
			if err := e.ask(t, p); err != nil {
				t.Fatal(err)
			}
			e.boot(t, "\x80\x00\x1f\x88\x80reinstalled", 1, 3)
			if err := e.ask(t, p); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestAnAgentWhoseClockWentBackIsMetAnew(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha", "aes"))
	p := e.peer(t, e.listen(t), asIs)
	if err := e.ask(t, p); err != nil {
		t.Fatal(err)
	}
	e.boot(t, e.engine.id, 2, 0) // overwritten from an older image
	p.options.Timeout = hasty
	says(t, e.ask(t, p), "older than what the agent said before")
	p.options.Timeout = patient
	if err := e.ask(t, p); err != nil {
		t.Error(err)
	}
}

// moveTo makes the peer another's, of the same client but for its port.
func (p *peer) moveTo(at netip.AddrPort) {
	moved := *p.Client
	moved.options.Port = at.Port()
	p.Client, p.address = &moved, at.Addr()
}

func TestClonesThatShareAnEngineIDAreToldApart(t *testing.T) {
	t.Parallel()
	first, second := newEngineer(t, authPriv("sha256", "aes")), newEngineer(t, authPriv("sha256", "aes"))
	second.boot(t, first.engine.id, 900, 7)
	shared := client(t, first.options)
	peers := map[*engineer]*peer{}
	for _, e := range []*engineer{first, second} {
		at := e.listen(t)
		peers[e] = shared.peer(at.Addr())
		peers[e].moveTo(at)
	}
	for range 3 {
		for e, p := range peers {
			if err := e.ask(t, p); err != nil {
				t.Fatal(err)
			}
		}
	}
	for e := range peers {
		if met, reported, _ := e.counts(); met != 1 || reported != 0 {
			t.Errorf("%d discoveries and %d reports, want 1 and 0", met, reported)
		}
	}
}

func TestReportsSayWhatToCheck(t *testing.T) {
	t.Parallel()
	for what, about := range map[string]string{
		unsupportedSecLevels: "at this level of security", unknownUserNames: "add it with createUser", wrongDigests: "passphrase under auth",
		decryptionErrors: "passphrase under privacy", unknownContexts: `no context "rack-7"`, unavailableContexts: "no context", ".1.3.9": "look into its log",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			e := newEngineer(t, authPriv("sha256", "aes"))
			e.forge = func(request *gosnmp.SnmpPacket, _ []byte) [][]byte {
				return [][]byte{e.report(request, what, gosnmp.NoAuthNoPriv)}
			}
			err := e.ask(t, e.peer(t, e.listen(t), asIs))
			says(t, err, about)
			if err != nil && strings.Contains(err.Error(), "passphrase\"") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAWrongPassphraseIsToldAndNotShown(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha256", "aes"))
	const wrong = "the wrong passphrase"
	err := e.ask(t, e.peer(t, e.listen(t), func(o *Options) { o.Auth.Passphrase = secret.New(wrong) }))
	says(t, err, "usmStatsWrongDigests")
	for _, hidden := range []string{wrong, passphrase, otherPassphrase} {
		if err != nil && strings.Contains(err.Error(), hidden) {
			t.Errorf("%v shows a passphrase", err)
		}
	}
}

func TestAFloodOfReportsIsHeededOnce(t *testing.T) {
	t.Parallel()
	for name, flood := range map[string]func(e *engineer, request *gosnmp.SnmpPacket) []byte{
		"the clock": func(e *engineer, request *gosnmp.SnmpPacket) []byte {
			return e.report(request, notInTimeWindows, gosnmp.AuthNoPriv)
		},
		"the engine": func(e *engineer, request *gosnmp.SnmpPacket) []byte {
			return e.report(request, unknownEngineIDs, gosnmp.NoAuthNoPriv)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngineer(t, authPriv("sha256", "aes"))
			e.forge = func(request *gosnmp.SnmpPacket, _ []byte) [][]byte {
				return slices.Repeat([][]byte{flood(e, request)}, 20)
			}
			err := e.ask(t, e.peer(t, e.listen(t), func(o *Options) { o.Retries = 5 }))
			says(t, err, "twice")
			if _, _, questions := e.counts(); questions != 3 {
				t.Errorf("%d datagrams were sent, want 3: to meet the engine, to ask, and to ask once more", questions)
			}
		})
	}
}

func TestAnEngineIDThatCannotBeIsNotTaken(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{"none": "", "too short": "1234", "too long": strings.Repeat("x", 33)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngineer(t, noAuth())
			e.engine.id = id
			var counted drops
			at := responder(t, func(datagram []byte) [][]byte {
				h, _ := readHeader(datagram)
				return [][]byte{e.report(&gosnmp.SnmpPacket{RequestID: h.id}, unknownEngineIDs, gosnmp.NoAuthNoPriv)}
			})
			err := e.ask(t, e.peer(t, at, func(o *Options) { o.Timeout, o.Dropped = hasty, counted.note }))
			says(t, err, "ask for its engine")
			if counted.of(dropEngine) != 1 {
				t.Errorf("dropped %v", counted.counts)
			}
		})
	}
}

func TestTheClockRunsOnBetweenCalls(t *testing.T) {
	t.Parallel()
	e := &engine{boots: 3, seconds: 100, at: reading.InstantOf(epoch)}
	hear := func(boots, seconds uint32, after time.Duration, want bool) {
		t.Helper()
		if err := e.hear(boots, seconds, epoch.Add(after)); (err == nil) != want {
			t.Errorf("boots %d, %d s, heard after %v: %v", boots, seconds, after, err)
		}
	}
	hear(2, 50, 0, true) // a guess is corrected by what is authentic
	hear(2, 650, 600*time.Second, true)
	hear(2, 501, 600*time.Second, true)
	hear(2, 499, 600*time.Second, false)
	hear(1, 9999, 600*time.Second, false)
	hear(1<<31-1, 0, 600*time.Second, false)
	if boots, seconds := e.clock(epoch.Add(700 * time.Second)); boots != 2 || seconds != 750 {
		t.Errorf("the clock is at %d, %d; an older message must not set it back", boots, seconds)
	}
	hear(3, 1, 700*time.Second, true)
	if boots, seconds := e.clock(epoch.Add(710 * time.Second)); boots != 3 || seconds != 11 {
		t.Errorf("the clock is at %d, %d after a restart", boots, seconds)
	}
}

func TestNoTwoMessagesHaveTheSameSalt(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha256", "aes"))
	salts := map[string]bool{}
	p := e.reader(t)
	for range 100 {
		datagram, err := secured{p}.seal(request{id: newID(), pdu: gosnmp.GetRequest, objects: twoObjects})
		if err != nil {
			t.Fatal(err)
		}
		packet, err := secured{p}.decode(datagram, gosnmp.AuthPriv)
		if err != nil {
			t.Fatal(err)
		}
		salts[fmt.Sprintf("%x", packet.SecurityParameters.(*gosnmp.UsmSecurityParameters).PrivacyParameters)] = true
	}
	if len(salts) != 100 {
		t.Errorf("%d salts in 100 messages", len(salts))
	}
	if other := client(t, e.options).salt.Load(); salts[fmt.Sprintf("%016x", other)] {
		t.Error("two clients begin with the same salt")
	}
}

func TestQuantitiesAreReadInV3(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha256", "aes"))
	e.contents = newMIB(time.Hour,
		cell(ifName+".1", gosnmp.OctetString, "lo"), cell(ifName+".2", gosnmp.OctetString, "eth0"),
		cell(".1.3.6.1.2.1.31.1.1.1.6.2", gosnmp.Counter64, uint64(1)),
		cell(".1.3.6.1.4.1.2021.10.1.5.1", gosnmp.Integer, 150)).answer
	options := e.options
	agent := reader(t, e.listen(t), options, config.SNMP{Profile: "load1"}, config.SNMP{Profile: "network_in", InterfaceName: "eth0"})
	readings := agent.Read(t.Context())
	if value, ok := readings[0].Sample.Value(); !ok || value != 1.5 {
		t.Errorf("load1 is %v (%v)", value, readings[0].Err)
	}
	if why := readings[1].Sample.Why(); why != policy.Absent || agent.index(&agent.question.quantities[1]) == "" {
		t.Errorf("network_in is %s (%v), want a first reading of the row found by name", why, readings[1].Err)
	}
}

func TestAllAlgorithmsHaveAName(t *testing.T) {
	t.Parallel()
	if n := len(slices.Compact(slices.Sorted(maps.Values(authProtocols)))); n != 6 {
		t.Errorf("%d protocols of authentication", n)
	}
	if n := len(slices.Compact(slices.Sorted(maps.Values(privacyProtocols)))); n != 6 {
		t.Errorf("%d protocols of privacy", n)
	}
}
