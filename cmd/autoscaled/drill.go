package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

func drillCommand() *cobra.Command {
	var request fleet.DrillRequest
	var yes bool
	command := &cobra.Command{
		Use:   "drill GROUP",
		Short: "Bring up one real instance up to where it would join the pool, and measure it",
		Long: `Bring up one real instance of a group up to where it would join the pool, measure how
long each step takes, and let it stand by again. It joins no pool and counts as no
capacity. It is the instance that the next growth would take: the fittest of those that
stand by, or a machine that is ordered for it. What that costs is said beforehand.

If the group wants to grow meanwhile, it takes that instance, and the drill is over.

The exit status is 0 when the instance became ready, and 3 when it did not.`,
		Example: `  autoscaled drill web --why "before the campaign"
  autoscaled drill web --yes -o json`,
		Args: cobra.ExactArgs(1),
	}
	signFlags(command, &request.By, &request.Why)
	command.Flags().BoolVar(&yes, "yes", false, "begin without asking")
	form := formFlag(command)
	return lastingCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		plan, err := during(command, "asking the cloud", func() (fleet.DrillPlan, error) {
			return drillCall(ctx, func(ctx context.Context) (fleet.DrillPlan, error) { return client.PlanDrill(ctx, args[0]) })
		})
		if err != nil {
			return err
		}
		talk := command.OutOrStdout()
		if form.json() {
			talk = command.ErrOrStderr()
		}
		fmt.Fprint(talk, planText(plan))
		if !yes {
			if err := confirm(ctx, command.InOrStdin(), talk); err != nil {
				return err
			}
		}
		request.Instance = plan.Instance
		begun, err := drillCall(ctx, func(ctx context.Context) (fleet.Drill, error) { return client.Drill(ctx, args[0], request) })
		if err != nil {
			return err
		}
		drill, err := follower{talk: talk, live: onTerminal(talk), ask: client.Status}.follow(ctx, args[0], begun)
		if err != nil {
			return err
		}
		err = form.print(command, drill, func(out io.Writer) error { return printDrill(out, drill) })
		if err == nil && drill.Outcome != fleet.DrillReady {
			err = exitError{notReadyStatus, errSilent}
		}
		return err
	})
}

// drillCall calls the daemon, for as long as it may take to answer.
func drillCall[Answer any](ctx context.Context, call func(context.Context) (Answer, error)) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	return call(ctx)
}

// planText says what a drill will do, what it costs and what becomes of the instance.
func planText(p fleet.DrillPlan) string {
	var text strings.Builder
	until := p.PaidUntil.Local().Format("2006-01-02 15:04 MST")
	fmt.Fprintf(&text, "fire drill of group %s\n", p.Group)
	if p.Instance == "" {
		fmt.Fprintf(&text, "  one machine is ordered (%s from %s), prepared, started and probed; it joins no pool\n", p.Type, p.Template)
		fmt.Fprintf(&text, "  cost: a new contract, whose first paid period runs until %s\n", until)
	} else {
		how := "started and probed"
		if p.Overwrites {
			how = "overwritten from the template, " + how
		}
		fmt.Fprintf(&text, "  %s, which stands by, is %s; it joins no pool\n", p.Instance, how)
		fmt.Fprintf(&text, "  cost: nothing is ordered, and its present paid period runs until %s\n", until)
	}
	if p.Standing <= p.Kept {
		fmt.Fprintf(&text, "  afterwards it is stopped and stands by: it is kept (%d of %d), and paid for, until it is needed\n", p.Standing, p.Kept)
	} else {
		fmt.Fprintf(&text, "  afterwards it is stopped and stands by: %d do then, %d are kept, and the others are released at the end of the paid period\n", p.Standing, p.Kept)
	}
	if p.TimeToServe > 0 {
		fmt.Fprintf(&text, "  nine of ten builds served within %s; it is given up after %s\n", p.TimeToServe, age(p.LaunchTimeout))
	} else {
		fmt.Fprintf(&text, "  it is given up after %s\n", age(p.LaunchTimeout))
	}
	return text.String()
}

// confirm asks the person at in whether to begin.
func confirm(ctx context.Context, in io.Reader, out io.Writer) error {
	nobody := errors.New("nobody is here to confirm it, so nothing was begun: add --yes")
	if file, is := in.(*os.File); is && !onTerminal(file) {
		return nobody
	}
	fmt.Fprint(out, "Begin? [y/N] ")
	answers := make(chan string, 1)
	go func() { // reading cannot be broken off
		line, _ := bufio.NewReader(in).ReadString('\n')
		answers <- strings.ToLower(line)
	}()
	select {
	case answer := <-answers:
		switch strings.TrimSpace(answer) {
		case "y", "yes":
			return nil
		case answer: // not even a line
			return nobody
		}
	case <-ctx.Done():
	}
	return errors.New("nothing was begun")
}

const (
	drillPause   = time.Second     // between looks at a drill
	drillSilence = 3 * time.Minute // how long the daemon may be silent meanwhile: it may be restarted
)

// follower shows how a drill goes on.
type follower struct {
	talk io.Writer
	live bool // the step under way is shown, too
	ask  func(ctx context.Context) (fleet.Status, error)
}

// follow returns the drill that was begun as it is when it is over.
func (f follower) follow(ctx context.Context, group string, begun fleet.Drill) (fleet.Drill, error) {
	drill, shown, heard := begun, 0, time.Now()
	for {
		status, err := drillCall(ctx, f.ask)
		switch found := drillOf(status, group); {
		case ctx.Err() != nil:
			return drill, fmt.Errorf("the drill goes on without being watched: `autoscaled status` shows it, and `autoscaled history %s` how it ended", group)
		case err != nil && time.Since(heard) < drillSilence:
		case err != nil:
			return drill, fmt.Errorf("the daemon has not answered for %s; a drill goes on when it is started again: %w", age(drillSilence), err)
		case found == nil || found.ID != begun.ID:
			return drill, fmt.Errorf("this drill is not the group's newest any more: `autoscaled history %s` says how it ended", group)
		default:
			drill, heard = *found, time.Now()
		}
		f.clear()
		for ; shown < len(drill.Steps); shown++ {
			step := drill.Steps[shown]
			fmt.Fprintf(f.talk, "%s  %s\n", padded(step.Name), tookText(step.Took))
		}
		if !drill.UnderWay() {
			return drill, nil
		}
		if f.live {
			fmt.Fprintf(f.talk, "%s  … %s", padded(drill.Step), tookText(time.Since(drill.StepAt).Round(time.Second)))
		}
		pause(ctx, drillPause)
	}
}

// clear takes the line of the step under way from the terminal.
func (f follower) clear() {
	if f.live {
		fmt.Fprint(f.talk, "\r\x1b[K")
	}
}

func padded(step string) string { return fmt.Sprintf("  %-11s", step) }

// pause waits for so long, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// drillOf is the newest drill of the named group; nil without one.
func drillOf(status fleet.Status, group string) *fleet.Drill {
	for _, g := range status.Groups {
		if g.Name == group {
			return g.Drill
		}
	}
	return nil
}

// printDrill writes what a drill that is over measured.
func printDrill(out io.Writer, d fleet.Drill) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nSTEP\tTOOK")
	for _, step := range d.Steps {
		fmt.Fprintf(w, "%s\t%s\n", step.Name, tookText(step.Took))
	}
	took := tookText(d.Took)
	switch d.Outcome {
	case fleet.DrillReady:
		fmt.Fprintf(w, "total\t%s\n", took)
		fmt.Fprintf(w, "%s was ready after %s; it is being stopped, and will stand by: another drill can begin then\n", d.Instance, took)
	case fleet.DrillTaken:
		fmt.Fprintf(w, "not ready yet after %s (%s was still to come): the group grows, which comes first\n", took, d.Step)
	default:
		fmt.Fprintf(w, "! not ready after %s, it hung before it was %s: %s\n", took, d.Step, d.Reason)
	}
	if d.Restarts > 0 {
		fmt.Fprintln(w, "autoscaled was restarted meanwhile, which is part of the times")
	}
	return w.Flush()
}

// tookText is a measured time.
func tookText(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
