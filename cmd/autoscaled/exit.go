package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

// The exit statuses.
const (
	failedStatus   = 1
	usageStatus    = 2 // nothing was done
	notReadyStatus = 3 // of drill
	exceededStatus = 4 // of plan
	silentStatus   = 5 // the daemon is
	deniedStatus   = 6
	unknownStatus  = 7
	refusedStatus  = 8
	// firstClassStatus is that of gp's first class of failures, and of probe's first
	// absence; the others follow.
	firstClassStatus = 10
)

func exitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit status of a command says",
		Long: `The exit status of a command says how it ended:

    0  it is done
    1  it failed; also when check finds a fault, history verify finds damage,
       preflight finds that max cannot be reached, or health finds that the
       daemon is not there or cannot work
    2  the command line is wrong, and nothing was done
    3  drill: the instance did not become ready
    4  plan: it exceeds one of --max-cost, --max-overload and --max-lost
    5  the daemon cannot be reached, or cannot answer now
    6  the daemon does not allow it: no token, a wrong one, or one of a lower role
    7  the daemon knows no such group, instance, order or decision
    8  the daemon refuses; the text says why, and what to do instead
   10  and more: why a call of gp failed, or why probe has no value; their help
       lists these
  130  ended by a second interrupt`,
	}
}

// errSilent ends the program with status 1 after a command has said why itself.
var errSilent = errors.New("")

// exitError ends the program with a status of its own.
type exitError struct {
	status int
	error
}

func (e exitError) Unwrap() error { return e.error }

// usageErrorf says what is wrong with a command line.
func usageErrorf(format string, args ...any) error {
	return exitError{usageStatus, fmt.Errorf(format, args...)}
}

// statusOf is the exit status after err.
func statusOf(err error) int {
	var own exitError
	var answer httpd.Error
	var unreachable httpd.UnreachableError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &own):
		return own.status
	case errors.As(err, &unreachable):
		return silentStatus
	case errors.As(err, &answer):
		return answerStatus(answer.Code)
	}
	return failedStatus
}

// answerStatus is the exit status after the daemon answered with an error.
func answerStatus(code httpd.Code) int {
	switch code {
	case httpd.Unauthenticated, httpd.Forbidden:
		return deniedStatus
	case httpd.NotFound:
		return unknownStatus
	case httpd.Unavailable, httpd.Timeout, httpd.TooMany:
		return silentStatus
	case httpd.Internal:
		return failedStatus
	default:
		return refusedStatus
	}
}

// perform runs the command line. What is wrong before a command begins is its usage.
func perform(ctx context.Context, command *cobra.Command) error {
	begun := false
	walk(command, func(c *cobra.Command) {
		if do := c.RunE; do != nil {
			c.RunE = func(cmd *cobra.Command, args []string) error {
				begun = true
				return do(cmd, args)
			}
		}
	})
	err := command.ExecuteContext(ctx)
	if err != nil && !begun {
		err = exitError{usageStatus, plainUsage(err)}
	}
	return err
}

var (
	exclusiveFlags = regexp.MustCompile(`^if any flags in the group \[(.+?)\] are set none of the others can be`)
	togetherFlags  = regexp.MustCompile(`^if any flags in the group \[(.+?)\] are set they must all be set`)
)

// plainUsage says in plain words which flags do not go together.
func plainUsage(err error) error {
	flags := func(names string, with string) string { return "--" + strings.ReplaceAll(names, " ", with+"--") }
	if found := exclusiveFlags.FindStringSubmatch(err.Error()); found != nil {
		return fmt.Errorf("give only one of %s", flags(found[1], " and "))
	}
	if found := togetherFlags.FindStringSubmatch(err.Error()); found != nil {
		return fmt.Errorf("give %s together", flags(found[1], " and "))
	}
	return err
}

// walk visits the command and all beneath it.
func walk(command *cobra.Command, visit func(*cobra.Command)) {
	visit(command)
	for _, c := range command.Commands() {
		walk(c, visit)
	}
}
