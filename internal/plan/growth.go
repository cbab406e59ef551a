package plan

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/load"
)

// Growth is when a growing load first meets a bound.
type Growth struct {
	Monthly float64   // times as much every month, compounding
	From    time.Time // the end of the history: here it begins to grow
	To      time.Time // as far as was looked
	Max     time.Time // when more than max is wanted first; zero: not until To
	Quota   time.Time // when the quota refuses an order first; zero: not until To
	Result  *Result   // of the time between, brief
}

// Grow replays what lies ahead: the history again and again, cut to whole weeks (or days, or
// as it is, if it is shorter), so that the days of the week and the hours stay in their
// places; and from its end on times a factor that compounds every month, a twelfth of a year. So what comes once in
// the history, such as a launch, comes again every time, and seasons of the year do not.
func Grow(ctx context.Context, s *Scenario, monthly float64, ahead time.Duration) (*Growth, error) {
	if !(monthly > 0) || math.IsInf(monthly, 0) || ahead < s.Load.Step {
		return nil, fmt.Errorf("grow the load by %v a month for %v: give a factor above 0, and a time of a step at least", monthly, ahead)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("grow the load: %w", err)
	}
	grown := *s
	grown.Recorded, grown.Brief, grown.From = nil, true, 0
	grown.Load = extrapolated(s.Load, monthly, int(ahead/s.Load.Step))
	result, err := Replay(ctx, &grown)
	if err != nil {
		return nil, fmt.Errorf("grow the load: %w", err)
	}
	return &Growth{
		Monthly: monthly, From: grown.Load.Start, To: grown.Load.End(), Max: result.Capped.First, Quota: result.Refused.First, Result: result,
	}, nil
}

// extrapolated is what follows a load, so many steps of it.
func extrapolated(l *load.Load, monthly float64, steps int) *load.Load {
	period := wholePeriods(l)
	ahead := &load.Load{Origin: l.Origin, Start: l.End(), Step: l.Step}
	for _, signal := range l.Signals {
		next := load.Signal{Name: signal.Name, Totals: make([]float64, steps)}
		for i := range next.Totals {
			next.Totals[i] = signal.Totals[l.Len()-period+i%period]
		}
		ahead.Signals = append(ahead.Signals, next)
	}
	return ahead.Grow(monthly)
}

// wholePeriods is how many of a load's last steps are whole weeks; or days, or all.
func wholePeriods(l *load.Load) int {
	const day = 24 * time.Hour
	for _, period := range []time.Duration{7 * day, day} {
		if steps := int(period / l.Step); steps > 0 && steps <= l.Len() && period%l.Step == 0 {
			return l.Len() / steps * steps
		}
	}
	return l.Len()
}
