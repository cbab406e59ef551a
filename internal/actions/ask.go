package actions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// HookReceiver is the other end of a hook.
type HookReceiver interface {
	// Ask tells the receiver of a call, and returns its answer: continue, abandon or wait.
	// A call may be told several times.
	Ask(ctx context.Context, request HookRequest) (HookAnswer, error)

	// Token is what the receiver shows when it answers the call with this ID later.
	Token(id string) string
}

// HookRequest is what the receiver of a hook is told. The receiver adds how it can answer.
type HookRequest struct {
	ID       string      `json:"id"` // of the call; the same when it is repeated
	Hook     string      `json:"hook"`
	At       HookPoint   `json:"at"`
	Group    string      `json:"group"`
	Instance string      `json:"instance"` // its code
	Address  string      `json:"address"`  // its private address
	Goal     policy.Goal `json:"goal"`
	Deadline time.Time   `json:"deadline"`
	Until    time.Time   `json:"max_until"`
	Attempt  int         `json:"attempt"`  // from 1; from 2 on the call may have been received before
	Callback string      `json:"callback"` // where a later answer is sent to
	Token    string      `json:"token"`    // and what it shows

	Now time.Time `json:"-"` // for the signature
}

// HookAnswer is what the receiver of a hook says, at once or later.
type HookAnswer struct {
	Action HookAction `json:"action"`
	Why    string     `json:"why,omitempty"` // for people; at most 500 characters are kept
}

// hookTimeout is the outcome of a hook without an answer.
const hookTimeout = "timeout"

// askTimeout is how long a receiver may take to say at least that it answers later.
const askTimeout = 30 * time.Second

// hookWaits says whether there is nothing to ask just now: until due, if that is not
// zero. in.mu must be held.
func (c *Crew) hookWaits(in *instance, phase Phase) (waits bool, due time.Time) {
	_, call := c.nextHook(&in.facts.Value, pointOf(phase))
	if call == nil {
		return false, time.Time{}
	}
	return !call.Taken.IsZero() && c.Now().Before(call.Deadline), call.Deadline
}

// ask asks the hook that the instance waits for. After the deadline of its call it
// gives it up.
func (c *Crew) ask(ctx context.Context, in *instance) (bool, error) {
	hook, request, err := c.beginCall(in)
	if err != nil || hook == nil {
		return false, err
	}
	left := request.Deadline.Sub(c.Now())
	if left <= 0 {
		in.mu.Lock()
		defer in.mu.Unlock()
		why := fmt.Sprintf("no answer within %v", request.Deadline.Sub(in.facts.Value.call(hook).Asked).Round(time.Second))
		return true, c.conclude(in, hook, HookAnswer{hook.Otherwise, why}, hookTimeout)
	}
	ctx, cancel := context.WithTimeout(ctx, min(askTimeout, left))
	defer cancel()
	answer, err := hook.Receiver.Ask(ctx, request)
	if err == nil && answer.Action != HookContinue && answer.Action != HookAbandon && answer.Action != HookWait {
		err = cloud.Errorf(cloud.ClassInvalid, "hook %s answered with the unknown action %q", hook.Name, answer.Action)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	call := in.facts.Value.call(hook)
	switch {
	case call == nil || call.ID != request.ID || !call.awaited():
		return true, nil // it was answered meanwhile, or is not asked any more
	case err != nil:
		return false, err
	case answer.Action == HookWait:
		return true, c.changeCall(in, hook, func(call *HookCall) { call.Taken = c.Now() })
	default:
		return true, c.conclude(in, hook, answer, string(answer.Action))
	}
}

// beginCall puts the next call on record, unless it is there already, and returns its hook
// with what to tell its receiver. Without a hook there is nothing to ask.
func (c *Crew) beginCall(in *instance) (*Hook, HookRequest, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	f, phase := &in.facts.Value, c.phase(in)
	if Next(in.goal.Value.Goal, phase) != StepHook || f.Quarantine != nil {
		return nil, HookRequest{}, nil
	}
	hook, call := c.nextHook(f, pointOf(phase))
	if call != nil && (!call.awaited() || !call.Taken.IsZero() && !call.overdue(c.Now())) {
		return nil, HookRequest{}, nil
	}
	in.detail = hook.Name
	attempt := max(2, in.failures+1)
	if call == nil {
		now := c.Now()
		begun := HookCall{
			ID: in.code + "-" + hook.Name + "-" + now.UTC().Format("20060102T150405.000000000"), Hook: hook.Name, At: hook.At,
			Asked: now, Deadline: now.Add(hook.Timeout), Until: now.Add(hook.Max),
		}
		before := *f
		f.setCall(begun)
		if err := c.write(in, before); err != nil {
			return nil, HookRequest{}, err
		}
		call, attempt = &begun, 1
	}
	return hook, HookRequest{
		ID: call.ID, Hook: hook.Name, At: hook.At, Group: c.Group, Instance: in.code, Address: f.Address.String(), Goal: in.goal.Value.Goal,
		Deadline: call.Deadline, Until: call.Until, Attempt: attempt, Now: c.Now(),
	}, nil
}

// changeCall changes the hook's call, and writes it. in.mu must be held.
func (c *Crew) changeCall(in *instance, hook *Hook, change func(*HookCall)) error {
	before, call := in.facts.Value, *in.facts.Value.call(hook)
	change(&call)
	in.facts.Value.Hooks = slices.Clone(before.Hooks)
	*in.facts.Value.call(hook) = call
	return c.write(in, before)
}

// conclude writes what the hook wants, or is taken to want. in.mu must be held.
func (c *Crew) conclude(in *instance, hook *Hook, answer HookAnswer, outcome string) error {
	answer.Why = printable(answer.Why)
	if err := c.changeCall(in, hook, func(call *HookCall) { call.Action, call.Why = answer.Action, answer.Why }); err != nil {
		return err
	}
	took := c.Now().Sub(in.facts.Value.call(hook).Asked)
	c.Metrics.hook(c.Group, hook.At, outcome, took)
	log := c.Log.Info
	if outcome != string(HookContinue) {
		log = c.Log.Warn
	}
	log("hook", zap.String("instance", in.code), zap.String("hook", hook.Name), zap.String("at", string(hook.At)), zap.String("outcome", outcome),
		zap.String("action", string(answer.Action)), zap.String("why", answer.Why), zap.Duration("took", took.Round(time.Millisecond)))
	return nil
}

// printable is what a stranger says, in one line of at most 500 characters.
func printable(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > 500 {
		text = string(runes[:499]) + "…"
	}
	return text
}

// untilDeadline shortens a pause that would go beyond the deadline of the hook which
// the instance asks. in.mu must be held.
func (c *Crew) untilDeadline(in *instance, pause time.Duration) time.Duration {
	if in.step != StepHook {
		return pause
	}
	if _, call := c.nextHook(&in.facts.Value, pointOf(c.phase(in))); call.awaited() {
		pause = max(time.Millisecond, min(pause, call.Deadline.Sub(c.Now())))
	}
	return pause
}
