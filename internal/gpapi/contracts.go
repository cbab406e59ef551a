package gpapi

import "context"

var (
	addVirtualMachines        = define[AddVirtualMachinesRequest, AddVirtualMachinesResponse]("AddVirtualMachines", order)
	addCloneVirtualMachines   = define[AddCloneVirtualMachinesRequest, AddCloneVirtualMachinesResponse]("AddCloneVirtualMachines", order)
	deleteVirtualMachine      = define[DeleteVirtualMachineRequest, DeleteVirtualMachineResponse]("DeleteVirtualMachine", remove)
	changeVirtualMachineType  = define[ChangeVirtualMachineTypeRequest, ChangeVirtualMachineTypeResponse]("ChangeVirtualMachineType", order)
	addDiskOption             = define[AddDiskOptionRequest, AddDiskOptionResponse]("AddDiskOption", order)
	deleteDiskOption          = define[DeleteDiskOptionRequest, DeleteDiskOptionResponse]("DeleteDiskOption", remove)
	addGlobalAddressOption    = define[AddGlobalAddressOptionRequest, AddGlobalAddressOptionResponse]("AddGlobalAddressOption", order)
	deleteGlobalAddressOption = define[DeleteGlobalAddressOptionRequest, DeleteGlobalAddressOptionResponse]("DeleteGlobalAddressOption", remove)
	addFwLbOption             = define[AddFwLbOptionRequest, AddFwLbOptionResponse]("AddFwLbOption", order)
	changeFwLbOptionType      = define[ChangeFwLbOptionTypeRequest, ChangeFwLbOptionTypeResponse]("ChangeFwLbOptionType", order)
	deleteFwLbOption          = define[DeleteFwLbOptionRequest, DeleteFwLbOptionResponse]("DeleteFwLbOption", remove)
	addVlanOption             = define[AddVlanOptionRequest, AddVlanOptionResponse]("AddVlanOption", order)
	deleteVlanOption          = define[DeleteVlanOptionRequest, DeleteVlanOptionResponse]("DeleteVlanOption", remove)
)

// AddVirtualMachinesRequest orders ContractNum machines of a plan, with an operating
// system and at most two disks each. LLocationNum and RLocationNum say how many go
// where; left out, the cloud chooses.
type AddVirtualMachinesRequest struct {
	GpServiceCode          string
	ContractNum            int
	VirtualMachineType     string       `known:"V10 V20 V40 V80 V160 V240"`
	OS                     string       `known:"CentOS6_64_U"`
	LLocationNum           int          `gp:"optional"`
	RLocationNum           int          `gp:"optional"`
	DiskOption             []DiskOption `gp:"optional"`
	GlobalAddressOptionNum int          `gp:"optional" known:"1 2 3"`
}

// DiskOption is one disk of an order.
type DiskOption struct {
	DiskSpace string `known:"100 300 500 HS300"` // GB, HS: fast
}

// AddVirtualMachinesResponse holds the codes of the new machines.
type AddVirtualMachinesResponse struct {
	Answer
	GpServiceCode     string
	GcServiceCodeList []string
}

func (r AddVirtualMachinesResponse) missing() string {
	return ifNil(r.GcServiceCodeList, "GcServiceCodeList")
}

// AddVirtualMachines buys machines. As with [Client.AddCloneVirtualMachines], called
// twice it buys twice.
func (c *Client) AddVirtualMachines(ctx context.Context, request AddVirtualMachinesRequest) (AddVirtualMachinesResponse, error) {
	return addVirtualMachines.call(ctx, c.account, request)
}

// AddCloneVirtualMachinesRequest orders ContractNum machines of a plan, as
// clones of a machine that is Stopped.
type AddCloneVirtualMachinesRequest struct {
	GpServiceCode      string
	SrcGcServiceCode   string
	ContractNum        int
	VirtualMachineType string `known:"V10 V20 V40 V80 V160 V240"`
	SrcGpServiceCode   string `gp:"optional"` // of a source under another main contract
	LLocationNum       int    `gp:"optional"`
	RLocationNum       int    `gp:"optional"`
}

// AddCloneVirtualMachinesResponse holds the codes of the new machines.
type AddCloneVirtualMachinesResponse struct {
	Answer
	GpServiceCode     string
	SrcGcServiceCode  string
	GcServiceCodeList []string
}

func (r AddCloneVirtualMachinesResponse) missing() string {
	return ifNil(r.GcServiceCodeList, "GcServiceCodeList")
}

// AddCloneVirtualMachines buys machines. The API has no token that would make it
// idempotent: called twice, it buys twice.
func (c *Client) AddCloneVirtualMachines(ctx context.Context, request AddCloneVirtualMachinesRequest) (AddCloneVirtualMachinesResponse, error) {
	return addCloneVirtualMachines.call(ctx, c.account, request)
}

// DeleteVirtualMachineRequest names a machine and the last day of its contract,
// YYYYMMDD in Japan. Like all actions that end a contract, it has no GpServiceCode.
type DeleteVirtualMachineRequest struct {
	GcServiceCode string
	StopDate      string
}

// DeleteVirtualMachineResponse holds the last day as it was recorded.
type DeleteVirtualMachineResponse struct {
	Answer
	GcServiceCode string
	StopDate      string
}

// DeleteVirtualMachine ends a machine's contract.
func (c *Client) DeleteVirtualMachine(ctx context.Context, request DeleteVirtualMachineRequest) (DeleteVirtualMachineResponse, error) {
	return deleteVirtualMachine.call(ctx, c.account, request)
}

// ChangeVirtualMachineTypeRequest names a machine and its new plan.
type ChangeVirtualMachineTypeRequest struct {
	GpServiceCode      string
	GcServiceCode      string
	VirtualMachineType string `known:"V10 V20 V40 V80 V160 V240"`
}

// ChangeVirtualMachineTypeResponse holds the new plan.
type ChangeVirtualMachineTypeResponse struct {
	Answer
	GcServiceCode      string
	VirtualMachineType string
}

// ChangeVirtualMachineType gives a machine another plan. The machine is Configuring
// for a while; one that was Running may be Stopped afterwards.
func (c *Client) ChangeVirtualMachineType(ctx context.Context, request ChangeVirtualMachineTypeRequest) (ChangeVirtualMachineTypeResponse, error) {
	return changeVirtualMachineType.call(ctx, c.account, request)
}

// AddDiskOptionRequest names a machine and the size of its new disk.
type AddDiskOptionRequest struct {
	GpServiceCode string
	GcServiceCode string
	DiskSpace     string `known:"100 300 500 HS300"` // GB, HS: fast
}

// AddDiskOptionResponse holds the size as it was ordered. The disk's device name
// shows in [Reader.DescribeVirtualMachine].
type AddDiskOptionResponse struct {
	Answer
	GcServiceCode string
	DiskSpace     string
}

// AddDiskOption buys a disk for a machine.
func (c *Client) AddDiskOption(ctx context.Context, request AddDiskOptionRequest) (AddDiskOptionResponse, error) {
	return addDiskOption.call(ctx, c.account, request)
}

// DeleteDiskOptionRequest names a disk and the last day of its contract, YYYYMMDD in
// Japan.
type DeleteDiskOptionRequest struct {
	GcServiceCode  string
	DiskDeviceName string `known:"/dev/sdb /dev/xvdb"`
	StopDate       string
}

// DeleteDiskOptionResponse holds the last day as it was recorded.
type DeleteDiskOptionResponse struct {
	Answer
	GcServiceCode  string
	DiskDeviceName string
	StopDate       string
}

// DeleteDiskOption ends a disk's contract.
func (c *Client) DeleteDiskOption(ctx context.Context, request DeleteDiskOptionRequest) (DeleteDiskOptionResponse, error) {
	return deleteDiskOption.call(ctx, c.account, request)
}

// AddGlobalAddressOptionRequest names a machine and the number of its new addresses.
// An IPv4 address with its IPv6 address counts as one.
type AddGlobalAddressOptionRequest struct {
	GpServiceCode string
	GcServiceCode string
	Num           int `known:"1 2 3"`
}

// AddGlobalAddressOptionResponse holds the number as it was ordered. The addresses
// show in [Reader.DescribeVirtualMachine].
type AddGlobalAddressOptionResponse struct {
	Answer
	GcServiceCode string
	Num           string
}

// AddGlobalAddressOption buys global addresses for a machine.
func (c *Client) AddGlobalAddressOption(ctx context.Context, request AddGlobalAddressOptionRequest) (AddGlobalAddressOptionResponse, error) {
	return addGlobalAddressOption.call(ctx, c.account, request)
}

// DeleteGlobalAddressOptionRequest names an address and the last day of its contract,
// YYYYMMDD in Japan.
type DeleteGlobalAddressOptionRequest struct {
	GcServiceCode string
	IPv4Address   string
	StopDate      string
}

// DeleteGlobalAddressOptionResponse holds the last day as it was recorded.
type DeleteGlobalAddressOptionResponse struct {
	Answer
	GcServiceCode string
	IPv4Address   string
	StopDate      string
}

// DeleteGlobalAddressOption ends an address's contract.
func (c *Client) DeleteGlobalAddressOption(ctx context.Context, request DeleteGlobalAddressOptionRequest) (DeleteGlobalAddressOptionResponse, error) {
	return deleteGlobalAddressOption.call(ctx, c.account, request)
}

// AddFwLbOptionRequest orders an FW+LB option of a plan, of one host or of two.
type AddFwLbOptionRequest struct {
	GpServiceCode string
	Type          string `known:"B100M S100M"`
	Redundant     bool
}

// AddFwLbOptionResponse holds the code of the new option.
type AddFwLbOptionResponse struct {
	Answer
	GpServiceCode string
	GlServiceCode string
}

func (r AddFwLbOptionResponse) missing() string { return ifEmpty(r.GlServiceCode, "GlServiceCode") }

// AddFwLbOption buys an FW+LB option: a firewall with a load balancer.
func (c *Client) AddFwLbOption(ctx context.Context, request AddFwLbOptionRequest) (AddFwLbOptionResponse, error) {
	return addFwLbOption.call(ctx, c.account, request)
}

// ChangeFwLbOptionTypeRequest names an FW+LB option and its new plan.
type ChangeFwLbOptionTypeRequest struct {
	GpServiceCode string
	GlServiceCode string
	Type          string `known:"B100M S100M"`
}

// ChangeFwLbOptionTypeResponse holds the new plan.
type ChangeFwLbOptionTypeResponse struct {
	Answer
	GlServiceCode string
	Type          string
}

// ChangeFwLbOptionType gives an FW+LB option another plan.
func (c *Client) ChangeFwLbOptionType(ctx context.Context, request ChangeFwLbOptionTypeRequest) (ChangeFwLbOptionTypeResponse, error) {
	return changeFwLbOptionType.call(ctx, c.account, request)
}

// DeleteFwLbOptionRequest names an FW+LB option and the last day of its contract,
// YYYYMMDD in Japan.
type DeleteFwLbOptionRequest struct {
	GlServiceCode string
	StopDate      string
}

// DeleteFwLbOptionResponse holds the last day as it was recorded.
type DeleteFwLbOptionResponse struct {
	Answer
	GlServiceCode string
	StopDate      string
}

// DeleteFwLbOption ends an FW+LB option's contract.
func (c *Client) DeleteFwLbOption(ctx context.Context, request DeleteFwLbOptionRequest) (DeleteFwLbOptionResponse, error) {
	return deleteFwLbOption.call(ctx, c.account, request)
}

// AddVlanOptionRequest names a main contract.
type AddVlanOptionRequest struct{ GpServiceCode string }

// AddVlanOptionResponse holds the code of the new option.
type AddVlanOptionResponse struct {
	Answer
	GpServiceCode string
	GxServiceCode string
}

func (r AddVlanOptionResponse) missing() string { return ifEmpty(r.GxServiceCode, "GxServiceCode") }

// AddVlanOption buys a VLAN option.
func (c *Client) AddVlanOption(ctx context.Context, request AddVlanOptionRequest) (AddVlanOptionResponse, error) {
	return addVlanOption.call(ctx, c.account, request)
}

// DeleteVlanOptionRequest names a VLAN option and the last day of its contract,
// YYYYMMDD in Japan.
type DeleteVlanOptionRequest struct {
	GxServiceCode string
	StopDate      string
}

// DeleteVlanOptionResponse holds the last day as it was recorded.
type DeleteVlanOptionResponse struct {
	Answer
	GxServiceCode string
	StopDate      string
}

// DeleteVlanOption ends a VLAN option's contract.
func (c *Client) DeleteVlanOption(ctx context.Context, request DeleteVlanOptionRequest) (DeleteVlanOptionResponse, error) {
	return deleteVlanOption.call(ctx, c.account, request)
}
