package fleet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// preflight asks, and fails when that changed anything.
func (w *world) preflight() fleet.Preflight {
	w.t.Helper()
	before := w.changesTotal()
	result, err := w.fleet.Preflight(w.t.Context(), groupName)
	must(w.t, err)
	if w.changesTotal() != before {
		w.t.Error("asking changed something")
	}
	return result
}

// firstLimit is the first check that is not passed.
func firstLimit(p fleet.Preflight) actions.Check {
	for _, check := range p.Checks {
		if check.State != actions.CheckOK {
			return check
		}
	}
	return actions.Check{}
}

func TestTheFirstLimitIsNamedBeforeTheFirstFailingCall(t *testing.T) {
	for name, c := range map[string]struct {
		setting setting
		before  func(w *world)
		check   string // that is the first not to pass; empty: all do
		why     string
		reach   int // instances
		serve   int // when load asks for six; those that serve already go on in any case
	}{
		"nothing":                 {setting{}, func(*world) {}, "", "", 6, 6},
		"the template runs":       {setting{}, func(w *world) { turnOnByHand(w.t, w, template); time.Sleep(2 * time.Minute) }, "template", "stop", 2, 2},
		"the pool takes no more":  {setting{nodesMax: 3}, func(*world) {}, "pool gl00000001/web", "3 nodes", 2, 2},
		"the pool takes one":      {setting{nodesMax: 4}, func(*world) {}, "pool gl00000001/web", "takes 4", 3, 3},
		"the account has no room": {setting{machinesMax: 4}, func(*world) {}, "machines", "machines_max", 2, 2},
		"the account has room for two, the pool for three": {setting{machinesMax: 6, nodesMax: 6}, func(*world) {}, "machines", "machines_max", 4, 4},
		"the key may not do it": {setting{}, func(w *world) {
			w.inject(gpsim.Fault{Action: "GetGpServiceCodeList", Kind: gpsim.FaultAnswer, Status: 403, Count: 1000})
		}, "access", "403", 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.setting
			s.delays, s.orderMax = brief().delays, 20
			tell(t, s, func(t *testing.T, w *world) {
				w.until("two serve", time.Minute, w.atRest(2, 0))
				c.before(w)
				p := w.preflight()
				limit := firstLimit(p)
				if limit.Name != c.check || !strings.Contains(limit.Why, c.why) || p.Reachable != c.reach || p.Active != 2 || p.Max != 6 {
					t.Errorf("the first limit is %+v, of %+v", limit, p)
				}
				w.load.set(600)
				w.until("as many serve as there is room for", time.Hour, func() bool { return w.serving() == c.serve && w.account.Pending(groupName) == 0 })
				w.always("it stays so", 30*time.Minute, func() bool { return w.serving() == c.serve })
				failed := 0
				for _, call := range w.sim.Books().Calls {
					if !call.Effect && call.ErrorType != "" {
						failed++
					}
				}
				if failed > 0 {
					t.Errorf("%d changing calls failed", failed)
				}
				if len(w.bought()) != c.serve-2 {
					t.Errorf("bought %v", w.bought())
				}
				if trouble := w.account.Trouble(); c.why != "" && !strings.Contains(trouble, c.why) {
					t.Errorf("the account's trouble is %q", trouble)
				}
			})
		})
	}
}

func TestALostOrderIsTheFirstLimit(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		id := w.loseOrder(true)
		if limit := firstLimit(w.preflight()); limit.Name != "orders" || !strings.Contains(limit.Why, id) {
			t.Errorf("the first limit is %+v", limit)
		}
	})
}

func TestWhatStandsByCountsAsReachableWithoutRoomForMachines(t *testing.T) {
	s := brief()
	s.more, s.machinesMax = 2, 6
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", time.Minute, w.atRest(4, 0))
		w.load.set(300)
		w.until("one stands by", 20*time.Minute, w.atRest(3, 1))
		if p := w.preflight(); p.Reachable != 4 || p.Active != 3 {
			t.Errorf("%+v", p)
		}
	})
}

func TestACheckThatCouldNotBeMadeIsUnknownAndBlocksNoOther(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		w.fuse.set(func(f *fuse) { f.cut = true })
		p := w.preflight()
		for _, check := range p.Checks {
			if check.Name != "orders" && check.Name != "machines" && check.State != actions.CheckUnknown {
				t.Errorf("%+v", check)
			}
		}
		if len(p.Checks) < 5 {
			t.Errorf("only %d checks were made", len(p.Checks))
		}
	})
}

func TestThereIsNoPreflightOfAGroupThatDoesNotAct(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		if _, err := w.fleet.Preflight(t.Context(), "batch"); err == nil {
			t.Error("there is no error")
		}
	})
}
