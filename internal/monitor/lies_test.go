package monitor

import (
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// story is what one instance's source says tick by tick, and what is made of the last.
type story struct {
	signal        config.Signal
	stabilization time.Duration
	says          []reading.Reading // one a tick
	trusted       bool
	grows         bool // its value may make the group grow
	why           policy.Absence
	explained     string // a part of the fault
}

// each is one value a tick.
func each(values ...float64) []reading.Reading {
	var all []reading.Reading
	for n, value := range values {
		all = append(all, says(value, tick(n)))
	}
	return all
}

// dated is one value a tick, dated so far off.
func dated(off time.Duration, values ...float64) []reading.Reading {
	var all []reading.Reading
	for n, value := range values {
		all = append(all, says(value, tick(n).Add(off)))
	}
	return all
}

func steady(n int, value float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = value
	}
	return values
}

func tell(t *testing.T, story story) (policy.Sample, []Fault) {
	t.Helper()
	watch := newScripted(t, groupOf(story.stabilization, story.signal), 1)
	defer watch.Close()
	var signals []policy.Signal
	for n, r := range story.says {
		signals = watch.read(tick(n), func(string, int) reading.Reading { return r })
	}
	return signals[0].Instances[0].Sample, watch.Faults()
}

func TestALieIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	gauge := ofEach("load")
	mustMove := with(gauge, func(s *config.Signal) { s.FrozenAfter = 25 * time.Second })
	counter := counterOf(gauge, time.Minute)
	percent := with(gauge, func(s *config.Signal) { s.Ceiling = 100 })
	ratio := with(gauge, func(s *config.Signal) { s.Ceiling = 1 })
	bytes := with(gauge, func(s *config.Signal) { s.Ceiling = 5000 })
	windowed := with(gauge, func(s *config.Signal) { s.Window = 30 * time.Second })
	for name, story := range map[string]story{
		"a gauge may stand still":                            {signal: gauge, says: each(steady(50, 7)...), trusted: true, grows: true},
		"one that must move, and has never, is doubted":      {signal: mustMove, says: each(7, 7), grows: true, why: policy.Frozen, explained: "stands still"},
		"one that has moved may stand for a while":           {signal: mustMove, says: each(7, 8, 8, 8), trusted: true, grows: true},
		"and not for longer":                                 {signal: mustMove, says: each(7, 8, 8, 8, 8), why: policy.Frozen, explained: "more than 25s, and must move"},
		"until it moves again":                               {signal: mustMove, says: each(7, 8, 8, 8, 8, 9), trusted: true, grows: true},
		"a counter's equal rates are no standing still":      {signal: counter, says: each(steady(50, 7)...), trusted: true, grows: true},
		"a counter at rest is doubted at once":               {signal: counter, says: each(7, 0), grows: true, why: policy.Frozen, explained: "stands still"},
		"not so while the stabilization covers it":           {signal: counter, stabilization: 2 * time.Minute, says: each(7, 0, 0, 0), trusted: true, grows: true},
		"nor longer than that":                               {signal: counter, stabilization: 2 * time.Minute, says: each(7, 0, 0, 0, 0, 0), grows: true, why: policy.Frozen, explained: "stands still"},
		"a counter that never moved is doubted all the same": {signal: counter, stabilization: time.Hour, says: each(0), grows: true, why: policy.Frozen, explained: "stands still"},
		"a counter at rest for long is frozen":               {signal: counter, says: each(7, 0, 0, 0, 0, 0, 0, 0), why: policy.Frozen, explained: "more than 1m0s, and must move"},
		"a counter that may rest is believed":                {signal: counterOf(gauge, 0), says: each(7, 0, 0, 0, 0, 0, 0, 0), trusted: true, grows: true},
		"a counter that fails is not frozen":                 {signal: with(counter, func(s *config.Signal) { s.Staleness = time.Hour }), says: append(each(7), silent(tick(1)), silent(tick(2)), silent(tick(3)), silent(tick(4)), silent(tick(5)), silent(tick(6)), silent(tick(7))), trusted: true, grows: true, explained: "no answer"},
		"a percentage that falls as load does":               {signal: percent, says: each(60, 20, 3, 0.5), trusted: true, grows: true},
		"a percentage that falls to a hundredth at once":     {signal: percent, says: each(60, 0.6), why: policy.UnitChanged, explained: "it shows 0.6, and a ratio"},
		"it stays so":                                          {signal: percent, says: each(60, 0.6, 0.9, 0.2, 0.7), why: policy.UnitChanged, explained: "it shows 0.6, and a ratio"},
		"until it exceeds what a ratio can be":                 {signal: percent, says: each(60, 0.6, 1.5, 0.6), trusted: true, grows: true},
		"nothing at all is nothing in any unit":                {signal: percent, says: each(60, 0), trusted: true, grows: true},
		"a percentage that is low from the beginning":          {signal: percent, says: each(0.6), why: policy.UnitChanged, explained: "believed once it exceeds 1"},
		"a percentage that is low after a gap":                 {signal: percent, says: []reading.Reading{says(2, tick(0)), silent(tick(1)), silent(tick(2)), silent(tick(3)), says(0.6, tick(4))}, why: policy.UnitChanged, explained: "believed once it exceeds 1"},
		"a ratio that becomes a percentage":                    {signal: ratio, says: each(0.6, 60), why: policy.UnitChanged, explained: "from 0.6 to 60, above its ceiling 1"},
		"a ratio above its ceiling otherwise":                  {signal: ratio, says: each(0.6, 1.2), why: policy.OutOfRange, explained: "1.2 is above its ceiling 1"},
		"a ratio a little above is measured so":                {signal: ratio, says: each(0.6, 1.01), trusted: true, grows: true},
		"no share: only its ceiling counts":                    {signal: bytes, says: each(4000, 3), trusted: true, grows: true},
		"no share, above its ceiling":                          {signal: bytes, says: each(4000, 500_000), why: policy.OutOfRange, explained: "above its ceiling 5000"},
		"values dated ahead":                                   {signal: gauge, says: dated(time.Minute, 7, 8), why: policy.Skewed, explained: "dated in the future"},
		"values dated a little ahead":                          {signal: gauge, says: dated(20*time.Second, 7, 8), trusted: true, grows: true},
		"values dated back that go on coming":                  {signal: gauge, says: dated(-5*time.Minute, 7, 8), why: policy.Skewed, explained: "set the clock of the source"},
		"one value dated back is an old one":                   {signal: gauge, says: dated(-5*time.Minute, 7), why: policy.Stale, explained: "older than the signal's staleness"},
		"values dated back that no longer come":                {signal: gauge, says: append(dated(-5*time.Minute, 7, 8), silent(tick(2)), silent(tick(3)), silent(tick(4)), silent(tick(5))), why: policy.Stale, explained: "no answer"},
		"a window that is not full":                            {signal: windowed, says: each(7, 7, 7), grows: true, why: policy.Filling, explained: "as long as its window spans"},
		"a window that is":                                     {signal: windowed, says: each(7, 7, 7, 7), trusted: true, grows: true},
		"not full, and the stabilization is longer":            {signal: windowed, stabilization: 2 * time.Minute, says: each(7), trusted: true, grows: true},
		"full, and a read fails":                               {signal: windowed, says: append(each(7, 7, 7, 7), silent(tick(4))), trusted: true, grows: true, explained: "no answer"},
		"a gap longer than the staleness begins it anew":       {signal: windowed, says: append(each(7, 7, 7, 7), silent(tick(4)), silent(tick(5)), silent(tick(6)), says(7, tick(7))), grows: true, why: policy.Filling, explained: "as long as its window spans"},
		"the newest value alone needs no window":               {signal: with(windowed, func(s *config.Signal) { s.Over = "last" }), says: each(7), trusted: true, grows: true},
		"what a counter showed at rest is not counted after":   {signal: with(counter, func(s *config.Signal) { s.Window = time.Minute }), says: each(7, 7, 7, 7, 7, 7, 7, 0, 0, 7), grows: true, why: policy.Filling, explained: "as long as its window spans"},
		"what comes after a value that stood still may be off": {signal: with(mustMove, func(s *config.Signal) { s.Ceiling = 100 }), says: each(2, 3, 3, 3, 3, 3, 0.6), why: policy.UnitChanged, explained: "it shows 0.6"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sample, faults := tell(t, story)
			_, trusted := sample.Value()
			_, grows := sample.ForGrowth()
			if trusted != story.trusted || grows != story.grows || sample.Why() != story.why {
				t.Errorf("trusted %v, grows %v, %s; want %v, %v, %s", trusted, grows, sample.Why(), story.trusted, story.grows, story.why)
			}
			switch {
			case story.explained == "" && len(faults) > 0:
				t.Errorf("faults %v, want none", faults)
			case story.explained != "" && (len(faults) != 1 || faults[0].Why != story.why || !strings.Contains(faults[0].Err.Error(), story.explained)):
				t.Errorf("faults %v, want one (%s) about %q", faults, story.why, story.explained)
			}
		})
	}
}

func TestWhatIsInTheOrdinaryCourseOfThingsIsExpected(t *testing.T) {
	t.Parallel()
	windowed := with(ofEach("load"), func(s *config.Signal) { s.Window = 30 * time.Second })
	for name, c := range map[string]struct {
		story    story
		expected bool
	}{
		"a window that fills":      {story{signal: windowed, says: each(7)}, true},
		"a counter that rests":     {story{signal: counterOf(ofEach("load"), time.Minute), says: each(7, 0)}, true},
		"a counter that is frozen": {story{signal: counterOf(ofEach("load"), time.Minute), says: each(steady(9, 0)...)}, false},
		"a first reading":          {story{signal: windowed, says: []reading.Reading{reading.None(policy.Absent, tick(0), reading.ErrFirst)}}, true},
		"a clock that is ahead":    {story{signal: windowed, says: dated(time.Hour, 7)}, false},
	} {
		if _, faults := tell(t, c.story); len(faults) != 1 || faults[0].Expected() != c.expected {
			t.Errorf("%s: %v, want one, expected: %v", name, faults, c.expected)
		}
	}
}

func TestALieThatGoesOnIsToldInTheSameWords(t *testing.T) {
	t.Parallel()
	percent := with(ofEach("load"), func(s *config.Signal) { s.Ceiling = 100 })
	_, first := tell(t, story{signal: percent, says: each(60, 0.6)})
	_, later := tell(t, story{signal: percent, says: each(60, 0.6, 0.5, 0.7, 0.4)})
	if first[0].String() != later[0].String() {
		t.Errorf("told twice, as %q and as %q", first[0], later[0])
	}
}

// The memory that is on disk holds what was wanted before; the windows begin anew.
func TestARestartNeverHastensShrinking(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		window, stabilization time.Duration
		until                 time.Duration // no shrinking before, after the restart
	}{
		"the stabilization is longer than the window": {time.Minute, 5 * time.Minute, 5*time.Minute - 10*time.Second},
		"the window is longer than the stabilization": {5 * time.Minute, time.Minute, 5 * time.Minute},
		"there is no stabilization":                   {time.Minute, 0, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signal := with(ofEach("load"), func(s *config.Signal) { s.Window = c.window })
			group := groupOf(c.stabilization, signal)
			spec := policy.Spec{
				Max: 100, Gap: 3*interval + c.stabilization/10, In: policy.Direction{Stabilization: c.stabilization},
				Policies: policy.Targets(policy.Target{Signal: "load", Value: 60, Quorum: 1}),
			}
			var memory policy.Memory
			watch := newScripted(t, group, 4)
			decide := func(n int, value float64) policy.Decision {
				signals := watch.read(tick(n), func(string, int) reading.Reading { return says(value, tick(n)) })
				return policy.Evaluate(&spec, policy.Observation{Size: policy.Size{Count: 4}, Signals: signals}, tick(n), &memory)
			}
			const before = 60 // ticks of full load
			for n := range before {
				decide(n, 60)
			}
			watch.Close()
			watch = newScripted(t, group, 4)
			defer func() { watch.Close() }()
			memory = fromDisk(t, memory)
			for n := before; ; n++ { // idle from the restart on
				if decision := decide(n, 1); decision.Change() < 0 {
					if at := tick(n).Sub(tick(before)); at < c.until {
						t.Errorf("shrinks %s after the restart, want not before %s", at, c.until)
					}
					return
				}
				if n > before+200 {
					t.Fatal("never shrinks")
				}
			}
		})
	}
}
