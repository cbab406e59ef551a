package tune

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/autoscaled/autoscaled/internal/plan"
)

// gainLeast is the share below which a gain is not worth a change.
const gainLeast = 0.02

// score fills in what became of the front on the days held out, and answers.
func (r *Result) score(ctx context.Context, p *parts, s *search, front []int, told *teller, o Options) error {
	outcomes := front
	if !slices.Contains(front, 0) {
		outcomes = append([]int{0}, front...)
	}
	figures, days, err := p.heldOut(ctx, s, outcomes, told, o.Parallel)
	if err != nil {
		return err
	}
	picked := s.pick(front)
	var pickedDays []dayFigures
	for i, outcome := range outcomes {
		candidate := Candidate{s.spec(s.list[outcome].at), s.changed(outcome), s.list[outcome].figures, figures[i]}
		if outcome == 0 {
			candidate.Spec = s.scenario.Spec
			r.Present = candidate
		}
		if slices.Contains(front, outcome) {
			r.Front = append(r.Front, candidate)
		}
		if outcome == picked {
			r.Picked, pickedDays = &candidate, days[i]
		}
	}
	if r.Picked != nil {
		r.Gain = gainOf(pickedDays, days[slices.Index(outcomes, 0)], rand.New(rand.NewPCG(o.Seed, 2)))
	}
	if r.Keep = r.doubt(); r.Keep == "" {
		r.Proposal = r.Picked
	}
	return nil
}

// heldOut replays outcomes on the whole history, a few at a time: their series are large.
func (p *parts) heldOut(ctx context.Context, s *search, outcomes []int, told *teller, parallel int) (figures []Figures, days [][]dayFigures, err error) {
	replay := told.replays(parallel)
	for some := range slices.Chunk(outcomes, parallel) {
		scenarios := make([]plan.Scenario, len(some))
		for i, outcome := range some {
			scenarios[i] = p.whole
			scenarios[i].Spec = s.spec(s.list[outcome].at)
		}
		results, err := replay(ctx, scenarios)
		if err != nil {
			return nil, nil, err
		}
		for _, result := range results {
			figures, days = append(figures, figuresOf(result)), append(days, p.byDay(result))
		}
	}
	return figures, days, nil
}

// changed are the changes of an outcome, in words.
func (s *search) changed(outcome int) (changes []Change) {
	for i, p := range s.params {
		if to := s.list[outcome].at[i]; to != s.present[i] {
			changes = append(changes, Change{p.Key, p.Unit.Text(p.Values[s.present[i]]), p.Unit.Text(p.Values[to])})
		}
	}
	return changes
}

// doubt says why the present spec is to be kept; or nothing.
func (r *Result) doubt() string {
	budget := percentText(r.Budget)
	if r.Picked == nil {
		least := slices.MinFunc(r.Front, func(a, b Candidate) int { return a.Tuned.compareHarm(b.Tuned) }).Tuned
		return fmt.Sprintf("nothing that was tried keeps the overload within %s of the time: %s is the least, for another policy, a larger max or sooner instances to lower", budget, percentText(least.OverloadShare))
	}
	present, picked, gain := r.Present.HeldOut, r.Picked.HeldOut, r.aim()
	switch {
	case len(r.Picked.Changes) == 0:
		return fmt.Sprintf("nothing that was tried is cheaper, keeps the overload within %s of the time, and loses no more than %s of the load", budget, percentText(r.LostMost))
	case picked.OverloadShare > max(r.Budget, present.OverloadShare):
		return fmt.Sprintf("on the days held out the best that was found is overloaded %s of the time; the budget is %s, and the present policy has %s there",
			percentText(picked.OverloadShare), budget, percentText(present.OverloadShare))
	case picked.LostShare > max(r.LostMost, lostMost(present, 0)):
		return fmt.Sprintf("on the days held out the best that was found loses %s of the load; %s may be lost, and the present policy loses %s there",
			percentText(picked.LostShare), percentText(r.LostMost), percentText(present.LostShare))
	case gain.value.High >= 0:
		return fmt.Sprintf("the gain is not certain: on the days held out the best that was found has %s, and in truth between %s and %s",
			gain.text(gain.value.Value), gain.text(gain.value.Low), gain.text(gain.value.High))
	case -gain.share < gainLeast:
		return fmt.Sprintf("the gain is small: on the days held out the best that was found has %s, and below %s nothing is worth a change",
			gain.text(gain.value.Value), percentText(gainLeast))
	}
	return ""
}

// aim is what there is to gain.
type aim struct {
	value Interval
	share float64 // value as a share of what the present spec has
	text  func(float64) string
}

// aim is cost; but where the present spec is beyond the budget, it is overload.
func (r *Result) aim() aim {
	if r.Present.Tuned.OverloadShare <= r.Budget {
		return aim{r.Gain.Cost, r.Gain.Cost.Value, func(v float64) string { return signed(100*v, "%") + " cost" }}
	}
	minutes := r.Gain.OverloadMinutes
	return aim{minutes, minutes.Value / max(1, r.Present.HeldOut.OverloadMinutes), func(v float64) string { return signed(v, "overload minutes") }}
}

func percentText(share float64) string { return fmt.Sprintf("%.3g %%", 100*share) }

func signed(value float64, unit string) string {
	if value < 0 {
		return fmt.Sprintf("−%.3g %s", -value, unit)
	}
	return fmt.Sprintf("+%.3g %s", value, unit)
}
