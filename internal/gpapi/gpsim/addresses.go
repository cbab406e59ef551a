package gpsim

import (
	"fmt"
	"net/netip"
	"strings"
)

// globalAddress is a global IPv4 address with the IPv6 address that comes with it.
type globalAddress struct {
	IPv4        netip.Addr `json:"ipv4,omitzero"`
	IPv6Enabled bool       `json:"ipv6_enabled,omitempty"`
	DomainName  string     `json:"domain_name,omitempty"` // reverse DNS; empty: the default
}

// addressOption is a global address that was ordered for a machine.
type addressOption struct {
	globalAddress
	term
}

// ipv6 is the address that belongs to the IPv4 address.
func (a *globalAddress) ipv6() netip.Addr {
	bytes, ipv4 := ipv6Network.Addr().As16(), a.IPv4.As4()
	copy(bytes[12:], ipv4[:])
	return netip.AddrFrom16(bytes)
}

// domainName is what reverse DNS says.
func (a *globalAddress) domainName() string {
	if a.DomainName != "" {
		return a.DomainName
	}
	return fmt.Sprintf(defaultDomainName, strings.ReplaceAll(a.IPv4.String(), ".", "-"))
}

// described is how DescribeVirtualMachine shows the address that came with a
// machine; one of an older state file may have none.
func (a *globalAddress) described() fields {
	if !a.IPv4.IsValid() {
		return fields{{"IPv4Address", ""}, {"IPv4DomainName", ""}, {"IPv6Enabled", no}, {"IPv6Address", ""}, {"NetworkInterface", ""}}
	}
	return fields{
		{"IPv4Address", a.IPv4.String()},
		{"IPv4DomainName", a.domainName()},
		{"IPv6Enabled", yesNo(a.IPv6Enabled)},
		{"IPv6Address", a.ipv6().String()},
		{"NetworkInterface", globalInterface},
	}
}

// described is how DescribeVirtualMachine shows an additional address with the
// given place among them.
func (o *addressOption) described(i int) fields {
	alias := fmt.Sprintf("%s:%d", globalInterface, i+1)
	return fields{
		{"IPv4", fields{{"IpAddress", o.IPv4.String()}, {"DomainName", o.domainName()}, {"NetworkInterface", alias}}},
		{"IPv6", fields{{"IpAddress", o.ipv6().String()}, {"Enabled", yesNo(o.IPv6Enabled)}, {"NetworkInterface", alias}}},
	}
}

func addGlobalAddressOption(c *call) (fields, *refusal) {
	m, why := c.machineInService(c.text("GcServiceCode"))
	if why != nil {
		return nil, why
	}
	count, why := c.integer("Num", 1, maxGlobalAddresses)
	if why != nil {
		return nil, why
	}
	if owned := len(m.currentAddresses()); owned+count > maxGlobalAddresses {
		return nil, overQuota("The virtual machine %s has %d of at most %d additional global addresses.", m.Code, owned, maxGlobalAddresses)
	}
	addresses := c.state.newGlobals(count)
	if addresses == nil {
		return nil, noGlobalAddress()
	}
	c.addAddresses(m, addresses, c.newTerm())
	return fields{{"GcServiceCode", m.Code}, {"Num", c.text("Num")}}, nil
}

func (c *call) addAddresses(m *machine, addresses []globalAddress, t term) {
	for _, address := range addresses {
		m.More = append(m.More, &addressOption{address, t})
	}
}

func deleteGlobalAddressOption(c *call) (fields, *refusal) {
	m, why := c.machineInService(c.text("GcServiceCode"))
	if why != nil {
		return nil, why
	}
	option, why := m.addressOption(c.text("IPv4Address"))
	if why == nil {
		why = c.stop(option, m.Code+" "+option.IPv4.String())
	}
	if why != nil {
		return nil, why
	}
	return fields{{"GcServiceCode", m.Code}, {"IPv4Address", option.IPv4.String()}, {"StopDate", option.StopDate}}, nil
}

// currentAddresses are the additional addresses whose contracts have not ended.
func (m *machine) currentAddresses() []*addressOption {
	var current []*addressOption
	for _, option := range m.More {
		if !option.ended() {
			current = append(current, option)
		}
	}
	return current
}

func (m *machine) addressOption(ipv4 string) (*addressOption, *refusal) {
	for _, option := range m.currentAddresses() {
		if option.IPv4.String() == ipv4 {
			return option, nil
		}
	}
	return nil, notFound("The virtual machine %s has no additional global address %s.", m.Code, ipv4)
}

// usableAddresses are all global addresses that the machine has in service.
func (c *call) usableAddresses(m *machine) []*globalAddress {
	var usable []*globalAddress
	if m.Global.IPv4.IsValid() {
		usable = append(usable, &m.Global)
	}
	for _, option := range m.currentAddresses() {
		if option.contract(c.now) == contractInService {
			usable = append(usable, &option.globalAddress)
		}
	}
	return usable
}

func enableIPv6(c *call) (fields, *refusal) { return c.switchIPv6(true) }

func disableIPv6(c *call) (fields, *refusal) { return c.switchIPv6(false) }

func (c *call) switchIPv6(on bool) (fields, *refusal) {
	m, why := c.machineThatIsOff()
	if why != nil {
		return nil, why
	}
	wanted, err := netip.ParseAddr(c.text("IPv6Address"))
	if err != nil {
		return nil, invalid("The parameter IPv6Address must be an IPv6 address.")
	}
	for _, address := range c.usableAddresses(m) {
		switch {
		case address.ipv6() != wanted:
		case address.IPv6Enabled == on:
			return nil, wrongState("The IPv6 address %v has IPv6Enabled %s already.", wanted, yesNo(on))
		default:
			address.IPv6Enabled = on
			return c.configure(m, field{"IPv6Address", c.text("IPv6Address")}), nil
		}
	}
	return nil, notFound("The virtual machine %s has no IPv6 address %v.", m.Code, wanted)
}

func getDomainName(c *call) (fields, *refusal) {
	return c.withDomainName(func(*globalAddress) *refusal { return nil })
}

func setDomainName(c *call) (fields, *refusal) {
	return c.withDomainName(func(address *globalAddress) *refusal {
		name := c.text("IPv4DomainName")
		if !domainNames.MatchString(name) || len(name) > maxDomainNameBytes {
			return invalid("The parameter IPv4DomainName must be a domain name.")
		}
		address.DomainName = name
		return nil
	})
}

func resetDomainName(c *call) (fields, *refusal) {
	return c.withDomainName(func(address *globalAddress) *refusal {
		address.DomainName = ""
		return nil
	})
}

// withDomainName finds the address that the call names, changes it, and answers
// with the name that it has then.
func (c *call) withDomainName(change func(*globalAddress) *refusal) (fields, *refusal) {
	addresses, owner, why := c.addressesOfOwner()
	if why != nil {
		return nil, why
	}
	for _, address := range addresses {
		if address.IPv4.String() != c.text("IPv4GlobalAddress") {
			continue
		}
		if why := change(address); why != nil {
			return nil, why
		}
		return fields{{"IPv4GlobalAddress", address.IPv4.String()}, {"IPv4DomainName", address.domainName()}, owner}, nil
	}
	return nil, notFound("The %s %v has no global address %s.", owner.name, owner.value, c.text("IPv4GlobalAddress"))
}

// addressesOfOwner gives the global addresses of the machine or FW+LB that the call
// names, and which that is.
func (c *call) addressesOfOwner() ([]*globalAddress, field, *refusal) {
	gc, gl := c.text("GcServiceCode"), c.text("GlServiceCode")
	switch {
	case (gc == "") == (gl == ""):
		return nil, field{}, invalid("One of GcServiceCode and GlServiceCode is required.")
	case gc != "":
		m, why := c.machineInService(gc)
		if why != nil {
			return nil, field{}, why
		}
		return c.usableAddresses(m), field{"GcServiceCode", m.Code}, nil
	default:
		b, why := c.balancerInService()
		if why != nil {
			return nil, field{}, why
		}
		return b.addresses(), field{"GlServiceCode", b.Code}, nil
	}
}

// addresses are all global addresses of an FW+LB.
func (b *balancer) addresses() []*globalAddress {
	var all []*globalAddress
	for i := range b.Hosts {
		all = append(all, &b.Hosts[i])
	}
	for _, ip := range b.TrafficIPs {
		all = append(all, &ip.globalAddress)
	}
	return all
}
