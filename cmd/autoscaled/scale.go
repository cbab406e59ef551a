package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

func scaleCommand() *cobra.Command {
	var request httpd.SignedRequest
	command := &cobra.Command{
		Use:   "scale GROUP COUNT",
		Short: "Set a group's size once; its policies go on from there",
		Long: `Set a group's size once, within its min and max. Its policies go on from there: a shrinking
waits for its stabilization and cooldown, and comes if they want it. To keep a size, whatever
the policies want, use "autoscaled hold".`,
		Example: `  autoscaled scale web 12 --why "the campaign begins in ten minutes"
  autoscaled scale worker 2 -o json`,
		Args: cobra.ExactArgs(2),
	}
	signFlags(command, &request.By, &request.Why)
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		count, err := strconv.Atoi(args[1])
		if err != nil || count < 0 {
			return usageErrorf("%q is no number of instances: write for example `autoscaled scale %s 8`", args[1], args[0])
		}
		if err := client.Scale(ctx, args[0], count, request); err != nil {
			return err
		}
		return form.tell(command, args, fmt.Sprintf("%s is to have %d; its policies go on from there, and `autoscaled hold %s %d` keeps it so", args[0], count, args[0], count))
	})
}
