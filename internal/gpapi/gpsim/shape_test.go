package gpsim_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func TestReadingActionsHaveTheVendorsShape(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	for action, c := range map[string]struct {
		parameters []string
		lists      string
		scalars    string
	}{
		"Echo":                 {[]string{"Param=a b<&>日本"}, "", "Param"},
		"GetGpServiceCodeList": {nil, "GpServiceCodeList", ""},
		"GetServiceCodeList": {
			[]string{"GpServiceCode=" + gp},
			"GcServiceCodeList GnbServiceCodeList GxServiceCodeList GlServiceCodeList GvmServiceCodeList GvsServiceCodeList GomServiceCodeList",
			"CustomerCode GpServiceCode",
		},
		"GetContractInformation": {
			[]string{"GpServiceCode=" + gp},
			"VirtualMachineList FWLBOptionList VLANOptionList NASBOptionList VPNTypeMOptionList VPNTypeSOptionList SMMOptionList",
			"CustomerCode GpServiceCode GpServiceCodeLabel Status StartDate StopDate",
		},
		"GetContractStatus":           {vm(template), "", "GcServiceCode Status"},
		"GetVirtualMachineStatus":     {vm(template), "", "GcServiceCode Status"},
		"GetVirtualMachineStatusList": {[]string{"GpServiceCode=" + gp, "GcServiceCode.1=" + template}, "VirtualMachineStatusList", "GpServiceCode"},
		"DescribeVirtualMachine": {
			vm(template), "DiskOptionList GlobalAddressOptionList",
			"GcServiceCode Status Label VirtualMachineType HostType OS CPU Memory Disk Location Vlan MobileWebOption SecureMailOption",
		},
		"DescribeLb": {lb(), "TrafficIpList PoolList VirtualServerList", "GlServiceCode Label Type Redundant"},
		"GetLbPool":  {lb("Pool=web"), "NodeList", "GlServiceCode Pool"},
	} {
		got := must(t, sim, action, c.parameters...)
		for list := range strings.FieldsSeq(c.lists) {
			if _, ok := got.fields[list].([]any); !ok {
				t.Errorf("%s: %s is %v, want a list", action, list, got.fields[list])
			}
		}
		for scalar := range strings.FieldsSeq(c.scalars) {
			if _, ok := got.fields[scalar].(string); !ok {
				t.Errorf("%s: %s is %v, want a string", action, scalar, got.fields[scalar])
			}
		}
		if id := got.text("RequestId"); !requestID.MatchString(id) {
			t.Errorf("%s: RequestId is %q", action, id)
		}
	}
}

var requestID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{8}){4}$`)

func TestContractInformationCanBeNarrowedToOneContract(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	if _, _, err := sim.AddMachine(gpsim.MachineSpec{}); err != nil {
		t.Fatal(err)
	}
	for parameter, want := range map[string][2]int{"": {2, 1}, "GcServiceCode=" + template: {1, 0}, "GlServiceCode=" + gl: {0, 1}} {
		got := must(t, sim, "GetContractInformation", "GpServiceCode="+gp, parameter)
		machines, balancers := got.fields["VirtualMachineList"].([]any), got.fields["FWLBOptionList"].([]any)
		if len(machines) != want[0] || len(balancers) != want[1] {
			t.Errorf("%q gives %d machines and %d FW+LBs, want %v", parameter, len(machines), len(balancers), want)
		}
	}
}

func TestErrorsOutsideTheAPIHaveAnEnvelopeToo(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/", http.StatusNotFound},
		{http.MethodPost, "/xml", http.StatusNotFound},
		{http.MethodPut, "/json", http.StatusMethodNotAllowed},
		{http.MethodPost, "/books", http.StatusMethodNotAllowed},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+host+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := send(t, sim, request)
		if err != nil || got.status != c.status || got.key != "ErrorResponse" {
			t.Errorf("%s %s: got %v, %v, want %d", c.method, c.path, got, err, c.status)
		}
	}
}
