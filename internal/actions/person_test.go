package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// bought puts machines of the given codes into the cloud, blank and without a label.
func (s *crewScene) bought(codes ...string) {
	for _, code := range codes {
		s.model.machines[code] = &cloud.Machine{Code: code, Contract: cloud.ContractInService, Power: cloud.PowerBlank}
	}
}

// glance is a look that nothing follows.
func (s *crewScene) glance(t *testing.T) {
	t.Helper()
	snapshot := &cloud.Snapshot{Started: time.Now(), Finished: time.Now(), Machines: map[string]cloud.Machine{}}
	machines, err := s.model.List(t.Context())
	must(t, err)
	for _, machine := range machines {
		snapshot.Machines[machine.Code] = machine
	}
	must(t, s.account.Settle(snapshot))
}

func isRefused(err error) bool {
	var refused RefusedError
	return errors.As(err, &refused)
}

func TestAPersonSettlesAnOrderWithNothingThatItCannotHaveBought(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(s *crewScene, i *Intent)
		id     string
		codes  []string
		why    string
	}{
		"there is no such order":         {nil, "y", []string{"a"}, "there is no order y"},
		"it is settled":                  {func(_ *crewScene, i *Intent) { i.State = IntentSettled }, "x", []string{"a"}, "there is no order x"},
		"it is void":                     {func(_ *crewScene, i *Intent) { i.State = IntentVoid }, "x", nil, "there is no order x"},
		"its answer is outstanding":      {func(_ *crewScene, i *Intent) { i.State = IntentOpen }, "x", nil, "still outstanding"},
		"its group is not configured":    {func(_ *crewScene, i *Intent) { i.Group = "gone" }, "x", []string{"a"}, "which is not configured"},
		"it was for fewer":               {nil, "x", []string{"a", "b", "c"}, "was for 2 machines, not for 3"},
		"it was there before":            {func(_ *crewScene, i *Intent) { i.Before = []string{"a", "template"} }, "x", []string{"a"}, "a was there before order x"},
		"one of two was there before":    {func(_ *crewScene, i *Intent) { i.Before = []string{"b", "template"} }, "x", []string{"a", "b"}, "b was there before order x"},
		"the account has no such one":    {nil, "x", []string{"z"}, "had no machine z"},
		"it is the template":             {nil, "x", []string{"template"}, "template is on record already, or a template"},
		"it carries a foreign label":     {func(s *crewScene, _ *Intent) { s.model.machines["a"].Label = "db" }, "x", []string{"a"}, `a carries the label "db"`},
		"it carries another one's mark":  {func(s *crewScene, _ *Intent) { s.model.machines["a"].Label = Mark("test", "web", "b") }, "x", []string{"a"}, "a carries the label"},
		"its contract ends":              {func(s *crewScene, _ *Intent) { s.account.snapshot.Machines["a"] = cloud.Machine{Stop: noon} }, "x", []string{"a"}, "the contract of a ends"},
		"the account was not looked at":  {func(s *crewScene, _ *Intent) { s.account.snapshot = nil }, "x", []string{"a"}, "was not looked at yet"},
		"the second is not a known code": {nil, "x", []string{"a", "z"}, "had no machine z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				s.bought("a", "b", "c")
				intent := s.lost(t, "web", 2)
				s.glance(t)
				if c.change != nil {
					c.change(s, &intent.Value)
				}
				before := intent.Value.State
				err := s.account.SettleBy(t.Context(), c.id, c.codes, "me")
				if !isRefused(err) || !strings.Contains(err.Error(), c.why) {
					t.Errorf("it ends with %v", err)
				}
				if intent.Value.State != before || intent.Value.Lost.IsZero() || len(s.Instances()) != 0 {
					t.Errorf("it is %+v, and on record are %v", intent.Value, s.Instances())
				}
			})
		})
	}
}

func TestAPersonSettlesAnOrderWithWhatItBought(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		label       string // of the machine a
		codes, want []string
		state       IntentState
	}{
		"all of it":                   {"", []string{"b", "a"}, []string{"a", "b"}, IntentSettled},
		"one of two":                  {"", []string{"a"}, []string{"a"}, IntentSettled},
		"one of two, named thrice":    {"", []string{"a", "a", "a"}, []string{"a"}, IntentSettled},
		"one with a clone's label":    {"template", []string{"a"}, []string{"a"}, IntentSettled},
		"one that is marked as ours":  {Mark("test", "web", "a"), []string{"a"}, []string{"a"}, IntentSettled},
		"nothing, says the person":    {"", nil, nil, IntentVoid},
		"nothing, in so many letters": {"", []string{}, nil, IntentVoid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				s.bought("a", "b", "c")
				s.model.machines["a"].Label = c.label
				intent := s.lost(t, "web", 2)
				s.glance(t)
				must(t, s.account.SettleBy(t.Context(), "x", c.codes, "me"))
				if i := intent.Value; i.State != c.state || !i.Lost.IsZero() || !slices.Equal(i.Codes, c.want) {
					t.Errorf("the order is %+v", i)
				}
				var codes []string
				for _, in := range s.Instances() {
					codes = append(codes, in.Code)
					if in.Proof != ProofVouched || in.Goal != policy.InService {
						t.Errorf("on record is %+v", in)
					}
				}
				if !slices.Equal(codes, c.want) {
					t.Errorf("on record are %v, want %v", codes, c.want)
				}
			})
		})
	}
}

// labelless is a cloud of which no label can be read.
type labelless struct {
	cloud.Writer
	err error
}

func (l labelless) Label(context.Context, string) (string, time.Time, error) {
	return "", time.Time{}, l.err
}

func TestAPersonsWordIsNotTakenWhileLabelsCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, class := range []cloud.Class{cloud.ClassTransient, cloud.ClassNotFound} {
		play(t, func(t *testing.T, s *crewScene) {
			s.bought("a")
			s.lost(t, "web", 2)
			s.glance(t)
			s.Machines = labelless{s.model, cloud.Errorf(class, "no label")}
			settled := s.account.SettleBy(t.Context(), "x", []string{"a"}, "me")
			vouched := s.account.Vouch(t.Context(), s.Crew, []string{"a"}, "me")
			for _, err := range []error{settled, vouched} {
				if err == nil || isRefused(err) != (class == cloud.ClassNotFound) {
					t.Errorf("%v: it ends with %v", class, err)
				}
			}
			if len(s.Instances()) != 0 {
				t.Errorf("%v: on record are %v", class, s.Instances())
			}
		})
	}
}

func TestAPersonAddsAsManyMachinesThatAreOnAsTheGroupHasRoomFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		on, off int
		taken   bool
	}{
		"as many as there is room for": {6, 0, true},
		"one more":                     {7, 0, false},
		"any number that stands by":    {6, 9, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) { // with room for 5, and 1 of surge
				var codes []string
				for i := range c.on + c.off {
					code := fmt.Sprintf("m%02d", i)
					codes = append(codes, code)
					s.bought(code)
					if i < c.on {
						s.model.machines[code].Power = cloud.PowerOn
					}
				}
				s.glance(t)
				err := s.account.Vouch(t.Context(), s.Crew, codes, "me")
				if (err == nil) != c.taken || err != nil && !strings.Contains(err.Error(), "would have 1 instances too many") {
					t.Errorf("it ends with %v", err)
				}
				if n := len(s.Instances()); (n == c.on+c.off) != c.taken || !c.taken && n != 0 {
					t.Errorf("%d are on record", n)
				}
				if active := s.active(); c.taken && active != c.on {
					t.Errorf("%d are to serve, want %d", active, c.on)
				}
			})
		})
	}
}

func TestAMachineIsTakenOnRecordOnce(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.bought("a")
		s.glance(t)
		must(t, s.account.Vouch(t.Context(), s.Crew, []string{"a", "a"}, "me"))
		if got := s.only(t); got.Goal != policy.Standby || got.Proof != ProofVouched {
			t.Errorf("it is %+v", got)
		}
		if err := s.account.Vouch(t.Context(), s.Crew, []string{"a"}, "me"); !isRefused(err) {
			t.Errorf("it is taken again: %v", err)
		}
	})
}

func TestWhatAPersonSaysWasNotBoughtIsNoOrdersAnyMore(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		intent := s.lost(t, "web", 2)
		if found, err := s.account.NotBought("a"); found || err != nil {
			t.Errorf("before the first look: %v, %v", found, err)
		}
		s.bought("a", "b", "c")
		s.model.machines["labelled"] = &cloud.Machine{Code: "labelled", Label: "db"}
		s.glance(t)
		for _, code := range []string{"template", "labelled", "nowhere"} {
			if found, err := s.account.NotBought(code); found || err != nil {
				t.Errorf("%s: %v, %v", code, found, err)
			}
		}
		if found, err := s.account.NotBought("b"); !found || err != nil {
			t.Errorf("b: %v, %v", found, err)
		}
		if want := []string{"b", "template"}; !slices.Equal(intent.Value.Before, want) {
			t.Errorf("it knows %v, want %v", intent.Value.Before, want)
		}
		if found, err := s.account.NotBought("b"); found || err != nil {
			t.Errorf("b again: %v, %v", found, err)
		}
		intent.Value.Codes = []string{"a"}
		if found, err := s.account.NotBought("a"); found || err != nil {
			t.Errorf("one that the answer named: %v, %v", found, err)
		}
		intent.Value.Codes, intent.Value.Lost = nil, time.Time{}
		if found, err := s.account.NotBought("a"); found || err != nil {
			t.Errorf("of an order that lost no answer: %v, %v", found, err)
		}
		intent.Value.Lost = time.Now()
		must(t, s.Journal.Store.(*store.Memory).Close())
		if found, err := s.account.NotBought("a"); found || err == nil || intent.Value.knew("a") {
			t.Errorf("what cannot be written: %v, %v; it knows %v", found, err, intent.Value.Before)
		}
	})
}

func TestAnInstanceThatAPersonDisownsLosesOurMarkAndNothingElse(t *testing.T) {
	t.Parallel()
	for label, want := range map[string]string{
		Mark("test", "web", "one"): "not:test:web",
		"db":                       "db",
		"":                         "",
	} {
		play(t, func(t *testing.T, s *crewScene) {
			machine, facts := standing(cloud.PowerOff)
			machine.Label = label
			s.have(t, machine, policy.Standby, facts)
			if known, err := s.Disown(t.Context(), "one", "me"); !known || err != nil {
				t.Errorf("%v, %v", known, err)
			}
			if got := s.model.get("one"); got.Label != want || got.Power != cloud.PowerOff || len(s.Instances()) != 0 {
				t.Errorf("it is %+v, and on record are %v", got, s.Instances())
			}
			s.model.machines["one"].Label = Mark("test", "web", "one") // as an old listing shows it
			s.look(t)
			if len(s.Instances()) != 0 {
				t.Errorf("it is adopted again: %v", s.Instances())
			}
			time.Sleep(sceneStaleRead + 1)
			s.look(t)
			if len(s.Instances()) != 1 {
				t.Error("one that a person marked later is not adopted")
			}
		})
	}
}

func TestNothingIsDisownedThatIsNotThereOrAtWorkOrCannotBeRead(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		if known, err := s.Disown(t.Context(), "one", "me"); known || err != nil {
			t.Errorf("not on record: %v, %v", known, err)
		}
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.Standby, facts)
		in := s.instance("one")
		in.working = true
		if known, err := s.Disown(t.Context(), "one", "me"); !known || !isRefused(err) || !in.working {
			t.Errorf("at work: %v, %v; it is at work still: %v", known, err, in.working)
		}
		in.working = false
		s.Machines = labelless{s.model, errTransient}
		if known, err := s.Disown(t.Context(), "one", "me"); !known || err == nil || in.working {
			t.Errorf("its label cannot be read: %v, %v; it is at work: %v", known, err, in.working)
		}
		s.Machines = s.model
		s.model.failing["label"] = errTransient
		if known, err := s.Disown(t.Context(), "one", "me"); !known || err == nil {
			t.Errorf("its label cannot be set: %v, %v", known, err)
		}
		s.only(t)
	})
}

func TestAProtectionLastsUntilItIsLifted(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		if known, err := s.Protect("one", nil); known || err != nil {
			t.Errorf("not on record: %v, %v", known, err)
		}
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.Standby, facts)
		for _, protection := range []*Protection{{By: "me"}, nil} {
			if known, err := s.Protect("one", protection); !known || err != nil || s.only(t).Protected != protection {
				t.Errorf("%v: %v, %v, and it is %+v", protection, known, err, s.only(t))
			}
		}
	})
}
