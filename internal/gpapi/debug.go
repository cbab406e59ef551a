package gpapi

import (
	"fmt"
	"time"
)

// debugRequest tells what is about to be sent.
func (a *account) debugRequest(signed signedRequest) {
	if a.Debug != nil {
		a.Debug(fmt.Sprintf("%s %s: string to sign:\n%s", a.Method, a.url.Path, a.newCleaner(signed).hide(signed.stringToSign)))
	}
}

// debugAnswer tells what came back, and after which time.
func (a *account) debugAnswer(signed signedRequest, status int, body []byte, took time.Duration) {
	if a.Debug != nil {
		a.Debug(fmt.Sprintf("%s %s: status %d after %v: %s", a.Method, a.url.Path, status, took, a.newCleaner(signed).clean(string(body))))
	}
}

// debugFailure tells that nothing came back.
func (a *account) debugFailure(signed signedRequest, err error, took time.Duration) {
	if a.Debug != nil {
		a.Debug(fmt.Sprintf("%s %s: no answer after %v: %s", a.Method, a.url.Path, took, a.newCleaner(signed).clean(err.Error())))
	}
}
