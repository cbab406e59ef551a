package daemon

import (
	"maps"
	"net/netip"
	"time"
)

const (
	toldGap = 10 * time.Minute
	// toldMax bounds what is told of in toldGap, since addresses can be forged.
	toldMax = 100
)

// told is what is told of: something, about an address.
type told struct {
	what string
	of   netip.Addr
}

// seldom keeps the same thing from being told again and again.
type seldom map[told]time.Time

func newSeldom() seldom { return make(seldom, toldMax) }

// may says whether it is to be told now: it was not in the last toldGap, nor were
// toldMax others.
func (s seldom) may(tell told, now time.Time) bool {
	if at, known := s[tell]; known && now.Sub(at) < toldGap {
		return false
	}
	if len(s) >= toldMax {
		maps.DeleteFunc(s, func(_ told, at time.Time) bool { return now.Sub(at) >= toldGap })
	}
	if len(s) >= toldMax {
		return false
	}
	s[tell] = now
	return true
}
