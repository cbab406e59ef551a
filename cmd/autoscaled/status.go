package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func contextWithTimeout(cmd *cobra.Command, timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(cmd.Context(), timeout)
}

// printStatus writes the state for a person: trouble first, then each group.
func printStatus(out io.Writer, status fleet.Status, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, account := range status.Accounts {
		printAccount(w, account, now)
	}
	for _, group := range status.Groups {
		printGroup(w, group, now)
	}
	return w.Flush()
}

func printAccount(w io.Writer, a fleet.AccountStatus, now time.Time) {
	looked := "not looked at yet"
	if !a.LookedAt.IsZero() {
		looked = fmt.Sprintf("%d machines, seen %s ago", a.Machines, ago(a.LookedAt, now))
	}
	fmt.Fprintf(w, "account %s: %s\n", a.Name, looked)
	if a.LookTrouble != "" {
		fmt.Fprintf(w, "  ! %s\n", a.LookTrouble)
	}
	if a.Trouble != "" && len(a.Orders) == 0 { // an order that is not settled says itself why
		fmt.Fprintf(w, "  ! the last order failed: %s\n", a.Trouble)
	}
	for _, order := range a.Orders {
		fmt.Fprintf(w, "  order %s: %d for %s, sent %s ago, %s\n", order.ID, order.Count, order.Group, ago(order.At, now), stateOf(order))
		if order.Error != "" {
			fmt.Fprintf(w, "    ! %s\n", order.Error)
		}
	}
}

// stateOf is the order's state, with what the daemon does about it.
func stateOf(order actions.OrderStatus) string {
	switch order.State {
	case actions.IntentOpen:
		return "open: its answer is awaited"
	case actions.IntentUnknown:
		return "unknown: its answer is lost, and the account is searched for what it bought"
	case actions.IntentAsking:
		return "asking: nothing is ordered on this account until a person has settled it"
	default:
		return string(order.State)
	}
}

func printGroup(w io.Writer, g fleet.GroupStatus, now time.Time) {
	fmt.Fprintf(w, "\ngroup %s (%s, %d to %d): desired %d, serving %d, becoming %d, standby %d%s\n",
		g.Name, g.Mode, g.Min, g.Max, g.Desired, g.Serving, g.Becoming, g.Standby, quarantined(g))
	if g.Paused != nil {
		fmt.Fprintf(w, "  ! paused by %s; `autoscaled resume %s` ends it\n", pauseText(*g.Paused, now), g.Name)
	}
	if g.Trouble != "" {
		fmt.Fprintf(w, "  ! nothing is done until this succeeds: %s\n", g.Trouble)
	}
	if g.Decision.Reason == policy.ReasonAtMax {
		fmt.Fprintf(w, "  ! %d are wanted, and max is %d\n", g.Decision.Wanted, g.Max)
	}
	if g.Decision.At.IsZero() {
		fmt.Fprintln(w, "  nothing decided yet")
	} else {
		fmt.Fprintf(w, "  decided %s ago: %d to %d (%s)\n", ago(g.Decision.At, now), g.Decision.From, g.Decision.To, g.Decision.Reason)
	}
	for _, sentence := range g.Decision.Policies {
		fmt.Fprintf(w, "    %s\n", sentence)
	}
	for _, s := range g.Signals {
		if s.Value == nil {
			fmt.Fprintf(w, "  ! signal %s has no value: %s\n", s.Name, s.Why)
		} else {
			fmt.Fprintf(w, "  signal %s: %.4g (%d of %d readings)\n", s.Name, *s.Value, s.Measured, s.Of)
		}
	}
	for _, node := range g.Foreign {
		fmt.Fprintf(w, "  node %s in the pool is not ours; it is left alone\n", node)
	}
	for _, in := range g.Instances {
		switch {
		case in.Quarantine != "":
			fmt.Fprintf(w, "  ! %s is quarantined (look at the machine, then `autoscaled resume %s`): %s\n", in.Code, g.Name, in.Quarantine)
		case in.Trouble != "":
			fmt.Fprintf(w, "  ! %s: %s\n", in.Code, in.Trouble)
		}
	}
	printInstances(w, g.Instances, now)
}

// quarantined says how many instances are left alone, and go on costing money.
func quarantined(g fleet.GroupStatus) string {
	n := 0
	for _, in := range g.Instances {
		if in.Quarantine != "" {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", quarantined %d", n)
}

func pauseText(p policy.Pause, now time.Time) string {
	why := p.Why
	if why == "" {
		why = "no reason given"
	}
	return fmt.Sprintf("%s %s ago: %s", p.By, ago(p.Since, now), why)
}

func printInstances(w io.Writer, instances []actions.InstanceStatus, now time.Time) {
	if len(instances) == 0 {
		return
	}
	fmt.Fprintln(w, "  INSTANCE\tGOAL\tPHASE\tADDRESS\tSINCE\tNOTE")
	for _, in := range instances {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\n", in.Code, in.Goal, in.Phase, in.Address, ago(in.GoalSince, now), note(in))
	}
}

func note(in actions.InstanceStatus) string {
	var notes []string
	if in.Quarantine != "" {
		notes = append(notes, "quarantined")
	}
	if !in.LastDay.IsZero() {
		notes = append(notes, "ends with "+in.LastDay.Format(time.DateOnly))
	}
	if in.Proof == actions.ProofInferred {
		notes = append(notes, "taken for ours after a lost answer")
	}
	return strings.Join(notes, "; ")
}

func ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < 0:
		return "0s"
	case d < 2*time.Minute:
		return d.Round(time.Second).String()
	default:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
}
