package fleet

import (
	"context"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// RefusedError is the error for what a person asked for and cannot be done.
type RefusedError = actions.RefusedError

// Adoption says which machines are ours, by the word of a person.
type Adoption struct {
	Order string   `json:"order,omitempty"` // that bought them; none of them if Codes is empty
	Group string   `json:"group,omitempty"` // that they belong to, when they are of no order
	Codes []string `json:"codes,omitempty"`
	By    string   `json:"by,omitempty"`
	Why   string   `json:"why,omitempty"`
}

// Adopt takes machines on record as a person says, and settles their order if they
// are of one.
func (f *Fleet) Adopt(ctx context.Context, a Adoption) error {
	by := signed(a.By, a.Why)
	if a.Order == "" {
		g, err := f.group(a.Group)
		if err != nil {
			return err
		}
		return g.byHand(func() error { return g.Crew.Account.Vouch(ctx, g.Crew, a.Codes, by) })
	}
	for _, account := range f.members().accounts {
		if slices.ContainsFunc(account.Unsettled(), func(o actions.OrderStatus) bool { return o.ID == a.Order }) {
			return account.SettleBy(ctx, a.Order, a.Codes, by)
		}
	}
	return UnknownOrderError{a.Order}
}

// UnknownOrderError is the error for an order that no account has, or that is settled.
type UnknownOrderError struct{ ID string }

func (e UnknownOrderError) Error() string {
	return fmt.Sprintf("there is no order %s that is not settled: see `autoscaled orders`", words.Shown(e.ID))
}

// signed is who asked, and why if they said.
func signed(by, why string) string {
	if why == "" {
		return by
	}
	return by + ": " + why
}

// Disown drops a machine from the records, or keeps it from being taken for what a
// lost order bought.
func (f *Fleet) Disown(ctx context.Context, code, by, why string) error {
	now, found := f.members(), false
	for _, g := range now.groups {
		err := g.byHand(func() (err error) {
			found, err = g.Crew.Disown(ctx, code, signed(by, why))
			return err
		})
		if found || err != nil {
			return err
		}
	}
	for _, account := range now.accounts {
		notBought, err := account.NotBought(code)
		if err != nil {
			return err
		}
		found = found || notBought
	}
	if !found {
		return notOnRecord(code)
	}
	return nil
}

func notOnRecord(code string) error {
	return RefusedError{Why: code + " is on no group's record: see `autoscaled status`"}
}

// Protect keeps an instance from being sent away.
func (f *Fleet) Protect(_ context.Context, code string, p actions.Protection) error {
	_, err := f.protect(code, func(g *Group) *actions.Protection {
		p.Since = g.Now()
		return &p
	})
	return err
}

// Unprotect lifts a protection, as by says; why may be empty.
func (f *Fleet) Unprotect(ctx context.Context, code, by, why string) error {
	g, err := f.protect(code, func(*Group) *actions.Protection { return nil })
	if err != nil {
		return err
	}
	g.Log.Info("not protected any more", zap.String("instance", code), zap.String("by", by), zap.String("why", why))
	g.noteDone(ctx, code+" unprotected by "+signed(by, why))
	return nil
}

// protect sets or lifts the protection of an instance, and says whose it is.
func (f *Fleet) protect(code string, by func(*Group) *actions.Protection) (*Group, error) {
	for _, g := range f.members().groups {
		found := false
		err := g.byHand(func() (err error) {
			found, err = g.Crew.Protect(code, by(g))
			return err
		})
		if found || err != nil {
			return g, err
		}
	}
	return nil, notOnRecord(code)
}

// Preflight is how far a group could grow now.
type Preflight struct {
	Group     string          `json:"group"`
	Active    int             `json:"active"` // instances that serve or are becoming
	Max       int             `json:"max"`
	Reachable int             `json:"reachable"` // how many there could be
	Checks    []actions.Check `json:"checks"`    // in the order in which growing meets them
}

// Preflight finds out whether a group could reach its max now, changing nothing.
func (f *Fleet) Preflight(ctx context.Context, group string) (Preflight, error) {
	g, err := f.group(group)
	if err != nil {
		return Preflight{}, err
	}
	result := Preflight{Group: g.Name, Max: g.Spec.Max}
	standby := 0
	for _, in := range g.Crew.Instances() {
		switch {
		case in.Capacity():
			result.Active++
		case in.Goal == policy.Standby && in.Phase.Stage() == policy.Stopped && in.Quarantine == "":
			standby++
		}
	}
	missing := max(0, g.Spec.Max-result.Active-standby)
	result.Checks = g.Crew.Preflight(ctx, missing)
	room := missing
	for _, check := range result.Checks {
		if check.State == actions.CheckBlocked {
			room = min(room, max(0, check.Room))
		}
	}
	result.Reachable = min(g.Spec.Max, result.Active+standby+room)
	return result, nil
}
