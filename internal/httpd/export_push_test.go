package httpd

import "time"

// Inboxes serves inboxes by themselves.
var Inboxes = inboxes

// Remembered is how much is remembered of what was counted.
func (c *Counted) Remembered() int { return len(c.newer) + len(c.before) }

// Take takes what somebody sent.
func (b *Inbox) Take(content []byte, direction string, now time.Time) (Pushed, error) {
	return b.take(content, direction, now)
}
