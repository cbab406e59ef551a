package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

func preflightCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "preflight GROUP",
		Short: "Say whether a group could reach its max now, and what would stop it",
		Long: `Say whether a group could reach its max now, and what would stop it. It looks, and
changes nothing. The exit status is 1 when max cannot be reached.`,
		Example: `  autoscaled preflight web
  autoscaled preflight web -o json`,
		Args: cobra.ExactArgs(1),
	}
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		preflight, err := during(command, "asking the cloud", func() (fleet.Preflight, error) { return client.Preflight(ctx, args[0]) })
		if err != nil {
			return err
		}
		err = form.print(command, preflight, func(out io.Writer) error { return printPreflight(out, preflight) })
		if err == nil && preflight.Reachable < preflight.Max {
			err = errSilent
		}
		return err
	})
}

// printPreflight writes a line for each check, and then what follows from them.
func printPreflight(out io.Writer, p fleet.Preflight) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, check := range p.Checks {
		fmt.Fprintf(w, "%s %s\t%s\n", checkSign(check), check.Name, check.Why)
	}
	fmt.Fprintln(w, reachText(p))
	return w.Flush()
}

func checkSign(check actions.Check) string {
	switch check.State {
	case actions.CheckOK:
		return "✓"
	case actions.CheckBlocked:
		return "!"
	default:
		return "?"
	}
}

func reachText(p fleet.Preflight) string {
	unknown := slices.ContainsFunc(p.Checks, func(check actions.Check) bool { return check.State == actions.CheckUnknown })
	switch {
	case p.Reachable < p.Max:
		return fmt.Sprintf("%s could reach %d of max %d now%s", p.Group, p.Reachable, p.Max, limitText(p.Checks))
	case unknown:
		return fmt.Sprintf("%s could reach its max of %d now, as far as can be told", p.Group, p.Max)
	default:
		return fmt.Sprintf("%s could reach its max of %d now", p.Group, p.Max)
	}
}

// limitText names what leaves the least room, the first of several.
func limitText(checks []actions.Check) string {
	blocked := slices.DeleteFunc(slices.Clone(checks), func(check actions.Check) bool { return check.State != actions.CheckBlocked })
	if len(blocked) == 0 {
		return ""
	}
	limit := slices.MinFunc(blocked, func(a, b actions.Check) int { return cmp.Compare(a.Room, b.Room) })
	return fmt.Sprintf(": %s: %s", limit.Name, limit.Why)
}
