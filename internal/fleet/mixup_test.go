package fleet_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func TestWhatANewOrderBuysIsNotMistakenForTheLateEffectOfALostOne(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultReset})
		w.load.set(400)
		w.until("it is ordered again", time.Hour, func() bool { return len(w.sentAt("AddCloneVirtualMachines")) == 1 })
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultReset, Effect: true})
		w.until("what the second order bought is on record", time.Hour, func() bool { return len(w.status().Instances) == 4 })
		for _, code := range w.bought() {
			if proof := w.instance(code).Proof; proof != actions.ProofInferred {
				t.Errorf("%s is held to be ours because %q", code, proof)
			}
		}
		if orders := w.fleet.Status().Accounts[0].Orders; len(orders) != 0 {
			t.Errorf("its machines were taken for those of the first order, and it is still looked for: %+v", orders)
		}
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		w.always("four serve", time.Hour, w.atRest(4, 0))
	})
}

func TestAnAddressThatAStoppedMachineOnceHadIsNotItsOwnAnyMore(t *testing.T) {
	tell(t, setting{standby: 2}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		nodes := map[string]netip.Addr{}
		for _, code := range w.bought() {
			nodes[code] = netip.MustParseAddr(w.instance(code).Address)
		}
		w.load.set(200)
		w.until("two stand by", 2*time.Hour, w.atRest(2, 2))
		_, pool := w.byHand()
		reused := netip.AddrPortFrom(nodes[w.bought()[0]], pool.Port())
		must(t, pool.Attach(t.Context(), reused)) // as if the cloud had given it to somebody else's machine
		w.until("it is seen", 10*time.Minute, func() bool { return slices.Contains(w.status().Foreign, reused.String()) })
		taken := w.count("DeleteLbNode")
		time.Sleep(time.Hour)
		if now := w.count("DeleteLbNode"); now != taken {
			t.Error("somebody else's node was taken out of the pool")
		}
	})
}
