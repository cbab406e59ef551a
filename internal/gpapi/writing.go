package gpapi

import "context"

// Client adds the actions that change something. Each is sent at most once; see
// [Error] for what its failures mean.
type Client struct{ *Reader }

// New returns a Client with the budget of its account. Make one for each
// account, and hand its Reader to whoever only looks.
func New(options Options) (*Client, error) {
	reader, err := NewReader(options)
	if err != nil {
		return nil, err
	}
	return &Client{reader}, nil
}

// Transition is what a machine was doing before an action and does after it;
// see [VirtualMachineStatus].
type Transition struct {
	Current  struct{ Status string }
	Previous struct{ Status string }
}

// AddCloneVirtualMachinesRequest orders ContractNum machines of a plan, as
// clones of a machine that is Stopped.
type AddCloneVirtualMachinesRequest struct {
	GpServiceCode      string
	SrcGcServiceCode   string
	ContractNum        int
	VirtualMachineType string
}

// AddCloneVirtualMachinesResponse holds the codes of the new machines.
type AddCloneVirtualMachinesResponse struct{ GcServiceCodeList []string }

func (r AddCloneVirtualMachinesResponse) missing() string {
	if r.GcServiceCodeList == nil {
		return "GcServiceCodeList"
	}
	return ""
}

// AddCloneVirtualMachines buys machines. The API has no token that would make
// it idempotent: called twice, it buys twice.
func (c *Client) AddCloneVirtualMachines(ctx context.Context, request AddCloneVirtualMachinesRequest) (AddCloneVirtualMachinesResponse, error) {
	return call[AddCloneVirtualMachinesResponse](ctx, c.account, action{"AddCloneVirtualMachines", order}, request)
}

// CloneVirtualMachineRequest names two machines of a main contract, both Stopped:
// one that is read, and one that is overwritten.
type CloneVirtualMachineRequest struct {
	GpServiceCode     string
	SrcGcServiceCode  string
	DestGcServiceCode string
}

// CloneVirtualMachineResponse holds what becomes of the two machines.
type CloneVirtualMachineResponse struct {
	Source      CloneVirtualMachineParty
	Destination CloneVirtualMachineParty
}

// CloneVirtualMachineParty is one of the two machines of a clone job.
type CloneVirtualMachineParty struct {
	GcServiceCode string
	Transition
}

// CloneVirtualMachine overwrites a machine with the disk of another. The source is
// LockForCloning for a while, the destination Cloning, and then Stopped or
// Initialized.
func (c *Client) CloneVirtualMachine(ctx context.Context, request CloneVirtualMachineRequest) (CloneVirtualMachineResponse, error) {
	return call[CloneVirtualMachineResponse](ctx, c.account, action{"CloneVirtualMachine", order}, request)
}

// SetLabelRequest names what is labelled: a gp, gc or gl code.
type SetLabelRequest struct {
	GpServiceCode string
	ServiceCode   string
	Label         string
}

// SetLabelResponse holds the label as it is now.
type SetLabelResponse struct{ Label string }

// SetLabel replaces a label.
func (c *Client) SetLabel(ctx context.Context, request SetLabelRequest) (SetLabelResponse, error) {
	return call[SetLabelResponse](ctx, c.account, action{"SetLabel", order}, request)
}

// AttachFwLbRequest names a machine that is off, and an FW+LB option.
type AttachFwLbRequest struct {
	GpServiceCode string
	GcServiceCode string
	GlServiceCode string
}

// AttachFwLb puts a machine behind an FW+LB. The machine is Configuring for a while.
func (c *Client) AttachFwLb(ctx context.Context, request AttachFwLbRequest) (Transition, error) {
	return call[Transition](ctx, c.account, action{"AttachFwLb", order}, request)
}

// ImportRootSshPublicKeyRequest names a machine that is off, and a key for root:
// one line of an authorized_keys file.
type ImportRootSshPublicKeyRequest struct { //nolint:revive // the API's spelling
	GpServiceCode string
	GcServiceCode string
	PublicKey     string
}

// ImportRootSshPublicKey adds a key. The machine is Configuring for a while, and
// Stopped afterwards even if it was Initialized.
func (c *Client) ImportRootSshPublicKey(ctx context.Context, request ImportRootSshPublicKeyRequest) (Transition, error) { //nolint:revive // the API's spelling
	return call[Transition](ctx, c.account, action{"ImportRootSshPublicKey", order}, request)
}

// StartVirtualMachineRequest names a machine that is Stopped.
type StartVirtualMachineRequest struct {
	GpServiceCode string
	GcServiceCode string
}

// StartVirtualMachine turns a machine on.
func (c *Client) StartVirtualMachine(ctx context.Context, request StartVirtualMachineRequest) (Transition, error) {
	return call[Transition](ctx, c.account, action{"StartVirtualMachine", order}, request)
}

// StopVirtualMachineRequest names a machine that is Running. Force does not wait
// for its operating system.
type StopVirtualMachineRequest struct {
	GpServiceCode string
	GcServiceCode string
	Force         bool
}

// StopVirtualMachine turns a machine off.
func (c *Client) StopVirtualMachine(ctx context.Context, request StopVirtualMachineRequest) (Transition, error) {
	return call[Transition](ctx, c.account, action{"StopVirtualMachine", remove}, request)
}

// DeleteVirtualMachineRequest names a machine and the last day of its contract,
// YYYYMMDD in Japan. The action has no GpServiceCode.
type DeleteVirtualMachineRequest struct {
	GcServiceCode string
	StopDate      string
}

// DeleteVirtualMachineResponse holds the last day as it was recorded.
type DeleteVirtualMachineResponse struct {
	GcServiceCode string
	StopDate      string
}

// DeleteVirtualMachine ends a machine's contract.
func (c *Client) DeleteVirtualMachine(ctx context.Context, request DeleteVirtualMachineRequest) (DeleteVirtualMachineResponse, error) {
	return call[DeleteVirtualMachineResponse](ctx, c.account, action{"DeleteVirtualMachine", remove}, request)
}

// LbNodeRequest names one node of one pool of a load balancer.
type LbNodeRequest struct {
	GpServiceCode string
	GlServiceCode string
	Pool          string
	NodeIpAddress string //nolint:revive // the API's spelling
	NodePort      int
}

// AddLbNode adds a node to a pool. Adding one that is there may be an error.
func (c *Client) AddLbNode(ctx context.Context, request LbNodeRequest) (LbPoolResponse, error) {
	return call[LbPoolResponse](ctx, c.account, action{"AddLbNode", order}, request)
}

// DeleteLbNode takes a node out of a pool. Taking out an absent one may be an error.
func (c *Client) DeleteLbNode(ctx context.Context, request LbNodeRequest) (LbPoolResponse, error) {
	return call[LbPoolResponse](ctx, c.account, action{"DeleteLbNode", remove}, request)
}
