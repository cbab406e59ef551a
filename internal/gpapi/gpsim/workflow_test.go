package gpsim_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// instantReads are RealDelays without stale reads.
func instantReads() gpsim.Delays {
	delays := gpsim.RealDelays()
	delays.StaleRead = 0
	return delays
}

func TestAMachineGoesFromItsOrderIntoThePoolAndBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []string
		options := testOptions()
		options.Delays = instantReads()
		options.Hooks = gpsim.Hooks{
			Power: func(code string, address netip.Addr, on bool) {
				told = append(told, fmt.Sprintf("%s at %v on %v", code, address, on))
			},
			Pool: func(_, pool string, nodes []netip.AddrPort) {
				told = append(told, fmt.Sprintf("%s %v", pool, nodes))
			},
		}
		delays := options.Delays
		sim := newCloud(t, options)

		order := must(t, sim, "AddCloneVirtualMachines", cloneParameters("2")...)
		codes := order.texts("GcServiceCodeList")
		if len(codes) != 2 {
			t.Fatalf("ordered codes are %v, want two", codes)
		}
		code := codes[0]
		if got := shownStatus(t, sim, template); got != gpsim.StatusLockForCloning {
			t.Errorf("template is %s during the clone job", got)
		}
		refused(t, sim, http.StatusBadRequest, "GetContractStatus", vm(code)...)
		if listed := must(t, sim, "GetServiceCodeList", "GpServiceCode="+gp).texts("GcServiceCodeList"); !slices.Contains(listed, code) {
			t.Errorf("GetServiceCodeList shows %v, want %s among them", listed, code)
		}

		time.Sleep(delays.EarlyStatus)
		if got := must(t, sim, "GetContractStatus", vm(code)...).text("Status"); got != "InPreparation" {
			t.Errorf("contract is %s", got)
		}
		refused(t, sim, http.StatusBadRequest, "DescribeVirtualMachine", vm(code)...)

		time.Sleep(delays.Prepare - delays.EarlyStatus)
		if got := must(t, sim, "GetContractStatus", vm(code)...).text("Status"); got != "InPreparation" {
			t.Errorf("contract is %s before the clone job is over", got)
		}

		time.Sleep(delays.Clone - delays.Prepare)
		if got := must(t, sim, "GetContractStatus", vm(code)...).text("Status"); got != "InService" {
			t.Errorf("contract is %s", got)
		}
		if got := shownStatus(t, sim, template); got != gpsim.StatusStopped {
			t.Errorf("template is %s after the clone job", got)
		}
		if got := shownStatus(t, sim, code); got != gpsim.StatusInitialized {
			t.Errorf("clone landed %s", got)
		}
		must(t, sim, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+code, "Label=as:i:web:"+code)

		attached := must(t, sim, "AttachFwLb", vm(code, "GlServiceCode="+gl)...)
		if attached.under("Previous", "Status") != gpsim.StatusInitialized || attached.under("Current", "Status") != gpsim.StatusConfiguring {
			t.Errorf("AttachFwLb answered %v", attached.fields)
		}
		refused(t, sim, http.StatusBadRequest, "ImportRootSshPublicKey", vm(code, "PublicKey=ssh-rsa AAAA")...)
		time.Sleep(delays.Configure)
		must(t, sim, "ImportRootSshPublicKey", vm(code, "PublicKey=ssh-rsa AAAA")...)
		time.Sleep(delays.Configure)
		if got := shownStatus(t, sim, code); got != gpsim.StatusStopped {
			t.Errorf("after the key import the machine is %s", got)
		}

		must(t, sim, "StartVirtualMachine", vm(code)...)
		time.Sleep(delays.Start - time.Nanosecond)
		if got := shownStatus(t, sim, code); got != gpsim.StatusStarting {
			t.Errorf("just before the end of the start the machine is %s", got)
		}
		time.Sleep(time.Nanosecond)
		described := must(t, sim, "DescribeVirtualMachine", vm(code)...)
		if described.text("Status") != gpsim.StatusRunning || described.text("Label") != "as:i:web:"+code {
			t.Errorf("DescribeVirtualMachine answered %v", described.fields)
		}
		address := described.under("PrivateAddress", "IPv4Address")
		node := []string{"Pool=web", "NodeIpAddress=" + address, "NodePort=80"}
		must(t, sim, "AddLbNode", lb(node...)...)
		must(t, sim, "DeleteLbNode", lb(node...)...)

		stopped := must(t, sim, "StopVirtualMachine", vm(code, "Force=No")...)
		if stopped.under("Previous", "Status") != gpsim.StatusRunning || stopped.under("Current", "Status") != gpsim.StatusStopping {
			t.Errorf("StopVirtualMachine answered %v", stopped.fields)
		}
		time.Sleep(delays.Stop)
		if got := shownStatus(t, sim, code); got != gpsim.StatusStopped {
			t.Errorf("after the stop the machine is %s", got)
		}

		want := []string{
			fmt.Sprintf("web [%v]", webNode),
			fmt.Sprintf("%s at %s on true", code, address),
			fmt.Sprintf("web [%v %s:80]", webNode, address),
			fmt.Sprintf("web [%v]", webNode),
			fmt.Sprintf("%s at %s on false", code, address),
		}
		if !slices.Equal(told, want) {
			t.Errorf("hooks were told\n%q, want\n%q", told, want)
		}
	})
}

func TestRunCallsHooksWithoutAnyRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		on := make(chan bool, 2)
		options := testOptions()
		options.Delays = instantReads()
		options.Hooks.Power = func(_ string, _ netip.Addr, up bool) { on <- up }
		sim := newCloud(t, options)
		must(t, sim, "StartVirtualMachine", vm(template)...)

		finished := make(chan error)
		ctx, stop := context.WithCancel(t.Context())
		go func() { finished <- sim.Run(ctx) }()
		began := time.Now()
		select {
		case up := <-on:
			if !up {
				t.Error("the first hook says off")
			}
		case <-time.After(time.Hour):
			t.Error("no hook was called")
		}
		if waited := time.Since(began); waited < options.Delays.Start || waited > options.Delays.Start+time.Second {
			t.Errorf("the hook came after %v, want about %v", waited, options.Delays.Start)
		}
		stop()
		if err := <-finished; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
}

func TestStatusReadsLagBehindWhileCallsSeeTheTruth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = gpsim.Delays{Configure: time.Second, StaleRead: time.Minute}
		sim := newCloud(t, options)
		time.Sleep(time.Hour)

		must(t, sim, "StartVirtualMachine", vm(template)...)
		if got := shownStatus(t, sim, template); got != gpsim.StatusStopped {
			t.Errorf("a stale read shows %s", got)
		}
		refused(t, sim, http.StatusBadRequest, "StartVirtualMachine", vm(template)...)
		time.Sleep(time.Minute)
		if got := shownStatus(t, sim, template); got != gpsim.StatusRunning {
			t.Errorf("a minute later the read shows %s", got)
		}
	})
}

func TestACloneMayLandStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = instantReads()
		options.CloneLanding = gpsim.StatusStopped
		sim := newCloud(t, options)
		code := must(t, sim, "AddCloneVirtualMachines", cloneParameters("1")...).texts("GcServiceCodeList")[0]
		time.Sleep(options.Delays.Clone)
		must(t, sim, "StartVirtualMachine", vm(code)...)
	})
}

func TestACloneInheritsWhatIsSaid(t *testing.T) {
	t.Parallel()
	for name, inherits := range map[string][]gpsim.Inheritance{
		"by default the label": nil, "nothing": {}, "the label": {gpsim.InheritLabel}, "the attachment": {gpsim.InheritFwLbs},
		"both": {gpsim.InheritLabel, gpsim.InheritFwLbs},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := testOptions()
			options.Delays, options.CloneInherits = gpsim.Delays{StaleRead: 1}, inherits
			sim := newCloud(t, options)
			must(t, sim, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+template, "Label=its own")
			must(t, sim, "AttachFwLb", vm(template, "GlServiceCode="+gl)...)
			code := must(t, sim, "AddCloneVirtualMachines", cloneParameters("1")...).texts("GcServiceCodeList")[0]
			labelled := must(t, sim, "DescribeVirtualMachine", vm(code)...).text("Label") != ""
			if want := inherits == nil || slices.Contains(inherits, gpsim.InheritLabel); labelled != want {
				t.Errorf("it has its source's label: %v, want %v", labelled, want)
			}
			if attach := vm(code, "GlServiceCode="+gl); slices.Contains(inherits, gpsim.InheritFwLbs) {
				refused(t, sim, http.StatusBadRequest, "AttachFwLb", attach...)
			} else {
				must(t, sim, "AttachFwLb", attach...)
			}
		})
	}
}

func TestForceStopsAMachineThatIsStarting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = instantReads()
		sim := newCloud(t, options)
		must(t, sim, "StartVirtualMachine", vm(template)...)
		refused(t, sim, http.StatusBadRequest, "StopVirtualMachine", vm(template)...)
		must(t, sim, "StopVirtualMachine", vm(template, "Force=Yes")...)
		time.Sleep(options.Delays.Start + options.Delays.Stop)
		if got := shownStatus(t, sim, template); got != gpsim.StatusStopped {
			t.Errorf("the machine is %s: the start that was broken off went on", got)
		}
	})
}
