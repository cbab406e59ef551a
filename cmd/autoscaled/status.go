package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func statusCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "status [GROUP]",
		Short: "Show what a running daemon measures, decides and does",
		Long: `Show what a running daemon measures, decides and does: each account, and each group with
its size, the last decision and what led to it, its signals and its instances; or one
group alone, with its account. A line that begins with ! wants to be looked at.`,
		Example: `  autoscaled status
  autoscaled status web
  autoscaled status -o json
  AUTOSCALED_URL=https://autoscaled.example.jp:9469 autoscaled status --token-file ~/.autoscaled-token`,
		Args: cobra.MaximumNArgs(1),
	}
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		status, err := statusOfGroups(ctx, client, args)
		if err != nil {
			return err
		}
		return form.print(command, status, func(out io.Writer) error { return printStatus(out, status, time.Now()) })
	})
}

// statusOfGroups is the state of the groups that are named, with their accounts; of all if none is.
func statusOfGroups(ctx context.Context, client *httpd.Client, names []string) (fleet.Status, error) {
	if len(names) == 0 {
		return client.Status(ctx)
	}
	var status fleet.Status
	accounts, err := client.Accounts(ctx)
	for _, name := range names {
		var group fleet.GroupStatus
		if err == nil {
			group, err = client.Group(ctx, name)
		}
		status.Groups = append(status.Groups, group)
	}
	status.Accounts = slices.DeleteFunc(accounts, func(a fleet.AccountStatus) bool {
		return !slices.ContainsFunc(status.Groups, func(g fleet.GroupStatus) bool { return g.Account == a.Name })
	})
	return status, err
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
	why := map[string]string{} // of orders that are not settled
	for _, c := range a.Concerns() {
		switch c.Kind {
		case fleet.ConcernOrder:
			why[c.About] = c.Why
		case fleet.ConcernMode:
			fmt.Fprintf(w, "  ! mode %s: %s\n", c.About, c.Why)
		case fleet.ConcernLook:
			fmt.Fprintf(w, "  ! %s\n", c.Why)
		case fleet.ConcernNoOrder:
			fmt.Fprintf(w, "  ! the last order failed: %s\n", c.Why)
		}
	}
	for _, order := range a.Orders {
		fmt.Fprintf(w, "  order %s: %d for %s, sent %s ago, %s\n", order.ID, order.Count, order.Group, ago(order.At, now), stateOf(order))
		if why[order.ID] != "" {
			fmt.Fprintf(w, "    ! %s\n", why[order.ID])
		}
		if order.State == actions.IntentAsking {
			fmt.Fprintln(w, "    `autoscaled orders` shows the commands that settle it")
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

// printUnseen says that the group has not seen its cloud, and so may be other than it is shown.
func printUnseen(w io.Writer, g fleet.GroupStatus) {
	shown := "shown as it was before"
	if g.Decision.At.IsZero() {
		shown = "how its instances are is not known"
	}
	if g.LookTrouble == "" {
		fmt.Fprintf(w, "  not looked at yet: %s\n", shown)
	} else { // the account says why
		fmt.Fprintf(w, "  ! not looked at yet, %s: nothing is done before a look at %s succeeds\n", shown, g.Account)
	}
}

func printGroup(w io.Writer, g fleet.GroupStatus, now time.Time) {
	fmt.Fprintf(w, "\ngroup %s (%s, %d to %d): desired %d, serving %d, becoming %d, standby %d%s\n",
		g.Name, g.Mode, g.Min, g.Max, g.Desired, g.Serving, g.Becoming, g.Standby, outOfOrder(g))
	if g.Override != nil {
		fmt.Fprintf(w, "  ! %s; `autoscaled resume %s` ends it\n", signedText(*g.Override, now), g.Name)
	}
	if g.Unseen {
		printUnseen(w, g)
	}
	if g.Trouble != "" {
		fmt.Fprintf(w, "  ! nothing is done until this succeeds: %s\n", g.Trouble)
	}
	if g.Capped != nil {
		fmt.Fprintf(w, "  ! %d more are wanted than %s, for %s: raise it, or find the load\n", g.Capped.Unmet, capText(g), ago(g.Capped.Since, now))
	}
	if g.Failing > 0 {
		fmt.Fprintf(w, "  ! %d of those that serve do not answer their probe\n", g.Failing)
	}
	for _, hold := range g.Held {
		fmt.Fprintf(w, "  %sheld (%s): %s\n", holdSign(hold), hold, holdText(hold))
	}
	printRollout(w, g.Rollout)
	if g.Drill.UnderWay() {
		fmt.Fprintf(w, "  %s, for %s: %s comes next\n", g.Drill, ago(g.Drill.Began, now), g.Drill.Step)
	}
	if g.Decision.At.IsZero() {
		fmt.Fprintln(w, "  nothing decided yet")
	} else {
		fmt.Fprintf(w, "  decided %s ago: %d to %d (%s)\n", ago(g.Decision.At, now), g.Decision.From, g.Decision.To, g.Decision.Reason)
	}
	for _, sentence := range g.Decision.Policies {
		fmt.Fprintf(w, "    %s\n", sentence)
	}
	if g.PastTrouble != "" {
		fmt.Fprintf(w, "  ! a backfill cannot be read, so its forecast learns from the group's own history alone: %s\n", g.PastTrouble)
	}
	printBudgets(w, g.Foreseen)
	printShadow(w, g.Shadow)
	if g.TimeToServe > 0 {
		fmt.Fprintf(w, "  nine of ten builds served within %s\n", g.TimeToServe)
	}
	for _, s := range g.Signals {
		printSignal(w, s, g.Name)
	}
	for _, node := range g.Foreign {
		fmt.Fprintf(w, "  ! node %s in the pool is not ours; it is left alone\n", node)
	}
	for _, in := range g.Instances {
		switch {
		case in.Quarantine != "":
			fmt.Fprintf(w, "  ! %s is quarantined (look at the machine, then `autoscaled retry %s`, or `release`): %s\n", in.Code, in.Code, in.Quarantine)
		case in.Trouble != "":
			sign := "! "
			if in.Booting {
				sign = ""
			}
			fmt.Fprintf(w, "  %s%s: %s\n", sign, in.Code, in.Trouble)
		case in.LeftAlone:
			fmt.Fprintf(w, "  ! %s is left alone, since somebody else changed it: put it right by hand, or `autoscaled disown %s`\n", in.Code, in.Code)
		case in.Drift != nil:
			fmt.Fprintf(w, "  ! %s was %s by somebody else\n", in.Code, driftText(in.Drift.Kind))
		}
	}
	printInstances(w, g.Instances, now)
}

// printBudgets says how well those that forecast keep their budgets; what they expect is
// in what they say of the decision.
func printBudgets(w io.Writer, all []*policy.Foreseen) {
	for _, f := range all {
		if f.Abstains != policy.SilenceYoung { // that has nothing to tell
			fmt.Fprintf(w, "  %s: %s\n", f.Policy, f.Kept())
		}
	}
}

func printSignal(w io.Writer, s fleet.SignalStatus, group string) {
	switch {
	case s.Quiet:
		fmt.Fprintf(w, "  signal %s: no alert\n", s.Name)
	case s.Value == nil && s.FaultExpected:
		fmt.Fprintf(w, "  signal %s has no value: %s\n", s.Name, s.Why)
	case s.Value == nil:
		fmt.Fprintf(w, "  ! signal %s has no value: %s\n", s.Name, s.Why)
	default:
		fmt.Fprintf(w, "  signal %s: %.4g (%d of %d readings)\n", s.Name, *s.Value, s.Measured, s.Of)
		printFault(w, s, group)
	}
}

// printFault tells of a signal that has a value, and something is wrong with it all the
// same: at one of many instances, say, where another signal stands in.
func printFault(w io.Writer, s fleet.SignalStatus, group string) {
	if s.Faults == 0 {
		return
	}
	sign, more := "! ", ""
	if s.FaultExpected {
		sign = ""
	}
	if s.Faults > 1 {
		more = fmt.Sprintf(" (and %d more)", s.Faults-1)
	}
	fmt.Fprintf(w, "  %s%s: %s%s; see `autoscaled signals %s`\n", sign, s.Name, s.Fault, more, group)
}

// capText names what keeps the group from being larger.
func capText(g fleet.GroupStatus) string {
	if g.Capped.Reason == policy.ReasonAtCeiling {
		return "a schedule allows"
	}
	return fmt.Sprintf("max allows (%d)", g.Max)
}

// outOfOrder says how many instances fail, and how many are left alone and go on
// costing money.
func outOfOrder(g fleet.GroupStatus) string {
	quarantined := 0
	for _, in := range g.Instances {
		if in.Quarantine != "" {
			quarantined++
		}
	}
	text := ""
	if g.Failing > 0 {
		text += fmt.Sprintf(", failing %d", g.Failing)
	}
	if quarantined > 0 {
		text += fmt.Sprintf(", quarantined %d", quarantined)
	}
	return text
}

// holdSign marks what is not as it should be.
func holdSign(hold policy.Hold) string {
	if fleet.HoldSeverity(hold) == fleet.Info {
		return ""
	}
	return "! "
}

// holdText says what a hold means, and what ends it.
func holdText(hold policy.Hold) string {
	switch hold {
	case policy.HoldBrake:
		return "too many instances fail at once, so none is replaced: look at what they have in common"
	case policy.HoldLaunches:
		return "launch after launch never came to serve, so nothing is ordered: look at them and at the template, then resume the group"
	case policy.HoldRoom:
		return "more is missing than max leaves room for: look at the instances that are quarantined or left alone"
	case policy.HoldDoubt:
		return "what the account shows cannot be trusted just now, so none is sent away"
	case policy.HoldBake:
		return "instances of the changed template must serve for a while before the next are replaced"
	case policy.HoldYoung:
		return "those that could be sent away have not served for long enough"
	default:
		return "not done for now"
	}
}

// printShadow says what other rules would have decided, and how the two compare.
func printShadow(w io.Writer, s *fleet.ShadowStatus) {
	if s == nil {
		return
	}
	name, other := "shadow", "in force"
	if s.Promoted {
		name = "shadow (promoted: these are the file's policies)"
	}
	fmt.Fprintf(w, "  %s: would be %d (%s)\n", name, s.Desired, s.Reason)
	if score := s.Score; score.Measured > 0 {
		fmt.Fprintf(w, "    in %s: %.2f instance-hours, short for %s, changes %d; %s: %.2f, %s, %d\n", score.Measured.Round(time.Second),
			score.Shadow.InstanceHours, score.Shadow.Short.Round(time.Second), score.Shadow.Changes,
			other, score.Active.InstanceHours, score.Active.Short.Round(time.Second), score.Active.Changes)
	}
}

func printRollout(w io.Writer, r *policy.Rollout) {
	switch {
	case r == nil:
	case r.State == policy.RolloutUnderWay:
		fmt.Fprintf(w, "  rollout: instances of %s are replaced by those of %s\n", r.Previous, r.Configured)
	case r.State == policy.RolloutGivenUp:
		fmt.Fprintf(w, "  ! rollout from %s to %s was given up: %s; correct the template, and name a new version\n", r.Previous, r.Configured, r.Why)
	}
}

func printInstances(w io.Writer, instances []actions.InstanceStatus, now time.Time) {
	if len(instances) == 0 {
		return
	}
	fmt.Fprintln(w, "  INSTANCE\tGOAL\tPHASE\tADDRESS\tSINCE\tNOTE")
	for _, in := range instances {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\n", in.Code, in.Goal, in.Phase, in.Address, ago(in.GoalSince, now), note(in, now))
	}
}

func note(in actions.InstanceStatus, now time.Time) string {
	var notes []string
	if in.Quarantine != "" {
		notes = append(notes, "quarantined")
	}
	if !in.Failing.IsZero() {
		notes = append(notes, "failing for "+ago(in.Failing, now))
	}
	if in.Outdated {
		notes = append(notes, outdatedText(in.Template))
	}
	if in.Drift != nil {
		notes = append(notes, fmt.Sprintf("%s by somebody else %s ago", driftText(in.Drift.Kind), ago(in.Drift.Since, now)))
	}
	if in.LeftAlone {
		notes = append(notes, "left alone")
	}
	if in.Hook != nil {
		notes = append(notes, hookText(*in.Hook, now))
	}
	if in.Protected != nil {
		notes = append(notes, protectionText(*in.Protected))
	}
	if !in.LastDay.IsZero() {
		notes = append(notes, "ends with "+in.LastDay.Format(time.DateOnly))
	}
	if in.Proof == actions.ProofInferred {
		notes = append(notes, "taken for ours after a lost answer")
	}
	return strings.Join(notes, "; ")
}

// hookText says which hook is waited for, and until when.
func hookText(h actions.HookStatus, now time.Time) string {
	return fmt.Sprintf("waits for hook %s until %s (for another %s)", h.Name, h.Deadline.In(now.Location()).Format(time.TimeOnly), ago(now, h.Deadline))
}

func protectionText(p actions.Protection) string {
	if p.Why == "" {
		return "protected by " + p.By
	}
	return fmt.Sprintf("protected by %s (%s)", p.By, p.Why)
}

// outdatedText says what the instance was made from; template is empty when unknown.
func outdatedText(template string) string {
	if template == "" {
		return "outdated"
	}
	return "outdated: made from " + template
}

// driftText says what was done to the instance.
func driftText(kind actions.DriftKind) string {
	switch kind {
	case actions.DriftStopped:
		return "turned off"
	case actions.DriftEnded:
		return "given an end"
	case actions.DriftRemoved:
		return "taken out of the pool"
	case actions.DriftAdded:
		return "put into the pool"
	case actions.DriftStarted:
		return "turned on"
	default:
		return string(kind)
	}
}

func ago(t, now time.Time) string { return age(now.Sub(t)) }

// age is a span of time as people say it.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < 2*time.Minute:
		return d.Round(time.Second).String()
	default:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
}
