package actions

import (
	"fmt"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

// gateFailures is how many changing calls in a row must fail, of all groups of an
// account, before the account counts as one that cannot be changed.
const gateFailures = 5

// gateGrace is how long after a pause somebody must have tried again. If nobody did,
// there is nothing left to change, and nothing is known of the account any more.
const gateGrace = 2 * time.Minute

// patience is how long something that fails again and again is left alone.
type patience struct {
	failures int         // in a row
	last     cloud.Class // of the newest; ClassNone after a success
	until    time.Time
}

// failed notes a failure and says how long to wait, and whether it is of another
// class than the one before.
func (p *patience) failed(err error, now time.Time, jitter float64) (pause time.Duration, news bool) {
	class := cloud.ClassOf(err)
	p.failures++
	news, p.last = class != p.last, class
	pause = backoff(class, cloud.AfterOf(err), p.failures, jitter)
	p.until = now.Add(pause)
	return pause, news
}

// gate keeps an account from being asked for change after change while none
// succeeds: then one is tried at a time, with growing pauses, for all its groups.
type gate struct {
	mu       sync.Mutex
	patience patience
	trying   bool
	why      string
}

// wait says when the next change may be tried: zero for now.
func (g *gate) wait(now time.Time) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.patience.failures < gateFailures:
		return time.Time{}
	case now.Before(g.patience.until):
		return g.patience.until
	case g.trying:
		return now.Add(time.Second)
	}
	g.trying = true
	return time.Time{}
}

// note notes how a step went. acted says that it changed something. An error that is
// about the machine asked for, rather than about the account, shows that the account
// can be changed.
func (g *gate) note(acted bool, err error, now time.Time, jitter float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trying = false
	if acted || err != nil && !ofAccount(cloud.ClassOf(err)) {
		g.patience, g.why = patience{}, ""
	}
	if err == nil || !ofAccount(cloud.ClassOf(err)) {
		return
	}
	g.patience.failed(err, now, jitter)
	g.why = fmt.Sprintf("the last %d changes failed: %v", g.patience.failures, err)
}

// closed says why the account cannot be changed; empty while it can.
func (g *gate) closed(now time.Time) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.trying && now.After(g.patience.until.Add(gateGrace)) {
		g.patience, g.why = patience{}, ""
	}
	if g.patience.failures < gateFailures {
		return ""
	}
	return g.why
}

// ofAccount says that a failure of the class is likely to meet every group of the
// account alike.
func ofAccount(class cloud.Class) bool {
	switch class {
	case cloud.ClassTransient, cloud.ClassThrottled, cloud.ClassDenied, cloud.ClassQuota, cloud.ClassUnknownOutcome:
		return true
	default:
		return false
	}
}
