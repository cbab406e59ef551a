package fleet_test

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

// tape is a history in memory.
type tape []history.Entry

func (t *tape) take(at time.Time, kind byte, payload []byte) bool {
	*t = append(*t, history.Entry{Stream: groupName, Number: uint64(len(*t) + 1), At: at.UTC(), Kind: kind, Payload: slices.Clone(payload)})
	return true
}

// play lets each have the entries in their order.
func (t *tape) play(each func(history.Entry, error) bool) {
	for _, entry := range *t {
		if !each(entry, nil) {
			return
		}
	}
}

// Instances that warm up carry their part of the load, and each shows less for it: who did
// not count them would take that for a load that fell.
func TestAForecastSeesTheWholeLoadWhileInstancesWarmUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var rise time.Time
		needed := func(now time.Time) float64 { // in full instances
			if now.Before(rise) {
				return 1.8
			}
			return 3.4
		}
		var kept tape
		s := quick()
		s.warmUp, s.dayLeft, s.rules, s.record = 5*time.Minute, 20*time.Hour, foreseeing(), kept.take
		s.rules[0].Forecast.Each = true
		w := newWorld(t, s)
		w.past = remembering(14, func(time.Time) float64 { return 180 }, w.now)
		w.load.change(func(l *load) {
			l.curve = func(now time.Time) float64 { return 100 * needed(now) / float64(w.poolSize()-1) } // all but the foreign one
		})
		rise = w.now().Add(20*time.Minute + 30*time.Second)
		w.start()
		w.until("four serve", time.Hour, func() bool { return w.serving() == 4 })
		time.Sleep(w.warmUp + 5*time.Minute)
		w.end()

		decisions := map[int]int{} // by how many instances warmed up
		for item, err := range record.Read(kept.play) {
			must(t, err)
			in, want := &item.Inputs, needed(item.At)
			taken, _, ok := item.Spec.Policies[0].Forecast.Load(in)
			seen := in.Outlooks[0].Load
			if !ok || math.Abs(taken-want) > 0.001 || math.Abs(seen-want) > 0.001 {
				t.Errorf("at %s the load was %v; it was taken for %v, and the forecast saw %v, while %d were on their way, %d of which served",
					item.At.Format(time.TimeOnly), want, taken, seen, in.Becoming, in.Settling)
			}
			decisions[in.Settling]++
		}
		if decisions[0] < 5 || decisions[2] < 8 {
			t.Errorf("so many instances warmed up in so many decisions: %v", decisions)
		}
	})
}
