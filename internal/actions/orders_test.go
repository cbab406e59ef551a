package actions

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// another is the crew of one more group of the account.
func (s *crewScene) another(t *testing.T, group string) *Crew {
	t.Helper()
	options := s.CrewOptions
	options.Group = group
	crew, err := NewCrew(options)
	must(t, err)
	s.account.Serve(crew)
	return crew
}

// recorded puts an order on record, in the given state.
func (s *crewScene) recorded(id, group string, count int, state IntentState) {
	s.account.intents[id] = &store.Document[Intent]{Key: intentKey("cloud", id), Value: Intent{ID: id, Group: group, Count: count, State: state}}
}

func TestTheOrdersOfAGroupAreCountedAndNotThoseOfAnother(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.recorded("a", "web", 1, IntentOpen)
		s.recorded("b", "web", 2, IntentUnknown)
		s.recorded("c", "web", 4, IntentAsking)
		s.recorded("d", "web", 8, IntentSettled)
		s.recorded("e", "web", 16, IntentVoid)
		s.recorded("f", "batch", 32, IntentUnknown)
		s.account.upcoming = purchase{"batch", 64, false}
		for group, want := range map[string]struct{ pending, ordered int }{"web": {3, 7}, "batch": {96, 96}, "other": {0, 0}} {
			if pending, ordered := s.account.Pending(group), s.account.ordered(group); pending != want.pending || ordered != want.ordered {
				t.Errorf("%s: %d may come by themselves of %d ordered, want %+v", group, pending, ordered, want)
			}
		}
		var unsettled []string
		for _, order := range s.account.Unsettled() {
			unsettled = append(unsettled, order.ID)
		}
		if want := []string{"a", "b", "c", "f"}; !slices.Equal(unsettled, want) {
			t.Errorf("not settled are %v, want %v", unsettled, want)
		}
	})
}

func TestALostOrderNamesWhatItMayHaveBoughtOnceAListingIsNewerThanTheLoss(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.lost(t, "web", 3)
		s.bought("a")
		s.model.machines["early"] = &cloud.Machine{Code: "early", Start: time.Now().AddDate(0, 0, -9)}
		s.glance(t)
		if got := s.account.Unsettled()[0].Candidates; len(got) != 0 {
			t.Errorf("a listing from the time of the loss shows %v", got)
		}
		time.Sleep(time.Nanosecond)
		s.glance(t)
		if got, want := s.account.Unsettled()[0].Candidates, []string{"a", "early"}; !slices.Equal(got, want) {
			t.Errorf("it may have bought %v, want %v", got, want)
		}
	})
}

func TestAnOrderThatFailsForAReasonOfItsGroupHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	for class, both := range map[cloud.Class]bool{
		cloud.ClassCapacity: false, cloud.ClassInvalid: false, cloud.ClassConflict: false,
		cloud.ClassTransient: true, cloud.ClassDenied: true, cloud.ClassQuota: true, cloud.ClassThrottled: true,
	} {
		t.Run(class.String(), func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				batch := s.another(t, "batch")
				defer batch.Close(t.Context())
				s.model.ignoring["order"], s.model.failing["order"] = true, cloud.Errorf(class, "refused")
				s.Order(1)
				synctest.Wait()
				if s.account.Trouble() == "" || s.account.Pending("web") != 0 {
					t.Errorf("the trouble is %q, and %d are ordered", s.account.Trouble(), s.account.Pending("web"))
				}
				batch.Order(1)
				synctest.Wait()
				want := 2
				if both {
					want = 1
				}
				if n := s.model.count("order template"); n != want {
					t.Errorf("%d orders left, want %d", n, want)
				}
				s.Order(1)
				synctest.Wait()
				if n := s.model.count("order template"); n != want {
					t.Errorf("the group itself does not wait: %d orders left", n)
				}
				time.Sleep(pauses[class].first)
				delete(s.model.failing, "order")
				delete(s.model.ignoring, "order")
				s.Order(1)
				synctest.Wait()
				if len(s.Instances()) != 1 || s.account.Trouble() != "" {
					t.Errorf("after the pause on record are %v, and the trouble is %q", s.Instances(), s.account.Trouble())
				}
			})
		})
	}
}

func TestMachinesOfAnotherDayAreAskedAboutAndNotForgotten(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		intent := s.lost(t, "web", 1)
		s.bought("odd")
		s.model.machines["odd"].Start = time.Now().AddDate(0, 0, 7)
		time.Sleep(s.account.SettleWindow - 1)
		s.glance(t)
		if intent.Value.State != IntentUnknown {
			t.Errorf("inside the settle window it is %s", intent.Value.State)
		}
		time.Sleep(time.Nanosecond)
		s.glance(t)
		if i := intent.Value; i.State != IntentAsking || !strings.Contains(i.Error, "odd") {
			t.Errorf("it is %s: %s", i.State, i.Error)
		}
		time.Sleep(time.Hour)
		s.glance(t)
		if intent.Value.State != IntentAsking {
			t.Errorf("while it is there, it is %s", intent.Value.State)
		}
	})
}

func TestAContractMayBeginUpToADayFromItsOrder(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		for _, c := range []struct {
			off time.Duration
			may bool
		}{
			{startTolerance, true}, {startTolerance + 1, false}, {-startTolerance, true}, {-startTolerance - 1, false},
		} {
			snapshot := &cloud.Snapshot{Machines: map[string]cloud.Machine{"new": {Code: "new", Start: noon.Add(c.off)}}}
			found := s.account.candidates(s.Crew, &Intent{At: noon}, snapshot)
			if slices.Contains(found.codes, "new") != c.may || slices.Contains(found.misdated, "new") == c.may {
				t.Errorf("%v off: %+v", c.off, found)
			}
		}
	})
}

func TestALostOrderIsVoidOnceTwoListingsFarEnoughApartLackWhatItBought(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		apart time.Duration
		want  IntentState
	}{
		{absenceGap, IntentVoid}, {absenceGap - 1, IntentUnknown},
	} {
		play(t, func(t *testing.T, s *crewScene) {
			intent := s.lost(t, "web", 1)
			time.Sleep(s.account.SettleWindow)
			s.glance(t)
			if intent.Value.State != IntentUnknown {
				t.Errorf("after one listing it is %s", intent.Value.State)
			}
			time.Sleep(c.apart)
			s.glance(t)
			if intent.Value.State != c.want {
				t.Errorf("listings %v apart lack it: it is %s, want %s", c.apart, intent.Value.State, c.want)
			}
		})
	}
}

func TestAListingThatShowsAMachineBetweenTwoThatLackItMakesThemCountAnew(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		intent := s.lost(t, "web", 2)
		time.Sleep(s.account.SettleWindow)
		s.glance(t)
		intent.Value.State = IntentAsking
		s.bought("a")
		time.Sleep(absenceGap)
		s.glance(t)
		delete(s.model.machines, "a")
		time.Sleep(absenceGap)
		s.glance(t)
		if intent.Value.State != IntentAsking {
			t.Errorf("after one listing that lacks it again, it is %s", intent.Value.State)
		}
		time.Sleep(absenceGap)
		s.glance(t)
		if intent.Value.State != IntentVoid {
			t.Errorf("after two, it is %s", intent.Value.State)
		}
	})
}

func TestALateMachineThatDoesNotFitIsToldOfAsLongAsItIsThere(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		intent := s.lost(t, "web", 1)
		must(t, s.account.void(intent))
		s.bought("late") // its contract does not tell when it began
		time.Sleep(time.Minute)
		s.glance(t)
		if i := intent.Value; i.State != IntentVoid || !strings.Contains(i.Error, "late") || len(s.Instances()) != 0 {
			t.Errorf("it is %s: %q, and on record are %v", i.State, i.Error, s.Instances())
		}
		s.model.machines["late"].Label = "db"
		time.Sleep(time.Minute)
		s.glance(t)
		if intent.Value.Error != "" {
			t.Errorf("it is labelled, and the order says %q", intent.Value.Error)
		}
		s.model.machines["late"].Label, s.model.machines["late"].Start = "", time.Now()
		time.Sleep(time.Minute)
		s.glance(t)
		if got := s.only(t); got.Code != "late" || got.Proof != ProofInferred || got.Goal != policy.InService {
			t.Errorf("on record is %+v", got)
		}
	})
}

func TestNothingIsOrderedOnceTheAccountIsClosing(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.account.Close(t.Context())
		s.Order(1)
		synctest.Wait()
		if s.account.ordering || len(s.model.calls) > 0 {
			t.Errorf("it orders: %v, by %v", s.account.ordering, s.model.calls)
		}
	})
}

func TestNothingIsOrderedWhileAMachineCarriesTheGroupsMarkAndIsNotOnRecord(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.model.machines["one"] = &cloud.Machine{Code: "one", Contract: cloud.ContractInService, Power: cloud.PowerOff, Label: Mark("test", "web", "one")}
		s.Order(1)
		synctest.Wait()
		if s.model.count("order template") > 0 || !strings.Contains(s.account.Trouble(), "1 machines carry its mark") {
			t.Errorf("it did %v, trouble %q", s.model.calls, s.account.Trouble())
		}
	})
}

// What a look settles can make machines the group's own, which it does not know before it
// has seen that look: meanwhile it would order them again.
func TestNothingIsOrderedBetweenALooksSettlingAndTheGroupSeeingIt(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.look(t)
		snapshot := &cloud.Snapshot{Started: time.Now(), Finished: time.Now(), Machines: map[string]cloud.Machine{}, Pools: map[string][]cloud.Node{}}
		must(t, s.account.Settle(snapshot))
		s.Order(1)
		synctest.Wait()
		if n := s.model.count("order template"); n != 0 {
			t.Errorf("%d orders before the group saw what was settled", n)
		}
		must(t, s.Observe(snapshot))
		s.Order(1)
		synctest.Wait()
		if n := s.model.count("order template"); n != 1 {
			t.Errorf("%d orders afterwards", n)
		}
	})
}
