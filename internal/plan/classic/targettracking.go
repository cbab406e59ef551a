package classic

import "fmt"

// TargetTracking is AWS' target tracking for groups of EC2 instances: two alarms on the mean
// utilisation, and ⌈instances that were read · utilisation over the target⌉ when one fires.
//
// The alarm for more fires after OutPoints consecutive readings above the target, and acts at
// each reading as long as it lasts. That for less fires after InPoints consecutive readings
// below the target less InMargin of it, and gathers them anew once it has acted. AWS
// promises none of this (only that it removes more gradually than it adds): the figures are
// observed.
//
// Instances that are warming up are left out of the readings and count as capacity: the
// group gets what the others need, and not that much on top of what is coming. While any
// warms up, none is removed.
type TargetTracking struct {
	Target    float64 // utilisation that an instance is to have, > 0
	OutPoints int     // readings in a row
	InPoints  int     // readings in a row
	InMargin  float64 // share of the target

	above, below int // readings so far
}

// NewTargetTracking has the alarms of metrics by the minute: 3 readings above, 15 below 90%.
func NewTargetTracking(target float64) *TargetTracking {
	return &TargetTracking{Target: target, OutPoints: 3, InPoints: 15, InMargin: 0.1}
}

// Name says the target.
func (t *TargetTracking) Name() string {
	return fmt.Sprintf("AWS target tracking %g%%", percent(t.Target))
}

// Decide takes a reading, and acts if it makes an alarm fire. Missing readings are no points
// of either alarm.
func (t *TargetTracking) Decide(seen Seen) int {
	if seen.blind(Saturating) {
		t.above, t.below = 0, 0
		return seen.bounded(seen.Desired)
	}
	t.above = countIf(t.above, seen.Utilisation > t.Target+slack)
	t.below = countIf(t.below, seen.Utilisation < t.Target*(1-t.InMargin)-slack)
	size := seen.Desired
	switch needed := max(1, instances(seen.total(Saturating)/t.Target)); {
	case t.above >= t.OutPoints:
		size = max(size, needed)
	case t.below >= t.InPoints && seen.Becoming == 0 && needed < size:
		size, t.below = needed, 0
	}
	return seen.bounded(size)
}

// countIf is how many times in a row something has been so.
func countIf(before int, so bool) int {
	if so {
		return before + 1
	}
	return 0
}
