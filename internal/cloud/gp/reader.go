package gp

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/gpapi"
)

// Reader reads the machines of one main contract.
type Reader struct {
	api     *gpapi.Reader
	options Options
}

// NewReader returns a Reader that calls api.
func NewReader(api *gpapi.Reader, options Options) *Reader { return &Reader{api, options} }

// Access looks whether the main contract is among those that the access key may
// operate.
func (r *Reader) Access(ctx context.Context) error {
	contracts, err := r.api.GetGpServiceCodeList(ctx, gpapi.GetGpServiceCodeListRequest{})
	if err != nil {
		return fmt.Errorf("look whether the access key may operate %s: %w", r.options.GpServiceCode, err)
	}
	if !slices.Contains(contracts.GpServiceCodeList, r.options.GpServiceCode) {
		return cloud.Errorf(cloud.ClassDenied, "look whether the access key may operate %s: it may operate %q: correct the main contract, or use a key that may operate it",
			r.options.GpServiceCode, contracts.GpServiceCodeList)
	}
	return nil
}

// Describe reads a machine in as few calls as its state needs: the contract; in
// service, the power; and when it is on, type, label, location and address.
//
// For a while after an order the API refuses to tell of the new code, in the way
// in which it refuses a wrong one. Both are of class NotFound.
func (r *Reader) Describe(ctx context.Context, code string) (cloud.Machine, error) {
	machine, err := r.describe(ctx, code)
	if err != nil {
		return cloud.Machine{}, fmt.Errorf("describe machine %s: %w", code, err)
	}
	return machine, nil
}

func (r *Reader) describe(ctx context.Context, code string) (cloud.Machine, error) {
	machine := cloud.Machine{Code: code}
	contract, err := r.api.GetContractStatus(ctx, gpapi.GetContractStatusRequest{
		GpServiceCode: r.options.GpServiceCode,
		GcServiceCode: code,
	})
	if isRefusal(err) {
		return machine, cloud.Errorf(cloud.ClassNotFound, "not known, or not yet: %w", err)
	}
	if err != nil {
		return machine, err
	}
	machine.Contract, machine.Status = contractStates[contract.Status], contract.Status
	if machine.Contract != cloud.ContractInService {
		return machine, nil
	}

	power, err := r.api.GetVirtualMachineStatus(ctx, gpapi.VirtualMachineRequest{
		GpServiceCode: r.options.GpServiceCode,
		GcServiceCode: code,
	})
	if err == nil {
		err = about(code, power.GcServiceCode)
	}
	if err != nil {
		return machine, err
	}
	machine.Power, machine.Status = powers[power.Status], power.Status
	if machine.Power != cloud.PowerOn {
		return machine, nil
	}

	properties, err := r.properties(ctx, code)
	if err != nil {
		return machine, err
	}
	machine.Type, machine.Label, machine.Location = properties.VirtualMachineType, properties.Label, properties.Location
	machine.Address, err = parseAddress(properties.PrivateAddress.IPv4Address)
	return machine, err
}

// Type reads a machine's type.
func (r *Reader) Type(ctx context.Context, code string) (string, error) {
	properties, err := r.properties(ctx, code)
	if err != nil {
		return "", fmt.Errorf("read the type of machine %s: %w", code, err)
	}
	return properties.VirtualMachineType, nil
}

func (r *Reader) properties(ctx context.Context, code string) (gpapi.DescribeVirtualMachineResponse, error) {
	properties, err := r.api.DescribeVirtualMachine(ctx, gpapi.VirtualMachineRequest{
		GpServiceCode: r.options.GpServiceCode,
		GcServiceCode: code,
	})
	if err == nil {
		err = about(code, properties.GcServiceCode)
	}
	return properties, err
}

// about refuses an answer that says itself that it is about another machine: its
// address would be taken into a pool, and out of it again, for that of code.
func about(code, named string) error {
	if named == "" || named == code {
		return nil
	}
	return cloud.Errorf(cloud.ClassTransient, "the API answers about machine %.40q: its answer is not used", named)
}

// parseAddress reads an IPv4 address; an empty text is an address not known yet.
// Instances are asked at it, so it must be one that a machine can have: not, say,
// 169.254.169.254. Loopback is where a simulator's machines are.
func parseAddress(text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	address, err := netip.ParseAddr(text)
	if err != nil || !address.Is4() || !address.IsGlobalUnicast() && !address.IsLoopback() {
		return netip.Addr{}, cloud.Errorf(cloud.ClassInvalid, "the API tells the private address %.40q, which is no IPv4 address of a machine: look at the machine in the control panel", text)
	}
	return address, nil
}

// Label reads a machine's label and the end of its contract. It looks for the
// code in the answer, since not every server narrows it to what was asked for.
func (r *Reader) Label(ctx context.Context, code string) (label string, stop time.Time, err error) {
	information, err := r.api.GetContractInformation(ctx, gpapi.GetContractInformationRequest{
		GpServiceCode: r.options.GpServiceCode,
		GcServiceCode: code,
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("read label of machine %s: %w", code, err)
	}
	for _, contract := range information.VirtualMachineList {
		if contract.GcServiceCode != code {
			continue
		}
		stop, err := parseDate(contract.StopDate)
		if err != nil {
			return "", time.Time{}, cloud.Errorf(cloud.ClassInvalid, "read label of machine %s: its StopDate is no date like %s: %w", code, dateLayout, err)
		}
		return contract.Label, stop, nil
	}
	return "", time.Time{}, cloud.Errorf(cloud.ClassNotFound, "read label of machine %s: no contract has this code, or not yet: list the machines", code)
}

// Billing divides time into calendar days or months of Japan. How the vendor
// really counts is not published; a day is the API's own unit of contracts. The last
// day of a contract is the period's, or a later one if notice has to be given.
func (r *Reader) Billing(now time.Time) cloud.Billing {
	year, month, day := now.In(japan).Date()
	end := time.Date(year, month, day+1, 0, 0, 0, 0, japan)
	if r.options.PaidPeriod == PaidByMonth {
		end = time.Date(year, month+1, 1, 0, 0, 0, 0, japan)
	}
	last, noticed := end.AddDate(0, 0, -1), time.Date(year, month, day+r.options.NoticeDays, 0, 0, 0, 0, japan)
	if noticed.After(last) {
		last = noticed
	}
	return cloud.Billing{PeriodEnd: end, LastDay: last}
}
