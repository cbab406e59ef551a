package actions

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
)

// ErrNoHookCall is the error for an answer to a call of a hook that is not on record,
// or whose token is another: who asks learns not which.
var ErrNoHookCall = errors.New("no hook is awaited under this id and token: it was answered or given up long ago, or the two are wrong")

// InvalidAnswerError is the error for an answer to a hook that means nothing.
type InvalidAnswerError struct{ Action HookAction }

func (e InvalidAnswerError) Error() string {
	return fmt.Sprintf("a hook cannot be answered with %q: answer %s, %s or %s", e.Action, HookContinue, HookAbandon, HookHeartbeat)
}

// AnswerHook takes over what the receiver of a hook says later of the call with this ID.
// Without an error the answer is on record; the same again changes nothing. Otherwise the error
// is ErrNoHookCall, an InvalidAnswerError, a RefusedError, or why it cannot be written.
func (c *Crew) AnswerHook(id, token string, answer HookAnswer) error {
	if !c.OpensHook(id, token) { // before anything is looked for: anybody may try
		return ErrNoHookCall
	}
	in, hook := c.called(id)
	if in == nil {
		return ErrNoHookCall
	}
	defer in.mu.Unlock()
	if !hook.opens(id, token) {
		return ErrNoHookCall
	}
	if err := c.takeAnswer(in, hook, answer); err != nil {
		return err
	}
	in.retryAt = time.Time{}
	c.mu.Lock()
	c.ended = append(c.ended, in)
	c.mu.Unlock()
	c.nudge()
	return nil
}

// OpensHook says whether the token is that of a call with this ID, if there was one. It looks at no
// machine.
func (c *Crew) OpensHook(id, token string) bool {
	return slices.ContainsFunc(c.Hooks, func(h Hook) bool { return h.opens(id, token) })
}

func (h *Hook) opens(id, token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(h.Receiver.Token(id))) == 1
}

// called finds the instance for which the hook with this call was asked, and leaves it
// locked.
func (c *Crew) called(id string) (*instance, *Hook) {
	for _, in := range c.sorted() {
		in.mu.Lock()
		calls := in.facts.Value.Hooks
		if i := slices.IndexFunc(calls, func(call HookCall) bool { return call.ID == id }); i >= 0 && !in.dropped {
			if hook := c.hook(&calls[i]); hook != nil {
				return in, hook
			}
		}
		in.mu.Unlock()
	}
	return nil, nil
}

// takeAnswer writes an answer down that was authenticated. in.mu must be held.
func (c *Crew) takeAnswer(in *instance, hook *Hook, answer HookAnswer) error {
	call, now := in.facts.Value.call(hook), c.Now()
	switch action := answer.Action; {
	case action != HookContinue && action != HookAbandon && action != HookHeartbeat:
		return InvalidAnswerError{action}
	case !call.awaited() && action == call.Action:
		return nil
	case !call.awaited():
		return refuse("hook %s of %s is not awaited any more: it is %s: %s", hook.Name, in.code, call.Action, call.Why)
	case action != HookHeartbeat:
		return c.conclude(in, hook, answer, string(action))
	case !now.Before(call.Until):
		return refuse("hook %s of %s was awaited for %v, and no heartbeat lengthens that: answer %s or %s", hook.Name, in.code, hook.Max, HookContinue, HookAbandon)
	}
	deadline := now.Add(hook.Timeout)
	if deadline.After(call.Until) {
		deadline = call.Until
	}
	c.Log.Debug("heartbeat", zap.String("instance", in.code), zap.String("hook", hook.Name), zap.Time("deadline", deadline))
	return c.changeCall(in, hook, func(call *HookCall) {
		call.Deadline = deadline
		if call.Taken.IsZero() {
			call.Taken = now
		}
	})
}
