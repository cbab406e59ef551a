package gpsim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func TestACachedStatusIsRepeatedUntilTheMachineIsOperatedAndByListsEvenThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = gpsim.Delays{Start: 10 * time.Second, StaleRead: time.Minute}
		options.StaleReads = gpsim.StaleByCache
		sim := newCloud(t, options)
		time.Sleep(time.Hour)
		shows := func(when, single, list string) {
			t.Helper()
			listed := must(t, sim, "GetVirtualMachineStatusList", "GpServiceCode="+gp).fields["VirtualMachineStatusList"]
			entry := listed.([]any)[0].(map[string]any)
			if got := shownStatus(t, sim, template); got != single || entry["Status"] != list {
				t.Errorf("%s a single action shows %s and the list %v, want %s and %s", when, got, entry["Status"], single, list)
			}
		}
		shows("at first", gpsim.StatusStopped, gpsim.StatusStopped)
		must(t, sim, "StartVirtualMachine", vm(template)...)
		shows("after the operation", gpsim.StatusStarting, gpsim.StatusStopped)
		time.Sleep(30 * time.Second)
		shows("once it runs", gpsim.StatusStarting, gpsim.StatusStopped)
		time.Sleep(30 * time.Second)
		shows("a minute after the operation", gpsim.StatusRunning, gpsim.StatusRunning)
	})
}
