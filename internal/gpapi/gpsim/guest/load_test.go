package guest

import (
	"context"
	"math"
	"testing"
	"time"
)

func TestArrivalsComeAtTheRateWithTheSpreadOfAPoissonProcess(t *testing.T) {
	t.Parallel()
	const seed = 20261101
	t.Logf("seed %d", seed)
	from := newArrivals(seed)
	const steps, rate = 100_000, 600.0
	var sum, squares float64
	for range steps {
		n := float64(from.within(loadStep, rate))
		sum += n
		squares += n * n
	}
	want := rate * loadStep.Seconds()
	mean := sum / steps
	variance := squares/steps - mean*mean
	if math.Abs(mean-want) > 0.01*want || math.Abs(variance-want) > 0.05*want {
		t.Errorf("mean %.3f and variance %.3f arrivals in a step, want both about %.3f", mean, variance, want)
	}
}

func TestTheSameSeedGivesTheSameArrivals(t *testing.T) {
	t.Parallel()
	one, again, other := newArrivals(1), newArrivals(1), newArrivals(2)
	differs := false
	for range 1000 {
		a, b, c := one.within(loadStep, 100), again.within(loadStep, 100), other.within(loadStep, 100)
		if a != b {
			t.Fatalf("%d arrivals, and %d with the same seed", a, b)
		}
		differs = differs || a != c
	}
	if !differs {
		t.Error("another seed gives the same arrivals")
	}
}

func TestNobodyArrivesAtARateOfZeroOrLess(t *testing.T) {
	t.Parallel()
	from := newArrivals(1)
	if n := from.within(time.Hour, 0) + from.within(time.Hour, -5) + from.within(0, 1e9); n != 0 {
		t.Errorf("%d arrivals", n)
	}
}

func TestEveryVisitorSentIsInTheBalancersLedger(t *testing.T) {
	t.Parallel()
	machines := newMachines(t, 2, nil)
	b := newBalancer(t, time.Minute, machines...)
	load := &Load{
		Target: "http://" + b.Addr().String() + "/",
		Rate:   func(time.Duration) float64 { return 200 },
		Seed:   7,
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- load.Run(ctx) }()
	waitUntil(t, func() bool { return load.Counts().Sent >= 50 })
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	counts := load.Counts()
	wantCounts(t, b, Counts{Served: counts.Sent})
	if counts.Unanswered != 0 || counts.Unsent != 0 {
		t.Errorf("counts %+v, want all answered", counts)
	}
}

func TestVisitorsWhomNobodyAnswersAreCounted(t *testing.T) {
	t.Parallel()
	load := &Load{
		Target: "http://" + newAddress().String() + ":1/", // nothing listens there
		Rate:   func(time.Duration) float64 { return 200 },
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- load.Run(ctx) }()
	waitUntil(t, func() bool { return load.Counts().Unanswered >= 10 })
	cancel()
	<-ended
	if counts := load.Counts(); counts.Unanswered != counts.Sent || counts.Cut != counts.Sent {
		t.Errorf("counts %+v, want all unanswered, and nobody who hung up", counts)
	}
}

func TestATargetThatIsNoURLIsRefused(t *testing.T) {
	t.Parallel()
	if err := (&Load{Target: "http://bad host/"}).Run(t.Context()); err == nil {
		t.Error("accepted")
	}
}
