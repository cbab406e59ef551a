package gpsim_test

import (
	"math"
	"net/netip"
	"testing"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func TestOptionsOutOfRangeAreRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*gpsim.Options){
		"no account":        func(o *gpsim.Options) { o.Accounts = nil },
		"no secret":         func(o *gpsim.Options) { o.Accounts[0].SecretKey = gpsim.Account{}.SecretKey },
		"no main contract":  func(o *gpsim.Options) { o.Accounts[0].GpServiceCode = "gp1" },
		"access key twice":  func(o *gpsim.Options) { o.Accounts = append(o.Accounts, o.Accounts[0]) },
		"negative delay":    func(o *gpsim.Options) { o.Delays.Start = -1 },
		"spread beyond 1":   func(o *gpsim.Options) { o.Spread = 1.5 },
		"spread of no size": func(o *gpsim.Options) { o.Spread = math.NaN() },
		"strange location":  func(o *gpsim.Options) { o.Capacity = map[string]int{"M": 1} },
		"negative capacity": func(o *gpsim.Options) { o.Capacity = map[string]int{"L": -1} },
		"IPv6 addresses":    func(o *gpsim.Options) { o.AddressBase = netip.MustParsePrefix("fd00::/64") },
		"landing elsewhere": func(o *gpsim.Options) { o.CloneLanding = gpsim.StatusRunning },
		"negative limit":    func(o *gpsim.Options) { o.MaxMachines = -1 },
	} {
		options := testOptions()
		change(&options)
		if _, err := gpsim.New(options); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestSeedsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	_, taken, err := sim.AddMachine(gpsim.MachineSpec{})
	if err != nil {
		t.Fatal(err)
	}
	for name, spec := range map[string]gpsim.MachineSpec{
		"code":          {Code: "vm1"},
		"type":          {Type: "V1"},
		"status":        {Status: gpsim.StatusStarting},
		"IPv6 address":  {Address: netip.IPv6Loopback()},
		"taken address": {Address: taken},
		"location":      {Location: "M"},
	} {
		if _, _, err := sim.AddMachine(spec); err == nil {
			t.Errorf("a machine with a bad %s was accepted", name)
		}
	}
	if err := sim.AddFwLb("lb1", nil); err == nil {
		t.Error("an FW+LB with a bad code was accepted")
	}
}

func TestASeedThatExistsStaysAsItIs(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	must(t, sim, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+template, "Label=changed")
	must(t, sim, "DeleteLbNode", lb("Pool=web", "NodeIpAddress="+webNode.Addr().String(), "NodePort=80")...)
	if _, _, err := sim.AddMachine(gpsim.MachineSpec{Code: template, Label: "template"}); err != nil {
		t.Fatal(err)
	}
	if err := sim.AddFwLb(gl, map[string][]netip.AddrPort{"web": {webNode}}); err != nil {
		t.Fatal(err)
	}
	if got := must(t, sim, "DescribeVirtualMachine", vm(template)...).text("Label"); got != "changed" {
		t.Errorf("the label went back to %q", got)
	}
	if nodes := must(t, sim, "GetLbPool", lb("Pool=web")...).fields["NodeList"].([]any); len(nodes) != 0 {
		t.Errorf("the pool went back to %v", nodes)
	}
}

func TestNoMachineGetsTheAddressThatAnotherWasSeededWith(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions()) // its template has 127.10.0.1
	if _, _, err := sim.AddMachine(gpsim.MachineSpec{Address: netip.MustParseAddr("127.10.0.3")}); err != nil {
		t.Fatal(err)
	}
	must(t, sim, "AddCloneVirtualMachines", cloneParameters("2")...)
	for i, want := range []string{"127.10.0.1", "127.10.0.3", "127.10.0.2", "127.10.0.4"} {
		if got := sim.Books().Machines[i].Address; got != netip.MustParseAddr(want) {
			t.Errorf("machine %d has the address %v, want %s", i, got, want)
		}
	}
}
