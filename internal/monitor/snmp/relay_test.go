package snmp

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/raced"
)

// weather is what happens to datagrams on their way: the chance of each, 0 to 1.
// What is held back goes on behind one to four later ones, so late and out of order.
type weather struct{ lost, twice, held, damaged float64 }

var (
	moderate = weather{lost: 0.2, twice: 0.1, held: 0.1}
	storm    = weather{lost: 0.35, twice: 0.4, held: 0.3}
)

func (w weather) damaging(chance float64) weather {
	w.damaged = chance
	return w
}

// patience is the timeout of one attempt.
func (w weather) patience() time.Duration {
	if w == moderate {
		return hasty
	}
	return hasty / 3
}

// checkSuccess wants most readings to succeed in moderate weather, and some of many in any.
func (w weather) checkSuccess(t *testing.T, succeeded, readings int) {
	t.Helper()
	t.Logf("%d of %d readings succeeded", succeeded, readings)
	if succeeded == 0 && !raced.Enabled || w == moderate && succeeded < readings*2/3 {
		t.Errorf("only %d of %d readings succeeded", succeeded, readings)
	}
}

// relay passes datagrams through weather, between an agent and one caller at a time.
// It speaks to whoever asked last, so that what comes late reaches a later call, as
// it can behind a translator of addresses that uses its ports again.
type relay struct {
	at          netip.AddrPort
	front, back *net.UDPConn // towards callers, and towards the agent
	up, down    direction    // of the one goroutine that reads front, and the one that reads back

	mu      sync.Mutex
	caller  netip.AddrPort
	asked   map[string]int // how often each datagram came from callers
	carried int            // datagrams that the agent was sent
}

// direction is one way through the weather, with chance of its own.
type direction struct {
	weather
	chance *rand.Rand
	held   []held
}

type held struct {
	behind   int // so many later ones
	datagram []byte
}

// relayTo starts a relay to the agent at the address.
func relayTo(t *testing.T, agent netip.AddrPort, w weather) *relay {
	t.Helper()
	seed := seedOf(t)
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	back, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(agent))
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{
		at: front.LocalAddr().(*net.UDPAddr).AddrPort(), front: front, back: back, asked: map[string]int{},
		up:   direction{weather: w, chance: rand.New(rand.NewPCG(seed, 1))},
		down: direction{weather: w, chance: rand.New(rand.NewPCG(seed, 2))},
	}
	var both sync.WaitGroup
	both.Go(r.passRequests)
	both.Go(r.passAnswers)
	t.Cleanup(func() {
		_, _ = front.Close(), back.Close()
		both.Wait()
	})
	return r
}

// seedOf is new, or that of an earlier run.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("AUTOSCALED_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("AUTOSCALED_SEED: %v", err)
		}
	}
	t.Logf("repeat with AUTOSCALED_SEED=%d", seed)
	return seed
}

func (r *relay) passRequests() {
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := r.front.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		passing := r.up.pass(slices.Clone(buffer[:n]))
		r.mu.Lock()
		r.caller = from
		r.asked[string(buffer[:n])]++
		r.carried += len(passing)
		r.mu.Unlock()
		for _, datagram := range passing {
			_, _ = r.back.Write(datagram)
		}
	}
}

func (r *relay) passAnswers() {
	buffer := make([]byte, 1<<16)
	for {
		n, err := r.back.Read(buffer)
		if err != nil {
			return
		}
		r.mu.Lock()
		caller := r.caller
		r.mu.Unlock()
		for _, datagram := range r.down.pass(slices.Clone(buffer[:n])) {
			_, _ = r.front.WriteToUDPAddrPort(datagram, caller)
		}
	}
}

func (r *relay) sent() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.carried
}

func (r *relay) questions() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.asked)
}

// pass returns what arrives when the datagram sets out.
func (d *direction) pass(datagram []byte) [][]byte {
	var arriving [][]byte
	if d.chance.Float64() < d.damaged {
		datagram = d.damage(datagram)
	}
	switch {
	case d.chance.Float64() < d.lost:
	case d.chance.Float64() < d.weather.held:
		d.held = append(d.held, held{1 + d.chance.IntN(4), datagram})
		return nil
	case d.chance.Float64() < d.twice:
		arriving = append(arriving, datagram, slices.Clone(datagram))
	default:
		arriving = append(arriving, datagram)
	}
	waiting := d.held[:0]
	for _, h := range d.held {
		if h.behind--; h.behind > 0 {
			waiting = append(waiting, h)
		} else {
			arriving = append(arriving, h.datagram)
		}
	}
	d.held = waiting
	return arriving
}

// damage flips some bits, cuts the end off, or adds one.
func (d *direction) damage(datagram []byte) []byte {
	switch datagram = slices.Clone(datagram); d.chance.IntN(4) {
	case 0:
		return datagram[:d.chance.IntN(len(datagram))]
	case 1:
		return append(datagram, byte(d.chance.Uint32()))
	}
	for range 1 + d.chance.IntN(3) {
		datagram[d.chance.IntN(len(datagram))] ^= 1 << d.chance.IntN(8)
	}
	return datagram
}

// teller is an agent that says something else each time, and never the same twice:
// the number of the answer is its uptime, and in each of its values.
type teller struct {
	sync.Mutex
	cells int
	told  int // answers so far
	mib   mib
}

func (a *teller) answer(request *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
	a.Lock()
	defer a.Unlock()
	a.told++
	cells := make([]gosnmp.SnmpPDU, a.cells)
	for i := range cells {
		if cells[i] = cell(fmt.Sprintf("%s.%d", table, i+1), gosnmp.Gauge32, uint32(a.told*1000+i)); i%2 == 1 {
			cells[i].Type, cells[i].Value = gosnmp.Counter64, uint64(a.told*1000+i)
		}
		if request.Version == gosnmp.Version1 {
			cells[i].Type, cells[i].Value = gosnmp.Counter32, uint32(a.told*1000+i)
		}
	}
	a.mib.set(ticksOf(a.told), cells...)
	return a.mib.answer(request)
}

func ticksOf(told int) time.Duration { return time.Duration(told) * 10 * time.Millisecond }

func (a *teller) answers() int {
	a.Lock()
	defer a.Unlock()
	return a.told
}

// check wants values in which answers behind the given number, and of the ones
// before only later ones, speak of all cells in their order.
func (a *teller) check(before int, uptime time.Duration, values []Value) error {
	if len(values) != a.cells {
		return fmt.Errorf("%d values, there are %d", len(values), a.cells)
	}
	for i, value := range values {
		said := int(value.number()) + int(value.count())
		told := said / 1000
		switch {
		case said%1000 != i:
			return fmt.Errorf("value %d is %+v, which was never said of it", i, value)
		case i == 0 && uptime != ticksOf(told):
			return fmt.Errorf("the uptime is %v, and the first value was said at %v", uptime, ticksOf(told))
		case told <= before || told > a.answers():
			return fmt.Errorf("value %d is of answer %d: before it there was %d, and there are %d", i, told, before, a.answers())
		}
		before = told - 1
	}
	return nil
}

// listen starts the agent, for v3 with an engine in front.
func (a *teller) listen(t *testing.T, options Options) netip.AddrPort {
	if options.Version != "v3" {
		return responder(t, func(datagram []byte) [][]byte {
			request, err := decode(datagram)
			if err != nil || request.Community != "public" {
				return nil
			}
			answer, err := a.answer(request).MarshalMsg()
			if err != nil { // damaged into something that cannot be said
				return nil
			}
			return [][]byte{answer}
		})
	}
	e := newEngineer(t, options)
	e.contents = a.answer
	return responder(t, func(datagram []byte) [][]byte {
		if _, dropped := readHeader(datagram); dropped != nil {
			return nil
		}
		return e.replies(datagram)
	})
}

// versions are the ways to ask that go through the weather.
func versions() map[string]Options {
	secured := authPriv("sha256", "aes")
	secured.Version = "v3"
	return map[string]Options{"v1": {Version: "v1"}, "v2c": {Version: "v2c"}, "v3": secured}
}

// columnOf are the objects in the rows of the table.
func columnOf(cells int) []string {
	objects := make([]string, cells)
	for i := range objects {
		objects[i] = fmt.Sprintf("%s.%d", table, i+1)
	}
	return objects
}

// readBoth reads the objects of one peer in one way or the other, and tells what
// came out.
func readBoth(t *testing.T, p *peer, walking bool, objects []string, tell func(uptime time.Duration, values []Value)) error {
	t.Helper()
	if !walking {
		got, err := within(t, p, func(ctx context.Context, c *call) (answer, error) { return c.get(ctx, objects) })
		if err == nil {
			tell(got.uptime, got.values)
		}
		return err
	}
	got, err := within(t, p, func(ctx context.Context, c *call) (column, error) { return c.walk(ctx, table) })
	if err != nil {
		return err
	}
	var values []Value
	for i, row := range got.rows {
		if row.index != fmt.Sprintf(".%d", i+1) {
			t.Errorf("row %d is called %s", i, row.index)
		}
		values = append(values, row.value)
	}
	tell(got.uptime, values)
	return nil
}

func TestWhatComesThroughAnyWeatherWasSaidByTheAgentSinceItWasAsked(t *testing.T) {
	t.Parallel()
	for version, options := range versions() {
		for name, w := range map[string]weather{"moderate": moderate, "storm": storm, "damaging storm": storm.damaging(0.3)} {
			if w.damaged > 0 && version != "v3" {
				continue // damage that UDP's checksum missed could not be told from the truth
			}
			t.Run(version+" "+name, func(t *testing.T) {
				t.Parallel()
				a := &teller{cells: 60}
				if version == "v1" {
					a.cells = 4 // each row is an exchange
				}
				r := relayTo(t, a.listen(t, options), w)
				options := options
				options.Port, options.Timeout, options.Retries = r.at.Port(), w.patience(), 9
				p := client(t, options).peer(r.at.Addr())
				readings := raced.Sample(30, 3)
				succeeded := 0
				for n := range readings {
					before := a.answers()
					err := readBoth(t, p, n%2 == 1, columnOf(a.cells), func(uptime time.Duration, values []Value) {
						if err := a.check(before, uptime, values); err != nil {
							t.Errorf("reading %d: %v", n, err)
						}
					})
					if err == nil {
						succeeded++
					}
				}
				w.checkSuccess(t, succeeded, readings)
			})
		}
	}
}

func TestNoWeatherMakesAReadingAskMoreOftenThanConfigured(t *testing.T) {
	t.Parallel()
	for version, exchanges := range map[string]int{"v1": 1, "v2c": 1, "v3": 1 + 1} { // v3 may have to meet the engine
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			options := versions()[version]
			a := &teller{cells: 2}
			r := relayTo(t, a.listen(t, options), storm)
			options.Port, options.Timeout, options.Retries = r.at.Port(), hasty/3, 3
			p := client(t, options).peer(r.at.Addr())
			readings := raced.Sample(40, 3)
			for range readings {
				_ = readBoth(t, p, false, columnOf(a.cells), func(time.Duration, []Value) {})
			}
			questions := r.questions()
			if len(questions) > readings*exchanges {
				t.Errorf("%d readings asked %d questions", readings, len(questions))
			}
			for question, times := range questions {
				if times > options.Retries+1 {
					t.Errorf("%x was sent %d times", question, times)
				}
			}
		})
	}
}

// In v1 and v2c nothing tells damage from the truth but UDP's own checksum, which
// the relay makes anew. What comes out is then still one value for each object.
func TestDamageMakesNobodyBelieveMoreOrFewerValues(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"v1", "v2c"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			options := versions()[version]
			a := &teller{cells: 8}
			r := relayTo(t, a.listen(t, options), weather{damaged: 0.7})
			var counted drops
			options.Port, options.Timeout, options.Retries, options.Dropped = r.at.Port(), hasty/3, 5, counted.note
			p := client(t, options).peer(r.at.Addr())
			for n := range raced.Sample(60, 3) {
				_ = readBoth(t, p, false, columnOf(a.cells), func(uptime time.Duration, values []Value) {
					if len(values) != a.cells || uptime < 0 {
						t.Errorf("reading %d has %d values after %v", n, len(values), uptime)
					}
					for _, value := range values {
						if value.kind == nothing && value.err() == nil {
							t.Errorf("reading %d: neither a value nor an explanation", n)
						}
					}
				})
			}
			if counted.of(dropMalformed) == 0 {
				t.Errorf("dropped %v: the test wants damage", counted.counts)
			}
		})
	}
}

// snmpInPkts counts what arrived at an agent (RFC 3418), so that each request makes
// it more.
const snmpInPkts = ".1.3.6.1.2.1.11.1.0"

// moduleNames is a table of net-snmp's own that does not change while it runs, and
// is longer than one answer: the module behind each registered OID.
const moduleNames = ".1.3.6.1.4.1.8072.1.2.1.1.4"

func TestWhatComesFromSnmpdThroughAnyWeatherIsTrue(t *testing.T) {
	t.Parallel()
	for i, way := range []struct {
		version string
		weather weather
	}{{"v2c", moderate}, {"v2c", storm}, {"v3", moderate}, {"v3", storm.damaging(0.2)}} {
		t.Run(fmt.Sprint(way.version, " ", i), func(t *testing.T) {
			t.Parallel()
			agent := startSNMPd(t, fmt.Sprintf("127.54.0.%d", i+1), fmt.Sprintf("createUser reader SHA-256 %q AES %q", passphrase, otherPassphrase), "rouser reader priv")
			options := versions()[way.version]
			options.Context, options.Timeout = "", patient
			modules, err := walkOf(t, agent.at, options, moduleNames)
			if err != nil || len(modules.rows) <= repetitions {
				t.Fatalf("%d modules, %v: the test wants more than one answer's", len(modules.rows), err)
			}
			first, err := getFrom(t, agent.at, options, snmpInPkts)
			if err != nil {
				t.Fatal(err)
			}
			r := relayTo(t, agent.at, way.weather)
			options.Port, options.Timeout, options.Retries = r.at.Port(), way.weather.patience(), 9
			p := client(t, options).peer(r.at.Addr())
			counted, uptime := first.values[0].count(), first.uptime
			readings := raced.Sample(30, 3)
			succeeded := 0
			for range readings {
				got, err := within(t, p, func(ctx context.Context, c *call) (answer, error) { return c.get(ctx, []string{snmpInPkts}) })
				if err != nil {
					continue
				}
				succeeded++
				carried := r.sent()
				now := got.values[0]
				if now.kind != counter32 || now.count() <= counted || now.count() > first.values[0].count()+uint64(carried) || got.uptime < uptime {
					t.Errorf("%+v after %v: before it was %d after %v, and %d arrived since the first", now, got.uptime, counted, uptime, carried)
				}
				counted, uptime = now.count(), got.uptime
			}
			for range readings / 3 {
				got, err := within(t, p, func(ctx context.Context, c *call) (column, error) { return c.walk(ctx, moduleNames) })
				if err == nil && !slices.Equal(textsOf(got), textsOf(modules)) {
					t.Errorf("the table is %q, and was %q", textsOf(got), textsOf(modules))
				}
			}
			way.weather.checkSuccess(t, succeeded, readings)
		})
	}
}

// textsOf are the rows of a table of texts.
func textsOf(c column) (texts []string) {
	for _, row := range c.rows {
		texts = append(texts, row.index+" "+row.value.text())
	}
	return texts
}

func TestADeadAgentAndASlowOneDelayNobody(t *testing.T) {
	t.Parallel()
	load := config.SNMP{Profile: "load1"}
	var living []*Agent
	for i := range 3 {
		living = append(living, startSNMPd(t, fmt.Sprintf("127.54.1.%d", i+1)).read(Options{}, load))
	}
	frozen := startSNMPd(t, "127.54.2.1")
	_ = frozen.process.Process.Signal(syscall.SIGSTOP)
	t.Cleanup(func() { _ = frozen.process.Process.Signal(syscall.SIGCONT) })
	dead := reader(t, frozen.at, Options{Timeout: time.Hour}, load)

	arrived, open := make(chan struct{}, 1), make(chan struct{})
	slow := reader(t, agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		arrived <- struct{}{}
		<-open
		return [][]byte{bytesOf(answerTo(request))}
	}), Options{Timeout: time.Hour}, load)

	ctx, give := context.WithCancel(t.Context())
	read := func(a *Agent) <-chan reading.Reading {
		result := make(chan reading.Reading, 1)
		go func() { result <- a.Read(ctx)[0] }()
		return result
	}
	fromDead, fromSlow := read(dead), read(slow)
	<-arrived
	for range 5 {
		var results []<-chan reading.Reading
		for _, a := range living {
			results = append(results, read(a))
		}
		for _, result := range results {
			if got := <-result; got.Err != nil {
				t.Error(got.Err)
			}
		}
	}
	if len(fromDead) > 0 || len(fromSlow) > 0 {
		t.Error("the test wants both to be waited for still")
	}
	close(open)
	if got := <-fromSlow; got.Err != nil {
		t.Errorf("the slow one: %v", got.Err)
	}
	give()
	says(t, (<-fromDead).Err, "canceled")
}
