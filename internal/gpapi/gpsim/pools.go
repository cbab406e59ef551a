package gpsim

import (
	"net/netip"
	"slices"
	"strconv"
)

func describeLb(c *call) (fields, *refusal) {
	b, why := c.balancer()
	if why != nil {
		return nil, why
	}
	pools := []fields{}
	for _, p := range b.Pools {
		pools = append(pools, fields{"Name": p.Name, "NodeList": nodeList(p)})
	}
	return fields{
		"GlServiceCode":     b.Code,
		"Label":             b.Label,
		"Type":              balancerType,
		"Redundant":         no,
		"TrafficIpList":     []fields{},
		"PoolList":          pools,
		"VirtualServerList": []fields{},
	}, nil
}

func getLbPool(c *call) (fields, *refusal) {
	b, p, why := c.pool()
	if why != nil {
		return nil, why
	}
	return nodeAnswer(b, p), nil
}

func addLbNode(c *call) (fields, *refusal) {
	b, p, node, why := c.poolAndNode()
	switch {
	case why != nil:
		return nil, why
	case slices.Contains(p.Nodes, node):
		return nil, alreadyThere("The pool %s has the node %v already.", p.Name, node)
	case len(p.Nodes) >= c.options.MaxPoolNodes:
		return nil, overQuota("The pool %s is full: it has %d nodes.", p.Name, len(p.Nodes))
	}
	p.Nodes, p.told = append(p.Nodes, node), false
	return nodeAnswer(b, p), nil
}

func deleteLbNode(c *call) (fields, *refusal) {
	b, p, node, why := c.poolAndNode()
	if why != nil {
		return nil, why
	}
	if !slices.Contains(p.Nodes, node) {
		return nil, notThere("The pool %s has no node %v.", p.Name, node)
	}
	p.Nodes, p.told = slices.DeleteFunc(p.Nodes, func(other netip.AddrPort) bool { return other == node }), false
	return nodeAnswer(b, p), nil
}

func (c *call) poolAndNode() (*balancer, *pool, netip.AddrPort, *refusal) {
	b, p, why := c.pool()
	if why != nil {
		return nil, nil, netip.AddrPort{}, why
	}
	node, why := c.node()
	return b, p, node, why
}

// nodeAnswer shows the pool as it is after the call.
func nodeAnswer(b *balancer, p *pool) fields {
	return fields{"GlServiceCode": b.Code, "Pool": p.Name, "NodeList": nodeList(p)}
}

func nodeList(p *pool) []fields {
	nodes := []fields{}
	for _, node := range p.Nodes {
		nodes = append(nodes, fields{
			"IpAddress": node.Addr().String(),
			"Port":      strconv.Itoa(int(node.Port())),
			"Status":    nodeStatus,
		})
	}
	return nodes
}
