// Package notify tells people, and programs of theirs, what happens: by a signed webhook,
// by an incoming webhook as Slack has them, or by e-mail.
//
// It promises that a bad night is few messages: what happens is gathered, told in a digest of
// at most some twenty lines, and at most one digest leaves in a configured span; what
// began and ended in the meantime is one line of it. What lasts is told again from time to
// time. A receiver that is slow or away holds up nobody, and is tried for an hour. What is not delivered
// then, or when the daemon ends, is lost: it is in memory alone. No secret, and
// no URL that is one, gets into an error or a log.
//
// It calls events, config and secret. Cmd runs it.
package notify

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/events"
)

// Options are what a Notifier needs. All fields are required unless marked.
type Options struct {
	Config       config.Notify
	Watcher      *events.Watcher
	Installation string         // in every message; may be empty
	URL          string         // where people see more, without a slash at the end; may be empty
	Jitter       func() float64 // from 0 to 1, uniformly
	Log          *zap.Logger
	Metrics      *Metrics
}

// Notifier tells one receiver what happens.
type Notifier struct {
	Options
	wanted       filter
	sender       sender
	subscription *events.Subscription

	// These are of the goroutine that runs Run.
	gathered gathered                        // since the last message
	lasting  map[events.Subject]events.Event // that began, as far as it was told or will be, and has not ended
	sentAt   time.Time                       // when the last message left; zero: none did
	sending  *message                        // on its way; nil: none is
	outcome  chan error                      // of sending
}

// New returns a notifier that hears nothing before Listen, and sends nothing before Run.
func New(options Options) (*Notifier, error) {
	sender, err := newSender(options.Config)
	if err != nil {
		return nil, err
	}
	return &Notifier{
		Options: options, wanted: newFilter(options.Config), sender: sender,
		lasting: map[events.Subject]events.Event{}, outcome: make(chan error, 1),
	}, nil
}

// Listen lets it hear what happens from now on. Call it once, before Run.
func (n *Notifier) Listen() {
	n.Metrics.touch(n.Name())
	n.subscription = n.Watcher.Subscribe(0)
}

// Succeed goes on in place of one whose Run has returned: what that told of and still lasts is
// reminded of, and its end told. Call it before Run.
func (n *Notifier) Succeed(before *Notifier) {
	n.sentAt = before.sentAt
	for subject, e := range before.lasting {
		if n.wanted.has(&e) {
			n.lasting[subject] = e
		}
	}
}

// Name is the one in the configuration.
func (n *Notifier) Name() string { return n.Config.Name }

// lastWord is how long messages may take that are not delivered when Run is to end.
const lastWord = 2 * time.Second

// Run gathers and sends until ctx or the watcher ends, and then tries once what was not
// delivered.
func (n *Notifier) Run(ctx context.Context) error {
	defer n.subscription.Close()
	hard, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	soft, stop := context.WithCancel(ctx)
	defer stop()
	n.gather(ctx, func(m *message) {
		n.sending = m
		go func() { n.outcome <- n.deliver(soft, hard, m) }()
	})
	stop()
	n.subscription.Close()
	for batch := range n.subscription.C { // that came, and was not taken yet
		n.take(batch, time.Now())
	}
	defer time.AfterFunc(lastWord, giveUp).Stop()
	if m := n.sending; m != nil && <-n.outcome != nil {
		n.finally(hard, m)
	}
	if !n.gathered.empty() {
		n.finally(hard, n.digest(time.Now()))
	}
	return nil
}

// gather takes in what happens, and starts a message when one is due and none is on its
// way, until ctx or the watcher ends.
func (n *Notifier) gather(ctx context.Context, start func(*message)) {
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	for {
		alarm.Reset(time.Until(n.due()))
		select {
		case <-ctx.Done():
			return
		case batch, goesOn := <-n.subscription.C:
			if !goesOn {
				return
			}
			n.take(batch, time.Now())
		case err := <-n.outcome:
			if err != nil { // since ctx ended: Run takes it from here
				n.outcome <- err
				return
			}
			n.sending = nil
		case <-alarm.C:
			if now := time.Now(); !now.Before(n.due()) {
				start(n.digest(now))
			}
		}
	}
}

// take gathers the events of a batch that are wanted. One about what was told is wanted in any
// case.
func (n *Notifier) take(batch events.Batch, now time.Time) {
	if batch.Missed { // their ends may be among what was missed
		clear(n.lasting)
		n.gathered.missed(now)
	}
	for _, e := range batch.Events {
		_, told := n.lasting[e.Subject()]
		wanted := n.wanted.has(&e)
		if !wanted && !told {
			continue
		}
		n.gathered.add(e, told, now)
		switch {
		case !e.Kind.Lasts():
		case e.Over || !wanted:
			delete(n.lasting, e.Subject())
		default:
			n.lasting[e.Subject()] = e
		}
	}
}

// never is later than any due time.
const never = 100 * 365 * 24 * time.Hour

// due is when the next message is.
func (n *Notifier) due() time.Time {
	c := &n.Config
	switch {
	case n.sending != nil:
		return time.Now().Add(never)
	case !n.gathered.empty():
		due := n.gathered.since.Add(c.Wait)
		if next := n.sentAt.Add(c.Repeat); !n.sentAt.IsZero() && next.After(due) {
			due = next
		}
		return due
	case c.Remind > 0 && len(n.lasting) > 0:
		return n.sentAt.Add(c.Remind)
	default:
		return time.Now().Add(never)
	}
}

// digest is the message about what was gathered, or, when nothing was, the reminder of what
// lasts.
func (n *Notifier) digest(now time.Time) *message {
	m := newMessage(&n.Options, now)
	if n.gathered.empty() {
		m.remind(n.lasting)
	} else {
		m.tell(&n.gathered, n.lasting)
	}
	n.gathered, n.sentAt = gathered{}, now
	return m
}

// Test sends a message by which people see that they get messages, once.
func (n *Notifier) Test(ctx context.Context) error {
	now := time.Now()
	var g gathered
	g.add(events.Event{
		At: now.UTC(), Kind: events.KindTest, Severity: events.KindTest.Severity(), Text: "this is a test: notifications of " + n.Name() + " arrive",
	}, false, now)
	m := newMessage(&n.Options, now)
	m.tell(&g, nil)
	return n.attempt(ctx, m)
}
