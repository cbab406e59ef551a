package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

func eventsCommand() *cobra.Command {
	f := eventFollower{query: httpd.EventsQuery{EventsOnly: true}}
	least := choice{of: []string{string(events.Info), string(events.Warning), string(events.Critical)}}
	command := &cobra.Command{
		Use:   "events",
		Short: "Follow what happens, as it happens",
		Long: `Follow what happens, a line for each event, until it is interrupted. With -o json each line
is an object. Once it follows, it waits for a daemon that is away, and then tells what it
missed, as far as the daemon still knows.`,
		Example: `  autoscaled events
  autoscaled events --group web --group api
  autoscaled events --least warning -o json`,
		Args: cobra.NoArgs,
	}
	flags := command.Flags()
	flags.StringArrayVar(&f.query.Groups, "group", nil, "only those of this `GROUP`; can be given several times")
	flags.Uint64Var(&f.query.After, "after", 0, "begin with what came after the event of this `ID`, as far as it is known")
	least.declare(command, "least", "", "only those of this `SEVERITY` or a higher one: info, warning or critical")
	form := formFlag(command)
	return lastingCommand(command, func(ctx context.Context, client *httpd.Client, _ []string) error {
		out, look := command.OutOrStdout(), paintFor(command.OutOrStdout())
		f.ask, f.aside = client.Events, command.ErrOrStderr()
		return f.follow(ctx, func(e events.Event) error {
			switch {
			case !e.Severity.AtLeast(events.Severity(least.chosen)):
				return nil
			case form.json():
				return json.NewEncoder(out).Encode(e)
			}
			_, err := io.WriteString(out, look.event(e.Severity, eventText(e))+"\n")
			return err
		})
	})
}

// eventText is an event in a line.
func eventText(e events.Event) string {
	var about []string
	for _, name := range []string{e.Account, e.Group, e.Instance} {
		if name != "" && !strings.HasPrefix(e.Text, name+" ") {
			about = append(about, name)
		}
	}
	sign := " "
	if e.Severity != events.Info && !e.Over {
		sign = "!"
	}
	subject := strings.Join(about, " ")
	if subject != "" {
		subject += ": "
	}
	return plainText(fmt.Sprintf("%s %s %s%s", e.At.Local().Format(time.TimeOnly), sign, subject, e.Text))
}

// eventFollower asks for events again and again.
type eventFollower struct {
	query httpd.EventsQuery
	ask   func(ctx context.Context, q httpd.EventsQuery) iter.Seq2[httpd.Update, error]
	aside io.Writer // is told when the daemon is away, and of what was missed
}

const eventPause = 2 * time.Second // before a daemon that is away is asked again

// follow shows what happens until ctx ends. At first the daemon must be there.
func (f *eventFollower) follow(ctx context.Context, show func(events.Event) error) error {
	heard, told := false, false // of a daemon; that it is away
	for {
		begun := time.Now()
		for update, err := range f.ask(ctx, f.query) {
			heard = heard || err == nil || errors.Is(err, io.EOF) || time.Since(begun) > eventPause
			switch {
			case ctx.Err() != nil:
				return nil
			case err != nil && (!heard || refused(err)):
				return err
			case err != nil && !told:
				told = true
				fmt.Fprintln(f.aside, "the daemon is away: it is waited for")
			case update.Missed:
				fmt.Fprintln(f.aside, "! some events were missed: `autoscaled history GROUP` has the decisions")
			case update.Event != nil:
				told, f.query.After = false, update.Event.ID
				if err := show(*update.Event); err != nil {
					return err
				}
			}
		}
		pause(ctx, eventPause)
	}
}

// refused says that the daemon has answered, and would answer the same again.
func refused(err error) bool {
	var answer httpd.Error
	return errors.As(err, &answer) && answerStatus(answer.Code) != silentStatus
}
