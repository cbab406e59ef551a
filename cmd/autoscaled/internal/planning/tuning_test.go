package planning

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/plan/report"
)

// generous is a study of a policy that gives each instance far less than it carries.
func generous(t *testing.T) (Options, *Study) {
	t.Helper()
	o := coarse(t, 21)
	o.Subjects = []Subject{subject(t, groupOf(t, "requests: {promql: requests}", "policies: [{target: {signal: requests, per_instance: 40}}]"), report.Proposed)}
	budget := 0.2
	o.Tune, o.Budget = true, &budget
	return o, made(t, o)
}

func TestABetterPolicyIsProposedAndStandsBesideTheOthers(t *testing.T) {
	t.Parallel()
	_, s := generous(t)
	if s.Tuning == nil || s.Tuning.Proposal == nil {
		t.Fatalf("nothing is proposed: %v", s.TuningWords())
	}
	proposal := s.Runs[1]
	if proposal.Name != "proposal" || proposal.Role != report.Other || proposal.Bill.Total >= s.Runs[0].Bill.Total {
		t.Errorf("beside %d stands %s with %d", s.Runs[0].Bill.Total, proposal.Name, proposal.Bill.Total)
	}
	var patch struct {
		Groups map[string]map[string]any `yaml:"groups"`
	}
	if err := yaml.Unmarshal([]byte(s.Tuning.Patch), &patch); err != nil || len(patch.Groups["web"]) == 0 {
		t.Errorf("%v: the patch is\n%s", err, s.Tuning.Patch)
	}
	words := strings.Join(s.TuningWords(), "\n")
	for _, says := range []string{"tuned on 1 Apr to 15 Apr by ", "overload allowed for 20.000 % of the time, and ", " % of the load there, where what you have loses 0.000 %", "it is cheaper on 7 of 7 days", "proposed: "} {
		if !strings.Contains(words, says) {
			t.Errorf("it lacks %q:\n%s", says, words)
		}
	}
	page := s.Page()
	if tuned := len(page.Points) - len(s.Runs); tuned != len(s.Tuning.Front) || tuned == 0 {
		t.Errorf("%d points are of what was tuned, and the front has %d", tuned, len(s.Tuning.Front))
	}
	for _, point := range page.Points {
		if point.Role == report.Limit && point.Front {
			t.Error("what sees the future is on the front of what can be had")
		}
	}
	var html bytes.Buffer
	if err := report.Write(&html, page); err != nil {
		t.Error(err)
	}
}

func TestTooLittleToTuneOnIsSaid(t *testing.T) {
	t.Parallel()
	o := coarse(t, 3)
	o.Tune = true
	s := made(t, o)
	if words := s.TuningWords(); len(words) != 1 || !strings.Contains(words[0], "tune: ") || s.Tuning.Result != nil {
		t.Errorf("it says %q", words)
	}
	d := s.Document(false)
	if d.Tuning == nil || d.Tuning.Refused == "" || d.Tuning.Proposal != nil {
		t.Errorf("the document says %+v", d.Tuning)
	}
}

func TestTheFieldsOfATuningStayAsTheyAre(t *testing.T) {
	t.Parallel()
	_, s := generous(t)
	text, err := json.Marshal(s.Document(false).Tuning)
	if err != nil {
		t.Fatal(err)
	}
	checkFields(t, text, "testdata/tuning.txt")
}
