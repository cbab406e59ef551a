package gpapi_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/gpapi"
)

// theVendorsTable has every action with its parameters as the vendor's tables say:
// ! writes, * is required, .N is a list.
const theVendorsTable = `
Echo Param*
GetGpServiceCodeList
GetServiceCodeList GpServiceCode*
GetContractInformation GpServiceCode* GcServiceCode GlServiceCode GxServiceCode
GetContractStatus GpServiceCode* GcServiceCode GlServiceCode GxServiceCode DiskDeviceName IPv4Address

AddVirtualMachines! GpServiceCode* ContractNum* VirtualMachineType* OS* LLocationNum RLocationNum DiskOption.N.DiskSpace GlobalAddressOptionNum
AddCloneVirtualMachines! GpServiceCode* SrcGcServiceCode* ContractNum* VirtualMachineType* SrcGpServiceCode LLocationNum RLocationNum
DeleteVirtualMachine! GcServiceCode* StopDate*
ChangeVirtualMachineType! GpServiceCode* GcServiceCode* VirtualMachineType*
AddDiskOption! GpServiceCode* GcServiceCode* DiskSpace*
DeleteDiskOption! GcServiceCode* DiskDeviceName* StopDate*
AddGlobalAddressOption! GpServiceCode* GcServiceCode* Num*
DeleteGlobalAddressOption! GcServiceCode* IPv4Address* StopDate*
AddFwLbOption! GpServiceCode* Type* Redundant*
ChangeFwLbOptionType! GpServiceCode* GlServiceCode* Type*
DeleteFwLbOption! GlServiceCode* StopDate*
AddVlanOption! GpServiceCode*
DeleteVlanOption! GxServiceCode* StopDate*

GetVirtualMachineStatus GpServiceCode* GcServiceCode*
GetVirtualMachineStatusList GpServiceCode* GcServiceCode.N
DescribeVirtualMachine GpServiceCode* GcServiceCode*
StartVirtualMachine! GpServiceCode* GcServiceCode*
StopVirtualMachine! GpServiceCode* GcServiceCode* Force
RebootVirtualMachine! GpServiceCode* GcServiceCode*
InitializeVirtualMachine! GpServiceCode* GcServiceCode* VarDeviceName
ImportRootSshPublicKey! GpServiceCode* GcServiceCode* PublicKey*
SetLabel! GpServiceCode* ServiceCode* Label*
AttachFwLb! GpServiceCode* GcServiceCode* GlServiceCode*
DetachFwLb! GpServiceCode* GcServiceCode* GlServiceCode*
AttachVlan! GpServiceCode* GcServiceCode* GxServiceCode*
DetachVlan! GpServiceCode* GcServiceCode* GxServiceCode*
CloneVirtualMachine! SrcGcServiceCode* DestGcServiceCode* GpServiceCode SrcGpServiceCode DestGpServiceCode
EnableIPv6! GpServiceCode* GcServiceCode* IPv6Address*
DisableIPv6! GpServiceCode* GcServiceCode* IPv6Address*
ResetIptables! GpServiceCode* GcServiceCode*
ResetNetworkConfiguration! GpServiceCode* GcServiceCode*
ResetSshdConfiguration! GpServiceCode* GcServiceCode*

DescribeLb GpServiceCode* GlServiceCode*
GetLbStatus GpServiceCode* GlServiceCode*
GetLbHostList GpServiceCode* GlServiceCode*
AddLbPool! GpServiceCode* GlServiceCode* Pool* NodeIpAddress.N NodePort.N
SetLbPool! GpServiceCode* GlServiceCode* Pool* NodeIpAddress.N NodePort.N
GetLbPool GpServiceCode* GlServiceCode* Pool*
DeleteLbPool! GpServiceCode* GlServiceCode* Pool*
SetLbPoolName! GpServiceCode* GlServiceCode* CurrentPoolName* NewPoolName*
AddLbNode! GpServiceCode* GlServiceCode* Pool* NodeIpAddress* NodePort*
DeleteLbNode! GpServiceCode* GlServiceCode* Pool* NodeIpAddress* NodePort*
SetLbNode! GpServiceCode* GlServiceCode* Pool* CurrentNodeIpAddress* CurrentNodePort* NewNodeIpAddress* NewNodePort*
AddLbVirtualServer! GpServiceCode* GlServiceCode* VirtualServerName* Port* Protocol* Pool* TrafficIpName.N
SetLbVirtualServer! GpServiceCode* GlServiceCode* VirtualServerName* Port* Protocol* Pool* TrafficIpName.N
GetLbVirtualServer GpServiceCode* GlServiceCode* VirtualServerName*
DeleteLbVirtualServer! GpServiceCode* GlServiceCode* VirtualServerName*
SetLbVirtualServerName! GpServiceCode* GlServiceCode* CurrentVirtualServerName* NewVirtualServerName*
AddVirtualIpAddress! GpServiceCode* GlServiceCode* Name*
DeleteVirtualIpAddress! GpServiceCode* GlServiceCode* Name*
SetVirtualIpAddressName! GpServiceCode* GlServiceCode* CurrentName* NewName*

DescribeFw GpServiceCode* GlServiceCode*
GetFilteringRuleList GpServiceCode* GlServiceCode* Direction* IpVersion*
SetFilteringRuleList! GpServiceCode* GlServiceCode* Direction* IpVersion* SourceIpAddress.N DestinationIpAddress.N DestinationPort.N DestinationProtocol.N Target.N
GetSnatRuleList GpServiceCode* GlServiceCode*
SetSnatRuleList! GpServiceCode* GlServiceCode* SourceIpAddress.N ToSourceIpAddress.N
GetDomainNameByIpAddress GpServiceCode* IPv4GlobalAddress* GcServiceCode GlServiceCode
ResetDomainNameByIpAddress! GpServiceCode* IPv4GlobalAddress* GcServiceCode GlServiceCode
SetDomainNameByIpAddress! GpServiceCode* IPv4GlobalAddress* GcServiceCode GlServiceCode IPv4DomainName*
`

func TestTheActionsAreThoseOfTheVendorsTable(t *testing.T) {
	t.Parallel()
	actions := gpapi.Actions()
	if len(actions) != 64 || !slices.IsSortedFunc(actions, func(a, b gpapi.Action) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("%d actions, want 64 in order of their names", len(actions))
	}
	got := map[string]string{}
	for _, action := range actions {
		var parameters []string
		for _, p := range action.Parameters {
			parameters = append(parameters, p.Name+map[bool]string{true: ".N"}[p.List]+map[bool]string{true: "*"}[p.Required])
		}
		slices.Sort(parameters)
		got[action.Name] = strings.TrimSpace(map[bool]string{true: "! "}[action.Writes] + strings.Join(parameters, " "))
	}
	for line := range strings.Lines(theVendorsTable) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		name, writes := strings.CutSuffix(words[0], "!")
		slices.Sort(words[1:])
		want := strings.TrimSpace(map[bool]string{true: "! "}[writes] + strings.Join(words[1:], " "))
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
		delete(got, name)
	}
	if len(got) != 0 {
		t.Errorf("the vendor has no such actions: %v", got)
	}
}

func TestTheKnownValuesOfAParameterAreTold(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, action := range gpapi.Actions() {
		for _, p := range action.Parameters {
			got[action.Name+" "+p.Name] = strings.Join(p.Values, " ")
		}
	}
	for parameter, want := range map[string]string{
		"StopVirtualMachine Force":                   "Yes No",
		"AddFwLbOption Redundant":                    "Yes No",
		"AddVirtualMachines DiskOption.N.DiskSpace":  "100 300 500 HS300",
		"SetFilteringRuleList Direction":             "IN OUT",
		"SetFilteringRuleList Target":                "ACCEPT DROP REJECT",
		"AddCloneVirtualMachines VirtualMachineType": "V10 V20 V40 V80 V160 V240",
		"SetLabel Label":                             "",
	} {
		if got[parameter] != want {
			t.Errorf("%s: %q, want %q", parameter, got[parameter], want)
		}
	}
}
