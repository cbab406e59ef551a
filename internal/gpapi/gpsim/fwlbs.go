package gpsim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// balancer is an FW+LB option.
type balancer struct {
	Code          string `json:"code"`
	GpServiceCode string `json:"gp_service_code"`
	Label         string `json:"label"`
	Type          string `json:"type,omitempty"` // empty: balancerType
	Redundant     bool   `json:"redundant,omitempty"`
	term

	Hosts          []globalAddress  `json:"hosts,omitempty"`       // its appliances: one, or two when it is redundant
	TrafficIPs     []*trafficIP     `json:"traffic_ips,omitempty"` // the first one is primary
	Pools          []*pool          `json:"pools"`                 // ascending by name
	VirtualServers []*virtualServer `json:"virtual_servers,omitempty"`
	Filters        []filterList     `json:"filters,omitempty"` // at most one per direction and IP version
	SnatRules      []snatRule       `json:"snat_rules,omitempty"`
}

func addFwLbOption(c *call) (fields, *refusal) {
	redundant, why := c.yesOrNo("Redundant")
	if why != nil {
		return nil, why
	}
	if !balancerTypes.MatchString(c.text("Type")) {
		return nil, invalid("There is no FW+LB of the Type %q.", c.text("Type"))
	}
	e := c.estate()
	if len(e.balancers) >= maxFwLbs {
		return nil, overQuota("%s has %d of at most %d FW+LBs.", c.account.GpServiceCode, len(e.balancers), maxFwLbs)
	}
	b := &balancer{
		Code:          unusedCode("gl", &c.state.NextGlCode, c.state.byGlCode),
		GpServiceCode: c.account.GpServiceCode,
		Type:          c.text("Type"),
		Redundant:     redundant,
		term:          c.newTerm(),
	}
	if !c.state.equip(b) {
		return nil, noGlobalAddress()
	}
	c.state.addBalancer(b)
	return fields{{"GpServiceCode", b.GpServiceCode}, {"GlServiceCode", b.Code}}, nil
}

func changeFwLbOptionType(c *call) (fields, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, why
	}
	if !balancerTypes.MatchString(c.text("Type")) {
		return nil, invalid("There is no FW+LB of the Type %q.", c.text("Type"))
	}
	b.Type = c.text("Type")
	return fields{{"GlServiceCode", b.Code}, {"Type", b.Type}}, nil
}

func deleteFwLbOption(c *call) (fields, *refusal) {
	b, why := c.balancer()
	if why == nil {
		why = c.stop(b, b.Code)
	}
	if why != nil {
		return nil, why
	}
	return fields{{"GlServiceCode", b.Code}, {"StopDate", b.StopDate}}, nil
}

// end takes the FW+LB from its machines, and its pools from the traffic.
func (b *balancer) end(s *state, _ instant) {
	for _, p := range b.Pools {
		s.tell(b, p.Name, nil)
	}
	e := s.estate(b.GpServiceCode)
	for _, m := range e.machines {
		m.FwLbs = removed(m.FwLbs, b.Code)
	}
	e.balancers = removed(e.balancers, b)
}

// equip gives an FW+LB its appliances and its first traffic IP address; false when
// the network has no address left.
func (s *state) equip(b *balancer) bool {
	hosts := 1
	if b.Redundant {
		hosts = 2
	}
	addresses := s.newGlobals(hosts + 1)
	if addresses == nil {
		return false
	}
	first := &trafficIP{globalAddress: addresses[hosts]}
	if b.Redundant {
		first.Name = primaryTrafficIP
	}
	b.Hosts, b.TrafficIPs = addresses[:hosts], []*trafficIP{first}
	return true
}

func (s *state) addBalancer(b *balancer) {
	s.Balancers = append(s.Balancers, b)
	s.indexBalancer(b)
}

func (s *state) indexBalancer(b *balancer) {
	s.byGlCode[b.Code] = b
	if b.ended() {
		return
	}
	e := s.estate(b.GpServiceCode)
	e.balancers = append(e.balancers, b)
	s.expect(b)
	for _, p := range b.Pools {
		s.tell(b, p.Name, p.Nodes)
	}
}

func (s *state) balancer(code string) *balancer { return s.byGlCode[code] }

func (b *balancer) typeText() string {
	if b.Type == "" {
		return balancerType
	}
	return b.Type
}

// facts are the members that describe an FW+LB in several answers.
func (b *balancer) facts() fields {
	return fields{{"Label", b.Label}, {"Type", b.typeText()}, {"Redundant", yesNo(b.Redundant)}}
}

func getLbStatus(c *call) (fields, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, why
	}
	hosts := make([]fields, len(b.Hosts))
	for i := range b.Hosts {
		hosts[i] = fields{{"Status", hostStatuses[i%2]}, {"Location", hostLocation(i)}}
	}
	return fields{{"GlServiceCode", b.Code}, {"HostList", hosts}}, nil
}

func getLbHostList(c *call) (fields, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, why
	}
	hosts := make([]fields, len(b.Hosts))
	for i := range b.Hosts {
		host := &b.Hosts[i]
		hosts[i] = fields{
			{"Location", hostLocation(i)},
			{"SoftwareVersion", hostSoftware},
			{"GlobalIpAddress", fields{{"IPv4Address", host.IPv4.String()}, {"IPv6Address", host.ipv6().String()}}},
			{"PrivateIpAddress", fields{{"IPv4Address", b.privateAddress(i).String()}}},
		}
	}
	return append(b.facts(), field{"HostList", hosts}), nil
}

// hostLocation puts a redundant FW+LB's appliances into both locations.
func hostLocation(i int) string {
	if i%2 == 1 {
		return locationR
	}
	return locationL
}

// privateAddress is that of an appliance.
func (b *balancer) privateAddress(host int) netip.Addr {
	var number uint32
	_, _ = fmt.Sscanf(strings.TrimPrefix(b.Code, "gl"), "%d", &number)
	address, _ := nthAddress(hostNetwork, (2*number+uint32(host))%(1<<16))
	return address
}

func attachFwLb(c *call) (fields, *refusal) {
	m, b, why := c.machineAndBalancer()
	if why != nil {
		return nil, why
	}
	if slices.Contains(m.FwLbs, b.Code) {
		return nil, alreadyThere("The virtual machine %s is attached to %s already.", m.Code, b.Code)
	}
	m.FwLbs = append(m.FwLbs, b.Code)
	return c.configure(m, field{"GlServiceCode", b.Code}), nil
}

func detachFwLb(c *call) (fields, *refusal) {
	m, b, why := c.machineAndBalancer()
	if why != nil {
		return nil, why
	}
	if !slices.Contains(m.FwLbs, b.Code) {
		return nil, notThere("The virtual machine %s is not attached to %s.", m.Code, b.Code)
	}
	m.FwLbs = removed(m.FwLbs, b.Code)
	return c.configure(m, field{"GlServiceCode", b.Code}), nil
}

func (c *call) machineAndBalancer() (*machine, *balancer, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, nil, why
	}
	m, why := c.machineThatIsOff()
	return m, b, why
}
