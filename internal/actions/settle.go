package actions

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// twinMemory is how long a lost order is remembered after it was settled, so that
// machines that appear late are still recognised.
const twinMemory = 24 * time.Hour

// startTolerance is how far the day on which a machine's contract began may be
// from its order: an order before midnight may take effect after it.
const startTolerance = 24 * time.Hour

// settle takes the machines of an order on record. Those for which the group has no
// room any more stand by. a.mu must be held.
func (a *Account) settle(c *Crew, intent *store.Document[Intent], codes []string, proof Proof) error {
	before := intent.Value
	intent.Value.State, intent.Value.Codes, intent.Value.Error = IntentSettled, codes, ""
	room := c.Max + c.Surge - c.active()
	newcomers := make([]newcomer, len(codes))
	for i, code := range codes {
		newcomers[i] = newcomer{code, before.goal(), Facts{Proof: proof, Order: before.ID, Template: before.template().ID(), Made: before.At, Since: before.At}}
		if i >= room {
			newcomers[i].goal = policy.Standby
		}
	}
	if err := c.enlist(newcomers, intent); err != nil {
		intent.Value = before
		return fmt.Errorf("record the machines %s of order %s: %w", strings.Join(codes, ", "), before.ID, err)
	}
	outcome, message := "settled", "ordered"
	if proof == ProofInferred {
		outcome, message = "adopted", "found what an order bought whose answer was lost"
	}
	a.recovered(c)
	a.Metrics.orders.WithLabelValues(a.Name, outcome).Inc()
	a.Log.Info(message, zap.String("group", c.Group), zap.Strings("instances", codes), zap.String("order", before.ID), zap.String("proof", string(proof)))
	return nil
}

// void notes that an order bought nothing. a.mu must be held.
func (a *Account) void(intent *store.Document[Intent]) error {
	before := intent.Value
	intent.Value.State = IntentVoid
	if err := a.Journal.Write(intent); err != nil {
		intent.Value = before
		return err
	}
	a.Metrics.orders.WithLabelValues(a.Name, "void").Inc()
	return nil
}

// lose notes that an order's answer is not on record, and what it named if it came.
// It counts as lost even if that cannot be written: an open order on disk says the
// same. a.mu must be held, or nobody else know the account yet.
func (a *Account) lose(intent *store.Document[Intent], codes []string, cause error) error {
	i := &intent.Value
	i.State, i.Lost, i.Codes, i.Error = IntentUnknown, a.Now(), codes, cause.Error()
	return a.Journal.Write(intent)
}

func (a *Account) forget(intent *store.Document[Intent]) error {
	if err := a.Journal.Forget(intent.Key); err != nil {
		return err
	}
	delete(a.intents, intent.Value.ID)
	return nil
}

// Settle looks, in a listing that is newer than the loss, for what lost orders
// bought. Exactly the expected machines are adopted; anything else waits, and after
// the settle window a person is asked.
func (a *Account) Settle(snapshot *cloud.Snapshot) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.snapshot = snapshot
	a.remember(snapshot)
	for _, c := range a.crews {
		for _, source := range []string{c.Template.Source, c.template().Source} {
			if template, listed := snapshot.Machines[source]; listed {
				a.labels[source] = template.Label
			}
		}
	}
	var first error
	for _, intent := range a.oldestFirst() {
		if err := a.review(intent, snapshot); err != nil && first == nil {
			first = fmt.Errorf("settle order %s: %w", intent.Value.ID, err)
		}
	}
	return first
}

// sawOn notes that the crew has seen what the account settled on.
func (a *Account) sawOn(c *Crew, snapshot *cloud.Snapshot) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c.observed = snapshot
}

// remember notes which codes a listing shows, so that a later one which lacks some of
// them does not make them look new.
func (a *Account) remember(snapshot *cloud.Snapshot) {
	for code := range snapshot.Machines {
		a.known[code] = snapshot.Started
	}
	maps.DeleteFunc(a.known, func(_ string, seen time.Time) bool { return snapshot.Started.Sub(seen) > twinMemory })
}

// review does for one order what a newer listing makes possible.
func (a *Account) review(intent *store.Document[Intent], snapshot *cloud.Snapshot) error {
	i := &intent.Value
	c := a.crews[i.Group] // nil when the group is not configured any more
	switch {
	case i.State == IntentOpen:
		return nil // its answer is outstanding
	case !i.unsettled() && (i.Lost.IsZero() || a.Now().Sub(i.Lost) > twinMemory):
		return a.forget(intent)
	case i.unsettled() && len(i.Codes) == i.Count && c != nil:
		return a.settle(c, intent, i.Codes, ProofAnswered) // named, but not recorded then
	case !snapshot.Started.After(i.Lost):
		return nil // it may show the time before the order took effect
	case i.unsettled():
		return a.settleLost(c, intent, a.candidates(c, i, snapshot), snapshot)
	case a.anyUnsettled():
		return nil // what appears now may be what a newer order buys
	default:
		return a.settleLate(c, intent, a.candidates(c, i, snapshot))
	}
}

func (a *Account) settleLost(c *Crew, intent *store.Document[Intent], found candidates, snapshot *cloud.Snapshot) error {
	i, candidates := &intent.Value, found.codes
	age := a.Now().Sub(i.Lost)
	switch over := age >= a.SettleWindow; {
	case found.exactly(i.Count) && c != nil:
		return a.settle(c, intent, candidates, ProofInferred)
	case len(candidates) == i.Count && !over:
		return nil // their contracts do not tell yet when they began
	case over && len(candidates) == 0 && len(found.misdated) == 0:
		if !a.lackedTwice(i, snapshot) {
			return nil
		}
		a.Log.Warn("a lost order bought nothing; what is still wanted is ordered again", zap.String("order", i.ID), zap.Duration("searched", age.Round(time.Second)))
		return a.void(intent)
	case over && i.State != IntentAsking:
		return a.ask(intent, slices.Concat(candidates, found.misdated))
	}
	delete(a.lacking, i.ID)
	return nil
}

// absenceGap is how far apart two listings must have begun that both lack what an order
// may have bought, before it counts as not there.
const absenceGap = 30 * time.Second

// lackedTwice says that an earlier listing lacked the order's machines as well.
func (a *Account) lackedTwice(i *Intent, snapshot *cloud.Snapshot) bool {
	first, lacked := a.lacking[i.ID]
	if !lacked {
		a.lacking[i.ID] = snapshot.Started
		return false
	}
	return snapshot.Started.Sub(first) >= absenceGap
}

// ask makes a person settle the order, since nothing proves what it bought.
func (a *Account) ask(intent *store.Document[Intent], candidates []string) error {
	before := intent.Value
	i := &intent.Value
	ours := "(group " + i.Group + " is not configured)"
	if c := a.crews[i.Group]; c != nil {
		ours = fmt.Sprintf("and ours with %q", Mark(c.Installation, c.Group, "<its code>"))
	}
	i.State = IntentAsking
	i.Error = fmt.Sprintf("order %s for %d machines lost its answer, and %d appeared (%s): label those that are not ours with any text, %s",
		i.ID, i.Count, len(candidates), strings.Join(candidates, ", "), ours)
	if err := a.Journal.Write(intent); err != nil {
		*i = before
		return err
	}
	a.Metrics.orders.WithLabelValues(a.Name, "asking").Inc()
	a.Log.Error("a person must settle an order: nothing is ordered on this account until then", zap.String("what", i.Error))
	return nil
}

// settleLate deals with machines of an order that was settled before they appeared.
func (a *Account) settleLate(c *Crew, intent *store.Document[Intent], found candidates) error {
	i, candidates := &intent.Value, found.codes
	switch {
	case found.exactly(i.Count) && c != nil:
		a.Log.Warn("machines of a lost order appeared late; they are taken on record", zap.String("order", i.ID), zap.Strings("instances", candidates))
		return a.settle(c, intent, candidates, ProofInferred)
	case len(candidates) == 0:
		i.Error = ""
	case i.Error == "":
		i.Error = strings.Join(candidates, ", ") + " appeared after it was settled"
		a.Log.Warn("unlabelled machines appeared, and may be of a lost order: label them", zap.String("order", i.ID), zap.Strings("machines", candidates))
	}
	return nil
}

// candidates are machines that an order may have bought.
type candidates struct {
	codes    []string
	undated  bool     // of one of them it is not known yet when its contract began
	misdated []string // would fit if their contracts had begun on another day
}

// exactly says that the candidates are as many as were ordered, and that their
// contracts began when they must have.
func (f candidates) exactly(count int) bool { return len(f.codes) == count && !f.undated }

// candidates are the machines that the order may have bought: new since it was
// written, on nobody's record, of its type and day, and without a label but the one
// that a clone inherits, or the one by which a person says that they are c's.
func (a *Account) candidates(c *Crew, i *Intent, snapshot *cloud.Snapshot) (found candidates) {
	for code, machine := range snapshot.Machines {
		ours := machine.Label == "" || machine.Label == a.labels[i.Source] || c != nil && machine.Label == Mark(c.Installation, c.Group, code)
		if !ours || !i.fits(machine) || a.onRecord(code) {
			continue
		}
		if !machine.Start.IsZero() && i.At.Sub(machine.Start).Abs() > startTolerance {
			found.misdated = append(found.misdated, code)
			continue
		}
		found.codes = append(found.codes, code)
		found.undated = found.undated || machine.Start.IsZero()
	}
	slices.Sort(found.codes)
	return found
}

// fits says that nothing but its label, its day or a record could prove that the order
// did not buy the machine.
func (i *Intent) fits(machine cloud.Machine) bool {
	sameType := machine.Type == "" || machine.Type == i.Type
	return !i.knew(machine.Code) && sameType && !machine.Ending()
}

// knew says that the machine was there before the order.
func (i *Intent) knew(code string) bool {
	_, found := slices.BinarySearch(i.Before, code)
	return found
}

func (a *Account) onRecord(code string) bool {
	for _, c := range a.crews {
		if c.isTemplate(code) || c.instance(code) != nil {
			return true
		}
	}
	return false
}

func (a *Account) templateLabel(code string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.labels[code]
}
