package fleet_test

import (
	"testing"
	"time"
)

func TestAGroupLearnsHowLongItsBuildsTakeAndKeepsIt(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		if took := w.status().TimeToServe; took != 0 {
			t.Errorf("before the first build it is %s", took)
		}
		w.load.set(400)
		w.until("four serve", time.Hour, w.atRest(4, 0))
		w.until("it is learned", time.Minute, func() bool { return w.status().TimeToServe > 0 })
		took := w.status().TimeToServe
		if took < 5*time.Minute || took > time.Hour {
			t.Errorf("the builds took %s", took)
		}
		w.kill()
		w.start()
		w.until("it is decided again", time.Minute, func() bool { return !w.status().Decision.At.IsZero() })
		if again := w.status().TimeToServe; again != took {
			t.Errorf("after a restart it is %s, and was %s", again, took)
		}
	})
}
