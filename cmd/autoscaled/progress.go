package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// progress tells on a terminal how far something is, and how long it will go on.
type progress struct {
	out io.Writer // nil: nobody is told

	mu    sync.Mutex
	doing string
	begun time.Time
	told  time.Time
}

// toldEvery is how often it is told at most.
const toldEvery = 200 * time.Millisecond

func newProgress(out io.Writer) *progress {
	if !onTerminal(out) {
		out = nil
	}
	return &progress{out: out}
}

// tell says that so much of something is done.
func (p *progress) tell(doing string, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if doing != p.doing {
		p.doing, p.begun, p.told = doing, now, time.Time{}
	}
	if p.out == nil || now.Sub(p.told) < toldEvery && done < total {
		return
	}
	p.told = now
	fmt.Fprint(p.out, "\r\x1b[K"+progressText(doing, done, total, now.Sub(p.begun)))
}

// progressText is a line of progress after so long.
func progressText(doing string, done, total int, passed time.Duration) string {
	if total <= 0 || done <= 0 {
		return doing
	}
	text := fmt.Sprintf("%s: %d %%", doing, 100*done/total)
	left := time.Duration(float64(passed) / float64(done) * float64(total-done)).Round(time.Second)
	if passed > time.Second && left > 0 {
		text += fmt.Sprintf(", %s left", age(left))
	}
	return text
}

// during tells on a terminal what goes on while call lasts, of which nobody knows how far it is.
func during[Answer any](command *cobra.Command, doing string, call func() (Answer, error)) (Answer, error) {
	p := newProgress(command.ErrOrStderr())
	p.tell(doing+" …", 0, 0)
	defer p.end()
	return call()
}

// end clears the line.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out != nil && !p.told.IsZero() {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
