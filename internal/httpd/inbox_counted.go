package httpd

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/words"
)

// countedMax bounds what is remembered of a signal, twice.
const countedMax = 4096

// Counted remembers what was counted, so that an alert that is sent again is not another
// change. It forgets the oldest when there is too much, and everything with the process. It
// may be used by several goroutines. The nil Counted remembers nothing.
type Counted struct {
	mu            sync.Mutex
	newer, before map[[sha256.Size]byte]time.Time // when each was counted
}

// NewCounted remembers nothing as yet.
func NewCounted() *Counted {
	return &Counted{newer: map[[sha256.Size]byte]time.Time{}}
}

// once pushes unless all of the ids were counted in the span before now. When that is kept,
// those that were not count from now.
func (c *Counted) once(ids []string, now time.Time, span time.Duration, push func() (Pushed, error)) (Pushed, error) {
	if c == nil || len(ids) == 0 {
		return push()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var fresh [][sha256.Size]byte
	var last time.Time
	for _, id := range ids {
		key := sha256.Sum256([]byte(id)) // ids can be long
		if at, known := c.at(key); !known || now.Sub(at) >= span {
			fresh = append(fresh, key)
		} else if at.After(last) {
			last = at
		}
	}
	if len(fresh) == 0 {
		return Pushed{Why: fmt.Sprintf("it was counted %s ago already, and counts again %s after that", words.Span(now.Sub(last).Round(time.Second)), words.Span(span))}, nil
	}
	pushed, err := push()
	if err == nil && pushed.Kept {
		for _, key := range fresh {
			c.remember(key, now)
		}
	}
	return pushed, err
}

func (c *Counted) at(key [sha256.Size]byte) (time.Time, bool) {
	if at, known := c.newer[key]; known {
		return at, true
	}
	at, known := c.before[key]
	return at, known
}

func (c *Counted) remember(key [sha256.Size]byte, now time.Time) {
	if _, known := c.newer[key]; !known && len(c.newer) == countedMax {
		c.newer, c.before = map[[sha256.Size]byte]time.Time{}, c.newer
	}
	c.newer[key] = now
}
