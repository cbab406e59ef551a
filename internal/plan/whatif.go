package plan

import (
	"context"
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/words"
)

// WhatIf is a change of what surrounds a group.
type WhatIf struct {
	Name   string // for people
	change func(*Scenario) error
}

// Outcome is what a change would make of a scenario.
type Outcome struct {
	Name   string
	Before *Result // brief
	After  *Result // brief
}

// Cost is by how much there would be more of everything.
func (o Outcome) Cost() Difference { return o.After.Over(o.Before) }

// Ask replays the scenario as it is, and with each of the changes alone. It uses no record:
// before and after are both modelled.
func Ask(ctx context.Context, s *Scenario, changes []WhatIf, parallel int, progress func(done, total int)) ([]Outcome, error) {
	others := make([]Scenario, len(changes))
	for i, what := range changes {
		others[i] = *s
		others[i].Name = what.Name
		if err := what.change(&others[i]); err != nil {
			return nil, fmt.Errorf("what if %s: %w", what.Name, err)
		}
	}
	before, after, err := variants(ctx, s, others, parallel, progress)
	if err != nil {
		return nil, fmt.Errorf("ask what would be: %w", err)
	}
	outcomes := make([]Outcome, len(changes))
	for i, what := range changes {
		outcomes[i] = Outcome{what.Name, before, after[i]}
	}
	return outcomes, nil
}

// ToServe is that a new instance takes so long to serve.
func ToServe(took time.Duration) WhatIf {
	return WhatIf{fmt.Sprintf("new instances take %s to serve", words.Span(took)), func(s *Scenario) error {
		s.Cloud.ToServe = Always(took)
		return nil
	}}
}

// Slower is that a new instance, and one that stands by, takes so many times as long to serve.
func Slower(factor float64) WhatIf {
	return WhatIf{fmt.Sprintf("instances take %g times as long to serve", factor), func(s *Scenario) error {
		if !(factor >= 0) {
			return fmt.Errorf("%v times as long is no time: give a factor of 0 or more", factor)
		}
		s.Cloud.ToServe, s.Cloud.ToReturn = s.Cloud.ToServe.Times(factor), s.Cloud.ToReturn.Times(factor)
		return nil
	}}
}

// Quota is that there may be so many machines.
func Quota(machines int) WhatIf {
	return WhatIf{fmt.Sprintf("the quota is %d machines", machines), func(s *Scenario) error {
		if machines < 1 {
			return fmt.Errorf("a quota of %d is none: give 1 or more", machines)
		}
		s.Cloud.Quota = machines
		return nil
	}}
}

// MoreLoad is that the load is so many times as large.
func MoreLoad(factor float64) WhatIf {
	return WhatIf{fmt.Sprintf("the load is %g times as large", factor), func(s *Scenario) error {
		if !(factor >= 0) {
			return fmt.Errorf("%v times the load is no load: give a factor of 0 or more", factor)
		}
		return s.reload(s.Load.Scale(factor), nil)
	}}
}

// FlashCrowd is that the load is so many times as large from an instant on, for so long.
func FlashCrowd(factor float64, at time.Time, lasts time.Duration) WhatIf {
	return WhatIf{fmt.Sprintf("%g times the load at %s for %s", factor, at.Format(time.RFC3339), words.Span(lasts)), func(s *Scenario) error {
		if !(factor >= 0) {
			return fmt.Errorf("%v times the load is no load: give a factor of 0 or more", factor)
		}
		return s.reload(s.Load.FlashCrowd(factor, at, lasts))
	}}
}

// reload takes another load, of which it begins with as many instances as of the one before,
// if that is known.
func (s *Scenario) reload(l *load.Load, err error) error {
	if err != nil {
		return err
	}
	if s.Cloud.Initial == 0 && s.Load.Serving != nil {
		s.Cloud.Initial = s.Load.Serving[0]
	}
	s.Load = l
	return nil
}

// Lose is that a share of the serving instances is lost at an instant; see [Loss].
func Lose(share float64, at time.Time, lasts time.Duration) WhatIf {
	return WhatIf{fmt.Sprintf("%g %% of the instances are lost at %s%s", 100*share, at.Format(time.RFC3339), lasting(lasts)), func(s *Scenario) error {
		s.lose(Loss{at, share, lasts})
		return nil
	}}
}

// LoseDaily is that a share of the serving instances is lost every day, so long after
// midnight by the clocks of a zone.
func LoseDaily(share float64, clock time.Duration, zone *time.Location, lasts time.Duration) WhatIf {
	name := fmt.Sprintf("%g %% of the instances are lost daily at %02d:%02d (%v)%s", 100*share, int(clock.Hours()), int(clock.Minutes())%60, zone, lasting(lasts))
	return WhatIf{name, func(s *Scenario) error {
		year, month, day := s.Load.Start.In(zone).Date()
		for ; ; day++ {
			at := time.Date(year, month, day, 0, 0, int(clock.Seconds()), 0, zone)
			if !at.Before(s.at(s.steps())) {
				return nil
			}
			if !at.Before(s.Load.Start) {
				s.lose(Loss{at, share, lasts})
			}
		}
	}}
}

func lasting(lasts time.Duration) string {
	if lasts == 0 {
		return " for good"
	}
	return " for " + words.Span(lasts)
}

// lose adds a loss, and leaves those of the scenario that it was copied from as they are.
func (s *Scenario) lose(loss Loss) {
	s.Cloud.Losses = append(s.Cloud.Losses[:len(s.Cloud.Losses):len(s.Cloud.Losses)], loss)
}
