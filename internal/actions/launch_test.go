package actions

import (
	"context"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// sightless is a cloud of which no machine can be looked at.
type sightless struct{ cloud.Writer }

func (sightless) Describe(context.Context, string) (cloud.Machine, error) {
	return cloud.Machine{}, errTransient
}

func TestNothingIsChangedOnAMachineThatCannotBeLookedAt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		power  cloud.Power
		goal   policy.Goal
		change func(f *Facts)
		step   Step
	}{
		"to be labelled":    {cloud.PowerBlank, policy.InService, func(f *Facts) { f.Labelled = time.Time{} }, StepLabel},
		"to be prepared":    {cloud.PowerBlank, policy.InService, func(f *Facts) { f.Prepared = nil }, StepPrepare},
		"to be started":     {cloud.PowerOff, policy.InService, func(*Facts) {}, StepStart},
		"to be overwritten": {cloud.PowerOff, policy.InService, func(f *Facts) { f.Template = "old" }, StepRefresh},
		"to be stopped":     {cloud.PowerOn, policy.Standby, func(f *Facts) { f.Left = time.Now().Add(-time.Hour) }, StepStop},
		"to be released":    {cloud.PowerOff, policy.Released, func(*Facts) {}, StepRelease},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				machine, facts := standing(c.power)
				c.change(&facts)
				s.have(t, machine, c.goal, facts)
				s.Machines = sightless{s.model}
				s.look(t)
				if got := s.only(t); got.Step != c.step || len(s.model.calls) != 0 {
					t.Errorf("it is %+v, by %v", got, s.model.calls)
				}
			})
		})
	}
}

func TestAMachineThatTurnsOutToBeOnIsNeitherPreparedNorStarted(t *testing.T) {
	t.Parallel()
	for _, prepared := range []bool{false, true} {
		play(t, func(t *testing.T, s *crewScene) {
			machine, facts := standing(cloud.PowerOn)
			if !prepared {
				facts.Prepared = nil
			}
			s.have(t, machine, policy.InService, facts)
			s.model.lies = func(shown *cloud.Machine) { shown.Power = cloud.PowerOff }
			s.look(t)
			for _, call := range []string{"attach one", "key one", "start one"} {
				if s.model.count(call) != 0 {
					t.Errorf("calls: %v", s.model.calls)
				}
			}
		})
	}
}

func TestAnInferredMachineIsLabelledOnlyOnceItsLabelCouldBeRead(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.have(t, fresh(), policy.InService, Facts{Proof: ProofInferred, Order: "x"})
		s.Machines = labelless{s.model, errTransient}
		s.live(t, time.Minute)
		if got := s.only(t); got.Phase != Unlabelled || got.Trouble == "" || len(s.model.calls) != 0 {
			t.Errorf("it is %+v, by %v", got, s.model.calls)
		}
		s.Machines = s.model
		s.live(t, 2*time.Minute)
		if got := s.only(t); got.Phase == Unlabelled || got.Quarantine != "" {
			t.Errorf("it is %+v, by %v", got, s.model.calls)
		}
	})
}

// preparing is an instance whose first preparation is missing on record.
func (s *crewScene) preparing(t *testing.T, attempt *Attempt) *instance {
	t.Helper()
	machine, facts := standing(cloud.PowerBlank)
	facts.Prepared, facts.Attempt = nil, attempt
	s.have(t, machine, policy.InService, facts)
	in := s.instance("one")
	return in
}

func TestARefusedPreparationIsTakenAsDoneWhenItMayBeAndReadsHaveCaughtUp(t *testing.T) {
	t.Parallel()
	refusal, conflict := errInvalid, cloud.Errorf(cloud.ClassConflict, "409")
	for name, c := range map[string]struct {
		since   time.Duration // the attempt on record
		refused bool          // it was
		other   string        // order of another instance that has it; "-" for none
		err     error         // of the repeat
		done    bool
	}{
		"its answer was lost":                         {sceneStaleRead, false, "-", refusal, true},
		"and the repeat is in conflict":               {sceneStaleRead, false, "-", conflict, true},
		"and the repeat fails for another reason":     {sceneStaleRead, false, "-", errTransient, false},
		"a moment too early":                          {sceneStaleRead - 1, false, "-", refusal, false},
		"it was refused at first, and never succeeds": {sceneStaleRead, true, "-", refusal, false},
		"it was refused at first, and one has it":     {sceneStaleRead, true, "y", refusal, true},
		"but that one may have been made with it":     {sceneStaleRead, true, "", refusal, false},
		"refused at first, one has it, too early":     {sceneStaleRead - 1, true, "y", refusal, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				s.model.failing["attach"], s.model.ignoring["attach"] = c.err, true
				in := s.preparing(t, &Attempt{"attach", time.Now(), c.refused})
				if c.other != "-" {
					machine, facts := standing(cloud.PowerOff)
					machine.Code, facts.Order = "two", c.other
					s.have(t, machine, policy.Standby, facts)
				}
				time.Sleep(c.since)
				acted, err := s.prepare(t.Context(), in)
				done := !in.facts.Value.Prepared["attach"].IsZero()
				if acted != c.done || done != c.done || (err == nil) != c.done || (in.facts.Value.Attempt == nil) != c.done {
					t.Errorf("it acted: %v, %v; it is done: %v; on record is %+v", acted, err, done, in.facts.Value.Attempt)
				}
			})
		})
	}
}

func TestWhatIsOnRecordAfterTheFirstTryOfAPreparation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		order string
		err   error
		want  *Attempt // but for its time
	}{
		"it succeeds":                          {"x", nil, nil},
		"it is refused":                        {"x", errInvalid, &Attempt{Preparation: "attach", Refused: true}},
		"it did not take place":                {"x", errTransient, nil},
		"its answer is lost":                   {"x", errLost, &Attempt{Preparation: "attach"}},
		"it is refused, and may be done":       {"", errInvalid, &Attempt{Preparation: "attach"}},
		"it did not take place, or was before": {"", errTransient, &Attempt{Preparation: "attach"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				in := s.preparing(t, nil)
				in.facts.Value.Order = c.order
				if c.err != nil {
					s.model.failing["attach"], s.model.ignoring["attach"] = c.err, true
				}
				if acted, err := s.prepare(t.Context(), in); acted != (c.err == nil) || (err == nil) != (c.err == nil) {
					t.Errorf("it acted: %v, %v", acted, err)
				}
				got := in.facts.Value.Attempt
				if (got == nil) != (c.want == nil) || got != nil && (got.Preparation != c.want.Preparation || got.Refused != c.want.Refused || !got.At.Equal(time.Now())) {
					t.Errorf("on record is %+v, want %+v", got, c.want)
				}
			})
		})
	}
}

func TestAMachineIsStartedOnlyWhenNoPoolHasItsOldAddress(t *testing.T) {
	t.Parallel()
	for _, pooled := range []bool{false, true} {
		play(t, func(t *testing.T, s *crewScene) {
			machine, facts := standing(cloud.PowerOff)
			s.have(t, machine, policy.InService, facts)
			if pooled {
				s.model.pool = append(s.model.pool, addressPort(machine))
			}
			in := s.instance("one")
			acted, err := s.turnOn(t.Context(), in)
			must(t, err)
			if acted == pooled || (s.model.count("start one") == 1) == pooled || in.facts.Value.Address.IsValid() != pooled {
				t.Errorf("in a pool: %v; it was started: %v; it is at %v", pooled, acted, in.facts.Value.Address)
			}
		})
	}
}

func TestAMachineThatIsStoppedMustProveAgainThatItServes(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOn)
		facts.Left = time.Now().Add(-time.Hour)
		s.have(t, machine, policy.Standby, facts)
		in := s.instance("one")
		in.probes = s.ProbeCount
		acted, err := s.turnOff(t.Context(), in)
		must(t, err)
		if !acted || in.probes != 0 {
			t.Errorf("it was stopped: %v, and %d of its probes count", acted, in.probes)
		}
	})
}

func TestAnInstanceThatJoinsIsProbedUnlessItAnsweredWithinAMinute(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		age    time.Duration
		probes int32
	}{{probeMemory, 0}, {probeMemory + 1, 1}} {
		play(t, func(t *testing.T, s *crewScene) {
			in, answers, probes := s.serving(t), s.answering(), atomic.Int32{}
			in.answeredAt = time.Now()
			time.Sleep(c.age)
			probe := s.Probe
			s.Probe = func(ctx context.Context, address netip.Addr) error { probes.Add(1); return probe(ctx, address) }
			if err := s.answersNow(t.Context(), in); (err == nil) != (c.probes == 0) || err != nil && cloud.ClassOf(err) != cloud.ClassTransient {
				t.Errorf("after %v without an answer: %v", c.age, err)
			}
			answers.Store(true)
			must(t, s.answersNow(t.Context(), in))
			must(t, s.answersNow(t.Context(), in))
			if n := probes.Load(); n != 2*c.probes {
				t.Errorf("its last answer is %v old: %d probes, want %d", c.age, n, 2*c.probes)
			}
		})
	}
}

// pool is a pool of its own, with something that happens when it is read or joined.
type pool struct {
	*model
	name              string
	read, joined      func()
	slow              time.Duration // that reading takes
	reads, attachment int
}

func (p *pool) Name() string { return p.name }

func (p *pool) Nodes(ctx context.Context) ([]cloud.Node, error) {
	p.reads++
	time.Sleep(p.slow)
	if p.read != nil {
		p.read()
	}
	return p.model.Nodes(ctx)
}

func (p *pool) Attach(ctx context.Context, node netip.AddrPort) error {
	p.attachment++
	if p.joined != nil {
		p.joined()
	}
	return p.model.Attach(ctx, node)
}

// joining is an instance that is about to join two pools.
func (s *crewScene) joining(t *testing.T) (in *instance, first, second *pool) {
	t.Helper()
	first, second = &pool{model: newModel(), name: "first"}, &pool{model: newModel(), name: "second"}
	s.Balancers = []cloud.Balancer{first, second}
	machine, facts := standing(cloud.PowerOn)
	s.have(t, machine, policy.InService, facts)
	in = s.instance("one")
	in.probes, in.answeredAt = s.ProbeCount, time.Now()
	in.working, in.step = true, StepJoin
	return in, first, second
}

func TestAnInstanceJoinsThePoolsThatItIsNotIn(t *testing.T) {
	t.Parallel()
	node := addressPort(fresh())
	for name, c := range map[string]struct {
		change func(s *crewScene, first, second *pool)
		want   [2]int // calls to put it into the pools
		acted  bool
	}{
		"both":       {func(*crewScene, *pool, *pool) {}, [2]int{1, 1}, true},
		"the second": {func(_ *crewScene, first, _ *pool) { first.pool = append(first.pool, node) }, [2]int{0, 1}, true},
		"the first":  {func(_ *crewScene, _, second *pool) { second.pool = append(second.pool, node) }, [2]int{1, 0}, true},
		"the first, since it has another": {func(_ *crewScene, first, second *pool) {
			first.joined = func() { second.pool = append(second.pool, node) }
		}, [2]int{1, 0}, true},
		"the first, and is to leave then": {func(s *crewScene, first, _ *pool) {
			first.joined = func() { s.instance("one").goal.Value.Goal = policy.Standby }
		}, [2]int{1, 0}, false},
		"the first, and goes off then": {func(s *crewScene, first, _ *pool) {
			first.joined = func() { s.model.machines["one"].Power = cloud.PowerOff }
		}, [2]int{1, 0}, false},
		"the first, and is gone then": {func(s *crewScene, first, _ *pool) { first.joined = func() { delete(s.model.machines, "one") } }, [2]int{1, 0}, false},
		"none, off since a long look": {func(s *crewScene, _, second *pool) {
			second.read, second.slow = func() { s.model.machines["one"].Power = cloud.PowerOff }, lookMemory+1
		}, [2]int{0, 0}, false},
		"none, as it does not answer":             {func(s *crewScene, _, _ *pool) { s.answering(); s.instance("one").answeredAt = time.Time{} }, [2]int{0, 0}, false},
		"both, after looks of more than a minute": {func(_ *crewScene, _, second *pool) { second.slow = probeMemory + 1 }, [2]int{1, 1}, true},
		"both, after a look of five seconds":      {func(_ *crewScene, _, second *pool) { second.slow = lookMemory / 2 }, [2]int{1, 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				in, first, second := s.joining(t)
				c.change(s, first, second)
				acted, err := s.join(t.Context(), in)
				if got := [2]int{first.attachment, second.attachment}; got != c.want || acted != c.acted {
					t.Errorf("it was put into the pools %v times, want %v; it acted: %v, %v", got, c.want, acted, err)
				}
				if joined := slices.Contains(first.pool, node) && slices.Contains(second.pool, node); acted && (!joined || in.seen.pools != 2 || !in.facts.Value.serves()) {
					t.Errorf("it is in %v and %v, and serves: %v", first.pool, second.pool, in.facts.Value.serves())
				}
			})
		})
	}
}

func TestAPoolIsReadAgainBeforeJoiningOnlyWhenTheLookIsOld(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		took  time.Duration
		reads int
	}{{lookMemory, 1}, {lookMemory + 1, 2}} {
		play(t, func(t *testing.T, s *crewScene) {
			in, first, second := s.joining(t)
			s.Balancers, first.slow = []cloud.Balancer{first}, c.took
			if _, err := s.join(t.Context(), in); err != nil || first.reads != c.reads || second.reads != 0 {
				t.Errorf("reading took %v: %d reads, want %d; %v", c.took, first.reads, c.reads, err)
			}
		})
	}
}
