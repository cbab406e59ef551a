package monitor

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// interval is that of scripted groups.
const interval = 10 * time.Second

// ofEach is a gauge on each instance's page; ofAll is one on a page of the group.
func ofEach(name string) config.Signal {
	return config.Signal{Name: name, Staleness: 3 * interval, Scrape: &config.Scrape{Port: 1, Metric: "m", Scale: 1, Timeout: time.Second}}
}

func ofAll(name string) config.Signal {
	signal := ofEach(name)
	signal.Scrape.URL = "http://" + name + ".invalid/"
	return signal
}

// counterOf makes the rate of a counter out of a gauge.
func counterOf(signal config.Signal, frozenAfter time.Duration) config.Signal {
	scrape := *signal.Scrape
	scrape.Counter = true
	signal.Scrape, signal.FrozenAfter = &scrape, frozenAfter
	return signal
}

func with(signal config.Signal, change func(*config.Signal)) config.Signal {
	change(&signal)
	return signal
}

func groupOf(stabilization time.Duration, signals ...config.Signal) config.Group {
	return config.Group{Name: "web", Interval: interval, Signals: signals, ScaleIn: config.ScaleIn{Stabilization: stabilization}}
}

// scripted is a monitor whose sources answer what a test writes, at times that the test
// makes up.
type scripted struct {
	*Monitor
	targets []Target
}

// newScripted watches n instances of the group.
func newScripted(t testing.TB, group config.Group, n int) *scripted {
	t.Helper()
	m, err := New(Options{Group: group})
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{Monitor: m}
	for i := range n {
		s.targets = append(s.targets, Target{Code: fmt.Sprintf("gc%08d", i+1), Address: netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)})})
	}
	return s
}

// read takes what the script says of each signal at each instance (the group's own
// signals are asked for instance 0) as read at now, and returns the signals.
func (s *scripted) read(now time.Time, script func(signal string, instance int) reading.Reading) []policy.Signal {
	s.keep(s.targets)
	for _, signal := range s.signals {
		if signal.made != nil {
			continue
		}
		if !signal.perInstance {
			s.group[signal.source].take([]reading.Reading{script(signal.name, 0)}, now, now, false)
		}
	}
	for i := range s.targets {
		answers := map[int][]reading.Reading{}
		for _, signal := range s.signals {
			if signal.made == nil && signal.perInstance {
				answers[signal.source] = append(answers[signal.source], script(signal.name, i))
			}
		}
		for source, readings := range answers {
			s.placesOf(i)[source].take(readings, now, now, false)
		}
	}
	return s.report(now, s.targets, nil)
}

// tick is the nth instant at which a scripted group is read.
func tick(n int) time.Time { return epoch.Add(time.Duration(n) * interval) }

var errNoAnswer = errors.New("no answer")

func says(value float64, at time.Time) reading.Reading { return reading.Of(value, at) }

func silent(at time.Time) reading.Reading { return reading.Failed(at, errNoAnswer) }

// found is the named signal's faults.
func (s *scripted) found(signal string) []Fault {
	var faults []Fault
	for _, fault := range s.Faults() {
		if fault.Signal == signal {
			faults = append(faults, fault)
		}
	}
	return faults
}

func named(signals []policy.Signal, name string) policy.Signal {
	for _, signal := range signals {
		if signal.Name == name {
			return signal
		}
	}
	return policy.Signal{}
}
