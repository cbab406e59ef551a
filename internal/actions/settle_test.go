package actions

import (
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

func TestWhatALostOrderMayHaveBought(t *testing.T) {
	t.Parallel()
	today := noon.Truncate(24 * time.Hour)
	for name, c := range map[string]struct {
		machine cloud.Machine
		may     bool
	}{
		"a new machine of which nothing is told":         {cloud.Machine{Code: "new"}, true},
		"one that carries the template's label":          {cloud.Machine{Code: "new", Label: "template"}, true},
		"one that a person marked as ours":               {cloud.Machine{Code: "new", Label: Mark("test", "web", "new")}, true},
		"one with a mark that names another":             {cloud.Machine{Code: "new", Label: Mark("test", "web", "old")}, false},
		"one of another group":                           {cloud.Machine{Code: "new", Label: Mark("test", "batch", "new")}, false},
		"one with a label of its own":                    {cloud.Machine{Code: "new", Label: "db"}, false},
		"one of the ordered type":                        {cloud.Machine{Code: "new", Type: "small"}, true},
		"one of another type":                            {cloud.Machine{Code: "new", Type: "large"}, false},
		"one that began today":                           {cloud.Machine{Code: "new", Start: today}, true},
		"one that began after midnight":                  {cloud.Machine{Code: "new", Start: today.AddDate(0, 0, 1)}, true},
		"one that began yesterday":                       {cloud.Machine{Code: "new", Start: today.AddDate(0, 0, -1)}, false},
		"one that begins in a week":                      {cloud.Machine{Code: "new", Start: today.AddDate(0, 0, 7)}, false},
		"one whose contract ends":                        {cloud.Machine{Code: "new", Stop: today}, false},
		"one that was there before the order":            {cloud.Machine{Code: "old"}, false},
		"the template":                                   {cloud.Machine{Code: "template", Label: "template"}, false},
		"one that is on record, though it lost its mark": {cloud.Machine{Code: "one"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				s.have(t, cloud.Machine{Code: "one"}, policy.InService, Facts{})
				s.account.labels["template"] = "template"
				intent := &Intent{Source: "template", Type: "small", At: noon, Before: []string{"old"}}
				snapshot := &cloud.Snapshot{Machines: map[string]cloud.Machine{c.machine.Code: c.machine}}
				if got := s.account.candidates(s.Crew, intent, snapshot).codes; slices.Contains(got, c.machine.Code) != c.may {
					t.Errorf("candidates: %v", got)
				}
			})
		})
	}
}

// lost puts an order on record that lost its answer just now.
func (s *crewScene) lost(t *testing.T, group string, count int) *store.Document[Intent] {
	t.Helper()
	intent := &store.Document[Intent]{Key: intentKey("cloud", "x"), Value: Intent{
		ID: "x", Group: group, Source: "template", Type: "small", Count: count, At: time.Now(), Lost: time.Now(), State: IntentUnknown, Before: []string{"template"},
	}}
	must(t, s.Journal.Write(intent))
	s.account.intents["x"] = intent
	return intent
}

func TestAListingFromBeforeTheLossSettlesNothing(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		intent := s.lost(t, "web", 1)
		early := time.Now()
		time.Sleep(time.Hour)
		must(t, s.account.Settle(&cloud.Snapshot{Started: early, Finished: time.Now()}))
		if intent.Value.State != IntentUnknown {
			t.Errorf("it is %s", intent.Value.State)
		}
	})
}

func TestAnOrderOfAGroupThatIsNotConfiguredAnyMoreBlocksTheOthersForTheSettleWindowOnly(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		intent := s.lost(t, "gone", 1)
		s.live(t, 5*time.Minute)
		s.Order(1)
		s.live(t, time.Minute)
		if n := s.model.count("order template"); n != 0 {
			t.Errorf("%d orders inside the settle window", n)
		}
		s.live(t, 5*time.Minute)
		if intent.Value.State != IntentVoid {
			t.Errorf("it is %s", intent.Value.State)
		}
		s.Order(1)
		s.live(t, time.Minute)
		if n := s.model.count("order template"); n != 1 {
			t.Errorf("%d orders after it", n)
		}
	})
}

func TestWhatAnOrderOfAGroupThatIsNotConfiguredBoughtIsAskedAbout(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		intent := s.lost(t, "gone", 1)
		s.model.machines["new"] = &cloud.Machine{Code: "new", Contract: cloud.ContractInService}
		s.live(t, 11*time.Minute)
		if intent.Value.State != IntentAsking || len(s.Instances()) != 0 {
			t.Errorf("it is %s, and on record are %v", intent.Value.State, s.Instances())
		}
		if len(s.model.calls) != 0 {
			t.Errorf("calls: %v", s.model.calls)
		}
	})
}

func TestALostOrderIsForgottenADayAfterItWasSettled(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.lost(t, "web", 1)
		time.Sleep(10 * time.Minute)
		s.look(t)
		time.Sleep(twinMemory - 11*time.Minute)
		s.look(t)
		if len(s.account.intents) != 1 {
			t.Error("it was forgotten before its time")
		}
		time.Sleep(2 * time.Minute)
		s.look(t)
		items, err := s.Journal.Store.Scan(intentPrefix("cloud"))
		must(t, err)
		if len(s.account.intents) != 0 || len(items) != 0 {
			t.Errorf("it is remembered: %v", items)
		}
	})
}

func TestAnAnswerThatNamesAMachineFromBeforeProvesNothing(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.model.machines["old"] = &cloud.Machine{Code: "old", Contract: cloud.ContractInService, Power: cloud.PowerOn}
		intent := s.lost(t, "web", 1)
		intent.Value.State, intent.Value.Before = IntentOpen, []string{"old", "template"}
		if err := s.account.answered(s.Crew, intent, []string{"old"}, nil); cloud.ClassOf(err) != cloud.ClassUnknownOutcome {
			t.Errorf("the answer led to %v", err)
		}
		if intent.Value.State != IntentUnknown || len(s.Instances()) != 0 {
			t.Errorf("it is %s, and on record are %v", intent.Value.State, s.Instances())
		}
	})
}
