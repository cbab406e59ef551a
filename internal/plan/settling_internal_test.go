package plan

import (
	"math"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestInstancesThatSettleAreKnownToCarryTheirShare(t *testing.T) {
	t.Parallel()
	totals := make([]float64, 200)
	for i := range totals {
		totals[i] = 400 + 20*float64(i/10) // grows, so that there is always one that settles
	}
	target := policy.Target{Name: "target/busy", Signal: "busy", Value: 60, Quorum: 0.5}
	s := &Scenario{
		Name: "test", Load: &load.Load{Start: time.Unix(0, 0).UTC(), Step: time.Minute, Signals: []load.Signal{{Name: "busy", Totals: totals}}},
		Spec:    &policy.Spec{Min: 1, Max: 50, Interval: time.Minute, Gap: 5 * time.Minute, OrderMax: 50, Surge: 1, Policies: policy.Targets(target)},
		Signals: []SignalModel{{Name: "busy", PerInstance: true, Ceiling: 100}},
		Cloud:   Cloud{ToServe: Always(3 * time.Minute), Delay: 1, Initial: 8}, WarmUp: 4 * time.Minute,
	}
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	r := newRun(s)
	settled := 0
	for i := range totals {
		r.step(i)
		c := r.pool.count()
		step, serving := r.seen(i, &c)
		in := r.scene.observe(r.pool, &c, r.desired, step, serving).Inputs()
		settled += in.Settling
		if got := in.Signals[0].Value * float64(in.Carrying()); math.Abs(got-totals[step]) > 1e-9 {
			t.Fatalf("step %d: a load of %v is taken for %v, with %d that settle of %d that become instances", i, totals[step], got, in.Settling, in.Becoming)
		}
	}
	if settled == 0 {
		t.Error("none settled")
	}
}
