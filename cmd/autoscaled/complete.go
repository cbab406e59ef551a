package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

func completionCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print what makes a shell complete commands, flags, groups and instances",
		Long: `Print what makes a shell complete commands and flags, and, by asking the daemon, the names of
groups and the codes of instances. SHELL is bash, zsh, fish or powershell; where the output
belongs, the shell's own manual says.`,
		Example: `  autoscaled completion bash > /etc/bash_completion.d/autoscaled
  autoscaled completion zsh > /usr/local/share/zsh/site-functions/_autoscaled
  autoscaled completion fish > ~/.config/fish/completions/autoscaled.fish
  source <(autoscaled completion bash)`,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []cobra.Completion{"bash", "zsh", "fish", "powershell"},
	}
	command.RunE = func(cmd *cobra.Command, args []string) error {
		out := cmd.OutOrStdout()
		switch args[0] {
		case "bash":
			return cmd.Root().GenBashCompletionV2(out, true)
		case "zsh":
			return cmd.Root().GenZshCompletion(out)
		case "fish":
			return cmd.Root().GenFishCompletion(out, true)
		default:
			return cmd.Root().GenPowerShellCompletionWithDesc(out)
		}
	}
	return command
}

// completionTimeout is how long somebody who presses the tab key is kept waiting.
const completionTimeout = time.Second

// completeArguments completes names of groups and codes of instances, by asking the daemon.
// If that does not answer at once, nothing is offered, and nothing is said.
func (c *connection) completeArguments(command *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var list func(fleet.Status) []string
	switch argumentAt(command, len(args)) {
	case "GROUP":
		list = groupNames
	case "CODE":
		list = instanceCodes
	default:
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	offered := slices.DeleteFunc(c.ask(command, list), func(word string) bool { return slices.Contains(args, word) })
	return offered, cobra.ShellCompDirectiveNoFileComp
}

// completeGroups completes the value of the flag, a group.
func (c *connection) completeGroups(command *cobra.Command, flag string) {
	_ = command.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) { // the flag is there
		return c.ask(cmd, groupNames), cobra.ShellCompDirectiveNoFileComp
	})
}

func (c *connection) ask(command *cobra.Command, list func(fleet.Status) []string) []string {
	client, err := c.client()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(command.Context(), completionTimeout)
	defer cancel()
	status, err := client.Status(ctx)
	if err != nil {
		return nil
	}
	return list(status)
}

// argumentAt is what the command's use calls its n-th argument; the last may be repeated.
func argumentAt(command *cobra.Command, n int) string {
	names := argumentNames(command)
	if n >= len(names) && len(names) > 0 && strings.Contains(names[len(names)-1], "...") {
		n = len(names) - 1
	}
	if n >= len(names) {
		return ""
	}
	return strings.Trim(names[n], "[].")
}

func groupNames(status fleet.Status) (names []string) {
	for _, group := range status.Groups {
		names = append(names, group.Name)
	}
	return names
}

func instanceCodes(status fleet.Status) (codes []string) {
	for _, group := range status.Groups {
		for _, in := range group.Instances {
			codes = append(codes, in.Code)
		}
	}
	return codes
}
