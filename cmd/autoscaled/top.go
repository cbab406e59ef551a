package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func topCommand() *cobra.Command {
	var onceOnly bool
	var c connection
	var by string
	command := &cobra.Command{
		Use:   "top",
		Short: "Watch all groups live in the terminal; pause and resume them",
		Long: `Watch all groups live in the terminal: each group's size, the last decision in words, and
what is out of the ordinary, with more about the selected one and what happened last. ? lists
the keys; p pauses a group, and r resumes it.

Where the output is no terminal, or with --once, the table is printed once. Colours are
left out when NO_COLOR is set.`,
		Example: `  autoscaled top
  autoscaled top --once
  autoscaled top --url https://autoscaled.example.jp:9469 --token-file ~/.autoscaled-token`,
		Args: cobra.NoArgs,
	}
	command.Flags().BoolVar(&onceOnly, "once", false, "print the table once")
	byFlag(command, &by)
	form := formFlag(command)
	return connectedCommand(command, &c, func(ctx context.Context, client *httpd.Client, _ []string) error {
		where := cmp.Or(c.remote(), c.socket)
		in, out := command.InOrStdin(), command.OutOrStdout()
		if onceOnly || form.json() || !drawable(in, out) {
			return printTopOnce(ctx, client, form, command, where)
		}
		screen, err := openScreen(in.(*os.File), out.(*os.File)) // drawable saw that they are
		if err != nil {
			return err
		}
		defer screen.close()
		t := top{model: topModel{where: where}, client: client, screen: screen, by: by}
		return t.run(ctx)
	})
}

// printTopOnce prints the table, or the state as JSON.
func printTopOnce(ctx context.Context, client *httpd.Client, form *form, command *cobra.Command, where string) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	status, err := client.Status(ctx)
	if err != nil {
		return err
	}
	return form.print(command, status, func(out io.Writer) error {
		now := time.Now()
		m := topModel{where: where}
		m.see(status, now)
		_, err := io.WriteString(out, plainTop(&m, now, widthOf(out)))
		return err
	})
}

// drawable says that a person is there to look and press keys.
func drawable(in io.Reader, out io.Writer) bool {
	return onTerminal(in) && onTerminal(out) && os.Getenv("TERM") != "dumb"
}

// screen is a terminal that is drawn on.
type screen struct {
	in      io.Reader
	out     io.Writer
	size    func() (width, height int)
	resized <-chan os.Signal
	close   func() // leaves the terminal as it was; may be called twice, and by anybody
	paint   paint
}

// openScreen takes the terminal over. Close it.
func openScreen(in, out *os.File) (*screen, error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, fmt.Errorf("take the terminal over: %w; `autoscaled top --once` does without", err)
	}
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	_, _ = io.WriteString(out, "\x1b[?1049h\x1b[?25l\x1b[?7l") // the other screen, without a cursor, cutting lines off
	return &screen{
		in: in, out: out, resized: resized, paint: paintFor(out),
		size: func() (int, int) {
			width, height, err := term.GetSize(int(out.Fd()))
			if err != nil {
				return plainWidth, 24
			}
			return width, height
		},
		close: func() {
			signal.Stop(resized)
			_, _ = io.WriteString(out, "\x1b[?7h\x1b[?25h\x1b[?1049l")
			_ = term.Restore(int(in.Fd()), before)
		},
	}, nil
}

// top keeps a terminal up to date.
type top struct {
	model  topModel
	client topClient
	screen *screen
	by     string // who pauses and resumes

	news chan func(*topModel) // what became known, for whoever owns the model
}

// topClient is what top asks of the daemon.
type topClient interface {
	Status(ctx context.Context) (fleet.Status, error)
	Events(ctx context.Context, q httpd.EventsQuery) iter.Seq2[httpd.Update, error]
	Override(ctx context.Context, group string, request httpd.OverrideRequest) error
	Resume(ctx context.Context, group string, request httpd.SignedRequest) error
}

// newsMost is how much can become known while a picture is drawn.
const newsMost = 128

// run draws until somebody quits or ctx ends.
func (t *top) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.news = make(chan func(*topModel), newsMost)
	keys := make(chan string)
	for _, work := range []func(context.Context){t.look, t.listen, func(ctx context.Context) { readKeys(ctx, t.screen.in, keys) }} {
		go t.guarded(func() { work(ctx) })
	}
	clock := time.NewTicker(time.Second)
	defer clock.Stop()
	for {
		t.draw()
		select {
		case <-ctx.Done():
			return nil
		case <-clock.C:
		case <-t.screen.resized:
			_, _ = io.WriteString(t.screen.out, "\x1b[2J")
		case tell := <-t.news:
			for tell(&t.model); len(t.news) > 0; tell(&t.model) {
				tell = <-t.news // all that is known is drawn at once: at the start that are many events
			}
		case key, open := <-keys:
			if !open || !t.obey(ctx, key) {
				return nil
			}
		}
	}
}

// guarded does work, and gives the terminal back before a panic ends the program.
func (t *top) guarded(work func()) {
	defer func() {
		if fault := recover(); fault != nil {
			t.screen.close()
			panic(fault)
		}
	}()
	work()
}

func (t *top) draw() {
	width, height := t.screen.size()
	lines := draw(&t.model, time.Now(), width, height, t.screen.paint)
	// Each line is cleared before it is written: behind a full one the cursor stays on its last character.
	text := "\x1b[H\x1b[K" + strings.Join(lines[:min(len(lines), height)], "\r\n\x1b[K")
	_, _ = io.WriteString(t.screen.out, text) // a terminal that is gone ends the program by itself
}

// tell hands what became known to the owner of the model.
func (t *top) tell(ctx context.Context, news func(*topModel)) {
	select {
	case t.news <- news:
	case <-ctx.Done():
	}
}

// obey does what a key asks for, and says whether to go on.
func (t *top) obey(ctx context.Context, key string) bool {
	if key == keyRedraw {
		_, _ = io.WriteString(t.screen.out, "\x1b[2J")
	}
	switch w := t.model.press(key); {
	case w.quit:
		return false
	case w.pause != "":
		go t.guarded(func() {
			t.act(ctx, w.pause+" is paused", func(ctx context.Context) error {
				return t.client.Override(ctx, w.pause, httpd.OverrideRequest{Kind: policy.PauseAll, By: t.by, Why: w.why})
			})
		})
	case w.resume != "":
		go t.guarded(func() {
			t.act(ctx, w.resume+" runs again", func(ctx context.Context) error {
				return t.client.Resume(ctx, w.resume, httpd.SignedRequest{By: t.by})
			})
		})
	}
	return true
}

// act lets the daemon do something, and notes what came of it.
func (t *top) act(ctx context.Context, done string, do func(context.Context) error) {
	within, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	if err := do(within); err != nil {
		done = "! " + err.Error()
	}
	t.tell(ctx, func(m *topModel) { m.note = done })
}

const (
	lookPause   = 2 * time.Second
	lookTimeout = 10 * time.Second
)

// look asks for the state again and again, for a tenth of the time at most.
func (t *top) look(ctx context.Context) {
	for ctx.Err() == nil {
		begun := time.Now()
		within, cancel := context.WithTimeout(ctx, lookTimeout)
		status, err := t.client.Status(within)
		cancel()
		took := time.Since(begun)
		t.tell(ctx, func(m *topModel) {
			if m.trouble = ""; err != nil {
				m.trouble = err.Error()
				return
			}
			m.see(status, time.Now())
		})
		pause(ctx, max(lookPause, 9*took))
	}
}

// listen takes what happens. Without it the rest is shown all the same.
func (t *top) listen(ctx context.Context) {
	q := httpd.EventsQuery{EventsOnly: true, After: 1} // of all that the daemon still knows
	for ; ctx.Err() == nil; pause(ctx, eventPause) {
		for update, err := range t.client.Events(ctx, q) {
			if refused(err) {
				return
			}
			if e := update.Event; err == nil && e != nil {
				q.After = e.ID
				t.tell(ctx, func(m *topModel) { m.happened(*e) })
			}
		}
	}
}

// readKeys tells the keys that come in until there are no more.
func readKeys(ctx context.Context, in io.Reader, keys chan<- string) {
	defer close(keys)
	chunk := make([]byte, 256)
	for {
		n, err := in.Read(chunk) // a read that began cannot be broken off: it ends with the program
		if err != nil {
			return
		}
		for _, key := range keysIn(string(chunk[:n])) {
			select {
			case keys <- key:
			case <-ctx.Done():
				return
			}
		}
	}
}
