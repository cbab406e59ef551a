// Package httpdtest has what tests of the API need: a fleet that only remembers what it is
// asked, and values of which no member is empty. Tests alone call it; it calls nobody.
package httpdtest

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// Fleet has one group, web, and remembers what it is asked to change. What it shows is what
// its fields say.
type Fleet struct {
	State     fleet.Status
	OfSignals fleet.GroupSignals
	Reach     fleet.Preflight
	Plan      fleet.DrillPlan
	Begun     fleet.Drill // that begins
	Refusal   error       // of everything that changes something, and of reading the history
	Past      map[string][]record.Item

	mu         sync.Mutex
	overridden *policy.Override
	asked      []any
	span       [2]time.Time
}

// Asked lists the commands other than overrides, each in its own words.
func (f *Fleet) Asked() []any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

// Overridden is the override in force; nil: none is.
func (f *Fleet) Overridden() *policy.Override {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.overridden
}

// Span is that of the history, as last asked for.
func (f *Fleet) Span() [2]time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.span
}

// Status is part of httpd.Fleet, as are the other methods.
func (f *Fleet) Status() fleet.Status { return f.State }

// Group shows a group of State.
func (f *Fleet) Group(name string) (fleet.GroupStatus, error) {
	i := slices.IndexFunc(f.State.Groups, func(g fleet.GroupStatus) bool { return g.Name == name })
	if i < 0 {
		return fleet.GroupStatus{}, fleet.UnknownGroupError{Name: name, Known: []string{"web"}}
	}
	return f.State.Groups[i], nil
}

// Instance shows an instance of State.
func (f *Fleet) Instance(code string) (group string, in actions.InstanceStatus, err error) {
	for _, g := range f.State.Groups {
		for _, in := range g.Instances {
			if in.Code == code {
				return g.Name, in, nil
			}
		}
	}
	return "", in, fleet.UnknownInstanceError{Code: code}
}

// Signals shows OfSignals.
func (f *Fleet) Signals(group string) (fleet.GroupSignals, error) {
	if group != "web" {
		return fleet.GroupSignals{}, fleet.UnknownGroupError{Name: group, Known: []string{"web"}}
	}
	return f.OfSignals, nil
}

// Decisions reads Past.
func (f *Fleet) Decisions(group string, from, to time.Time) (iter.Seq2[record.Item, error], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.span = [2]time.Time{from, to}
	return func(yield func(record.Item, error) bool) {
		for _, item := range f.Past[group] {
			if item.At.Before(to) && !yield(item, nil) {
				return
			}
		}
	}, f.Refusal
}

// Override remembers the override.
func (f *Fleet) Override(_ context.Context, group string, override policy.Override) error {
	return f.replace(group, &override)
}

// Resume forgets the override, and remembers who asked.
func (f *Fleet) Resume(_ context.Context, group, by, why string) error {
	if err := f.replace(group, nil); err != nil {
		return err
	}
	return f.take([]string{"resume", group, by, why})
}

func (f *Fleet) replace(group string, override *policy.Override) error {
	if err := f.refuse(group); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.overridden = override
	return nil
}

// Scale remembers that it was asked.
func (f *Fleet) Scale(_ context.Context, group string, count int, by, why string) error {
	return f.take([]any{"scale", group, count, by, why})
}

// Promote remembers that it was asked.
func (f *Fleet) Promote(_ context.Context, group string, promoted bool, by, why string) error {
	return f.take([]any{"promote", group, promoted, by, why})
}

// Adopt remembers that it was asked.
func (f *Fleet) Adopt(_ context.Context, adoption fleet.Adoption) error { return f.take(adoption) }

// Disown remembers that it was asked.
func (f *Fleet) Disown(_ context.Context, code string, by, why string) error {
	return f.take([]string{"disown", code, by, why})
}

// Protect remembers that it was asked.
func (f *Fleet) Protect(_ context.Context, code string, protection actions.Protection) error {
	return f.take([]any{"protect", code, protection})
}

// Unprotect remembers that it was asked.
func (f *Fleet) Unprotect(_ context.Context, code, by, why string) error {
	return f.take([]string{"unprotect", code, by, why})
}

// Retry remembers that it was asked.
func (f *Fleet) Retry(_ context.Context, code, by, why string) error {
	return f.take([]string{"retry", code, by, why})
}

// Release remembers that it was asked.
func (f *Fleet) Release(_ context.Context, code, by, why string) error {
	return f.take([]string{"release", code, by, why})
}

// Preflight shows Reach.
func (f *Fleet) Preflight(_ context.Context, group string) (fleet.Preflight, error) {
	return f.Reach, f.refuse(group)
}

// PlanDrill shows Plan.
func (f *Fleet) PlanDrill(_ context.Context, group string) (fleet.DrillPlan, error) {
	return f.Plan, f.refuse(group)
}

// Drill remembers that it was asked.
func (f *Fleet) Drill(_ context.Context, group string, request fleet.DrillRequest) (fleet.Drill, error) {
	return f.Begun, f.take([]any{"drill", group, request})
}

func (f *Fleet) take(command any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.Refusal == nil {
		f.asked = append(f.asked, command)
	}
	return f.Refusal
}

func (f *Fleet) refuse(group string) error {
	if group != "web" {
		return fleet.UnknownGroupError{Name: group, Known: []string{"web"}}
	}
	return f.Refusal
}
