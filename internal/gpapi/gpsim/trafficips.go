package gpsim

import "slices"

// trafficIP is an address at which an FW+LB takes traffic; the API calls it a
// virtual IP address, too. Only those of a redundant FW+LB have names.
type trafficIP struct {
	Name string `json:"name"`
	globalAddress
}

func addVirtualIPAddress(c *call) (fields, *refusal) {
	b, why := c.redundantBalancer()
	if why != nil {
		return nil, why
	}
	name := c.text("Name")
	if why := b.freeTrafficIPName("Name", name); why != nil {
		return nil, why
	}
	if len(b.TrafficIPs) >= maxTrafficIPs {
		return nil, overQuota("The FW+LB %s has %d of at most %d virtual IP addresses.", b.Code, len(b.TrafficIPs), maxTrafficIPs)
	}
	addresses := c.state.newGlobals(1)
	if addresses == nil {
		return nil, noGlobalAddress()
	}
	ip := &trafficIP{Name: name, globalAddress: addresses[0]}
	b.TrafficIPs = append(b.TrafficIPs, ip)
	return ip.answer(b), nil
}

func deleteVirtualIPAddress(c *call) (fields, *refusal) {
	b, ip, why := c.trafficIP("Name")
	if why != nil {
		return nil, why
	}
	if ip == b.TrafficIPs[0] {
		return nil, wrongState("The virtual IP address %q is the primary one of %s.", ip.Name, b.Code)
	}
	for _, v := range b.VirtualServers {
		if slices.Contains(v.TrafficNames, ip.Name) {
			return nil, wrongState("The virtual IP address %q is used by the virtual server %s.", ip.Name, v.Name)
		}
	}
	b.TrafficIPs = removed(b.TrafficIPs, ip)
	return ip.answer(b), nil
}

func setVirtualIPAddressName(c *call) (fields, *refusal) {
	b, ip, why := c.trafficIP("CurrentName")
	if why != nil {
		return nil, why
	}
	name := c.text("NewName")
	if why := b.freeTrafficIPName("NewName", name); why != nil {
		return nil, why
	}
	previous := ip.versions("TrafficIpAddress")
	for _, v := range b.VirtualServers {
		if i := slices.Index(v.TrafficNames, ip.Name); i >= 0 {
			v.TrafficNames = slices.Replace(slices.Clone(v.TrafficNames), i, i+1, name) // answers may still read the old ones
		}
	}
	ip.Name = name
	return fields{{"GlServiceCode", b.Code}, {"Current", ip.versions("TrafficIpAddress")}, {"Previous", previous}}, nil
}

// redundantBalancer finds the FW+LB that the call names, which must be one whose
// addresses have names.
func (c *call) redundantBalancer() (*balancer, *refusal) {
	b, why := c.balancerInService()
	if why == nil && !b.Redundant {
		return nil, wrongState("The FW+LB %s is not redundant: its address has no name.", b.Code)
	}
	return b, why
}

// trafficIP finds the address that a parameter names, with its FW+LB.
func (c *call) trafficIP(parameter string) (*balancer, *trafficIP, *refusal) {
	b, why := c.redundantBalancer()
	if why != nil {
		return nil, nil, why
	}
	ip := b.trafficIP(c.text(parameter))
	if ip == nil {
		return nil, nil, noTrafficIP(b, c.text(parameter))
	}
	return b, ip, nil
}

func noTrafficIP(b *balancer, name string) *refusal {
	return notFound("The FW+LB %s has no virtual IP address %q.", b.Code, name)
}

func (b *balancer) trafficIP(name string) *trafficIP {
	i := slices.IndexFunc(b.TrafficIPs, func(ip *trafficIP) bool { return ip.Name == name && name != "" })
	if i < 0 {
		return nil
	}
	return b.TrafficIPs[i]
}

// freeTrafficIPName refuses a name that is none or that another address has.
func (b *balancer) freeTrafficIPName(parameter, name string) *refusal {
	if why := checkName(parameter, name); why != nil {
		return why
	}
	if b.trafficIP(name) != nil {
		return alreadyThere("The FW+LB %s has a virtual IP address %q already.", b.Code, name)
	}
	return nil
}

// answer is that of Add and DeleteVirtualIpAddress, which spell the address
// otherwise than all other actions.
func (ip *trafficIP) answer(b *balancer) fields {
	return append(fields{{"GlServiceCode", b.Code}}, ip.versions("TrafficAddress")...)
}

// versions are the two addresses, under the given spelling.
func (ip *trafficIP) versions(spelling string) fields {
	return fields{
		{"IPv4", fields{{spelling, ip.IPv4.String()}, {"TrafficIpName", ip.Name}}},
		{"IPv6", fields{{spelling, ip.ipv6().String()}, {"TrafficIpName", ip.Name}}},
	}
}

// described is the entry of DescribeLb.
func (ip *trafficIP) described() fields {
	return fields{
		{"IPv4", fields{{"TrafficIpAddress", ip.IPv4.String()}, {"TrafficIpName", ip.Name}, {"DomainName", ip.domainName()}}},
		{"IPv6", fields{{"TrafficIpAddress", ip.ipv6().String()}, {"TrafficIpName", ip.Name}, {"DomainName", ip.domainName()}}},
	}
}
