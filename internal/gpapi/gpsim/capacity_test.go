package gpsim_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestAnOrderBeyondTheHostsOfALocationIsRefusedWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = instantReads()
		options.Capacity = map[string]int{"L": 3, "R": 0}
		sim := newCloud(t, options) // its template is in L
		for _, parameters := range [][]string{
			cloneParameters("1", "RLocationNum=1"),
			cloneParameters("3", "LLocationNum=3"),
			cloneParameters("2", "LLocationNum=1", "RLocationNum=1"),
		} {
			if got := refused(t, sim, http.StatusBadRequest, "AddCloneVirtualMachines", parameters...).text("ErrorType"); got != "InsufficientCapacity" {
				t.Errorf("%v was refused as %s", parameters, got)
			}
		}
		code := must(t, sim, "AddCloneVirtualMachines", cloneParameters("2", "LLocationNum=2")...).texts("GcServiceCodeList")[0]
		time.Sleep(options.Delays.Clone)
		refused(t, sim, http.StatusBadRequest, "AddCloneVirtualMachines", cloneParameters("1", "LLocationNum=1")...)

		today := time.Now().In(time.FixedZone("JST", 9*60*60)).Format("20060102")
		must(t, sim, "DeleteVirtualMachine", "GcServiceCode="+code, "StopDate="+today)
		refused(t, sim, http.StatusBadRequest, "AddCloneVirtualMachines", cloneParameters("1", "LLocationNum=1")...)
		time.Sleep(24 * time.Hour)
		must(t, sim, "AddCloneVirtualMachines", cloneParameters("1", "LLocationNum=1")...)
	})
}

func TestAllAccountsShareTheHosts(t *testing.T) {
	t.Parallel()
	options := testOptions()
	options.Capacity = map[string]int{"L": 2}
	options.Accounts = append(options.Accounts, gpsim.Account{AccessKey: "OTHER", SecretKey: secret.New("s"), GpServiceCode: "gp00000002"})
	sim := newCloud(t, options)
	if _, _, err := sim.AddMachine(gpsim.MachineSpec{GpServiceCode: "gp00000002"}); err != nil {
		t.Fatal(err)
	}
	refused(t, sim, http.StatusBadRequest, "AddCloneVirtualMachines", cloneParameters("1", "LLocationNum=1")...)
	must(t, sim, "AddCloneVirtualMachines", cloneParameters("1", "RLocationNum=1")...)
}
