package fleet_test

import (
	"testing"
	"time"
)

// TestASuccessorActsWithinASecondOfItsFirstLook kills the process at every step of a
// launch, and measures how long the next one takes to go on from its first complete
// look at the cloud.
func TestASuccessorActsWithinASecondOfItsFirstLook(t *testing.T) {
	for _, action := range []string{"SetLabel", "AttachFwLb", "ImportRootSshPublicKey", "StartVirtualMachine", "AddLbNode"} {
		t.Run("before "+action, func(t *testing.T) {
			tell(t, setting{}, func(t *testing.T, w *world) {
				w.load.set(300)
				died := false
				w.fuse.set(func(f *fuse) {
					f.onCall = func(called string) {
						if called == action && !died {
							died = true
							w.fuse.set(func(f *fuse) { f.blown = true })
						}
					}
				})
				w.until("it dies", 30*time.Minute, w.fuse.isBlown)
				w.kill()
				time.Sleep(5 * time.Minute) // reads lag no more
				w.fuse.arm(0, false)
				before := len(w.sent)
				w.start()
				w.until("it goes on", time.Hour, func() bool { return w.count(action) > 0 })
				looked, acted := time.Time{}, time.Time{}
				for _, call := range w.sent[before:] {
					if call.action == "DescribeLb" && looked.IsZero() {
						looked = call.at
					}
					if changing[call.action] && acted.IsZero() {
						acted = call.at
					}
				}
				probing := 2 * probeInterval // it must answer again before it joins
				if took := acted.Sub(looked); took > time.Second && (action != "AddLbNode" || took > time.Second+probing) {
					t.Errorf("it acted %v after its first look", took)
				}
			})
		})
	}
}
