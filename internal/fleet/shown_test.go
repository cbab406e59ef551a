package fleet_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// gauge is the sum of all series of a gauge.
func (w *world) gauge(name string) float64 {
	w.t.Helper()
	families, err := w.registry.Gather()
	must(w.t, err)
	sum := 0.0
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name {
				sum += metric.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func TestTheSeriesOfAGroupAreThereBeforeItsFirstDecision(t *testing.T) {
	for mode, recommend := range map[string]bool{"act": false, "recommend": true} {
		t.Run(mode, func(t *testing.T) {
			tell(t, setting{recommend: recommend}, func(t *testing.T, w *world) {
				decisions := exposition(t, w.registry, "autoscaled_decisions_total")
				for _, reason := range policy.Reasons() {
					if series := fmt.Sprintf("{direction=\"none\",group=\"web\",reason=%q} 0\n", reason); !strings.Contains(decisions, series) {
						t.Errorf("the metrics lack %s", series)
					}
				}
				expected := map[string]int{
					"autoscaled_group_held": len(policy.Holds()), "autoscaled_group_instances": len(actions.Phases()), "autoscaled_group_foreign_nodes": 1,
					"autoscaled_group_override": len(policy.OverrideKinds()), "autoscaled_group_time_to_serve_seconds": 1, "autoscaled_group_shadow_desired_instances": 1, "autoscaled_group_failing_instances": 1, "autoscaled_group_rollout_given_up": 1,
				}
				for name := range expected {
					if recommend {
						expected[name] = 0 // it does nothing that they could show
					}
				}
				expected["autoscaled_group_wakes_total"], expected["autoscaled_group_desired_instances"] = 1, 1
				for name, want := range expected {
					if shown := exposition(t, w.registry, name); strings.Count(shown, "group=\"web\"") != want {
						t.Errorf("want %d series of %s:\n%s", want, name, shown)
					}
				}
			})
		})
	}
}

// isShownIn says that the account is shown in the mode, and in no other.
func (w *world) isShownIn(mode actions.Doubt) bool {
	shown := exposition(w.t, w.registry, "autoscaled_account_mode")
	return strings.Contains(shown, fmt.Sprintf("mode=%q} 1\n", mode)) && strings.Count(shown, "} 1\n") == 1 &&
		strings.Count(shown, "} 0\n") == len(actions.Doubts())-1
}

func TestAnAccountIsBlindFromTheSecondLookThatItLacks(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.until("it can be trusted", time.Minute, func() bool { return w.isShownIn(actions.DoubtNone) })
		time.Sleep(5 * time.Minute)
		w.fuse.set(func(f *fuse) { f.cut = true })
		age := func() time.Duration { return w.now().Sub(w.fleet.Status().Accounts[0].LookedAt) }
		w.until("it is blind", 10*time.Minute, func() bool { return w.mode() == actions.DoubtBlind })
		if got := age(); got < 2*w.idle || got > 2*w.idle+w.interval+2*w.glance {
			t.Errorf("it is blind after %v, and looks every %v", got, w.idle)
		}
		if !w.isShownIn(actions.DoubtBlind) {
			t.Errorf("the metrics show %s", exposition(t, w.registry, "autoscaled_account_mode"))
		}
		time.Sleep(5 * time.Minute)
		why := w.fleet.Status().Accounts[0].ModeWhy
		span, reason, _ := strings.Cut(strings.TrimPrefix(why, "the last look that succeeded began "), " ago: ")
		said, err := time.ParseDuration(span)
		if now := age(); err != nil || said > now+time.Second || said < now-w.interval-time.Second || !strings.Contains(reason, errNoRoute.Error()) {
			t.Errorf("after %v it says %q", now, why)
		}
		w.fuse.set(func(f *fuse) { f.cut = false })
		w.until("it can be trusted again", 5*time.Minute, func() bool { return w.isShownIn(actions.DoubtNone) })
		if why := w.fleet.Status().Accounts[0].ModeWhy; why != "" {
			t.Errorf("it still says %q", why)
		}
	})
}

func TestOnlyInstancesThatAreToServeCountAsFailing(t *testing.T) {
	s := brief()
	s.more = 1
	tell(t, s, func(t *testing.T, w *world) {
		const failing = "autoscaled_group_failing_instances"
		w.load.set(300)
		w.until("three serve", time.Minute, w.atRest(3, 0))
		time.Sleep(3 * time.Minute)
		if shown := w.gauge(failing); shown != 0 {
			t.Errorf("%v are shown as failing, and all answer", shown)
		}
		w.ail(second)
		w.until("it is shown as failing", 10*time.Minute, func() bool { return w.gauge(failing) == 1 })
		w.until("another serves in its place", 30*time.Minute, func() bool {
			if shown := w.gauge(failing); shown > 1 {
				t.Fatalf("%v are shown as failing", shown)
			}
			return w.atRest(3, 1)()
		})
		time.Sleep(3 * time.Minute)
		if shown := w.gauge(failing); shown != 0 {
			t.Errorf("%v are shown as failing, and those that serve answer", shown)
		}
	})
}

func TestASignalWithoutAValueSaysWhy(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.until("it decided", time.Minute, func() bool { return !w.status().Decision.At.IsZero() })
		if says := w.status().Decision.Policies; !slices.Equal(says, []string{"target/load wants 2: load is 200, target 100"}) {
			t.Errorf("the policies say %q", says)
		}
		w.load.lose()
		w.load.change(func(l *load) {
			l.faults = []monitor.Fault{{Signal: "load", Why: policy.Failed, Err: errors.New("timed out")}, {Signal: "load", Why: policy.Failed, Err: errors.New("and again")}}
		})
		w.until("the value is missing", time.Minute, func() bool { return w.status().Signals[0].Value == nil })
		if why := w.status().Signals[0].Why; why != "failed: timed out" {
			t.Errorf("it says %q", why)
		}
		if says := w.status().Decision.Policies; !slices.Equal(says, []string{"target/load cannot tell: load is failed"}) {
			t.Errorf("the policies say %q", says)
		}
	})
}

func TestAPreflightAsksForExactlyWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		more, serve     int // beside the two, and when the load is settled; the others stand by
		nodes, machines int // that there may be
		limit           string
		reach           int
	}{
		"just enough room in the pool":        {0, 2, 7, 0, "", 6},
		"just enough room in the account":     {0, 2, 0, 8, "", 6},
		"one too few":                         {0, 2, 0, 7, "machines", 5},
		"nothing is missing":                  {4, 6, 7, 8, "", 6},
		"what stands by is not bought":        {4, 4, 0, 8, "", 6},
		"what stands by lacks one":            {3, 4, 0, 8, "", 6},
		"what stands by lacks one, no room":   {3, 4, 0, 7, "machines", 5},
		"more stands by than there may serve": {5, 5, 0, 9, "", 6},
	} {
		t.Run(name, func(t *testing.T) {
			s := brief()
			s.more, s.nodesMax, s.machinesMax = c.more, c.nodes, c.machines
			tell(t, s, func(t *testing.T, w *world) {
				w.load.set(float64(100 * c.serve))
				w.until("it is settled", 30*time.Minute, w.atRest(c.serve, 2+c.more-c.serve))
				p := w.preflight()
				if p.Group != groupName || p.Active != c.serve || p.Max != 6 || p.Reachable != c.reach || firstLimit(p).Name != c.limit {
					t.Errorf("%+v", p)
				}
			})
		})
	}
}

func TestAGroupThatDoesNotActIsNamedBesideThoseThatDo(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		ask := map[string]func() error{
			"pause": func() error {
				return w.fleet.Override(t.Context(), "batch", policy.Override{Kind: policy.PauseAll, By: "operator"})
			},
			"resume":    func() error { return w.fleet.Resume(t.Context(), "batch", "operator", "") },
			"preflight": func() error { _, err := w.fleet.Preflight(t.Context(), "batch"); return err },
			"adopt": func() error {
				return w.fleet.Adopt(t.Context(), fleet.Adoption{Group: "batch", Codes: []string{stray}})
			},
		}
		for what, how := range ask {
			var missing fleet.UnknownGroupError
			if err := how(); !errors.As(err, &missing) || missing.Name != "batch" || !slices.Equal(missing.Known, []string{groupName}) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if w.status().Override != nil {
			t.Error("another group is paused")
		}
	})
}

func TestHowBusyAnInstanceIsSaysTheFirstSignalOfInstances(t *testing.T) {
	for name, first := range map[string]bool{"before the load": true, "after the load": false} {
		t.Run(name, func(t *testing.T) {
			tell(t, crowd(policy.PickLeastBusy), func(t *testing.T, w *world) {
				w.load.set(500)
				w.until("five serve", 10*time.Minute, w.atRest(5, 0))
				busy(map[string]float64{"gc00000002": 3, "gc00000003": 1, "gc00000300": 2, "gc00000301": 9, "gc00000005": 8})(w)
				w.load.change(func(l *load) { l.first = first })
				if got, want := w.leavers(3), []string{second, "gc00000300"}; !slices.Equal(got, want) {
					t.Errorf("%v left, want %v", got, want)
				}
			})
		})
	}
}

func TestAnOrderThatIsUnderWayIsAwaitedWhenTheProcessEnds(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		const order, takes = "AddCloneVirtualMachines", 15 * time.Second // longer than steps are awaited
		w.until("two serve", time.Minute, w.atRest(2, 0))
		w.fuse.set(func(f *fuse) {
			f.onCall = func(action string) {
				if action == order {
					time.Sleep(takes)
				}
			}
		})
		w.load.set(300)
		w.until("an order is under way", time.Minute, func() bool { return len(w.sentAt(order)) == 1 })
		w.kill()
		if w.count(order) != 1 {
			t.Error("the process ended, and its order was not carried out")
		}
		w.start()
		if orders := w.account.Unsettled(); len(orders) != 0 {
			t.Errorf("the answer was not written down: %+v", orders)
		}
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		if len(w.bought()) != 1 {
			t.Errorf("bought %v", w.bought())
		}
	})
}

func TestAReadingThatIsUnderWayIsAwaitedWhenTheProcessEnds(t *testing.T) {
	for mode, recommend := range map[string]bool{"act": false, "recommend": true} {
		t.Run(mode, func(t *testing.T) {
			tell(t, setting{recommend: recommend}, func(t *testing.T, w *world) {
				w.until("it decided", time.Minute, func() bool { return !w.status().Decision.At.IsZero() })
				w.load.change(func(l *load) { l.slow = 6 * time.Second })
				reads := w.load.count()
				w.until("a slow reading has ended", time.Minute, func() bool { return w.load.count() == reads+1 })
				time.Sleep(w.interval - 3*time.Second) // the next one is under way
				w.kill()
				if ended := w.load.count() - reads; ended != 2 {
					t.Errorf("%d readings have ended, want 2", ended)
				}
			})
		})
	}
}

// A jump leaves what is remembered as old as it is, by whatever wall time shows.
func TestAJumpOfTheWallClockNeitherLengthensNorShortensACooldown(t *testing.T) {
	for jump, by := range map[string]time.Duration{"an hour on": time.Hour, "an hour back": -time.Hour} {
		t.Run(jump, func(t *testing.T) {
			s := brief()
			s.cloudJumps, s.cooldown = true, 40*time.Minute
			tell(t, s, func(t *testing.T, w *world) {
				w.load.set(300)
				w.until("three serve", time.Hour, w.atRest(3, 0))
				grown := time.Now()
				w.load.set(400)
				time.Sleep(20 * time.Minute)
				w.jump(by)
				w.until("it grows again", 2*time.Hour, func() bool { return w.status().Desired == 4 })
				if took := time.Since(grown); took < w.cooldown-time.Minute || took > w.cooldown+2*time.Minute {
					t.Errorf("it grew again after %v, and the cooldown is %v", took, w.cooldown)
				}
			})
		})
	}
}
