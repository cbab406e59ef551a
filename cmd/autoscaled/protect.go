package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

func protectCommand() *cobra.Command {
	var request httpd.SignedRequest
	command := &cobra.Command{
		Use:   "protect CODE",
		Short: "Keep an instance from being removed by scaling in or replacing",
		Long: `Keep an instance from being removed by scaling in or replacing, also across
restarts, until it is unprotected. It still counts as one of its group.`,
		Example: `  autoscaled protect gc00000007
  autoscaled protect gc00000007 --why "a core dump is being looked at"`,
		Args: cobra.ExactArgs(1),
	}
	signFlags(command, &request.By, &request.Why)
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		if err := client.Protect(ctx, args[0], request); err != nil {
			return err
		}
		return form.tell(command, args, fmt.Sprintf("%s is protected: neither scaling in nor replacing removes it; `autoscaled unprotect %s` ends that", args[0], args[0]))
	})
}

func unprotectCommand() *cobra.Command {
	var request httpd.SignedRequest
	command := &cobra.Command{
		Use:   "unprotect CODE",
		Short: "Let scaling in and replacing remove an instance again",
		Example: `  autoscaled unprotect gc00000007
  autoscaled unprotect gc00000007 --why "the core dump is copied"`,
		Args: cobra.ExactArgs(1),
	}
	signFlags(command, &request.By, &request.Why)
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		if err := client.Unprotect(ctx, args[0], request); err != nil {
			return err
		}
		return form.tell(command, args, args[0]+" is not protected any more")
	})
}
