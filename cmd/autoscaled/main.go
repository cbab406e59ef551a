// Command autoscaled keeps pools of servers at the size that their load needs, on
// clouds whose API only sells machines one call at a time.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // schedules name zones, and a container has no database of them

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/words"
)

func main() {
	log.SetOutput(io.Discard) // net/http would print what a server sends unasked, and keys that it echoes with it
	ctx, stop := untilSignalled()
	defer stop()
	if err := perform(ctx, root()); err != nil {
		if !errors.Is(err, errSilent) {
			fmt.Fprintln(os.Stderr, "autoscaled:", err)
		}
		os.Exit(statusOf(err))
	}
}

// untilSignalled returns a context that ends at the first SIGINT or SIGTERM. A
// second one ends the program at once.
func untilSignalled() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(130)
	}()
	return ctx, cancel
}

// The chapters of the commands, in the order in which help shows them.
const (
	chapterDaemon = "The daemon:"
	chapterLook   = "See:"
	chapterSteer  = "Steer a group:"
	chapterFix    = "Settle what only a person can know:"
	chapterTry    = "Try, measure and plan:"
	chapterElse   = "The program:"
)

func root() *cobra.Command {
	command := &cobra.Command{
		Use:   "autoscaled",
		Short: "Keeps pools of servers at the size that their load needs",
		Long: `autoscaled keeps pools of servers at the size that their load needs.

"autoscaled run" is the daemon. Most other commands speak to it: over its control
socket, or with --url over the network.`,
		Example: `  autoscaled status
  autoscaled explain web --at 03:12
  autoscaled pause web --why "moving the racks"`,
		Version:       versionText(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	command.SetOut(os.Stdout) // cobra prints to standard error otherwise
	command.SetVersionTemplate("autoscaled {{.Version}}\n")
	addChapter(command, chapterDaemon, runCommand(), checkCommand(), configCommand(), healthCommand(), notifyCommand(), recoverCommand())
	addChapter(command, chapterLook, statusCommand(), topCommand(), eventsCommand(), signalsCommand(), explainCommand(), historyCommand(), preflightCommand())
	addChapter(command, chapterSteer, pauseCommand(), holdCommand(), scaleCommand(), resumeCommand(), promoteCommand(), rollbackCommand(), drillCommand())
	addChapter(command, chapterFix, ordersCommand(), adoptCommand(), disownCommand(), retryCommand(), releaseCommand(), protectCommand(), unprotectCommand())
	addChapter(command, chapterTry, planCommand(), probeCommand(), gpCommand(), simulatorCommand(), demoCommand())
	addChapter(command, chapterElse, versionCommand(), completionCommand(), manCommand(), exitCodesTopic())
	command.SetHelpCommand(helpCommand())
	command.SetHelpCommandGroupID(chapterElse)
	command.InitDefaultHelpCmd()
	command.SetUsageFunc(printUsage)
	nameArguments(command)
	refuseUnknown(command)
	return command
}

// gathers is the annotation of commands that do nothing by themselves.
const gathers = "gathers"

// refuseUnknown lets commands that only gather others refuse what is none of them; alone
// they show their help.
func refuseUnknown(of *cobra.Command) {
	for _, command := range of.Commands() {
		refuseUnknown(command)
		if command.Runnable() || !command.HasSubCommands() {
			continue
		}
		command.Annotations = map[string]string{gathers: ""}
		command.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			var names []string
			for _, c := range cmd.Commands() {
				names = append(names, c.Name())
			}
			return usageErrorf("unknown command %q for %q: %s", args[0], cmd.CommandPath(), words.Suggest(args[0], names))
		}
	}
}

func addChapter(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, command := range commands {
		command.GroupID = title
	}
	root.AddCommand(commands...)
}

// argumentNames are the names that the use of the command gives to its arguments.
func argumentNames(command *cobra.Command) []string {
	return slices.DeleteFunc(strings.Fields(command.Use)[1:], func(word string) bool { return strings.HasPrefix(word, "--") })
}

// nameArguments lets every command whose use names arguments tell which of them is
// missing, or that there is one too many.
func nameArguments(of *cobra.Command) {
	for _, command := range of.Commands() {
		nameArguments(command)
		names := argumentNames(command)
		if command.Args == nil || len(names) == 0 {
			continue
		}
		accepts, line := command.Args, command.CommandPath()+" "+strings.Join(names, " ")
		command.Args = func(cmd *cobra.Command, args []string) error {
			err := accepts(cmd, args)
			switch {
			case err == nil:
				return nil
			case len(args) > len(names) && !strings.Contains(line, "..."):
				return fmt.Errorf("`%s` is one argument too many: %s", words.Shown(args[len(names)]), line)
			case len(args) < len(names) && !strings.HasPrefix(names[len(args)], "["):
				return fmt.Errorf("give the %s: %s", strings.TrimSuffix(names[len(args)], "..."), line)
			}
			return err
		}
	}
}
