package gpapi

import "context"

// Reader has the actions that change nothing. All methods block until the call
// budget allows them, and return errors of type [*Error].
type Reader struct{ account *account }

// NewReader returns a Reader with a budget of its own. Where a [Client] for the
// same account exists, use the Reader inside it instead, so that both share one.
func NewReader(options Options) (*Reader, error) {
	account, err := newAccount(options)
	if err != nil {
		return nil, err
	}
	return &Reader{account}, nil
}

// GetGpServiceCodeListRequest asks for everything that the access key may operate.
type GetGpServiceCodeListRequest struct{}

// GetGpServiceCodeListResponse holds the main contracts that the access key may
// operate.
type GetGpServiceCodeListResponse struct{ GpServiceCodeList []string }

func (r GetGpServiceCodeListResponse) missing() string {
	if r.GpServiceCodeList == nil {
		return "GpServiceCodeList"
	}
	return ""
}

// GetGpServiceCodeList lists the main contracts of the access key.
func (r *Reader) GetGpServiceCodeList(ctx context.Context, request GetGpServiceCodeListRequest) (GetGpServiceCodeListResponse, error) {
	return call[GetGpServiceCodeListResponse](ctx, r.account, action{"GetGpServiceCodeList", poll}, request)
}

// GetServiceCodeListRequest names a main contract.
type GetServiceCodeListRequest struct{ GpServiceCode string }

// GetServiceCodeListResponse holds the codes of everything under a main contract.
type GetServiceCodeListResponse struct {
	GpServiceCode     string
	GcServiceCodeList []string // machines, also those not yet in service
	GlServiceCodeList []string // FW+LB options
}

func (r GetServiceCodeListResponse) missing() string {
	if r.GcServiceCodeList == nil {
		return "GcServiceCodeList"
	}
	return ""
}

// GetServiceCodeList lists the codes under a main contract.
func (r *Reader) GetServiceCodeList(ctx context.Context, request GetServiceCodeListRequest) (GetServiceCodeListResponse, error) {
	return call[GetServiceCodeListResponse](ctx, r.account, action{"GetServiceCodeList", poll}, request)
}

// GetContractInformationRequest names a main contract, and at will one machine
// to which the answer is narrowed. Whether the server narrows is not certain.
type GetContractInformationRequest struct {
	GpServiceCode string
	GcServiceCode string `gp:"optional"`
}

// GetContractInformationResponse holds the contracts under a main contract.
type GetContractInformationResponse struct {
	GpServiceCode      string
	VirtualMachineList []VirtualMachineContract
}

// VirtualMachineContract is the contract of one machine. Its Status is
// InPreparation, InService, or a value that is not published. Dates are
// YYYYMMDD, in Japan; StopDate is empty when no end is set.
type VirtualMachineContract struct {
	GcServiceCode string
	Label         string
	Status        string
	StartDate     string
	StopDate      string
}

func (r GetContractInformationResponse) missing() string {
	if r.VirtualMachineList == nil {
		return "VirtualMachineList"
	}
	return ""
}

// GetContractInformation reads contracts: their states, labels and dates.
func (r *Reader) GetContractInformation(ctx context.Context, request GetContractInformationRequest) (GetContractInformationResponse, error) {
	return call[GetContractInformationResponse](ctx, r.account, action{"GetContractInformation", poll}, request)
}

// GetContractStatusRequest names one machine.
type GetContractStatusRequest struct {
	GpServiceCode string
	GcServiceCode string
}

// GetContractStatusResponse holds the state of a contract; see [VirtualMachineContract].
type GetContractStatusResponse struct{ Status string }

func (r GetContractStatusResponse) missing() string {
	if r.Status == "" {
		return "Status"
	}
	return ""
}

// GetContractStatus reads the state of a machine's contract. For a while after
// an order the server refuses it with status 400.
func (r *Reader) GetContractStatus(ctx context.Context, request GetContractStatusRequest) (GetContractStatusResponse, error) {
	return call[GetContractStatusResponse](ctx, r.account, action{"GetContractStatus", poll}, request)
}

// GetVirtualMachineStatusRequest names one machine, in service.
type GetVirtualMachineStatusRequest struct {
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

func (s VirtualMachineStatus) missing() string {
	if s.Status == "" {
		return "Status"
	}
	return ""
}

// GetVirtualMachineStatus reads what one machine is doing.
func (r *Reader) GetVirtualMachineStatus(ctx context.Context, request GetVirtualMachineStatusRequest) (VirtualMachineStatus, error) {
	return call[VirtualMachineStatus](ctx, r.account, action{"GetVirtualMachineStatus", poll}, request)
}

// GetVirtualMachineStatusListRequest names machines, at least one, all in service.
type GetVirtualMachineStatusListRequest struct {
	GpServiceCode string
	GcServiceCode []string
}

// GetVirtualMachineStatusListResponse holds one entry for each machine asked for.
type GetVirtualMachineStatusListResponse struct {
	VirtualMachineStatusList []VirtualMachineStatus
}

func (r GetVirtualMachineStatusListResponse) missing() string {
	if r.VirtualMachineStatusList == nil {
		return "VirtualMachineStatusList"
	}
	return ""
}

// GetVirtualMachineStatusList reads what several machines are doing.
func (r *Reader) GetVirtualMachineStatusList(ctx context.Context, request GetVirtualMachineStatusListRequest) (GetVirtualMachineStatusListResponse, error) {
	return call[GetVirtualMachineStatusListResponse](ctx, r.account, action{"GetVirtualMachineStatusList", poll}, request)
}

// DescribeVirtualMachineRequest names one machine, in service.
type DescribeVirtualMachineRequest struct {
	GpServiceCode string
	GcServiceCode string
}

// DescribeVirtualMachineResponse holds a machine's properties.
type DescribeVirtualMachineResponse struct {
	GcServiceCode      string
	Status             string // see [VirtualMachineStatus]
	Label              string
	VirtualMachineType string // plan, e.g. V40
	Location           string // L or R
	PrivateAddress     struct{ IPv4Address string }
}

// DescribeVirtualMachine reads a machine's properties.
func (r *Reader) DescribeVirtualMachine(ctx context.Context, request DescribeVirtualMachineRequest) (DescribeVirtualMachineResponse, error) {
	return call[DescribeVirtualMachineResponse](ctx, r.account, action{"DescribeVirtualMachine", poll}, request)
}

// DescribeLbRequest names an FW+LB option, in service.
type DescribeLbRequest struct {
	GpServiceCode string
	GlServiceCode string
}

// DescribeLbResponse holds the pools of a load balancer.
type DescribeLbResponse struct {
	GlServiceCode string
	PoolList      []LbPool
}

// LbPool is one pool and its nodes.
type LbPool struct {
	Name     string
	NodeList []LbNode
}

// LbNode is one node of a pool. Its Status is Active, Draining or Disable.
type LbNode struct {
	IpAddress string //nolint:revive // the API's spelling
	Port      string
	Status    string
}

func (r DescribeLbResponse) missing() string {
	if r.PoolList == nil {
		return "PoolList"
	}
	for _, pool := range r.PoolList {
		if pool.NodeList == nil { // an empty list is told as []
			return "NodeList of pool " + pool.Name
		}
	}
	return ""
}

// DescribeLb reads all pools of a load balancer.
func (r *Reader) DescribeLb(ctx context.Context, request DescribeLbRequest) (DescribeLbResponse, error) {
	return call[DescribeLbResponse](ctx, r.account, action{"DescribeLb", poll}, request)
}

// LbPoolResponse holds the nodes that a pool has after a change.
type LbPoolResponse struct {
	GlServiceCode string
	Pool          string
	NodeList      []LbNode
}
