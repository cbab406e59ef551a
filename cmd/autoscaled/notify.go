package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

func notifyCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "notify",
		Short: "Try whether notifications arrive",
		Long:  `Try whether those are reached whom the configuration says to notify.`,
		Example: `  autoscaled notify test chat
  autoscaled notify test night-watch --why "the receiver is new"`,
	}
	command.AddCommand(notifyTestCommand())
	return command
}

func notifyTestCommand() *cobra.Command {
	var request httpd.SignedRequest
	command := &cobra.Command{
		Use:   "test NAME",
		Short: "Send a test by one of the notifiers in the configuration",
		Long: `Send a test by the notifier of that name in the configuration that is in force, once and at
once. If it does not arrive, it is said why.`,
		Example: `  autoscaled notify test chat
  autoscaled notify test night-watch -o json`,
		Args: cobra.ExactArgs(1),
	}
	signFlags(command, &request.By, &request.Why)
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		if err := client.TestNotifier(ctx, args[0], request); err != nil {
			return err
		}
		return form.tell(command, args, "the test was sent by "+args[0]+", and accepted")
	})
}
