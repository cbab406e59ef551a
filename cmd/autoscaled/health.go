package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

// healthTimeout is shorter than supervisors wait for a check.
const healthTimeout = 5 * time.Second

func healthCommand() *cobra.Command {
	var live bool
	command := &cobra.Command{
		Use:   "health",
		Short: "Say whether a running daemon can do its work, for a supervisor",
		Long: `Say whether a running daemon can do its work: whether it writes its state and is on
time. The exit status is 0 then, and 1 when it cannot, is not there, or does not answer within
5 s; standard error says which. A group that is stuck does not count: see status for those.

--live only asks whether the process answers. A supervisor that starts the daemon anew should
ask this: a full disk is no reason to.`,
		Example: `  autoscaled health
  autoscaled health --live --socket /run/autoscaled/autoscaled.sock`,
		Args: cobra.NoArgs,
	}
	form := formFlag(command)
	command.Flags().BoolVar(&live, "live", false, "only ask whether the process answers")
	return lastingCommand(command, func(ctx context.Context, client *httpd.Client, _ []string) error {
		ctx, cancel := context.WithTimeout(ctx, healthTimeout)
		defer cancel()
		ask := client.Ready
		if live {
			ask = client.Live
		}
		if err := ask(ctx); err != nil {
			return exitError{failedStatus, err} // other statuses mean nothing to supervisors, or are reserved
		}
		return form.print(command, map[string]string{"health": "ok"}, func(out io.Writer) error {
			_, err := fmt.Fprintln(out, "ok")
			return err
		})
	})
}
