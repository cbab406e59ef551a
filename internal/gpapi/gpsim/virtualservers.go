package gpsim

import (
	"slices"
	"strconv"
)

// virtualServer is a port of the FW+LB and the pool that its traffic goes to.
type virtualServer struct {
	Name         string   `json:"name"`
	Port         int      `json:"port"`
	Protocol     string   `json:"protocol"`
	Pool         string   `json:"pool"`
	TrafficNames []string `json:"traffic_names,omitempty"` // of traffic IP addresses; none: all of them
}

// The API spells the member with a virtual server's name in two ways.
const (
	smallName = "VirtualServername" // in the answers of Add, Set and GetLbVirtualServer
	largeName = "VirtualServerName" // in those of DeleteLbVirtualServer and SetLbVirtualServerName
)

func addLbVirtualServer(c *call) (fields, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, why
	}
	name := c.text("VirtualServerName")
	if why := b.freeVirtualServerName("VirtualServerName", name); why != nil {
		return nil, why
	}
	v, why := c.readVirtualServer(b, name)
	if why != nil {
		return nil, why
	}
	if len(b.VirtualServers) >= maxVirtualServers {
		return nil, overQuota("The FW+LB %s has %d of at most %d virtual servers.", b.Code, len(b.VirtualServers), maxVirtualServers)
	}
	b.VirtualServers = append(b.VirtualServers, v)
	return v.answer(b, smallName), nil
}

func setLbVirtualServer(c *call) (fields, *refusal) {
	b, v, why := c.virtualServer("VirtualServerName")
	if why != nil {
		return nil, why
	}
	changed, why := c.readVirtualServer(b, v.Name)
	if why != nil {
		return nil, why
	}
	*v = *changed
	return v.answer(b, smallName), nil
}

func getLbVirtualServer(c *call) (fields, *refusal) {
	b, v, why := c.virtualServer("VirtualServerName")
	if why != nil {
		return nil, why
	}
	return v.answer(b, smallName), nil
}

func deleteLbVirtualServer(c *call) (fields, *refusal) {
	b, v, why := c.virtualServer("VirtualServerName")
	if why != nil {
		return nil, why
	}
	b.VirtualServers = removed(b.VirtualServers, v)
	return v.answer(b, largeName), nil
}

func setLbVirtualServerName(c *call) (fields, *refusal) {
	b, v, why := c.virtualServer("CurrentVirtualServerName")
	if why != nil {
		return nil, why
	}
	name := c.text("NewVirtualServerName")
	if why := b.freeVirtualServerName("NewVirtualServerName", name); why != nil {
		return nil, why
	}
	v.Name = name
	return v.answer(b, largeName), nil
}

// virtualServer finds the one that a parameter names, with its FW+LB.
func (c *call) virtualServer(parameter string) (*balancer, *virtualServer, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, nil, why
	}
	v := b.virtualServer(c.text(parameter))
	if v == nil {
		return nil, nil, notFound("The FW+LB %s has no virtual server %q.", b.Code, c.text(parameter))
	}
	return b, v, nil
}

func (b *balancer) virtualServer(name string) *virtualServer {
	i := slices.IndexFunc(b.VirtualServers, func(v *virtualServer) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return b.VirtualServers[i]
}

// freeVirtualServerName refuses a name that is none or that another one has.
func (b *balancer) freeVirtualServerName(parameter, name string) *refusal {
	if why := checkName(parameter, name); why != nil {
		return why
	}
	if b.virtualServer(name) != nil {
		return alreadyThere("The FW+LB %s has a virtual server %q already.", b.Code, name)
	}
	return nil
}

// readVirtualServer reads what a virtual server is to be.
func (c *call) readVirtualServer(b *balancer, name string) (*virtualServer, *refusal) {
	port, why := c.integer("Port", 1, 65535)
	if why != nil {
		return nil, why
	}
	v := &virtualServer{
		Name: name, Port: port, Protocol: c.text("Protocol"), Pool: c.text("Pool"), TrafficNames: c.list("TrafficIpName"),
	}
	if !protocols.MatchString(v.Protocol) {
		return nil, invalid("There is no Protocol %q.", v.Protocol)
	}
	if b.pool(v.Pool) == nil {
		return nil, noPool(b, v.Pool)
	}
	for _, name := range v.TrafficNames {
		if b.trafficIP(name) == nil {
			return nil, noTrafficIP(b, name)
		}
	}
	return v, nil
}

// answer is the server answer, with the name under the given spelling.
func (v *virtualServer) answer(b *balancer, spelling string) fields {
	return fields{
		{"GlServiceCode", b.Code},
		{spelling, v.Name},
		{"Pool", v.Pool},
		{"Port", strconv.Itoa(v.Port)},
		{"Protocol", v.Protocol},
		{"Enabled", yesNo(true)},
		{"TrafficNameList", v.TrafficNames},
	}
}

// described is the entry of DescribeLb, which has other spellings.
func (v *virtualServer) described() fields {
	return fields{
		{"Name", v.Name},
		{"Enabled", yesNo(true)},
		{"Protocol", v.Protocol},
		{"Port", strconv.Itoa(v.Port)},
		{"Pool", v.Pool},
		{"TrafficIpNameList", v.TrafficNames},
	}
}
