package binary

import (
	"testing"
	"time"
)

// How long states are waited for. They bound failures; successes take a fraction.
const (
	soon = 30 * time.Second // one process starting or ending, one reading, one decision
	late = 90 * time.Second // machines ordered and brought to serve, load averages
)

const lookEvery = 50 * time.Millisecond

// eventually waits until check returns nil, and fails the test after bound with
// what check said last.
func eventually(t *testing.T, bound time.Duration, what string, check func() error) {
	t.Helper()
	var err error
	deadline := time.Now().Add(bound)
	for ticker := time.Tick(lookEvery); ; <-ticker {
		if err = check(); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v: %v", what, bound, err)
		}
	}
}
