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
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

func explainCommand() *cobra.Command {
	var at, directory string
	command := &cobra.Command{
		Use:   "explain GROUP",
		Short: "Say why a group has, or had, the size that was decided, and what would have altered it",
		Long: `Say why the last decision fell as it did, or the one in force at a time: what each
policy wanted and on what, what each guard made of it, and the smallest change of one
signal that would have altered it. It is computed anew from what was recorded, by the
same rules, and compared with what was decided then.`,
		Example: `  autoscaled explain web
  autoscaled explain web --at 03:12
  autoscaled explain web --at 2026-04-01T03:12:00+09:00 --history /backup/autoscaled/history`,
		Args: cobra.ExactArgs(1),
	}
	command.Flags().StringVar(&at, "at", "", "a `TIME` of today, 15:04 or 15:04:05, or a whole one, as in 2026-04-01T15:04:05+09:00")
	command.Flags().StringVar(&directory, "history", "", "read this `DIRECTORY`, or a copy of one, in place of asking the daemon")
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		moment, err := momentOf(at, time.Now())
		if err != nil {
			return err
		}
		var explained record.Explained
		if directory != "" {
			items := record.Read(history.Read(directory, args[0], moment.Add(-record.Lead), moment.Add(time.Nanosecond)))
			explained, err = record.ExplainLast(args[0], items)
		} else {
			explained, err = client.Explain(ctx, args[0], moment)
		}
		if err != nil {
			return err
		}
		return form.print(command, explained, func(out io.Writer) error { return printExplained(out, explained) })
	})
}

func printExplained(out io.Writer, e record.Explained) error {
	lines := e.Words
	switch e.State {
	case record.Foreign:
		lines = append(lines, "it was decided by another version of the rules: this is how the present one sees it")
	case record.Differs:
		lines = append(lines, "this is not what was recorded as decided then: the history or the program is damaged, please report it")
	}
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}

func historyCommand() *cobra.Command {
	var since time.Duration
	var directory string
	var all bool
	command := &cobra.Command{
		Use:   "history GROUP",
		Short: "List what was decided about a group, and what happened to it",
		Long: `List the changes of a group's size, the first decision of each reason, and the orders of
operators, oldest first; with --all every decision.`,
		Example: `  autoscaled history web --since 72h
  autoscaled history verify --history /var/lib/autoscaled/history`,
		Args: cobra.ExactArgs(1),
	}
	command.Flags().DurationVar(&since, "since", 24*time.Hour, "how far back, a `SPAN`")
	command.Flags().StringVar(&directory, "history", "", "read this `DIRECTORY`, or a copy of one, in place of asking the daemon")
	command.Flags().BoolVar(&all, "all", false, "every decision")
	form := formFlag(command)
	command.AddCommand(historyVerifyCommand())
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		to := time.Now().Add(time.Minute)
		from := to.Add(-since)
		var moments record.Moments
		var err error
		if directory != "" {
			items := record.Read(history.Read(directory, args[0], from.Add(-record.Lead), to))
			moments = record.Select(args[0], items, from, all)
		} else {
			moments, err = client.Decisions(ctx, args[0], from, to, all)
		}
		if err != nil {
			return err
		}
		return form.print(command, moments, func(out io.Writer) error { return printMoments(out, moments) })
	})
}

func printMoments(out io.Writer, m record.Moments) error {
	for _, moment := range m.Moments {
		text := moment.Note
		if d := moment.Decision; d != nil {
			text = fmt.Sprintf("%d, %s", d.Desired.Count, d.Reason.Text())
			if d.Change() != 0 {
				text = fmt.Sprintf("%d → %d (%d wanted), %s", d.Current.Count, d.Desired.Count, d.Wanted, d.Reason.Text())
			}
			if moment.State != record.Verified {
				text += " [" + string(moment.State) + "]"
			}
		}
		if _, err := fmt.Fprintf(out, "%s  %s\n", moment.At.Local().Format("2006-01-02 15:04:05"), text); err != nil {
			return err
		}
	}
	for _, fault := range m.Faults {
		if _, err := fmt.Fprintf(out, "! %s\n", fault); err != nil {
			return err
		}
	}
	if m.Cut {
		_, err := fmt.Fprintf(out, "! older ones are left out: these are the newest %d\n", len(m.Moments))
		return err
	}
	return nil
}

func historyVerifyCommand() *cobra.Command {
	var directory, group string
	command := &cobra.Command{
		Use:   "verify",
		Short: "Check that no entry of the history was changed, removed or put in",
		Long: `Follow the chain of hashes through the history, and name the first entry of each damaged
segment. The chain has no key: against somebody who may write the directory, compare with
a copy that is kept elsewhere. It reads the files and needs no daemon.`,
		Example: `  autoscaled history verify
  autoscaled history verify --history /backup/autoscaled/history --group web -o json`,
		Args: cobra.NoArgs,
	}
	form := formFlag(command)
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		report, err := history.Verify(directory, group)
		if err != nil {
			return fmt.Errorf("verify the history: %w", err)
		}
		v := verdictOf(report)
		if err := form.print(cmd, v, func(out io.Writer) error { return printVerdict(out, v) }); err != nil {
			return err
		}
		switch {
		case report.Segments == 0:
			return fmt.Errorf("there is no history in %s: name its directory with --history", directory)
		case len(report.Damage) > 0:
			return errors.New("the history is damaged")
		}
		return nil
	}
	command.Flags().StringVar(&directory, "history", "/var/lib/autoscaled/history", "the `DIRECTORY`")
	command.Flags().StringVar(&group, "group", "", "only that of this `GROUP`")
	return command
}

// verdict is what became of the check of a history.
type verdict struct {
	Entries  uint64   `json:"entries"` // that are as they were written
	Groups   int      `json:"groups"`
	Segments int      `json:"segments"`
	Bytes    int64    `json:"bytes"` // of the segments
	Damage   []string `json:"damage"`
}

func verdictOf(r history.Report) verdict {
	v := verdict{r.Entries, r.Streams, r.Segments, r.Bytes, []string{}}
	for _, damage := range r.Damage {
		v.Damage = append(v.Damage, damage.Error())
	}
	return v
}

func printVerdict(out io.Writer, v verdict) error {
	_, err := fmt.Fprintf(out, "%d entries are as they were written (groups: %d, segments: %d, bytes: %d)\n", v.Entries, v.Groups, v.Segments, v.Bytes)
	for _, damage := range v.Damage {
		fmt.Fprintf(out, "! %s\n", damage)
	}
	return err
}

// momentOf is the time that a person writes: of the day of now, or whole; now without one.
func momentOf(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return now, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return at, nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		at, err := time.ParseInLocation(layout, text, now.Location())
		if err != nil {
			continue
		}
		at = time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), at.Second(), 0, now.Location())
		if at.After(now) {
			at = at.AddDate(0, 0, -1) // yesterday's
		}
		return at, nil
	}
	return time.Time{}, fmt.Errorf("--at %q is no time: write for example 03:12, or 2026-04-01T03:12:00+09:00", text)
}
