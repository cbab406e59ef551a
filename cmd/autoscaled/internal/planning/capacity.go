package planning

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/plan"
)

// tellCapacities says by which values of the signals the need is found, and what is doubtful
// in them.
func (m *maker) tellCapacities(subject *Subject, list []plan.SignalModel) {
	if m.study.Capacities == nil { // the first subject's
		m.study.Capacities = carries(list)
		m.study.Assumptions = append(m.study.Assumptions, capacityWords(list))
	}
	for _, doubt := range capacityDoubts(subject, list) {
		if !slices.Contains(m.study.Warnings, doubt) {
			m.study.Warnings = append(m.study.Warnings, doubt)
		}
	}
}

// carries are what one instance carries when it is full, of the signals that tell it.
func carries(list []plan.SignalModel) Capacities {
	capacities := Capacities{}
	for _, model := range list {
		if capacity := cmp.Or(model.Capacity, model.Ceiling); capacity > 0 {
			capacities[model.Name] = capacity
		}
	}
	return capacities
}

// capacityWords say at which values an instance is full, in the order of the signals.
func capacityWords(list []plan.SignalModel) string {
	var full []string
	for _, model := range list {
		switch {
		case model.Capacity > 0:
			full = append(full, model.Name+" "+valueText(model, model.Capacity))
		case model.Ceiling > 0:
			full = append(full, model.Name+" "+valueText(model, model.Ceiling)+" (its ceiling)")
		}
	}
	return "An instance is full at " + strings.Join(full, ", ") + "."
}

// valueText is a value of a signal; of a share, in percent.
func valueText(model plan.SignalModel, value float64) string {
	if model.Ceiling == 1 {
		return fmt.Sprintf("%g %%", round(percent*value))
	}
	return fmt.Sprintf("%g", value)
}

// capacityDoubts name the signals that a subject decides on and that count nowhere in the
// need, and its targets and forecasts that no instance can carry. Signals that say a size are no load.
func capacityDoubts(of *Subject, list []plan.SignalModel) (doubts []string) {
	capacities := carries(list)
	for _, model := range list {
		capacity, known := capacities[model.Name]
		for _, p := range of.Group.Policies {
			if aim := aimOf(p, model.Name); known && aim > capacity {
				doubts = append(doubts, fmt.Sprintf("%s of %s aims at %s, and an instance is full at %s: the group is kept too small; lower that, or say with --capacity %s=VALUE what an instance carries",
					p.Name, of.Name, valueText(model, aim), valueText(model, capacity), model.Name))
			}
		}
		if !known && loads(of, model.Name) {
			doubts = append(doubts, fmt.Sprintf("%s is decided on, and is not in the need: nothing says how much of it one instance carries, so that what is too small for it does not show; add --capacity %s=VALUE", model.Name, model.Name))
		}
	}
	return doubts
}

// aimOf is what the policy has an instance show of a signal; 0: it does not say.
func aimOf(p config.Policy, signal string) float64 {
	switch {
	case p.Target != nil && p.Target.Signal == signal:
		return p.Target.Value
	case p.Forecast != nil && p.Forecast.Signal == signal:
		return p.Forecast.Value
	}
	return 0
}

// loads says that a policy of the subject reads a signal as a quantity, and not as a size.
func loads(of *Subject, signal string) bool {
	for _, p := range of.Group.Policies {
		if p.Size == "" && p.Webhook == "" && decidesOn([]config.Policy{p}, signal) {
			return true
		}
	}
	return false
}
