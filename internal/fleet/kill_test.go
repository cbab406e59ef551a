package fleet_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/raced"
)

// quick is a short day: from an order to serving it takes some three minutes, and
// the paid day ends after twenty.
func quick() setting {
	return setting{
		standby: 1, interval: time.Minute, moving: 20 * time.Second, idle: 3 * time.Minute, glance: 5 * time.Second,
		stabilization: time.Minute, settleWindow: 2 * time.Minute, dayLeft: 20 * time.Minute, releaseBefore: 5 * time.Minute,
		delays: gpsim.Delays{
			Prepare: 40 * time.Second, EarlyStatus: 5 * time.Second, Clone: 50 * time.Second, Configure: 10 * time.Second,
			Start: 20 * time.Second, Stop: 20 * time.Second, StaleRead: 10 * time.Second,
		},
	}
}

// growAndShrink is a story in which every step is taken: two machines are bought,
// serve, and come back; one stands by, the other is released. step is called
// at every glance.
func (w *world) growAndShrink(step func()) {
	reach := func(what string, limit time.Duration, reached func() bool) {
		w.t.Helper()
		w.until(what, limit, func() bool {
			step()
			return reached()
		})
	}
	reach("the marked machines are adopted", time.Minute, w.atRest(2, 0))
	w.load.set(400)
	reach("four serve", 20*time.Minute, w.atRest(4, 0))
	w.load.set(200)
	reach("two serve, and two stand by or are released", 10*time.Minute, func() bool { return w.serving() == 2 && w.status().Becoming == 0 })
	reach("one stands by, and the other is gone", time.Hour, w.atRest(2, 1))
}

// TestAProcessMayDieAtAnyMomentOfGrowingAndShrinking kills it at every commit and
// every changing call, before and after it takes effect, and lets another carry on.
func TestAProcessMayDieAtAnyMomentOfGrowingAndShrinking(t *testing.T) {
	t.Parallel()
	boundaries := 0
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, quick())
		w.start()
		w.growAndShrink(func() {})
		boundaries = w.fuse.passed
		w.judge(2)
	})
	for at := 1; at <= boundaries; at++ {
		for _, side := range []string{"before", "after"} {
			if raced.Passes(8) {
				continue
			}
			t.Run(fmt.Sprintf("%s boundary %d of %d", side, at, boundaries), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, quick())
					w.fuse.arm(at, side == "after")
					w.liveOn(func() {})
				})
			})
		}
	}
}

// TestAProcessMayDieAgainAndAgain kills at random boundaries, the successors as well.
func TestAProcessMayDieAgainAndAgain(t *testing.T) {
	t.Parallel()
	begin := rand.Uint64()
	for i := range uint64(15) {
		seed := begin + i
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 0))
				w := newWorld(t, quick())
				lives := 12
				arm := func() {
					if lives--; lives > 0 {
						w.fuse.arm(1+random.IntN(40), random.IntN(2) == 0)
					}
				}
				arm()
				w.liveOn(arm)
			})
		})
	}
}

// liveOn lets processes grow and shrink the group until it is at rest, each
// carrying on where the one before died, and judges the end. successor is called
// before each of them starts.
func (w *world) liveOn(successor func()) {
	w.start()
	w.growAndShrink(func() { w.succeed(successor) })
	w.judge(2)
}

// succeed starts another process if the living one died. successor is called before.
func (w *world) succeed(successor func()) {
	if w.fuse.isBlown() {
		w.kill()
		w.fuse.arm(0, false)
		successor()
		w.start()
	}
}

// judge compares what the process believes at rest with the cloud's books.
func (w *world) judge(bought int) {
	w.t.Helper()
	books := w.sim.Books()
	var known, serving, billed []string
	var nodes []netip.AddrPort
	for _, in := range w.status().Instances {
		known = append(known, in.Code)
		if in.Goal == policy.InService {
			serving = append(serving, in.Code)
			nodes = append(nodes, netip.AddrPortFrom(w.machine(in.Code).Address, poolPort))
		}
	}
	for _, m := range books.ActiveMachines(w.now()) {
		if m.Code != template && m.Code != foreign {
			billed = append(billed, m.Code)
		}
	}
	if !slices.Equal(known, billed) {
		w.t.Errorf("machines that cost money: %v, on record: %v", billed, known)
	}
	if codes := w.bought(); len(codes) != bought {
		w.t.Errorf("bought %v, and %d were wanted", codes, bought)
	}
	pool := slices.DeleteFunc(slices.Clone(w.pool), func(n netip.AddrPort) bool { return n.Addr() == w.machine(foreign).Address })
	slices.SortFunc(pool, netip.AddrPort.Compare)
	slices.SortFunc(nodes, netip.AddrPort.Compare)
	if !slices.Equal(pool, nodes) {
		w.t.Errorf("in the pool: %v, serving: %v at %v", pool, serving, nodes)
	}
	w.end()
	if w.t.Failed() {
		w.t.Log(fmt.Sprint(books.Calls))
	}
}
