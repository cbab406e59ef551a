package gp

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/gpapi"
)

// PoolOptions says which pool is meant.
type PoolOptions struct {
	GpServiceCode string // the main contract
	GlServiceCode string // the FW+LB option
	Pool          string // name of the pool
	Port          uint16 // port at which instances serve in it
	NodesMax      int    // the most nodes that it takes; 0: not known
}

// PoolReader reads one pool of an FW+LB's load balancer.
type PoolReader struct {
	api     *gpapi.Reader
	options PoolOptions
}

// NewPoolReader returns a PoolReader that calls api.
func NewPoolReader(api *gpapi.Reader, options PoolOptions) *PoolReader {
	return &PoolReader{api, options}
}

// Name is the FW+LB's code and the pool's name: gl00000001/web.
func (p *PoolReader) Name() string { return p.options.GlServiceCode + "/" + p.options.Pool }

// Port is the port at which instances serve in the pool.
func (p *PoolReader) Port() uint16 { return p.options.Port }

// Capacity is NodesMax of the options: no action of the API tells it.
func (p *PoolReader) Capacity() int { return p.options.NodesMax }

// Nodes returns the pool's members. A node whose address cannot be read has the
// zero Address, and its text in Status: it is none of ours, but it is there.
//
// It asks for all pools of the FW+LB, not for one: that is the action which the
// vendor's own tools rely on, and it tells a pool without nodes from no pool.
func (p *PoolReader) Nodes(ctx context.Context) ([]cloud.Node, error) {
	balancer, err := p.api.DescribeLb(ctx, gpapi.FwLbRequest{
		GpServiceCode: p.options.GpServiceCode,
		GlServiceCode: p.options.GlServiceCode,
	})
	if err != nil {
		return nil, fmt.Errorf("read pool %s: %w", p.Name(), err)
	}
	var names []string
	for _, pool := range balancer.PoolList {
		if pool.Name == p.options.Pool {
			return nodesOf(pool), nil
		}
		names = append(names, pool.Name)
	}
	return nil, cloud.Errorf(cloud.ClassNotFound, "read pool %s: %s has no such pool (it has: %q): correct the name or create the pool",
		p.Name(), p.options.GlServiceCode, names)
}

func nodesOf(pool gpapi.LbPool) []cloud.Node {
	nodes := make([]cloud.Node, 0, len(pool.NodeList))
	for _, listed := range pool.NodeList {
		node := cloud.Node{Status: listed.Status}
		text := listed.IpAddress + ":" + listed.Port
		address, err := netip.ParseAddrPort(text)
		if err != nil {
			node.Status = fmt.Sprintf("%s at %q", listed.Status, text)
		}
		node.Address = address
		nodes = append(nodes, node)
	}
	return nodes
}

// Pool changes one pool of an FW+LB's load balancer.
type Pool struct {
	*PoolReader
	api *gpapi.Client
}

// NewPool returns a Pool that calls api.
func NewPool(api *gpapi.Client, options PoolOptions) *Pool {
	return &Pool{PoolReader: NewPoolReader(api.Reader, options), api: api}
}

// Attach adds a node. The API refuses one that is there, presumably.
func (p *Pool) Attach(ctx context.Context, node netip.AddrPort) error {
	_, err := p.api.AddLbNode(ctx, p.request(node))
	return wrap(err, fmt.Sprintf("attach %v to pool %s", node, p.Name()))
}

// Detach takes a node away. The API refuses one that is absent, presumably.
func (p *Pool) Detach(ctx context.Context, node netip.AddrPort) error {
	_, err := p.api.DeleteLbNode(ctx, p.request(node))
	return wrap(err, fmt.Sprintf("detach %v from pool %s", node, p.Name()))
}

func (p *Pool) request(node netip.AddrPort) gpapi.LbNodeRequest {
	return gpapi.LbNodeRequest{
		GpServiceCode: p.options.GpServiceCode,
		GlServiceCode: p.options.GlServiceCode,
		Pool:          p.options.Pool,
		NodeIpAddress: node.Addr().String(),
		NodePort:      int(node.Port()),
	}
}
