package gpsim_test

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// refusalCloud has a machine in each settled status and small limits.
func refusalCloud(t *testing.T) *gpsim.Sim {
	t.Helper()
	options := testOptions()
	options.MaxMachines, options.MaxPoolNodes = 4, 2
	sim := newCloud(t, options)
	for code, status := range map[string]string{"gc00000011": gpsim.StatusInitialized, "gc00000012": gpsim.StatusRunning} {
		if _, _, err := sim.AddMachine(gpsim.MachineSpec{Code: code, Status: status}); err != nil {
			t.Fatal(err)
		}
	}
	return sim
}

const (
	blank   = "gc00000011"
	running = "gc00000012"
)

func TestCallsThatDoNotFitTheStateAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	node := func(address, port string) []string {
		return lb("Pool=web", "NodeIpAddress="+address, "NodePort="+port)
	}
	cases := map[string]struct {
		action     string
		parameters []string
		status     int
	}{
		"unknown action":                      {"TerminateVirtualMachine", nil, 400},
		"missing parameter":                   {"StartVirtualMachine", []string{"GpServiceCode=" + gp}, 400},
		"misspelt ContractNum":                {"AddCloneVirtualMachines", []string{"GpServiceCode=" + gp, "SrcGcServiceCode=" + template, "ContructNum=1", "VirtualMachineType=V10"}, 400},
		"foreign main contract":               {"GetServiceCodeList", []string{"GpServiceCode=gp00000009"}, 403},
		"unknown machine":                     {"StartVirtualMachine", vm("gc99999999"), 404},
		"unknown FW+LB":                       {"DescribeLb", []string{"GpServiceCode=" + gp, "GlServiceCode=gl99999999"}, 404},
		"unknown pool":                        {"GetLbPool", lb("Pool=nope"), 404},
		"contract status of nothing":          {"GetContractStatus", []string{"GpServiceCode=" + gp}, 400},
		"clone of a running source":           {"AddCloneVirtualMachines", cloneParameters("1", "SrcGcServiceCode="+running), 400},
		"clone of a blank source":             {"AddCloneVirtualMachines", cloneParameters("1", "SrcGcServiceCode="+blank), 400},
		"clone of an unknown type":            {"AddCloneVirtualMachines", cloneParameters("1", "VirtualMachineType=V11"), 400},
		"order of none":                       {"AddCloneVirtualMachines", cloneParameters("0"), 400},
		"order of words":                      {"AddCloneVirtualMachines", cloneParameters("two"), 400},
		"more locations than machines":        {"AddCloneVirtualMachines", cloneParameters("1", "LLocationNum=1", "RLocationNum=1"), 400},
		"order beyond the quota":              {"AddCloneVirtualMachines", cloneParameters("2"), 400},
		"overwriting from a running source":   {"CloneVirtualMachine", overwrite(running, template), 400},
		"overwriting from a blank source":     {"CloneVirtualMachine", overwrite(blank, template), 400},
		"overwriting from an unknown source":  {"CloneVirtualMachine", overwrite("gc99999999", template), 404},
		"overwriting a running machine":       {"CloneVirtualMachine", overwrite(template, running), 400},
		"overwriting a blank machine":         {"CloneVirtualMachine", overwrite(template, blank), 400},
		"overwriting an unknown machine":      {"CloneVirtualMachine", overwrite(template, "gc99999999"), 404},
		"overwriting a machine from itself":   {"CloneVirtualMachine", overwrite(template, template), 400},
		"overwriting in a foreign contract":   {"CloneVirtualMachine", overwrite(template, blank, "DestGpServiceCode=gp00000009"), 403},
		"overwriting from a foreign contract": {"CloneVirtualMachine", overwrite(template, blank, "SrcGpServiceCode=gp00000009"), 403},
		"overwriting for a foreign contract":  {"CloneVirtualMachine", overwrite(template, blank, "GpServiceCode=gp00000009"), 403},
		"overwriting from nothing":            {"CloneVirtualMachine", []string{"DestGcServiceCode=" + template}, 400},
		"start of a blank machine":            {"StartVirtualMachine", vm(blank), 400},
		"start of a running machine":          {"StartVirtualMachine", vm(running), 400},
		"stop of a stopped machine":           {"StopVirtualMachine", vm(template), 400},
		"forced stop of a stopped machine":    {"StopVirtualMachine", vm(template, "Force=Yes"), 400},
		"force of maybe":                      {"StopVirtualMachine", vm(running, "Force=Maybe"), 400},
		"key for a running machine":           {"ImportRootSshPublicKey", vm(running, "PublicKey=ssh-rsa AAAA"), 400},
		"FW+LB for a running machine":         {"AttachFwLb", vm(running, "GlServiceCode="+gl), 400},
		"detach of what is not attached":      {"DetachFwLb", vm(template, "GlServiceCode="+gl), 400},
		"node that is there":                  {"AddLbNode", node(webNode.Addr().String(), "80"), 400},
		"node that is not there":              {"DeleteLbNode", node("127.10.9.9", "81"), 400},
		"node without an IPv4 address":        {"AddLbNode", node("::1", "80"), 400},
		"node port 0":                         {"AddLbNode", node("127.10.9.8", "0"), 400},
		"node port beyond the range":          {"AddLbNode", node("127.10.9.8", "65536"), 400},
		"stop date in another form":           {"DeleteVirtualMachine", []string{"GcServiceCode=" + template, "StopDate=2013-10-30"}, 400},
		"stop date in the past":               {"DeleteVirtualMachine", []string{"GcServiceCode=" + template, "StopDate=19991231"}, 400},
		"label of a code that does not exist": {"SetLabel", []string{"GpServiceCode=" + gp, "ServiceCode=gx00000001", "Label=x"}, 404},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := refusalCloud(t)
			before := sim.Books().Machines
			refused(t, sim, c.status, c.action, c.parameters...)
			after := sim.Books()
			if !slices.Equal(before, after.Machines) {
				t.Errorf("machines were %v, are %v", before, after.Machines)
			}
			for _, entry := range after.Calls {
				if entry.Effect || entry.HTTPStatus != c.status || entry.Action != c.action {
					t.Errorf("the books say %+v", entry)
				}
			}
		})
	}
}

func TestAFullPoolTakesNoNode(t *testing.T) {
	t.Parallel()
	sim := refusalCloud(t)
	must(t, sim, "AddLbNode", lb("Pool=web", "NodeIpAddress=127.10.9.8", "NodePort=80")...)
	why := refused(t, sim, http.StatusBadRequest, "AddLbNode", lb("Pool=web", "NodeIpAddress=127.10.9.7", "NodePort=80")...)
	if !strings.Contains(why.text("ErrorMessage"), "full") {
		t.Errorf("the refusal says %q", why.text("ErrorMessage"))
	}
	must(t, sim, "DeleteLbNode", lb("Pool=web", "NodeIpAddress=127.10.9.8", "NodePort=80")...)
	must(t, sim, "AddLbNode", lb("Pool=web", "NodeIpAddress=127.10.9.7", "NodePort=80")...)
}

func TestAnExhaustedNetworkSellsNoMachine(t *testing.T) {
	t.Parallel()
	options := testOptions()
	options.AddressBase = netip.MustParsePrefix("127.20.0.0/30")
	sim := newCloud(t, options)
	why := refused(t, sim, http.StatusBadRequest, "AddCloneVirtualMachines", cloneParameters("4")...)
	if why.text("ErrorType") != "QuotaExceeded" || len(sim.Books().Machines) != 1 {
		t.Errorf("got %v and %d machines", why.fields, len(sim.Books().Machines))
	}
}

func TestAnotherAccountSeesNothingOfThisOne(t *testing.T) {
	t.Parallel()
	options := testOptions()
	other := options.Accounts[0]
	other.AccessKey, other.GpServiceCode = "AKTESTTESTTESTTEST02", "gp00000002"
	options.Accounts = append(options.Accounts, other)
	sim := newCloud(t, options)

	as := []string{"AccessKeyId=" + other.AccessKey, "GpServiceCode=" + other.GpServiceCode}
	if codes := must(t, sim, "GetServiceCodeList", as...).texts("GcServiceCodeList"); len(codes) != 0 {
		t.Errorf("the other account sees %v", codes)
	}
	refused(t, sim, http.StatusNotFound, "StartVirtualMachine", append(as, "GcServiceCode="+template)...)
	refused(t, sim, http.StatusNotFound, "CloneVirtualMachine", append(as, overwrite(template, template)...)...)
	refused(t, sim, http.StatusNotFound, "DescribeLb", append(as, "GlServiceCode="+gl)...)
	for _, code := range []string{template, gl} {
		refused(t, sim, http.StatusNotFound, "SetLabel", append(as, "ServiceCode="+code, "Label=x")...)
	}
	lan := must(t, sim, "AddVlanOption", "GpServiceCode="+gp).text("GxServiceCode")
	refused(t, sim, http.StatusNotFound, "DeleteVlanOption", append(as, "GxServiceCode="+lan, "StopDate=20990101")...)
	refused(t, sim, http.StatusNotFound, "DeleteFwLbOption", append(as, "GlServiceCode="+gl, "StopDate=20990101")...)
	refused(t, sim, http.StatusNotFound, "DeleteDiskOption", append(as, "GcServiceCode="+template, "DiskDeviceName=/dev/xvdb", "StopDate=20990101")...)
	refused(t, sim, http.StatusNotFound, "DeleteVirtualMachine", "AccessKeyId="+other.AccessKey, "GcServiceCode="+template, "StopDate=20990101")
}
