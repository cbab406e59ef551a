package guest

import (
	"math"
	"time"
)

const (
	markEvery   = 100 * time.Millisecond
	markHistory = time.Minute
	marks       = int(markHistory / markEvery)
)

// loadHorizons are the time constants of the three load averages (getloadavg(3)).
var loadHorizons = [3]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}

// cpu is one virtual processor with a queue in front of it. Every request costs the
// same, and is served to its end before the next one begins. It is a function of
// the instants it is given, which must not go back; it reads no clock, and its
// owner serialises access.
type cpu struct {
	cost    time.Duration // processor time of one request, > 0
	backlog int           // requests that may wait behind the one in service, >= 0

	booted   time.Time
	nextFree time.Time     // end of all work accepted so far
	reserved time.Duration // processor time of all work accepted so far

	// busyAt holds the busy time at the last marks, a ring indexed by mark number;
	// mark n stands at booted + n*markEvery.
	busyAt   [marks + 1]time.Duration
	lastMark int
	load     [3]float64 // mean number of requests in the machine, see loadHorizons
}

func newCPU(cost time.Duration, backlog int, booted time.Time) *cpu {
	return &cpu{cost: cost, backlog: backlog, booted: booted, nextFree: booted}
}

// admit reserves the processor for one more request and returns when that request
// will be done; ok is false, and nothing is reserved, when the backlog is full.
func (c *cpu) admit(now time.Time) (done time.Time, ok bool) {
	c.advance(now)
	if c.requests(now) > c.backlog {
		return time.Time{}, false
	}
	if c.nextFree.Before(now) {
		c.nextFree = now
	}
	c.nextFree = c.nextFree.Add(c.cost)
	c.reserved += c.cost
	return c.nextFree, true
}

// requests is how many accepted requests are not done at t: the one in service and
// those that wait.
func (c *cpu) requests(t time.Time) int {
	return int((c.remaining(t) + c.cost - 1) / c.cost)
}

// busy is the processor time used from boot to t. It is exact: while accepted work
// remains, the processor does nothing else.
func (c *cpu) busy(t time.Time) time.Duration { return c.reserved - c.remaining(t) }

func (c *cpu) remaining(t time.Time) time.Duration { return max(0, c.nextFree.Sub(t)) }

// ratio is the share of time, 0 to 1, for which the processor was busy in about the
// last window (at most markHistory; rounded up to marks, and cut at boot).
func (c *cpu) ratio(now time.Time, window time.Duration) float64 {
	c.advance(now)
	from := max(0, int(now.Add(-window).Sub(c.booted)/markEvery))
	from = max(from, c.lastMark-marks)
	elapsed := now.Sub(c.booted.Add(time.Duration(from) * markEvery))
	if elapsed <= 0 {
		return 0
	}
	used := c.busy(now) - c.busyAt[from%len(c.busyAt)]
	return min(1, max(0, float64(used)/float64(elapsed)))
}

// advance writes the marks that have passed since the last call. They can be
// written afterwards because no work was accepted in between.
func (c *cpu) advance(now time.Time) {
	for n := c.lastMark + 1; ; n++ {
		mark := c.booted.Add(time.Duration(n) * markEvery)
		if mark.After(now) {
			return
		}
		c.busyAt[n%len(c.busyAt)] = c.busy(mark)
		for i, horizon := range loadHorizons {
			decay := math.Exp(-markEvery.Seconds() / horizon.Seconds())
			c.load[i] = c.load[i]*decay + float64(c.requests(mark))*(1-decay)
		}
		c.lastMark = n
	}
}
