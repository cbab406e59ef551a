package gpapi

import (
	"context"
	"fmt"
	"hash"
	"net/url"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

const (
	retriesMax    = 2
	backoffFirst  = time.Second      // the longest pause before the first retry; it doubles
	retryPauseMax = 30 * time.Second // a longer wait is left to the caller
)

// account is what all callers of one set of credentials share.
type account struct {
	Options
	url     *url.URL
	newHash func() hash.Hash // of the signature
	late    error            // why an attempt is given up
	budget  *budget
	clock   clock
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
	return &account{
		Options: options,
		url:     endpoint,
		newHash: signatureMethods[options.SignatureMethod],
		late:    fmt.Errorf("no whole answer within %v: %w", options.CallTimeout, context.DeadlineExceeded),
		budget:  newBudget(options.CallsPerSecond),
		clock:   clock{tell: options.Skew},
	}, nil
}

func (a *account) inXML() bool { return a.url.Path == pathXML }

// send carries out an action and reads its answer into response, a pointer. A
// reading action is tried again after a passing failure, a writing action never.
func (a *account) send(ctx context.Context, act *action, params []pair, response any) error {
	for retries := 0; ; retries++ {
		failure := a.attempt(ctx, act, params, response)
		if failure == nil {
			return nil
		}
		passing := failure.Class == cloud.ClassTransient || failure.Class == cloud.ClassThrottled
		if act.writes() || !passing || retries == retriesMax {
			return failure
		}
		if !a.pauseBeforeRetry(ctx, retries, failure.After) {
			return failure
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
func (a *account) attempt(ctx context.Context, act *action, params []pair, response any) *Error {
	if err := a.budget.wait(ctx, act.purpose); err != nil {
		err = fmt.Errorf("wait for the account's call budget: %w", err)
		return &Error{Action: act.name, Class: cloud.ClassTransient, Err: err}
	}
	start := time.Now()
	failure := a.exchange(ctx, act, params, response)
	class := cloud.ClassNone
	if failure != nil {
		class = failure.Class
	}
	a.Observe(act.name, class, time.Since(start))
	return failure
}
