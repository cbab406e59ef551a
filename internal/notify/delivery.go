package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/config"
)

// How long a message is tried, and how long the pauses between tries are.
const (
	patience     = time.Hour
	firstPause   = 5 * time.Second
	longestPause = 10 * time.Minute
)

// sender sends messages one way.
type sender interface {
	// send sends the message once. Its error holds no secret.
	send(ctx context.Context, m *message) error
	// timeout is that of one try.
	timeout() time.Duration
}

func newSender(c config.Notify) (sender, error) {
	switch {
	case c.Webhook != nil:
		return newWebhook(c.Webhook), nil
	case c.Slack != nil:
		return newSlack(c.Slack), nil
	case c.Email != nil:
		return newEmail(c.Email), nil
	default:
		return nil, fmt.Errorf("notifier %s has no way to tell anybody: give it webhook, slack or email", c.Name)
	}
}

// busyError is the error of a receiver that wants to be left alone for a while.
type busyError struct {
	error
	after time.Duration
}

func (e busyError) Unwrap() error { return e.error }

// deliver tries to send the message until that succeeds or it has been tried for long
// enough, and returns an error if it was not sent because soft ended. A try is broken off when hard ends.
func (n *Notifier) deliver(soft, hard context.Context, m *message) error {
	began := time.Now()
	for tries, pause := 1, firstPause; ; tries, pause = tries+1, min(2*pause, longestPause) {
		err := n.attempt(hard, m)
		if err == nil {
			return nil
		}
		wait := pause + time.Duration(n.Jitter()*float64(pause)/2)
		var busy busyError
		if errors.As(err, &busy) {
			wait = min(max(wait, busy.after), longestPause)
		}
		if time.Since(began)+wait > patience {
			n.Metrics.count(n.Name(), outcomeGivenUp)
			n.Log.Error("a notification was not delivered, and is given up", zap.String("notifier", n.Name()), zap.Int("tries", tries),
				zap.String("title", m.Title), zap.Error(err))
			return nil
		}
		if tries == 1 {
			n.Log.Warn("a notification was not delivered; it is tried again for an hour", zap.String("notifier", n.Name()), zap.Error(err))
		}
		if !sleep(soft, wait) {
			return err
		}
	}
}

// finally tries to send the message once more, since there will be no other time.
func (n *Notifier) finally(ctx context.Context, m *message) {
	if err := n.attempt(ctx, m); err != nil {
		n.Metrics.count(n.Name(), outcomeGivenUp)
		n.Log.Error("a notification was not delivered before the end, and is lost", zap.String("notifier", n.Name()), zap.String("title", m.Title), zap.Error(err))
	}
}

// attempt tries to send the message once.
func (n *Notifier) attempt(ctx context.Context, m *message) error {
	ctx, cancel := context.WithTimeoutCause(ctx, n.sender.timeout(), errors.New("it took too long"))
	defer cancel()
	err := n.sender.send(ctx, m)
	if err != nil {
		n.Metrics.count(n.Name(), outcomeFailed)
		return fmt.Errorf("notify %s: %w", n.Name(), err)
	}
	n.Metrics.count(n.Name(), outcomeSent)
	return nil
}

// sleep returns false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
