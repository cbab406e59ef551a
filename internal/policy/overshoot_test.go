package policy_test

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// slowStart is a group whose instances take eight minutes to serve, and show no more than
// they can do.
type slowStart struct {
	*timeline
	joins []time.Time // of those on their way
}

func (g *slowStart) show(load float64) policy.Signal {
	serving := g.Size.Count - len(g.joins)
	for len(g.joins) > 0 && !g.now.Before(g.joins[0]) {
		g.LastServing, g.joins = g.joins[0], g.joins[1:]
		serving++
	}
	g.Becoming = len(g.joins)
	cpu := ofInstances(readings(serving, min(1, load/float64(serving))), missing(len(g.joins), policy.Warming))
	cpu.Ceiling = 1
	return cpu
}

func TestGroupThatStartsSlowlyDoesNotGrowBeyondItsNeed(t *testing.T) {
	t.Parallel()
	tenth := 0.1
	target := policy.Target{Name: "target", Signal: "cpu", Value: 0.6, ToleranceOut: tenth, ToleranceIn: tenth, Quorum: 1}
	rule := threshold(2, above("cpu", 0.7))
	for name, c := range map[string]struct {
		rule policy.Rule
		most int // one more than brings 6 instances' full load below where the rule grows
	}{
		"target":    {policy.Rule{Name: "target", Target: &target}, 10 + 1},
		"step":      {policy.Rule{Name: "step", Step: &policy.Step{Signal: "cpu", Quorum: 1, Above: []policy.Band{{Bound: 0.7, Change: policy.Change{Count: 2}}}}}, 9 + 1},
		"threshold": {policy.Rule{Name: "threshold", Threshold: &rule}, 9 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := unlimited()
			spec.Policies = []policy.Rule{c.rule}
			group := &slowStart{timeline: begin(t, spec, 5)}
			for range 2 * 360 {
				for range group.evaluate(group.show(6)).Change() {
					group.joins = append(group.joins, group.now.Add(8*time.Minute))
				}
				group.wait(10 * time.Second)
			}
			if got := group.Size.Count; got > c.most || got < c.most-2 {
				t.Errorf("it grows to %d, want %d at most", got, c.most)
			}
		})
	}
}
