package snmp

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// fakeCarrier hands what is sent to a function. Whoever has it gives answers to Poller.take.
type fakeCarrier struct {
	sent func([]outgoing) (int, error)
}

func (c *fakeCarrier) send(datagrams []outgoing) (int, error) { return c.sent(datagrams) }
func (c *fakeCarrier) receive() error                         { return net.ErrClosed }
func (c *fakeCarrier) drain()                                 {}
func (c *fakeCarrier) lost() int                              { return 0 }
func (c *fakeCarrier) close() error                           { return nil }

// carryBy lets all lanes of IPv4 be the carrier.
func (p *Poller) carryBy(c carrier) {
	for lane := range liveLanes + 1 {
		p.carriers[lane] = c
	}
}

// answered is the right answer to a request of v2c, as it comes in.
func answered(out outgoing) incoming {
	return incoming{saying(7, out.datagram), out.to}
}

// plainly makes a poller carry one datagram at a time, in both families.
func (p *Poller) plainly(t *testing.T) {
	t.Helper()
	for family, network := range []string{"udp4", "udp6"} {
		conn, err := net.ListenUDP(network, nil)
		if err != nil {
			t.Logf("without %s: %v", network, err)
			continue
		}
		c := &plainCarrier{conn: conn, give: p.take}
		for lane := range liveLanes + 1 {
			p.carriers[family*(liveLanes+1)+lane] = c
		}
		p.readers.Go(func() { p.receive(c) })
	}
}

// carriages are pollers that carry datagrams in every way that this system knows.
func carriages(t *testing.T) map[string]*Poller {
	t.Helper()
	usual, _ := newTestPoller(t)
	plain, _ := newTestPoller(t)
	plain.plainly(t)
	return map[string]*Poller{"as is usual": usual, "plainly": plain}
}

func TestMoreAgentsThanABatchAreReadAtOnce(t *testing.T) {
	t.Parallel()
	homes := street(3, 3*maxBatch+8)
	port := residents(t, homes, func(which int, _ netip.AddrPort, datagram []byte) [][]byte {
		return [][]byte{saying(uint32(which), datagram)}
	})
	q := client(t, Options{Port: port, Timeout: time.Second, Retries: 9}).Question(gauges(t, twoObjects...))
	for name, p := range carriages(t) {
		t.Run(name, func(t *testing.T) {
			var agents []*Agent
			for _, home := range homes {
				agents = append(agents, q.Agent(home))
			}
			for range 3 {
				for i, readings := range p.readAll(t.Context(), agents...) {
					wantNumber(t, readings, float64(i))
				}
			}
		})
	}
}

func TestAgentsOfBothFamiliesAreReadAtOnce(t *testing.T) {
	t.Parallel()
	homes := []netip.Addr{netip.MustParseAddr("127.61.4.1"), netip.IPv6Loopback(), netip.MustParseAddr("127.61.4.2")}
	if conns := listenAll(homes[1:2]); conns == nil {
		t.Skip("the machine has no IPv6")
	} else {
		_ = conns[0].Close()
	}
	port := residents(t, homes, func(which int, _ netip.AddrPort, datagram []byte) [][]byte {
		return [][]byte{{0x30}, saying(uint32(which), datagram)}
	})
	q := client(t, Options{Port: port, Timeout: patient}).Question(gauges(t, twoObjects...))
	for name, p := range carriages(t) {
		t.Run(name, func(t *testing.T) {
			agents := []*Agent{q.Agent(homes[0]), q.Agent(homes[1]), q.Agent(homes[2])}
			for range 3 {
				for i, readings := range p.readAll(t.Context(), agents...) {
					wantNumber(t, readings, float64(i))
				}
			}
		})
	}
}

// A datagram of the longest length may have been longer: nothing of it is believed.
func TestWhatIsTooLongIsNotBelievedInAnyCarriage(t *testing.T) {
	t.Parallel()
	for _, length := range []int{maxDatagram - 1, maxDatagram, maxDatagram + 1, 60_000} {
		for _, plain := range []bool{false, true} {
			var strays drops
			p := NewPoller(PollerOptions{Stray: strays.note})
			defer p.Close()
			if plain {
				p.plainly(t)
			}
			at := responder(t, func(datagram []byte) [][]byte {
				return [][]byte{append(saying(666, datagram), make([]byte, length-len(saying(666, datagram)))...), saying(7, datagram)}
			})
			var dropped drops
			a := client(t, Options{Port: at.Port(), Timeout: patient, Dropped: dropped.note}).Question(gauges(t, twoObjects...)).Agent(at.Addr())
			wantNumber(t, p.readOne(t.Context(), a), 7)
			if oversize := length >= maxDatagram; oversize != (strays.of(dropOversize) == 1) || oversize == (dropped.of(dropMalformed) == 1) {
				t.Errorf("%d bytes, plain %v: dropped %v, strays %v", length, plain, dropped.counts, strays.counts)
			}
		}
	}
}

// Whoever sends is not kept by whoever floods.
func TestDrainingEndsAlthoughMoreComesIn(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	at := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	const enough = 1000
	batches := 0
	flood := func() {
		for range maxBatch {
			_, _ = conn.WriteToUDPAddrPort([]byte("more"), at)
		}
	}
	c, err := newCarrier(conn, func([]incoming) {
		if batches++; batches < enough {
			flood()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.close() }()
	flood()
	c.drain()
	if batches == enough {
		t.Errorf("it went on for %d batches, as long as more came in", batches)
	}
}

func TestAnswersMayComeWhileOthersAreStillSent(t *testing.T) {
	t.Parallel()
	p, _ := newTestPoller(t)
	p.carryBy(&fakeCarrier{func(datagrams []outgoing) (int, error) {
		for _, out := range datagrams {
			in := answered(out)
			go p.take([]incoming{in})
		}
		for range 1000 { // nothing else may make the ones wait for the other
			runtime.Gosched()
		}
		return len(datagrams), nil
	}})
	q := client(t, Options{Port: 161, Timeout: patient}).Question(gauges(t, twoObjects...))
	var agents []*Agent
	for range maxBatch + 3 {
		agents = append(agents, q.Agent(loopback))
	}
	for _, readings := range p.readAll(t.Context(), agents...) {
		wantNumber(t, readings, 7)
	}
}

// A firewall refuses, and an interface what is longer than its MTU.
func TestADatagramThatIsRefusedHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	refusals := []error{syscall.EPERM, syscall.EMSGSIZE}
	for name, refused := range map[string][]int{
		"the first": {0}, "the last": {9}, "one in the middle": {5}, "neighbours": {3, 4, 5}, "every other": {0, 2, 4, 6, 8}, "all": {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			homes := street(5, 10)
			port := residents(t, homes, func(which int, _ netip.AddrPort, datagram []byte) [][]byte {
				return [][]byte{saying(uint32(which), datagram)} // to calls
			})
			p, told := newTestPoller(t)
			p.carryBy(&fakeCarrier{func(datagrams []outgoing) (int, error) {
				for i, out := range datagrams {
					which := slices.Index(homes, out.to.Addr())
					if slices.Contains(refused, which) {
						return i, refusals[which%len(refusals)]
					}
					p.take([]incoming{{saying(uint32(which), out.datagram), out.to}})
				}
				return len(datagrams), nil
			}})
			q := client(t, Options{Port: port, Timeout: patient}).Question(gauges(t, twoObjects...))
			var agents []*Agent
			for _, home := range homes {
				agents = append(agents, q.Agent(home))
			}
			for range 2 {
				for i, readings := range p.readAll(t.Context(), agents...) {
					wantNumber(t, readings, float64(i))
				}
			}
			if told.of("fallback "+fallbackSocket) != 2*len(refused) || told.fallbacks() != 2*len(refused) {
				t.Errorf("told %v, want %d calls because of the socket", told.counts, 2*len(refused))
			}
		})
	}
}

// What waits in the system when a poller is closed is given away, and must not keep it open.
func TestAPollerCanBeClosedWhileDatagramsComeIn(t *testing.T) {
	t.Parallel()
	at := responder(t, func(datagram []byte) [][]byte { return [][]byte{saying(7, datagram)} })
	q := client(t, Options{Port: at.Port(), Timeout: patient}).Question(gauges(t, twoObjects...))
	for range 20 {
		p := NewPoller(PollerOptions{})
		wantNumber(t, p.readOne(t.Context(), q.Agent(at.Addr())), 7)
		stranger, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: p.port(t)})
		if err != nil {
			t.Fatal(err)
		}
		p.mu.Lock() // both the one that closes and the one that gives away are to wait for it
		var closing sync.WaitGroup
		closing.Go(p.Close)
		for range 100 {
			_, _ = stranger.Write([]byte("more"))
			runtime.Gosched()
		}
		p.mu.Unlock()
		closing.Wait()
		_ = stranger.Close()
	}
}

// port is that of the poller's socket for IPv4.
func (p *Poller) port(t *testing.T) int {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	used := slices.IndexFunc(p.carriers[:], func(c carrier) bool { return c != nil })
	switch c := p.carriers[max(0, used)].(type) {
	case interface{ localPort() int }:
		return c.localPort()
	case *plainCarrier:
		return c.conn.LocalAddr().(*net.UDPAddr).Port
	}
	t.Fatal("it has no socket")
	return 0
}

// What is sent together belongs to several, and each may have given up when the system
// refuses its part.
func TestARefusalMayComeAfterItsReadHasEnded(t *testing.T) {
	t.Parallel()
	seed := seedOf(t)
	p, _ := newTestPoller(t)
	var mu sync.Mutex
	chance := rand.New(rand.NewPCG(seed, 1))
	draw := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return chance.IntN(n)
	}
	p.carryBy(&fakeCarrier{func(datagrams []outgoing) (int, error) {
		for i, out := range datagrams {
			if draw(3) == 0 {
				for range draw(300) { // reads end meanwhile
					runtime.Gosched()
				}
				return i, syscall.EPERM
			}
			in := answered(out)
			go p.take([]incoming{in})
		}
		return len(datagrams), nil
	}})
	at := responder(t, func(datagram []byte) [][]byte { return [][]byte{saying(7, datagram)} })
	q := client(t, Options{Port: at.Port(), Timeout: patient}).Question(gauges(t, twoObjects...))
	var readers sync.WaitGroup
	for range 6 {
		readers.Go(func() {
			agents := []*Agent{q.Agent(at.Addr()), q.Agent(at.Addr()), q.Agent(at.Addr())}
			for range 100 {
				ctx, cancel := context.WithCancel(t.Context())
				if draw(2) == 0 {
					cancel()
				}
				p.readTruth(ctx, t, agents)
				cancel()
			}
		})
	}
	readers.Wait()
}
