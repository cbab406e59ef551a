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
	"github.com/autoscaled/autoscaled/internal/store"
)

// AccountOptions are what an Account needs. All fields are required unless marked.
type AccountOptions struct {
	Name         string
	Journal      store.Journal
	SettleWindow time.Duration // how long a lost answer is looked for before it counts as without effect, or a person is asked
	OrderTimeout time.Duration // of the purchase call
	MachinesMax  int           // machines that the account may have in all; may be 0: no limit
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
	upcoming  purchase         // what it will buy, until it is on record
	closing   bool
	patience  patience             // with orders that fail for a reason of the account
	trouble   string               // why the newest order failed; empty after one that did not
	snapshot  *cloud.Snapshot      // the newest; nil before the first
	known     map[string]time.Time // every code that a listing showed of late, with when it last did
	lacking   map[string]time.Time // by order that is about to be void: when a first listing began that lacks its machines
	copying   map[string]bool      // templates that an instance is being overwritten from
	labels    map[string]string    // templates' labels as last listed, by code
	lastGiven time.Time            // time of the newest intent's ID

	gate gate

	doubtful sync.Mutex           // guards doubts
	doubts   map[string]judgement // of the groups whose picture of the cloud cannot be trusted

	calls sync.WaitGroup
	abort context.CancelCauseFunc
	ctx   context.Context // of the orders; ends when Close gives up waiting
}

// purchase is a number of machines for a group.
type purchase struct {
	group string
	count int
	drill bool // for a fire drill
}

// NewAccount reads the account's orders. One that was under way when an earlier
// process ended counts as one whose answer was lost.
func NewAccount(options AccountOptions) (*Account, error) {
	a := &Account{
		AccountOptions: options,
		intents:        map[string]*store.Document[Intent]{},
		crews:          map[string]*Crew{},
		labels:         map[string]string{},
		doubts:         map[string]judgement{},
		known:          map[string]time.Time{},
		copying:        map[string]bool{},
		lacking:        map[string]time.Time{},
	}
	a.ctx, a.abort = context.WithCancelCause(context.Background())
	intents, err := store.ReadAll[Intent](a.Journal.Store, intentPrefix(a.Name), func(string) bool { return true })
	if err != nil {
		return nil, fmt.Errorf("read the orders of account %s: %w", a.Name, err)
	}
	for _, intent := range intents {
		anchor(a.Now(), &intent.Value.At, &intent.Value.Lost)
		a.intents[intent.Value.ID] = intent
		if intent.Value.State != IntentOpen {
			continue
		}
		if err := a.lose(intent, nil, errors.New("autoscaled ended while it was under way")); err != nil {
			return nil, fmt.Errorf("read the orders of account %s: %w", a.Name, err)
		}
		a.Log.Warn("an order was under way when autoscaled ended; looking for what it bought",
			zap.String("order", intent.Value.ID), zap.Int("count", intent.Value.Count))
	}
	return a, nil
}

// reanchor writes the orders' times anew; see Crew.Reanchor.
func (a *Account) reanchor() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, intent := range a.intents {
		before := intent.Value
		anchor(a.Now(), &intent.Value.At, &intent.Value.Lost)
		if err := a.Journal.Write(intent); err != nil {
			intent.Value = before
			return fmt.Errorf("write the times of order %s anew: %w", intent.Value.ID, err)
		}
	}
	return nil
}

// Serve makes the account settle orders for the crew's group.
func (a *Account) Serve(c *Crew) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.crews[c.Group] = c
}

// Pending is the number of machines ordered for the group that may still come by
// themselves: not yet on record, and no person is asked about them.
func (a *Account) Pending(group string) int {
	toServe, toDrill := a.Awaited(group)
	return toServe + toDrill
}

// Awaited is Pending, with those apart that were ordered for a fire drill.
func (a *Account) Awaited(group string) (toServe, toDrill int) {
	return a.count(group, func(i *Intent) bool { return i.State == IntentOpen || i.State == IntentUnknown })
}

// ordered is the number of machines ordered for the group and not yet on record.
func (a *Account) ordered(group string) int {
	toServe, toDrill := a.count(group, (*Intent).unsettled)
	return toServe + toDrill
}

func (a *Account) count(group string, counts func(*Intent) bool) (toServe, toDrill int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	add := func(p purchase) {
		switch {
		case p.group != group:
		case p.drill:
			toDrill += p.count
		default:
			toServe += p.count
		}
	}
	add(a.upcoming)
	for _, intent := range a.intents {
		if i := &intent.Value; counts(i) {
			add(purchase{i.Group, i.Count, i.Drill})
		}
	}
	return toServe, toDrill
}

// OrderStatus is what there is to know of an order that is not settled.
type OrderStatus struct {
	ID    string      `json:"id"`
	Group string      `json:"group"`
	Count int         `json:"count"`
	State IntentState `json:"state"`
	At    time.Time   `json:"at"`
	Error string      `json:"error,omitempty"`

	Candidates []string `json:"candidates,omitempty"` // machines that it may have bought
}

// Unsettled lists the orders of which it is not known yet what they bought.
func (a *Account) Unsettled() []OrderStatus {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []OrderStatus
	for _, intent := range a.oldestFirst() {
		if i := &intent.Value; i.unsettled() {
			status := OrderStatus{ID: i.ID, Group: i.Group, Count: i.Count, State: i.State, At: i.At, Error: i.Error}
			if a.snapshot != nil && a.snapshot.Started.After(i.Lost) {
				found := a.candidates(a.crews[i.Group], i, a.snapshot)
				status.Candidates = slices.Concat(found.codes, found.misdated)
			}
			list = append(list, status)
		}
	}
	return list
}

// oldestFirst lists the intents. a.mu must be held.
func (a *Account) oldestFirst() []*store.Document[Intent] {
	list := make([]*store.Document[Intent], 0, len(a.intents))
	for _, intent := range a.intents {
		list = append(list, intent)
	}
	slices.SortFunc(list, func(x, y *store.Document[Intent]) int { return cmp.Compare(x.Value.ID, y.Value.ID) })
	return list
}

// Trouble is why the last order failed; empty after one that did not.
func (a *Account) Trouble() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.trouble
}

// Close waits for an order under way. When ctx ends it breaks the order off, and
// its answer counts as lost: the next start looks for what it bought.
func (a *Account) Close(ctx context.Context) {
	a.mu.Lock()
	a.closing = true
	a.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { a.abort(errors.New("autoscaled is ending")) })
	defer stop()
	a.calls.Wait()
	a.abort(nil)
}
