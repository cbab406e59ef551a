package gpsim_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// ofRedundantLB is the pair that names the redundant FW+LB, and more.
func ofRedundantLB(more ...string) []string { return of(redundant, "", more...)[1:] }

func TestAVirtualServerIsMadeChangedRenamedAndDeleted(t *testing.T) {
	t.Parallel()
	sim := wholeCloud(t, testOptions())
	const add = "VirtualServerName=shop Port=443 Protocol=https Pool=web TrafficIpName.1=primary TrafficIpName.2=extra"
	for _, step := range []struct {
		action, parameters, spelling, name string
		port, pool                         string
		traffic                            []string
	}{
		{"AddLbVirtualServer", add, "VirtualServername", "shop", "443", "web", []string{"primary", "extra"}},
		{"SetLbVirtualServer", "VirtualServerName=shop Port=8443 Protocol=https Pool=empty TrafficIpName.1=extra", "VirtualServername", "shop", "8443", "empty", []string{"extra"}},
		{"SetLbVirtualServerName", "CurrentVirtualServerName=shop NewVirtualServerName=till", "VirtualServerName", "till", "8443", "empty", []string{"extra"}},
		{"GetLbVirtualServer", "VirtualServerName=till", "VirtualServername", "till", "8443", "empty", []string{"extra"}},
		{"SetLbVirtualServer", "VirtualServerName=till Port=8443 Protocol=https Pool=empty", "VirtualServername", "till", "8443", "empty", nil},
		{"DeleteLbVirtualServer", "VirtualServerName=till", "VirtualServerName", "till", "8443", "empty", nil},
	} {
		got := must(t, sim, step.action, ofRedundantLB(strings.Fields(step.parameters)...)...)
		if got.text(step.spelling) != step.name || got.text("Port") != step.port || got.text("Protocol") != "https" ||
			got.text("Pool") != step.pool || got.text("Enabled") != "Yes" || !slices.Equal(got.texts("TrafficNameList"), step.traffic) {
			t.Errorf("%s answered %v", step.action, got.fields)
		}
	}
	listed := must(t, sim, "DescribeLb", ofRedundantLB()...).entries("VirtualServerList")
	if len(listed) != 1 || listed[0].text("Name") != "www" || !slices.Equal(listed[0].texts("TrafficIpNameList"), []string{"extra"}) {
		t.Errorf("DescribeLb lists %v", listed)
	}
}

func TestVirtualServersThatCannotBeAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	sim := wholeCloud(t, testOptions())
	before := must(t, sim, "DescribeLb", ofRedundantLB()...)
	server := func(more ...string) []string {
		return append([]string{"VirtualServerName=new", "Port=443", "Protocol=https", "Pool=web"}, more...)
	}
	for name, c := range map[string]struct {
		action     string
		parameters []string
		status     int
	}{
		"a name that is taken":       {"AddLbVirtualServer", server("VirtualServerName=www"), 400},
		"a port beyond the range":    {"AddLbVirtualServer", server("Port=65536"), 400},
		"a protocol like none":       {"AddLbVirtualServer", server("Protocol=HTTP 1"), 400},
		"a pool that is not there":   {"AddLbVirtualServer", server("Pool=new"), 404},
		"an address not there":       {"AddLbVirtualServer", server("TrafficIpName.1=new"), 404},
		"without a pool":             {"AddLbVirtualServer", server("Pool="), 400},
		"changing what is not there": {"SetLbVirtualServer", server(), 404},
		"changing to a lost pool":    {"SetLbVirtualServer", server("VirtualServerName=www", "Pool=new"), 404},
		"getting what is not there":  {"GetLbVirtualServer", server(), 404},
		"deleting what is not there": {"DeleteLbVirtualServer", server(), 404},
		"renaming what is not there": {"SetLbVirtualServerName", []string{"CurrentVirtualServerName=new", "NewVirtualServerName=newer"}, 404},
		"renaming to what is taken":  {"SetLbVirtualServerName", []string{"CurrentVirtualServerName=www", "NewVirtualServerName=www"}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, sim, c.status, c.action, ofRedundantLB(c.parameters...)...)
		})
	}
	if after := must(t, sim, "DescribeLb", ofRedundantLB()...); !sameAnswer(before, after) {
		t.Errorf("the FW+LB was %v, is %v", before.fields, after.fields)
	}
}

func TestVirtualIPAddressesHaveNamesOnlyAtARedundantFwLb(t *testing.T) {
	t.Parallel()
	sim := wholeCloud(t, testOptions())
	names := func(code string) []string {
		t.Helper()
		var names []string
		for _, ip := range must(t, sim, "DescribeLb", of(code, "")[1:]...).entries("TrafficIpList") {
			ipv4 := result{fields: ip.fields["IPv4"].(map[string]any)}
			names = append(names, ip.text("Primary")+" "+ipv4.text("TrafficIpName"))
		}
		return names
	}
	if got := names(gl); !slices.Equal(got, []string{"Yes "}) {
		t.Errorf("the single FW+LB has %q", got)
	}
	refused(t, sim, http.StatusBadRequest, "AddVirtualIpAddress", lb("Name=new")...)
	refused(t, sim, http.StatusBadRequest, "AddVirtualIpAddress", ofRedundantLB("Name=extra")...)
	refused(t, sim, http.StatusBadRequest, "DeleteVirtualIpAddress", ofRedundantLB("Name=primary")...)
	refused(t, sim, http.StatusBadRequest, "DeleteVirtualIpAddress", ofRedundantLB("Name=extra")...) // www uses it
	refused(t, sim, http.StatusNotFound, "DeleteVirtualIpAddress", ofRedundantLB("Name=new")...)
	refused(t, sim, http.StatusNotFound, "SetVirtualIpAddressName", ofRedundantLB("CurrentName=new", "NewName=newer")...)
	refused(t, sim, http.StatusBadRequest, "SetVirtualIpAddressName", ofRedundantLB("CurrentName=extra", "NewName=spare")...)
	if got := names(redundant); !slices.Equal(got, []string{"Yes primary", "No extra", "No spare"}) {
		t.Errorf("the redundant FW+LB has %q", got)
	}

	renamed := must(t, sim, "SetVirtualIpAddressName", ofRedundantLB("CurrentName=extra", "NewName=front")...)
	current := result{fields: renamed.fields["Current"].(map[string]any)}
	previous := result{fields: renamed.fields["Previous"].(map[string]any)}
	if current.under("IPv6", "TrafficIpName") != "front" || previous.under("IPv6", "TrafficIpName") != "extra" ||
		current.under("IPv4", "TrafficIpAddress") != previous.under("IPv4", "TrafficIpAddress") {
		t.Errorf("SetVirtualIpAddressName answered %v", renamed.fields)
	}
	if got := must(t, sim, "GetLbVirtualServer", ofRedundantLB("VirtualServerName=www")...).texts("TrafficNameList"); !slices.Equal(got, []string{"front"}) {
		t.Errorf("the virtual server listens on %q", got)
	}
	must(t, sim, "DeleteVirtualIpAddress", ofRedundantLB("Name=spare")...)
	if got := names(redundant); !slices.Equal(got, []string{"Yes primary", "No front"}) {
		t.Errorf("the redundant FW+LB has %q", got)
	}
}
