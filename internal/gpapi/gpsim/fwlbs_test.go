package gpsim_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnFwLbIsOrderedUsedChangedAndEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []string
		options := testOptions()
		options.Delays = instantReads()
		options.Hooks.Pool = func(gl, pool string, nodes []netip.AddrPort) {
			told = append(told, fmt.Sprint(gl, " ", pool, " ", nodes))
		}
		sim := newCloud(t, options)
		code := must(t, sim, "AddFwLbOption", "GpServiceCode="+gp, "Type=B100M", "Redundant=No").text("GlServiceCode")
		ofIt := []string{"GpServiceCode=" + gp, "GlServiceCode=" + code}
		refused(t, sim, http.StatusBadRequest, "GetContractStatus", ofIt...)
		time.Sleep(options.Delays.EarlyStatus)
		if got := must(t, sim, "GetContractStatus", ofIt...).text("Status"); got != "InPreparation" {
			t.Errorf("the contract is %s", got)
		}
		for _, early := range [][]string{
			append([]string{"DescribeLb"}, ofIt...),
			append([]string{"AddLbPool", "Pool=web"}, ofIt...),
			append([]string{"DescribeFw"}, ofIt...),
			append([]string{"AttachFwLb", "GcServiceCode=" + template}, ofIt...),
			{"DeleteFwLbOption", "GlServiceCode=" + code, "StopDate=" + today()},
		} {
			refused(t, sim, http.StatusBadRequest, early[0], early[1:]...)
		}
		time.Sleep(options.Delays.Prepare)
		must(t, sim, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+code, "Label=front")
		must(t, sim, "ChangeFwLbOptionType", append(ofIt, "Type=S100M")...)
		described := must(t, sim, "DescribeLb", ofIt...)
		if described.text("Type") != "S100M" || described.text("Label") != "front" || described.text("Redundant") != "No" {
			t.Errorf("DescribeLb says %v", described.fields)
		}
		must(t, sim, "AddLbPool", append(ofIt, "Pool=web", "NodeIpAddress.1=127.10.9.1", "NodePort.1=80")...)
		must(t, sim, "AttachFwLb", vm(template, "GlServiceCode="+code)...)
		must(t, sim, "DeleteFwLbOption", "GlServiceCode="+code, "StopDate="+today())
		time.Sleep(24 * time.Hour)
		refused(t, sim, http.StatusNotFound, "DescribeLb", ofIt...)
		refused(t, sim, http.StatusNotFound, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+code, "Label=x")
		refused(t, sim, http.StatusNotFound, "DetachFwLb", vm(template, "GlServiceCode="+code)...)
		if got := must(t, sim, "GetServiceCodeList", "GpServiceCode="+gp).texts("GlServiceCodeList"); !slices.Equal(got, []string{gl}) {
			t.Errorf("the FW+LBs are %v", got)
		}
		want := []string{
			fmt.Sprint(gl, " web ", []netip.AddrPort{webNode}), code + " web [127.10.9.1:80]", code + " web []",
		}
		if !slices.Equal(told, want) {
			t.Errorf("hooks were told %q, want %q", told, want)
		}
	})
}

func TestARedundantFwLbHasAnApplianceInEachLocation(t *testing.T) {
	t.Parallel()
	sim := wholeCloud(t, testOptions())
	for code, want := range map[string][]string{gl: {"L"}, redundant: {"L", "R"}} {
		hosts := must(t, sim, "GetLbHostList", of(code, "")[1:]...).entries("HostList")
		statuses := must(t, sim, "GetLbStatus", of(code, "")[1:]...).entries("HostList")
		var locations, again []string
		addresses := map[string]bool{}
		for _, host := range hosts {
			locations = append(locations, host.text("Location"))
			addresses[host.under("GlobalIpAddress", "IPv4Address")] = true
			addresses[host.under("PrivateIpAddress", "IPv4Address")] = true
		}
		for _, host := range statuses {
			again = append(again, host.text("Location"))
		}
		if !slices.Equal(locations, want) || !slices.Equal(again, want) || len(addresses) != 2*len(want) {
			t.Errorf("%s has hosts in %v and %v with the addresses %v", code, locations, again, addresses)
		}
	}
}

func TestTypesThatLookLikeNoneAreRefused(t *testing.T) {
	t.Parallel()
	sim := wholeCloud(t, testOptions())
	for _, parameters := range [][]string{{"Type=fast", "Redundant=No"}, {"Type=B100M", "Redundant=Maybe"}, {"Type=B100M"}} {
		refused(t, sim, http.StatusBadRequest, "AddFwLbOption", append(parameters, "GpServiceCode="+gp)...)
	}
	refused(t, sim, http.StatusBadRequest, "ChangeFwLbOptionType", of(redundant, "", "Type=fast")[1:]...)
}

func TestNothingEndsTwiceOrInThePast(t *testing.T) {
	t.Parallel()
	for _, deletion := range [][]string{
		{"DeleteVirtualMachine", "GcServiceCode=" + equipped},
		{"DeleteDiskOption", "GcServiceCode=" + equipped, "DiskDeviceName=/dev/xvdb"},
		{"DeleteGlobalAddressOption", "GcServiceCode=" + equipped, "IPv4Address=" + optionIPv4},
		{"DeleteFwLbOption", "GlServiceCode=" + redundant},
		{"DeleteVlanOption", "GxServiceCode=" + lan},
	} {
		t.Run(deletion[0], func(t *testing.T) {
			t.Parallel()
			sim := wholeCloud(t, testOptions())
			on := func(date string) []string {
				return append(slices.Clone(deletion[1:]), "StopDate="+date, "GpServiceCode=gp00000009")
			}
			refused(t, sim, http.StatusBadRequest, deletion[0], on("20131030")...)
			refused(t, sim, http.StatusBadRequest, deletion[0], on("2099-12-31")...)
			refused(t, sim, http.StatusBadRequest, deletion[0], deletion[1:]...)
			if got := must(t, sim, deletion[0], on("20991231")...).text("StopDate"); got != "20991231" {
				t.Errorf("it ends on %s", got)
			}
			refused(t, sim, http.StatusBadRequest, deletion[0], on("20991230")...)
		})
	}
}
