package e2e

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

const buying = "AddCloneVirtualMachines"

func TestTerminationEndsTheDaemonAndTheNextStartCarriesOn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	sim := s.simulate()
	load := s.servePage()
	configuration := s.configuration(sim.endpoint(), load.signal(), loadPolicy)
	d := s.run(configuration)
	d.restsAt(least)

	load.demand(most)
	d.until(soon, "machine that is becoming", func(g fleet.GroupStatus) error {
		if len(g.Instances) == ownedAtFirst {
			return errors.New("nothing ordered yet")
		}
		return nil
	})
	d.signal(syscall.SIGTERM)
	if status := d.status(10 * time.Second); status != 0 {
		t.Errorf("it ended with status %d, want 0", status)
	}
	d.once("ended")

	d = s.run(configuration)
	d.restsAt(most)
	if bought := ordered(sim.books()); bought != most-ownedAtFirst {
		t.Errorf("%d machines were bought, want %d", bought, most-ownedAtFirst)
	}
}

// heldOrder is a daemon with an order at the cloud, whose answer is held back.
type heldOrder struct {
	*daemon
	sim           *simulator
	configuration string
	answer        func() // lets the answer go
}

func (s *scene) holdOrder() heldOrder {
	s.t.Helper()
	sim := s.simulate()
	load := s.servePage()
	held := make(chan struct{})
	relay := s.relayTo(sim, nil, func(action string) {
		if action == buying {
			<-held
		}
	})
	h := heldOrder{sim: sim, configuration: s.configuration(relay.url, load.signal(), loadPolicy), answer: func() { close(held) }}
	h.daemon = s.run(h.configuration)
	h.restsAt(least)
	load.demand(least + 1)
	eventually(s.t, soon, "order at the cloud", func() error {
		if ordered(sim.books()) == 0 {
			return errors.New("nothing is ordered")
		}
		return nil
	})
	return h
}

// checkOneOrder starts the daemon again, waits until its machine serves, and
// looks for a second order.
func (h heldOrder) checkOneOrder(s *scene) {
	s.t.Helper()
	h.daemon = s.run(h.configuration)
	h.restsAt(least + 1)
	h.decides(10)
	books := h.sim.books()
	if bought := ordered(books); bought != 1 {
		s.t.Errorf("%d machines were bought, want 1", bought)
	}
	checkRecord(s.t, books, statusOfProgram(s.t, s))
	if orders := calls(books, buying); len(orders) != 1 {
		s.t.Errorf("%d orders left, want 1", len(orders))
	}
}

// calls lists the calls of one action.
func calls(books gpsim.Books, action string) []gpsim.Call {
	var list []gpsim.Call
	for _, call := range books.Calls {
		if call.Action == action {
			list = append(list, call)
		}
	}
	return list
}

func TestTerminationWaitsForAnOrdersAnswer(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	h := s.holdOrder()
	h.signal(syscall.SIGTERM)
	throughout(t, 6*time.Second, "the daemon waits for the answer", h.running)
	h.answer()
	if status := h.status(soon); status != 0 {
		t.Errorf("it ended with status %d, want 0", status)
	}
	h.once(" ordered account=gio group=web ")
	h.checkOneOrder(s)
}

func TestASecondTerminationEndsTheDaemonAtOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	h := s.holdOrder()
	h.signal(syscall.SIGTERM)
	throughout(t, time.Second, "the daemon waits for the answer", h.running)
	h.signal(syscall.SIGTERM)
	if status := h.status(10 * time.Second); status != 130 {
		t.Errorf("it ended with status %d, want 130", status)
	}
	h.answer()
	h.checkOneOrder(s)
}
