package snmp

import (
	"fmt"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// polled is an Agent of two gauges, whose agent the engineer is.
func (e *engineer) polled(t *testing.T) *Agent {
	t.Helper()
	at := e.listen(t)
	options := e.options
	options.Port = at.Port()
	return client(t, options).Question(gauges(t, twoObjects...)).Agent(at.Addr())
}

// levels are all that a user can be given, by name.
func levels(t *testing.T) map[string]Options {
	t.Helper()
	all := map[string]Options{"noAuthNoPriv": noAuth()}
	for auth := range authProtocols {
		all[auth] = authOnly(auth)
		for privacy := range privacyProtocols {
			all[auth+" "+privacy] = authPriv(auth, privacy)
		}
	}
	if len(all) != 1+6+6*6 {
		t.Fatalf("%d combinations", len(all))
	}
	return all
}

func TestAnEngineIsMetByACallAndThenPolledWithEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for name, options := range levels(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngineer(t, options)
			a := e.polled(t)
			p, told := newTestPoller(t)
			const reads = 4
			for range reads {
				wantNumber(t, p.readOne(t.Context(), a), 7)
			}
			if met, reported, questions := e.counts(); met != 1 || reported != 0 || questions != 1+reads {
				t.Errorf("%d discoveries, %d reports and %d datagrams; want 1, 0 and %d: the engine is met once", met, reported, questions, 1+reads)
			}
			calls := 1
			if options.Privacy.Protocol == "des" {
				calls = reads
			}
			if told.of("fallback "+fallbackEncoded) != 0 {
				t.Errorf("told %v, and its answers are plain", told.counts)
			}
			if told.of("fallback "+fallbackEngine) != 1 || told.of("fallback "+fallbackPrivacy) != calls-1 || told.fallbacks() != calls {
				t.Errorf("told %v, want one call to meet the engine; and one each time for DES", told.counts)
			}
		})
	}
}

func TestAnAgentWhoseEngineChangesIsPolledOn(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*testing.T, *engineer){
		"a restart":    func(t *testing.T, e *engineer) { e.boot(t, e.engine.id, 6, 0) },
		"a new engine": func(t *testing.T, e *engineer) { e.boot(t, "\x80\x00\x1f\x88\x80reinstalled", 1, 3) },
	} {
		for level, options := range map[string]Options{"noAuthNoPriv": noAuth(), "authNoPriv": authOnly("sha"), "authPriv": authPriv("sha512", "aes256")} {
			t.Run(name+", "+level, func(t *testing.T) {
				t.Parallel()
				e := newEngineer(t, options)
				a := e.polled(t)
				p, told := newTestPoller(t)
				for range 2 {
					wantNumber(t, p.readOne(t.Context(), a), 7)
				}
				change(t, e)
				wantNumber(t, p.readOne(t.Context(), a), 7) // by a call, which heeds the report
				calls := told.fallbacks()
				for range 3 {
					wantNumber(t, p.readOne(t.Context(), a), 7)
				}
				if calls > 2 || told.fallbacks() != calls {
					t.Errorf("told %v, want a call at first, another when the engine changed, and none afterwards", told.counts)
				}
				if _, _, questions := e.counts(); questions > 2+1+3+3 {
					t.Errorf("%d datagrams were sent, want 9 at most", questions)
				}
			})
		}
	}
}

func TestAnAgentWhoseClockWentBackIsMetAnewByACall(t *testing.T) {
	t.Parallel()
	for _, retries := range []int{0, 1} {
		t.Run(fmt.Sprint(retries, " retries"), func(t *testing.T) {
			t.Parallel()
			options := authPriv("sha", "aes")
			options.Retries = retries
			e := newEngineer(t, options)
			a := e.polled(t)
			p, told := newTestPoller(t)
			for range 2 {
				wantNumber(t, p.readOne(t.Context(), a), 7)
			}
			e.boot(t, e.engine.id, 2, 0) // overwritten from an older image
			a.options.Timeout = hasty
			wantAbsence(t, p.readOne(t.Context(), a)[0], policy.Failed, "older than what the agent said before")
			a.options.Timeout = patient
			wantNumber(t, p.readOne(t.Context(), a), 7)
			calls := told.fallbacks()
			wantNumber(t, p.readOne(t.Context(), a), 7)
			if told.fallbacks() != calls {
				t.Errorf("told %v, want it to be polled again", told.counts)
			}
		})
	}
}

func TestClonesThatShareAnEngineIDAreToldApartByThePoller(t *testing.T) {
	t.Parallel()
	first, second := newEngineer(t, authPriv("sha256", "aes")), newEngineer(t, authPriv("sha256", "aes"))
	second.boot(t, first.engine.id, 900, 7)
	options := first.options
	q := client(t, options).Question(gauges(t, twoObjects...))
	var agents []*Agent
	for i, e := range []*engineer{first, second} {
		e.contents = func(request *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			answer := answerTo(request)
			answer.Variables[1].Value, answer.Variables[2].Value = uint32(i), uint32(i)
			return answer
		}
		at := e.listen(t)
		a := q.Agent(at.Addr())
		a.moveTo(at)
		agents = append(agents, a)
	}
	p, told := newTestPoller(t)
	for range 4 {
		for i, readings := range p.readAll(t.Context(), agents...) {
			wantNumber(t, readings, float64(i))
		}
	}
	for _, e := range []*engineer{first, second} {
		if met, reported, questions := e.counts(); met != 1 || reported != 0 || questions != 5 {
			t.Errorf("%d discoveries, %d reports and %d datagrams, want 1, 0 and 5", met, reported, questions)
		}
	}
	if told.fallbacks() != 2 {
		t.Errorf("told %v, want one call for each", told.counts)
	}
}

func TestALieAboutTheClockIsCorrectedBeforeTheAgentIsPolled(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha256", "aes"))
	e.lie = &engine{id: e.engine.id, boots: 1 << 20, seconds: 5, at: reading.InstantOf(time.Now())} // who asks is not authentic, nor is the answer
	a := e.polled(t)
	p, told := newTestPoller(t)
	for range 3 {
		wantNumber(t, p.readOne(t.Context(), a), 7)
	}
	if met, reported, questions := e.counts(); met != 1 || reported != 1 || questions != 5 || told.fallbacks() != 1 {
		t.Errorf("%d discoveries, %d reports, %d datagrams and %v; want 1, 1, 5 and one call", met, reported, questions, told.counts)
	}
}

// What is authentic and belongs to another request of the same engine is not believed, nor
// is what was recorded from an earlier one.
func TestARecordedAnswerIsNotBelievedAgain(t *testing.T) {
	t.Parallel()
	var strays drops
	e := newEngineer(t, authPriv("sha256", "aes"))
	var recorded [][]byte
	number := uint32(0)
	e.contents = func(request *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		answer := answerTo(request)
		number++
		answer.Variables[1].Value, answer.Variables[2].Value = number, number
		return answer
	}
	e.forge = func(_ *gosnmp.SnmpPacket, truth []byte) [][]byte {
		all := append(append([][]byte{}, recorded...), truth)
		recorded = append(recorded, truth)
		return all
	}
	a := e.polled(t)
	p := NewPoller(PollerOptions{Stray: strays.note})
	defer p.Close()
	for n := range 5 {
		wantNumber(t, p.readOne(t.Context(), a), float64(n+1))
	}
	if strays.of(dropID) != 1+2+3+4 {
		t.Errorf("strays %v, want the 10 that were recorded", strays.counts)
	}
}

func TestQuantitiesArePolledInV3(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha256", "aes"))
	m := newMIB(time.Hour, links(link(1, "lo", 5), link(2, "eth0", 1000))...)
	e.contents = m.answer
	at := e.listen(t)
	a := reader(t, at, e.options, eth0)
	p, told := newTestPoller(t)
	var got []reading.Reading
	for n := range 3 {
		m.set(time.Hour+time.Duration(10*n)*time.Second, links(link(1, "lo", 5), link(2, "eth0", uint64(1000*(n+1))))...)
		if n > 0 {
			a.earlier(10 * time.Second)
		}
		got = p.readOne(t.Context(), a)
	}
	wantRate(t, got, 100)
	if told.fallbacks() != 1 {
		t.Errorf("told %v, want one call to meet the engine and to find the row", told.counts)
	}
}

func TestSnmpdIsPolledOnAfterARestart(t *testing.T) {
	t.Parallel()
	agent := startSNMPd(t, "127.53.0.9", fmt.Sprintf("createUser reader SHA-256 %q AES %q", passphrase, otherPassphrase), "rouser reader priv")
	options := authPriv("sha256", "aes")
	options.Version, options.Context, options.Timeout, options.Retries, options.Port = "v3", "", patient, 1, agent.at.Port()
	a := client(t, options).Question(quantities(t, "load1", "cpu_busy", "memory_used")).Agent(agent.at.Addr())
	p, told := newTestPoller(t)
	for n := range 3 {
		for range 3 {
			if err := p.readOne(t.Context(), a)[0].Err; err != nil {
				t.Fatal(err)
			}
		}
		if told.fallbacks() != n+1 {
			t.Errorf("told %v, want one call for each start of the agent", told.counts)
		}
		agent.stop()
		agent.start()
	}
}
