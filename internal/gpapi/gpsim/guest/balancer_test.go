package guest

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func newBalancer(t *testing.T, timeout time.Duration, machines ...testMachine) *Balancer {
	t.Helper()
	b, err := NewBalancer("127.0.0.1:0", timeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	b.SetNodes(nodes(machines...))
	return b
}

func nodes(machines ...testMachine) []netip.AddrPort {
	var all []netip.AddrPort
	for _, m := range machines {
		all = append(all, m.app)
	}
	return all
}

// burst sends requests at the same time and waits for all answers.
func burst(t *testing.T, b *Balancer, requests int) {
	t.Helper()
	var all sync.WaitGroup
	for range requests {
		all.Go(func() { _, _, _ = get(t, b.Addr(), "/") })
	}
	all.Wait()
}

func wantCounts(t *testing.T, b *Balancer, want Counts) {
	t.Helper()
	if got := b.Ledger(); got.Counts != want {
		t.Errorf("the ledger says %+v, want %+v; losses %v", got.Counts, want, got.LastLosses)
	}
}

func TestRequestsGoToTheNodesInTurn(t *testing.T) {
	t.Parallel()
	machines := newMachines(t, 3, nil)
	b := newBalancer(t, time.Minute, machines...)
	burst(t, b, 30)
	wantCounts(t, b, Counts{Served: 30})
	for _, m := range machines {
		if text := mustGet(t, m.app, "/metrics", http.StatusOK); !strings.Contains(text, `app_requests_total{code="200"} 10`) {
			t.Errorf("machine %s did not get its third:\n%s", m.code, text)
		}
	}
}

func TestAnEmptyPoolHasNoNode(t *testing.T) {
	t.Parallel()
	b := newBalancer(t, time.Minute)
	mustGet(t, b.Addr(), "/", http.StatusServiceUnavailable)
	wantCounts(t, b, Counts{NoNode: 1})
}

func TestOverloadAppearsBeyondCapacityAndEndsWithASecondNode(t *testing.T) {
	t.Parallel()
	machines := newMachines(t, 2, func(o *Options) {
		o.ServiceTime = 200 * time.Millisecond
		o.Backlog = 3 // with the one in service, 4 at a time
	})
	b := newBalancer(t, time.Minute, machines[0])
	burst(t, b, 8)
	one := b.Ledger()
	if one.Overloaded == 0 || one.Served < 4 || one.Total() != 8 || one.Served+one.Overloaded != 8 {
		t.Errorf("8 requests at a time for one node: %+v, want at least 4 served and the rest overloaded", one.Counts)
	}
	b.SetNodes(nodes(machines...))
	burst(t, b, 8)
	if two := b.Ledger().Minus(one.Counts); two != (Counts{Served: 8}) {
		t.Errorf("8 requests at a time for two nodes: %+v, want all served", two)
	}
}

// visitors send one request after the other until stopped.
type visitors struct {
	answered [4]atomic.Uint64 // by visitor
	stopped  atomic.Bool
	running  sync.WaitGroup
}

func startVisitors(t *testing.T, b *Balancer) *visitors {
	t.Helper()
	v := &visitors{}
	for i := range v.answered {
		v.running.Go(func() {
			for !v.stopped.Load() {
				_, _, _ = get(t, b.Addr(), "/")
				v.answered[i].Add(1)
			}
		})
	}
	return v
}

// drain returns when every request that was on its way has been answered.
func (v *visitors) drain(t *testing.T) {
	t.Helper()
	for i := range v.answered {
		before := v.answered[i].Load()
		waitUntil(t, func() bool { return v.answered[i].Load() > before })
	}
}

func (v *visitors) stop() {
	v.stopped.Store(true)
	v.running.Wait()
}

func TestLeavingThePoolAndDrainingBeforeTheStopLosesNothing(t *testing.T) {
	t.Parallel()
	machines := newMachines(t, 2, nil)
	b := newBalancer(t, time.Minute, machines...)
	v := startVisitors(t, b)
	for range 5 {
		v.drain(t)
		b.SetNodes(nodes(machines[0]))
		v.drain(t)
		machines[1].power(false)
		v.drain(t)
		machines[1].power(true)
		b.SetNodes(nodes(machines...))
	}
	v.stop()
	if got := b.Ledger(); got.Lost != 0 || got.Served == 0 || got.Served != got.Total() {
		t.Errorf("the ledger says %+v with losses %v, want all served", got.Counts, got.LastLosses)
	}
}

func TestAStopInThePoolLosesAndTheLedgerSaysWhere(t *testing.T) {
	t.Parallel()
	machines := newMachines(t, 2, nil)
	b := newBalancer(t, time.Minute, machines...)
	machines[1].power(false)
	burst(t, b, 10)
	wantCounts(t, b, Counts{Served: 5, Lost: 5})
	for _, loss := range b.Ledger().LastLosses {
		if loss.Node != machines[1].app || !strings.Contains(loss.String(), "refused") {
			t.Errorf("loss %v, want one that names node %v and the refusal", loss, machines[1].app)
		}
	}
}

func TestARequestCutByAStopIsLost(t *testing.T) {
	t.Parallel()
	machine := newMachine(t, func(o *Options) { o.ServiceTime = time.Hour })
	b := newBalancer(t, time.Minute, machine)
	var visitor sync.WaitGroup
	visitor.Go(func() { burst(t, b, 1) })
	waitUntil(t, func() bool { return machine.world.CPURatio(machine.code) > 0 })
	b.SetNodes(nil)
	machine.power(false)
	visitor.Wait()
	wantCounts(t, b, Counts{Lost: 1})
}

func TestARestartedNodeIsServedFromOnNewConnections(t *testing.T) {
	t.Parallel()
	machine := newMachine(t, nil)
	b := newBalancer(t, time.Minute, machine)
	for range 5 {
		burst(t, b, 3) // leaves connections open
		machine.power(false)
		machine.power(true)
	}
	burst(t, b, 1)
	wantCounts(t, b, Counts{Served: 16})
}

func TestANodeThatIsNotReadyLosesRequests(t *testing.T) {
	t.Parallel()
	machine := newMachine(t, func(o *Options) { o.BootHealthyAfter = time.Hour })
	b := newBalancer(t, time.Minute, machine)
	mustGet(t, b.Addr(), "/", http.StatusInternalServerError)
	wantCounts(t, b, Counts{Lost: 1})
	if got := b.Ledger().LastLosses[0].Reason; got != "answered 500" {
		t.Errorf("reason %q, want %q", got, "answered 500")
	}
}

func TestANodeThatDoesNotAnswerInTimeLosesTheRequest(t *testing.T) {
	t.Parallel()
	machine := newMachine(t, func(o *Options) { o.ServiceTime = time.Hour })
	b := newBalancer(t, 50*time.Millisecond, machine)
	mustGet(t, b.Addr(), "/", http.StatusBadGateway)
	wantCounts(t, b, Counts{Lost: 1})
	if got := b.Ledger().LastLosses[0].Reason; got != "no answer within 50ms" {
		t.Errorf("reason %q", got)
	}
}

func TestAVisitorWhoHangsUpIsNotTheNodesFault(t *testing.T) {
	t.Parallel()
	machine := newMachine(t, func(o *Options) { o.ServiceTime = time.Hour })
	b := newBalancer(t, time.Minute, machine)
	visitor, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(visitor, "GET / HTTP/1.1\r\nHost: web\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, func() bool { return machine.world.CPURatio(machine.code) > 0 })
	_ = visitor.Close()
	waitUntil(t, func() bool { return b.Ledger().Total() == 1 })
	wantCounts(t, b, Counts{Abandoned: 1})
}

// brokenNode is a node that answers every connection with the same bytes and closes it.
func brokenNode(t *testing.T, answer string) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		}
	}()
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

func TestAnAnswerThatIsCutOrNonsenseIsLost(t *testing.T) {
	t.Parallel()
	for story, answer := range map[string]string{
		"nothing":           "",
		"not HTTP":          "220 mail.example.com ESMTP\r\n",
		"cut in the header": "HTTP/1.1 200 OK\r\nContent-Le",
		"cut in the body":   "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nAll is",
		"a cut 503":         "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 100\r\n\r\nover",
	} {
		t.Run(story, func(t *testing.T) {
			t.Parallel()
			b := newBalancer(t, time.Minute)
			b.SetNodes([]netip.AddrPort{brokenNode(t, answer)})
			if status, _, err := get(t, b.Addr(), "/"); err == nil && status != http.StatusBadGateway {
				t.Errorf("the visitor got status %d without an error", status)
			}
			wantCounts(t, b, Counts{Lost: 1})
		})
	}
}

func TestTheLedgerKeepsOnlyTheLastLosses(t *testing.T) {
	t.Parallel()
	var b books
	for i := range 40 {
		b.lose(Loss{Node: netip.AddrPortFrom(newAddress(), uint16(i))})
	}
	ledger := b.read()
	if n := len(ledger.LastLosses); n != lossesKept || ledger.Lost != 40 || ledger.LastLosses[n-1].Node.Port() != 39 {
		t.Errorf("%d lost, %d kept: %v", ledger.Lost, n, ledger.LastLosses)
	}
}

func TestABalancerSaysWhyItCannotOpen(t *testing.T) {
	t.Parallel()
	first := newBalancer(t, time.Minute)
	if _, err := NewBalancer(first.Addr().String(), time.Minute); err == nil || !strings.Contains(err.Error(), first.Addr().String()) {
		t.Errorf("a busy port: %v, want an error that names it", err)
	}
	if _, err := NewBalancer("127.0.0.1:0", 0); err == nil {
		t.Error("a timeout of 0 was accepted")
	}
}
