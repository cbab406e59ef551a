package gpsim_test

import (
	"testing"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

const (
	equipped  = "gc00000002" // off, with a disk, an address, an FW+LB and a VLAN
	redundant = "gl00000002" // with pools, a virtual server, virtual IP addresses and rules
	lan       = "gx00000001"

	equippedIPv4 = "198.18.0.5"
	equippedIPv6 = "2001:db8::c612:5"
	optionIPv4   = "198.18.0.6"
	optionIPv6   = "2001:db8::c612:6"
)

// wholeCloud has something of everything that the API sells, made by its own
// actions, which take no time in it.
func wholeCloud(t testing.TB, options gpsim.Options) *gpsim.Sim {
	t.Helper()
	options.Delays = gpsim.Delays{StaleRead: 1}
	sim := newCloud(t, options)
	if _, _, err := sim.AddMachine(gpsim.MachineSpec{Code: running, Status: gpsim.StatusRunning}); err != nil {
		t.Fatal(err)
	}
	for _, step := range [][]string{
		{"AddVirtualMachines", "GpServiceCode=" + gp, "ContractNum=1", "VirtualMachineType=V10", "OS=CentOS6_64_U",
			"DiskOption.1.DiskSpace=100", "GlobalAddressOptionNum=1"},
		append([]string{"ImportRootSshPublicKey"}, vm(equipped, "PublicKey=ssh-rsa AAAA")...),
		append([]string{"EnableIPv6"}, vm(equipped, "IPv6Address="+optionIPv6)...),
		{"AddVlanOption", "GpServiceCode=" + gp},
		append([]string{"AttachVlan"}, vm(equipped, "GxServiceCode="+lan)...),
		{"AddFwLbOption", "GpServiceCode=" + gp, "Type=B100M", "Redundant=Yes"},
		append([]string{"AttachFwLb"}, vm(equipped, "GlServiceCode="+redundant)...),
		of(redundant, "AddLbPool", "Pool=web", "NodeIpAddress.1=127.10.9.9", "NodePort.1=80"),
		of(redundant, "AddLbPool", "Pool=empty"),
		of(redundant, "AddVirtualIpAddress", "Name=extra"),
		of(redundant, "AddVirtualIpAddress", "Name=spare"),
		of(redundant, "AddLbVirtualServer", "VirtualServerName=www", "Port=80", "Protocol=http", "Pool=web", "TrafficIpName.1=extra"),
		of(redundant, "SetFilteringRuleList", "Direction=IN", "IpVersion=4", "SourceIpAddress.1=192.0.2.0/24",
			"DestinationIpAddress.1=198.18.0.0/15", "DestinationPort.1=22", "DestinationProtocol.1=TCP", "Target.1=ACCEPT", "Target.2=DROP"),
		of(redundant, "SetFilteringRuleList", "Direction=IN", "IpVersion=6", "Target.1=REJECT"),
		of(redundant, "SetFilteringRuleList", "Direction=OUT", "IpVersion=4", "Target.1=ACCEPT"),
		of(redundant, "SetSnatRuleList", "SourceIpAddress.1=127.10.0.0/16", "ToSourceIpAddress.1=198.18.0.7"),
	} {
		must(t, sim, step[0], step[1:]...)
	}
	return sim
}

// of is a step with the pair of parameters that names an FW+LB.
func of(code, action string, more ...string) []string {
	return append([]string{action, "GpServiceCode=" + gp, "GlServiceCode=" + code}, more...)
}

// at is must for a step.
func at(t testing.TB, sim *gpsim.Sim, step []string) result {
	t.Helper()
	return must(t, sim, step[0], step[1:]...)
}
