package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

func retryCommand() *cobra.Command {
	var request httpd.SignedRequest
	command := &cobra.Command{
		Use:   "retry CODE",
		Short: "Let one quarantined instance move again",
		Long: `Let one quarantined instance move again: it is given the whole launch timeout anew. Look at
the machine first; what kept it from serving will do so again. "autoscaled resume" does the
same to all of a group.`,
		Example: `  autoscaled retry gc00000007
  autoscaled retry gc00000007 --why "the image server is back"`,
		Args: cobra.ExactArgs(1),
	}
	signFlags(command, &request.By, &request.Why)
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		if err := client.Retry(ctx, args[0], request); err != nil {
			return err
		}
		return form.tell(command, args, args[0]+" moves again")
	})
}

func releaseCommand() *cobra.Command {
	var request httpd.SignedRequest
	command := &cobra.Command{
		Use:   "release CODE",
		Short: "End the contract of a quarantined instance that is ours",
		Long: `End the contract of a quarantined instance that is provably ours. It goes the usual way: out
of the pool, drained, stopped, and released with the last day that is paid; its record and its
label are read again right before. That cannot be taken back. A machine that is
not ours is given up with "autoscaled disown".`,
		Example: `  autoscaled release gc00000007
  autoscaled release gc00000007 --why "its disk is broken"`,
		Args: cobra.ExactArgs(1),
	}
	signFlags(command, &request.By, &request.Why)
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		if err := client.Release(ctx, args[0], request); err != nil {
			return err
		}
		return form.tell(command, args, args[0]+" is on its way out: `autoscaled status` shows how far it is, and its contract is ended last")
	})
}
