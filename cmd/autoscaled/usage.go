package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/words"
)

// printUsage writes how a command is used, without what is written of it at length.
func printUsage(command *cobra.Command) error {
	out := command.OutOrStderr()
	fmt.Fprintln(out, "Usage:")
	for _, line := range useLines(command) {
		fmt.Fprintln(out, "  "+line)
	}
	if command.HasExample() {
		fmt.Fprintf(out, "\nExamples:\n%s\n", command.Example)
	}
	printChapters(out, command)
	own, connecting := flagsOf(command)
	if own != "" {
		fmt.Fprintf(out, "\nFlags:\n%s\n", own)
	}
	if connecting != "" {
		fmt.Fprintf(out, "\nWhere the daemon is:\n%s\n", connecting)
	}
	if command.HasAvailableSubCommands() {
		fmt.Fprintf(out, "\n\"%s COMMAND --help\" says more about each.\n", command.CommandPath())
	}
	return nil
}

// useLines are the forms in which the command is called.
func useLines(command *cobra.Command) (lines []string) {
	if _, gatherer := command.Annotations[gathers]; command.Runnable() && !gatherer {
		lines = append(lines, command.UseLine())
	}
	if command.HasAvailableSubCommands() {
		lines = append(lines, command.CommandPath()+" COMMAND")
	}
	return lines
}

// chapter is some commands beneath another.
type chapter struct {
	title    string
	commands []*cobra.Command
}

// chaptersOf are the commands beneath the command that people are told of, in order.
func chaptersOf(command *cobra.Command) (chapters []chapter) {
	var loose []*cobra.Command
	for _, group := range command.Groups() {
		chapters = append(chapters, chapter{title: group.Title})
	}
	for _, c := range command.Commands() {
		if c.Hidden {
			continue
		}
		i := slices.IndexFunc(chapters, func(ch chapter) bool { return ch.title == c.GroupID })
		if i < 0 {
			loose = append(loose, c)
		} else {
			chapters[i].commands = append(chapters[i].commands, c)
		}
	}
	if len(loose) > 0 {
		chapters = append(chapters, chapter{"Commands:", loose})
	}
	return chapters
}

func printChapters(out io.Writer, command *cobra.Command) {
	for _, ch := range chaptersOf(command) {
		fmt.Fprintf(out, "\n%s\n", ch.title)
		for _, c := range ch.commands {
			fmt.Fprintf(out, "  %-*s %s\n", command.NamePadding(), c.Name(), c.Short)
		}
	}
}

// flagsOf describes the command's own flags, and those that say where the daemon is.
func flagsOf(command *cobra.Command) (own, connecting string) {
	ours, theirs := new(cobra.Command).Flags(), new(cobra.Command).Flags()
	ours.SortFlags, theirs.SortFlags = command.Flags().SortFlags, false
	for _, flag := range all(command.LocalFlags().VisitAll) {
		if slices.Contains(connectionFlags, flag.Name) && command.Flags().Lookup("socket") != nil {
			theirs.AddFlag(flag)
		} else {
			ours.AddFlag(flag)
		}
	}
	return strings.TrimRight(ours.FlagUsages(), "\n"), strings.TrimRight(theirs.FlagUsages(), "\n")
}

// all collects what visit visits.
func all[T any](visit func(func(T))) (list []T) {
	visit(func(one T) { list = append(list, one) })
	return list
}

// helpCommand prints the help of other commands, and the topics that belong to none.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]...",
		Short: "Print the help of a command, or about the exit statuses",
		Example: `  autoscaled help pause
  autoscaled help exit-codes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			of, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usageErrorf("there is no help on `%s`: `autoscaled help` lists what there is", words.Shown(strings.Join(args, " ")))
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
			if of, _, err := cmd.Root().Find(args); err == nil {
				for _, ch := range chaptersOf(of) {
					for _, c := range ch.commands {
						names = append(names, c.Name())
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}
