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
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // schedules name zones, and a container has no database of them

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/words"
)

// version is set by the linker in releases.
var version = ""

// errSilent ends the program with status 1 after a command has said why itself.
var errSilent = errors.New("")

func main() {
	log.SetOutput(io.Discard) // net/http would print what a server sends unasked, and keys that it echoes with it
	ctx, stop := untilSignalled()
	defer stop()
	command := root()
	if err := command.ExecuteContext(ctx); err != nil {
		if !errors.Is(err, errSilent) {
			fmt.Fprintln(os.Stderr, "autoscaled:", err)
		}
		os.Exit(statusOf(err))
	}
}

// exitError ends the program with a status of its own.
type exitError struct {
	status int
	error
}

func (e exitError) Unwrap() error { return e.error }

func statusOf(err error) int {
	var own exitError
	if errors.As(err, &own) {
		return own.status
	}
	return 1
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

func root() *cobra.Command {
	command := &cobra.Command{
		Use:           "autoscaled",
		Short:         "Keeps pools of servers at the size that their load needs",
		Version:       versionText(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	command.SetOut(os.Stdout) // cobra prints to standard error otherwise
	command.SetVersionTemplate("autoscaled {{.Version}}\n")
	command.AddCommand(runCommand(), checkCommand(), statusCommand(), signalsCommand(), ordersCommand(), preflightCommand(), drillCommand(),
		explainCommand(), historyCommand(), pauseCommand(), holdCommand(), resumeCommand(), promoteCommand(), rollbackCommand(), adoptCommand(), disownCommand(), protectCommand(), unprotectCommand(),
		recoverCommand(), probeCommand(), planCommand(), gpCommand(), simulatorCommand(), demoCommand())
	nameArguments(command)
	return command
}

// nameArguments lets every command whose use names arguments tell which of them is
// missing, or that there is one too many.
func nameArguments(of *cobra.Command) {
	for _, command := range of.Commands() {
		nameArguments(command)
		names := slices.DeleteFunc(strings.Fields(command.Use)[1:], func(word string) bool { return strings.HasPrefix(word, "--") })
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

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "unreleased"
}
