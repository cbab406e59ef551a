package gpsim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

const prepareMedian = 100 * time.Second

// inServiceAfter measures how long an order takes that takes prepareMedian on
// the whole.
func inServiceAfter(t *testing.T, spread float64, seed uint64) (after time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = gpsim.Delays{Prepare: prepareMedian}
		options.Spread, options.Seed = spread, seed
		sim := newCloud(t, options)
		code := must(t, sim, "AddCloneVirtualMachines", cloneParameters("1")...).texts("GcServiceCodeList")[0]
		began := time.Now()
		for must(t, sim, "GetContractStatus", vm(code)...).text("Status") != "InService" {
			time.Sleep(time.Second)
		}
		after = time.Since(began)
	})
	return after
}

func TestADelayIsItsMedianWhereNothingSpreads(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		if got := inServiceAfter(t, 0, seed); got != prepareMedian {
			t.Errorf("seed %d: it took %v, want %v", seed, got, prepareMedian)
		}
	}
}

func TestASeedRepeatsTheDelaysThatItDrew(t *testing.T) {
	t.Parallel()
	first, again, other := inServiceAfter(t, 0.3, 1), inServiceAfter(t, 0.3, 1), inServiceAfter(t, 0.3, 2)
	if first != again || first == other {
		t.Errorf("seeds 1, 1 and 2 gave %v, %v and %v", first, again, other)
	}
}

func TestDelaysLieAroundTheirMedianAndWithinAFactorOfFour(t *testing.T) {
	t.Parallel()
	const draws, widest = 200, 1
	longer, shortest, longest := 0, time.Duration(1<<62), time.Duration(0)
	for seed := range uint64(draws) {
		after := inServiceAfter(t, widest, seed)
		shortest, longest = min(shortest, after), max(longest, after)
		if after > prepareMedian {
			longer++
		}
	}
	if longer < draws*4/10 || longer > draws*6/10 {
		t.Errorf("%d of %d delays were longer than their median", longer, draws)
	}
	if shortest < prepareMedian/4 || shortest > prepareMedian/3 || longest < 3*prepareMedian || longest > 4*prepareMedian {
		t.Errorf("%v became %v to %v", prepareMedian, shortest, longest)
	}
}

func TestASpeedShortensEveryDelay(t *testing.T) {
	t.Parallel()
	before := gpsim.RealDelays()
	want := gpsim.Delays{
		Prepare: before.Prepare / 60, EarlyStatus: before.EarlyStatus / 60, Clone: before.Clone / 60, Configure: before.Configure / 60,
		Start: before.Start / 60, Stop: before.Stop / 60, StaleRead: before.StaleRead / 60,
	}
	if got := before.Faster(60); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if before != gpsim.RealDelays() {
		t.Error("the delays themselves were changed")
	}
}
