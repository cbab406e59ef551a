package actions

import (
	"testing"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

func TestAnInstanceIsOutdatedWhenItIsKnownToBeMadeFromAnotherTemplate(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		for _, c := range []struct {
			inForce   cloud.Template
			tolerated string
			made      string
			outdated  bool
		}{
			{cloud.Template{Source: "a"}, "", "a", false},
			{cloud.Template{Source: "a"}, "", "", false}, // nobody knows
			{cloud.Template{Source: "a"}, "", "b", true},
			{cloud.Template{Source: "a", Version: "2"}, "", "a", true},
			{cloud.Template{Source: "a", Version: "2"}, "", "a@1", true},
			{cloud.Template{Source: "a", Version: "2"}, "", "a@2", false},
			{cloud.Template{Source: "a", Version: "2"}, "a@1", "a@1", false},
			{cloud.Template{Source: "a", Version: "2"}, "a@1", "a@0", true},
			{cloud.Template{Source: "a", Type: "large"}, "", "a", false}, // the type is not what it is made from
		} {
			s.Use(c.inForce, c.tolerated)
			if got := s.outdated(&Facts{Template: c.made}); got != c.outdated {
				t.Errorf("made from %q, in force %s, tolerated %q: outdated %v", c.made, c.inForce.ID(), c.tolerated, got)
			}
		}
	})
}

func TestWhatInstancesAreMadeFromIsNeverTakenForOne(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.Use(cloud.Template{Source: "other"}, "")
		for code, is := range map[string]bool{"template": true, "other": true, "third": false} {
			if s.isTemplate(code) != is {
				t.Errorf("%s is a template: %v", code, !is)
			}
		}
	})
}
