package policy

import (
	"cmp"
	"slices"
	"time"
)

// Goal is where one instance should end.
type Goal string

// The goals.
const (
	InService Goal = "in_service" // in the balancers' pools, serving
	Standby   Goal = "standby"    // stopped, kept for the next growth
	Released  Goal = "released"   // its contract ended with a date; cannot be turned round
)

// Stage is how far an instance is, as far as choosing goes.
type Stage uint8

// The stages.
const (
	Becoming Stage = iota // on its way to serving
	Serving               // in the pools
	Leaving               // on its way out, and still on
	Stopped               // off
	Ending                // its contract has an end, or is over
)

// Instance is one server of a group, as Choose sees it.
type Instance struct {
	Code        string
	Goal        Goal
	Stage       Stage
	Since       time.Time // when it was ordered or adopted
	Quarantined bool      // stuck: left alone until a person looks
	PaidUntil   time.Time // end of its paid period; zero when unknown
}

// Assignment gives an instance a new goal.
type Assignment struct {
	Code string
	Goal Goal
}

// Choice is how a decision is to be carried out.
type Choice struct {
	Goals []Assignment // only those that change
	Order int          // machines to buy
}

// Choose says which instances a decided size means. Growing takes first what is
// leaving, then what stands by, then orders. Shrinking takes first what is not
// serving yet, then the newest. pending is the number of machines ordered and not
// yet among the instances: they spare an order, and send no instance away.
//
// Stopped instances above the number kept are released shortly before their paid
// period ends. A quarantined instance is no capacity, yet counts against the
// bound on orders, so that broken launches cannot multiply.
func Choose(spec *Spec, desired int, instances []Instance, pending int, now time.Time) Choice {
	var active, leaving, stopped []Instance
	quarantined := 0
	for _, in := range instances {
		switch {
		case in.Stage == Ending:
		case in.Quarantined:
			quarantined++
		case in.Goal == InService:
			active = append(active, in)
		case in.Goal == Released:
		case in.Stage == Stopped:
			stopped = append(stopped, in)
		default:
			leaving = append(leaving, in)
		}
	}
	var choice Choice
	assign := func(in Instance, goal Goal) {
		choice.Goals = append(choice.Goals, Assignment{in.Code, goal})
	}
	need := desired - len(active) - pending

	slices.SortFunc(leaving, newestFirst)
	slices.SortFunc(stopped, longestPaidFirst)
	for _, spare := range []*[]Instance{&leaving, &stopped} {
		for need > 0 && len(*spare) > 0 {
			assign((*spare)[0], InService)
			*spare = (*spare)[1:]
			need--
		}
	}
	if need > 0 {
		room := spec.Max + spec.Surge - (desired - need) - quarantined
		choice.Order = max(0, min(need, room, spec.OrderMax))
	}

	slices.SortFunc(active, leastServingFirst)
	for i := 0; i < len(active)-desired && i < len(active); i++ {
		assign(active[i], Standby)
	}

	for i := len(stopped) - 1; i >= max(0, spec.Standby); i-- {
		end := stopped[i].PaidUntil
		if !end.IsZero() && !now.Before(end.Add(-spec.ReleaseBefore)) {
			assign(stopped[i], Released)
		}
	}
	return choice
}

func newestFirst(a, b Instance) int {
	return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(b.Code, a.Code))
}

func leastServingFirst(a, b Instance) int {
	if aServes, bServes := a.Stage == Serving, b.Stage == Serving; aServes != bServes {
		if aServes {
			return 1
		}
		return -1
	}
	return newestFirst(a, b)
}

func longestPaidFirst(a, b Instance) int {
	return cmp.Or(b.PaidUntil.Compare(a.PaidUntil), cmp.Compare(a.Code, b.Code))
}
