package actions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// twinMemory is how long a lost order that seems to have bought nothing is
// remembered, so that machines that appear late are still recognised.
const twinMemory = 24 * time.Hour

// AccountOptions are what an Account needs. All fields are required.
type AccountOptions struct {
	Name         string
	Journal      store.Journal
	SettleWindow time.Duration // how long a lost answer is looked for before a person is asked
	OrderTimeout time.Duration // of the purchase call
	Now          func() time.Time
	Jitter       func() float64
	Log          *zap.Logger
	Metrics      *Metrics
}

// Account orders machines at one account, one order at a time, for all its groups.
type Account struct {
	AccountOptions

	mu        sync.Mutex // guards the rest
	intents   map[string]*store.Document[Intent]
	crews     map[string]*Crew // by group
	ordering  bool             // an order is under way in this process
	closing   bool
	failures  int
	retryAt   time.Time
	trouble   string
	labels    map[string]string // templates' labels as last listed, by code
	calls     sync.WaitGroup
	lastGiven time.Time // time of the newest intent's ID
}

// NewAccount reads the account's orders. One that was under way when an earlier
// process ended counts as one whose answer was lost.
func NewAccount(options AccountOptions) (*Account, error) {
	a := &Account{
		AccountOptions: options,
		intents:        map[string]*store.Document[Intent]{},
		crews:          map[string]*Crew{},
		labels:         map[string]string{},
	}
	intents, err := store.ReadAll[Intent](a.Journal.Store, intentPrefix(a.Name), func(string) bool { return true })
	if err != nil {
		return nil, fmt.Errorf("read the orders of account %s: %w", a.Name, err)
	}
	for _, intent := range intents {
		if intent.Value.State == IntentOpen {
			intent.Value.State, intent.Value.Lost = IntentUnknown, true
			if err := a.Journal.Write(intent); err != nil {
				return nil, fmt.Errorf("read the orders of account %s: %w", a.Name, err)
			}
			a.Log.Warn("an order was under way when autoscaled ended; looking for what it bought",
				zap.String("order", intent.Value.ID), zap.Int("count", intent.Value.Count))
		}
		a.intents[intent.Value.ID] = intent
	}
	return a, nil
}

// Serve makes the account settle orders for the crew's group.
func (a *Account) Serve(c *Crew) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.crews[c.Group] = c
}

// Pending is the number of machines ordered for the group and not on record yet.
func (a *Account) Pending(group string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, intent := range a.intents {
		if intent.Value.Group == group && intent.Value.unsettled() {
			n += intent.Value.Count
		}
	}
	return n
}

// OrderStatus is what there is to know of an order that is not settled.
type OrderStatus struct {
	ID    string      `json:"id"`
	Group string      `json:"group"`
	Count int         `json:"count"`
	State IntentState `json:"state"`
	At    time.Time   `json:"at"`
	Error string      `json:"error,omitempty"`
}

// Unsettled lists the orders of which it is not known yet what they bought.
func (a *Account) Unsettled() []OrderStatus {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []OrderStatus
	for _, d := range a.intents {
		if i := d.Value; i.unsettled() {
			list = append(list, OrderStatus{i.ID, i.Group, i.Count, i.State, i.At, i.Error})
		}
	}
	slices.SortFunc(list, func(x, y OrderStatus) int { return cmp.Compare(x.ID, y.ID) })
	return list
}

// Trouble is why the last order failed; empty after one that did not.
func (a *Account) Trouble() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.trouble
}

// Close waits for an order under way, until ctx ends. An order that is still under
// way then is on record, and its answer counts as lost.
func (a *Account) Close(ctx context.Context) {
	a.mu.Lock()
	a.closing = true
	a.mu.Unlock()
	done := make(chan struct{})
	go func() { a.calls.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		a.Log.Warn("an order's answer is still outstanding; the next start looks for what it bought", zap.String("account", a.Name))
	}
}

// Ordering says that an order's answer is outstanding.
func (a *Account) Ordering() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ordering
}

func (a *Account) templateLabel(code string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.labels[code]
}

// order starts an order in the background, unless one must be waited for first.
func (a *Account) order(c *Crew, count int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closing || a.ordering || a.Now().Before(a.retryAt) || a.anyUnsettled() {
		return
	}
	a.ordering = true
	a.calls.Go(func() {
		defer c.nudge()
		// The purchase is not broken off by a shutdown: an answer is worth waiting for.
		ctx, cancel := context.WithTimeoutCause(context.Background(), a.OrderTimeout, errors.New("the order took longer than its timeout"))
		defer cancel()
		began := time.Now()
		err := a.buy(ctx, c, count)
		c.Metrics.step(c.Group, StepOrder, cloud.ClassOf(err), time.Since(began))
		a.ended(err)
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
func (a *Account) ended(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ordering = false
	if err == nil {
		a.failures, a.trouble = 0, ""
		return
	}
	a.failures++
	pause := backoff(cloud.ClassOf(err), cloud.AfterOf(err), a.failures, a.Jitter())
	a.retryAt = a.Now().Add(pause)
	log := a.Log.Debug
	if err.Error() != a.trouble {
		a.trouble = err.Error()
		log = a.Log.Warn
	}
	log("order failed", zap.String("account", a.Name), zap.Stringer("class", cloud.ClassOf(err)),
		zap.Duration("retry_in", pause.Round(time.Millisecond)), zap.Error(err))
}

// buy makes sure that the order may leave, writes it down, and sends it once.
func (a *Account) buy(ctx context.Context, c *Crew, count int) error {
	template, err := c.Machines.Describe(ctx, c.Template.Source)
	if err != nil {
		return fmt.Errorf("look at template %s: %w", c.Template.Source, err)
	}
	if template.Power == cloud.PowerBusy {
		return cloud.Errorf(cloud.ClassTransient, "order %d from template %s: it is %s, which passes by itself", count, c.Template.Source, template.Status)
	}
	if template.Power != cloud.PowerOff {
		return cloud.Errorf(cloud.ClassConflict, "order %d from template %s: it is %s, and must be stopped to be cloned: stop it, or name another template",
			count, c.Template.Source, template.Status)
	}
	machines, err := c.Machines.List(ctx)
	if err != nil {
		return fmt.Errorf("list the machines before ordering: %w", err)
	}
	if room := c.Max + c.Surge - c.active(); count > room {
		return cloud.Errorf(cloud.ClassInvalid, "order %d for group %s: only %d more are allowed (max %d)", count, c.Group, max(0, room), c.Max)
	}
	intent := a.newIntent(c, count, machines)
	if err := a.Journal.Write(intent); err != nil {
		return cloud.Errorf(cloud.ClassTransient, "record an order before it leaves (nothing was ordered): %w", err)
	}
	a.mu.Lock()
	a.intents[intent.Value.ID] = intent
	a.mu.Unlock()
	a.Log.Info("ordering", zap.String("group", c.Group), zap.Int("count", count), zap.String("template", c.Template.Source), zap.String("order", intent.Value.ID))

	codes, err := c.Machines.Order(ctx, c.Template, count)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err == nil:
		return a.settle(c, intent, codes, ProofAnswered)
	case cloud.ClassOf(err) == cloud.ClassUnknownOutcome:
		intent.Value.State, intent.Value.Lost, intent.Value.Error, intent.Value.Codes = IntentUnknown, true, err.Error(), codes
		if writeErr := a.Journal.Write(intent); writeErr != nil {
			return errors.Join(err, writeErr)
		}
		return fmt.Errorf("order %d from template %s (looking for what it bought): %w", count, c.Template.Source, err)
	default:
		return errors.Join(fmt.Errorf("order %d from template %s: %w", count, c.Template.Source, err), a.void(intent))
	}
}

func (a *Account) newIntent(c *Crew, count int, machines []cloud.Machine) *store.Document[Intent] {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.Now()
	if !now.After(a.lastGiven) {
		now = a.lastGiven.Add(time.Nanosecond)
	}
	a.lastGiven = now
	id := now.UTC().Format("20060102T150405.000000000")
	intent := Intent{ID: id, Group: c.Group, Source: c.Template.Source, Type: c.Template.Type, Count: count, At: a.Now(), State: IntentOpen}
	for _, m := range machines {
		intent.Before = append(intent.Before, m.Code)
	}
	slices.Sort(intent.Before)
	return &store.Document[Intent]{Key: intentKey(a.Name, id), Value: intent}
}

// settle takes the machines of an order on record. a.mu must be held.
func (a *Account) settle(c *Crew, intent *store.Document[Intent], codes []string, proof Proof) error {
	before := intent.Value
	intent.Value.State, intent.Value.Codes, intent.Value.Error = IntentSettled, codes, ""
	documents := []store.Writable{intent}
	for _, code := range codes {
		documents = append(documents, c.add(code, policy.InService, Facts{Proof: proof, Order: intent.Value.ID, Since: before.At})...)
	}
	if err := a.Journal.Write(documents...); err != nil {
		intent.Value = before
		c.drop(codes)
		return fmt.Errorf("record the machines %v of order %s: %w", codes, before.ID, err)
	}
	outcome := "settled"
	if proof == ProofInferred {
		outcome = "adopted"
	}
	a.Metrics.orders.WithLabelValues(a.Name, outcome).Inc()
	a.Log.Info("ordered", zap.String("group", c.Group), zap.Strings("instances", codes), zap.String("order", before.ID), zap.String("proof", string(proof)))
	if !before.Lost { // a lost one is remembered for the case that a twin appears
		return a.forget(intent)
	}
	return nil
}

// void notes that an order bought nothing. a.mu must be held.
func (a *Account) void(intent *store.Document[Intent]) error {
	a.Metrics.orders.WithLabelValues(a.Name, "void").Inc()
	if !intent.Value.Lost {
		return a.forget(intent)
	}
	intent.Value.State = IntentVoid
	return a.Journal.Write(intent)
}

func (a *Account) forget(intent *store.Document[Intent]) error {
	if err := a.Journal.Forget(intent.Key); err != nil {
		return err
	}
	delete(a.intents, intent.Value.ID)
	return nil
}

// Settle looks, in a listing that is newer than the orders, for what lost orders
// bought. Exactly the expected machines are adopted; anything else waits, and after
// the settle window a person is asked.
func (a *Account) Settle(snapshot *cloud.Snapshot) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.crews {
		a.labels[c.Template.Source] = snapshot.Machines[c.Template.Source].Label
	}
	for _, intent := range a.oldestFirst() {
		c := a.crews[intent.Value.Group]
		if c == nil || !intent.Value.Lost || !snapshot.Started.After(intent.Value.At) {
			continue
		}
		if err := a.settleLost(c, intent, snapshot); err != nil {
			return err
		}
	}
	return nil
}

func (a *Account) oldestFirst() []*store.Document[Intent] {
	list := make([]*store.Document[Intent], 0, len(a.intents))
	for _, intent := range a.intents {
		list = append(list, intent)
	}
	slices.SortFunc(list, func(x, y *store.Document[Intent]) int { return cmp.Compare(x.Value.ID, y.Value.ID) })
	return list
}

func (a *Account) settleLost(c *Crew, intent *store.Document[Intent], snapshot *cloud.Snapshot) error {
	i := &intent.Value
	age := a.Now().Sub(i.At)
	candidates := a.candidates(intent, snapshot)
	over := age >= a.SettleWindow
	switch {
	case i.State == IntentSettled || i.State == IntentVoid:
		if len(candidates) == i.Count {
			a.Log.Warn("machines of a lost order appeared late; they are taken on record", zap.String("order", i.ID), zap.Strings("instances", candidates))
			return a.settle(c, intent, candidates, ProofInferred)
		}
		if age > twinMemory {
			return a.forget(intent)
		}
	case len(candidates) == i.Count:
		return a.settle(c, intent, candidates, ProofInferred)
	case over && len(candidates) == 0:
		a.Log.Warn("a lost order bought nothing", zap.String("order", i.ID), zap.Duration("looked_for", age.Round(time.Second)))
		return a.void(intent)
	case over && i.State != IntentAsking:
		i.State = IntentAsking
		i.Error = fmt.Sprintf("order %s for %d machines lost its answer, and %d appeared (%v): label the ones that are not ours with any text, and mark ours as %q",
			i.ID, i.Count, len(candidates), candidates, Mark(c.Installation, c.Group, "<its code>"))
		a.Metrics.orders.WithLabelValues(a.Name, "asking").Inc()
		a.Log.Error("a person must settle an order: nothing is ordered on this account until then", zap.String("account", a.Name), zap.String("what", i.Error))
		return a.Journal.Write(intent)
	}
	return nil
}

// candidates are the machines that the order may have bought: new since it was
// written, on nobody's record, of its type and day, without a label of their own.
func (a *Account) candidates(intent *store.Document[Intent], snapshot *cloud.Snapshot) []string {
	i := intent.Value
	var codes []string
	for code, machine := range snapshot.Machines {
		if _, known := slices.BinarySearch(i.Before, code); known || a.onRecord(code) || machine.Ending() {
			continue
		}
		label := machine.Label
		if label != "" && label != a.labels[i.Source] {
			continue
		}
		if machine.Type != "" && machine.Type != i.Type {
			continue
		}
		if !machine.Start.IsZero() && (machine.Start.After(i.At) || i.At.Sub(machine.Start) > 24*time.Hour) {
			continue
		}
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}

func (a *Account) onRecord(code string) bool {
	for _, c := range a.crews {
		if c.Template.Source == code || c.has(code) {
			return true
		}
	}
	return false
}
