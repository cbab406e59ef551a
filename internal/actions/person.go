package actions

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// RefusedError is the error for what a person asked for and cannot be done.
type RefusedError struct{ Why string }

func (e RefusedError) Error() string { return e.Why }

func refuse(format string, args ...any) error { return RefusedError{fmt.Sprintf(format, args...)} }

// SettleBy settles an order as a person says: it bought exactly these machines; none
// of them if codes is empty.
func (a *Account) SettleBy(ctx context.Context, id string, codes []string, by string) error {
	codes = slices.Compact(slices.Sorted(slices.Values(codes)))
	labels, err := a.readLabels(ctx, id, codes)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	intent := a.intents[id]
	if intent == nil || !intent.Value.unsettled() {
		return refuse("there is no order %s that is not settled: see `autoscaled orders`", id)
	}
	i := &intent.Value
	c := a.crews[i.Group]
	switch {
	case i.State == IntentOpen:
		return refuse("the answer to order %s is still outstanding: wait for it", id)
	case len(codes) == 0:
		a.Log.Warn("an order bought nothing, as a person says", zap.String("order", id), zap.String("by", by))
		i.Lost = time.Time{} // nothing that appears later is looked for
		return a.void(intent)
	case c == nil:
		return refuse("order %s is for group %s, which is not configured", id, i.Group)
	case len(codes) > i.Count:
		return refuse("order %s was for %d machines, not for %d", id, i.Count, len(codes))
	}
	for _, code := range codes {
		if err := a.vouchable(c, code, labels[code]); err != nil {
			return err
		}
		if i.knew(code) {
			return refuse("%s was there before order %s: to take it on record all the same, name the group instead of the order", code, id)
		}
	}
	a.Log.Warn("an order is settled by a person", zap.String("order", id), zap.Strings("instances", codes), zap.String("by", by))
	i.Lost = time.Time{}
	return a.settle(c, intent, codes, ProofVouched)
}

// readLabels reads the labels of machines afresh, through the crew of an order's group.
func (a *Account) readLabels(ctx context.Context, id string, codes []string) (map[string]string, error) {
	a.mu.Lock()
	var c *Crew
	if intent := a.intents[id]; intent != nil {
		c = a.crews[intent.Value.Group]
	}
	a.mu.Unlock()
	if c == nil {
		return nil, nil
	}
	return c.readLabels(ctx, codes)
}

func (c *Crew) readLabels(ctx context.Context, codes []string) (map[string]string, error) {
	labels := map[string]string{}
	for _, code := range codes {
		label, _, err := c.Machines.Label(ctx, code)
		if cloud.ClassOf(err) == cloud.ClassNotFound {
			return nil, refuse("the account has no machine %s", code)
		}
		if err != nil {
			return nil, err
		}
		labels[code] = label
	}
	return labels, nil
}

// Vouch takes machines on record for the crew's group because a person says that they
// are its. They are labelled next.
func (a *Account) Vouch(ctx context.Context, c *Crew, codes []string, by string) error {
	codes = slices.Compact(slices.Sorted(slices.Values(codes)))
	labels, err := c.readLabels(ctx, codes)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var newcomers []newcomer
	room := c.Max + c.Surge - c.active()
	for _, code := range codes {
		if err := a.vouchable(c, code, labels[code]); err != nil {
			return err
		}
		n := c.found(a.snapshot.Machines[code], ProofVouched)
		newcomers = append(newcomers, n)
		if n.goal == policy.InService {
			room--
		}
	}
	if room < 0 {
		return refuse("group %s would have %d instances too many: raise max, or stop some of the machines first", c.Group, -room)
	}
	a.Log.Warn("a person adds machines to a group", zap.String("group", c.Group), zap.Strings("instances", codes), zap.String("by", by))
	return c.enlist(newcomers)
}

// vouchable says why a machine that carries the label cannot be taken on record for
// the crew's group. a.mu must be held.
func (a *Account) vouchable(c *Crew, code, label string) error {
	if a.snapshot == nil {
		return refuse("the account was not looked at yet: wait a minute")
	}
	machine, listed := a.snapshot.Machines[code]
	switch {
	case !listed:
		return refuse("the account had no machine %s at %s: wait for the next look", code, a.snapshot.Finished.Format("15:04:05"))
	case a.onRecord(code):
		return refuse("%s is on record already, or a template", code)
	case machine.Ending():
		return refuse("the contract of %s ends", code)
	case label != "" && !slices.Contains(a.knownLabels(c, code), label):
		return refuse("%s carries the label %q: if it is ours, label it %q first", code, label, Mark(c.Installation, c.Group, code))
	}
	return nil
}

// knownLabels lists the labels that a machine of the crew's group may carry: a clone's, and ours.
func (a *Account) knownLabels(c *Crew, code string) []string {
	labels := []string{Mark(c.Installation, c.Group, code)}
	for _, label := range a.labels {
		labels = append(labels, label)
	}
	return labels
}

// NotBought notes that lost orders did not buy the machine, and says whether one of
// them might have.
func (a *Account) NotBought(code string) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := false
	for _, intent := range a.oldestFirst() {
		i := &intent.Value
		if i.Lost.IsZero() || i.knew(code) || slices.Contains(i.Codes, code) {
			continue
		}
		if a.snapshot == nil || !slices.Contains(a.candidates(a.crews[i.Group], i, a.snapshot).codes, code) {
			continue
		}
		before := i.Before
		i.Before = slices.Sorted(slices.Values(append(slices.Clone(before), code)))
		if err := a.Journal.Write(intent); err != nil {
			i.Before = before
			return false, fmt.Errorf("record that %s is not of order %s: %w", code, i.ID, err)
		}
		found = true
	}
	return found, nil
}

// disownedLabel is what a machine is labelled that is ours no more: no order takes it
// for its own, and it is not adopted again.
func (c *Crew) disownedLabel() string { return "not:" + c.Installation + ":" + c.Group }

// Disown drops an instance from the records, and leaves the machine as it is, but for
// its label if that is our mark. It says whether the instance was on record.
func (c *Crew) Disown(ctx context.Context, code, by string) (bool, error) {
	in := c.instance(code)
	if in == nil {
		return false, nil
	}
	in.mu.Lock()
	if in.working {
		in.mu.Unlock()
		return true, refuse("a step of %s is under way: ask again in a moment", code)
	}
	in.working, in.step = true, StepLabel // nothing else is done to it meanwhile
	in.mu.Unlock()
	defer func() {
		in.mu.Lock()
		in.working = false
		in.mu.Unlock()
	}()
	label, _, err := c.Machines.Label(ctx, code)
	if err == nil && label == Mark(c.Installation, c.Group, code) {
		err = c.Machines.SetLabel(ctx, code, c.disownedLabel())
	}
	if err != nil {
		return true, err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := c.Journal.Forget(in.goal.Key, in.facts.Key); err != nil {
		return true, fmt.Errorf("drop the record of %s: %w", code, err)
	}
	c.drop(in)
	c.mu.Lock()
	c.disowned[code] = c.Now()
	c.mu.Unlock()
	c.Log.Warn("a person disowned an instance; it is left as it is", zap.String("instance", code), zap.String("by", by))
	return true, nil
}

// Protect sets or, with nil, lifts the protection of an instance, and says whether the
// instance is on record.
func (c *Crew) Protect(code string, protection *Protection) (bool, error) {
	in := c.instance(code)
	if in == nil {
		return false, nil
	}
	return true, c.note(in, func(f *Facts) { f.Protected = protection })
}
