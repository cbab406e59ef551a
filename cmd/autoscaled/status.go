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
	for _, trouble := range []string{a.LookTrouble, a.Trouble} {
		if trouble != "" {
			fmt.Fprintf(w, "  ! %s\n", trouble)
		}
	}
	for _, order := range a.Orders {
		fmt.Fprintf(w, "  order %s: %d for %s, %s for %s\n", order.ID, order.Count, order.Group, order.State, ago(order.At, now))
		if order.Error != "" {
			fmt.Fprintf(w, "    ! %s\n", order.Error)
		}
	}
}

func printGroup(w io.Writer, g fleet.GroupStatus, now time.Time) {
	fmt.Fprintf(w, "\ngroup %s (%s, %d to %d): desired %d, serving %d, becoming %d, standby %d\n",
		g.Name, g.Mode, g.Min, g.Max, g.Desired, g.Serving, g.Becoming, g.Standby)
	if g.Paused != nil {
		fmt.Fprintf(w, "  ! paused by %s %s ago: %s\n", g.Paused.By, ago(g.Paused.Since, now), g.Paused.Why)
	}
	if g.Trouble != "" {
		fmt.Fprintf(w, "  ! %s\n", g.Trouble)
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
			fmt.Fprintf(w, "  signal %s: %.4g (%d of %d)\n", s.Name, *s.Value, s.Measured, s.Of)
		}
	}
	for _, node := range g.Foreign {
		fmt.Fprintf(w, "  node %s in the pool is not ours; it is left alone\n", node)
	}
	if len(g.Instances) == 0 {
		return
	}
	fmt.Fprintln(w, "  INSTANCE\tGOAL\tPHASE\tADDRESS\tSINCE\tNOTE")
	for _, in := range g.Instances {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\n", in.Code, in.Goal, in.Phase, in.Address, ago(in.GoalSince, now), note(in))
	}
}

func note(in actions.InstanceStatus) string {
	var notes []string
	if in.Quarantine != "" {
		notes = append(notes, "quarantined: "+in.Quarantine)
	} else if in.Trouble != "" {
		notes = append(notes, in.Trouble)
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
