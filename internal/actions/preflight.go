package actions

import (
	"context"
	"fmt"
	"math"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// CheckState is the outcome of a check.
type CheckState string

// The outcomes of checks.
const (
	CheckOK      CheckState = "ok"
	CheckBlocked CheckState = "blocked" // it keeps the group from growing as far as asked
	CheckUnknown CheckState = "unknown" // it could not be found out
)

// Check is one thing that bounds how far a group can grow now.
type Check struct {
	Name  string     `json:"name"`
	State CheckState `json:"state"`
	Room  int        `json:"room"` // further machines that it leaves room for; -1: no limit known
	Why   string     `json:"why,omitempty"`

	err error // with the class that an order meets which needs more
}

// noLimit is the room of a check without a known limit.
const noLimit = -1

func passed(name, why string) Check { return Check{name, CheckOK, noLimit, why, nil} }

// limited is a check with a known limit.
func limited(name string, room, wanted int, class cloud.Class, format string, args ...any) Check {
	room = max(0, room)
	check := Check{Name: name, State: CheckOK, Room: room, Why: fmt.Sprintf(format, args...)}
	if room < wanted {
		check.State, check.err = CheckBlocked, cloud.Errorf(class, "%s", check.Why)
	}
	return check
}

// refused is a check that leaves no room, or could not be made.
func refused(name string, err error) Check {
	check := Check{Name: name, State: CheckBlocked, Why: err.Error(), err: err}
	if class := cloud.ClassOf(err); class == cloud.ClassTransient || class == cloud.ClassThrottled || class == cloud.ClassUnknownOutcome {
		check.State, check.Room = CheckUnknown, noLimit
	}
	return check
}

// Preflight says what bounds the group's growth by wanted machines, without changing
// anything: orders that are not settled, rights, the template, the account's number of
// machines, and each pool.
func (c *Crew) Preflight(ctx context.Context, wanted int) []Check {
	checks := []Check{c.checkOrders()}
	machines, err := c.Machines.List(ctx)
	if err != nil {
		checks = append(checks, refused("listing", fmt.Errorf("list the machines: %w", err)))
	}
	return append(checks, c.checkCloud(ctx, machines, wanted)...)
}

// checkOrders says whether an order may leave at all.
func (c *Crew) checkOrders() Check {
	if unsettled := c.Account.Unsettled(); len(unsettled) > 0 {
		return Check{Name: "orders", State: CheckBlocked, Why: fmt.Sprintf("order %s is not settled: see `autoscaled orders`", unsettled[0].ID)}
	}
	return passed("orders", "every order is settled")
}

// checkCloud says what in the cloud bounds the growth by wanted machines. machines is
// a listing of the account; nil when there is none.
func (c *Crew) checkCloud(ctx context.Context, machines []cloud.Machine, wanted int) []Check {
	checks := []Check{c.checkAccess(ctx), c.checkSource(ctx, wanted), c.checkMachines(machines, wanted)}
	joining := c.active() - c.pooled()
	for _, b := range c.Balancers {
		checks = append(checks, checkPool(ctx, b, joining, wanted))
	}
	return checks
}

func (c *Crew) checkAccess(ctx context.Context) Check {
	if err := c.Machines.Access(ctx); err != nil {
		return refused("access", err)
	}
	return passed("access", "the credentials may work with the account")
}

func (c *Crew) checkSource(ctx context.Context, wanted int) Check {
	template := c.template()
	if err := c.checkTemplate(ctx, template, fmt.Sprintf("order %d", wanted)); err != nil {
		return refused("template", err)
	}
	return passed("template", template.Source+" is stopped, as it must be")
}

func (c *Crew) checkMachines(machines []cloud.Machine, wanted int) Check {
	most := c.Account.MachinesMax
	if most <= 0 || machines == nil {
		return passed("machines", "no limit is configured (machines_max)")
	}
	counted := 0
	for _, m := range machines {
		if !m.Ending() {
			counted++
		}
	}
	return limited("machines", most-counted, wanted, cloud.ClassQuota, "the account has %d machines, and machines_max is %d", counted, most)
}

func checkPool(ctx context.Context, b cloud.Balancer, joining, wanted int) Check {
	name := "pool " + b.Name()
	nodes, err := b.Nodes(ctx)
	if err != nil {
		return refused(name, err)
	}
	if b.Capacity() <= 0 {
		return passed(name, fmt.Sprintf("it has %d nodes, and no limit is configured (nodes_max)", len(nodes)))
	}
	return limited(name, b.Capacity()-len(nodes)-joining, wanted, cloud.ClassQuota, "it has %d nodes, %d more are to join, and it takes %d", len(nodes), joining, b.Capacity())
}

// pooled counts the active instances that are in the pools.
func (c *Crew) pooled() int {
	n := 0
	for _, in := range c.sorted() {
		in.mu.Lock()
		if in.goal.Value.Goal == policy.InService && c.phase(in) == InPool {
			n++
		}
		in.mu.Unlock()
	}
	return n
}

// affordable is how many of the wanted machines the checks leave room for, and the
// error of the first that leaves room for none.
func affordable(checks []Check, wanted int) (int, error) {
	most := math.MaxInt
	for _, check := range checks {
		switch {
		case check.err != nil && check.Room <= 0:
			return 0, check.err
		case check.Room >= 0:
			most = min(most, check.Room)
		}
	}
	return min(wanted, most), nil
}
