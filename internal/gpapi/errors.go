package gpapi

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

// Error says why an action failed. [cloud.ClassOf] and [cloud.AfterOf] see its
// Class and After. ErrorType and Message are the server's own words, free of
// secrets and cut to textMaxBytes; the API's vocabulary is not published, so
// nothing is decided on them.
type Error struct {
	Action     string
	HTTPStatus int    // 0 when there was no answer
	ErrorType  string // empty when the answer had no readable ErrorResponse
	Message    string
	RequestID  string
	Class      cloud.Class
	After      time.Duration // the wait that the server asked for, up to an hour; 0 when it did not
	Ahead      time.Duration // how far this machine's clock is ahead of the server's, as in [Options].Skew
	Err        error         // what went wrong, when it was not an ErrorResponse; else nil
}

func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: ", e.Action)
	if e.HTTPStatus != 0 {
		fmt.Fprintf(&text, "HTTP status %d", e.HTTPStatus)
	}
	if e.HTTPStatus != 0 && e.Err != nil {
		text.WriteString(": ")
	}
	if e.Err != nil {
		text.WriteString(e.Err.Error())
	}
	if e.ErrorType != "" || e.Message != "" {
		fmt.Fprintf(&text, ": %q: %q", e.ErrorType, e.Message)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&text, " (RequestId %q)", e.RequestID)
	}
	if e.HTTPStatus >= 400 && e.HTTPStatus < 500 && e.Ahead != 0 {
		fmt.Fprintf(&text, ": %s", skewText(e.Ahead))
	}
	if e.HTTPStatus == 0 && e.Class == cloud.ClassInvalid {
		return text.String() // nothing was sent, and it says why
	}
	return text.String() + ": " + e.advice()
}

// Unwrap returns the cause, nil when the server's refusal is the cause.
func (e *Error) Unwrap() error { return e.Err }

// As lets [cloud.ClassOf] and its kin find the class.
func (e *Error) As(target any) bool {
	classed, ok := target.(**cloud.Error)
	if ok {
		*classed = &cloud.Error{Class: e.Class, After: e.After, Err: e}
	}
	return ok
}

// advice is what to do next.
func (e *Error) advice() string {
	switch {
	case e.HTTPStatus == http.StatusUnauthorized:
		return "check access_key and secret_key of the provider, and the clock of this machine"
	case e.HTTPStatus >= 300 && e.HTTPStatus < 400:
		return "the API does not redirect, so check the endpoint of the provider"
	}
	switch e.Class {
	case cloud.ClassDenied:
		return "use an access key that may operate this service group"
	case cloud.ClassNotFound:
		return "check the service codes and the endpoint of the provider"
	case cloud.ClassConflict:
		return "look at the machine's state and try again when it allows the action"
	case cloud.ClassThrottled:
		return "lower calls_per_second of the provider"
	case cloud.ClassTransient:
		if e.Err != nil {
			return "it had no effect and can be tried again; if it lasts, check the endpoint and the network"
		}
		return "it had no effect and can be tried again"
	case cloud.ClassUnknownOutcome:
		return "it may have had its effect, so look before doing it again"
	default:
		return "check the parameters, the account's limits, and whether the machine's state allows the action"
	}
}

// classOfRefusal is the class of an answer that is no success. One that all the same
// has what a success has may have had its effect.
func classOfRefusal(status int, a *action, content envelope) cloud.Class {
	if _, both := content[a.name+"Response"]; both {
		return a.classUnanswered()
	}
	return classOfStatus(status, a)
}

// classOfStatus is the class of an answer that is no success. GP-API's statuses
// are few; which belongs to which mistake is not published.
func classOfStatus(status int, a *action) cloud.Class {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return cloud.ClassDenied
	case status == http.StatusNotFound:
		return cloud.ClassNotFound
	case status == http.StatusConflict:
		return cloud.ClassConflict
	case status == http.StatusTooManyRequests:
		return cloud.ClassThrottled
	case status == http.StatusSeeOther && a.writes(): // it is said after the effect
		return cloud.ClassUnknownOutcome
	case status >= 300 && status < 500 && status != http.StatusRequestTimeout:
		return cloud.ClassInvalid
	default:
		return a.classUnanswered()
	}
}
