package plan

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/classic"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// Scenario is one policy on one load in one model of the cloud.
//
// A spec is evaluated at each step, or at each that comes an interval after the last one, if
// the interval is longer. Where the step is longer than the interval, what counts evaluations
// is made to span the same time: 6 of 12 at 10 s become 1 of 2 at a minute, the gap of three
// intervals one of three steps, a rate of 2 in 15 s one of 8 in a minute. A window or pause
// that is shorter than a step makes no difference. To see what happens within a minute, give
// a load of shorter steps.
//
// A spec that forecasts learns from the load as it goes by, and knows nothing at its
// beginning: score from where it has seen enough. The times to serve that it reckons with are
// those of the cloud within which nine of ten machines serve.
type Scenario struct {
	Name     string
	Spec     *policy.Spec          // decided by policy.Decide and carried out by policy.Choose; or
	Classic  func() classic.Scaler // a new one for each replay. What leaves is released at once, the newest first
	Signals  []SignalModel         // at least one with a capacity, or a ceiling
	Load     *load.Load            // shared, not changed
	Cloud    Cloud
	WarmUp   time.Duration                 // an instance's readings are not believed for this long after it began to serve
	Billing  *billing.Model                // nil: no bill, and no period is paid in advance
	From     int                           // first step that is scored
	Min      int                           // of a classic scaler, at least 1
	Max      int                           // of a classic scaler; 0: no bound
	Recorded iter.Seq2[record.Item, error] // what the daemon decided during Load, as record.Read gives it; it may be gone through several times at once. nil: nothing is known
	Brief    bool                          // the result is to hold no series and no decisions: figures alone

	withoutTurns bool // a group that goes to and fro is not remembered to
}

// SignalModel says how a signal of the group arises from the load and the simulated size: one
// of the instances shows on each of them an even share of the total. One of the group shows
// the total; or that share, if a target of the spec holds each instance's share of it.
type SignalModel struct {
	Name        string // as the spec's rules call it
	From        string // the load's signal; empty: the same name
	PerInstance bool
	Statistic   policy.Statistic // of the instances' readings
	Ceiling     float64          // the largest that one instance can show; 0: there is none
	Capacity    float64          // what one instance carries when it is full; 0: Ceiling, and without one the signal tells no load
}

// capacity is what one instance carries; 0: the signal tells no load.
func (m SignalModel) capacity() float64 {
	if m.Capacity > 0 {
		return m.Capacity
	}
	return m.Ceiling
}

func (m SignalModel) from() string {
	if m.From != "" {
		return m.From
	}
	return m.Name
}

// steps is how many steps the load has.
func (s *Scenario) steps() int {
	if s.Load == nil || len(s.Load.Signals) == 0 {
		return 0
	}
	return len(s.Load.Signals[0].Totals)
}

// at is the beginning of a step.
func (s *Scenario) at(step int) time.Time { return s.Load.Start.Add(time.Duration(step) * s.Load.Step) }

// bounds are the smallest and the largest size; 0: no bound.
func (s *Scenario) bounds() (least, most int) {
	if s.Spec != nil {
		return s.Spec.Min, s.Spec.Max
	}
	return max(1, s.Min), s.Max
}

// check refuses a scenario that means nothing. Its errors name what is to be changed.
func (s *Scenario) check() error {
	switch {
	case s.steps() == 0:
		return errors.New("the load has no steps: give it a longer span")
	case s.Load.Step <= 0:
		return fmt.Errorf("the load's step is %v: give it one above 0", s.Load.Step)
	case s.From < 0 || s.From >= s.steps():
		return fmt.Errorf("scoring begins at step %d of %d: begin earlier", s.From, s.steps())
	case (s.Spec == nil) == (s.Classic == nil):
		return errors.New("it needs either a spec or a classic scaler")
	case s.Spec != nil && (s.Spec.Max < 1 || s.Spec.Min > s.Spec.Max || s.Spec.OrderMax < 1):
		return fmt.Errorf("min %d, max %d and orders of %d at most make no group: raise max, lower min, or allow orders of 1", s.Spec.Min, s.Spec.Max, s.Spec.OrderMax)
	case s.Classic != nil && s.Recorded != nil:
		return errors.New("a classic scaler has no record: leave the record out")
	}
	return errors.Join(s.checkLoad(), s.checkSignals(), s.Cloud.check())
}

func (s *Scenario) checkLoad() error {
	for _, signal := range s.Load.Signals {
		if len(signal.Totals) != s.steps() || signal.Censored != nil && len(signal.Censored) != s.steps() {
			return fmt.Errorf("signal %s of the load has %d steps, and the first one %d: give all of them as many", signal.Name, len(signal.Totals), s.steps())
		}
	}
	if s.Load.Serving != nil && len(s.Load.Serving) != s.steps() {
		return fmt.Errorf("the load knows of %d steps how many served, and has %d", len(s.Load.Serving), s.steps())
	}
	return nil
}

func (s *Scenario) checkSignals() error {
	told := false
	for _, model := range s.Signals {
		if s.totals(model) == nil {
			return fmt.Errorf("the load has no signal %s, from which %s is to arise: name one of %v", model.from(), model.Name, s.loadNames())
		}
		told = told || model.capacity() > 0
	}
	if !told {
		return errors.New("no signal tells how much one instance carries: give one of them a capacity")
	}
	for name := range s.used() {
		if !slices.ContainsFunc(s.Signals, func(m SignalModel) bool { return m.Name == name }) {
			return fmt.Errorf("a policy decides on signal %s, which nothing gives a value: give the history a column of that name", name)
		}
	}
	return nil
}

// totals are those of the load's signal that the model is made from; nil: there is none.
func (s *Scenario) totals(model SignalModel) []float64 {
	if i := s.loadSignal(model); i >= 0 {
		return s.Load.Signals[i].Totals
	}
	return nil
}

func (s *Scenario) loadSignal(model SignalModel) int {
	return slices.IndexFunc(s.Load.Signals, func(signal load.Signal) bool { return signal.Name == model.from() })
}

func (s *Scenario) loadNames() []string {
	names := make([]string, len(s.Load.Signals))
	for i, signal := range s.Load.Signals {
		names[i] = signal.Name
	}
	return names
}

// used yields the signals that the spec's rules decide on.
func (s *Scenario) used() iter.Seq[string] {
	return func(yield func(string) bool) {
		if s.Spec == nil {
			return
		}
		for i := range s.Spec.Policies {
			for _, name := range s.Spec.Policies[i].Signals() {
				if !yield(name) {
					return
				}
			}
		}
	}
}
