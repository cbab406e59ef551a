// Package cloudtest is the suite of behaviours that every adapter of package
// cloud must show, whatever its cloud: what callers may rely on without knowing
// the provider.
//
// It promises that a pair of [cloud.Writer] and [cloud.Balancer] that passes can
// be driven by package actions: what is ordered appears, can be labelled,
// prepared, started, reached, put into a pool, taken out, stopped, refreshed and released;
// nothing else changes; and a mistake is refused with a class that says that it
// had no effect.
//
// Every behaviour runs in a testing/synctest bubble of its own, so the cloud
// must be simulated in memory, and may take as long as the real one does. The
// suite calls package cloud alone; the tests of the adapters call it.
package cloudtest

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

const (
	pollEvery = 10 * time.Second
	patience  = time.Hour // for anything that a cloud takes its time for
)

// Fixture is a simulated cloud with room for at least three more machines, and
// with a pool that has room for two more nodes.
type Fixture struct {
	Writer   cloud.Writer
	Balancer cloud.Balancer
	Template cloud.Template // its source is off and can be cloned
	Absent   string         // well-formed code of a machine that does not exist
	Denied   cloud.Reader   // of an account with which its credentials may not work

	StaleRead time.Duration // a read may show what was true up to so long ago

	// Content tells what is on a machine's disk, and SetContent changes it, as its
	// owner would: the cloud does not tell.
	Content    func(code string) string
	SetContent func(code, content string) error
}

// Run runs the suite. open is called in each bubble, for a new cloud each time.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	t.Helper()
	for _, behaviour := range slices.Concat(machineBehaviours, refreshBehaviours, balancerBehaviours, refusalBehaviours) {
		t.Run(behaviour.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { behaviour.check(t, open(t)) })
		})
	}
}

type behaviour struct {
	name  string
	check func(t *testing.T, f Fixture)
}

// must ends the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (f Fixture) list(t *testing.T) []cloud.Machine {
	t.Helper()
	machines, err := f.Writer.List(t.Context())
	must(t, err)
	return machines
}

// find returns the machine of that code from a new listing.
func (f Fixture) find(t *testing.T, code string) (machine cloud.Machine, ok bool) {
	t.Helper()
	machines := f.list(t)
	i := slices.IndexFunc(machines, func(m cloud.Machine) bool { return m.Code == code })
	if i < 0 {
		return cloud.Machine{}, false
	}
	return machines[i], true
}

// eventually waits until condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(pollEvery) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v, still not: %s", patience, what)
		}
	}
}

// order buys machines and waits until a listing shows them in service.
func (f Fixture) order(t *testing.T, count int) []string {
	t.Helper()
	codes, err := f.Writer.Order(t.Context(), f.Template, count)
	must(t, err)
	for _, code := range codes {
		eventually(t, code+" is in service", func() bool {
			machine, _ := f.find(t, code)
			return machine.Contract == cloud.ContractInService
		})
	}
	return codes
}

// settle waits until the machine is in one of the power states, and every read
// shows it.
func (f Fixture) settle(t *testing.T, code string, states ...cloud.Power) {
	t.Helper()
	time.Sleep(f.StaleRead)
	eventually(t, code+" settles", func() bool {
		machine, err := f.Writer.Describe(t.Context(), code)
		must(t, err)
		return slices.Contains(states, machine.Power)
	})
}

// prepare takes a machine in service to where it can be started.
func (f Fixture) prepare(t *testing.T, code string) {
	t.Helper()
	f.settle(t, code, cloud.PowerOff, cloud.PowerBlank)
	for _, preparation := range f.Writer.Preparations() {
		_, err := f.Writer.Prepare(t.Context(), code, preparation.Name)
		must(t, err)
		f.settle(t, code, cloud.PowerOff, cloud.PowerBlank)
	}
	f.settle(t, code, cloud.PowerOff)
}

// ready orders machines and prepares them.
func (f Fixture) ready(t *testing.T, count int) []string {
	t.Helper()
	codes := f.order(t, count)
	for _, code := range codes {
		f.prepare(t, code)
	}
	f.settle(t, f.Template.Source, cloud.PowerOff)
	return codes
}

// run starts a prepared machine and returns it as it is when it is on.
func (f Fixture) run(t *testing.T, code string) cloud.Machine {
	t.Helper()
	must(t, f.Writer.Start(t.Context(), code))
	f.settle(t, code, cloud.PowerOn)
	machine, err := f.Writer.Describe(t.Context(), code)
	must(t, err)
	return machine
}

// over is a context that has ended.
func over(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
