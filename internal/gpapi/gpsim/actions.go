package gpsim

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// action is one entry of the API.
type action struct {
	required string // names of the parameters that must be present, separated by spaces
	mutates  bool   // calls go into the books
	do       func(*call) (fields, *refusal)
}

const (
	vmPair = "GpServiceCode GcServiceCode"
	lbPair = "GpServiceCode GlServiceCode"
	lbNode = lbPair + " Pool NodeIpAddress NodePort"
)

// actions is the API, by the names of the GP-API manual. A required parameter
// also is checked to be the caller's main contract when it is GpServiceCode.
var actions = map[string]action{
	"Echo":                   {required: "Param", do: echo},
	"GetGpServiceCodeList":   {do: getGpServiceCodeList},
	"GetServiceCodeList":     {required: "GpServiceCode", do: getServiceCodeList},
	"GetContractInformation": {required: "GpServiceCode", do: getContractInformation},
	"GetContractStatus":      {required: "GpServiceCode", do: getContractStatus},
	"SetLabel":               {required: "GpServiceCode ServiceCode Label", mutates: true, do: setLabel},

	"AddCloneVirtualMachines": {required: "GpServiceCode SrcGcServiceCode ContractNum VirtualMachineType", mutates: true, do: addCloneVirtualMachines},
	"CloneVirtualMachine":     {required: "SrcGcServiceCode DestGcServiceCode", mutates: true, do: cloneVirtualMachine},
	"DeleteVirtualMachine":    {required: "GcServiceCode StopDate", mutates: true, do: deleteVirtualMachine},

	"GetVirtualMachineStatus":     {required: vmPair, do: getVirtualMachineStatus},
	"GetVirtualMachineStatusList": {required: "GpServiceCode", do: getVirtualMachineStatusList},
	"DescribeVirtualMachine":      {required: vmPair, do: describeVirtualMachine},
	"StartVirtualMachine":         {required: vmPair, mutates: true, do: startVirtualMachine},
	"StopVirtualMachine":          {required: vmPair, mutates: true, do: stopVirtualMachine},
	"ImportRootSshPublicKey":      {required: vmPair + " PublicKey", mutates: true, do: importRootSSHPublicKey},
	"AttachFwLb":                  {required: vmPair + " GlServiceCode", mutates: true, do: attachFwLb},
	"DetachFwLb":                  {required: vmPair + " GlServiceCode", mutates: true, do: detachFwLb},

	"DescribeLb":   {required: lbPair, do: describeLb},
	"GetLbPool":    {required: lbPair + " Pool", do: getLbPool},
	"AddLbNode":    {required: lbNode, mutates: true, do: addLbNode},
	"DeleteLbNode": {required: lbNode, mutates: true, do: deleteLbNode},
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
func (s *Sim) perform(name string, action action, account Account, parameters url.Values) reply {
	answer := reply{requestID: newRequestID(), action: name}
	err := s.update(func(at instant) {
		fault := s.nextFault(name)
		c := &call{Sim: s, instant: at, account: account, parameters: parameters, requestID: answer.requestID}
		if fault == nil || fault.Effect {
			answer.fields, answer.refusal = action.perform(c)
		}
		effect := answer.fields != nil
		answer = fault.apply(answer)
		s.record(c, name, action.mutates, effect, answer)
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
	return a.do(c)
}

// text is a parameter's value; empty when it is absent.
func (c *call) text(name string) string { return c.parameters.Get(name) }

// integer reads an optional number from least to most; absent is least.
func (c *call) integer(name string, least, most int) (int, *refusal) {
	if c.text(name) == "" {
		return least, nil
	}
	number, err := strconv.Atoi(c.text(name))
	if err != nil || number < least || number > most {
		return 0, invalid("The parameter %s must be a number from %d to %d.", name, least, most)
	}
	return number, nil
}

// list reads the numbered parameters prefix.1, prefix.2 and so on.
func (c *call) list(prefix string) []string {
	var values []string
	for {
		value := c.text(prefix + "." + strconv.Itoa(len(values)+1))
		if value == "" {
			return values
		}
		values = append(values, value)
	}
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
	if why == nil && m.contract(c.now) != contractInService {
		return nil, wrongState("The contract %s is not in service yet.", code)
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

// balancer finds the caller's FW+LB that the call names.
func (c *call) balancer() (*balancer, *refusal) {
	code := c.text("GlServiceCode")
	b := c.state.balancer(code)
	if b == nil || b.GpServiceCode != c.account.GpServiceCode {
		return nil, notFound("There is no FW+LB %s.", code)
	}
	return b, nil
}

// pool finds the pool that the call names, with its FW+LB.
func (c *call) pool() (*balancer, *pool, *refusal) {
	b, why := c.balancer()
	if why != nil {
		return nil, nil, why
	}
	p := b.pool(c.text("Pool"))
	if p == nil {
		return nil, nil, notFound("The FW+LB %s has no pool %q.", b.Code, c.text("Pool"))
	}
	return b, p, nil
}

// node reads the node that the call names; any IPv4 address will do.
func (c *call) node() (netip.AddrPort, *refusal) {
	address, err := netip.ParseAddr(c.text("NodeIpAddress"))
	if err != nil || !address.Is4() {
		return netip.AddrPort{}, invalid("The parameter NodeIpAddress must be an IPv4 address.")
	}
	port, why := c.integer("NodePort", 1, 65535)
	return netip.AddrPortFrom(address, uint16(port)), why
}
