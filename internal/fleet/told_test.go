package fleet_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// journal is what the processes of a story log, at every level.
type journal struct {
	t     *testing.T
	lines *observer.ObservedLogs
}

// tellHeard tells a story whose log is kept.
func tellHeard(t *testing.T, s setting, story func(t *testing.T, w *world, log journal)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, s)
		core, lines := observer.New(zap.DebugLevel)
		w.log = zap.New(core)
		w.start()
		story(t, w, journal{t, lines})
		w.end()
	})
}

// with lists the lines so far whose message contains the text.
func (j journal) with(text string) []observer.LoggedEntry {
	synctest.Wait() // what shows in the status is logged a moment later
	return j.lines.FilterMessageSnippet(text).All()
}

// times fails unless the text was logged so many times, each at the level, and returns
// the fields of the newest.
func (j journal) times(want int, level zapcore.Level, text string) map[string]any {
	j.t.Helper()
	lines := j.with(text)
	if len(lines) != want {
		j.t.Fatalf("%q was logged %d times, want %d: %v", text, len(lines), want, lines)
	}
	for _, line := range lines {
		if line.Level != level {
			j.t.Errorf("%q was logged at %v, want %v", text, line.Level, level)
		}
	}
	if want == 0 {
		return nil
	}
	return lines[want-1].ContextMap()
}

// shows fails unless the fields have these values.
func shows(t *testing.T, fields, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if fields[name] != value {
			t.Errorf("%s is %v, want %v, in %v", name, fields[name], value, fields)
		}
	}
}

func TestADecisionThatChangesTheSizeIsToldOnceAndOthersOnlyToWhoDebugs(t *testing.T) {
	s := brief()
	s.more = 1
	tellHeard(t, s, func(t *testing.T, w *world, log journal) {
		w.load.set(300)
		w.until("three serve", 5*time.Minute, w.atRest(3, 0))
		time.Sleep(5 * time.Minute)
		log.times(0, zap.InfoLevel, "decided")
		if held := len(log.with("held")); held < 10 {
			t.Errorf("%d decisions to stay were logged", held)
		}
		w.load.set(333.33333)
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		fields := log.times(1, zap.InfoLevel, "decided")
		shows(t, fields, map[string]any{"from": int64(3), "to": int64(4), "wanted": int64(4), "reason": "want"})
		if policies, _ := fields["policies"].([]any); len(policies) != 1 || policies[0] != "target/load wants 4: load is 333.3, target 100" {
			t.Errorf("the policies say %v", policies)
		}
		w.load.set(300)
		w.until("one stands by", 30*time.Minute, w.atRest(3, 1))
		shows(t, log.times(2, zap.InfoLevel, "decided"), map[string]any{"from": int64(4), "to": int64(3)})
		log.times(len(log.with("held")), zap.DebugLevel, "held")
	})
}

func TestARecommendationIsToldOnceAndTheVirtualGroupGoesOnFromIt(t *testing.T) {
	tellHeard(t, setting{recommend: true}, func(t *testing.T, w *world, log journal) {
		_, pool := w.byHand()
		node := w.seed(stray, "", gpsim.StatusRunning)
		w.kill() // the virtual group begins with what the first look of a process sees
		must(t, pool.Attach(t.Context(), node))
		w.load.set(500)
		w.start()
		w.until("it would grow from four", 5*time.Minute, func() bool { s := w.status(); return s.Decision.From == 4 && s.Decision.To == 5 })
		w.until("it has grown", time.Minute, func() bool { return w.status().Decision.From == 5 })
		must(t, pool.Detach(t.Context(), node))
		w.always("it stays at five, whatever becomes of the real one", 15*time.Minute, func() bool { return w.status().Decision.To == 5 })
		shows(t, log.times(1, zap.InfoLevel, "would decide"), map[string]any{"from": int64(4), "to": int64(5)})
		w.load.set(300)
		w.until("it would shrink", 30*time.Minute, func() bool { return w.status().Decision.To == 3 })
		shows(t, log.times(2, zap.InfoLevel, "would decide"), map[string]any{"from": int64(5), "to": int64(3)})
	})
}

func TestAFaultIsToldOnceWhileItLastsAndAnExpectedOneNever(t *testing.T) {
	for mode, recommend := range map[string]bool{"act": false, "recommend": true} {
		t.Run(mode, func(t *testing.T) {
			tellHeard(t, setting{recommend: recommend}, func(t *testing.T, w *world, log journal) {
				faults := []monitor.Fault{
					{Signal: "load", Why: policy.Failed, Err: errors.New("timed out")},
					{Signal: "busy", Instance: first, Why: policy.Present, Err: errors.New("no answer")},
					{Signal: "rate", Instance: first, Why: policy.Absent, Err: reading.ErrFirst},
				}
				w.load.change(func(l *load) { l.faults = faults })
				time.Sleep(5 * time.Minute)
				log.times(2, zap.WarnLevel, "reading failed")
				standsIn := log.times(1, zap.WarnLevel, "the value before it still counts")
				shows(t, standsIn, map[string]any{"signal": "busy", "instance": first, "error": "no answer", "quality": nil})
				w.load.change(func(l *load) { l.faults = nil })
				time.Sleep(time.Minute)
				w.load.change(func(l *load) { l.faults = faults[:1] })
				time.Sleep(time.Minute)
				shows(t, log.times(3, zap.WarnLevel, "reading failed"), map[string]any{"signal": "load", "instance": nil, "error": "timed out", "quality": "failed"})
			})
		})
	}
}

func TestAStoreThatFailsIsToldOnceAndThatItCanBeWrittenAgainOnce(t *testing.T) {
	tellHeard(t, setting{}, func(t *testing.T, w *world, log journal) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		w.fuse.set(func(f *fuse) { f.diskFull = true })
		time.Sleep(5 * time.Minute)
		log.times(1, zap.ErrorLevel, "the store cannot be written")
		log.times(0, zap.InfoLevel, "the store can be written again")
		w.fuse.set(func(f *fuse) { f.diskFull = false })
		time.Sleep(5 * time.Minute)
		log.times(1, zap.ErrorLevel, "the store cannot be written")
		log.times(1, zap.InfoLevel, "the store can be written again")
		if trouble := w.status().Trouble; trouble != "" {
			t.Errorf("the trouble is still %q", trouble)
		}
	})
}

func TestNodesThatAreNotOursAreToldOnceAndNotForgottenWhileThePoolCannotBeRead(t *testing.T) {
	tellHeard(t, setting{}, func(t *testing.T, w *world, log journal) {
		known := func() bool { return len(w.status().Foreign) == 1 }
		w.until("the foreign node is seen", 5*time.Minute, known)
		w.inject(gpsim.Fault{Action: "DescribeLb", Kind: gpsim.FaultAnswer, Status: 403, Count: 20})
		w.until("the pool cannot be read", 5*time.Minute, func() bool { return w.fleet.Status().Accounts[0].LookTrouble != "" })
		w.always("it is known", 2*time.Minute, known)
		w.until("the pool can be read", 20*time.Minute, func() bool { return w.fleet.Status().Accounts[0].LookTrouble == "" })
		time.Sleep(3 * time.Minute)
		log.times(1, zap.InfoLevel, "nodes that are not ours")
		_, pool := w.byHand()
		must(t, pool.Attach(t.Context(), w.seed(stray, "", gpsim.StatusRunning)))
		w.until("another one is seen", 5*time.Minute, func() bool { return len(w.status().Foreign) == 2 })
		if nodes, _ := log.times(2, zap.InfoLevel, "nodes that are not ours")["nodes"].([]any); len(nodes) != 2 {
			t.Errorf("it named %v", nodes)
		}
	})
}

func TestALookThatFailsIsToldOncePerClass(t *testing.T) {
	const failed, again = "look at the cloud failed", "look at the cloud succeeds again"
	tellHeard(t, setting{}, func(t *testing.T, w *world, log journal) {
		time.Sleep(5 * time.Minute)
		log.times(0, zap.WarnLevel, failed)
		log.times(0, zap.InfoLevel, again)
		w.fuse.set(func(f *fuse) { f.cut = true })
		time.Sleep(10 * time.Minute)
		shows(t, log.times(1, zap.WarnLevel, failed), map[string]any{"account": "gio", "class": "transient"})
		w.inject(gpsim.Fault{Action: "GetServiceCodeList", Kind: gpsim.FaultAnswer, Status: 403, Count: 20})
		w.fuse.set(func(f *fuse) { f.cut = false })
		time.Sleep(time.Minute)
		shows(t, log.times(2, zap.WarnLevel, failed), map[string]any{"class": "denied"})
		log.times(0, zap.InfoLevel, again)
		w.until("it succeeds", 30*time.Minute, func() bool { return w.fleet.Status().Accounts[0].LookTrouble == "" })
		time.Sleep(5 * time.Minute)
		log.times(2, zap.WarnLevel, failed)
		shows(t, log.times(1, zap.InfoLevel, again), map[string]any{"account": "gio"})
	})
}

func TestThatTheCloudCannotBeTrustedIsToldOnceAndItsEndOnce(t *testing.T) {
	tellHeard(t, setting{}, func(t *testing.T, w *world, log journal) {
		w.until("it can be trusted", time.Minute, func() bool { return w.mode() == actions.DoubtNone })
		w.fuse.set(func(f *fuse) { f.cut = true })
		time.Sleep(10 * time.Minute)
		shows(t, log.times(1, zap.ErrorLevel, "the cloud cannot be trusted"), map[string]any{"account": "gio", "mode": "blind"})
		log.times(0, zap.InfoLevel, "the cloud can be trusted again")
		w.fuse.set(func(f *fuse) { f.cut = false })
		time.Sleep(10 * time.Minute)
		shows(t, log.times(1, zap.InfoLevel, "the cloud can be trusted again"), map[string]any{"account": "gio", "mode": "blind"})
	})
}

func TestThatTooManyFailTogetherIsAnErrorAndToldOnce(t *testing.T) {
	s := brief()
	s.min, s.max, s.more = 1, 4, 2
	tellHeard(t, s, func(t *testing.T, w *world, log journal) {
		w.load.set(400)
		w.until("four serve", time.Minute, w.atRest(4, 0))
		w.ail(first, second)
		w.until("the brake is on", 10*time.Minute, func() bool { return w.holds(policy.HoldBrake) })
		time.Sleep(10 * time.Minute)
		shows(t, log.times(1, zap.ErrorLevel, "so many instances fail together"), map[string]any{"reason": string(policy.HoldBrake)})
		w.heal()
		w.until("the brake is off", 10*time.Minute, func() bool { return !w.holds(policy.HoldBrake) })
		w.ail(first, second)
		w.until("it is on again", 10*time.Minute, func() bool { return w.holds(policy.HoldBrake) })
		log.times(2, zap.ErrorLevel, "so many instances fail together")
	})
}

func TestThatNoLaunchComesToServeIsAnErrorAndToldOnce(t *testing.T) {
	tellHeard(t, doomed(), func(t *testing.T, w *world, log journal) {
		time.Sleep(5 * time.Minute) // the two that are adopted serve for longer than the first launch takes
		w.rot(w.content(template))
		w.load.set(300)
		w.until("it holds orders back", 3*time.Hour, func() bool { return w.holds(policy.HoldLaunches) })
		time.Sleep(10 * time.Minute)
		shows(t, log.times(1, zap.ErrorLevel, "no launch has come to serve"), map[string]any{"reason": string(policy.HoldLaunches)})
	})
}

func TestWhoAskedIsToldWithTheReasonIfThereIsOne(t *testing.T) {
	s := brief()
	s.more = 2
	tellHeard(t, s, func(t *testing.T, w *world, log journal) {
		w.load.set(400)
		w.until("four serve", time.Minute, w.atRest(4, 0))
		w.person = true
		must(t, w.fleet.Disown(t.Context(), first, "operator", "a database"))
		shows(t, log.times(1, zap.WarnLevel, "a person disowned"), map[string]any{"instance": first, "by": "operator: a database"})
		must(t, w.fleet.Disown(t.Context(), second, "operator", ""))
		shows(t, log.times(2, zap.WarnLevel, "a person disowned"), map[string]any{"instance": second, "by": "operator"})
		must(t, w.fleet.Override(t.Context(), groupName, policy.Override{Kind: policy.PauseAll, By: "operator", Why: "maintenance"}))
		shows(t, log.times(1, zap.InfoLevel, "overridden"), map[string]any{"by": "operator", "why": "maintenance"})
		log.times(0, zap.InfoLevel, "resumed")
		must(t, w.fleet.Resume(t.Context(), groupName, "operator", ""))
		log.times(1, zap.InfoLevel, "overridden")
		shows(t, log.times(1, zap.InfoLevel, "resumed"), map[string]any{"by": "operator"})
	})
}

func TestAChangeOfTheTemplateAndHowItEndedAreToldOnce(t *testing.T) {
	for content, state := range map[string]policy.RolloutState{"new": policy.RolloutDone, "rotten": policy.RolloutGivenUp} {
		t.Run(content, func(t *testing.T) {
			tellHeard(t, versioned(), func(t *testing.T, w *world, log journal) {
				const changed, done, givenUp = "the template was changed", "is made from the changed template", "the changed template is given up"
				w.rot("rotten")
				w.load.set(300)
				w.until("three serve", 30*time.Minute, w.atRest(3, 0))
				log.times(0, zap.InfoLevel, changed)
				w.kill()
				ways["a new version"](w, content)
				w.start()
				names := map[string]any{"template": template + "@v2", "before": template + "@v1"}
				shows(t, log.times(1, zap.InfoLevel, changed), names)
				time.Sleep(2 * time.Minute)
				w.kill()
				w.start()
				w.until("the rollout ends", 5*time.Hour, func() bool {
					if shown := w.gauge("autoscaled_group_rollout_given_up"); shown != 0 && w.rolloutState() == policy.RolloutUnderWay {
						t.Fatalf("under way, it is shown as given up: %v", shown)
					}
					return w.rolloutState() == state
				})
				log.times(1, zap.InfoLevel, changed)
				bakes := log.with("instances of the changed template serve for a while")
				if slices.ContainsFunc(bakes, func(line observer.LoggedEntry) bool { return line.Level != zap.InfoLevel }) || content == "new" && len(bakes) == 0 {
					t.Errorf("of the bake it was logged %v", bakes)
				}
				if state == policy.RolloutDone {
					shows(t, log.times(1, zap.InfoLevel, done), names)
					log.times(0, zap.ErrorLevel, givenUp)
				} else {
					log.times(0, zap.InfoLevel, done)
					shows(t, log.times(1, zap.ErrorLevel, givenUp), names)
				}
				want := map[policy.RolloutState]float64{policy.RolloutGivenUp: 1}[state]
				if shown := w.gauge("autoscaled_group_rollout_given_up"); shown != want {
					t.Errorf("shown as given up: %v, want %v", shown, want)
				}
				w.kill()
				w.start()
				if shown := w.gauge("autoscaled_group_rollout_given_up"); shown != want {
					t.Errorf("after a restart, shown as given up: %v, want %v", shown, want)
				}
				log.times(1, zap.InfoLevel, changed)
			})
		})
	}
}

func TestAJumpOfTheWallClockIsToldWithItsSpan(t *testing.T) {
	s := brief()
	s.cloudJumps = true
	tellHeard(t, s, func(t *testing.T, w *world, log journal) {
		time.Sleep(5 * time.Minute)
		w.jump(time.Hour)
		time.Sleep(5 * time.Minute)
		shows(t, log.times(1, zap.WarnLevel, "wall time jumped"), map[string]any{"jump": time.Hour})
	})
}

func TestAJumpOfTheWallClockBeforeTheFirstDecisionIsNoticed(t *testing.T) {
	s := brief()
	s.cloudJumps = true
	tellHeard(t, s, func(t *testing.T, w *world, log journal) {
		time.Sleep(5 * time.Minute)
		w.kill()
		w.start()
		w.jump(-24 * time.Hour)
		time.Sleep(5 * time.Minute)
		shows(t, log.times(1, zap.WarnLevel, "wall time jumped"), map[string]any{"jump": -24 * time.Hour})
	})
}
