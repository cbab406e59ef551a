package actions

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Doubt is a way in which a cloud may be half broken.
type Doubt string

// The doubts.
const (
	DoubtNone      Doubt = "normal"
	DoubtBlind     Doubt = "blind"          // it cannot be read
	DoubtWrites    Doubt = "writes_failing" // it can be read, and no change succeeds
	DoubtTruncated Doubt = "truncated"      // listings lack many machines at once
	DoubtLagging   Doubt = "lagging"        // the status does not show what was done, though it should by now
)

// Doubts lists every doubt and DoubtNone, for metrics that start at zero.
func Doubts() []Doubt {
	return []Doubt{DoubtNone, DoubtBlind, DoubtWrites, DoubtTruncated, DoubtLagging}
}

// judgement is a doubt and what it rests on.
type judgement struct {
	doubt Doubt
	why   string
}

// Doubt says in which way the account is half broken, and why, as of the newest look;
// DoubtNone if it is not.
func (a *Account) Doubt() (Doubt, string) {
	if why := a.gate.closed(a.Now()); why != "" {
		return DoubtWrites, why
	}
	a.doubtful.Lock()
	defer a.doubtful.Unlock()
	if len(a.doubts) == 0 {
		return DoubtNone, ""
	}
	first := a.doubts[slices.Min(slices.Collect(maps.Keys(a.doubts)))]
	return first.doubt, first.why
}

func (a *Account) setDoubt(group string, j judgement) {
	a.doubtful.Lock()
	defer a.doubtful.Unlock()
	if j.doubt == DoubtNone {
		delete(a.doubts, group)
	} else {
		a.doubts[group] = j
	}
}

// judgeCloud says whether what the cloud shows of the group can be trusted.
func (c *Crew) judgeCloud() judgement {
	c.mu.Lock()
	lacked := c.lacked
	c.mu.Unlock()
	if !lacked.IsZero() {
		return judgement{DoubtTruncated, fmt.Sprintf("listings lack several machines of group %s at once since %s; they count as gone after %v",
			c.Group, lacked.Format("15:04:05"), c.Account.SettleWindow)}
	}
	now := c.Now()
	for _, in := range c.sorted() {
		in.mu.Lock()
		power, stale := in.seen.machine.Power, in.facts.Value.Stale
		lags := in.seen.certain() && in.facts.Value.Quarantine == nil && stale.overdue(power, now)
		in.mu.Unlock()
		if lags {
			return judgement{DoubtLagging, fmt.Sprintf("%s still shows %s, %v after it should show what was done", in.code, power, now.Sub(stale.Until).Round(time.Second))}
		}
	}
	return judgement{DoubtNone, ""}
}
