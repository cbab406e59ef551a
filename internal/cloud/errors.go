package cloud

import (
	"errors"
	"fmt"
	"time"
)

// Class says what an error means for whoever decides on repeating the call.
type Class uint8

// The classes of error.
const (
	ClassNone           Class = iota // no error
	ClassTransient                   // had no effect; try again after a while
	ClassThrottled                   // had no effect; try again after Error.After
	ClassQuota                       // a limit of the account is reached
	ClassCapacity                    // the provider has none left
	ClassConflict                    // the machine is in a state that does not allow the call
	ClassNotFound                    // the named thing does not exist
	ClassDenied                      // credentials or rights are missing
	ClassInvalid                     // the provider refuses the request as it is
	ClassUnknownOutcome              // it may or may not have had its effect
)

var classNames = [...]string{
	"none", "transient", "throttled", "quota", "capacity", "conflict", "not_found", "denied", "invalid", "unknown_outcome",
}

func (c Class) String() string { return classNames[c] }

// Classes lists every class that an error can have, for metrics that start at zero.
func Classes() []Class {
	classes := make([]Class, 0, len(classNames)-1)
	for c := ClassTransient; int(c) < len(classNames); c++ {
		classes = append(classes, c)
	}
	return classes
}

// Error is an error with a class.
type Error struct {
	Class Class
	After time.Duration // how long to wait at least; 0 unless the provider said so
	Err   error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error of the given class.
func Errorf(class Class, format string, args ...any) error {
	return &Error{Class: class, Err: fmt.Errorf(format, args...)}
}

// ClassOf returns the class of err: that of the nearest [Error] in its chain,
// and ClassUnknownOutcome for everything else (an ended context, say), since
// nothing is known of it. It is ClassNone for nil.
func ClassOf(err error) Class {
	if err == nil {
		return ClassNone
	}
	var classed *Error
	if errors.As(err, &classed) {
		return classed.Class
	}
	return ClassUnknownOutcome
}

// AfterOf returns how long the provider asked to wait; 0 when it did not.
func AfterOf(err error) time.Duration {
	var classed *Error
	if errors.As(err, &classed) {
		return classed.After
	}
	return 0
}
