package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/words"
)

func configCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "config",
		Short: "Show the configuration in force, take over the file as it is now, make tokens",
		Long: `Show the configuration that a running daemon works by, see what its file would change as
it is now, take the file over without a restart, make tokens for those who use the API,
and print what editors judge a file by.`,
		Example: `  autoscaled config diff
  autoscaled config reload`,
	}
	command.AddCommand(configShowCommand(), configDiffCommand(), configReloadCommand(), configSchemaCommand(), configTokenCommand())
	return command
}

func configShowCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "show",
		Short: "Print the configuration in force, as it was read",
		Long: `Print the configuration in force, as it was read, with its hash and whether the file
is another by now. Secrets are shown as the references that they are in the file.`,
		Example: `  autoscaled config show
  autoscaled config show -o json`,
		Args: cobra.NoArgs,
	}
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, _ []string) error {
		c, err := client.Config(ctx)
		if err != nil {
			return err
		}
		return form.print(command, c, func(out io.Writer) error { return printConfig(out, c) })
	})
}

// printConfig prints it so that it can be read as a configuration.
func printConfig(out io.Writer, c httpd.ConfigInForce) error {
	differs := "the file is the same"
	if c.Differs {
		differs = "! the file is another by now: `autoscaled config diff` says what it would change"
	}
	text := strings.TrimRight(c.Text, "\n")
	if text == "" {
		text = "# its text is for those who may operate"
	}
	_, err := fmt.Fprintf(out, "# %s, read at %s\n# sha256 %s\n# %s\n%s\n", c.File, c.LoadedAt.Local().Format(time.DateTime), c.SHA256, differs, text)
	return err
}

func configDiffCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "diff",
		Short: "Say what the daemon's file would change as it is now; nothing is changed",
		Long: `Say what the daemon's configuration file would change as it is now: which groups it adds,
removes and changes, and what each would decide next. Nothing is changed. A file that is faulty
is refused, with all its faults.`,
		Example: `  autoscaled config diff
  autoscaled config diff -o json`,
		Args: ownFile,
	}
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, _ []string) error {
		report, err := reload(ctx, command, client, httpd.ReloadRequest{DryRun: true, By: userName()})
		if err != nil {
			return err
		}
		return form.print(command, report, func(out io.Writer) error { return printReload(out, report) })
	})
}

func configReloadCommand() *cobra.Command {
	var request httpd.ReloadRequest
	command := &cobra.Command{
		Use:   "reload",
		Short: "Take over the daemon's file as it is now, without a restart",
		Long: `Take over the daemon's configuration file as it is now, without a restart, as SIGHUP does.
First it is printed what the file changes. A faulty file changes nothing. Groups that it does
not change go on undisturbed.`,
		Example: `  autoscaled config reload
  autoscaled config reload --dry-run`,
		Args: ownFile,
	}
	command.Flags().BoolVar(&request.DryRun, "dry-run", false, "only print what it would change")
	byFlag(command, &request.By)
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, _ []string) error {
		preview, err := reload(ctx, command, client, httpd.ReloadRequest{DryRun: true, By: request.By})
		if err != nil {
			return err
		}
		last := request.DryRun || len(preview.RestartNeeded) > 0
		if last || !form.json() { // a program is told once
			err = form.print(command, preview, func(out io.Writer) error { return printReload(out, preview) })
		}
		if err != nil || request.DryRun {
			return err
		}
		if last {
			return exitError{refusedStatus, errors.New("nothing was taken over: restart the daemon, or take these keys back")}
		}
		report, err := reload(ctx, command, client, request)
		if err != nil {
			return err
		}
		return form.print(command, report, func(out io.Writer) error {
			_, err := fmt.Fprintln(out, "it is in force")
			return err
		})
	})
}

// ownFile refuses another file than the daemon's own.
func ownFile(command *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageErrorf("`%s` reads the daemon's own file, as it is on its disk, and takes no other: leave `%s` out, or see with `autoscaled check %[2]s` what is wrong with that one",
		command.CommandPath(), words.Shown(args[0]))
}

func reload(ctx context.Context, command *cobra.Command, client *httpd.Client, request httpd.ReloadRequest) (httpd.ReloadReport, error) {
	doing := "taking over the file"
	if request.DryRun {
		doing = "reading the file"
	}
	return during(command, doing, func() (httpd.ReloadReport, error) { return client.Reload(ctx, request) })
}

// printReload writes what taking over a file changes.
func printReload(out io.Writer, r httpd.ReloadReport) error {
	var b strings.Builder
	kept := 0
	for _, key := range r.RestartNeeded {
		fmt.Fprintf(&b, "! %s is another, and only a restart takes that over: nothing of the file is taken over until then\n", key)
	}
	for _, key := range r.Sections {
		fmt.Fprintf(&b, "%s is another\n", key)
	}
	for _, account := range r.Accounts {
		fmt.Fprintf(&b, "account %s is built anew\n", account)
	}
	for _, g := range r.Groups {
		if g.Change == httpd.GroupKept {
			kept++
			continue
		}
		fmt.Fprintf(&b, "group %s is %s", g.Group, g.Change)
		if len(g.What) > 0 {
			fmt.Fprintf(&b, " (%s)", strings.Join(g.What, ", "))
		}
		fmt.Fprintf(&b, ": %s\n", g.Text)
	}
	switch changed := len(r.Groups) - kept; {
	case changed == 0 && len(r.RestartNeeded)+len(r.Sections)+len(r.Accounts) == 0:
		b.WriteString("the file changes nothing\n")
	case kept > 0:
		fmt.Fprintf(&b, "%s as before\n", keepText(kept))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func keepText(n int) string {
	if n == 1 {
		return "1 group goes on"
	}
	return fmt.Sprintf("%d groups go on", n)
}

func configTokenCommand() *cobra.Command {
	role := choice{of: []string{access.Read.String(), access.Operate.String(), access.Admin.String()}}
	command := &cobra.Command{
		Use:   "token NAME",
		Short: "Make a token for somebody who uses the API, and the line that lets the daemon know it",
		Long: `Make a token for a person or program that uses the API over the network, and the entry of
web.tokens that lets the daemon know it. The configuration holds its hash only: the token is shown
this once, and nobody can read it out of the file. It needs no daemon.

A role may do what the ones before it may: read looks; operate pauses, holds, scales and protects;
admin also does what costs or cannot be taken back.`,
		Example: `  autoscaled config token dashboard
  autoscaled config token deploy --role operate -o json`,
		Args: cobra.ExactArgs(1),
	}
	role.declare(command, "role", "", "the `ROLE` that it has: read, operate or admin")
	form := formFlag(command)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		made := newToken(args[0], role.chosen)
		return form.print(cmd, made, func(out io.Writer) error { return printToken(out, made) })
	}
	return command
}

// madeToken is a token and what the configuration says of it.
type madeToken struct {
	Name   string `json:"name"`
	Role   string `json:"role"`
	Token  string `json:"token"`
	SHA256 string `json:"sha256"` // of Token, in hexadecimal
}

func newToken(name, role string) madeToken {
	token, hash := access.NewToken()
	return madeToken{name, role, token, hash}
}

func printToken(out io.Writer, m madeToken) error {
	_, err := fmt.Fprintf(out, `%s

This is the token of %s. It is not shown again: put it into a file that only those may read who
are to use it, and name that with --token-file. The daemon knows it by this entry:

web:
  tokens:
    - {name: %q, role: %s, sha256: %s}
`, m.Token, m.Name, m.Name, m.Role, m.SHA256)
	return err
}
