package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// stage is a daemon and a terminal, and somebody who presses keys.
type stage struct {
	mu     sync.Mutex
	status fleet.Status
	silent error // of status
	looks  int
	asked  []string
	past   []events.Event // that the daemon still knows
	events chan events.Event

	shown   bytes.Buffer
	size    [2]int
	resized chan os.Signal
	closed  int
	keys    *io.PipeWriter
	ended   chan error
}

func (s *stage) Status(context.Context) (fleet.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	return s.status, s.silent
}

func (s *stage) Events(ctx context.Context, q httpd.EventsQuery) iter.Seq2[httpd.Update, error] {
	return func(yield func(httpd.Update, error) bool) {
		for _, e := range s.past {
			if q.After > 0 && e.ID > q.After && !yield(httpd.Update{Event: &e, Missed: true}, nil) {
				return
			}
		}
		for {
			select {
			case e := <-s.events:
				if !yield(httpd.Update{Event: &e}, nil) {
					return
				}
			case <-ctx.Done():
				yield(httpd.Update{}, ctx.Err())
				return
			}
		}
	}
}

func (s *stage) Override(_ context.Context, group string, o httpd.OverrideRequest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, "pause "+group+" by "+o.By+": "+o.Why)
	return s.silent
}

func (s *stage) Resume(_ context.Context, group string, request httpd.SignedRequest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, "resume "+group+" by "+request.By)
	return s.silent
}

func (s *stage) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.Write(text)
}

// picture is what the terminal shows once everything has come to rest.
func (s *stage) picture() string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	frames := strings.Split(s.shown.String(), "\x1b[H")
	return onGlass(frames[len(frames)-1], s.size[0])
}

// onGlass is what a terminal of so many columns, which cuts lines off, shows of a frame.
func onGlass(frame string, columns int) string {
	var lines []string
	var line []rune
	at := 0
	for frame != "" {
		switch rest, clears := strings.CutPrefix(frame, "\x1b[K"); {
		case clears: // the character under the cursor too, which on a full line is the last one
			line, frame = line[:min(len(line), at, columns-1)], rest
			continue
		case frame[0] == '\n':
			lines, line, at = append(lines, string(line)), nil, 0
		case frame[0] != '\r':
			r, _ := utf8.DecodeRuneInString(frame)
			line = append(line[:at], r)
			at = len(line)
		}
		_, size := utf8.DecodeRuneInString(frame)
		frame = frame[size:]
	}
	return strings.Join(append(lines, string(line)), "\n")
}

func (s *stage) press(t *testing.T, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if _, err := io.WriteString(s.keys, key); err != nil {
			t.Fatal(err)
		}
	}
}

// open begins to show badNight, in a bubble.
func open(ctx context.Context, past ...events.Event) *stage {
	in, keys := io.Pipe()
	s := &stage{past: past, status: badNight().status, events: make(chan events.Event), size: [2]int{80, 24}, resized: make(chan os.Signal), keys: keys, ended: make(chan error, 1)}
	terminal := &screen{in: in, out: s, resized: s.resized, size: func() (int, int) { return s.size[0], s.size[1] }, close: func() { s.closed++ }}
	t := top{model: topModel{where: "s", selected: "web"}, client: s, screen: terminal, by: "sato"}
	go func() { s.ended <- t.run(ctx) }()
	return s
}

// quit ends it, and says how it ended.
func (s *stage) quit() error {
	_, _ = io.WriteString(s.keys, "q")
	_ = s.keys.Close()
	return <-s.ended
}

func TestTopFollowsTheDaemon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t.Context())
		if got := s.picture(); !strings.Contains(got, "> web") {
			t.Errorf("it begins with\n%s", got)
		}
		s.mu.Lock()
		s.status.Groups = s.status.Groups[:1] // api
		s.mu.Unlock()
		s.events <- events.Event{Group: "web", Text: "it is gone"}
		if got := s.picture(); !strings.Contains(got, "web: it is gone") || !strings.Contains(got, "> web") {
			t.Errorf("with an event it shows\n%s", got)
		}
		time.Sleep(lookPause)
		if got := s.picture(); strings.Contains(got, "> web") || !strings.Contains(got, "> api") {
			t.Errorf("later it shows\n%s", got)
		}
		if err := s.quit(); err != nil {
			t.Error(err)
		}
	})
}

func TestNothingOfAFullLineIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t.Context())
		title, _, _ := strings.Cut(s.picture(), "\n")
		if clock := time.Now().Local().Format(time.TimeOnly); !strings.HasSuffix(title, " "+clock) {
			t.Errorf("at %s it shows\n%s", clock, title)
		}
		if err := s.quit(); err != nil {
			t.Error(err)
		}
	})
}

func TestTopBeginsWithWhatTheDaemonStillKnows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var past []events.Event
		for i := range 1000 {
			past = append(past, events.Event{ID: uint64(1000 + i), Group: "web", Text: fmt.Sprintf("event %d", i)})
		}
		s := open(t.Context(), past...)
		if got := s.picture(); !strings.Contains(got, "web: event 999") {
			t.Errorf("it begins with\n%s", got)
		}
		s.events <- events.Event{ID: 3000, Group: "web", Text: "it is gone"}
		if got := s.picture(); !strings.Contains(got, "web: it is gone") || !strings.Contains(got, "web: event 999") {
			t.Errorf("with another it shows\n%s", got)
		}
		if err := s.quit(); err != nil {
			t.Error(err)
		}
	})
}

func TestTopGoesOnWhileTheDaemonIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t.Context())
		s.picture()
		s.mu.Lock()
		s.silent = errors.New("connection refused")
		s.mu.Unlock()
		time.Sleep(10 * time.Second)
		if got := s.picture(); !strings.HasPrefix(got, "! this was seen 10s ago: connection refused") || !strings.Contains(got, "> web") {
			t.Errorf("without a daemon it shows\n%s", got)
		}
		if s.mu.Lock(); s.looks > 6 {
			t.Errorf("it asked %d times in 10 s", s.looks)
		}
		s.silent = nil
		s.mu.Unlock()
		time.Sleep(lookPause)
		if got := s.picture(); !strings.HasPrefix(got, "autoscaled: 4 groups") {
			t.Errorf("with a daemon again it shows\n%s", got)
		}
		if err := s.quit(); err != nil {
			t.Error(err)
		}
	})
}

func TestTopPausesAndResumes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t.Context())
		s.picture()
		s.press(t, "p", "racks", "\r", "y")
		if got := s.picture(); !strings.HasSuffix(got, "web is paused") {
			t.Errorf("after a pause it shows\n%q", got)
		}
		s.mu.Lock()
		s.silent = errors.New("this needs the role operate")
		s.mu.Unlock()
		s.press(t, "r", "y")
		if got := s.picture(); !strings.HasSuffix(got, "! this needs the role operate") {
			t.Errorf("after a refusal it shows\n%q", got)
		}
		if want := "pause web by sato: racks, resume web by sato"; strings.Join(s.asked, ", ") != want {
			t.Errorf("asked for %q, want %q", s.asked, want)
		}
		if err := s.quit(); err != nil {
			t.Error(err)
		}
	})
}

func TestTopDrawsAnewWhenTheTerminalIsResized(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t.Context())
		if lines := strings.Count(s.picture(), "\n"); lines != 23 {
			t.Errorf("%d lines end on a terminal of 24", lines)
		}
		s.size = [2]int{120, 50}
		s.resized <- os.Interrupt
		if lines := strings.Count(s.picture(), "\n"); lines != 49 {
			t.Errorf("%d lines end on a terminal of 50", lines)
		}
		s.size = [2]int{10, 3}
		s.resized <- os.Interrupt
		if lines := strings.Count(s.picture(), "\n"); lines != 2 {
			t.Errorf("%d lines end on a terminal of 3", lines)
		}
		if err := s.quit(); err != nil {
			t.Error(err)
		}
	})
}

func TestTopEndsWithItsContextAndWithItsTerminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		s := open(ctx)
		s.picture()
		stop()
		if err := <-s.ended; err != nil {
			t.Error(err)
		}
		_ = s.keys.Close()

		s = open(t.Context())
		s.picture()
		_ = s.keys.Close()
		if err := <-s.ended; err != nil {
			t.Error(err)
		}
	})
}

func TestAPanicGivesTheTerminalBackFirst(t *testing.T) {
	t.Parallel()
	closed := false
	defer func() {
		if fault := recover(); fault != "broken" || !closed {
			t.Errorf("%v came out, and the terminal was given back: %v", fault, closed)
		}
	}()
	(&top{screen: &screen{close: func() { closed = true }}}).guarded(func() { panic("broken") })
}

func TestWithoutATerminalTopPrintsOnce(t *testing.T) {
	t.Parallel()
	socket := serve(t, &fakeFleet{state: fleet.Status{Groups: []fleet.GroupStatus{{
		Name: "web", Mode: "act", Max: 3, Desired: 2, Serving: 2, Decision: fleet.DecisionStatus{At: time.Now(), From: 2, To: 2, Reason: policy.ReasonSteady},
	}}}})
	for _, flags := range [][]string{nil, {"--once"}} {
		out, errs, err := execute(t, append([]string{"top", "--socket", socket}, flags...)...)
		if err != nil || errs != "" || strings.Contains(out, "\x1b") || !strings.Contains(out, "\n  web   act       ██ ") {
			t.Errorf("error is %v, said %q, printed\n%s", err, errs, out)
		}
	}
	if out, _, err := execute(t, "top", "-o", "json", "--socket", socket); err != nil || !strings.Contains(out, `"name": "web"`) {
		t.Errorf("error is %v, printed\n%s", err, out)
	}
}
