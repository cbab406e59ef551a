package classic

import (
	"fmt"
	"math"
	"time"
)

// TargetValue is the target-value strategy of the Nomad autoscaler: ⌈running · utilisation
// over the target⌉, no change within a band around the target, and nothing at all during the
// cooldown after a change.
//
// Running are the instances that were read, as Nomad counts a job's: those that are still
// becoming are ordered anew if the rest needs them, and given up if it does not. Where the
// target is a group of machines, Nomad leaves it alone while any of them starts: WaitReady.
type TargetValue struct {
	Target    float64 // utilisation that an instance is to have, > 0
	Band      float64 // share of the target, both ways
	Cooldown  time.Duration
	WaitReady bool

	acted time.Time
}

// NewTargetValue has Nomad's defaults: a band of 1% and a cooldown of 5 minutes.
func NewTargetValue(target float64) *TargetValue {
	return &TargetValue{Target: target, Band: 0.01, Cooldown: 5 * time.Minute}
}

// Name says the target.
func (t *TargetValue) Name() string { return fmt.Sprintf("nomad target-value %g%%", percent(t.Target)) }

// Decide takes a reading, and acts if it may.
func (t *TargetValue) Decide(seen Seen) int {
	if t.waits(&seen) {
		return seen.bounded(seen.Desired)
	}
	size := seen.Desired
	if factor := seen.Utilisation / t.Target; math.Abs(factor-1) > t.Band+slack {
		size = max(1, instances(seen.total(Saturating)/t.Target))
	}
	if size = seen.bounded(size); size != seen.Desired {
		t.acted = seen.Now
	}
	return size
}

func (t *TargetValue) waits(seen *Seen) bool {
	cooling := !t.acted.IsZero() && seen.Now.Sub(t.acted) < t.Cooldown
	return cooling || seen.blind(Saturating) || t.WaitReady && seen.Becoming > 0
}
