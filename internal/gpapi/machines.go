package gpapi

import (
	"context"
	"fmt"
)

var (
	getVirtualMachineStatus     = define[VirtualMachineRequest, GetVirtualMachineStatusResponse]("GetVirtualMachineStatus", poll)
	getVirtualMachineStatusList = define[GetVirtualMachineStatusListRequest, GetVirtualMachineStatusListResponse]("GetVirtualMachineStatusList", poll)
	describeVirtualMachine      = define[VirtualMachineRequest, DescribeVirtualMachineResponse]("DescribeVirtualMachine", poll)
	startVirtualMachine         = define[VirtualMachineRequest, Transition]("StartVirtualMachine", order)
	stopVirtualMachine          = define[StopVirtualMachineRequest, Transition]("StopVirtualMachine", remove)
	rebootVirtualMachine        = define[VirtualMachineRequest, Transition]("RebootVirtualMachine", order)
	initializeVirtualMachine    = define[InitializeVirtualMachineRequest, Transition]("InitializeVirtualMachine", order)
	importRootSSHPublicKey      = define[ImportRootSshPublicKeyRequest, Transition]("ImportRootSshPublicKey", order)
	setLabel                    = define[SetLabelRequest, SetLabelResponse]("SetLabel", order)
	attachFwLb                  = define[FwLbAttachmentRequest, Transition]("AttachFwLb", order)
	detachFwLb                  = define[FwLbAttachmentRequest, Transition]("DetachFwLb", remove)
	attachVlan                  = define[VlanAttachmentRequest, Transition]("AttachVlan", order)
	detachVlan                  = define[VlanAttachmentRequest, Transition]("DetachVlan", remove)
	cloneVirtualMachine         = define[CloneVirtualMachineRequest, CloneVirtualMachineResponse]("CloneVirtualMachine", order)
	enableIPv6                  = define[IPv6Request, Transition]("EnableIPv6", order)
	disableIPv6                 = define[IPv6Request, Transition]("DisableIPv6", order)
	resetIptables               = define[VirtualMachineRequest, Transition]("ResetIptables", order)
	resetNetworkConfiguration   = define[VirtualMachineRequest, Transition]("ResetNetworkConfiguration", order)
	resetSshdConfiguration      = define[VirtualMachineRequest, Transition]("ResetSshdConfiguration", order)
)

// VirtualMachineRequest names one machine, whose contract is in service.
type VirtualMachineRequest struct {
	GpServiceCode string
	GcServiceCode string
}

// VirtualMachineStatus is what a machine is doing. Known values of Status are
// Initialized, Stopped, Starting, Running, Stopping, Initializing, Configuring,
// Cloning and LockForCloning; there may be more. A read can show what was true
// up to two minutes ago.
type VirtualMachineStatus struct {
	GcServiceCode string
	Status        string
}

// GetVirtualMachineStatusResponse holds what the machine is doing.
type GetVirtualMachineStatusResponse struct {
	Answer
	VirtualMachineStatus
}

func (s VirtualMachineStatus) missing() string { return ifEmpty(s.Status, "Status") }

// GetVirtualMachineStatus reads what one machine is doing.
func (r *Reader) GetVirtualMachineStatus(ctx context.Context, request VirtualMachineRequest) (GetVirtualMachineStatusResponse, error) {
	return getVirtualMachineStatus.call(ctx, r.account, request)
}

// GetVirtualMachineStatusListRequest names machines, at least one, all in service.
// What the server answers to none is not known.
type GetVirtualMachineStatusListRequest struct {
	GpServiceCode string
	GcServiceCode []string `gp:"optional"`
}

func (r GetVirtualMachineStatusListRequest) check() error {
	if len(r.GcServiceCode) == 0 {
		return fmt.Errorf("parameter GcServiceCode: %w", errMissing)
	}
	return nil
}

// GetVirtualMachineStatusListResponse holds one entry for each machine asked for.
type GetVirtualMachineStatusListResponse struct {
	Answer
	GpServiceCode            string
	VirtualMachineStatusList []VirtualMachineStatus
}

func (r GetVirtualMachineStatusListResponse) missing() string {
	return ifNil(r.VirtualMachineStatusList, "VirtualMachineStatusList")
}

// GetVirtualMachineStatusList reads what several machines are doing.
func (r *Reader) GetVirtualMachineStatusList(ctx context.Context, request GetVirtualMachineStatusListRequest) (GetVirtualMachineStatusListResponse, error) {
	return getVirtualMachineStatusList.call(ctx, r.account, request)
}

// DescribeVirtualMachineResponse holds a machine's properties. Attached FW+LB options
// are not among them.
type DescribeVirtualMachineResponse struct {
	Answer
	GcServiceCode      string
	Status             string // see [VirtualMachineStatus]
	Label              string
	VirtualMachineType string // plan, e.g. V40
	HostType           string
	OS                 string
	CPU                string
	Memory             string
	Disk               string
	Location           string // L or R
	Vlan               string
	MobileWebOption    string
	SecureMailOption   string

	GlobalAddress struct {
		IPv4Address      string
		IPv4DomainName   string
		IPv6Enabled      string // Yes or No
		IPv6Address      string
		NetworkInterface string
	}
	PrivateAddress struct {
		IPv4Address      string
		NetworkInterface string
	}
	DiskOptionList          []Disk
	GlobalAddressOptionList []GlobalAddress
}

// Disk is an additional disk of a machine.
type Disk struct {
	DeviceName string
	Size       string
}

// GlobalAddress is an additional global address of a machine.
//
//nolint:revive // the API's spelling
type GlobalAddress struct {
	IPv4 struct {
		IpAddress        string
		DomainName       string
		NetworkInterface string
	}
	IPv6 struct {
		IpAddress        string
		Enabled          string // Yes or No
		NetworkInterface string
	}
}

// DescribeVirtualMachine reads a machine's properties.
func (r *Reader) DescribeVirtualMachine(ctx context.Context, request VirtualMachineRequest) (DescribeVirtualMachineResponse, error) {
	return describeVirtualMachine.call(ctx, r.account, request)
}

// Transition is what a machine was doing before an action and does after it; see
// [VirtualMachineStatus]. Beside the machine's code it holds what else the action
// was about; the other fields are empty.
type Transition struct {
	Answer
	GcServiceCode string
	GlServiceCode string
	GxServiceCode string
	PublicKey     string
	IPv6Address   string

	Current  struct{ Status string }
	Previous struct{ Status string }
}

// StartVirtualMachine turns a machine on that is Stopped.
func (c *Client) StartVirtualMachine(ctx context.Context, request VirtualMachineRequest) (Transition, error) {
	return startVirtualMachine.call(ctx, c.account, request)
}

// StopVirtualMachineRequest names a machine that is Running. Force does not wait
// for its operating system.
type StopVirtualMachineRequest struct {
	GpServiceCode string
	GcServiceCode string
	Force         bool `gp:"optional"`
}

// StopVirtualMachine turns a machine off.
func (c *Client) StopVirtualMachine(ctx context.Context, request StopVirtualMachineRequest) (Transition, error) {
	return stopVirtualMachine.call(ctx, c.account, request)
}

// RebootVirtualMachine turns a machine off and on that is Running.
func (c *Client) RebootVirtualMachine(ctx context.Context, request VirtualMachineRequest) (Transition, error) {
	return rebootVirtualMachine.call(ctx, c.account, request)
}

// InitializeVirtualMachineRequest names a machine that is Stopped, and at will the
// additional disk that is mounted at /var.
type InitializeVirtualMachineRequest struct {
	GpServiceCode string
	GcServiceCode string
	VarDeviceName string `gp:"optional" known:"/dev/sdb /dev/xvdb"`
}

// InitializeVirtualMachine wipes a machine, which is Initializing for a while and
// Initialized afterwards. Its contract stays.
func (c *Client) InitializeVirtualMachine(ctx context.Context, request InitializeVirtualMachineRequest) (Transition, error) {
	return initializeVirtualMachine.call(ctx, c.account, request)
}

// ImportRootSshPublicKeyRequest names a machine that is off, and a key for root:
// one line of an authorized_keys file.
//
//nolint:revive // the API's spelling
type ImportRootSshPublicKeyRequest struct {
	GpServiceCode string
	GcServiceCode string
	PublicKey     string
}

// ImportRootSshPublicKey adds a key. The machine is Configuring for a while, and
// Stopped afterwards even if it was Initialized.
func (c *Client) ImportRootSshPublicKey(ctx context.Context, request ImportRootSshPublicKeyRequest) (Transition, error) { //nolint:revive // the API's spelling
	return importRootSSHPublicKey.call(ctx, c.account, request)
}

// SetLabelRequest names what is labelled: a gp, gc or gl code.
type SetLabelRequest struct {
	GpServiceCode string
	ServiceCode   string
	Label         string
}

// SetLabelResponse holds the label as it is now, and the one code that has it.
type SetLabelResponse struct {
	Answer
	GpServiceCode string
	GcServiceCode string
	GlServiceCode string
	Label         string
}

// SetLabel replaces a label.
func (c *Client) SetLabel(ctx context.Context, request SetLabelRequest) (SetLabelResponse, error) {
	return setLabel.call(ctx, c.account, request)
}

// FwLbAttachmentRequest names a machine that is off, and an FW+LB option.
type FwLbAttachmentRequest struct {
	GpServiceCode string
	GcServiceCode string
	GlServiceCode string
}

// AttachFwLb puts a machine behind an FW+LB. The machine is Configuring for a while.
func (c *Client) AttachFwLb(ctx context.Context, request FwLbAttachmentRequest) (Transition, error) {
	return attachFwLb.call(ctx, c.account, request)
}

// DetachFwLb takes a machine out from behind an FW+LB. The machine is Configuring for
// a while.
func (c *Client) DetachFwLb(ctx context.Context, request FwLbAttachmentRequest) (Transition, error) {
	return detachFwLb.call(ctx, c.account, request)
}

// VlanAttachmentRequest names a machine that is off, and a VLAN option.
type VlanAttachmentRequest struct {
	GpServiceCode string
	GcServiceCode string
	GxServiceCode string
}

// AttachVlan puts a machine into a VLAN. The machine is Configuring for a while.
func (c *Client) AttachVlan(ctx context.Context, request VlanAttachmentRequest) (Transition, error) {
	return attachVlan.call(ctx, c.account, request)
}

// DetachVlan takes a machine out of a VLAN. The machine is Configuring for a while.
func (c *Client) DetachVlan(ctx context.Context, request VlanAttachmentRequest) (Transition, error) {
	return detachVlan.call(ctx, c.account, request)
}

// CloneVirtualMachineRequest names two machines, both Stopped: one that is read, and
// one that is overwritten. They may be under different main contracts.
type CloneVirtualMachineRequest struct {
	SrcGcServiceCode  string
	DestGcServiceCode string
	GpServiceCode     string `gp:"optional"`
	SrcGpServiceCode  string `gp:"optional"`
	DestGpServiceCode string `gp:"optional"`
}

// CloneVirtualMachineResponse holds what becomes of the two machines.
type CloneVirtualMachineResponse struct {
	Answer
	Source      CloneVirtualMachineParty
	Destination CloneVirtualMachineParty
}

// CloneVirtualMachineParty is one of the two machines of a clone job.
type CloneVirtualMachineParty struct {
	GcServiceCode string
	Current       struct{ Status string }
	Previous      struct{ Status string }
}

// CloneVirtualMachine overwrites a machine with the disk of another. The source is
// LockForCloning for a while, the destination Cloning, and then Stopped or
// Initialized.
func (c *Client) CloneVirtualMachine(ctx context.Context, request CloneVirtualMachineRequest) (CloneVirtualMachineResponse, error) {
	return cloneVirtualMachine.call(ctx, c.account, request)
}

// IPv6Request names a machine that is off, and its address.
type IPv6Request struct {
	GpServiceCode string
	GcServiceCode string
	IPv6Address   string
}

// EnableIPv6 turns an IPv6 address of a machine on. The machine is Configuring for a
// while.
func (c *Client) EnableIPv6(ctx context.Context, request IPv6Request) (Transition, error) {
	return enableIPv6.call(ctx, c.account, request)
}

// DisableIPv6 turns an IPv6 address of a machine off. The machine is Configuring for a
// while.
func (c *Client) DisableIPv6(ctx context.Context, request IPv6Request) (Transition, error) {
	return disableIPv6.call(ctx, c.account, request)
}

// ResetIptables gives a machine that is off the packet filter that it had when it was new.
func (c *Client) ResetIptables(ctx context.Context, request VirtualMachineRequest) (Transition, error) {
	return resetIptables.call(ctx, c.account, request)
}

// ResetNetworkConfiguration gives a machine that is off the network settings that it had when it
// was new.
func (c *Client) ResetNetworkConfiguration(ctx context.Context, request VirtualMachineRequest) (Transition, error) {
	return resetNetworkConfiguration.call(ctx, c.account, request)
}

// ResetSshdConfiguration gives a machine that is off the SSH server's settings that it had when it
// was new.
func (c *Client) ResetSshdConfiguration(ctx context.Context, request VirtualMachineRequest) (Transition, error) {
	return resetSshdConfiguration.call(ctx, c.account, request)
}
