package httpd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/record"
)

// Code says what kind of error an answer is, for programs.
type Code string

// The codes.
const (
	Unauthenticated Code = "unauthenticated" // nobody has said who asks
	Forbidden       Code = "forbidden"       // whoever asks may not
	NotFound        Code = "not_found"
	Invalid         Code = "invalid"     // the request cannot be read, or makes no sense
	Conflict        Code = "conflict"    // it contradicts an earlier one
	Refused         Code = "refused"     // it must not be done as things are
	TooLarge        Code = "too_large"   //
	TooMany         Code = "too_many"    // ask less often
	Unavailable     Code = "unavailable" // it cannot be done now: try again
	Timeout         Code = "timeout"     // what it waited for took too long
	Internal        Code = "internal"    // a fault of ours: the log has more
)

// Codes lists every code.
func Codes() []Code {
	return []Code{Unauthenticated, Forbidden, NotFound, Invalid, Conflict, Refused, TooLarge, TooMany, Unavailable, Timeout, Internal}
}

// statuses are what the codes are in HTTP, unless an error says otherwise.
var statuses = map[Code]int{
	Unauthenticated: http.StatusUnauthorized,
	Forbidden:       http.StatusForbidden,
	NotFound:        http.StatusNotFound,
	Invalid:         http.StatusBadRequest,
	Conflict:        http.StatusConflict,
	Refused:         http.StatusConflict,
	TooLarge:        http.StatusRequestEntityTooLarge,
	TooMany:         http.StatusTooManyRequests,
	Unavailable:     http.StatusServiceUnavailable,
	Timeout:         http.StatusGatewayTimeout,
	Internal:        http.StatusInternalServerError,
}

// Error is the body of every answer that is not a success, and the error of a [Client]'s call
// that was answered so.
type Error struct {
	Code   Code   `json:"code"`
	Text   string `json:"error"` // what is wrong, and what to do
	Status int    `json:"-"`     // of HTTP; 0: that of the code
}

func (e Error) Error() string { return e.Text }

func (e Error) status() int {
	if e.Status != 0 {
		return e.Status
	}
	return statuses[e.Code]
}

// invalid is the error for a request that cannot be read, or makes no sense.
func invalid(format string, args ...any) error {
	return Error{Code: Invalid, Text: fmt.Sprintf(format, args...)}
}

// problemOf is err as it is answered.
func problemOf(err error) Error {
	var own Error
	var tooLarge *http.MaxBytesError
	var unknown fleet.UnknownGroupError
	var noInstance fleet.UnknownInstanceError
	var noOrder fleet.UnknownOrderError
	var noDecision record.NoDecisionError
	var refused fleet.RefusedError
	var noAnswer actions.InvalidAnswerError
	switch {
	case errors.As(err, &own):
		return Error{own.Code, err.Error(), own.status()}
	case errors.As(err, &tooLarge):
		return Error{TooLarge, fmt.Sprintf("the request has more than %d bytes: send a smaller one", tooLarge.Limit), statuses[TooLarge]}
	case errors.As(err, &unknown), errors.As(err, &noInstance), errors.As(err, &noOrder), errors.As(err, &noDecision):
		return Error{NotFound, err.Error(), statuses[NotFound]}
	case errors.As(err, &noAnswer):
		return Error{Invalid, err.Error(), statuses[Invalid]}
	case errors.As(err, &refused):
		return Error{Refused, err.Error(), statuses[Refused]}
	case errors.Is(err, os.ErrDeadlineExceeded): // of the connection
		return Error{Timeout, "the request came too slowly: send it within 15 seconds", http.StatusRequestTimeout}
	case errors.Is(err, context.DeadlineExceeded):
		return Error{Timeout, err.Error(), statuses[Timeout]}
	default:
		return Error{Unavailable, err.Error(), statuses[Unavailable]}
	}
}

// fail answers with an error.
func fail(w http.ResponseWriter, err error) {
	p := problemOf(err)
	if p.Code == Unauthenticated && w.Header().Get("WWW-Authenticate") == "" {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	answer(w, p.Status, p)
}

// internal is the error for a fault of ours.
var internal = Error{Code: Internal, Text: "autoscaled has a fault here: its log says more; report it with autoscaled's version"}

// codeOf is the code of an answer that came without one.
func codeOf(status int) Code {
	for _, code := range Codes() {
		if statuses[code] == status {
			return code
		}
	}
	return Invalid
}
