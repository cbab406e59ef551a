package fleet

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
)

// doubt says whether the group's account can be trusted just now, and tells when that
// changes.
func (g *Group) doubt() actions.Doubt {
	doubt, why := g.Crew.Account.Doubt()
	if blind := g.Observer.blind(g.Now()); blind != "" {
		doubt, why = actions.DoubtBlind, blind
	}
	g.Observer.noteDoubt(doubt, why)
	return doubt
}

// blind says why the newest snapshot is too old to rest anything on; empty if it is not.
func (o *Observer) blind(now time.Time) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.trouble == "" || o.last == nil || now.Sub(o.last.Started) < 2*o.PollIdle {
		return ""
	}
	return fmt.Sprintf("the last look that succeeded began %v ago: %s", now.Sub(o.last.Started).Round(time.Second), o.trouble)
}

func (o *Observer) noteDoubt(doubt actions.Doubt, why string) {
	o.mu.Lock()
	before := o.doubt
	o.doubt, o.doubtWhy = doubt, why
	o.mu.Unlock()
	if doubt == before {
		return
	}
	o.Metrics.setDoubt(o.Account, doubt)
	switch {
	case doubt != actions.DoubtNone:
		o.Log.Error("the cloud cannot be trusted: no group of the account shrinks until it can", zap.String("account", o.Account),
			zap.String("mode", string(doubt)), zap.String("why", why))
	case before != "":
		o.Log.Info("the cloud can be trusted again", zap.String("account", o.Account), zap.String("mode", string(before)))
	}
}
