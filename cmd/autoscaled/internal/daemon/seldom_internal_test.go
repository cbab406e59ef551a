package daemon

import (
	"net/netip"
	"testing"
	"time"
)

func TestTheSameIsToldOnceInAWhile(t *testing.T) {
	t.Parallel()
	here, there := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	now := time.Now()
	s := newSeldom()
	for i, c := range []struct {
		tell  told
		after time.Duration
		want  bool
	}{
		{told{"community", here}, 0, true},
		{told{"community", here}, 0, false},
		{told{"community", there}, 0, true},
		{told{"version", here}, time.Minute, true},
		{told{"community", here}, toldGap - time.Second, false},
		{told{"community", here}, toldGap, true},
		{told{"version", here}, toldGap, false},
		{told{"community", here}, toldGap + time.Minute, false},
	} {
		if got := s.may(c.tell, now.Add(c.after)); got != c.want {
			t.Errorf("%d: of %v after %s: %v, want %v", i, c.tell, c.after, got, c.want)
		}
	}
}

func TestAFloodOfForgedAddressesIsNotToldOf(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newSeldom()
	flood := func(now time.Time) (lines int) {
		for i := range 10_000 {
			if s.may(told{"sender", netip.AddrFrom4([4]byte{10, 0, byte(i / 256), byte(i)})}, now) {
				lines++
			}
		}
		return lines
	}
	if first, second, later := flood(now), flood(now.Add(toldGap-1)), flood(now.Add(toldGap)); first != 100 || second != 0 || later != 100 || len(s) > 100 {
		t.Errorf("it is told of %d, then of %d, later of %d; %d are remembered", first, second, later, len(s))
	}
}
