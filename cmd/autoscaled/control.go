package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/policy"
)

const controlTimeout = 15 * time.Second

// socketFlag adds --socket to a command that speaks to a running daemon.
func socketFlag(command *cobra.Command, socket *string) {
	directory := os.Getenv("RUNTIME_DIRECTORY")
	if directory == "" {
		directory = "/run/autoscaled"
	}
	command.Flags().StringVar(socket, "socket", filepath.Join(directory, "autoscaled.sock"), "the daemon's control socket")
}

func statusCommand() *cobra.Command {
	var socket string
	var asJSON bool
	command := &cobra.Command{
		Use:   "status",
		Short: "Show what a running daemon measures, decides and does",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := contextWithTimeout(cmd, controlTimeout)
			defer cancel()
			status, err := httpd.NewClient(socket).Status(ctx)
			if err != nil {
				return err
			}
			if asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(status)
			}
			return printStatus(cmd.OutOrStdout(), status, time.Now())
		},
	}
	socketFlag(command, &socket)
	command.Flags().BoolVar(&asJSON, "json", false, "print the whole state as JSON")
	return command
}

func pauseCommand() *cobra.Command {
	var socket, by, why string
	command := &cobra.Command{
		Use:   "pause GROUP",
		Short: "Leave a group as it is until it is resumed",
		Long: `Leave a group as it is until it is resumed, also across restarts: nothing is
decided, ordered, started, moved or stopped. A call under way comes to its end.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := contextWithTimeout(cmd, controlTimeout)
			defer cancel()
			client := httpd.NewClient(socket)
			status, err := client.Status(ctx)
			if err != nil {
				return err
			}
			if err := client.Pause(ctx, args[0], httpd.PauseRequest{By: by, Why: why}); err != nil {
				return err
			}
			cmd.Printf("%s is paused; `autoscaled resume %s` ends it\n", args[0], args[0])
			if earlier := pauseOf(status, args[0]); earlier != nil {
				cmd.Printf("this took the place of a pause by %s\n", pauseText(*earlier, time.Now()))
			}
			return nil
		},
	}
	socketFlag(command, &socket)
	command.Flags().StringVar(&by, "by", userName(), "who pauses it")
	command.Flags().StringVar(&why, "why", "", "why, for whoever reads the status")
	return command
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
	var socket string
	command := &cobra.Command{
		Use:   "resume GROUP",
		Short: "End a pause, and let quarantined instances move again",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := contextWithTimeout(cmd, controlTimeout)
			defer cancel()
			if err := httpd.NewClient(socket).Resume(ctx, args[0]); err != nil {
				return err
			}
			cmd.Printf("%s runs again\n", args[0])
			return nil
		},
	}
	socketFlag(command, &socket)
	return command
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}
