package policy_test

import (
	"math"
	"slices"
	"testing"

	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestSignalThatIsTheSize(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Policies = []policy.Rule{{Name: "size", Size: &policy.SizeOf{Signal: "size"}}}
	for name, c := range map[string]struct {
		sample policy.Sample
		want   int
		reason policy.Reason
	}{
		"more":                     {policy.ValueAt(7, noon), 7, policy.ReasonWant},
		"less":                     {policy.ValueAt(3, noon), 3, policy.ReasonWant},
		"a part counts as one":     {policy.ValueAt(3.2, noon), 4, policy.ReasonWant},
		"a rounding error is none": {policy.ValueAt(0.07*100, noon), 7, policy.ReasonWant}, // 7.000000000000001
		"below nothing":            {policy.ValueAt(-3, noon), 0, policy.ReasonWant},
		"beyond all bounds":        {policy.ValueAt(math.MaxFloat64, noon), 1000, policy.ReasonAtMax},
		"missing":                  {policy.Missing(policy.Stale, noon), 5, policy.ReasonUnknown},
		"doubted, and less":        {policy.Doubted(3, policy.Frozen, noon), 5, policy.ReasonUnknown},
		"doubted, and more":        {policy.Doubted(7, policy.Frozen, noon), 7, policy.ReasonWant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, begin(t, spec, 5).evaluate(ofGroup("size", c.sample)), c.want, c.reason)
		})
	}
}

func TestSizeSaidByInstancesShrinksOnlyWhenAllSaySo(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Policies = []policy.Rule{{Name: "size", Size: &policy.SizeOf{Signal: "cpu"}}}
	expect(t, begin(t, spec, 5).evaluate(ofInstances(readings(5, 3))), 3, policy.ReasonWant)
	expect(t, begin(t, spec, 5).evaluate(ofInstances(slices.Concat(readings(4, 3), missing(1, policy.Failed)))), 5, policy.ReasonUnknown)
}
