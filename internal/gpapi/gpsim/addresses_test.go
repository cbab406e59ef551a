package gpsim_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestAGlobalAddressIsBoughtShownAndGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = instantReads()
		sim := newCloud(t, options)
		must(t, sim, "AddGlobalAddressOption", vm(template, "Num=2")...)
		contracts := must(t, sim, "GetContractInformation", vm(template)...).entries("VirtualMachineList")[0].entries("GlobalAddressOptionList")
		if len(contracts) != 2 || contracts[0].text("Status") != "InPreparation" {
			t.Fatalf("the contracts are %v", contracts)
		}
		address := contracts[0].text("Ipv4Address")
		shown := func() []result {
			t.Helper()
			return must(t, sim, "DescribeVirtualMachine", vm(template)...).entries("GlobalAddressOptionList")
		}
		if got := shown(); len(got) != 0 {
			t.Errorf("before they are in service the machine shows %v", got)
		}
		refused(t, sim, http.StatusBadRequest, "GetContractStatus", vm(template, "IPv4Address="+address)...)
		refused(t, sim, http.StatusNotFound, "GetDomainNameByIpAddress", vm(template, "IPv4GlobalAddress="+address)...)
		time.Sleep(options.Delays.Prepare)
		if got := must(t, sim, "GetContractStatus", vm(template, "IPv4Address="+address)...).text("Status"); got != "InService" {
			t.Errorf("the address is %s", got)
		}
		if got := shown(); len(got) != 2 || got[0].under("IPv4", "IpAddress") != address || got[1].under("IPv4", "NetworkInterface") != "eth0:2" {
			t.Errorf("the machine shows %v", got)
		}
		refused(t, sim, http.StatusBadRequest, "AddGlobalAddressOption", vm(template, "Num=2")...)
		refused(t, sim, http.StatusBadRequest, "AddGlobalAddressOption", vm(template, "Num=4")...)
		must(t, sim, "AddGlobalAddressOption", vm(template, "Num=1")...)

		refused(t, sim, http.StatusNotFound, "DeleteGlobalAddressOption", "GcServiceCode="+template, "IPv4Address=198.18.0.1", "StopDate="+today())
		must(t, sim, "DeleteGlobalAddressOption", "GcServiceCode="+template, "IPv4Address="+address, "StopDate="+today())
		time.Sleep(24 * time.Hour)
		if got := shown(); len(got) != 2 || got[0].under("IPv4", "IpAddress") == address {
			t.Errorf("a day later the machine shows %v", got)
		}
		refused(t, sim, http.StatusNotFound, "GetContractStatus", vm(template, "IPv4Address="+address)...)
	})
}

func TestIPv6IsSwitchedForOneOfTheMachinesOwnAddresses(t *testing.T) {
	t.Parallel()
	sim := wholeCloud(t, testOptions())
	enabled := func() [2]string {
		t.Helper()
		described := must(t, sim, "DescribeVirtualMachine", vm(equipped)...)
		return [2]string{described.under("GlobalAddress", "IPv6Enabled"), described.entries("GlobalAddressOptionList")[0].under("IPv6", "Enabled")}
	}
	for _, step := range []struct {
		action, address string
		status          int
		want            [2]string
	}{
		{"EnableIPv6", equippedIPv6, http.StatusOK, [2]string{"Yes", "Yes"}},
		{"EnableIPv6", equippedIPv6, http.StatusBadRequest, [2]string{"Yes", "Yes"}},
		{"DisableIPv6", optionIPv6, http.StatusOK, [2]string{"Yes", "No"}},
		{"DisableIPv6", "2001:DB8:0::C612:5", http.StatusOK, [2]string{"No", "No"}},
		{"DisableIPv6", optionIPv6, http.StatusBadRequest, [2]string{"No", "No"}},
		{"EnableIPv6", "2001:db8::1", http.StatusNotFound, [2]string{"No", "No"}},
		{"EnableIPv6", "six", http.StatusBadRequest, [2]string{"No", "No"}},
	} {
		got := call(t, sim, step.action, vm(equipped, "IPv6Address="+step.address)...)
		if got.status != step.status || enabled() != step.want {
			t.Errorf("%s %s: got %d and %v, want %d and %v", step.action, step.address, got.status, enabled(), step.status, step.want)
		}
	}
	refused(t, sim, http.StatusBadRequest, "EnableIPv6", vm(running, "IPv6Address="+equippedIPv6)...)
}

func TestAnAddressHasADefaultNameUntilOneIsSetAndAfterItIsReset(t *testing.T) {
	t.Parallel()
	sim := wholeCloud(t, testOptions())
	traffic := must(t, sim, "DescribeLb", of(redundant, "")[1:]...).entries("TrafficIpList")[0]
	trafficIPv4, _ := traffic.fields["IPv4"].(map[string]any)
	for _, owner := range []struct{ code, address string }{
		{"GcServiceCode=" + equipped, equippedIPv4},
		{"GcServiceCode=" + equipped, optionIPv4},
		{"GlServiceCode=" + redundant, "198.18.0.7"},
		{"GlServiceCode=" + redundant, trafficIPv4["TrafficIpAddress"].(string)},
	} {
		name := func(action string, more ...string) string {
			t.Helper()
			return must(t, sim, action, append(more, "GpServiceCode="+gp, owner.code, "IPv4GlobalAddress="+owner.address)...).text("IPv4DomainName")
		}
		byDefault := name("GetDomainNameByIpAddress")
		if byDefault == "" {
			t.Errorf("%s has no name", owner.address)
		}
		if got := name("SetDomainNameByIpAddress", "IPv4DomainName=www.example.jp"); got != "www.example.jp" {
			t.Errorf("%s is set to %q", owner.address, got)
		}
		if got := name("GetDomainNameByIpAddress"); got != "www.example.jp" {
			t.Errorf("%s has the name %q", owner.address, got)
		}
		if got := name("ResetDomainNameByIpAddress"); got != byDefault {
			t.Errorf("%s is reset to %q, was %q", owner.address, got, byDefault)
		}
	}
	for name, c := range map[string]struct {
		parameters []string
		status     int
	}{
		"no owner":          {[]string{"IPv4GlobalAddress=" + equippedIPv4}, 400},
		"two owners":        {[]string{"IPv4GlobalAddress=" + equippedIPv4, "GcServiceCode=" + equipped, "GlServiceCode=" + redundant}, 400},
		"of another":        {[]string{"IPv4GlobalAddress=" + equippedIPv4, "GcServiceCode=" + template}, 404},
		"an unknown FW+LB":  {[]string{"IPv4GlobalAddress=" + equippedIPv4, "GlServiceCode=gl99999999"}, 404},
		"an impossible one": {[]string{"IPv4GlobalAddress=" + equippedIPv4, "GcServiceCode=" + equipped, "IPv4DomainName=a b"}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			parameters := append([]string{"GpServiceCode=" + gp, "IPv4DomainName=www.example.jp"}, c.parameters...)
			refused(t, sim, c.status, "SetDomainNameByIpAddress", parameters...)
		})
	}
}
