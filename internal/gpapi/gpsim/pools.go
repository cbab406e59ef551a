package gpsim

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// pool is a set of nodes in the order in which they were added.
type pool struct {
	Name  string           `json:"name"`
	Nodes []netip.AddrPort `json:"nodes"`
}

// poolNews is what the hooks are to be told of a pool.
type poolNews struct {
	gl, pool string
	nodes    []netip.AddrPort
}

// tell lets the hooks know which nodes the pool has from now on.
func (s *state) tell(b *balancer, pool string, nodes []netip.AddrPort) {
	s.untold = append(s.untold, poolNews{b.Code, pool, slices.Clone(nodes)})
}

func describeLb(c *call) (fields, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, why
	}
	answer := append(fields{{"GlServiceCode", b.Code}}, b.facts()...)
	return append(answer,
		field{"TrafficIpList", listed(b.TrafficIPs, func(i int, ip *trafficIP) fields {
			return append(fields{{"Primary", yesNo(i == 0)}}, ip.described()...)
		})},
		field{"PoolList", listed(b.Pools, func(_ int, p *pool) fields {
			return fields{{"Name", p.Name}, {"NodeList", nodeList(p)}}
		})},
		field{"VirtualServerList", listed(b.VirtualServers, func(_ int, v *virtualServer) fields {
			return v.described()
		})},
	), nil
}

// listed makes an entry of each.
func listed[T any](all []T, entry func(int, T) fields) []fields {
	entries := make([]fields, len(all))
	for i, one := range all {
		entries[i] = entry(i, one)
	}
	return entries
}

func addLbPool(c *call) (fields, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, why
	}
	name := c.text("Pool")
	if why := b.freePoolName("Pool", name); why != nil {
		return nil, why
	}
	nodes, why := c.nodes()
	if why != nil {
		return nil, why
	}
	if len(b.Pools) >= maxPools {
		return nil, overQuota("The FW+LB %s has %d of at most %d pools.", b.Code, len(b.Pools), maxPools)
	}
	p := &pool{Name: name}
	b.addPool(p)
	return c.setNodes(b, p, nodes), nil
}

func setLbPool(c *call) (fields, *refusal) {
	b, p, why := c.pool()
	if why != nil {
		return nil, why
	}
	nodes, why := c.nodes()
	if why != nil {
		return nil, why
	}
	return c.setNodes(b, p, nodes), nil
}

func setLbPoolName(c *call) (fields, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, why
	}
	before, after := c.text("CurrentPoolName"), c.text("NewPoolName")
	p := b.pool(before)
	if p == nil {
		return nil, noPool(b, before)
	}
	if why := b.freePoolName("NewPoolName", after); why != nil {
		return nil, why
	}
	b.Pools = removed(b.Pools, p)
	p.Name = after
	b.addPool(p)
	for _, v := range b.VirtualServers {
		if v.Pool == before {
			v.Pool = after
		}
	}
	c.state.tell(b, before, nil)
	return c.setNodes(b, p, p.Nodes), nil
}

func getLbPool(c *call) (fields, *refusal) {
	b, p, why := c.pool()
	if why != nil {
		return nil, why
	}
	return nodeAnswer(b, p), nil
}

func deleteLbPool(c *call) (fields, *refusal) {
	b, p, why := c.pool()
	if why != nil {
		return nil, why
	}
	for _, v := range b.VirtualServers {
		if v.Pool == p.Name {
			return nil, wrongState("The pool %s is used by the virtual server %s.", p.Name, v.Name)
		}
	}
	b.Pools = removed(b.Pools, p)
	return c.setNodes(b, p, nil), nil
}

func addLbNode(c *call) (fields, *refusal) {
	b, p, node, why := c.poolAndNode("NodeIpAddress", "NodePort")
	switch {
	case why != nil:
		return nil, why
	case slices.Contains(p.Nodes, node):
		return nil, alreadyThere("The pool %s has the node %v already.", p.Name, node)
	case len(p.Nodes) >= c.options.MaxPoolNodes:
		return nil, overQuota("The pool %s is full: it has %d nodes.", p.Name, len(p.Nodes))
	}
	return c.setNodes(b, p, append(p.Nodes, node)), nil
}

func setLbNode(c *call) (fields, *refusal) {
	b, p, before, why := c.poolAndNode("CurrentNodeIpAddress", "CurrentNodePort")
	if why != nil {
		return nil, why
	}
	after, why := c.node("NewNodeIpAddress", "NewNodePort")
	if why != nil {
		return nil, why
	}
	i := slices.Index(p.Nodes, before)
	switch {
	case i < 0:
		return nil, notThere("The pool %s has no node %v.", p.Name, before)
	case after != before && slices.Contains(p.Nodes, after):
		return nil, alreadyThere("The pool %s has the node %v already.", p.Name, after)
	}
	p.Nodes[i] = after
	return c.setNodes(b, p, p.Nodes), nil
}

func deleteLbNode(c *call) (fields, *refusal) {
	b, p, node, why := c.poolAndNode("NodeIpAddress", "NodePort")
	if why != nil {
		return nil, why
	}
	if !slices.Contains(p.Nodes, node) {
		return nil, notThere("The pool %s has no node %v.", p.Name, node)
	}
	return c.setNodes(b, p, removed(p.Nodes, node)), nil
}

// pool finds the pool that the call names, with its FW+LB.
func (c *call) pool() (*balancer, *pool, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, nil, why
	}
	p := b.pool(c.text("Pool"))
	if p == nil {
		return nil, nil, noPool(b, c.text("Pool"))
	}
	return b, p, nil
}

func noPool(b *balancer, name string) *refusal {
	return notFound("The FW+LB %s has no pool %q.", b.Code, name)
}

func (b *balancer) pool(name string) *pool {
	if i, found := b.findPool(name); found {
		return b.Pools[i]
	}
	return nil
}

func (b *balancer) findPool(name string) (int, bool) {
	return slices.BinarySearchFunc(b.Pools, name, func(p *pool, name string) int { return strings.Compare(p.Name, name) })
}

// addPool keeps the pools in the order of their names.
func (b *balancer) addPool(p *pool) {
	i, _ := b.findPool(p.Name)
	b.Pools = slices.Insert(b.Pools, i, p)
}

// freePoolName refuses a name that is none or that another pool has.
func (b *balancer) freePoolName(parameter, name string) *refusal {
	if why := checkName(parameter, name); why != nil {
		return why
	}
	if b.pool(name) != nil {
		return alreadyThere("The FW+LB %s has a pool %q already.", b.Code, name)
	}
	return nil
}

func (c *call) poolAndNode(address, port string) (*balancer, *pool, netip.AddrPort, *refusal) {
	b, p, why := c.pool()
	if why != nil {
		return nil, nil, netip.AddrPort{}, why
	}
	node, why := c.node(address, port)
	return b, p, node, why
}

// node reads the node that two parameters name; any IPv4 address will do.
func (c *call) node(address, port string) (netip.AddrPort, *refusal) {
	ip, err := netip.ParseAddr(c.text(address))
	if err != nil || !ip.Is4() {
		return netip.AddrPort{}, invalid("The parameter %s must be an IPv4 address.", address)
	}
	number, why := c.integer(port, 1, 65535)
	return netip.AddrPortFrom(ip, uint16(number)), why
}

// nodes reads a whole pool, which may be empty.
func (c *call) nodes() ([]netip.AddrPort, *refusal) {
	var nodes []netip.AddrPort
	for i := range c.rows("NodeIpAddress", "NodePort") {
		if c.text(numbered("NodePort", i)) == "" {
			return nil, invalid("The parameter %s is missing.", numbered("NodePort", i))
		}
		node, why := c.node(numbered("NodeIpAddress", i), numbered("NodePort", i))
		if why != nil {
			return nil, why
		}
		if slices.Contains(nodes, node) {
			return nil, invalid("The node %v occurs twice.", node)
		}
		nodes = append(nodes, node)
	}
	if len(nodes) > c.options.MaxPoolNodes {
		return nil, overQuota("A pool takes at most %d nodes.", c.options.MaxPoolNodes)
	}
	return nodes, nil
}

// setNodes gives the pool its nodes, tells of it, and answers.
func (c *call) setNodes(b *balancer, p *pool, nodes []netip.AddrPort) fields {
	p.Nodes = nodes
	c.state.tell(b, p.Name, nodes)
	return nodeAnswer(b, p)
}

// nodeAnswer shows the pool as it is after the call.
func nodeAnswer(b *balancer, p *pool) fields {
	return fields{{"GlServiceCode", b.Code}, {"Pool", p.Name}, {"NodeList", nodeList(p)}}
}

func nodeList(p *pool) []fields {
	return listed(p.Nodes, func(_ int, node netip.AddrPort) fields {
		return fields{
			{"IpAddress", node.Addr().String()},
			{"Port", strconv.Itoa(int(node.Port()))},
			{"Status", nodeStatus},
		}
	})
}
