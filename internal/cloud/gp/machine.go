package gp

import (
	"fmt"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/gpapi"
)

// contractStates are the published states of a contract. What a contract is
// called after its end is not known: the machine's Stop tells.
var contractStates = map[string]cloud.ContractState{
	"InPreparation": cloud.ContractPreparing,
	"InService":     cloud.ContractInService,
}

// powers are the published states of a machine. Source: GP-API manual, page on
// the states of virtual machines.
var powers = map[string]cloud.Power{
	"Initialized":    cloud.PowerBlank,
	"Stopped":        cloud.PowerOff,
	"Starting":       cloud.PowerStarting,
	"Running":        cloud.PowerOn,
	"Stopping":       cloud.PowerStopping,
	"Initializing":   cloud.PowerBusy,
	"Configuring":    cloud.PowerBusy,
	"Cloning":        cloud.PowerBusy,
	"LockForCloning": cloud.PowerBusy,
}

// machineOf turns a contract into a machine, without its power. A date of an end
// that cannot be read makes the contract unknown: it must not be taken for none.
func machineOf(contract gpapi.VirtualMachineContract) cloud.Machine {
	machine := cloud.Machine{
		Code:     contract.GcServiceCode,
		Label:    contract.Label,
		Contract: contractStates[contract.Status],
		Status:   contract.Status,
	}
	if start, err := parseDate(contract.StartDate); err == nil {
		machine.Start = start
	}
	stop, err := parseDate(contract.StopDate)
	if err != nil {
		machine.Contract = cloud.ContractUnknown
		machine.Status = fmt.Sprintf("%s, StopDate %q", contract.Status, contract.StopDate)
	}
	machine.Stop = stop
	return machine
}
