package policy_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// pushed is the signal push with a change that was sent some time after noon.
func pushed(change float64, after time.Duration) policy.Signal {
	return ofGroup("push", policy.ValueAt(change, noon.Add(after)))
}

func noPush() policy.Signal { return ofGroup("push", policy.Missing(policy.Stale, noon)) }

func hooked() policy.Spec {
	spec := unlimited()
	spec.Policies = []policy.Rule{{Name: "webhook", Webhook: &policy.Webhook{Signal: "push"}}}
	return spec
}

func TestPushedChangeIsMadeOnce(t *testing.T) {
	t.Parallel()
	group := begin(t, hooked(), 5)
	expect(t, group.evaluate(pushed(2, 0)), 7, policy.ReasonWant)
	expect(t, group.evaluate(pushed(2, 0)), 7, policy.ReasonSteady)
	expect(t, group.evaluate(noPush()), 7, policy.ReasonAbstained)
	expect(t, group.evaluate(pushed(2, 0)), 7, policy.ReasonSteady)
	expect(t, group.evaluate(pushed(2, time.Second)), 9, policy.ReasonWant)
	expect(t, group.evaluate(pushed(-3, 2*time.Second)), 6, policy.ReasonWant)
	expect(t, group.evaluate(pushed(-30, 3*time.Second)), 0, policy.ReasonWant)
}

func TestPushedChangeIsRoundedToWholeInstances(t *testing.T) {
	t.Parallel()
	for value, want := range map[float64]int{0.4: 5, 0.6: 6, -0.4: 5, -0.6: 4, 1e300: 1000, -1e300: 0} {
		if got := begin(t, hooked(), 5).evaluate(pushed(value, 0)); got.Desired.Count != want {
			t.Errorf("%g: got %d, want %d", value, got.Desired.Count, want)
		}
	}
}

func TestPushedChangeIsMadeOnceAlsoAcrossARestart(t *testing.T) {
	t.Parallel()
	group := begin(t, hooked(), 5)
	group.evaluate(pushed(2, 0))
	written, err := json.Marshal(group.memory)
	group.memory = policy.Memory{}
	if err != nil || json.Unmarshal(written, &group.memory) != nil {
		t.Fatalf("wrote %s (%v)", written, err)
	}
	expect(t, group.evaluate(pushed(2, 0)), 7, policy.ReasonSteady)
}

func TestPushedOrderToStayForbidsShrinkingUntilItIsStale(t *testing.T) {
	t.Parallel()
	spec := hooked()
	spec.Policies = append(spec.Policies, policy.Targets(followLoad())...)
	group := begin(t, spec, 5)
	expect(t, group.evaluate(load(2), pushed(0, 0)), 5, policy.ReasonSteady)
	expect(t, group.evaluate(load(8), pushed(0, 0)), 8, policy.ReasonWant)
	expect(t, group.evaluate(load(2), pushed(0, 0)), 5, policy.ReasonWant)
	expect(t, group.evaluate(load(2), noPush()), 2, policy.ReasonWant)
}

func TestDoubtedPushIsNone(t *testing.T) {
	t.Parallel()
	expect(t, begin(t, hooked(), 5).evaluate(ofGroup("push", policy.Doubted(3, policy.Skewed, noon))), 5, policy.ReasonAbstained)
	expect(t, begin(t, hooked(), 5).evaluate(), 5, policy.ReasonAbstained)
}
