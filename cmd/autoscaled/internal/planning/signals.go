package planning

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Capacities are what one instance carries when it is full, by signal, in its unit.
type Capacities map[string]float64

// ReadCapacities reads what people write: SIGNAL=VALUE, or VALUE alone where only one
// signal can be meant. A value may be in percent.
func ReadCapacities(texts []string, subjects []Subject) (Capacities, error) {
	capacities := Capacities{}
	for _, text := range texts {
		name, written, named := strings.Cut(text, "=")
		if !named {
			written = name
			var err error
			if name, err = meant(subjects); err != nil {
				return nil, fmt.Errorf("--capacity %s: %w", words.Shown(text), err)
			}
		}
		if names := signalNames(subjects); !slices.Contains(names, name) {
			return nil, fmt.Errorf("--capacity %s: no signal is named `%s`: %s", words.Shown(text), words.Shown(name), words.Suggest(name, names))
		}
		value, err := number(written)
		if err != nil || value == 0 {
			return nil, fmt.Errorf("--capacity %s: `%s` is not what one instance carries: write a number above 0, for example --capacity %s=300", words.Shown(text), words.Shown(written), name)
		}
		capacities[name] = value
	}
	return capacities, nil
}

// meant is the signal that a capacity without a name is of: the only one, or the only one
// without a ceiling.
func meant(subjects []Subject) (string, error) {
	names := used(subjects)
	if len(names) != 1 {
		names = slices.DeleteFunc(names, func(name string) bool {
			signal, _ := signalOf(subjects, name)
			return ceilingOf(signal) > 0
		})
	}
	if len(names) != 1 {
		return "", fmt.Errorf("it could be of any signal: write for example --capacity %s=300", cmp.Or(slices.Concat(names, used(subjects))...))
	}
	return names[0], nil
}

// number reads a number of 0 or more, also in percent.
func number(text string) (float64, error) {
	digits, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || !(value >= 0) || math.IsInf(value, 0) {
		return 0, errors.New("is no number of 0 or more")
	}
	if percent {
		value /= 100
	}
	return value, nil
}

// ceilingOf is the largest value that the signal can have, as the daemon knows it; 0: it
// does not know any.
func ceilingOf(signal config.Signal) float64 {
	if signal.SNMP == nil {
		return signal.Ceiling
	}
	quantity, err := snmp.NewQuantity(*signal.SNMP)
	if err != nil { // the configuration was checked
		return signal.Most()
	}
	return quantity.Ceiling
}

// isMean says that a signal shows what each of its instances does, also if it is one of
// the group.
func isMean(signal config.Signal, subjects []Subject) bool {
	if signal.PerInstance() {
		return true
	}
	for i := range subjects {
		for _, p := range subjects[i].Group.Policies {
			if p.Target != nil && p.Target.Each && p.Target.Signal == signal.Name ||
				p.Forecast != nil && p.Forecast.Each && p.Forecast.Signal == signal.Name {
				return true
			}
		}
	}
	return false
}

// models say how the signals of a subject arise from the load. They are those that any
// subject decides on, so that the load is the same for all.
func models(of *Subject, subjects []Subject, l *load.Load, capacities Capacities) ([]plan.SignalModel, error) {
	var list []plan.SignalModel
	told := false
	names := used(subjects)
	for _, name := range slices.Sorted(maps.Keys(capacities)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		signal, own := signalOf([]Subject{*of}, name)
		if !own {
			signal, _ = signalOf(subjects, name)
		}
		from := columnOf(signal, l)
		if from == "" && decidesOn(of.Group.Policies, name) {
			return nil, fmt.Errorf("a policy of %s decides on %s, and the history says nothing of it: give the history a column %s (it has %s), or plan with a configuration without that policy",
				of.Name, name, name, strings.Join(loadNames(l), ", "))
		}
		if from == "" {
			continue
		}
		statistic, _ := policy.ParseStatistic(cmp.Or(signal.Statistic, "avg"))
		model := plan.SignalModel{
			Name: name, From: from, PerInstance: signal.PerInstance(), Statistic: statistic,
			Ceiling: ceilingOf(signal), Capacity: capacities[name],
		}
		if model.Capacity > 0 && model.Ceiling > 0 && model.Capacity > model.Ceiling {
			return nil, fmt.Errorf("--capacity %s=%g is above the signal's ceiling, %g: one instance never shows more", name, model.Capacity, model.Ceiling)
		}
		if !isMean(signal, subjects) && model.Capacity == 0 {
			model.Ceiling = 0 // of a total, it says nothing of one instance
		}
		told = told || model.Capacity > 0 || model.Ceiling > 0
		list = append(list, model)
	}
	if !told {
		example := cmp.Or(slices.Concat(loadNames(l), names)...)
		return nil, fmt.Errorf("nothing says how much one instance carries: add for example --capacity %s=300, the value of %s that keeps one instance just fully busy", example, example)
	}
	return list, nil
}

// columnOf is the load's signal that a signal arises from: its own, or that of the first
// one that can stand in for it. Empty: the load has none.
func columnOf(signal config.Signal, l *load.Load) string {
	for _, name := range append([]string{signal.Name}, signal.FirstOf...) {
		if l.Signal(name) != nil {
			return name
		}
	}
	return ""
}

func loadNames(l *load.Load) []string {
	names := make([]string, len(l.Signals))
	for i, signal := range l.Signals {
		names[i] = signal.Name
	}
	return names
}

// telling is the first signal of the load that says how much the instances have to carry,
// and how much one of them carries of it.
func telling(list []plan.SignalModel) (signal string, capacity float64) {
	for _, model := range list {
		if capacity := cmp.Or(model.Capacity, model.Ceiling); capacity > 0 {
			return model.From, capacity
		}
	}
	return "", 0
}
