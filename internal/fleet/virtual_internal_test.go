package fleet

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
)

var dawn = time.Date(2026, time.April, 1, 6, 0, 0, 0, time.UTC)

// showing is the signal cpu of n instances that share a load.
func showing(n int, load float64) policy.Signal {
	signal := policy.Signal{Name: "cpu", PerInstance: true, Ceiling: 100}
	for range n {
		signal.Instances = append(signal.Instances, policy.InstanceSample{Sample: policy.ValueAt(load/float64(n), dawn)})
	}
	return signal
}

func specAt(target float64) policy.Spec {
	return policy.Spec{Max: 100, Gap: time.Minute, Policies: policy.Targets(policy.Target{Name: "cpu", Signal: "cpu", Value: target, Quorum: 1})}
}

func TestAVirtualGroupComesToTheSizeThatItsLoadNeedsWhateverTheRealOneHas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		actual := rapid.IntRange(1, 30).Draw(t, "actual")
		need := rapid.IntRange(1, 30).Draw(t, "need")
		load := (float64(need) - 0.5) * 50
		if load/float64(actual) >= 95 {
			return // saturated: the load is not known
		}
		spec := specAt(50)
		var v virtual
		var turn virtualTurn
		for now, end := dawn, dawn.Add(time.Hour); now.Before(end); now = now.Add(10 * time.Second) {
			v.decide(&turn, &spec, []policy.Signal{showing(actual, load)}, actual, now)
			if v.Serving > v.Size || v.Serving < 0 {
				t.Fatalf("%d of %d serve", v.Serving, v.Size)
			}
		}
		if v.Size != need || v.Serving != need {
			t.Fatalf("%d (%d serve) for a load that needs %d, seen on %d", v.Size, v.Serving, need, actual)
		}
	})
}

func TestWhatAVirtualGroupOrdersServesAfterAWhile(t *testing.T) {
	t.Parallel()
	spec := specAt(50)
	var v virtual
	var turn virtualTurn
	at := func(after time.Duration) {
		t.Helper()
		v.decide(&turn, &spec, []policy.Signal{showing(2, 160)}, 2, dawn.Add(after))
	}
	at(0)
	if v.Size != 4 || v.Serving != 2 {
		t.Fatalf("%d, of which %d serve", v.Size, v.Serving)
	}
	at(virtualLead - time.Second)
	if v.Serving != 2 || turn.inputs.Becoming != 2 {
		t.Errorf("%d serve before their time", v.Serving)
	}
	at(virtualLead)
	if v.Serving != 4 || turn.inputs.Becoming != 0 || turn.decision.Current.Count != 4 {
		t.Errorf("%d serve, from %d", v.Serving, turn.decision.Current.Count)
	}
}

func TestWhatAVirtualGroupOrdersTakesAsLongAsItsRulesAssume(t *testing.T) {
	t.Parallel()
	spec := specAt(50)
	spec.Policies = append(spec.Policies, policy.Rule{Name: "forecast", Forecast: &policy.Forecast{Signal: "none", Value: 1, Budget: 0.01, TimeToServe: 2 * virtualLead}})
	var v virtual
	for _, after := range []time.Duration{0, 2*virtualLead - time.Second, 2 * virtualLead} {
		v.decide(&virtualTurn{}, &spec, []policy.Signal{showing(2, 160)}, 2, dawn.Add(after))
		if arrived := after == 2*virtualLead; v.Size != 4 || (v.Serving == 4) != arrived {
			t.Errorf("after %s %d of %d serve", after, v.Serving, v.Size)
		}
	}
}

func TestASaturatedInstanceTellsALargerVirtualGroupNothingForShrinking(t *testing.T) {
	t.Parallel()
	spec := specAt(50)
	v := virtual{virtualState: virtualState{Size: 10, Serving: 10, Begun: true}}
	var turn virtualTurn
	v.decide(&turn, &spec, []policy.Signal{showing(2, 199)}, 2, dawn)
	if v.Size != 10 || turn.decision.Reason != policy.ReasonUnknown {
		t.Errorf("it becomes %d (%s) on instances that may carry more than they show", v.Size, turn.decision.Reason)
	}
}

func TestSignalsOfTheGroupAreNotRescaled(t *testing.T) {
	t.Parallel()
	v := virtual{virtualState: virtualState{Size: 10, Serving: 5}}
	rate := policy.Signal{Name: "rate", Group: policy.ValueAt(1000, dawn)}
	if got := v.rescale(&policy.Spec{}, []policy.Signal{rate}, 2, &rescaled{})[0].Group; got != rate.Group {
		t.Errorf("got %v", got)
	}
}

func TestATurnDecidesTheSameInWhateverRoom(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var used virtualTurn
		var reused, fresh virtual
		spec := specAt(50)
		for step := range 20 {
			actual := rapid.IntRange(0, 12).Draw(t, "actual")
			signals := []policy.Signal{showing(actual, rapid.Float64Range(0, 600).Draw(t, "load")), {Name: "rate", Group: policy.ValueAt(100, dawn)}}
			for i := range signals[0].Instances {
				if rapid.IntRange(0, 5).Draw(t, "trouble") == 0 {
					signals[0].Instances[i].Sample = policy.Missing(rapid.SampledFrom([]policy.Absence{policy.Warming, policy.Failed}).Draw(t, "why"), dawn)
				}
			}
			read := fmt.Sprint(signals)
			now := dawn.Add(time.Duration(step) * time.Minute)
			var turn virtualTurn
			used.recommendations = used.decision.Recommendations
			reused.decide(&used, &spec, signals, actual, now)
			fresh.decide(&turn, &spec, signals, actual, now)
			if !reflect.DeepEqual(used.inputs, turn.inputs) || !used.before.Equal(&turn.before) || !reflect.DeepEqual(used.decision, turn.decision) {
				t.Fatalf("in used room %+v, in new %+v", used, turn)
			}
			if after := fmt.Sprint(signals); after != read {
				t.Fatalf("what was read, %s, has become %s", read, after)
			}
		}
	})
}
