package policy

import (
	"cmp"
	"math"
	"slices"
)

// PickRule says which of two instances goes first when a group shrinks.
type PickRule string

// The rules.
const (
	PickLocation      PickRule = "location"        // the one whose location has the most, so that they stay balanced
	PickLeastBusy     PickRule = "least_busy"      // the one with the lowest load; one without a reading last
	PickNewest        PickRule = "newest"          // the one ordered last
	PickOldest        PickRule = "oldest"          // the one ordered first
	PickPaidPeriodEnd PickRule = "paid_period_end" // the one whose paid period ends first
)

// pick sorts the instances by who goes first: what fails, expires, does not serve
// yet, is outdated, and then by the rules, of which an earlier one weighs more. The
// protected come last.
func pick(rules []PickRule, instances []Instance) []Instance {
	level := levels(rules, instances)
	slices.SortFunc(instances, func(a, b Instance) int { return goesBefore(rules, level, a, b) })
	return instances
}

// levels gives each instance the number that its location has left, itself included,
// when those of its location have gone that go before it.
func levels(rules []PickRule, instances []Instance) map[string]int {
	if !slices.Contains(rules, PickLocation) {
		return nil
	}
	slices.SortFunc(instances, func(a, b Instance) int { return goesBefore(rules, nil, a, b) })
	left, level := map[string]int{}, make(map[string]int, len(instances))
	for _, in := range slices.Backward(instances) {
		left[in.Location]++
		level[in.Code] = left[in.Location]
	}
	return level
}

func goesBefore(rules []PickRule, level map[string]int, a, b Instance) int {
	order := cmp.Compare(rank(a), rank(b))
	for _, rule := range rules {
		switch rule {
		case PickLocation:
			order = cmp.Or(order, cmp.Compare(level[b.Code], level[a.Code]))
		case PickLeastBusy:
			order = cmp.Or(order, cmp.Compare(busyness(a), busyness(b)))
		case PickNewest:
			order = cmp.Or(order, b.Since.Compare(a.Since))
		case PickOldest:
			order = cmp.Or(order, a.Since.Compare(b.Since))
		case PickPaidPeriodEnd:
			order = cmp.Or(order, a.PaidUntil.Compare(b.PaidUntil))
		}
	}
	return cmp.Or(order, newestFirst(a, b))
}

func rank(in Instance) int {
	switch {
	case in.Protected:
		return 5
	case in.Cause == Failing:
		return 0
	case in.Cause == Expiring:
		return 1
	case in.Stage != Serving:
		return 2
	case in.Cause == Outdated:
		return 3
	default:
		return 4
	}
}

func busyness(in Instance) float64 {
	if value, ok := in.Load.Value(); ok {
		return value
	}
	return math.Inf(1)
}
