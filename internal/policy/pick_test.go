package policy_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// at is an instance in a location.
func at(location string, in policy.Instance) policy.Instance {
	in.Location = location
	return in
}

// loaded is an instance that shows a load.
func loaded(load float64, in policy.Instance) policy.Instance {
	in.Load = policy.ValueAt(load, noon)
	return in
}

// paid is an instance that is paid for as many hours.
func paid(hours int, in policy.Instance) policy.Instance {
	in.PaidUntil = noon.Add(time.Duration(hours) * time.Hour)
	return in
}

// aged is an instance like serving(i) that was ordered so many hours after noon.
func aged(hours, i int) policy.Instance {
	in := serving(i)
	in.Since = noon.Add(time.Duration(hours) * time.Hour)
	return in
}

func TestShrinkingGoesByTheRules(t *testing.T) {
	t.Parallel()
	const (
		location, leastBusy, newest, oldest, paidEnd = policy.PickLocation, policy.PickLeastBusy, policy.PickNewest, policy.PickOldest, policy.PickPaidPeriodEnd
	)
	rules := func(rules ...policy.PickRule) []policy.PickRule { return rules }
	for name, c := range map[string]struct {
		rules     []policy.PickRule
		instances []policy.Instance
		order     []int // in which they go
	}{
		"no rule: the newest":          {nil, []policy.Instance{serving(2), serving(3), serving(1)}, []int{3, 2, 1}},
		"newest":                       {rules(newest), []policy.Instance{serving(2), serving(3), serving(1)}, []int{3, 2, 1}},
		"oldest":                       {rules(oldest), []policy.Instance{serving(2), serving(3), serving(1)}, []int{1, 2, 3}},
		"equally old: the larger code": {rules(oldest), []policy.Instance{aged(0, 1), aged(0, 2), aged(1, 0)}, []int{2, 1, 0}},
		"the newest before the oldest, as listed": {rules(newest, oldest), []policy.Instance{serving(2), serving(3), serving(1)}, []int{3, 2, 1}},
		"least busy":                             {rules(leastBusy), []policy.Instance{loaded(5, serving(1)), loaded(0, serving(2)), loaded(9, serving(3))}, []int{2, 1, 3}},
		"one that does not show its load last":   {rules(leastBusy), []policy.Instance{loaded(5, serving(1)), serving(2), loaded(9, serving(3))}, []int{1, 3, 2}},
		"equally busy: the newest":               {rules(leastBusy), []policy.Instance{loaded(5, serving(1)), loaded(5, serving(2)), serving(3), serving(4)}, []int{2, 1, 4, 3}},
		"equally busy: the oldest, if so listed": {rules(leastBusy, oldest), []policy.Instance{loaded(5, serving(1)), loaded(5, serving(2))}, []int{1, 2}},
		"the oldest, however busy":               {rules(oldest, leastBusy), []policy.Instance{loaded(5, serving(1)), loaded(0, serving(2))}, []int{1, 2}},
		"the paid period that ends first":        {rules(paidEnd), []policy.Instance{paid(2, serving(1)), paid(1, serving(2)), paid(3, serving(3))}, []int{2, 1, 3}},
		"paid for equally long: the newest":      {rules(paidEnd), []policy.Instance{paid(2, serving(1)), paid(2, serving(2))}, []int{2, 1}},
		"an unknown rule counts for nothing":     {rules("colour"), []policy.Instance{serving(2), serving(3), serving(1)}, []int{3, 2, 1}},

		"the location that has the most": {rules(location), []policy.Instance{at("L", serving(1)), at("L", serving(2)), at("R", serving(3))}, []int{2, 3, 1}},
		"in turns, as they are equal": {
			rules(location), []policy.Instance{at("L", serving(1)), at("R", serving(2)), at("L", serving(3)), at("R", serving(4))}, []int{4, 3, 2, 1},
		},
		"down to the others' number first": {
			rules(location), []policy.Instance{at("L", serving(1)), at("L", serving(2)), at("L", serving(3)), at("R", serving(9))}, []int{3, 2, 9, 1},
		},
		"within a location by the next rule": {
			rules(location, oldest), []policy.Instance{at("L", serving(1)), at("L", serving(2)), at("L", serving(3)), at("R", serving(9))}, []int{1, 2, 3, 9},
		},
		"least busy, and then by location": {
			rules(leastBusy, location), []policy.Instance{loaded(1, at("L", serving(1))), loaded(1, at("R", serving(2))), loaded(2, at("R", serving(3))), loaded(2, at("R", serving(4)))}, []int{2, 1, 4, 3},
		},
		"an unknown location is one of its own": {rules(location), []policy.Instance{serving(1), serving(2), at("R", serving(9))}, []int{2, 9, 1}},

		"what does not serve yet goes before all rules, the broken first": {
			rules(oldest), []policy.Instance{serving(1), becoming(3), expiring(becoming(4)), failing(becoming(6)), outdated(becoming(7))}, []int{6, 4, 3, 7, 1},
		},
		"whom a location loses by that is counted": {
			rules(location, newest), []policy.Instance{at("L", becoming(1)), at("L", serving(2)), at("R", serving(3)), at("R", serving(4))}, []int{1, 4, 3, 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := policy.Spec{Max: 10, Standby: 10, Brake: 1, Pick: c.rules}
			for gone := range len(c.instances) + 1 {
				desired := len(c.instances) - gone
				got := chosen(&spec, desired, c.instances)
				if want := c.order[:gone]; !slices.Equal(got, want) {
					t.Errorf("down to %d: %v go, want %v", desired, got, want)
				}
			}
		})
	}
}

// chosen is the numbers of those that go, in their order, when the group shrinks until
// nothing changes any more.
func chosen(spec *policy.Spec, desired int, instances []policy.Instance) []int {
	list := slices.Clone(instances)
	var gone []int
	for {
		choice := choose(spec, desired, list, 0, noon)
		if len(choice.Goals) == 0 {
			return gone
		}
		for _, a := range choice.Goals {
			i := slices.IndexFunc(instances, func(in policy.Instance) bool { return in.Code == a.Code })
			gone = append(gone, number(instances[i]))
			list = slices.DeleteFunc(list, func(in policy.Instance) bool { return in.Code == a.Code })
		}
	}
}

// number is what code made the instance's code of.
func number(in policy.Instance) int {
	for i := range 100 {
		if in.Code == code(i) {
			return i
		}
	}
	return -1
}

func TestAProtectedInstanceCountsForItsLocationAndStays(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, Standby: 10, Pick: []policy.PickRule{policy.PickLocation, policy.PickNewest}}
	instances := []policy.Instance{
		at("L", protected(serving(1))), at("L", protected(serving(9))), at("L", serving(2)), at("R", serving(3)), at("R", serving(4)),
	}
	expectChoice(t, choose(&spec, 4, instances, 0, noon), policy.Choice{Goals: goals(policy.Standby, 2)})
	expectChoice(t, choose(&spec, 3, instances, 0, noon), policy.Choice{Goals: goals(policy.Standby, 2, 4)})
	expectChoice(t, choose(&spec, 0, instances, 0, noon), policy.Choice{Goals: goals(policy.Standby, 2, 4, 3)})
}

func TestAnInstanceThatServesStaysWhileNoMoreServeThanDesired(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, Surge: 1, Standby: 10, HealBudget: 0.1, Brake: 1}
	for name, c := range map[string]struct {
		instances []policy.Instance
		want      []policy.Assignment
	}{
		"one that does not serve yet goes instead":    {[]policy.Instance{serving(1), expiring(serving(2)), becoming(3), becoming(4)}, goals(policy.Standby, 4)},
		"the broken one when one serves too many":     {[]policy.Instance{serving(1), protected(failing(serving(2))), expiring(serving(3)), becoming(4), becoming(5)}, goals(policy.Standby, 3, 5)},
		"none when what does not serve yet must stay": {[]policy.Instance{serving(1), serving(2), protected(becoming(3))}, nil},
		"one when one serves too many":                {[]policy.Instance{serving(1), serving(2), serving(3), protected(becoming(4))}, goals(policy.Standby, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectChoice(t, choose(&spec, 2, c.instances, 0, noon), policy.Choice{Goals: c.want})
		})
	}
}

func TestLocationsStayBalanced(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec := policy.Spec{Max: 40, Pick: []policy.PickRule{policy.PickLocation, rapid.SampledFrom([]policy.PickRule{policy.PickNewest, policy.PickOldest, policy.PickLeastBusy}).Draw(t, "then")}}
		var instances []policy.Instance
		has, fixed := map[string]int{}, map[string]int{}
		for i := range rapid.IntRange(1, 30).Draw(t, "instances") {
			in := at(rapid.SampledFrom([]string{"L", "R", "M"}).Draw(t, "location"), loaded(float64(rapid.IntRange(0, 9).Draw(t, "load")), serving(i)))
			in.Since = noon.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "since")) * time.Hour)
			in.Protected = rapid.IntRange(0, 9).Draw(t, "protected") == 0
			has[in.Location]++
			if in.Protected {
				fixed[in.Location]++
			}
			instances = append(instances, in)
		}
		desired := rapid.IntRange(0, len(instances)).Draw(t, "desired")
		left, touched := maps.Clone(has), map[string]bool{}
		for _, a := range choose(&spec, desired, instances, 0, noon).Goals {
			i := slices.IndexFunc(instances, func(in policy.Instance) bool { return in.Code == a.Code })
			left[instances[i].Location]--
			touched[instances[i].Location] = true
		}
		// None that had to give one up has fewer than another, save by one, unless the
		// other one has nothing left to give.
		for location := range touched {
			for other := range left {
				if left[other] > left[location]+1 && left[other] > fixed[other] {
					t.Fatalf("%v of %v are left (of these protected: %v)", left, has, fixed)
				}
			}
		}
	})
}
