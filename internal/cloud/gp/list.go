package gp

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/gpapi"
)

// List returns the machines of the main contract in the order of their codes,
// without type and address, which no listing of the API shows.
func (r *Reader) List(ctx context.Context) ([]cloud.Machine, error) {
	machines, err := r.contracts(ctx)
	if err != nil {
		return nil, fmt.Errorf("list machines of %s: %w", r.options.GpServiceCode, err)
	}
	var inService []string
	for _, machine := range machines {
		if machine.Contract == cloud.ContractInService {
			inService = append(inService, machine.Code)
		}
	}
	statuses, err := r.statuses(ctx, inService)
	if err != nil {
		return nil, fmt.Errorf("list machines of %s: %w", r.options.GpServiceCode, err)
	}
	for i := range machines {
		if status, ok := statuses[machines[i].Code]; ok {
			machines[i].Status, machines[i].Power = status, powers[status]
		}
	}
	return machines, nil
}

// contracts merges the API's two lists. A code without contract was ordered a
// moment ago; a contract without code, or told twice, is not touched until the
// lists agree. Lists without any machine are an error: that all are gone at once
// is not likely, and would be answered by buying all of them again.
func (r *Reader) contracts(ctx context.Context) ([]cloud.Machine, error) {
	codes, err := r.api.GetServiceCodeList(ctx, gpapi.GetServiceCodeListRequest{GpServiceCode: r.options.GpServiceCode})
	if err != nil {
		return nil, err
	}
	information, err := r.api.GetContractInformation(ctx, gpapi.GetContractInformationRequest{GpServiceCode: r.options.GpServiceCode})
	if err != nil {
		return nil, err
	}
	machines := map[string]cloud.Machine{}
	for _, code := range codes.GcServiceCodeList {
		machines[code] = cloud.Machine{Code: code, Contract: cloud.ContractPreparing}
	}
	told := map[string]bool{}
	for _, contract := range information.VirtualMachineList {
		machine := machineOf(contract)
		if _, listed := machines[machine.Code]; !listed || told[machine.Code] {
			machine.Contract = cloud.ContractUnknown
		}
		machines[machine.Code], told[machine.Code] = machine, true
	}
	if _, nameless := machines[""]; nameless || len(machines) == 0 {
		return nil, cloud.Errorf(cloud.ClassTransient, "the lists name no machine, not even a template, or one without a code: they are not believed")
	}
	byCode := func(a, b cloud.Machine) int { return cmp.Compare(a.Code, b.Code) }
	return slices.SortedFunc(maps.Values(machines), byCode), nil
}

// statuses reads what the machines are doing, by code. A refused list is read in
// halves, so that one machine that the API does not want to tell of hides no
// other. The refusal is then that machine's status, and its power is unknown.
func (r *Reader) statuses(ctx context.Context, codes []string) (map[string]string, error) {
	statuses := map[string]string{}
	if len(codes) == 0 {
		return statuses, nil
	}
	list, err := r.api.GetVirtualMachineStatusList(ctx, gpapi.GetVirtualMachineStatusListRequest{
		GpServiceCode: r.options.GpServiceCode,
		GcServiceCode: codes,
	})
	if isRefusal(err) && len(codes) == 1 {
		statuses[codes[0]] = err.Error()
		return statuses, nil
	}
	if isRefusal(err) {
		for half := range slices.Chunk(codes, (len(codes)+1)/2) {
			some, err := r.statuses(ctx, half)
			if err != nil {
				return nil, err
			}
			maps.Copy(statuses, some)
		}
		return statuses, nil
	}
	if err != nil {
		return nil, err
	}
	for _, machine := range list.VirtualMachineStatusList {
		statuses[machine.GcServiceCode] = machine.Status
	}
	return statuses, nil
}

// isRefusal says that the API understood who asks, and refuses what is asked.
func isRefusal(err error) bool {
	class := cloud.ClassOf(err)
	return class == cloud.ClassInvalid || class == cloud.ClassNotFound
}
