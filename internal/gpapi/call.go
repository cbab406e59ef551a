package gpapi

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

const (
	retriesMax    = 2
	backoffFirst  = time.Second      // the longest pause before the first retry; it doubles
	retryPauseMax = 30 * time.Second // a longer wait is left to the caller
)

// action is one of the API's actions, and what it is called for.
type action struct {
	name    string
	purpose purpose
}

func (a action) writes() bool { return a.purpose != poll }

// classUnanswered is what it means that the action may have reached the server
// and no readable answer came back.
func (a action) classUnanswered() cloud.Class {
	if a.writes() {
		return cloud.ClassUnknownOutcome
	}
	return cloud.ClassTransient
}

// account is what all callers of one set of credentials share.
type account struct {
	Options
	url    *url.URL
	budget *budget
}

func newAccount(options Options) (*account, error) {
	options = options.withDefaults()
	if err := options.validate(); err != nil {
		return nil, fmt.Errorf("set up GP-API: %w", err)
	}
	endpoint, err := url.Parse(options.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("set up GP-API: %w", err)
	}
	return &account{Options: options, url: endpoint, budget: newBudget(options.CallsPerSecond)}, nil
}

// call carries out an action whose answer is a Response. A reading action is
// tried again after a passing failure, a writing action never.
func call[Response any](ctx context.Context, a *account, act action, request any) (Response, error) {
	var none Response
	params, err := encode(request)
	if err != nil {
		return none, &Error{Action: act.name, Class: cloud.ClassInvalid, Err: err}
	}
	for retries := 0; ; retries++ {
		response, failure := attempt[Response](ctx, a, act, params)
		if failure == nil {
			return response, nil
		}
		passing := failure.Class == cloud.ClassTransient || failure.Class == cloud.ClassThrottled
		if act.writes() || !passing || retries == retriesMax {
			return none, failure
		}
		if !a.pauseBeforeRetry(ctx, retries, failure.After) {
			return none, failure
		}
	}
}

// pauseBeforeRetry waits a random part of a span that doubles with each retry,
// after the wait that the server asked for. It reports false, without waiting,
// when that is longer than a caller should be kept.
func (a *account) pauseBeforeRetry(ctx context.Context, retries int, after time.Duration) bool {
	pause := after + time.Duration(a.Jitter()*float64(backoffFirst<<retries))
	deadline, ok := ctx.Deadline()
	if pause > retryPauseMax || ok && time.Until(deadline) <= pause {
		return false
	}
	return sleep(ctx, pause) == nil && ctx.Err() == nil
}

// attempt sends the action once, when the budget allows it.
func attempt[Response any](ctx context.Context, a *account, act action, params url.Values) (Response, *Error) {
	var response Response
	if err := a.budget.wait(ctx, act.purpose); err != nil {
		err = fmt.Errorf("wait for the account's call budget: %w", err)
		return response, &Error{Action: act.name, Class: cloud.ClassTransient, Err: err}
	}
	start := time.Now()
	failure := a.exchange(ctx, act, params, &response)
	class := cloud.ClassNone
	if failure != nil {
		class = failure.Class
	}
	a.Observe(act.name, class, time.Since(start))
	return response, failure
}
