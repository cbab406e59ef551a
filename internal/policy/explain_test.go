package policy_test

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestTheSmallestChangeIsFoundInASpanThatIsNarrow(t *testing.T) {
	t.Parallel()
	above, below := 50.0, 50.4
	spec := policy.Spec{Min: 1, Max: 10, Policies: []policy.Rule{
		{Name: "threshold/queue", Threshold: &policy.Threshold{
			When: []policy.Condition{{Signal: "queue", Above: &above}, {Signal: "queue", Below: &below}}, Change: policy.Change{Count: 2}, Hits: 1, Of: 1,
		}},
	}}
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for _, value := range []float64{3, 49, 70, 4000} {
		inputs := policy.Observation{
			Size: policy.Size{Count: 4}, Signals: []policy.Signal{{Name: "queue", Group: policy.ValueAt(value, now)}},
		}.Inputs()
		e := policy.Explain(&spec, &inputs, now, policy.Memory{})
		if e.Desired.Count != 4 || e.Nearest == nil || e.Nearest.Desired != 6 {
			t.Fatalf("at %g the group gets %d; what alters it: %+v", value, e.Desired.Count, e.Nearest)
		}
		if edge := map[bool]float64{true: above, false: below}[value < above]; e.Nearest.To < edge-1e-6 || e.Nearest.To > edge+1e-6 {
			t.Errorf("from %g it turns at %g, want at %g", value, e.Nearest.To, edge)
		}
	}
}
