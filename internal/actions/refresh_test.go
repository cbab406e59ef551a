package actions

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// What is on a disk is lost when it is overwritten, so the label is read again before.
func TestAMachineThatSomebodyRelabelledAMomentAgoIsNotOverwritten(t *testing.T) {
	play(t, func(t *testing.T, s *crewScene) {
		mark := Mark("test", "web", "one")
		now := time.Now()
		s.have(t, cloud.Machine{Code: "one", Label: mark, Contract: cloud.ContractInService, Power: cloud.PowerOff}, policy.Standby, Facts{
			Proof: ProofMark, Seen: now, Labelled: now, Template: "template@old", Prepared: map[string]time.Time{"attach": now, "key": now},
		})
		s.model.lies = func(m *cloud.Machine) { // listings still show our mark
			if m.Code == "one" {
				m.Label = mark
			}
		}
		s.model.machines["one"].Label = "taken over"
		s.live(t, 5*time.Minute)
		if n := s.model.count("refresh one"); n != 0 {
			t.Errorf("it was overwritten %d times", n)
		}
		if in := s.Instances()[0]; in.Quarantine == "" {
			t.Errorf("it is %+v", in)
		}
	})
}
