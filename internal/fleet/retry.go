package fleet

import (
	"context"
	"fmt"
	"slices"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/words"
)

// UnknownInstanceError is the error for an instance that no group has on record.
type UnknownInstanceError struct{ Code string }

func (e UnknownInstanceError) Error() string {
	return fmt.Sprintf("%s is on no group's record: see `autoscaled status`", words.Shown(e.Code))
}

// Instance describes one instance, and names its group. The error is an
// [UnknownInstanceError] when no group has it on record.
func (f *Fleet) Instance(code string) (group string, in actions.InstanceStatus, err error) {
	g, in, err := f.holder(code)
	if err != nil {
		return "", in, err
	}
	return g.Name, in, nil
}

// holder is the group that has the instance on record.
func (f *Fleet) holder(code string) (*Group, actions.InstanceStatus, error) {
	for _, g := range f.members().groups {
		instances := g.Crew.Instances()
		if i := slices.IndexFunc(instances, func(in actions.InstanceStatus) bool { return in.Code == code }); i >= 0 {
			return g, instances[i], nil
		}
	}
	return nil, actions.InstanceStatus{}, UnknownInstanceError{code}
}

// Retry lifts the quarantine of one instance: it goes on towards its goal, with a new launch
// deadline. why may be empty.
func (f *Fleet) Retry(ctx context.Context, code, by, why string) error {
	by = signed(by, why)
	return f.setFree(ctx, code, "retried by "+by, func(crew *actions.Crew) (bool, error) { return crew.Retry(code, by) })
}

// Release has the contract of a quarantined instance ended, or of one that is left alone,
// by the usual steps and after the usual proofs. It is refused for one that is not proved to
// be ours.
func (f *Fleet) Release(ctx context.Context, code, by, why string) error {
	by = signed(by, why)
	return f.setFree(ctx, code, "to be released, says "+by, func(crew *actions.Crew) (bool, error) { return crew.Release(ctx, code, by) })
}

// setFree does something about an instance that rests aside, and lets its group note it and
// go on at once.
func (f *Fleet) setFree(ctx context.Context, code, note string, do func(*actions.Crew) (found bool, err error)) error {
	g, _, err := f.holder(code)
	if err != nil {
		return err
	}
	err = g.byHand(func() error {
		found, err := do(g.Crew)
		if err == nil && !found {
			err = UnknownInstanceError{code}
		}
		return err
	})
	if err != nil {
		return err
	}
	g.noteDone(ctx, code+" "+note)
	return nil
}

// noteDone writes into the history what a person did, and lets the group go on at once. It is
// done, whether the group can note it or not.
func (g *Group) noteDone(ctx context.Context, text string) {
	_ = g.command(ctx, func() error {
		g.Recorder.Note(g.Now(), text)
		return nil
	})
}
