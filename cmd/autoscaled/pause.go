package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func pauseCommand() *cobra.Command {
	var request httpd.PauseRequest
	command := &cobra.Command{
		Use:   "pause GROUP",
		Short: "Leave a group as it is until it is resumed",
		Long: `Leave a group as it is until it is resumed, also across restarts: nothing is
decided, ordered, started, moved or stopped. A call under way comes to its end.`,
		Args: cobra.ExactArgs(1),
	}
	signFlags(command, &request.By, &request.Why)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		status, err := client.Status(ctx)
		if err != nil {
			return err
		}
		if err := client.Pause(ctx, args[0], request); err != nil {
			return err
		}
		command.Printf("%s is paused; `autoscaled resume %s` ends it\n", args[0], args[0])
		if earlier := pauseOf(status, args[0]); earlier != nil {
			command.Printf("this took the place of a pause by %s\n", pauseText(*earlier, time.Now()))
		}
		return nil
	})
}

// pauseOf is the pause of the named group; nil without one.
func pauseOf(status fleet.Status, group string) *policy.Pause {
	for _, g := range status.Groups {
		if g.Name == group {
			return g.Paused
		}
	}
	return nil
}

func resumeCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "resume GROUP",
		Short: "End a pause, and let quarantined instances move again",
		Args:  cobra.ExactArgs(1),
	}
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		if err := client.Resume(ctx, args[0]); err != nil {
			return err
		}
		command.Printf("%s runs again\n", args[0])
		return nil
	})
}
