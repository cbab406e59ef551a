package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

func promoteCommand() *cobra.Command {
	return promotionCommand(&cobra.Command{
		Use:   "promote GROUP",
		Short: "Put the policies of a group's shadow into force",
		Long: `Let the policies of a group's shadow and those in force change places, at once and across
restarts. What was in force is the shadow then, and goes on being scored. It ends with
rollback, or when the shadow in the configuration is changed.`,
		Example: `  autoscaled promote web
  autoscaled promote web --why "a week of fewer instance-hours, and never short"`,
	}, true)
}

func rollbackCommand() *cobra.Command {
	return promotionCommand(&cobra.Command{
		Use:   "rollback GROUP",
		Short: "Put the policies of the file into force again, after a promotion",
		Example: `  autoscaled rollback web
  autoscaled rollback web --why "short every morning"`,
	}, false)
}

func promotionCommand(command *cobra.Command, promoted bool) *cobra.Command {
	var request httpd.SignedRequest
	command.Args = cobra.ExactArgs(1)
	signFlags(command, &request.By, &request.Why)
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		if err := client.Promote(ctx, args[0], promoted, request); err != nil {
			return err
		}
		if promoted {
			return form.tell(command, args, fmt.Sprintf("the shadow's policies of %s are in force; `autoscaled rollback %s` ends that", args[0], args[0]))
		}
		return form.tell(command, args, fmt.Sprintf("the file's policies of %s are in force again", args[0]))
	})
}
