package gpsim_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func TestARebootGoesDownAndUpAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []string
		options := testOptions()
		options.Delays = instantReads()
		options.Hooks.Power = func(code string, _ netip.Addr, on bool) { told = append(told, fmt.Sprint(code, " ", on)) }
		sim := newCloud(t, options)
		must(t, sim, "StartVirtualMachine", vm(template)...)
		refused(t, sim, http.StatusBadRequest, "RebootVirtualMachine", vm(template)...)
		time.Sleep(options.Delays.Start)

		answer := must(t, sim, "RebootVirtualMachine", vm(template)...)
		if answer.under("Previous", "Status") != gpsim.StatusRunning || answer.under("Current", "Status") != gpsim.StatusStopping {
			t.Errorf("RebootVirtualMachine answered %v", answer.fields)
		}
		for _, step := range []struct {
			after time.Duration
			want  string
		}{
			{0, gpsim.StatusStopping},
			{options.Delays.Stop - 1, gpsim.StatusStopping},
			{1, gpsim.StatusStarting},
			{options.Delays.Start - 1, gpsim.StatusStarting},
			{1, gpsim.StatusRunning},
		} {
			time.Sleep(step.after)
			if got := shownStatus(t, sim, template); got != step.want {
				t.Errorf("the machine is %s, want %s", got, step.want)
			}
		}
		if want := []string{template + " true", template + " false", template + " true"}; !slices.Equal(told, want) {
			t.Errorf("the hooks were told %q, want %q", told, want)
		}
	})
}

func TestAnInitializedMachineHasNothingLeftOnItsDisk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays, options.CloneLanding = instantReads(), gpsim.StatusStopped
		sim := newCloud(t, options)
		code := orderOne(t, sim, options.Delays)
		must(t, sim, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+code, "Label=mine")
		must(t, sim, "ImportRootSshPublicKey", vm(code, "PublicKey=ssh-rsa AAAA")...)
		time.Sleep(options.Delays.Configure)
		before := recordOf(t, sim, code)

		refused(t, sim, http.StatusNotFound, "InitializeVirtualMachine", vm(code, "VarDeviceName=/dev/xvdb")...)
		must(t, sim, "InitializeVirtualMachine", vm(code)...)
		if got := shownStatus(t, sim, code); got != gpsim.StatusInitializing {
			t.Errorf("the machine is %s", got)
		}
		time.Sleep(options.Delays.Clone)
		want := before
		want.Status, want.Content, want.Source, want.Keys, want.Refreshes = gpsim.StatusInitialized, "CentOS6_64_U", "", 0, 1
		if got := recordOf(t, sim, code); got != want {
			t.Errorf("the books say\n%+v, want\n%+v", got, want)
		}
		refused(t, sim, http.StatusBadRequest, "StartVirtualMachine", vm(code)...)
		refused(t, sim, http.StatusBadRequest, "InitializeVirtualMachine", vm(code)...)
	})
}

func TestSettingsNeedAMachineThatIsOffAndBringItBackAsItWas(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"ResetIptables", "ResetNetworkConfiguration", "ResetSshdConfiguration"} {
		synctest.Test(t, func(t *testing.T) {
			options := testOptions()
			options.Delays = instantReads()
			sim := newCloud(t, options)
			for _, status := range []string{gpsim.StatusStopped, gpsim.StatusInitialized} {
				code, _, err := sim.AddMachine(gpsim.MachineSpec{Status: status})
				if err != nil {
					t.Fatal(err)
				}
				must(t, sim, action, vm(code)...)
				if got := shownStatus(t, sim, code); got != gpsim.StatusConfiguring {
					t.Errorf("%s: the machine is %s", action, got)
				}
				refused(t, sim, http.StatusBadRequest, action, vm(code)...)
				time.Sleep(options.Delays.Configure)
				if got := shownStatus(t, sim, code); got != status {
					t.Errorf("%s: the machine was %s and is %s", action, status, got)
				}
			}
			must(t, sim, "StartVirtualMachine", vm(template)...)
			time.Sleep(options.Delays.Start)
			refused(t, sim, http.StatusBadRequest, action, vm(template)...)
		})
	}
}
