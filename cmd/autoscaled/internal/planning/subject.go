package planning

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/plan/report"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/rules"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Subject is a configured group whose policy is replayed.
type Subject struct {
	Name   string // for people, among the other subjects
	Role   report.Role
	Config *config.Config
	Group  config.Group
	Spec   policy.Spec
}

// NewSubject takes a group out of a configuration. An empty name is that of the only group.
func NewSubject(c *config.Config, group string, role report.Role) (Subject, error) {
	names := slices.Sorted(maps.Keys(c.Groups))
	switch {
	case group == "" && len(names) == 1:
		group = names[0]
	case group == "":
		return Subject{}, fmt.Errorf("%s has %d groups: say which with --group %s", c.File, len(names), words.Either(names))
	}
	configured, ok := c.Groups[group]
	if !ok {
		return Subject{}, fmt.Errorf("%s has no group `%s`: %s", c.File, words.Shown(group), words.Suggest(group, names))
	}
	return subjectOf(c, configured, role)
}

func subjectOf(c *config.Config, group config.Group, role report.Role) (Subject, error) {
	spec, err := rules.Of(group)
	if err != nil {
		return Subject{}, fmt.Errorf("%s: group %s: %w", c.File, group.Name, err)
	}
	return Subject{Name: group.Name, Role: role, Config: c, Group: group, Spec: spec}, nil
}

// Shadow is the group's shadow as a subject of its own, if it has one.
func (s *Subject) Shadow() (shadow Subject, ok bool, err error) {
	if s.Group.Shadow == nil {
		return Subject{}, false, nil
	}
	group := s.Group
	group.Policies, group.ScaleOut, group.ScaleIn = s.Group.Shadow.Policies, s.Group.Shadow.ScaleOut, s.Group.Shadow.ScaleIn
	shadow, err = subjectOf(s.Config, group, report.Other)
	shadow.Name = s.Name + "/shadow"
	return shadow, true, err
}

// NameByFile names subjects of several files by these, as shortly as they differ.
func NameByFile(subjects []Subject) {
	short := map[string]int{}
	for i := range subjects {
		short[filepath.Base(subjects[i].Config.File)]++
	}
	for i := range subjects {
		file := subjects[i].Config.File
		if base := filepath.Base(file); short[base] == 1 {
			file = base
		}
		subjects[i].Name = file
	}
}

// used are the signals that the policies of the subjects decide on, in the order of the
// files.
func used(subjects []Subject) []string {
	var names []string
	for i := range subjects {
		group := &subjects[i].Group
		for _, signal := range group.Signals {
			if decidesOn(group.Policies, signal.Name) && !slices.Contains(names, signal.Name) {
				names = append(names, signal.Name)
			}
		}
	}
	return names
}

func decidesOn(policies []config.Policy, signal string) bool {
	return slices.ContainsFunc(policies, func(p config.Policy) bool { return slices.Contains(signalsOf(p), signal) })
}

// signalsOf are the signals that a policy decides on.
func signalsOf(p config.Policy) []string {
	switch {
	case p.Target != nil:
		return []string{p.Target.Signal}
	case p.Step != nil:
		return []string{p.Step.Signal}
	case p.Threshold != nil:
		names := make([]string, len(p.Threshold.When))
		for i, condition := range p.Threshold.When {
			names[i] = condition.Signal
		}
		return names
	case p.Size != "":
		return []string{p.Size}
	case p.Webhook != "":
		return []string{p.Webhook}
	case p.Forecast != nil:
		return []string{p.Forecast.Signal}
	}
	return nil
}

// signalOf is a signal of the first subject that has one of the name.
func signalOf(subjects []Subject, name string) (config.Signal, bool) {
	for i := range subjects {
		for _, signal := range subjects[i].Group.Signals {
			if signal.Name == name {
				return signal, true
			}
		}
	}
	return config.Signal{}, false
}

// signalNames are those of all subjects.
func signalNames(subjects []Subject) []string {
	var names []string
	for i := range subjects {
		for _, signal := range subjects[i].Group.Signals {
			if !slices.Contains(names, signal.Name) {
				names = append(names, signal.Name)
			}
		}
	}
	return names
}
