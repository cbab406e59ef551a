// Package soak proves that nothing grows: not over a month of virtual time, in which
// a fleet lives through a day's load every day, faults and crashes, and not from test
// to test, since every package with tests ends them with goleak.
package soak

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
