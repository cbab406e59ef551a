package fleet_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// noted are the events in the history that a group's process writes.
type noted []string

func (n *noted) take(_ time.Time, kind byte, payload []byte) bool {
	if kind == 'e' {
		*n = append(*n, string(payload))
	}
	return true
}

func (n *noted) has(text string) bool { return strings.Contains(strings.Join(*n, "\n"), text) }

func TestAPersonWhoScalesAGroupMovesItOnceAndItsPoliciesGoOnFromThere(t *testing.T) {
	s, notes := brief(), noted{}
	s.record = notes.take
	tell(t, s, func(t *testing.T, w *world) {
		w.until("two serve", 10*time.Minute, w.atRest(2, 0))
		w.load.lose() // nobody can tell what is needed
		time.Sleep(time.Minute)
		must(t, w.fleet.Scale(t.Context(), groupName, 4, "sato", "the campaign begins"))
		if desired := w.status().Desired; desired != 4 {
			t.Errorf("at once, %d are desired", desired)
		}
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		w.always("it stays at four", 20*time.Minute, func() bool { return w.serving() == 4 })
		w.load.set(200)
		w.until("the policies go on from there", 30*time.Minute, w.atRest(2, 2))
		if !notes.has("scaled from 2 to 4 by sato: the campaign begins") {
			t.Errorf("the history has %q", notes)
		}
	})
}

func TestWhatAPersonScaledIsNotForgottenByARestart(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.until("two serve", 10*time.Minute, w.atRest(2, 0))
		w.load.lose()
		time.Sleep(time.Minute)
		must(t, w.fleet.Scale(t.Context(), groupName, 3, "sato", ""))
		w.kill()
		w.start()
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		if len(w.bought()) != 1 {
			t.Errorf("bought %v", w.bought())
		}
	})
}

func TestCooldownsTreatAPersonsChangeAsOneOfItsDirection(t *testing.T) {
	s := brief()
	s.more, s.cooldown = 2, 20*time.Minute
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", 10*time.Minute, w.atRest(4, 0))
		time.Sleep(30 * time.Minute)
		w.load.set(200)
		must(t, w.fleet.Scale(t.Context(), groupName, 3, "sato", ""))
		w.until("one leaves at once", 5*time.Minute, w.atRest(3, 1))
		w.always("the next waits for the cooldown", 14*time.Minute, func() bool { return w.serving() == 3 })
		w.until("the next leaves", 10*time.Minute, w.atRest(2, 2))
	})
}

func TestASizeThatAGroupMustNotHaveIsRefusedWithWhatToDo(t *testing.T) {
	s := brief()
	s.more = 1
	tell(t, s, func(t *testing.T, w *world) {
		refused(t, w.fleet.Scale(t.Context(), groupName, 4, "sato", ""), "wait a minute")
		w.load.set(300)
		w.until("three serve", 10*time.Minute, w.atRest(3, 0))
		time.Sleep(time.Minute)
		for _, c := range []struct {
			override policy.OverrideKind
			held     int
			count    int
			why      string
		}{
			{"", 0, 1, "2 to 6"},
			{"", 0, 7, "2 to 6"},
			{policy.PauseAll, 0, 4, "autoscaled resume web"},
			{policy.PauseOut, 0, 4, "pause_out by ito"},
			{policy.PauseIn, 0, 2, "pause_in by ito"},
			{policy.HoldAt, 3, 4, "hold 3 by ito"},
			{policy.AtLeast, 3, 2, "at_least 3 by ito"},
		} {
			if c.override != "" {
				must(t, w.fleet.Override(t.Context(), groupName, policy.Override{Kind: c.override, Count: c.held, By: "ito"}))
			}
			refused(t, w.fleet.Scale(t.Context(), groupName, c.count, "sato", ""), c.why)
			must(t, w.fleet.Resume(t.Context(), groupName, "operator", ""))
		}
		must(t, w.fleet.Override(t.Context(), groupName, policy.Override{Kind: policy.PauseIn, By: "ito"}))
		must(t, w.fleet.Scale(t.Context(), groupName, 4, "sato", "the other direction"))
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		var missing fleet.UnknownGroupError
		if err := w.fleet.Scale(t.Context(), "batch", 4, "sato", ""); !errors.As(err, &missing) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestAGroupAndAnInstanceAreFoundByTheirNames(t *testing.T) {
	for mode, recommend := range map[string]bool{"act": false, "recommend": true} {
		t.Run(mode, func(t *testing.T) {
			s := brief()
			s.recommend = recommend
			tell(t, s, func(t *testing.T, w *world) {
				w.until("two serve", 10*time.Minute, func() bool { return w.serving() >= 2 })
				if got, err := w.fleet.Group(groupName); err != nil || got.Name != groupName || got.Serving < 2 || got.Mode != mode {
					t.Errorf("the group is %+v: %v", got, err)
				}
				var unknown fleet.UnknownGroupError
				if _, err := w.fleet.Group("wbe"); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "web") {
					t.Errorf("the error is %v", err)
				}
				if group, in, err := w.fleet.Instance(first); !recommend && (err != nil || group != groupName || in.Code != first) {
					t.Errorf("found %+v in %q: %v", in, group, err)
				}
				var nowhere fleet.UnknownInstanceError
				if _, _, err := w.fleet.Instance("gc77777777"); !errors.As(err, &nowhere) {
					t.Errorf("the error is %v", err)
				}
			})
		})
	}
}

// What policies reckon with is what serves, however many were decided.
func TestTheInstancesThatServeAreReckonedWithWhenAPersonScalesBelowThem(t *testing.T) {
	var kept tape
	s := brief()
	s.record, s.warmUp = kept.take, time.Second
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		w.load.set(500)
		w.until("two more are on their way", 10*time.Minute, func() bool { return w.status().Desired == 5 })
		w.load.lose()
		time.Sleep(time.Minute)
		now := w.now()
		must(t, w.fleet.Scale(t.Context(), groupName, 2, "sato", ""))
		if is := w.status(); is.Desired != 2 || is.Decision.From != is.Decision.To {
			t.Errorf("%d are desired, and the newest decision is %+v", is.Desired, is.Decision)
		}
		w.until("one leaves", 30*time.Minute, func() bool { return w.serving() == 2 })
		time.Sleep(time.Minute)
		w.end()
		var serving []int
		for item, err := range record.Read(kept.play) {
			must(t, err)
			if item.Note == "" && !item.At.Before(now) {
				serving = append(serving, item.Inputs.Carrying())
			}
		}
		if len(serving) < 3 || serving[0] != 3 || slices.Min(serving) != 2 {
			t.Errorf("three served, and then two; the decisions reckoned with %v", serving)
		}
	})
}

// What answers its probe serves where there are no pools, and goes on with that over a restart.
func TestNoInstanceCeasesToServeWhenAGroupWithoutPoolsIsBuiltAnew(t *testing.T) {
	for name, anew := range map[string]func(w *world){
		"a reload":  (*world).rebuild,
		"a restart": func(w *world) { w.kill(); w.start() },
	} {
		t.Run(name, func(t *testing.T) {
			var kept tape
			s := brief()
			s.record, s.unbalanced, s.interval = kept.take, true, time.Second // sooner than one has answered
			tell(t, s, func(t *testing.T, w *world) {
				w.until("two serve", 10*time.Minute, w.atRest(2, 0))
				time.Sleep(time.Minute)
				now := w.now()
				anew(w)
				time.Sleep(5 * time.Minute)
				w.end()
				for item, err := range record.Read(kept.play) {
					must(t, err)
					if item.At.After(now) && item.Note == "" && item.Inputs.Carrying() != 2 {
						t.Errorf("at %s, %d serve", item.At.Format(time.TimeOnly), item.Inputs.Carrying())
					}
				}
			})
		})
	}
}
