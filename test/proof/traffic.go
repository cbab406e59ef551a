package proof

import (
	"fmt"
	"net/netip"
	"time"
)

// Traffic is the model of the requests that come in through the pools: each pool
// gets so many per second, evenly over its nodes, and each request takes between 0
// and Longest, evenly. It counts them without making any: between two changes of a
// pool or a node, the numbers follow from the time that passed.
type Traffic struct {
	Longest time.Duration // that a request takes

	at     time.Time // until when everything is counted
	pools  map[string]*stream
	served float64
	lost   map[Cause]float64
	notes  []string // the losses by our doing, in words
}

// stream is the traffic of one pool.
type stream struct {
	perSecond float64
	nodes     int
	dead      map[netip.Addr]Cause // nodes that do not serve, and who is to blame
	live      map[netip.Addr]bool
	gone      map[netip.Addr]departure
}

// departure is when a node left a pool, and how many requests per second it had got.
type departure struct {
	at        time.Time
	perSecond float64
}

// NewTraffic makes a traffic without pools.
func NewTraffic(longest time.Duration) *Traffic {
	return &Traffic{Longest: longest, at: time.Now(), pools: map[string]*stream{}, lost: map[Cause]float64{}}
}

// Served is how many requests were answered.
func (t *Traffic) Served() float64 { return t.served }

// Lost is how many requests were lost by somebody's doing: sent to a node that does
// not serve, or cut when its machine went off.
func (t *Traffic) Lost(by Cause) float64 { return t.lost[by] }

// Notes says of each loss by our doing what happened.
func (t *Traffic) Notes() []string { return t.notes }

// SetRate makes so many requests per second come to a pool from now on.
func (t *Traffic) SetRate(pool string, perSecond float64) {
	t.Advance(time.Now())
	t.pools[pool].perSecond = perSecond
}

func (t *Traffic) addPool(name string) {
	t.pools[name] = &stream{dead: map[netip.Addr]Cause{}, live: map[netip.Addr]bool{}, gone: map[netip.Addr]departure{}}
}

// Advance counts the requests until the given time.
func (t *Traffic) Advance(to time.Time) {
	seconds := to.Sub(t.at).Seconds()
	if seconds <= 0 {
		return
	}
	t.at = to
	for name, s := range t.pools {
		if s.nodes == 0 {
			continue
		}
		each := s.perSecond * seconds / float64(s.nodes)
		t.served += each * float64(s.nodes-len(s.dead))
		for node, by := range s.dead {
			t.lose(by, each, "sent to %v in %s, which does not serve", node, name)
		}
	}
}

func (t *Traffic) lose(by Cause, requests float64, format string, args ...any) {
	if requests <= 0 {
		return
	}
	t.lost[by] += requests
	if by == Us && len(t.notes) < 10 {
		t.notes = append(t.notes, fmt.Sprintf("%.1f requests lost: %s", requests, fmt.Sprintf(format, args...)))
	}
}

func (t *Traffic) joined(pool string, node netip.Addr, serves bool, cause Cause) {
	t.Advance(time.Now())
	s := t.pools[pool]
	s.nodes++
	delete(s.gone, node)
	if serves {
		s.live[node] = true
	} else {
		s.dead[node] = cause
	}
}

func (t *Traffic) left(pool string, node netip.Addr) {
	now := time.Now()
	t.Advance(now)
	s := t.pools[pool]
	if s.live[node] {
		s.gone[node] = departure{now, s.perSecond / float64(s.nodes)}
	}
	s.nodes--
	delete(s.live, node)
	delete(s.dead, node)
}

// turned says that the machine at the address begins or ceases to serve; without
// power its requests under way are cut.
func (t *Traffic) turned(node netip.Addr, serves, power bool, cause Cause, at time.Time) {
	t.Advance(at)
	for name, s := range t.pools {
		switch _, dead := s.dead[node]; {
		case s.live[node] && !serves:
			delete(s.live, node)
			s.dead[node] = cause
			if !power {
				t.lose(cause, s.perSecond/float64(s.nodes)*t.Longest.Seconds()/2, "cut at %v, which went off while in %s", node, name)
			}
		case dead && serves:
			delete(s.dead, node)
			s.live[node] = true
		}
		if departed, ok := s.gone[node]; ok && !power {
			t.cut(name, node, departed, cause, at)
			delete(s.gone, node)
		}
	}
}

// cut counts the requests that a node had got before it left, and that still ran.
func (t *Traffic) cut(pool string, node netip.Addr, departed departure, cause Cause, at time.Time) {
	passed := at.Sub(departed.at)
	if passed >= t.Longest {
		return
	}
	rest := (t.Longest - passed).Seconds()
	t.lose(cause, departed.perSecond*rest*rest/(2*t.Longest.Seconds()), "cut at %v, which went off %v after it had left %s", node, passed, pool)
}
