package monitor

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// polls counts the polls of a probe.
func polls(count *int, of probe) probe {
	return func(ctx context.Context, now time.Time) []reading.Reading {
		*count++
		return of(ctx, now)
	}
}

// rounds reads the monitor n times, an interval apart, and returns how long the readings
// took together.
func rounds(m *Monitor, n int, targets ...Target) (took time.Duration) {
	for range n {
		began := time.Now()
		m.Read(context.Background(), began, targets, nil)
		took += time.Since(began)
		time.Sleep(interval - time.Since(began))
	}
	return took
}

func TestASilentAgentDelaysItsGroupLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		m := watching(&field{probes: map[netip.Addr]probe{addressA: always(1), addressB: polls(&asked, dead(4*time.Second))}})
		every(m, interval)
		before := 0
		for round, want := range []int{1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 6} {
			took := rounds(m, 1, targetA, targetB)
			if asked != want {
				t.Fatalf("asked %d times after round %d, want %d", asked, round+1, want)
			}
			if asked == before && took != 0 {
				t.Errorf("round %d took %s although nobody was waited for", round+1, took)
			}
			before = asked
		}
	})
}

// waking is silent until up.
func waking(up *bool) probe {
	return func(ctx context.Context, now time.Time) []reading.Reading {
		if *up {
			return always(0.5)(ctx, now)
		}
		return dead(0)(ctx, now)
	}
}

func TestAnAgentThatAnswersAgainIsAskedEachRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, up := 0, false
		m := watching(&field{probes: map[netip.Addr]probe{addressA: polls(&asked, waking(&up)), addressB: always(1)}})
		every(m, interval)
		rounds(m, 60, targetA, targetB)
		up = true
		rounds(m, 6, targetA, targetB)
		before := asked
		rounds(m, 10, targetA, targetB)
		if asked-before != 10 {
			t.Errorf("asked %d times in 10 rounds", asked-before)
		}
		signals := m.Read(t.Context(), time.Now(), []Target{targetA}, nil)
		if value, ok := signals[0].Instances[0].Sample.Value(); !ok || value != 0.5 {
			t.Errorf("shows %v", signals[0].Instances[0].Sample)
		}
	})
}

func TestNobodyIsSparedWhereNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := false
		m := watching(&field{probes: map[netip.Addr]probe{addressA: waking(&up), addressB: waking(&up)}})
		every(m, interval)
		rounds(m, 60, targetA, targetB)
		up = true
		for _, in := range m.Read(t.Context(), time.Now(), []Target{targetA, targetB}, nil)[0].Instances {
			if _, ok := in.Sample.Value(); !ok {
				t.Errorf("%s is %v as soon as the network is back", in.Instance, in.Sample.Why())
			}
		}
	})
}

func TestAnExtraReadingAsksTheSilentTooAndIsNoPollToCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		m := watching(&field{probes: map[netip.Addr]probe{addressA: always(1), addressB: polls(&asked, dead(0))}})
		every(m, interval)
		for range 7 { // a storm within the first interval
			m.Read(t.Context(), time.Now(), []Target{targetA, targetB}, nil)
			time.Sleep(time.Second)
		}
		if asked != 7 {
			t.Errorf("asked %d times in a storm of 7", asked)
		}
		time.Sleep(interval - 7*time.Second)
		rounds(m, 1, targetA, targetB)
		if asked != 8 {
			t.Error("it is left alone for the storm")
		}
	})
}

func TestALongIntervalIsNotMadeLonger(t *testing.T) {
	t.Parallel()
	var b backoff
	for n := range 10 {
		at := epoch.Add(time.Duration(n) * time.Hour)
		if b.rests(at) {
			t.Fatalf("left alone at poll %d", n)
		}
		b.took(true, at, time.Hour)
	}
}

func TestAnAgentThatStartedWhileItsInstanceWarmedIsAskedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := false
		m := watching(&field{probes: map[netip.Addr]probe{addressA: func(ctx context.Context, now time.Time) []reading.Reading {
			if up {
				return always(0.5)(ctx, now)
			}
			return dead(0)(ctx, now)
		}}})
		every(m, interval)
		rounds(m, 20, Target{Code: "a", Address: addressA, Warming: true})
		up = true
		signals := m.Read(t.Context(), time.Now(), []Target{targetA}, nil)
		if why := signals[0].Instances[0].Sample.Why(); why != policy.Present {
			t.Errorf("it is %v when it begins to serve", why)
		}
	})
}

func TestAnAnswerWithoutAValueIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		m := watching(&field{probes: map[netip.Addr]probe{addressA: polls(&asked, func(context.Context, time.Time) []reading.Reading {
			return []reading.Reading{reading.None(policy.Absent, time.Now(), errNoAnswer)}
		})}})
		every(m, interval)
		rounds(m, 20, targetA)
		if asked != 20 {
			t.Errorf("asked %d times in 20 rounds", asked)
		}
	})
}
