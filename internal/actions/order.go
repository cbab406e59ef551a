package actions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/store"
)

// order starts an order in the background, unless another must be waited for.
func (a *Account) order(c *Crew, p purchase) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.Now()
	if a.closing || a.ordering || now.Before(a.patience.until) || now.Before(c.orders.until) || a.anyUnsettled() {
		return
	}
	if c.observed != a.snapshot { // what that look settled may be among the group's instances only when it has seen it too
		return
	}
	a.ordering, a.upcoming = true, p
	a.calls.Go(func() {
		defer c.fire()
		// The steps' shutdown does not break off a purchase: its answer is worth waiting for.
		ctx, cancel := context.WithTimeoutCause(a.ctx, a.OrderTimeout, errors.New("the order took longer than its timeout"))
		defer cancel()
		began := time.Now()
		err := a.buy(ctx, c, p)
		c.Metrics.step(c.Group, StepOrder, cloud.ClassOf(err), time.Since(began))
		a.ended(c, err)
		a.gate.note(err == nil, err, a.Now(), a.Jitter())
	})
}

func (a *Account) anyUnsettled() bool {
	for _, intent := range a.intents {
		if intent.Value.unsettled() {
			return true
		}
	}
	return false
}

// ended notes how an order went, and how long the next one must wait.
func (a *Account) ended(c *Crew, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ordering, a.upcoming = false, purchase{}
	if err == nil {
		a.recovered(c)
		return
	}
	class, whose := cloud.ClassOf(err), &c.orders
	if ofAccount(class) {
		whose = &a.patience
	}
	pause, news := whose.failed(err, a.Now(), a.Jitter())
	a.trouble = err.Error()
	log := a.Log.Debug
	if news || class == cloud.ClassUnknownOutcome { // the same again is no news, save that each lost answer is another order's
		log = a.Log.Warn
	}
	log("order failed", zap.Stringer("class", class),
		zap.Duration("retry_in", pause.Round(time.Millisecond)), zap.Error(err))
}

// recovered forgets the failures before an order of the crew. a.mu must be held.
func (a *Account) recovered(c *Crew) { a.patience, c.orders, a.trouble = patience{}, patience{}, "" }

// buy makes sure that the order may leave, writes it down, and sends it once.
func (a *Account) buy(ctx context.Context, c *Crew, p purchase) error {
	machines, err := c.Machines.List(ctx)
	if err != nil {
		return fmt.Errorf("list the machines before ordering: %w", err)
	}
	wanted := p.count
	count, err := affordable(c.checkCloud(ctx, machines, wanted), wanted)
	if err != nil {
		return err
	}
	if p.count = count; count < wanted {
		a.Log.Warn("there is room for fewer than are missing: see `autoscaled preflight "+c.Group+"`",
			zap.String("group", c.Group), zap.Int("missing", wanted), zap.Int("room", count))
		a.foresee(p)
	}
	if unknown := c.markedUnknown(machines); unknown > 0 {
		return cloud.Errorf(cloud.ClassTransient, "order %d for group %s: %d machines carry its mark and are not on record yet, which passes by itself", count, c.Group, unknown)
	}
	if room := c.room() + count; count > room { // it counts the order itself
		return cloud.Errorf(cloud.ClassInvalid, "order %d for group %s: only %d more are allowed (max %d)", count, c.Group, max(0, room), c.Max)
	}
	template := c.template()
	intent, err := a.intend(p, template, machines)
	if err != nil {
		return cloud.Errorf(cloud.ClassTransient, "record an order before it leaves (nothing was ordered): %w", err)
	}
	a.Log.Info("ordering", zap.String("group", c.Group), zap.Int("count", count), zap.String("template", template.ID()), zap.String("order", intent.Value.ID))
	codes, err := c.Machines.Order(ctx, template, count)
	return a.answered(c, intent, codes, err)
}

// markedUnknown counts the machines that the next look takes on record for the group:
// a listing cut short may have lacked them when the order was decided.
func (c *Crew) markedUnknown(machines []cloud.Machine) int {
	n := 0
	for _, m := range machines {
		if c.adoptable(m) {
			n++
		}
	}
	return n
}

// foresee notes that the order under way is for fewer machines than it was to be.
func (a *Account) foresee(p purchase) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.upcoming = p
}

// intend writes the order down, with every code that is known before it.
func (a *Account) intend(p purchase, template cloud.Template, machines []cloud.Machine) (*store.Document[Intent], error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.Now()
	a.lastGiven = latest(now, a.lastGiven.Add(time.Nanosecond))
	id := a.lastGiven.UTC().Format("20060102T150405.000000000")
	value := Intent{
		ID: id, Group: p.group, Source: template.Source, Type: template.Type, Version: template.Version, Count: p.count, Drill: p.drill, At: now, State: IntentOpen,
	}
	before := maps.Clone(a.known)
	for _, m := range machines {
		before[m.Code] = now
	}
	value.Before = slices.Sorted(maps.Keys(before))
	intent := &store.Document[Intent]{Key: intentKey(a.Name, id), Value: value}
	if err := a.Journal.Write(intent); err != nil {
		return nil, err
	}
	a.intents[id], a.upcoming = intent, purchase{}
	return intent, nil
}

// answered takes over what the call said.
func (a *Account) answered(c *Crew, intent *store.Document[Intent], codes []string, err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil && slices.ContainsFunc(codes, intent.Value.knew) {
		err = cloud.Errorf(cloud.ClassUnknownOutcome, "the answer %q names machines that were there before", codes)
		codes = nil
	}
	switch {
	case err == nil:
		if err := a.settle(c, intent, codes, ProofAnswered); err != nil {
			return errors.Join(err, a.lose(intent, codes, err))
		}
		return nil
	case cloud.ClassOf(err) == cloud.ClassUnknownOutcome:
		return errors.Join(fmt.Errorf("%w (the account is searched for what it bought)", err), a.lose(intent, codes, err))
	default:
		if voidErr := a.void(intent); voidErr != nil { // then looking must show that it bought nothing
			return errors.Join(err, voidErr, a.lose(intent, nil, err))
		}
		return err
	}
}
