package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

// scene is what a daemon answers to one who listens, time after time.
type scene struct {
	updates []httpd.Update
	err     error
}

// played is a daemon that answers so, and then for good as if it were away.
func played(asked *[]uint64, scenes ...scene) func(context.Context, httpd.EventsQuery) iter.Seq2[httpd.Update, error] {
	return func(_ context.Context, q httpd.EventsQuery) iter.Seq2[httpd.Update, error] {
		return func(yield func(httpd.Update, error) bool) {
			*asked = append(*asked, q.After)
			now := scene{err: httpd.UnreachableError{At: "s", Err: errors.New("no such file")}}
			if len(scenes) > 0 {
				now, scenes = scenes[0], scenes[1:]
			}
			for _, update := range now.updates {
				if !yield(update, nil) {
					return
				}
			}
			yield(httpd.Update{}, now.err)
		}
	}
}

func happens(ids ...uint64) (updates []httpd.Update) {
	for _, id := range ids {
		updates = append(updates, httpd.Update{Event: &events.Event{ID: id, Text: "text"}})
	}
	return updates
}

func TestEventsAreFollowedAcrossARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		away := httpd.UnreachableError{At: "s", Err: errors.New("no such file")}
		var asked, shown []uint64
		var aside strings.Builder
		f := eventFollower{aside: &aside, ask: played(&asked,
			scene{happens(5, 6), io.EOF}, scene{nil, away}, scene{nil, httpd.Error{Code: httpd.Unavailable}}, scene{append([]httpd.Update{{Missed: true}}, happens(9)...), io.EOF})}
		err := f.follow(ctx, func(e events.Event) error { shown = append(shown, e.ID); return nil })
		if err != nil || len(shown) != 3 || shown[2] != 9 {
			t.Errorf("error is %v, shown are %v", err, shown)
		}
		if len(asked) < 5 || len(asked) > 40 || asked[0] != 0 || asked[1] != 6 || asked[4] != 9 {
			t.Errorf("it asked for what came after %v", asked)
		}
		if said := aside.String(); strings.Count(said, "is away") != 2 || strings.Count(said, "missed") != 1 {
			t.Errorf("it said\n%s", said)
		}
	})
}

func TestEventsEndWhenAnotherAnswerCannotBeHoped(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left on device")
	denied := httpd.Error{Code: httpd.Forbidden, Text: "this needs a role"}
	away := httpd.UnreachableError{At: "s", Err: errors.New("no such file")}
	for name, c := range map[string]struct {
		scenes []scene
		shown  error
		want   error
	}{
		"nobody is there":      {[]scene{{nil, away}}, nil, away},
		"not allowed":          {[]scene{{nil, denied}}, nil, denied},
		"not allowed any more": {[]scene{{happens(1), io.EOF}, {nil, denied}}, nil, denied},
		"nobody reads them":    {[]scene{{happens(1), io.EOF}}, full, full},
	} {
		synctest.Test(t, func(t *testing.T) {
			var asked []uint64
			f := eventFollower{aside: io.Discard, ask: played(&asked, c.scenes...)}
			if err := f.follow(t.Context(), func(events.Event) error { return c.shown }); !errors.Is(err, c.want) {
				t.Errorf("%s: error is %v, want %v", name, err, c.want)
			}
		})
	}
}

func TestEventsOfADaemonAreLines(t *testing.T) {
	t.Parallel()
	f := &fakeFleet{state: badNight().status}
	f.watcher = events.NewWatcher(events.Options{Status: f.Status})
	socket := serve(t, f)
	f.watcher.Tell(events.Event{Kind: events.KindTest, Group: "web", Text: "the first"})
	first := f.watcher.Recent("", 1)[0].ID
	f.watcher.Tell(events.Event{Kind: events.KindTest, Group: "api", Text: "another group's"})
	f.watcher.Tell(events.Event{Kind: events.KindTest, Severity: events.Critical, Group: "web", Text: "the last"})

	reader, writer := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	command := root()
	command.SetArgs([]string{"events", "--group", "web", "--after", strconv.FormatUint(first, 10), "-o", "json", "--socket", socket})
	command.SetOut(writer)
	ended := make(chan error, 1)
	go func() {
		ended <- perform(ctx, command)
		_ = writer.Close()
	}()
	var got events.Event
	if err := json.NewDecoder(reader).Decode(&got); err != nil || got.Text != "the last" || got.Group != "web" {
		t.Errorf("error is %v, got %+v", err, got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAnEventInALineSaysItsSubjectOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		event events.Event
		want  string
	}{
		{events.Event{Group: "web", Instance: "gc7", Text: "gc7 is up"}, "12:00:00   web: gc7 is up"},
		{events.Event{Group: "web", Instance: "gc7", Text: "it is up"}, "12:00:00   web gc7: it is up"},
		{events.Event{Severity: events.Critical, Account: "gio", Text: "blind\x1b[2J"}, "12:00:00 ! gio: blind\uFFFD[2J"},
		{events.Event{Severity: events.Warning, Over: true, Group: "web", Text: "not capped any more"}, "12:00:00   web: not capped any more"},
		{events.Event{Text: "the file was taken over"}, "12:00:00   the file was taken over"},
	} {
		c.event.At = here
		if c.event.Severity == "" {
			c.event.Severity = events.Info
		}
		if got := eventText(c.event); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
