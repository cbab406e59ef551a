package actions

import (
	"testing"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// outdatedOne has an instance that stands by and is made from an older template.
func (s *crewScene) outdatedOne(t *testing.T, code string) *instance {
	t.Helper()
	machine, facts := standing(cloud.PowerOff)
	machine.Code, machine.Label, facts.Template = code, Mark("test", "web", code), "old"
	s.have(t, machine, policy.Standby, facts)
	return s.instance(code)
}

func TestATemplateIsCopiedOnceAtATimeAndEachForItself(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		a := s.account
		if !a.beginCopy("a") || a.beginCopy("a") || a.beginCopy("a") || !a.beginCopy("b") {
			t.Error("a template is copied twice at a time, or holds up another")
		}
		a.endCopy("a")
		if !a.beginCopy("a") || a.beginCopy("b") {
			t.Error("the end of one copy frees another template, or not its own")
		}
	})
}

func TestAnInstanceWaitsWhileAnotherIsCopiedAndIsCopiedThen(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.model.slow = copyPause / 2
		one, two := s.outdatedOne(t, "one"), s.outdatedOne(t, "two")
		s.look(t)
		if one.waiting == two.waiting || len(s.model.calls) > 1 {
			t.Errorf("one waits: %v, two waits: %v, by %v", one.waiting, two.waiting, s.model.calls)
		}
		s.live(t, 2*copyPause)
		if one.waiting || two.waiting || s.model.count("refresh one") != 1 || s.model.count("refresh two") != 1 {
			t.Errorf("one waits: %v, two waits: %v, by %v", one.waiting, two.waiting, s.model.calls)
		}
	})
}

func TestAnInstanceThatWaitsForItsTemplateIsNotCopiedUntilItIsOff(t *testing.T) {
	t.Parallel()
	for power, c := range map[cloud.Power]struct{ copied, waits, fails bool }{
		cloud.PowerOff:  {true, false, false},
		cloud.PowerBusy: {false, true, false},
		cloud.PowerOn:   {false, true, true},
	} {
		play(t, func(t *testing.T, s *crewScene) {
			in := s.outdatedOne(t, "one")
			s.model.machines["template"].Power = power
			_, err := s.lookAt(t.Context(), in)
			must(t, err)
			in.probes = s.ProbeCount
			pause, acted, err := s.refresh(t.Context(), in)
			if acted != c.copied || in.waiting != c.waits || (err != nil) != c.fails || (pause == copyPause) != (power == cloud.PowerBusy) {
				t.Errorf("the template is %s: copied %v, waits %v, again in %v, %v", power, acted, in.waiting, pause, err)
			}
			if f := in.facts.Value; c.copied && (f.Template != "template" || f.Overwrite != nil || !f.Prepared["key"].IsZero() || f.Prepared["attach"].IsZero() || in.probes != 0) {
				t.Errorf("it is %+v, and %d of its probes count", f, in.probes)
			}
			if !s.account.beginCopy("template") {
				t.Error("the template counts as in use for ever")
			}
		})
	}
}

func TestAnOverwriteWhoseAnswerWasLostIsOnRecord(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		in := s.outdatedOne(t, "one")
		s.model.failing["refresh"] = errLost
		_, err := s.lookAt(t.Context(), in)
		must(t, err)
		if _, acted, err := s.refresh(t.Context(), in); acted || err == nil {
			t.Errorf("it acted: %v, %v", acted, err)
		}
		if f := in.facts.Value; f.Overwrite == nil || f.Overwrite.Template != "template" || f.Template != "old" || !f.Prepared["key"].IsZero() {
			t.Errorf("on record is %+v", f)
		}
	})
}
