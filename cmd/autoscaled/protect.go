package main

import (
	"context"

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
		Args: cobra.ExactArgs(1),
	}
	signFlags(command, &request.By, &request.Why)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		if err := client.Protect(ctx, args[0], request); err != nil {
			return err
		}
		command.Printf("%s is protected: neither scaling in nor replacing removes it; `autoscaled unprotect %s` ends that\n", args[0], args[0])
		return nil
	})
}

func unprotectCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "unprotect CODE",
		Short: "Let scaling in and replacing remove an instance again",
		Args:  cobra.ExactArgs(1),
	}
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		if err := client.Unprotect(ctx, args[0]); err != nil {
			return err
		}
		command.Printf("%s is not protected any more\n", args[0])
		return nil
	})
}
