package guest

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// lossesKept is how many of the last losses a ledger keeps.
const lossesKept = 16

// Counts says how requests ended. Each request is in exactly one count.
type Counts struct {
	Served     uint64 // a node answered, with a status below 500
	Overloaded uint64 // a node answered 503: its backlog was full
	NoNode     uint64 // the pool was empty
	Lost       uint64 // a node was asked and did not serve: see Loss
	Abandoned  uint64 // the visitor hung up before the end of the answer
}

// Minus is what was counted since an earlier reading of the same ledger.
func (c Counts) Minus(earlier Counts) Counts {
	return Counts{
		Served:     c.Served - earlier.Served,
		Overloaded: c.Overloaded - earlier.Overloaded,
		NoNode:     c.NoNode - earlier.NoNode,
		Lost:       c.Lost - earlier.Lost,
		Abandoned:  c.Abandoned - earlier.Abandoned,
	}
}

// Total is the number of requests counted.
func (c Counts) Total() uint64 { return c.Served + c.Overloaded + c.NoNode + c.Lost + c.Abandoned }

// Loss is one lost request: its node refused or broke the connection, did not
// answer in time, or answered with a status from 500 on other than 503.
type Loss struct {
	At     time.Time
	Node   netip.AddrPort
	Reason string
}

func (l Loss) String() string {
	return fmt.Sprintf("%s %s: %s", l.At.Format(time.TimeOnly), l.Node, l.Reason)
}

// Ledger is a balancer's books since it was opened.
type Ledger struct {
	Counts
	LastLosses []Loss // the latest at the end; at most 16
}

// books is the ledger while it is being written.
type books struct {
	mu     sync.Mutex
	ledger Ledger // guarded by mu
}

func (b *books) count(change func(*Counts)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.ledger.Counts)
}

func (b *books) lose(loss Loss) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ledger.Lost++
	b.ledger.LastLosses = append(b.ledger.LastLosses, loss)
	b.ledger.LastLosses = b.ledger.LastLosses[max(0, len(b.ledger.LastLosses)-lossesKept):]
}

func (b *books) read() Ledger {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Ledger{b.ledger.Counts, slices.Clone(b.ledger.LastLosses)}
}
