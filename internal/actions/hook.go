package actions

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// HookPoint is where on an instance's way a hook is asked.
type HookPoint string

// The points.
const (
	AtLaunch HookPoint = "launch" // it runs and its address is known; it was not probed yet
	AtEnd    HookPoint = "end"    // it is out of the pools, and drained; it was not asked to stop yet
)

// HookAction is what the receiver of a hook wants.
type HookAction string

// The actions.
const (
	HookContinue  HookAction = "continue"  // the instance goes on
	HookAbandon   HookAction = "abandon"   // at the launch: it is set aside; at the end: it goes on, and the hooks behind are not asked
	HookWait      HookAction = "wait"      // the receiver answers later
	HookHeartbeat HookAction = "heartbeat" // only as a later answer: wait for another timeout
)

// Hook is somebody who is asked before an instance goes on at a point of its way.
type Hook struct {
	Name      string // unique in its group
	At        HookPoint
	Timeout   time.Duration // how long it is waited for an answer or a heartbeat
	Max       time.Duration // how long in all
	Otherwise HookAction    // what counts as its answer after that: continue or abandon
	Receiver  HookReceiver
}

func validateHooks(hooks []Hook) error {
	for i := range hooks {
		switch h := &hooks[i]; {
		case h.Name == "" || h.Receiver == nil || h.Timeout <= 0 || h.Max < h.Timeout:
			return fmt.Errorf("hook %q must have a name, a receiver, a positive timeout and a max of at least that", h.Name)
		case h.At != AtLaunch && h.At != AtEnd:
			return fmt.Errorf("hook %s is at %q: it must be at %s or %s", h.Name, h.At, AtLaunch, AtEnd)
		case h.Otherwise != HookContinue && h.Otherwise != HookAbandon:
			return fmt.Errorf("hook %s has otherwise %q: it must be %s or %s", h.Name, h.Otherwise, HookContinue, HookAbandon)
		case slices.ContainsFunc(hooks[:i], func(other Hook) bool { return other.Name == h.Name }):
			return errors.New("there are two hooks " + h.Name)
		}
	}
	return nil
}

// HookCall is one question to a hook. It is written before the receiver is asked, so
// that whoever asks again does so with the same ID and the same deadline.
type HookCall struct {
	ID       string     `json:"id"`
	Hook     string     `json:"hook"` // name
	At       HookPoint  `json:"at"`
	Asked    time.Time  `json:"asked"`            // when we began to ask
	Taken    time.Time  `json:"taken,omitzero"`   // when the receiver said that it answers later; zero: it did not
	Deadline time.Time  `json:"deadline"`         // after that the hook's Otherwise counts
	Until    time.Time  `json:"max_until"`        // no heartbeat moves the deadline beyond
	Action   HookAction `json:"action,omitempty"` // continue or abandon; empty while it is awaited
	Why      string     `json:"why,omitempty"`
}

func (h *HookCall) awaited() bool { return h != nil && h.Action == "" }

func (h *HookCall) overdue(now time.Time) bool { return h.awaited() && !now.Before(h.Deadline) }

// anchorCalls is anchor for calls. A deadline ends no later than it did when it was set.
func anchorCalls(now time.Time, calls []HookCall) []HookCall {
	calls = slices.Clone(calls)
	for i := range calls {
		call := &calls[i]
		call.Deadline = now.Add(min(call.Deadline.Sub(call.Asked), call.Deadline.Sub(now)))
		call.Until = now.Add(min(call.Until.Sub(call.Asked), call.Until.Sub(now)))
		anchor(now, &call.Asked, &call.Taken)
	}
	return calls
}

// call is the call of the hook since the instance was last started or turned round;
// nil: it was not asked. It must not be changed.
func (f *Facts) call(h *Hook) *HookCall {
	i := slices.IndexFunc(f.Hooks, func(call HookCall) bool { return call.Hook == h.Name && call.At == h.At })
	if i < 0 {
		return nil
	}
	return &f.Hooks[i]
}

// setCall puts the call on record. The calls of the other point do not count from then
// on: whoever was told of the end must be told of the launch again, and the other way round.
func (f *Facts) setCall(call HookCall) {
	f.Hooks = slices.DeleteFunc(slices.Clone(f.Hooks), func(other HookCall) bool { return other.At != call.At || other.Hook == call.Hook })
	f.Hooks = append(f.Hooks, call)
	if call.At == AtEnd {
		f.Served = time.Time{}
	}
}

// hook finds the hook that was called; nil: it is not configured any more.
func (c *Crew) hook(call *HookCall) *Hook {
	for i := range c.Hooks {
		if h := &c.Hooks[i]; h.Name == call.Hook && h.At == call.At {
			return h
		}
	}
	return nil
}

// nextHook is the first hook at the point that does not let the instance go on, with
// its call, which is nil before it was asked; nil when all do.
func (c *Crew) nextHook(f *Facts, at HookPoint) (*Hook, *HookCall) {
	for i := range c.Hooks {
		h := &c.Hooks[i]
		if h.At != at {
			continue
		}
		switch call := f.call(h); {
		case call == nil || call.Action == "":
			return h, call
		case call.Action == HookContinue:
		case at == AtEnd: // nothing keeps it: the hooks behind are not asked
			return nil, nil
		default:
			return h, call
		}
	}
	return nil, nil
}

// unfinished says that a launch hook must let the instance go on before it serves. One
// that has served since it was started needs none.
func (c *Crew) unfinished(f *Facts) bool {
	if len(c.Hooks) == 0 || f.serves() || !f.Served.IsZero() {
		return false
	}
	hook, _ := c.nextHook(f, AtLaunch)
	return hook != nil
}

// parting says that an end hook must let the instance go on before it is stopped. One
// that has not served since it was started, and that no hook was told of, needs none.
func (c *Crew) parting(f *Facts) bool {
	if len(c.Hooks) == 0 || f.Served.IsZero() && len(f.Hooks) == 0 {
		return false
	}
	hook, _ := c.nextHook(f, AtEnd)
	return hook != nil
}

// noteServed notes, where that counts, that the instance has served since it was started,
// when it ceases to or is adopted. Earlier questions about its end are out of date then.
func (c *Crew) noteServed(f *Facts) {
	if len(c.Hooks) > 0 && f.Served.IsZero() {
		f.Served = c.Now()
		f.forgetCalls(AtEnd)
	}
}

// forgetLaunch notes that the instance is off: everything begins anew when it is started.
// It says whether that is news. What its end hooks said stays, for one that says it again.
func (f *Facts) forgetLaunch() bool {
	served := !f.Served.IsZero()
	f.Served = time.Time{}
	return f.forgetCalls(AtLaunch) || served
}

// forgetCalls forgets the calls of the point, and says whether there were any.
func (f *Facts) forgetCalls(at HookPoint) bool {
	others := slices.DeleteFunc(slices.Clone(f.Hooks), func(call HookCall) bool { return call.At == at })
	forgotten := len(others) < len(f.Hooks)
	f.Hooks = others
	return forgotten
}

// pointOf is where an instance in this phase stands; empty: at no point.
func pointOf(phase Phase) HookPoint {
	switch phase {
	case Unfinished:
		return AtLaunch
	case Parting:
		return AtEnd
	default:
		return ""
	}
}

// renewCalls gives new deadlines to the calls that are overdue, whose answers may have been
// lost meanwhile, so that the same is asked once more. It forgets those that abandoned the
// launch: that is asked anew.
func (c *Crew) renewCalls(calls []HookCall) []HookCall {
	var renewed []HookCall
	now := c.Now()
	for _, call := range calls {
		hook := c.hook(&call)
		if hook == nil || call.At == AtLaunch && call.Action == HookAbandon {
			continue
		}
		if call.overdue(now) {
			call.Taken, call.Deadline, call.Until = time.Time{}, now.Add(hook.Timeout), now.Add(hook.Max)
		}
		renewed = append(renewed, call)
	}
	return renewed
}

// hookOverdue says that a hook is awaited beyond its deadline. in.mu must be held.
func (c *Crew) hookOverdue(in *instance) bool {
	return slices.ContainsFunc(in.facts.Value.Hooks, func(call HookCall) bool { return call.overdue(c.Now()) })
}

// quarantineIfAbandoned sets an instance aside whose launch a hook abandoned. in.mu
// must be held.
func (c *Crew) quarantineIfAbandoned(in *instance) {
	f := &in.facts.Value
	if len(f.Hooks) == 0 || f.Quarantine != nil || c.ignored(f) || !occupies(in.goal.Value.Goal) || c.phase(in) != Unfinished {
		return
	}
	if hook, call := c.nextHook(f, AtLaunch); call != nil && call.Action == HookAbandon {
		why := "hook " + hook.Name + " abandoned its launch"
		if call.Why != "" {
			why += ": " + call.Why
		}
		c.quarantine(in, why)
	}
}

// HookStatus is a hook that an instance waits for.
type HookStatus struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	At       HookPoint `json:"at"`
	Since    time.Time `json:"since"`
	Taken    bool      `json:"taken"`     // its receiver has said that it answers later; false: it was not reached yet
	Deadline time.Time `json:"deadline"`  // without an answer by then,
	Max      time.Time `json:"max_until"` // or with heartbeats by then,
	After    string    `json:"otherwise"` // this counts as its answer
}

// hookStatus is the hook that the instance in this phase waits for; nil: it waits for
// none, or has not asked it yet. in.mu must be held.
func (c *Crew) hookStatus(in *instance, phase Phase) *HookStatus {
	at := pointOf(phase)
	if at == "" {
		return nil
	}
	hook, call := c.nextHook(&in.facts.Value, at)
	if hook == nil || !call.awaited() {
		return nil
	}
	return &HookStatus{
		ID: call.ID, Name: hook.Name, At: at, Since: call.Asked, Taken: !call.Taken.IsZero(), Deadline: call.Deadline, Max: call.Until, After: string(hook.Otherwise),
	}
}
