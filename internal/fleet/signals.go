package fleet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// GroupSignals is what the signals of one group showed when they were last read.
type GroupSignals struct {
	Group   string         `json:"group"`
	ReadAt  time.Time      `json:"read_at,omitzero"` // zero: not read yet
	Signals []SignalReport `json:"signals"`          // in the order of the file
}

// SignalReport is the newest reading of one signal, with that of each instance if it is
// about the instances.
type SignalReport struct {
	Name      string           `json:"name"`
	Statistic string           `json:"statistic,omitempty"` // over the instances; empty when it is about the group
	Ceiling   float64          `json:"ceiling,omitempty"`   // the largest value that there can be; 0: none is known
	Shown                      // what a decision sees
	Measured  int              `json:"measured"` // readings that have a value
	Of        int              `json:"of"`
	Instances []InstanceReport `json:"instances,omitempty"`
}

// InstanceReport is the newest reading of one instance.
type InstanceReport struct {
	Instance string `json:"instance"` // the provider's code
	Shown
}

// Shown is a value or why there is none, and what a person should know about it.
type Shown struct {
	Value      *float64 `json:"value"`                   // null without one
	Doubted    *float64 `json:"doubted_value,omitempty"` // in place of a value: it can make the group grow, and not shrink
	Quality    string   `json:"quality"`                 // a policy.Absence: present, or why there is no value
	AgeSeconds *float64 `json:"age_seconds,omitempty"`   // of the value, of several the oldest; null without one
	Fault      string   `json:"fault,omitempty"`         // what is wrong, also where an earlier value or another signal stands in
	Quiet      bool     `json:"quiet,omitempty"`         // it is one of alerts, and none fires: there is no value, as it should be
}

// ReportSignals puts together what was read of the signals and what was wrong with it,
// as of now.
func ReportSignals(signals []policy.Signal, faults []monitor.Fault, now time.Time) []SignalReport {
	reports := make([]SignalReport, len(signals))
	for i, signal := range signals {
		reports[i] = reportSignal(signal, faults, now)
	}
	return reports
}

func reportSignal(signal policy.Signal, faults []monitor.Fault, now time.Time) SignalReport {
	summary, measured, of := signal.Summary(now)
	report := SignalReport{
		Name: signal.Name, Ceiling: signal.Ceiling, Measured: measured, Of: of,
		Shown: shown(summary, faultAt(faults, signal.Name, ""), now),
	}
	report.Quiet = quiet(faults, signal.Name)
	if !signal.PerInstance {
		return report
	}
	report.Statistic = signal.Statistic.String()
	for _, in := range signal.Instances {
		one := InstanceReport{Instance: in.Instance, Shown: shown(in.Sample, faultAt(faults, signal.Name, in.Instance), now)}
		if one.Value != nil && report.AgeSeconds != nil {
			*report.AgeSeconds = max(*report.AgeSeconds, *one.AgeSeconds)
		}
		report.Instances = append(report.Instances, one)
	}
	return report
}

func shown(sample policy.Sample, fault string, now time.Time) Shown {
	s := Shown{Quality: sample.Why().String(), Fault: fault}
	value, ok := sample.ForGrowth()
	if !ok {
		return s
	}
	if _, believed := sample.Value(); believed {
		s.Value = &value
	} else {
		s.Doubted = &value
	}
	age := max(0, now.Sub(sample.At()).Seconds())
	s.AgeSeconds = &age
	return s
}

// faultAt is what is wrong with the signal at the instance; with an empty one, as a
// whole.
func faultAt(faults []monitor.Fault, signal, instance string) string {
	i := slices.IndexFunc(faults, func(f monitor.Fault) bool { return f.Signal == signal && f.Instance == instance })
	if i < 0 {
		return ""
	}
	return faults[i].Err.Error()
}

// quiet says that the signal is one of alerts, and none fires.
func quiet(faults []monitor.Fault, signal string) bool {
	return slices.ContainsFunc(faults, func(f monitor.Fault) bool { return f.Signal == signal && f.Quiet() })
}

// UnknownGroupError is the error for a group that neither acts nor recommends.
type UnknownGroupError struct {
	Name  string
	Known []string
}

func (e UnknownGroupError) Error() string {
	return fmt.Sprintf("there is no group `%s`: %s", words.Shown(e.Name), words.Suggest(e.Name, e.Known))
}

// Signals tells what the signals of a group showed when they were last read.
func (f *Fleet) Signals(group string) (GroupSignals, error) {
	d, err := f.decider(group)
	if err != nil {
		return GroupSignals{}, err
	}
	return d.reportSignals(), nil
}

// decider is that of the named group, whether it acts or recommends.
func (f *Fleet) decider(group string) (*decider, error) {
	now := f.members()
	for _, g := range now.groups {
		if g.Name == group {
			return &g.decider, nil
		}
	}
	for _, a := range now.advisors {
		if a.Name == group {
			return &a.decider, nil
		}
	}
	return nil, now.unknown(group)
}

// unknown is the error for a group that is not among them.
func (m *members) unknown(group string) UnknownGroupError {
	e := UnknownGroupError{Name: group}
	for _, g := range m.groups {
		e.Known = append(e.Known, g.Name)
	}
	for _, a := range m.advisors {
		e.Known = append(e.Known, a.Name)
	}
	return e
}

func (d *decider) reportSignals() GroupSignals {
	d.mu.Lock()
	defer d.mu.Unlock()
	return GroupSignals{Group: d.Name, ReadAt: d.readAt, Signals: ReportSignals(d.signals, d.faults, time.Now())}
}

// signalStatus is a signal in a line or two.
func signalStatus(signal policy.Signal, faults []monitor.Fault, now time.Time) SignalStatus {
	summary, measured, of := signal.Summary(now)
	s := SignalStatus{Name: signal.Name, Measured: measured, Of: of}
	s.tell(faults)
	s.Quiet = quiet(faults, signal.Name)
	if value, ok := summary.Value(); ok {
		s.Value = &value
		return s
	}
	s.Why = summary.Why().String()
	if i := slices.IndexFunc(faults, func(f monitor.Fault) bool { return f.Signal == signal.Name }); i >= 0 {
		s.Why += ": " + faults[i].Err.Error()
	}
	return s
}

// Silent says that the signal has no value, and should have one. Where there is no instance, or
// none that has served for long enough, there is nothing to read.
func (s *SignalStatus) Silent() bool {
	why, _, _ := strings.Cut(s.Why, ":")
	return s.Value == nil && !s.FaultExpected && s.Of > 0 && why != policy.Warming.String() && why != policy.Filling.String()
}

// tell counts the faults of the signal, and keeps one: the first that is no part of the
// ordinary course of things, or else the first.
func (s *SignalStatus) tell(faults []monitor.Fault) {
	for _, fault := range faults {
		if fault.Signal != s.Name {
			continue
		}
		s.Faults++
		if s.Faults > 1 && (!s.FaultExpected || fault.Expected()) {
			continue
		}
		s.Fault, s.FaultExpected = fault.Err.Error(), fault.Expected()
		if fault.Instance != "" {
			s.Fault = fault.Instance + ": " + s.Fault
		}
	}
}
