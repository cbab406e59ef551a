package actions

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestAMachineIsFinishedBeforeItIsProbed(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.launch.says(HookWait)
		s.want(t, policy.InService)
		s.reach(t, Unfinished)
		s.live(t, time.Minute)
		in := s.only(t)
		asked := s.launch.requests()
		if len(asked) != 1 || in.Phase != Unfinished || in.Step != StepHook || s.model.count("attach-node 127.20.0.1") != 0 {
			t.Fatalf("it was asked %d times, and the instance is %s", len(asked), in.Phase)
		}
		request := asked[0]
		if request.Hook != "finish" || request.At != AtLaunch || request.Group != "web" || request.Instance != "one" || request.Address != "127.20.0.1" ||
			request.Goal != policy.InService || request.Attempt != 1 || request.Until.Sub(request.Deadline) != hookMax-hookPatience {
			t.Errorf("it was told %+v", request)
		}
		if h := in.Hook; h == nil || h.Name != "finish" || h.At != AtLaunch || !h.Taken || h.ID != request.ID || !h.Deadline.Equal(request.Deadline) || !h.Max.Equal(request.Until) || h.After != "abandon" {
			t.Errorf("the status shows %+v", h)
		}
		must(t, s.AnswerHook(request.ID, "token of "+request.ID, HookAnswer{Action: HookContinue}))
		s.reach(t, InPool)
		if in := s.only(t); in.Hook != nil || len(s.launch.requests()) != 1 || len(s.end.requests()) != 0 {
			t.Errorf("it serves, and waits for %+v", in.Hook)
		}
	})
}

func TestADrainedMachineIsStoppedOnceItsEndHookLetsIt(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.want(t, policy.InService)
		s.reach(t, InPool)
		s.end.says(HookWait)
		left := time.Now()
		s.want(t, policy.Standby)
		s.reach(t, Parting)
		if waited := time.Since(left); waited < s.Drain {
			t.Errorf("it was asked %v after it left, and draining takes %v", waited, s.Drain)
		}
		s.live(t, time.Minute)
		if h := s.only(t).Hook; h == nil || h.Name != "farewell" || s.model.count("stop one") != 0 {
			t.Fatalf("it was stopped %d times, and waits for %+v", s.model.count("stop one"), h)
		}
		id := s.end.last(t)
		must(t, s.AnswerHook(id, "token of "+id, HookAnswer{Action: HookContinue}))
		s.reach(t, Off)
	})
}

func TestEachStartAsksAnew(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		for range 3 {
			s.want(t, policy.InService)
			s.reach(t, InPool)
			s.want(t, policy.Standby)
			s.reach(t, Off)
		}
		if launches, ends := s.launch.ids(), s.end.ids(); len(launches) != 3 || len(ends) != 3 || len(s.launch.requests()) != 3 {
			t.Errorf("told of the launches %v and of the ends %v", launches, ends)
		}
	})
}

func TestHooksAtTheSamePointAreAskedOneAfterTheOtherInTheOrderOfTheFile(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		second := &fakeReceiver{}
		s.launch.says(HookWait)
		s.Hooks = append(s.Hooks, Hook{Name: "second", At: AtLaunch, Timeout: hookPatience, Max: hookMax, Otherwise: HookContinue, Receiver: second})
		s.want(t, policy.InService)
		s.reach(t, Unfinished)
		s.live(t, time.Minute)
		if n := len(second.requests()); n != 0 {
			t.Fatalf("the second was asked %d times while the first is awaited", n)
		}
		id := s.launch.last(t)
		must(t, s.AnswerHook(id, "token of "+id, HookAnswer{Action: HookContinue}))
		s.reach(t, InPool)
		if len(second.requests()) != 1 || len(s.launch.requests()) != 1 {
			t.Errorf("asked %d and %d times", len(s.launch.requests()), len(second.requests()))
		}
	})
}

func TestAnAbandonedLaunchIsSetAsideUntilItIsAskedAnew(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.launch.says(HookAbandon)
		s.want(t, policy.InService)
		s.reach(t, Unfinished)
		s.live(t, 5*time.Second)
		in := s.only(t)
		if in.Quarantine != "hook finish abandoned its launch: it said so" || !in.Joined.IsZero() || in.Hook != nil || in.Capacity() {
			t.Fatalf("it is %+v", in)
		}
		s.live(t, time.Hour)
		if n := len(s.launch.requests()); n != 1 {
			t.Errorf("asked %d times", n)
		}
		s.launch.says(HookContinue)
		must(t, s.LiftQuarantines())
		s.reach(t, InPool)
		if ids := s.launch.ids(); len(ids) != 2 {
			t.Errorf("asked under the ids %v, want two", ids)
		}
	})
}

func TestAnEndThatIsAbandonedGoesOnWithoutTheHooksBehind(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		behind := &fakeReceiver{}
		s.Hooks = append(s.Hooks, Hook{Name: "behind", At: AtEnd, Timeout: hookPatience, Max: hookMax, Otherwise: HookContinue, Receiver: behind})
		s.want(t, policy.InService)
		s.reach(t, InPool)
		s.end.says(HookAbandon)
		s.want(t, policy.Standby)
		s.reach(t, Off)
		if q := s.only(t).Quarantine; q != "" || len(behind.requests()) != 0 {
			t.Errorf("quarantined: %q; the hook behind was asked %d times", q, len(behind.requests()))
		}
	})
}

func TestWithoutAnAnswerTheHooksOtherwiseCounts(t *testing.T) {
	for _, c := range []struct {
		at        HookPoint
		otherwise HookAction
		want      Phase
		aside     bool
	}{
		{AtLaunch, HookContinue, InPool, false},
		{AtLaunch, HookAbandon, Unfinished, true},
		{AtEnd, HookContinue, Off, false},
		{AtEnd, HookAbandon, Off, false},
	} {
		for name, answer := range map[string]func(HookRequest) (HookAnswer, error){
			"it said that it answers later": func(HookRequest) (HookAnswer, error) { return HookAnswer{Action: HookWait}, nil },
			"it is not reached":             func(HookRequest) (HookAnswer, error) { return HookAnswer{}, errors.New("refused") },
			"it hangs":                      nil,
		} {
			t.Run(string(c.at)+" "+string(c.otherwise)+", "+name, func(t *testing.T) {
				playHooked(t, func(t *testing.T, s *hookedScene) {
					receiver := s.launch
					if c.at == AtEnd {
						receiver = s.end
						s.want(t, policy.InService)
						s.reach(t, InPool)
					}
					s.Hooks[0].Otherwise, s.Hooks[1].Otherwise = c.otherwise, c.otherwise
					receiver.answer, receiver.hangs = answer, answer == nil
					s.want(t, map[HookPoint]policy.Goal{AtLaunch: policy.InService, AtEnd: policy.Standby}[c.at])
					s.reach(t, map[HookPoint]Phase{AtLaunch: Unfinished, AtEnd: Parting}[c.at])
					asked := receiver.requests()[0]
					s.live(t, time.Until(asked.Deadline)-2*time.Second)
					if h := s.only(t).Hook; h == nil {
						t.Fatalf("two seconds before its deadline it is not awaited any more: %+v", s.only(t))
					}
					s.live(t, 4*time.Second)
					if h := s.only(t).Hook; h != nil {
						t.Fatalf("after its deadline it is still awaited: %+v", h)
					}
					s.reach(t, c.want)
					s.live(t, time.Minute)
					in := s.only(t)
					if aside := strings.Contains(in.Quarantine, "no answer within 5m0s"); aside != c.aside || in.Phase != c.want {
						t.Errorf("it is %s, quarantined: %q", in.Phase, in.Quarantine)
					}
					if repeated := len(receiver.requests()) > 1; len(receiver.ids()) != 1 || repeated != (name != "it said that it answers later") {
						t.Errorf("asked %d times under %v", len(receiver.requests()), receiver.ids())
					}
				})
			})
		}
	}
}

func TestAReceiverThatCannotBeReachedIsAskedAgainUnderTheSameID(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		failures := 0
		s.launch.answer = func(HookRequest) (HookAnswer, error) {
			if failures++; failures < 4 {
				return HookAnswer{}, cloud.Errorf(cloud.ClassTransient, "connection refused")
			}
			return HookAnswer{Action: HookContinue}, nil
		}
		s.want(t, policy.InService)
		s.reach(t, InPool)
		var attempts []int
		for _, request := range s.launch.requests() {
			attempts = append(attempts, request.Attempt)
		}
		if !slices.Equal(attempts, []int{1, 2, 3, 4}) || len(s.launch.ids()) != 1 {
			t.Errorf("attempts %v under the ids %v", attempts, s.launch.ids())
		}
	})
}

func TestAHookHoldsUpNobodyElse(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		machine, facts := standing(cloud.PowerOff)
		machine.Code, machine.Label, machine.Address = "two", Mark("test", "web", "two"), addressOf(2)
		s.have(t, machine, policy.InService, facts)
		s.launch.answer = func(r HookRequest) (HookAnswer, error) {
			if r.Instance == "one" {
				time.Sleep(askTimeout)
				return HookAnswer{}, errors.New("timeout")
			}
			return HookAnswer{Action: HookContinue}, nil
		}
		s.want(t, policy.InService)
		s.live(t, time.Minute)
		if list := s.Instances(); list[0].Phase != Unfinished || list[1].Phase != InPool {
			t.Errorf("they are %s and %s", list[0].Phase, list[1].Phase)
		}
	})
}

func TestAnEndThatIsTurnedRoundIsFinishedAgainBeforeItJoins(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.want(t, policy.InService)
		s.reach(t, InPool)
		s.end.says(HookWait)
		s.want(t, policy.Standby)
		s.reach(t, Parting)
		told := s.end.last(t)
		s.want(t, policy.InService)
		s.reach(t, InPool)
		if n := len(s.launch.ids()); n != 2 {
			t.Errorf("the launch hook was asked for %d launches, want 2", n)
		}
		if err := s.AnswerHook(told, "token of "+told, HookAnswer{Action: HookContinue}); !errors.Is(err, ErrNoHookCall) {
			t.Errorf("the answer about its end was taken: %v", err)
		}
		if n := s.model.count("stop one"); n != 0 {
			t.Errorf("it was stopped %d times", n)
		}
	})
}

func TestWhatLeftAndComesBackBeforeItsEndHookWasToldJoinsAtOnce(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.want(t, policy.InService)
		s.reach(t, InPool)
		s.want(t, policy.Standby)
		s.reach(t, Draining)
		s.want(t, policy.InService)
		s.reach(t, InPool)
		if len(s.launch.requests()) != 1 || len(s.end.requests()) != 0 {
			t.Errorf("told of %d launches and %d ends", len(s.launch.requests()), len(s.end.requests()))
		}
	})
}

func TestAnEndHookIsAskedForALaunchThatWasTurnedRoundOnlyIfAHookWasToldOfIt(t *testing.T) {
	for name, c := range map[string]struct {
		hooks int // of the scene's two that are configured, from the end
		asked bool
	}{"told": {2, true}, "there is no launch hook": {1, false}} {
		t.Run(name, func(t *testing.T) {
			playHooked(t, func(t *testing.T, s *hookedScene) {
				s.Hooks = s.Hooks[2-c.hooks:]
				s.launch.says(HookWait)
				s.model.failing["attach-node"] = cloud.Errorf(cloud.ClassTransient, "busy")
				s.model.ignoring["attach-node"] = true
				s.want(t, policy.InService)
				s.live(t, 20*time.Second)
				s.want(t, policy.Standby)
				s.reach(t, Off)
				if asked := len(s.end.requests()) > 0; asked != c.asked {
					t.Errorf("the end hook was asked: %v", asked)
				}
			})
		})
	}
}

func TestADrilledInstanceIsFinishedAndToldOfItsEnd(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.want(t, policy.Ready)
		s.reach(t, Ready)
		s.want(t, policy.Standby)
		s.reach(t, Off)
		if len(s.launch.requests()) != 1 || s.launch.requests()[0].Goal != policy.Ready || len(s.end.requests()) != 1 {
			t.Errorf("told of %v and %v", s.launch.requests(), s.end.requests())
		}
	})
}

func TestWhatServesAlreadyIsNotFinishedWhenHooksAreConfigured(t *testing.T) {
	for name, lose := range map[string]func(s *hookedScene){
		"it is taken out of the pool": func(s *hookedScene) { s.model.pool = nil },
		"it leaves and comes back":    func(*hookedScene) {},
	} {
		t.Run(name, func(t *testing.T) {
			playHooked(t, func(t *testing.T, s *hookedScene) {
				hooks := s.Hooks
				s.Hooks = nil
				s.want(t, policy.InService)
				s.reach(t, InPool)
				s.Hooks = hooks
				if lose(s); len(s.model.pool) > 0 {
					s.want(t, policy.Standby)
					s.reach(t, Draining)
					s.want(t, policy.InService)
				}
				s.live(t, 5*time.Second)
				s.reach(t, InPool)
				if n := len(s.launch.requests()); n != 0 {
					t.Errorf("the launch hook was asked %d times", n)
				}
				s.want(t, policy.Standby)
				s.reach(t, Off)
				if n := len(s.end.requests()); n != 1 {
					t.Errorf("the end hook was asked %d times", n)
				}
			})
		})
	}
}

func TestAMachineThatSomebodyTurnedOffIsFinishedAgain(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.want(t, policy.InService)
		s.reach(t, InPool)
		s.model.mu.Lock()
		s.model.machines["one"].Power = cloud.PowerOff
		s.model.mu.Unlock()
		s.live(t, time.Minute)
		s.reach(t, InPool)
		if n := len(s.launch.ids()); n != 2 {
			t.Errorf("told of %d launches, want 2", n)
		}
	})
}

func TestALaunchThatHooksHoldUpEndsWithItsLaunchTimeout(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.LaunchTimeout = 7 * time.Minute
		s.launch.says(HookWait)
		s.want(t, policy.InService)
		s.reach(t, Unfinished)
		id := s.launch.last(t)
		for range 3 {
			s.live(t, 2*time.Minute)
			_ = s.AnswerHook(id, "token of "+id, HookAnswer{Action: HookHeartbeat})
		}
		s.live(t, 2*time.Minute)
		if in := s.only(t); !strings.Contains(in.Quarantine, "did not serve within 7m0s, and is unfinished") {
			t.Errorf("quarantined: %q", in.Quarantine)
		}
	})
}

func TestAStandstillOfOursDoesNotMakeAHookLate(t *testing.T) {
	for name, alive := range map[string]func(t *testing.T, s *hookedScene){
		"after a start":  func(t *testing.T, s *hookedScene) { t.Helper(); must(t, s.ExcuseLate()) },
		"after a resume": func(t *testing.T, s *hookedScene) { t.Helper(); must(t, s.LiftQuarantines()) },
	} {
		t.Run(name, func(t *testing.T) {
			playHooked(t, func(t *testing.T, s *hookedScene) {
				s.launch.says(HookWait)
				s.want(t, policy.InService)
				s.reach(t, Unfinished)
				time.Sleep(hookMax + time.Minute) // nobody moves it meanwhile
				alive(t, s)
				s.live(t, hookPatience-10*time.Second)
				if in := s.only(t); in.Quarantine != "" || in.Hook == nil || len(s.launch.ids()) != 1 || len(s.launch.requests()) != 2 || s.launch.requests()[1].Attempt != 2 {
					t.Errorf("it is %+v; told %d times under %v", in, len(s.launch.requests()), s.launch.ids())
				}
			})
		})
	}
}

func TestAnInstanceThatIsLeftAloneIsNotAskedAbout(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.Drift = map[DriftKind]DriftPolicy{DriftStarted: DriftIgnore}
		s.model.mu.Lock()
		s.model.machines["one"].Power = cloud.PowerOn
		s.model.mu.Unlock()
		s.live(t, time.Minute)
		if in := s.only(t); !in.LeftAlone || len(s.launch.requests())+len(s.end.requests()) != 0 {
			t.Errorf("it is %+v", in)
		}
	})
}

func TestACallKeepsItsDeadlineWhateverBecomesOfTheClock(t *testing.T) {
	t.Parallel()
	call := HookCall{Asked: noon, Taken: noon.Add(time.Second), Deadline: noon.Add(hookPatience), Until: noon.Add(hookMax)}
	for name, c := range map[string]struct {
		now         time.Time
		left, until time.Duration
	}{
		"a minute later":                    {noon.Add(time.Minute), hookPatience - time.Minute, hookMax - time.Minute},
		"the clock was set back by an hour": {noon.Add(-time.Hour), hookPatience, hookMax},
		"it is over":                        {noon.Add(time.Hour), hookPatience - time.Hour, hookMax - time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := []HookCall{call}
			f := Facts{Hooks: calls}
			f.anchor(c.now, 0)
			got := f.Hooks[0]
			if left, until := got.Deadline.Sub(c.now), got.Until.Sub(c.now); left != c.left || until != c.until || got.Asked.After(c.now) || got.Taken.After(c.now) {
				t.Errorf("%v and %v are left, of %+v", left, until, got)
			}
			if calls[0] != call {
				t.Error("the record was changed in place")
			}
		})
	}
}

func TestHooksThatMeanNothingAreRefused(t *testing.T) {
	t.Parallel()
	good := Hook{Name: "a", At: AtLaunch, Timeout: time.Minute, Max: time.Minute, Otherwise: HookContinue, Receiver: &fakeReceiver{}}
	for name, change := range map[string]func(h *Hook){
		"no name":              func(h *Hook) { h.Name = "" },
		"no receiver":          func(h *Hook) { h.Receiver = nil },
		"no timeout":           func(h *Hook) { h.Timeout = 0 },
		"less than its own":    func(h *Hook) { h.Max = time.Second },
		"at no point":          func(h *Hook) { h.At = "middle" },
		"otherwise it waits":   func(h *Hook) { h.Otherwise = HookWait },
		"named as another one": func(h *Hook) { h.Name = "b" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other, bad := good, good
			other.Name = "b"
			if change(&bad); validateHooks([]Hook{other, bad}) == nil {
				t.Errorf("%+v was taken", bad)
			}
		})
	}
	if err := validateHooks([]Hook{good}); err != nil {
		t.Error(err)
	}
}

func TestAReceiverThatHangsIsGivenUpAtItsDeadline(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.Hooks[0].Timeout, s.launch.hangs, s.CallTimeout = askTimeout+15*time.Second, true, time.Hour
		s.want(t, policy.InService)
		s.reach(t, Unfinished)
		s.live(t, askTimeout+20*time.Second)
		if in := s.only(t); !strings.Contains(in.Quarantine, "no answer within 45s") || len(s.launch.requests()) != 2 {
			t.Errorf("asked %d times, it is %+v", len(s.launch.requests()), in)
		}
	})
}

func TestAnAnsweredInstanceGoesOnAtOnceAndAnAwaitedOneIsLookedAtAtItsDeadline(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.launch.says(HookWait)
		s.want(t, policy.InService)
		s.reach(t, Unfinished)
		s.Advance()
		s.mu.Lock()
		wakes := s.wakesAt
		s.mu.Unlock()
		if deadline := s.only(t).Hook.Deadline; !wakes.Equal(deadline) {
			t.Errorf("it wakes at %v, and the deadline is %v", wakes, deadline)
		}
		id := s.launch.last(t)
		must(t, s.AnswerHook(id, "token of "+id, HookAnswer{Action: HookContinue}))
		if len(s.Wake()) == 0 {
			t.Fatal("the group is not woken")
		}
		<-s.Wake()
		s.Continue()
		synctest.Wait()
		in := s.instance("one")
		in.mu.Lock()
		defer in.mu.Unlock()
		if in.probes == 0 {
			t.Error("it is not probed")
		}
	})
}

func TestALaunchThatIsAbandonedWhenItIsNotWantedAnyMoreStandsBy(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.launch.says(HookWait)
		s.want(t, policy.InService)
		s.reach(t, Unfinished)
		id := s.launch.last(t)
		must(t, s.Assign([]policy.Assignment{{Code: "one", Goal: policy.Standby}}))
		must(t, s.AnswerHook(id, "token of "+id, HookAnswer{Action: HookAbandon}))
		s.reach(t, Off)
		if q := s.only(t).Quarantine; q != "" {
			t.Errorf("it is quarantined: %s", q)
		}
	})
}

func TestAMachineThatGoesOffDuringTheQuestionIsFinishedAgain(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.launch.answer = func(HookRequest) (HookAnswer, error) {
			time.Sleep(50 * time.Second)
			return HookAnswer{Action: HookContinue}, nil
		}
		s.want(t, policy.InService)
		s.reach(t, Unfinished)
		time.Sleep(30 * time.Second) // its start is long enough ago for a look to be believed
		s.model.mu.Lock()
		s.model.machines["one"].Power = cloud.PowerOff
		s.model.mu.Unlock()
		s.look(t)
		s.live(t, 40*time.Second)
		s.reach(t, InPool)
		if n := len(s.launch.ids()); n != 2 {
			t.Errorf("told of %d launches, want 2", n)
		}
	})
}

func TestAnEndIsToldAnewEachTimeWithoutLaunchHooks(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.Hooks = s.Hooks[1:]
		s.want(t, policy.InService)
		s.reach(t, InPool)
		s.end.says(HookWait)
		s.want(t, policy.Standby)
		s.reach(t, Parting)
		s.want(t, policy.InService)
		s.reach(t, InPool)
		s.end.says(HookContinue)
		s.want(t, policy.Standby)
		s.reach(t, Off)
		if ids := s.end.ids(); len(ids) != 2 {
			t.Errorf("told of the ends %v, want two", ids)
		}
	})
}

func TestAMachineThatSomebodyTurnsOffAndOnIsFinishedAgain(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.Drift = map[DriftKind]DriftPolicy{DriftStopped: DriftIgnore}
		s.want(t, policy.InService)
		s.reach(t, InPool)
		s.live(t, 30*time.Second)
		turn := func(power cloud.Power) {
			s.model.mu.Lock()
			s.model.machines["one"].Power, s.model.pool = power, nil
			s.model.mu.Unlock()
			s.live(t, 30*time.Second)
		}
		turn(cloud.PowerOff)
		turn(cloud.PowerOn)
		s.reach(t, InPool)
		if n := len(s.launch.ids()); n != 2 {
			t.Errorf("told of %d launches, want 2", n)
		}
	})
}

func TestWhatIsOnWhenItIsAdoptedIsNotFinished(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		machine, _ := standing(cloud.PowerOn)
		machine.Code, machine.Label, machine.Address = "two", Mark("test", "web", "two"), addressOf(2)
		s.model.mu.Lock()
		s.model.machines["two"] = &machine
		s.model.mu.Unlock()
		s.live(t, time.Minute)
		if list := s.Instances(); len(list) != 2 || list[1].Phase != InPool || len(s.launch.requests()) != 0 {
			t.Errorf("they are %+v, and the launch hook was asked %d times", list, len(s.launch.requests()))
		}
	})
}

func TestWhatServesWithoutABalancerIsNotFinishedWhenHooksAreConfigured(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		hooks := s.Hooks
		s.Hooks, s.Balancers = nil, nil
		s.want(t, policy.InService)
		s.reach(t, InPool)
		s.live(t, 10*time.Second)
		s.Hooks = hooks
		s.resetProbes(s.instance("one")) // as after a start of ours
		s.reach(t, InPool)
		if n := len(s.launch.requests()); n != 0 {
			t.Errorf("the launch hook was asked %d times", n)
		}
	})
}

func TestWhatIsAnsweredFirstCounts(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.launch.answer = func(r HookRequest) (HookAnswer, error) {
			return HookAnswer{HookAbandon, "no"}, s.AnswerHook(r.ID, "token of "+r.ID, HookAnswer{HookContinue, "yes"})
		}
		s.want(t, policy.InService)
		s.reach(t, InPool)
	})
}

func TestAReceiverThatBeatsIsNotAskedAgain(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.launch.answer = func(r HookRequest) (HookAnswer, error) {
			must(t, s.AnswerHook(r.ID, "token of "+r.ID, HookAnswer{Action: HookHeartbeat}))
			return HookAnswer{}, errors.New("hung up")
		}
		s.want(t, policy.InService)
		s.reach(t, Unfinished)
		s.live(t, 3*time.Minute)
		if n := len(s.launch.requests()); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestAnAnswerDuringTheQuestionCountsAndNotTheQuestionsFailure(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		s.launch.answer = func(r HookRequest) (HookAnswer, error) {
			err := s.AnswerHook(r.ID, "token of "+r.ID, HookAnswer{HookContinue, "done"})
			return HookAnswer{}, errors.Join(err, errors.New("hung up"))
		}
		s.want(t, policy.InService)
		begun := time.Now()
		s.reach(t, InPool)
		if len(s.launch.requests()) != 1 || time.Since(begun) > 30*time.Second {
			t.Errorf("asked %d times, and it took %v", len(s.launch.requests()), time.Since(begun))
		}
		synctest.Wait()
	})
}

func TestAMachineThatIsOffIsToBeFinishedAgainAndItsEndStaysOnRecord(t *testing.T) {
	t.Parallel()
	f := Facts{Served: noon, Hooks: []HookCall{{Hook: "a", At: AtLaunch}, {Hook: "b", At: AtEnd}}}
	if !f.forgetLaunch() || !f.Served.IsZero() || len(f.Hooks) != 1 || f.Hooks[0].At != AtEnd {
		t.Errorf("what stays is %+v", f)
	}
	if f.forgetLaunch() {
		t.Error("the same again is news")
	}
}
