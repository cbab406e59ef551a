package gpsim

import (
	"net/url"
	"slices"
	"strings"
)

// action is one entry of the API.
type action struct {
	required string // names of the parameters that must be present, separated by spaces
	lists    string // names of the numbered parameters whose entries belong together
	mutates  bool   // calls go into the books
	do       func(*call) (fields, *refusal)
}

const (
	vmPair = "GpServiceCode GcServiceCode"
	lbPair = "GpServiceCode GlServiceCode"
	lbNode = lbPair + " Pool NodeIpAddress NodePort"

	virtualServerParameters = lbPair + " VirtualServerName Port Protocol Pool"
	renamedNode             = " CurrentNodeIpAddress CurrentNodePort NewNodeIpAddress NewNodePort"
)

// actions is the API, by the names of the GP-API manual. A required parameter
// also is checked to be the caller's main contract when it is GpServiceCode.
var actions = map[string]action{
	"Echo":                   {required: "Param", do: echo},
	"GetGpServiceCodeList":   {do: getGpServiceCodeList},
	"GetServiceCodeList":     {required: "GpServiceCode", do: getServiceCodeList},
	"GetContractInformation": {required: "GpServiceCode", do: getContractInformation},
	"GetContractStatus":      {required: "GpServiceCode", do: getContractStatus},

	"AddVirtualMachines":        {required: "GpServiceCode ContractNum VirtualMachineType OS", lists: "DiskOption", mutates: true, do: addVirtualMachines},
	"AddCloneVirtualMachines":   {required: "GpServiceCode SrcGcServiceCode ContractNum VirtualMachineType", mutates: true, do: addCloneVirtualMachines},
	"DeleteVirtualMachine":      {required: "GcServiceCode StopDate", mutates: true, do: deleteVirtualMachine},
	"ChangeVirtualMachineType":  {required: vmPair + " VirtualMachineType", mutates: true, do: changeVirtualMachineType},
	"AddDiskOption":             {required: vmPair + " DiskSpace", mutates: true, do: addDiskOption},
	"DeleteDiskOption":          {required: "GcServiceCode DiskDeviceName StopDate", mutates: true, do: deleteDiskOption},
	"AddGlobalAddressOption":    {required: vmPair + " Num", mutates: true, do: addGlobalAddressOption},
	"DeleteGlobalAddressOption": {required: "GcServiceCode IPv4Address StopDate", mutates: true, do: deleteGlobalAddressOption},
	"AddFwLbOption":             {required: "GpServiceCode Type Redundant", mutates: true, do: addFwLbOption},
	"ChangeFwLbOptionType":      {required: lbPair + " Type", mutates: true, do: changeFwLbOptionType},
	"DeleteFwLbOption":          {required: "GlServiceCode StopDate", mutates: true, do: deleteFwLbOption},
	"AddVlanOption":             {required: "GpServiceCode", mutates: true, do: addVlanOption},
	"DeleteVlanOption":          {required: "GxServiceCode StopDate", mutates: true, do: deleteVlanOption},

	"GetVirtualMachineStatus":     {required: vmPair, do: getVirtualMachineStatus},
	"GetVirtualMachineStatusList": {required: "GpServiceCode", lists: "GcServiceCode", do: getVirtualMachineStatusList},
	"DescribeVirtualMachine":      {required: vmPair, do: describeVirtualMachine},
	"StartVirtualMachine":         {required: vmPair, mutates: true, do: startVirtualMachine},
	"StopVirtualMachine":          {required: vmPair, mutates: true, do: stopVirtualMachine},
	"RebootVirtualMachine":        {required: vmPair, mutates: true, do: rebootVirtualMachine},
	"InitializeVirtualMachine":    {required: vmPair, mutates: true, do: initializeVirtualMachine},
	"ImportRootSshPublicKey":      {required: vmPair + " PublicKey", mutates: true, do: importRootSSHPublicKey},
	"SetLabel":                    {required: "GpServiceCode ServiceCode Label", mutates: true, do: setLabel},
	"AttachFwLb":                  {required: vmPair + " GlServiceCode", mutates: true, do: attachFwLb},
	"DetachFwLb":                  {required: vmPair + " GlServiceCode", mutates: true, do: detachFwLb},
	"AttachVlan":                  {required: vmPair + " GxServiceCode", mutates: true, do: attachVlan},
	"DetachVlan":                  {required: vmPair + " GxServiceCode", mutates: true, do: detachVlan},
	"CloneVirtualMachine":         {required: "SrcGcServiceCode DestGcServiceCode", mutates: true, do: cloneVirtualMachine},
	"EnableIPv6":                  {required: vmPair + " IPv6Address", mutates: true, do: enableIPv6},
	"DisableIPv6":                 {required: vmPair + " IPv6Address", mutates: true, do: disableIPv6},
	"ResetIptables":               {required: vmPair, mutates: true, do: resetSetting},
	"ResetNetworkConfiguration":   {required: vmPair, mutates: true, do: resetSetting},
	"ResetSshdConfiguration":      {required: vmPair, mutates: true, do: resetSetting},

	"DescribeLb":              {required: lbPair, do: describeLb},
	"GetLbStatus":             {required: lbPair, do: getLbStatus},
	"GetLbHostList":           {required: lbPair, do: getLbHostList},
	"AddLbPool":               {required: lbPair + " Pool", lists: "NodeIpAddress NodePort", mutates: true, do: addLbPool},
	"SetLbPool":               {required: lbPair + " Pool", lists: "NodeIpAddress NodePort", mutates: true, do: setLbPool},
	"SetLbPoolName":           {required: lbPair + " CurrentPoolName NewPoolName", mutates: true, do: setLbPoolName},
	"GetLbPool":               {required: lbPair + " Pool", do: getLbPool},
	"DeleteLbPool":            {required: lbPair + " Pool", mutates: true, do: deleteLbPool},
	"AddLbNode":               {required: lbNode, mutates: true, do: addLbNode},
	"SetLbNode":               {required: lbPair + " Pool" + renamedNode, mutates: true, do: setLbNode},
	"DeleteLbNode":            {required: lbNode, mutates: true, do: deleteLbNode},
	"AddLbVirtualServer":      {required: virtualServerParameters, lists: "TrafficIpName", mutates: true, do: addLbVirtualServer},
	"SetLbVirtualServer":      {required: virtualServerParameters, lists: "TrafficIpName", mutates: true, do: setLbVirtualServer},
	"GetLbVirtualServer":      {required: lbPair + " VirtualServerName", do: getLbVirtualServer},
	"DeleteLbVirtualServer":   {required: lbPair + " VirtualServerName", mutates: true, do: deleteLbVirtualServer},
	"SetLbVirtualServerName":  {required: lbPair + " CurrentVirtualServerName NewVirtualServerName", mutates: true, do: setLbVirtualServerName},
	"AddVirtualIpAddress":     {required: lbPair + " Name", mutates: true, do: addVirtualIPAddress},
	"DeleteVirtualIpAddress":  {required: lbPair + " Name", mutates: true, do: deleteVirtualIPAddress},
	"SetVirtualIpAddressName": {required: lbPair + " CurrentName NewName", mutates: true, do: setVirtualIPAddressName},

	"DescribeFw":                 {required: lbPair, do: describeFw},
	"GetFilteringRuleList":       {required: lbPair + " Direction IpVersion", do: getFilteringRuleList},
	"SetFilteringRuleList":       {required: lbPair + " Direction IpVersion", lists: "SourceIpAddress DestinationIpAddress DestinationPort DestinationProtocol Target", mutates: true, do: setFilteringRuleList},
	"GetSnatRuleList":            {required: lbPair, do: getSnatRuleList},
	"SetSnatRuleList":            {required: lbPair, lists: "SourceIpAddress ToSourceIpAddress", mutates: true, do: setSnatRuleList},
	"GetDomainNameByIpAddress":   {required: "GpServiceCode IPv4GlobalAddress", do: getDomainName},
	"SetDomainNameByIpAddress":   {required: "GpServiceCode IPv4GlobalAddress IPv4DomainName", mutates: true, do: setDomainName},
	"ResetDomainNameByIpAddress": {required: "GpServiceCode IPv4GlobalAddress", mutates: true, do: resetDomainName},
}

// call is one authenticated call while it is performed; the simulator is locked.
type call struct {
	*Sim
	instant
	account    Account
	parameters url.Values
	requestID  string
}

// perform does the action, unless a fault says otherwise, and writes it into the
// books.
func (s *Sim) perform(name string, action action, account Account, parameters url.Values) (answer reply) {
	err := s.update(func(at instant) {
		c := &call{Sim: s, instant: at, account: account, parameters: parameters, requestID: newRequestID()}
		answer = s.deliver(c, name, action)
	})
	if err != nil {
		answer.refusal = systemError("%v", err)
	}
	return answer
}

func (a action) perform(c *call) (fields, *refusal) {
	for name := range strings.FieldsSeq(a.required) {
		if c.text(name) == "" {
			return nil, invalid("The parameter %s is missing.", name)
		}
		if name == "GpServiceCode" && c.text(name) != c.account.GpServiceCode {
			return nil, forbidden("This key may not operate %s.", c.text(name))
		}
	}
	if why := c.checkLists(strings.Fields(a.lists)); why != nil {
		return nil, why
	}
	return a.do(c)
}

// machine finds the caller's machine with the given code.
func (c *call) machine(code string) (*machine, *refusal) {
	m := c.state.byCode[code]
	if m == nil || m.GpServiceCode != c.account.GpServiceCode || m.ended() {
		return nil, notFound("There is no virtual machine %s.", code)
	}
	return m, nil
}

// machineInService finds a machine whose contract has begun.
func (c *call) machineInService(code string) (*machine, *refusal) {
	m, why := c.machine(code)
	if why == nil {
		why = c.inService(&m.term, m.Code)
	}
	return m, why
}

// machineIn finds a machine in service that has one of the given statuses.
func (c *call) machineIn(code string, statuses ...string) (*machine, *refusal) {
	m, why := c.machineInService(code)
	if why == nil && !slices.Contains(statuses, m.status(c.now)) {
		return nil, wrongState("The virtual machine %s is %s; it must be %s.", code, m.status(c.now), strings.Join(statuses, " or "))
	}
	return m, why
}

// machineThatIsOff finds the machine that the call names, which must be off and
// not busy.
func (c *call) machineThatIsOff() (*machine, *refusal) {
	return c.machineIn(c.text("GcServiceCode"), StatusInitialized, StatusStopped)
}

// balancer finds the caller's FW+LB that the call names.
func (c *call) balancer() (*balancer, *refusal) {
	code := c.text("GlServiceCode")
	b := c.state.balancer(code)
	if b == nil || b.GpServiceCode != c.account.GpServiceCode || b.ended() {
		return nil, notFound("There is no FW+LB %s.", code)
	}
	return b, nil
}

// balancerInService finds an FW+LB whose contract has begun.
func (c *call) balancerInService() (*balancer, *refusal) {
	b, why := c.balancer()
	if why == nil {
		why = c.inService(&b.term, b.Code)
	}
	return b, why
}

// estate is what the caller's main contract has.
func (c *call) estate() *estate { return c.state.estate(c.account.GpServiceCode) }
