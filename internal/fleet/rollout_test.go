package fleet_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
)

const otherTemplate = "gc00000009"

// versioned is a setting with a named version of the template, a spare machine, and
// a bake that matters.
func versioned() setting {
	s := brief()
	s.max, s.version, s.bake, s.launchTimeout = 10, "v1", 20*time.Minute, 15*time.Minute
	return s
}

// ways are the two ways in which an owner changes the template between two lives.
var ways = map[string]func(w *world, content string){
	"a new version": func(w *world, content string) {
		w.version = "v2"
		must(w.t, w.sim.SetContent(template, content))
	},
	"another source": func(w *world, content string) {
		w.source, w.version = otherTemplate, ""
		_, _, err := w.sim.AddMachine(gpsim.MachineSpec{Code: otherTemplate, Label: "template", Status: gpsim.StatusStopped, Type: machineType, Content: content})
		must(w.t, err)
	},
}

// eachWay tells a story for each way of changing the template, from where four serve,
// two of them bought, and one stands by.
func eachWay(t *testing.T, s setting, story func(t *testing.T, w *world, change func(content string))) {
	t.Helper()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			tell(t, s, func(t *testing.T, w *world) {
				must(t, w.sim.SetContent(template, "old"))
				w.load.set(500)
				w.until("five serve", 30*time.Minute, w.atRest(5, 0))
				w.load.set(400)
				w.until("one stands by", 30*time.Minute, w.atRest(4, 1))
				story(t, w, func(content string) {
					w.kill()
					way(w, content)
					w.start()
				})
			})
		})
	}
}

// contents lists what is on the disks of the bought machines that serve, in order.
func (w *world) contents() []string {
	var list []string
	for _, in := range w.status().Instances {
		if slices.Contains(w.bought(), in.Code) && in.Goal == policy.InService {
			list = append(list, w.content(in.Code))
		}
	}
	slices.Sort(list)
	return list
}

// fourServe fails the story when fewer than four are in the pool.
func (w *world) fourServe() {
	w.t.Helper()
	if n := w.inThePool(); n < 4 {
		w.t.Fatalf("only %d are in the pool", n)
	}
}

func (w *world) rolloutState() policy.RolloutState {
	if r := w.status().Rollout; r != nil {
		return r.State
	}
	return ""
}

func TestAChangedTemplateRefreshesWhatStandsByAndReplacesWhatServesOneByOne(t *testing.T) {
	eachWay(t, versioned(), func(t *testing.T, w *world, change func(string)) {
		change("new")
		began := time.Now()
		w.until("all are made from it", 5*time.Hour, func() bool {
			w.fourServe()
			if n := w.inThePool(); n > 5 {
				t.Fatalf("%d are in the pool", n)
			}
			return w.rolloutState() == policy.RolloutDone
		})
		if got := w.contents(); !slices.Equal(got, []string{"new", "new"}) {
			t.Errorf("the bought ones that serve have the contents %v", got)
		}
		if took := time.Since(began); took < 2*w.bake {
			t.Errorf("it took %v, and two were to bake for %v, one by one", took, w.bake)
		}
		bought := w.bought()
		w.until("what stands by is refreshed as well", time.Hour, w.atRest(4, len(bought)-2))
		for _, code := range bought[:3] {
			if m := w.machine(code); m.Content != "new" || m.Refreshes != 1 || m.Keys != 1 {
				t.Errorf("%s: %+v, want the new content, written once, with one key", code, m)
			}
		}
		if len(bought) > 4 {
			t.Errorf("bought %v, and one stood by", bought)
		}
	})
}

func TestARolloutGoesOnAfterARestart(t *testing.T) {
	tell(t, versioned(), func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		w.kill()
		ways["a new version"](w, "new")
		for range 20 {
			w.start()
			time.Sleep(11 * time.Minute)
			w.fourServe()
			w.kill()
		}
		w.start()
		w.until("all are made from it", time.Hour, func() bool { return w.rolloutState() == policy.RolloutDone })
		if got := w.contents(); !slices.Equal(got, []string{"new", "new"}) {
			t.Errorf("the contents are %v", got)
		}
	})
}

func TestATemplateWhoseInstancesNeverServeIsGivenUpAndTheOldOneIsInForceAgain(t *testing.T) {
	eachWay(t, versioned(), func(t *testing.T, w *world, change func(string)) {
		w.rot("rotten")
		serving := w.bought()[:2]
		change("rotten")
		w.until("it is given up", 3*time.Hour, func() bool {
			w.fourServe()
			return w.rolloutState() == policy.RolloutGivenUp
		})
		w.always("nothing more is tried", 3*time.Hour, func() bool {
			w.fourServe()
			return len(w.bought()) <= 5
		})
		for _, code := range serving {
			if m := w.machine(code); m.Content != "old" || m.Refreshes != 0 {
				t.Errorf("%s served, and has the content %s now", code, m.Content)
			}
		}
		must(t, w.sim.SetContent(template, "old"))
		must(t, w.fleet.Resume(t.Context(), groupName, "operator", ""))
		w.load.set(600)
		w.until("the group grows with the old content", 5*time.Hour, func() bool {
			w.fourServe()
			return w.serving() == 6
		})
	})
}

func TestWhatStandsByIsNotWreckedByATemplateThatNeverServes(t *testing.T) {
	eachWay(t, versioned(), func(t *testing.T, w *world, change func(string)) {
		w.rot("rotten")
		change("rotten")
		w.until("the one that stood by is quarantined", time.Hour, func() bool { return w.quarantined() == 1 })
		w.until("it is given up", time.Minute, func() bool { return w.rolloutState() == policy.RolloutGivenUp })
		if len(w.bought()) != 3 {
			t.Errorf("bought %v, to find out once more", w.bought())
		}
	})
}

func TestATemplateWhoseInstancesFailInTheBakeIsGivenUp(t *testing.T) {
	eachWay(t, versioned(), func(t *testing.T, w *world, change func(string)) {
		change("flaky")
		w.until("one of it serves", time.Hour, func() bool { return slices.Contains(w.contents(), "flaky") && w.inThePool() == 5 })
		w.rot("flaky")
		w.until("it is given up", 30*time.Minute, func() bool {
			w.fourServe()
			return w.rolloutState() == policy.RolloutGivenUp
		})
		w.until("as many as were there serve, and none of them fails", 2*time.Hour, func() bool { return w.serving() == 4 && w.failing() == 0 })
		w.always("nothing is wrecked further", 5*time.Hour, func() bool { return w.inThePool() >= 4 && w.failing() == 0 })
		if got := w.contents(); !slices.Equal(got, []string{"old", "old"}) {
			t.Errorf("the contents that serve are %v", got)
		}
		w.kill()
		w.start()
		w.until("it is looked at", time.Minute, func() bool { return w.serving() == 4 })
		if w.rolloutState() != policy.RolloutGivenUp {
			t.Errorf("after a restart it is %s", w.rolloutState())
		}
	})
}

func TestARolloutWaitsWhileItsTemplateIsOn(t *testing.T) {
	tell(t, versioned(), func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		w.load.set(300)
		w.until("one stands by", 30*time.Minute, w.atRest(3, 1))
		w.kill()
		ways["a new version"](w, "new")
		person, _ := w.byHand()
		must(t, person.Start(t.Context(), template))
		time.Sleep(5 * time.Minute)
		w.start()
		w.always("nothing is overwritten, and three serve", time.Hour, func() bool {
			return w.count("CloneVirtualMachine") == 0 && w.inThePool() == 3
		})
		must(t, person.Stop(t.Context(), template, false))
		w.until("all are made from it", 5*time.Hour, func() bool { return w.rolloutState() == policy.RolloutDone })
		if got := w.contents(); !slices.Equal(got, []string{"new"}) {
			t.Errorf("the contents are %v", got)
		}
	})
}

// Copying locks the template, so standbys are overwritten one by one.
func TestOutdatedStandbysComeToServeOneAfterTheOtherWithoutLosingTime(t *testing.T) {
	s := versioned()
	s.max, s.standby = 20, 20
	tell(t, s, func(_ *testing.T, w *world) {
		w.load.set(1200)
		w.until("twelve serve", 20*time.Minute, w.atRest(12, 0))
		w.load.set(200)
		w.until("ten stand by", 20*time.Minute, w.atRest(2, 10))
		w.kill()
		ways["a new version"](w, "new")
		w.start()
		time.Sleep(30 * time.Second)
		w.load.set(1200)
		w.until("twelve serve", 10*w.delays.Clone+10*time.Minute, func() bool { return w.serving() == 12 })
	})
}

// TestARefreshSurvivesALostAnswer loses the answer to the overwriting, with and
// without its effect.
func TestARefreshSurvivesALostAnswer(t *testing.T) {
	for _, effect := range []bool{false, true} {
		t.Run(fmt.Sprintf("effect %v", effect), func(t *testing.T) {
			tell(t, versioned(), func(t *testing.T, w *world) {
				w.load.set(300)
				w.until("three serve", 30*time.Minute, w.atRest(3, 0))
				w.inject(gpsim.Fault{Action: "CloneVirtualMachine", Kind: gpsim.FaultReset, Effect: effect})
				w.ail(w.bought()[0])
				w.until("it is replaced, and overwritten", time.Hour, w.atRest(3, 1))
				m := w.machine(w.bought()[0])
				if m.Refreshes == 0 || m.Keys != 1 {
					t.Errorf("it was overwritten %d times, and has %d keys", m.Refreshes, m.Keys)
				}
				w.load.set(400)
				w.until("it serves again", time.Hour, w.atRest(4, 0))
			})
		})
	}
}
