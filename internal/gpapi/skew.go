package gpapi

import (
	"fmt"
	"sync"
	"time"
)

const (
	skewLeast  = time.Minute      // a smaller one is not worth a word
	skewChange = 30 * time.Second // from one word to the next
	skewBlur   = 30 * time.Second // an answer that took longer says too little about the time
)

// clock compares this machine's clock with the server's.
type clock struct {
	tell func(ahead time.Duration)

	mu    sync.Mutex // guards what follows
	ahead time.Duration
	told  time.Duration
}

// read takes the date of an answer, zero when it has none, for the middle between
// sending and answering. It returns how far this machine is ahead of the server
// (behind: negative), as far as it is known and worth a word; else 0.
func (c *clock) read(sent, answered, date time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	took := answered.Sub(sent)
	if date.IsZero() || took < 0 || took > skewBlur {
		return c.ahead
	}
	c.ahead = sent.Add(took / 2).Sub(date).Round(time.Second)
	if c.ahead.Abs() < skewLeast {
		c.ahead = 0
	}
	if (c.ahead - c.told).Abs() >= skewChange {
		c.told = c.ahead
		c.tell(c.ahead)
	}
	return c.ahead
}

// skewText says it in minutes, since a skew of less is not told of.
func skewText(ahead time.Duration) string {
	side := "ahead of"
	if ahead < 0 {
		side = "behind"
	}
	return fmt.Sprintf("this machine's clock seems %.0f min %s the server's", ahead.Abs().Minutes(), side)
}
