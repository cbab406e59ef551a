package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func pauseCommand() *cobra.Command {
	var request httpd.OverrideRequest
	var in, out bool
	command := &cobra.Command{
		Use:   "pause GROUP",
		Short: "Leave a group as it is until it is resumed",
		Long: `Leave a group as it is until it is resumed, also across restarts: nothing is
decided, ordered, started, moved or stopped. A call under way comes to its end.
With --in the group only does not shrink, with --out it only does not grow.

A group has one override at a time: a newer one takes the place of the one before.`,
		Example: `  autoscaled pause web --why "moving the racks"
  autoscaled pause web --in --for 2h --why "the campaign mail goes out"`,
		Args: cobra.ExactArgs(1),
	}
	command.Flags().BoolVar(&in, "in", false, "only do not shrink")
	command.Flags().BoolVar(&out, "out", false, "only do not grow")
	command.MarkFlagsMutuallyExclusive("in", "out")
	return overrideCommand(command, &request, func([]string) error {
		switch {
		case in:
			request.Kind = policy.PauseIn
		case out:
			request.Kind = policy.PauseOut
		default:
			request.Kind = policy.PauseAll
		}
		return nil
	})
}

func holdCommand() *cobra.Command {
	var request httpd.OverrideRequest
	var atLeast bool
	command := &cobra.Command{
		Use:   "hold GROUP COUNT",
		Short: "Keep a group at a size until it is resumed",
		Long: `Keep a group at a size within its min and max until it is resumed, also across
restarts, whatever its policies want. With --at-least it may be larger.

A group has one override at a time: a newer one takes the place of the one before.`,
		Example: `  autoscaled hold web 8 --for 3h --why "load test"
  autoscaled hold web 6 --at-least --for 36h --why "sale"`,
		Args: cobra.ExactArgs(2),
	}
	command.Flags().BoolVar(&atLeast, "at-least", false, "it may be larger")
	return overrideCommand(command, &request, func(args []string) (err error) {
		request.Kind = policy.HoldAt
		if atLeast {
			request.Kind = policy.AtLeast
		}
		if request.Count, err = strconv.Atoi(args[1]); err != nil || request.Count < 0 {
			return usageErrorf("%q is no number of instances: write for example `autoscaled hold %s 8`", args[1], args[0])
		}
		return nil
	})
}

// overrideCommand makes command send the request about the group that its first argument
// names, after complete has filled it in.
func overrideCommand(command *cobra.Command, request *httpd.OverrideRequest, complete func(args []string) error) *cobra.Command {
	signFlags(command, &request.By, &request.Why)
	command.Flags().StringVar(&request.For, "for", "", "how long, a `SPAN` as in 90m; without it until the group is resumed")
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		if err := complete(args); err != nil {
			return err
		}
		status, err := client.Status(ctx)
		if err != nil {
			return err
		}
		if err := client.Override(ctx, args[0], *request); err != nil {
			return err
		}
		ends := ""
		if request.For != "" {
			ends = " for " + request.For
		}
		text := fmt.Sprintf("%s is %s%s; `autoscaled resume %s` ends it", args[0], overrideText(request.Kind, request.Count), ends, args[0])
		if earlier := overrideOf(status, args[0]); earlier != nil {
			text += "\nthis took the place of: " + signedText(*earlier, time.Now())
		}
		return form.tell(command, args, text)
	})
}

// overrideText says what an override makes of a group.
func overrideText(kind policy.OverrideKind, count int) string {
	switch kind {
	case policy.PauseAll:
		return "paused"
	case policy.PauseOut:
		return "paused in growing: it does not grow"
	case policy.PauseIn:
		return "paused in shrinking: it does not shrink"
	case policy.HoldAt:
		return fmt.Sprintf("held at %d", count)
	case policy.AtLeast:
		return fmt.Sprintf("kept at %d at least", count)
	}
	return string(kind)
}

// signedText says what an override is, and whose.
func signedText(o policy.Override, now time.Time) string {
	why := o.Why
	if why == "" {
		why = "no reason given"
	}
	text := fmt.Sprintf("%s by %s %s ago: %s", overrideText(o.Kind, o.Count), o.By, ago(o.Since, now), why)
	if !o.Until.IsZero() {
		text += fmt.Sprintf(" (for another %s)", ago(now, o.Until))
	}
	return text
}

// overrideOf is the override of the named group; nil without one.
func overrideOf(status fleet.Status, group string) *policy.Override {
	for _, g := range status.Groups {
		if g.Name == group {
			return g.Override
		}
	}
	return nil
}

func resumeCommand() *cobra.Command {
	var request httpd.SignedRequest
	command := &cobra.Command{
		Use:   "resume GROUP",
		Short: "End a pause or a hold, and let quarantined instances move again",
		Long: `End a pause or a hold: the group is decided about, and moved, again. Quarantined instances
are let move again, too; "autoscaled retry" does that to one of them.`,
		Example: `  autoscaled resume web
  autoscaled resume web --why "the racks are moved"
  autoscaled resume web --url https://autoscaled.example.jp:9469 --token-file /etc/autoscaled/token`,
		Args: cobra.ExactArgs(1),
	}
	signFlags(command, &request.By, &request.Why)
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		if err := client.Resume(ctx, args[0], request); err != nil {
			return err
		}
		return form.tell(command, args, args[0]+" runs again")
	})
}
