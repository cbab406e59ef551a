package gpsim_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// shapes has every action of the API with parameters that suit the whole cloud, and
// the paths of all texts in its answer, beside RequestId. A path that ends in []
// is that of an entry or of an empty list.
var shapes = map[string]struct{ parameters, paths string }{
	"Echo":                 {"Param=a b", "Param"},
	"GetGpServiceCodeList": {"", "GpServiceCodeList[]"},
	"GetServiceCodeList": {ofGp, `CustomerCode GpServiceCode GcServiceCodeList[] GnbServiceCodeList[] GxServiceCodeList[] GlServiceCodeList[]
		GvmServiceCodeList[] GvsServiceCodeList[] GomServiceCodeList[]`},
	"GetContractInformation": {ofGp, `CustomerCode GpServiceCode GpServiceCodeLabel Status StartDate StopDate
		VirtualMachineList[].GcServiceCode VirtualMachineList[].Label VirtualMachineList[].Status VirtualMachineList[].StartDate VirtualMachineList[].StopDate
		VirtualMachineList[].DiskOptionList[].DeviceName VirtualMachineList[].DiskOptionList[].Status
		VirtualMachineList[].DiskOptionList[].StartDate VirtualMachineList[].DiskOptionList[].StopDate
		VirtualMachineList[].GlobalAddressOptionList[].Ipv4Address VirtualMachineList[].GlobalAddressOptionList[].Status
		VirtualMachineList[].GlobalAddressOptionList[].StartDate VirtualMachineList[].GlobalAddressOptionList[].StopDate
		VirtualMachineList[].DiskOptionList[] VirtualMachineList[].GlobalAddressOptionList[]
		VirtualMachineList[].MobileWebOptionList[] VirtualMachineList[].SecureMailOptionList[]
		FWLBOptionList[].GlServiceCode FWLBOptionList[].Label FWLBOptionList[].Status FWLBOptionList[].StartDate FWLBOptionList[].StopDate
		VLANOptionList[].GxServiceCode VLANOptionList[].Status VLANOptionList[].StartDate VLANOptionList[].StopDate
		NASBOptionList[] VPNTypeMOptionList[] VPNTypeSOptionList[] SMMOptionList[]`},
	"GetContractStatus": {ofEquipped + "DiskDeviceName=/dev/xvdb", "GcServiceCode DiskDeviceName Status"},

	"AddVirtualMachines":        {ofGp + "ContractNum=1&VirtualMachineType=V10&OS=CentOS6_64_U", "GpServiceCode GcServiceCodeList[]"},
	"AddCloneVirtualMachines":   {ofGp + "SrcGcServiceCode=gc00000001&ContractNum=2&VirtualMachineType=V10", "GpServiceCode SrcGcServiceCode GcServiceCodeList[]"},
	"DeleteVirtualMachine":      {"GcServiceCode=gc00000001&StopDate=20991231", "GcServiceCode StopDate"},
	"ChangeVirtualMachineType":  {ofEquipped + "VirtualMachineType=V40", "GcServiceCode VirtualMachineType"},
	"AddDiskOption":             {ofEquipped + "DiskSpace=HS300", "GcServiceCode DiskSpace"},
	"DeleteDiskOption":          {"GcServiceCode=gc00000002&DiskDeviceName=/dev/xvdb&StopDate=20991231", "GcServiceCode DiskDeviceName StopDate"},
	"AddGlobalAddressOption":    {ofEquipped + "Num=1", "GcServiceCode Num"},
	"DeleteGlobalAddressOption": {"GcServiceCode=gc00000002&IPv4Address=198.18.0.6&StopDate=20991231", "GcServiceCode IPv4Address StopDate"},
	"AddFwLbOption":             {ofGp + "Type=S100M&Redundant=No", "GpServiceCode GlServiceCode"},
	"ChangeFwLbOptionType":      {ofRedundant + "Type=S100M", "GlServiceCode Type"},
	"DeleteFwLbOption":          {"GlServiceCode=gl00000002&StopDate=20991231", "GlServiceCode StopDate"},
	"AddVlanOption":             {ofGp, "GpServiceCode GxServiceCode"},
	"DeleteVlanOption":          {"GxServiceCode=gx00000001&StopDate=20991231", "GxServiceCode StopDate"},

	"GetVirtualMachineStatus":     {ofEquipped, "GcServiceCode Status"},
	"GetVirtualMachineStatusList": {ofGp, "GpServiceCode VirtualMachineStatusList[].GcServiceCode VirtualMachineStatusList[].Status"},
	"DescribeVirtualMachine": {ofEquipped, `GcServiceCode Status Label VirtualMachineType HostType OS CPU Memory Disk Location Vlan MobileWebOption SecureMailOption
		GlobalAddress.IPv4Address GlobalAddress.IPv4DomainName GlobalAddress.IPv6Enabled GlobalAddress.IPv6Address GlobalAddress.NetworkInterface
		PrivateAddress.IPv4Address PrivateAddress.NetworkInterface DiskOptionList[].DeviceName DiskOptionList[].Size
		GlobalAddressOptionList[].IPv4.IpAddress GlobalAddressOptionList[].IPv4.DomainName GlobalAddressOptionList[].IPv4.NetworkInterface
		GlobalAddressOptionList[].IPv6.IpAddress GlobalAddressOptionList[].IPv6.Enabled GlobalAddressOptionList[].IPv6.NetworkInterface`},
	"StartVirtualMachine":       {ofEquipped, "GcServiceCode " + currentPrevious},
	"StopVirtualMachine":        {ofRunning + "Force=No", "GcServiceCode " + currentPrevious},
	"RebootVirtualMachine":      {ofRunning, "GcServiceCode " + currentPrevious},
	"InitializeVirtualMachine":  {ofEquipped + "VarDeviceName=/dev/sdb", "GcServiceCode " + currentPrevious},
	"ImportRootSshPublicKey":    {ofEquipped + "PublicKey=ssh-rsa AAAA", "GcServiceCode PublicKey " + currentPrevious},
	"SetLabel":                  {ofGp + "ServiceCode=gc00000002&Label=web", "GcServiceCode Label"},
	"AttachFwLb":                {ofEquipped + "GlServiceCode=gl00000001", "GcServiceCode GlServiceCode " + currentPrevious},
	"DetachFwLb":                {ofEquipped + "GlServiceCode=gl00000002", "GcServiceCode GlServiceCode " + currentPrevious},
	"AttachVlan":                {ofGp + "GcServiceCode=gc00000001&GxServiceCode=gx00000001", "GcServiceCode GxServiceCode " + currentPrevious},
	"DetachVlan":                {ofEquipped + "GxServiceCode=gx00000001", "GcServiceCode GxServiceCode " + currentPrevious},
	"CloneVirtualMachine":       {"SrcGcServiceCode=gc00000001&DestGcServiceCode=gc00000002", "Source.GcServiceCode Source.Current.Status Source.Previous.Status Destination.GcServiceCode Destination.Current.Status Destination.Previous.Status"},
	"EnableIPv6":                {ofEquipped + "IPv6Address=2001:db8::c612:5", "GcServiceCode IPv6Address " + currentPrevious},
	"DisableIPv6":               {ofEquipped + "IPv6Address=2001:db8::c612:6", "GcServiceCode IPv6Address " + currentPrevious},
	"ResetIptables":             {ofEquipped, "GcServiceCode " + currentPrevious},
	"ResetNetworkConfiguration": {ofEquipped, "GcServiceCode " + currentPrevious},
	"ResetSshdConfiguration":    {ofEquipped, "GcServiceCode " + currentPrevious},

	"DescribeLb": {ofRedundant, `GlServiceCode Label Type Redundant TrafficIpList[].Primary
		TrafficIpList[].IPv4.TrafficIpAddress TrafficIpList[].IPv4.TrafficIpName TrafficIpList[].IPv4.DomainName
		TrafficIpList[].IPv6.TrafficIpAddress TrafficIpList[].IPv6.TrafficIpName TrafficIpList[].IPv6.DomainName
		PoolList[].Name PoolList[].NodeList[].IpAddress PoolList[].NodeList[].Port PoolList[].NodeList[].Status PoolList[].NodeList[]
		VirtualServerList[].Name VirtualServerList[].Enabled VirtualServerList[].Protocol VirtualServerList[].Port VirtualServerList[].Pool
		VirtualServerList[].TrafficIpNameList[]`},
	"GetLbStatus": {ofRedundant, "GlServiceCode HostList[].Status HostList[].Location"},
	"GetLbHostList": {ofRedundant, `Label Type Redundant HostList[].Location HostList[].SoftwareVersion
		HostList[].GlobalIpAddress.IPv4Address HostList[].GlobalIpAddress.IPv6Address HostList[].PrivateIpAddress.IPv4Address`},
	"AddLbPool":              {ofRedundant + "Pool=new&NodeIpAddress.1=127.10.9.8&NodePort.1=80", nodeAnswer},
	"SetLbPool":              {ofRedundant + "Pool=web&NodeIpAddress.1=127.10.9.8&NodePort.1=80", nodeAnswer},
	"SetLbPoolName":          {ofRedundant + "CurrentPoolName=web&NewPoolName=www", nodeAnswer},
	"GetLbPool":              {ofRedundant + "Pool=web", nodeAnswer},
	"DeleteLbPool":           {ofRedundant + "Pool=empty", "GlServiceCode Pool NodeList[]"},
	"AddLbNode":              {ofRedundant + "Pool=web&NodeIpAddress=127.10.9.8&NodePort=80", nodeAnswer},
	"SetLbNode":              {ofRedundant + "Pool=web&CurrentNodeIpAddress=127.10.9.9&CurrentNodePort=80&NewNodeIpAddress=127.10.9.9&NewNodePort=81", nodeAnswer},
	"DeleteLbNode":           {ofRedundant + "Pool=web&NodeIpAddress=127.10.9.9&NodePort=80", "GlServiceCode Pool NodeList[]"},
	"AddLbVirtualServer":     {ofRedundant + "VirtualServerName=new&Port=443&Protocol=https&Pool=web&TrafficIpName.1=extra", serverAnswer + "VirtualServername"},
	"SetLbVirtualServer":     {ofRedundant + "VirtualServerName=www&Port=443&Protocol=https&Pool=empty", serverAnswer + "VirtualServername"},
	"GetLbVirtualServer":     {ofRedundant + "VirtualServerName=www", serverAnswer + "VirtualServername"},
	"DeleteLbVirtualServer":  {ofRedundant + "VirtualServerName=www", serverAnswer + "VirtualServerName"},
	"SetLbVirtualServerName": {ofRedundant + "CurrentVirtualServerName=www&NewVirtualServerName=new", serverAnswer + "VirtualServerName"},
	"AddVirtualIpAddress":    {ofRedundant + "Name=new", "GlServiceCode IPv4.TrafficAddress IPv4.TrafficIpName IPv6.TrafficAddress IPv6.TrafficIpName"},
	"DeleteVirtualIpAddress": {ofRedundant + "Name=spare", "GlServiceCode IPv4.TrafficAddress IPv4.TrafficIpName IPv6.TrafficAddress IPv6.TrafficIpName"},
	"SetVirtualIpAddressName": {ofRedundant + "CurrentName=extra&NewName=other", `GlServiceCode
		Current.IPv4.TrafficIpAddress Current.IPv4.TrafficIpName Current.IPv6.TrafficIpAddress Current.IPv6.TrafficIpName
		Previous.IPv4.TrafficIpAddress Previous.IPv4.TrafficIpName Previous.IPv6.TrafficIpAddress Previous.IPv6.TrafficIpName`},

	"DescribeFw": {ofRedundant, "GlServiceCode Label Type Redundant " + rules("FilteringRuleList.In.IPv4List") +
		rules("FilteringRuleList.In.IPv6List") + rules("FilteringRuleList.Out.IPv4List")},
	"GetFilteringRuleList":       {ofRedundant + "Direction=IN&IpVersion=4", "GlServiceCode Direction IpVersion " + rules("FilteringRuleList")},
	"SetFilteringRuleList":       {ofRedundant + "Direction=OUT&IpVersion=6&Target.1=DROP", "GlServiceCode Direction IpVersion " + rules("FilteringRuleList")},
	"GetSnatRuleList":            {ofRedundant, "GlServiceCode SnatRuleList[].SourceIpAddress SnatRuleList[].ToSourceIpAddress"},
	"SetSnatRuleList":            {ofRedundant, "GlServiceCode SnatRuleList[]"},
	"GetDomainNameByIpAddress":   {ofEquipped + "IPv4GlobalAddress=198.18.0.5", "GcServiceCode IPv4GlobalAddress IPv4DomainName"},
	"SetDomainNameByIpAddress":   {ofEquipped + "IPv4GlobalAddress=198.18.0.5&IPv4DomainName=www.example.jp", "GcServiceCode IPv4GlobalAddress IPv4DomainName"},
	"ResetDomainNameByIpAddress": {ofRedundant + "IPv4GlobalAddress=198.18.0.7", "GlServiceCode IPv4GlobalAddress IPv4DomainName"},
}

const (
	ofGp            = "GpServiceCode=gp00000001&"
	ofEquipped      = ofGp + "GcServiceCode=gc00000002&"
	ofRunning       = ofGp + "GcServiceCode=gc00000012&"
	ofRedundant     = ofGp + "GlServiceCode=gl00000002&"
	currentPrevious = "Current.Status Previous.Status"
	nodeAnswer      = "GlServiceCode Pool NodeList[].IpAddress NodeList[].Port NodeList[].Status"
	serverAnswer    = "GlServiceCode Pool Port Protocol Enabled TrafficNameList[] "
)

func rules(list string) string {
	entry := list + "[]."
	return strings.Join([]string{"", "Source.IpAddress ", "Destination.IpAddress ", "Destination.Port ", "Destination.Protocol ", "Target "}, entry)
}

// own splits the parameters of a shape.
func own(parameters string) []string {
	return slices.DeleteFunc(strings.Split(parameters, "&"), func(parameter string) bool { return parameter == "" })
}

func TestEveryActionIsThere(t *testing.T) {
	t.Parallel()
	if len(shapes) != 64 {
		t.Errorf("the table of shapes has %d actions, the API has 64", len(shapes))
	}
	for _, action := range gpapi.Actions() {
		if _, known := shapes[action.Name]; !known {
			t.Errorf("there is no shape of %s", action.Name)
		}
	}
}

func TestEveryAnswerHasTheVendorsShape(t *testing.T) {
	t.Parallel()
	for action, c := range shapes {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			got := must(t, wholeCloud(t, testOptions()), action, own(c.parameters)...)
			if id := got.text("RequestId"); !requestID.MatchString(id) {
				t.Errorf("RequestId is %q", id)
			}
			delete(got.fields, "RequestId")
			found := map[string]bool{}
			collectPaths(found, "", got.fields)
			want := strings.Fields(c.paths)
			slices.Sort(want)
			if has := slices.Sorted(maps.Keys(found)); !slices.Equal(has, slices.Compact(want)) {
				t.Errorf("the answer has\n%q, want\n%q", has, want)
			}
		})
	}
}

func TestACallThatLacksARequiredParameterIsRefused(t *testing.T) {
	t.Parallel()
	sim := wholeCloud(t, testOptions())
	for _, action := range gpapi.Actions() {
		for _, parameter := range action.Parameters {
			if !parameter.Required {
				continue
			}
			rest := slices.DeleteFunc(own(shapes[action.Name].parameters), func(text string) bool { return strings.HasPrefix(text, parameter.Name+"=") })
			why := refused(t, sim, http.StatusBadRequest, action.Name, rest...)
			if want := "The parameter " + parameter.Name + " is missing."; why.text("ErrorMessage") != want {
				t.Errorf("%s without %s: %s", action.Name, parameter.Name, why.text("ErrorMessage"))
			}
		}
	}
}

func collectPaths(found map[string]bool, path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			collectPaths(found, strings.TrimPrefix(path+"."+name, "."), member)
		}
	case []any:
		if len(value) == 0 {
			found[path+"[]"] = true
		}
		for _, entry := range value {
			collectPaths(found, path+"[]", entry)
		}
	default:
		found[path] = true
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
		{http.MethodGet, "/nowhere", http.StatusNotFound},
		{http.MethodPost, "/", http.StatusMethodNotAllowed},
		{http.MethodPost, "/yaml", http.StatusNotFound},
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
