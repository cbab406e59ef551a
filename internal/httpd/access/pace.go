package access

import (
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
)

// pace lets a number of requests pass at once, and after that one every interval.
type pace struct {
	limit config.RateLimit
	mu    sync.Mutex
	free  time.Time // when all have passed that could at once, if they came one every interval
}

func newPace(limit config.RateLimit) *pace { return &pace{limit: limit} }

// take lets a request pass, or says how long it has to wait.
func (p *pace) take(now time.Time) time.Duration {
	if p.limit.Interval == 0 {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	ahead := p.limit.Interval * time.Duration(p.limit.Burst-1)
	if p.free.Before(now) || p.free.Sub(now) > ahead+p.limit.Interval { // the clock was put back
		p.free = now
	}
	if wait := p.free.Add(-ahead).Sub(now); wait > 0 {
		return wait
	}
	p.free = p.free.Add(p.limit.Interval)
	return 0
}
