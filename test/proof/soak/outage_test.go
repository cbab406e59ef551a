package soak

import (
	"testing"
	"testing/synctest"
	"time"
)

// The network fails for longer than stop_timeout right after a stop was asked
// for. When it is back the machine is found off, nothing is left to change, and the
// account counts as one that cannot be changed for ever: no group shrinks any more.
func TestAGroupShrinksAgainAfterAnOutageThatBeganWithAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		time.Sleep(8 * time.Hour) // five in the afternoon: the load has begun to fall
		stops := func() int { return w.cloud().Books().CallCounts["StopVirtualMachine"] }
		for n := stops(); stops() == n; {
			time.Sleep(time.Second)
		}
		w.cut.Store(true)
		time.Sleep(15 * time.Minute)
		w.cut.Store(false)
		w.until("rest", 14*time.Hour, w.atRest)
	})
}
