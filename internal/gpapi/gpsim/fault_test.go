package gpsim_test

import (
	"context"
	"errors"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func inject(t *testing.T, sim *gpsim.Sim, fault gpsim.Fault) {
	t.Helper()
	if err := sim.Inject(fault); err != nil {
		t.Fatal(err)
	}
}

func TestAFaultHitsTheNthCallsOfItsActionOnly(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 429, 500, 503} {
		sim := newCloud(t, testOptions())
		inject(t, sim, gpsim.Fault{Action: "GetContractStatus", Nth: 2, Count: 2, Status: status})
		must(t, sim, "GetContractStatus", vm(template)...)
		refused(t, sim, status, "GetContractStatus", vm(template)...)
		must(t, sim, "Echo", "Param=x")
		refused(t, sim, status, "GetContractStatus", vm(template)...)
		must(t, sim, "GetContractStatus", vm(template)...)
	}
}

func TestAnOrderMayTakeEffectAlthoughTheClientSeesAFailure(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]gpsim.Fault{
		"500 before the effect":   {Status: 500},
		"500 after the effect":    {Status: 500, Effect: true},
		"hang before the effect":  {Kind: gpsim.FaultHang},
		"hang after the effect":   {Kind: gpsim.FaultHang, Effect: true},
		"reset before the effect": {Kind: gpsim.FaultReset},
		"reset after the effect":  {Kind: gpsim.FaultReset, Effect: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := newCloud(t, testOptions())
				fault.Action = "AddCloneVirtualMachines"
				inject(t, sim, fault)

				const patience = 180 * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				began := time.Now()
				form := signed(t, http.MethodPost, fault.Action, cloneParameters("1")...)
				got, err := send(t, sim, newRequest(t, http.MethodPost, form).WithContext(ctx))
				switch fault.Kind {
				case gpsim.FaultAnswer:
					if err != nil || got.status != 500 {
						t.Errorf("got %v, %v, want 500", got, err)
					}
				case gpsim.FaultHang:
					if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != patience {
						t.Errorf("got %v after %v, want a deadline after %v", err, time.Since(began), patience)
					}
				case gpsim.FaultReset:
					if !errors.Is(err, syscall.ECONNRESET) {
						t.Errorf("got %v, want a reset", err)
					}
				}

				books := sim.Books()
				bought := 1 // the template
				if fault.Effect {
					bought++
				}
				if len(books.Machines) != bought || len(books.Calls) != 1 || books.Calls[0].Effect != fault.Effect {
					t.Errorf("%d machines and the calls %+v, want %d machines", len(books.Machines), books.Calls, bought)
				}
			})
		})
	}
}

func TestACallThatIsRefusedByItsOwnRulesHasNoEffectDespiteTheFault(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	inject(t, sim, gpsim.Fault{Effect: true, Status: 503})
	refused(t, sim, 503, "StopVirtualMachine", vm(template)...)
	if entry := sim.Books().Calls[0]; entry.Effect {
		t.Errorf("the books say %+v", entry)
	}
}

func TestClosingEndsHangingAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := newCloud(t, testOptions())
		inject(t, sim, gpsim.Fault{Kind: gpsim.FaultHang})
		finished := make(chan error)
		request := newRequest(t, http.MethodPost, signed(t, http.MethodPost, "Echo", "Param=x"))
		go func() {
			_, err := send(t, sim, request)
			finished <- err
		}()
		synctest.Wait()
		if err := errors.Join(sim.Close(), sim.Close()); err != nil {
			t.Error(err)
		}
		if err := <-finished; !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the hanging call ended with %v", err)
		}
		refused(t, sim, http.StatusServiceUnavailable, "Echo", "Param=x")
	})
}

func TestFaultsThatCannotHappenAreRefused(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	for _, fault := range []gpsim.Fault{
		{Action: "Reboot", Status: 500},
		{Status: 200},
		{Status: 600},
		{},
		{Kind: gpsim.FaultHTML, Status: 99},
		{Kind: gpsim.FaultLate},
		{Kind: gpsim.FaultStuck, For: -time.Second},
		{Kind: gpsim.FaultPartial},
		{Kind: gpsim.FaultPartial, Share: 1.1},
		{Status: 500, Rate: 1.1},
		{Action: "StartVirtualMachine", Kind: gpsim.FaultLate, For: time.Minute},
		{Action: "StartVirtualMachine", Kind: gpsim.FaultPartial, Share: 0.5},
		{Action: "DescribeLb", Kind: gpsim.FaultHalf},
		{Action: "AttachFwLb", Kind: gpsim.FaultHalf},
		{Action: "GetServiceCodeList", Kind: gpsim.FaultStuck, For: time.Minute},
		{Action: "StopVirtualMachine", Kind: gpsim.FaultNeverBoots},
	} {
		if err := sim.Inject(fault); err == nil {
			t.Errorf("%+v was accepted", fault)
		}
	}
}
