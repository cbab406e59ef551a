package gpapi

import "context"

var (
	describeLb              = define[FwLbRequest, DescribeLbResponse]("DescribeLb", poll)
	getLbStatus             = define[FwLbRequest, GetLbStatusResponse]("GetLbStatus", poll)
	getLbHostList           = define[FwLbRequest, GetLbHostListResponse]("GetLbHostList", poll)
	addLbPool               = define[LbPoolNodesRequest, LbPoolResponse]("AddLbPool", order)
	setLbPool               = define[LbPoolNodesRequest, LbPoolResponse]("SetLbPool", order)
	getLbPool               = define[LbPoolRequest, GetLbPoolResponse]("GetLbPool", poll)
	deleteLbPool            = define[LbPoolRequest, LbPoolResponse]("DeleteLbPool", remove)
	setLbPoolName           = define[SetLbPoolNameRequest, LbPoolResponse]("SetLbPoolName", order)
	addLbNode               = define[LbNodeRequest, LbPoolResponse]("AddLbNode", order)
	deleteLbNode            = define[LbNodeRequest, LbPoolResponse]("DeleteLbNode", remove)
	setLbNode               = define[SetLbNodeRequest, LbPoolResponse]("SetLbNode", order)
	addLbVirtualServer      = define[LbVirtualServerRequest, LbVirtualServerResponse]("AddLbVirtualServer", order)
	setLbVirtualServer      = define[LbVirtualServerRequest, LbVirtualServerResponse]("SetLbVirtualServer", order)
	getLbVirtualServer      = define[LbVirtualServerNameRequest, LbVirtualServerResponse]("GetLbVirtualServer", poll)
	deleteLbVirtualServer   = define[LbVirtualServerNameRequest, LbVirtualServerResponse]("DeleteLbVirtualServer", remove)
	setLbVirtualServerName  = define[SetLbVirtualServerNameRequest, LbVirtualServerResponse]("SetLbVirtualServerName", order)
	addVirtualIPAddress     = define[VirtualIpAddressRequest, VirtualIpAddressResponse]("AddVirtualIpAddress", order)
	deleteVirtualIPAddress  = define[VirtualIpAddressRequest, VirtualIpAddressResponse]("DeleteVirtualIpAddress", remove)
	setVirtualIPAddressName = define[SetVirtualIpAddressNameRequest, SetVirtualIpAddressNameResponse]("SetVirtualIpAddressName", order)
)

// FwLbRequest names an FW+LB option, in service.
type FwLbRequest struct {
	GpServiceCode string
	GlServiceCode string
}

// DescribeLbResponse holds the addresses, pools and virtual servers of a load balancer.
//
//nolint:revive // the API's spelling
type DescribeLbResponse struct {
	Answer
	GlServiceCode     string
	Label             string
	Type              string // plan, e.g. B100M
	Redundant         string // Yes or No
	TrafficIpList     []LbTrafficIp
	PoolList          []LbPool
	VirtualServerList []LbVirtualServer
}

// LbTrafficIp is a pair of addresses at which a load balancer is reached.
//
//nolint:revive // the API's spelling
type LbTrafficIp struct {
	Primary string // Yes or No
	IPv4    LbTrafficAddress
	IPv6    LbTrafficAddress
}

// LbTrafficAddress is one of such a pair.
//
//nolint:revive // the API's spelling
type LbTrafficAddress struct {
	TrafficIpAddress string
	TrafficIpName    string
	DomainName       string
}

// LbPool is one pool and its nodes.
type LbPool struct {
	Name     string
	NodeList []LbNode
}

// LbNode is one node of a pool. Its Status is NodeActive, NodeDraining or NodeDisable.
//
//nolint:revive // the API's spelling
type LbNode struct {
	IpAddress string
	Port      string
	Status    string
}

// LbVirtualServer takes what comes in at a port of some addresses to a pool.
//
//nolint:revive // the API's spelling
type LbVirtualServer struct {
	Name              string
	Enabled           string // Yes or No
	Protocol          string // http, https, …
	Port              string
	Pool              string
	TrafficIpNameList []string
}

func (r DescribeLbResponse) missing() string {
	for _, pool := range r.PoolList {
		if pool.NodeList == nil { // an empty list is told as []
			return "NodeList of pool " + pool.Name
		}
	}
	return ifNil(r.PoolList, "PoolList")
}

// DescribeLb reads all that a load balancer is set up with.
func (r *Reader) DescribeLb(ctx context.Context, request FwLbRequest) (DescribeLbResponse, error) {
	return describeLb.call(ctx, r.account, request)
}

// GetLbStatusResponse holds one entry for each host.
type GetLbStatusResponse struct {
	Answer
	GlServiceCode string
	HostList      []LbHostStatus
}

// LbHostStatus is what a host is doing, in words that are not published, and where
// it is, L or R.
type LbHostStatus struct {
	Status   string
	Location string
}

func (r GetLbStatusResponse) missing() string { return ifNil(r.HostList, "HostList") }

// GetLbStatus reads what the hosts of a load balancer are doing.
func (r *Reader) GetLbStatus(ctx context.Context, request FwLbRequest) (GetLbStatusResponse, error) {
	return getLbStatus.call(ctx, r.account, request)
}

// GetLbHostList reads which hosts a load balancer has.
func (r *Reader) GetLbHostList(ctx context.Context, request FwLbRequest) (GetLbHostListResponse, error) {
	return getLbHostList.call(ctx, r.account, request)
}

// LbPoolNodesRequest names a pool of a load balancer, and all nodes that it is to have.
type LbPoolNodesRequest struct {
	GpServiceCode string
	GlServiceCode string
	Pool          string
	Nodes         []LbPoolNode `gp:"optional,inline"` // whether a pool may be empty is not known
}

// LbPoolNode is a node that a pool is to have.
//
//nolint:revive // the API's spelling
type LbPoolNode struct {
	NodeIpAddress string
	NodePort      int
}

// LbPoolResponse holds the nodes that a pool has after a change.
type LbPoolResponse struct {
	Answer
	GlServiceCode string
	Pool          string
	NodeList      []LbNode
}

// AddLbPool makes a pool. Making one that is there may be an error.
func (c *Client) AddLbPool(ctx context.Context, request LbPoolNodesRequest) (LbPoolResponse, error) {
	return addLbPool.call(ctx, c.account, request)
}

// SetLbPool replaces all nodes of a pool.
func (c *Client) SetLbPool(ctx context.Context, request LbPoolNodesRequest) (LbPoolResponse, error) {
	return setLbPool.call(ctx, c.account, request)
}

// LbPoolRequest names a pool of a load balancer.
type LbPoolRequest struct {
	GpServiceCode string
	GlServiceCode string
	Pool          string
}

// GetLbPoolResponse holds the nodes that a pool has.
type GetLbPoolResponse struct{ LbPoolResponse }

func (r GetLbPoolResponse) missing() string { return ifNil(r.NodeList, "NodeList") }

// GetLbPool reads the nodes of one pool.
func (r *Reader) GetLbPool(ctx context.Context, request LbPoolRequest) (GetLbPoolResponse, error) {
	return getLbPool.call(ctx, r.account, request)
}

// DeleteLbPool removes a pool.
func (c *Client) DeleteLbPool(ctx context.Context, request LbPoolRequest) (LbPoolResponse, error) {
	return deleteLbPool.call(ctx, c.account, request)
}

// SetLbPoolNameRequest names a pool, and its new name.
type SetLbPoolNameRequest struct {
	GpServiceCode   string
	GlServiceCode   string
	CurrentPoolName string
	NewPoolName     string
}

// SetLbPoolName renames a pool. The answer has the new name.
func (c *Client) SetLbPoolName(ctx context.Context, request SetLbPoolNameRequest) (LbPoolResponse, error) {
	return setLbPoolName.call(ctx, c.account, request)
}

// LbNodeRequest names one node of one pool of a load balancer.
//
//nolint:revive // the API's spelling
type LbNodeRequest struct {
	GpServiceCode string
	GlServiceCode string
	Pool          string
	NodeIpAddress string
	NodePort      int
}

// AddLbNode adds a node to a pool. Adding one that is there may be an error.
func (c *Client) AddLbNode(ctx context.Context, request LbNodeRequest) (LbPoolResponse, error) {
	return addLbNode.call(ctx, c.account, request)
}

// DeleteLbNode takes a node out of a pool. Taking out an absent one may be an error.
func (c *Client) DeleteLbNode(ctx context.Context, request LbNodeRequest) (LbPoolResponse, error) {
	return deleteLbNode.call(ctx, c.account, request)
}

// SetLbNodeRequest names a node of a pool, and the one that takes its place.
//
//nolint:revive // the API's spelling
type SetLbNodeRequest struct {
	GpServiceCode        string
	GlServiceCode        string
	Pool                 string
	CurrentNodeIpAddress string
	CurrentNodePort      int
	NewNodeIpAddress     string
	NewNodePort          int
}

// SetLbNode replaces a node of a pool by another. No action sets the status of a node.
func (c *Client) SetLbNode(ctx context.Context, request SetLbNodeRequest) (LbPoolResponse, error) {
	return setLbNode.call(ctx, c.account, request)
}

// LbVirtualServerRequest names a virtual server and the pool that serves it. Where
// the FW+LB option is redundant, it also names the virtual addresses.
//
//nolint:revive // the API's spelling
type LbVirtualServerRequest struct {
	GpServiceCode     string
	GlServiceCode     string
	VirtualServerName string
	Port              int
	Protocol          string `known:"http https"`
	Pool              string
	TrafficIpName     []string `gp:"optional"`
}

// AddLbVirtualServer makes a virtual server. Making one that is there may be an error.
func (c *Client) AddLbVirtualServer(ctx context.Context, request LbVirtualServerRequest) (LbVirtualServerResponse, error) {
	return addLbVirtualServer.call(ctx, c.account, request)
}

// SetLbVirtualServer replaces all properties of a virtual server.
func (c *Client) SetLbVirtualServer(ctx context.Context, request LbVirtualServerRequest) (LbVirtualServerResponse, error) {
	return setLbVirtualServer.call(ctx, c.account, request)
}

// LbVirtualServerNameRequest names a virtual server.
type LbVirtualServerNameRequest struct {
	GpServiceCode     string
	GlServiceCode     string
	VirtualServerName string
}

// GetLbVirtualServer reads one virtual server.
func (r *Reader) GetLbVirtualServer(ctx context.Context, request LbVirtualServerNameRequest) (LbVirtualServerResponse, error) {
	return getLbVirtualServer.call(ctx, r.account, request)
}

// DeleteLbVirtualServer removes a virtual server.
func (c *Client) DeleteLbVirtualServer(ctx context.Context, request LbVirtualServerNameRequest) (LbVirtualServerResponse, error) {
	return deleteLbVirtualServer.call(ctx, c.account, request)
}

// SetLbVirtualServerNameRequest names a virtual server, and its new name.
type SetLbVirtualServerNameRequest struct {
	GpServiceCode            string
	GlServiceCode            string
	CurrentVirtualServerName string
	NewVirtualServerName     string
}

// SetLbVirtualServerName renames a virtual server. The answer has the new name.
func (c *Client) SetLbVirtualServerName(ctx context.Context, request SetLbVirtualServerNameRequest) (LbVirtualServerResponse, error) {
	return setLbVirtualServerName.call(ctx, c.account, request)
}

// VirtualIpAddressRequest names a pair of virtual addresses.
//
//nolint:revive // the API's spelling
type VirtualIpAddressRequest struct {
	GpServiceCode string
	GlServiceCode string
	Name          string
}

// AddVirtualIpAddress makes a pair of virtual addresses, IPv4 and IPv6.
func (c *Client) AddVirtualIpAddress(ctx context.Context, request VirtualIpAddressRequest) (VirtualIpAddressResponse, error) { //nolint:revive // the API's spelling
	return addVirtualIPAddress.call(ctx, c.account, request)
}

// DeleteVirtualIpAddress removes a pair of virtual addresses.
func (c *Client) DeleteVirtualIpAddress(ctx context.Context, request VirtualIpAddressRequest) (VirtualIpAddressResponse, error) { //nolint:revive // the API's spelling
	return deleteVirtualIPAddress.call(ctx, c.account, request)
}

// SetVirtualIpAddressNameRequest names a pair of virtual addresses, and its new name.
//
//nolint:revive // the API's spelling
type SetVirtualIpAddressNameRequest struct {
	GpServiceCode string
	GlServiceCode string
	CurrentName   string
	NewName       string
}

// SetVirtualIpAddressNameResponse holds the pair as it is, and as it was.
//
//nolint:revive // the API's spelling
type SetVirtualIpAddressNameResponse struct {
	Answer
	GlServiceCode string
	Current       VirtualIpAddresses
	Previous      VirtualIpAddresses
}

// VirtualIpAddresses is a pair of virtual addresses.
//
//nolint:revive // the API's spelling
type VirtualIpAddresses struct {
	IPv4, IPv6 struct{ TrafficIpAddress, TrafficIpName string }
}

// SetVirtualIpAddressName renames a pair of virtual addresses.
func (c *Client) SetVirtualIpAddressName(ctx context.Context, request SetVirtualIpAddressNameRequest) (SetVirtualIpAddressNameResponse, error) { //nolint:revive // the API's spelling
	return setVirtualIPAddressName.call(ctx, c.account, request)
}
