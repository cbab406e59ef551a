package access

import (
	"net/netip"
	"sync"
	"time"
)

const (
	failuresMax   = 10 // of one address within failuresSpan
	failuresSpan  = time.Minute
	addressesMax  = 4096 // beyond, the address that failed first is forgotten
	networkBitsV6 = 64   // one customer has at least so many addresses of IPv6

	loopbackBitsV4 = 8 // whoever is on this machine has all of 127.0.0.0/8
)

// failures counts how often each address failed to say who it is.
type failures struct {
	mu    sync.Mutex
	of    map[netip.Prefix]*failed
	order []netip.Prefix // of the keys of of, by begin
}

type failed struct {
	begin time.Time
	count int
}

// left is for how long the failures count. A clock that was put back does not prolong it.
func (f *failed) left(now time.Time) time.Duration {
	if now.Before(f.begin) {
		f.begin = now
	}
	return max(f.begin.Add(failuresSpan).Sub(now), 0)
}

func newFailures() *failures { return &failures{of: map[netip.Prefix]*failed{}} }

// wait is for how long the address is not listened to; 0: it is.
func (f *failures) wait(from netip.Addr, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	entry := f.of[network(from)]
	if entry == nil || entry.count < failuresMax {
		return 0
	}
	return entry.left(now)
}

// add counts a failure.
func (f *failures) add(from netip.Addr, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.order) > 0 && f.of[f.order[0]].left(now) == 0 {
		f.forgetFirst()
	}
	key := network(from)
	if f.of[key] == nil {
		if len(f.order) == addressesMax {
			f.forgetFirst()
		}
		f.of[key] = &failed{begin: now}
		f.order = append(f.order, key)
	}
	f.of[key].count++
}

func (f *failures) forgetFirst() {
	delete(f.of, f.order[0])
	f.order = f.order[1:]
}

// Network is what one who connects from the address can choose its addresses from.
func Network(from netip.Addr) netip.Prefix { return network(from) }

// network is what one who guesses can choose its addresses from.
func network(from netip.Addr) netip.Prefix {
	bits := from.BitLen()
	switch {
	case from.Is6():
		bits = networkBitsV6
	case from.IsLoopback():
		bits = loopbackBitsV4
	}
	prefix, _ := from.Prefix(bits)
	return prefix
}
