package gpapi

import (
	"context"
	"errors"
)

var (
	echo                   = define[EchoRequest, EchoResponse]("Echo", poll)
	getGpServiceCodeList   = define[GetGpServiceCodeListRequest, GetGpServiceCodeListResponse]("GetGpServiceCodeList", poll)
	getServiceCodeList     = define[GetServiceCodeListRequest, GetServiceCodeListResponse]("GetServiceCodeList", poll)
	getContractInformation = define[GetContractInformationRequest, GetContractInformationResponse]("GetContractInformation", poll)
	getContractStatus      = define[GetContractStatusRequest, GetContractStatusResponse]("GetContractStatus", poll)
)

// EchoRequest holds any text.
type EchoRequest struct{ Param string }

// EchoResponse holds the same text.
type EchoResponse struct {
	Answer
	Param string
}

// Echo has the server say a text back: it tries the connection and the credentials.
func (r *Reader) Echo(ctx context.Context, request EchoRequest) (EchoResponse, error) {
	return echo.call(ctx, r.account, request)
}

// GetGpServiceCodeListRequest asks for everything that the access key may operate.
type GetGpServiceCodeListRequest struct{}

// GetGpServiceCodeListResponse holds the main contracts that the access key may
// operate.
type GetGpServiceCodeListResponse struct {
	Answer
	GpServiceCodeList []string
}

func (r GetGpServiceCodeListResponse) missing() string {
	return ifNil(r.GpServiceCodeList, "GpServiceCodeList")
}

// GetGpServiceCodeList lists the main contracts of the access key.
func (r *Reader) GetGpServiceCodeList(ctx context.Context, request GetGpServiceCodeListRequest) (GetGpServiceCodeListResponse, error) {
	return getGpServiceCodeList.call(ctx, r.account, request)
}

// GetServiceCodeListRequest names a main contract.
type GetServiceCodeListRequest struct{ GpServiceCode string }

// GetServiceCodeListResponse holds the codes of everything under a main contract.
type GetServiceCodeListResponse struct {
	Answer
	CustomerCode       string
	GpServiceCode      string
	GcServiceCodeList  []string // machines, also those not yet in service
	GnbServiceCodeList []string // NAS/B options
	GxServiceCodeList  []string // VLAN options
	GlServiceCodeList  []string // FW+LB options
	GvmServiceCodeList []string // VPN Type-M options
	GvsServiceCodeList []string // VPN Type-S options
	GomServiceCodeList []string // operations-management options
}

func (r GetServiceCodeListResponse) missing() string {
	return ifNil(r.GcServiceCodeList, "GcServiceCodeList")
}

// GetServiceCodeList lists the codes under a main contract.
func (r *Reader) GetServiceCodeList(ctx context.Context, request GetServiceCodeListRequest) (GetServiceCodeListResponse, error) {
	return getServiceCodeList.call(ctx, r.account, request)
}

// GetContractInformationRequest names a main contract, and at will one thing to
// which the answer is narrowed. Whether the server narrows is not certain.
type GetContractInformationRequest struct {
	GpServiceCode string
	GcServiceCode string `gp:"optional"`
	GlServiceCode string `gp:"optional"`
	GxServiceCode string `gp:"optional"`
}

// GetContractInformationResponse holds the main contract and those under it.
type GetContractInformationResponse struct {
	Answer
	CustomerCode       string
	GpServiceCode      string
	GpServiceCodeLabel string
	ContractTerm
	VirtualMachineList []VirtualMachineContract
	FWLBOptionList     []FwLbContract
	VLANOptionList     []VlanContract
	NASBOptionList     []NasContract
	VPNTypeMOptionList []VpnTypeMContract
	VPNTypeSOptionList []VpnTypeSContract
	SMMOptionList      []OperationsManagementContract
}

// ContractTerm is the state of a contract and its term. Status is InPreparation,
// InService, or a value that is not published. Dates are YYYYMMDD, in Japan;
// StopDate is empty when no end is set.
type ContractTerm struct {
	Status    string
	StartDate string
	StopDate  string
}

// VirtualMachineContract is the contract of one machine and of what it has beyond
// its plan.
type VirtualMachineContract struct {
	GcServiceCode string
	Label         string
	ContractTerm
	DiskOptionList          []DiskContract
	GlobalAddressOptionList []GlobalAddressContract
	MobileWebOptionList     []ContractTerm
	SecureMailOptionList    []ContractTerm
}

// DiskContract is the contract of one additional disk.
type DiskContract struct {
	DeviceName string
	ContractTerm
}

// FwLbContract is the contract of one FW+LB option.
type FwLbContract struct {
	GlServiceCode string
	Label         string
	ContractTerm
}

// VlanContract is the contract of one VLAN option.
type VlanContract struct {
	GxServiceCode string
	ContractTerm
}

// NasContract is the contract of one NAS/B option.
type NasContract struct {
	GnbServiceCode string
	Label          string
	ContractTerm
}

// VpnTypeMContract is the contract of one VPN Type-M option.
type VpnTypeMContract struct {
	GvmServiceCode string
	ContractTerm
}

// VpnTypeSContract is the contract of one VPN Type-S option.
type VpnTypeSContract struct {
	GvsServiceCode string
	ContractTerm
}

// OperationsManagementContract is the contract of one operations-management option.
type OperationsManagementContract struct {
	GomServiceCode string
	ContractTerm
}

func (r GetContractInformationResponse) missing() string {
	return ifNil(r.VirtualMachineList, "VirtualMachineList")
}

// GetContractInformation reads contracts: their states, labels and dates.
func (r *Reader) GetContractInformation(ctx context.Context, request GetContractInformationRequest) (GetContractInformationResponse, error) {
	return getContractInformation.call(ctx, r.account, request)
}

// GetContractStatusRequest names one machine, FW+LB option or VLAN option, or a
// disk or an address of a machine.
type GetContractStatusRequest struct {
	GpServiceCode  string
	GcServiceCode  string `gp:"optional"`
	GlServiceCode  string `gp:"optional"`
	GxServiceCode  string `gp:"optional"`
	DiskDeviceName string `gp:"optional" known:"/dev/sdb /dev/xvdb"`
	IPv4Address    string `gp:"optional"`
}

func (r GetContractStatusRequest) check() error {
	if r.GcServiceCode == "" && r.GlServiceCode == "" && r.GxServiceCode == "" {
		return errors.New("give GcServiceCode, GlServiceCode or GxServiceCode")
	}
	return nil
}

// GetContractStatusResponse holds the state of a contract, see [ContractTerm], and
// what it is the contract of.
type GetContractStatusResponse struct {
	Answer
	Status         string
	GpServiceCode  string
	GcServiceCode  string
	GlServiceCode  string
	GxServiceCode  string
	DiskDeviceName string
	IPv4Address    string
}

func (r GetContractStatusResponse) missing() string { return ifEmpty(r.Status, "Status") }

// GetContractStatus reads the state of a contract. For a while after an order the
// server refuses it with status 400.
func (r *Reader) GetContractStatus(ctx context.Context, request GetContractStatusRequest) (GetContractStatusResponse, error) {
	return getContractStatus.call(ctx, r.account, request)
}
