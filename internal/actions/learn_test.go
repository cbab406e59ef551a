package actions

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// seen is a view of a machine in service, out of the pools, looked at just now.
func seen(power cloud.Power) *view {
	return &view{machine: cloud.Machine{Contract: cloud.ContractInService, Power: power}, listed: true, machineAt: noon, poolsAt: noon}
}

func TestAnInstanceRestsOnceItIsOffOutOfThePoolsAndToStandBy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(in *instance)
		rests  bool
	}{
		"it is":                       {func(*instance) {}, true},
		"not prepared":                {func(in *instance) { in.facts.Value.Prepared = nil }, true},
		"unfit":                       {func(in *instance) { in.facts.Value.Template = "old" }, true},
		"it is in a pool":             {func(in *instance) { in.seen.pools = 1 }, false},
		"it is on":                    {func(in *instance) { in.seen.machine.Power = cloud.PowerOn }, false},
		"it goes up":                  {func(in *instance) { in.seen.machine.Power = cloud.PowerStarting }, false},
		"it goes down":                {func(in *instance) { in.seen.machine.Power = cloud.PowerStopping }, false},
		"it is being changed":         {func(in *instance) { in.seen.machine.Power = cloud.PowerBusy }, false},
		"its power was not read":      {func(in *instance) { in.seen.machine.Power = cloud.PowerUnknown }, false},
		"it may be off no more":       {func(in *instance) { in.facts.Value.Stale = &Stale{Power: "off", Until: noon.Add(1)} }, false},
		"it is to serve":              {func(in *instance) { in.goal.Value.Goal = policy.InService }, false},
		"it is to be released":        {func(in *instance) { in.goal.Value.Goal = policy.Released }, false},
		"its contract ends":           {func(in *instance) { in.seen.machine.Stop = noon }, false},
		"it is not labelled":          {func(in *instance) { in.facts.Value.Labelled = time.Time{} }, false},
		"its status lags no more now": {func(in *instance) { in.facts.Value.Stale = &Stale{Power: "off", Until: noon} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				s.Now = func() time.Time { return noon }
				machine, facts := standing(cloud.PowerOff)
				s.have(t, machine, policy.Standby, facts)
				in := s.instance("one")
				in.seen = *seen(cloud.PowerOff)
				c.change(in)
				learned := s.learnRest(in, noon)
				if rests := in.facts.Value.Rested.Equal(noon); rests != c.rests || learned != c.rests {
					t.Errorf("it is %s, and rests: %v, which is news: %v", s.phase(in), rests, learned)
				}
				if s.learnRest(in, noon.Add(time.Hour)) || c.rests && !in.facts.Value.Rested.Equal(noon) {
					t.Errorf("it begins to rest again, at %v", in.facts.Value.Rested)
				}
				s.Now = time.Now
			})
		})
	}
}

func TestAnInstanceThatIsToServeAndWentOffFailsNoMore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		power cloud.Power
		goal  policy.Goal
		sound bool
	}{
		{cloud.PowerOff, policy.InService, true},
		{cloud.PowerOn, policy.InService, false},
		{cloud.PowerStarting, policy.InService, false},
		{cloud.PowerOff, policy.Standby, false},
		{cloud.PowerUnknown, policy.InService, false},
	} {
		play(t, func(t *testing.T, s *crewScene) {
			machine, facts := standing(cloud.PowerOff)
			facts.Failing, facts.Rested = noon, noon
			s.have(t, machine, c.goal, facts)
			in := s.instance("one")
			in.seen = *seen(c.power)
			learned := s.learnRest(in, noon)
			if sound := in.facts.Value.Failing.IsZero(); sound != c.sound || learned != c.sound {
				t.Errorf("to be %s, and %s: it fails no more: %v, which is news: %v", c.goal, c.power, sound, learned)
			}
		})
	}
}

func TestAnInstanceThatIsInAPoolAgainHasNotLeft(t *testing.T) {
	t.Parallel()
	for pools, left := range []bool{true, false, false} {
		f, v := Facts{Left: noon, Seen: noon}, seen(cloud.PowerOn)
		v.pools = pools
		if changed := f.learn(v, noon); f.Left.IsZero() == left || changed == left {
			t.Errorf("in %d pools it left at %v", pools, f.Left)
		}
	}
}

func TestAnOverwriteIsOverOnceTheMachineIsSeenBlankAfterIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		power cloud.Power
		after time.Duration
		over  bool
	}{
		{cloud.PowerBlank, 1, true}, {cloud.PowerBlank, 0, false}, {cloud.PowerBlank, -1, false}, {cloud.PowerOff, 1, false}, {cloud.PowerBusy, 1, false},
	} {
		f, v := Facts{Seen: noon, Template: "old", Failing: noon, Overwrite: &Overwrite{"new", noon}}, seen(c.power)
		v.machineAt = noon.Add(c.after)
		now := noon.Add(time.Minute)
		changed := f.learn(v, now)
		if over := f.Overwrite == nil && f.Template == "new" && f.Made.Equal(now) && f.Failing.IsZero(); over != c.over || changed != c.over {
			t.Errorf("%s %v after it: it is over: %v: %+v", c.power, c.after, over, f)
		}
		if !c.over && (f.Overwrite == nil || f.Template != "old" || f.Failing.IsZero()) {
			t.Errorf("%s %v after it: %+v", c.power, c.after, f)
		}
	}
}

func TestReadsThatCaughtUpWithOurCallCoverNothingAnyMore(t *testing.T) {
	t.Parallel()
	lags := Stale{Power: "off", Until: noon}
	sure, shown := lags, lags
	sure.Sure, shown.Sure, shown.Shown = true, true, true
	for name, c := range map[string]struct {
		stale Stale
		power cloud.Power
		at    time.Duration
		want  *Stale
	}{
		"it shows what was before":                       {lags, cloud.PowerOff, -1, &lags},
		"and does so for ever":                           {lags, cloud.PowerOff, 1, &lags},
		"it shows something else":                        {lags, cloud.PowerBusy, -1, nil},
		"it shows nothing":                               {lags, cloud.PowerUnknown, -1, &lags},
		"a call that must show does not":                 {sure, cloud.PowerOff, 1, &sure},
		"it shows":                                       {sure, cloud.PowerOn, -1, &shown},
		"it shows when reads cannot lag any more":        {sure, cloud.PowerOn, 0, nil},
		"it did, and what was before comes again":        {shown, cloud.PowerOff, -1, &shown},
		"it did, and shows again":                        {shown, cloud.PowerOn, -1, &shown},
		"it did, and reads cannot lag any more":          {shown, cloud.PowerOff, 0, nil},
		"it did, and they cannot lag any more, as shown": {shown, cloud.PowerOn, 0, nil},
	} {
		f, before := Facts{Seen: noon}, c.stale
		f.Stale = &before
		changed := f.learn(seen(c.power), noon.Add(c.at))
		if (f.Stale == nil) != (c.want == nil) || f.Stale != nil && *f.Stale != *c.want {
			t.Errorf("%s: %+v, want %+v", name, f.Stale, c.want)
		}
		if news := c.want == nil || *c.want != c.stale; changed != news {
			t.Errorf("%s: it is news: %v", name, changed)
		}
		if before != c.stale {
			t.Errorf("%s: the record before it was changed", name)
		}
	}
}

func TestAMachineThatIsOffNeedsNoStopAndKeepsNoAddressOutsideThePools(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change         func(f *Facts, v *view)
		asked, address bool // are kept
	}{
		"off":                         {func(*Facts, *view) {}, false, false},
		"blank":                       {func(_ *Facts, v *view) { v.machine.Power = cloud.PowerBlank }, false, false},
		"going off":                   {func(_ *Facts, v *view) { v.machine.Power = cloud.PowerStopping }, true, true},
		"on":                          {func(_ *Facts, v *view) { v.machine.Power = cloud.PowerOn }, true, true},
		"off as before our last call": {func(f *Facts, _ *view) { f.Stale = &Stale{Power: "off", Until: noon.Add(1)} }, true, true},
		"off in a pool":               {func(_ *Facts, v *view) { v.pools = 1 }, false, true},
		"off, in pools not read":      {func(_ *Facts, v *view) { v.poolsAt = time.Time{} }, false, true},
		"off, in pools guessed":       {func(_ *Facts, v *view) { v.poolsGuessed = true }, false, true},
		"off, its contract not read":  {func(_ *Facts, v *view) { v.machine.Contract = 0 }, false, true},
	} {
		f, v := Facts{Seen: noon, StopAsked: noon, Address: addressOf(1)}, seen(cloud.PowerOff)
		c.change(&f, v)
		f.learn(v, noon)
		if asked, address := !f.StopAsked.IsZero(), f.Address.IsValid(); asked != c.asked || address != c.address {
			t.Errorf("%s: the stop is kept: %v, the address: %v", name, asked, address)
		}
	}
}

func TestAnInstanceThatWasSeenToServeAndDoesNotAnyMoreHasFallenThen(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOn)
		facts.Joined = noon.Add(-time.Hour)
		s.have(t, machine, policy.InService, facts)
		in := s.instance("one")
		in.seen = *seen(cloud.PowerOff)
		if !s.learnServing(in, noon) || !in.facts.Value.Fell.Equal(noon) || in.facts.Value.serves() {
			t.Errorf("it fell at %v, and serves: %v", in.facts.Value.Fell, in.facts.Value.serves())
		}
		if s.learnServing(in, noon.Add(time.Hour)) || !in.facts.Value.Fell.Equal(noon) {
			t.Errorf("it falls again, at %v", in.facts.Value.Fell)
		}
	})
}

func TestAnInstanceThatServesHasNoTroubleLeftFromTheWayThere(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOn)
		s.have(t, machine, policy.InService, facts)
		in := s.instance("one")
		in.seen, in.trouble = *seen(cloud.PowerOn), "it may have had its effect"
		in.seen.pools = len(s.Balancers)
		if !s.learnServing(in, noon) || in.trouble != "" {
			t.Errorf("it serves: %v, and its trouble is %q", in.facts.Value.serves(), in.trouble)
		}
	})
}
