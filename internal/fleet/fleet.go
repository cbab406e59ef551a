// Package fleet runs groups: it looks at the cloud, reads the signals, asks policy,
// sets goals, hands the instances to actions, and writes down what it decided.
//
// It promises:
//   - one goroutine at a time owns a group; no group waits for another, nor for a look at the
//     cloud, nor for a provider call;
//   - one observer per account looks at the cloud, whatever the number of groups;
//   - a decision is on disk, with the memory that it leaves, before anything acts
//     on it;
//   - a group in mode recommend runs in an [Advisor], which has no way to reach a
//     writing method of a provider.
//
// Cmd wires it together and httpd shows its state. It calls monitor, policy,
// actions, cloud and store, and is the only one to set goals.
package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// How long Run lets work under way end after its context has ended.
const (
	stepGrace  = 4 * time.Second  // steps: they can be repeated
	orderGrace = 29 * time.Second // an order's answer: it is worth more
)

// Fleet is every group of this installation with the accounts that they run on.
type Fleet struct {
	Observers []*Observer
	Accounts  []*actions.Account
	Groups    []*Group
	Advisors  []*Advisor
}

// Run runs everything until ctx ends, and returns when all that it started has
// ended.
func (f *Fleet) Run(ctx context.Context) error {
	learners := f.learners()
	loops, ctx := errgroup.WithContext(ctx)
	loops.Go(func() error { learn(ctx, learners); return nil })
	for _, o := range f.Observers {
		loops.Go(func() error { return o.Run(ctx) })
	}
	for _, g := range f.Groups {
		loops.Go(func() error { return g.Run(ctx) })
	}
	for _, a := range f.Advisors {
		a.Start(ctx)
	}
	err := loops.Wait()
	for _, a := range f.Advisors {
		a.Stop()
	}
	f.close(context.WithoutCancel(ctx))
	return err
}

func (f *Fleet) close(ctx context.Context) {
	var closing sync.WaitGroup
	for _, g := range f.Groups {
		closing.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, stepGrace)
			defer cancel()
			g.Crew.Close(ctx)
		})
	}
	for _, a := range f.Accounts {
		closing.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, orderGrace)
			defer cancel()
			a.Close(ctx)
		})
	}
	closing.Wait()
}

// Status describes every account and group.
func (f *Fleet) Status() Status {
	var s Status
	for _, o := range f.Observers {
		s.Accounts = append(s.Accounts, o.status())
	}
	for _, a := range f.Accounts {
		for i := range s.Accounts {
			if s.Accounts[i].Name == a.Name {
				s.Accounts[i].Orders, s.Accounts[i].Trouble = a.Unsettled(), a.Trouble()
			}
		}
	}
	for _, g := range f.Groups {
		s.Groups = append(s.Groups, g.status())
	}
	for _, a := range f.Advisors {
		s.Groups = append(s.Groups, a.status())
	}
	slices.SortFunc(s.Groups, func(a, b GroupStatus) int { return cmp.Compare(a.Name, b.Name) })
	return s
}

// NoGroupError is the error for a group that does not exist.
type NoGroupError struct {
	Name  string
	Known []string
}

func (e NoGroupError) Error() string {
	return fmt.Sprintf("there is no group %q that acts; groups that do: %v", e.Name, e.Known)
}

// Override puts an operator's order about a group into force, until it is resumed or the
// order is over, also across restarts. A group that is paused stays as it is: nothing is
// decided, ordered or moved, and steps and orders under way come to their end.
func (f *Fleet) Override(ctx context.Context, group string, override policy.Override) error {
	g, err := f.group(group)
	if err != nil {
		return err
	}
	return g.Override(ctx, override)
}

// Resume ends an override, and lifts the quarantines of the group's instances.
func (f *Fleet) Resume(ctx context.Context, group string) error {
	g, err := f.group(group)
	if err != nil {
		return err
	}
	return g.Resume(ctx)
}

func (f *Fleet) group(name string) (*Group, error) {
	missing := NoGroupError{Name: name}
	for _, g := range f.Groups {
		if g.Name == name {
			return g, nil
		}
		missing.Known = append(missing.Known, g.Name)
	}
	return nil, missing
}
