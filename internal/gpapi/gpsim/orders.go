package gpsim

import (
	"net/netip"
	"slices"
)

// addCloneVirtualMachines buys ContractNum machines. The codes are given at
// once, the contracts begin later, and the source is locked meanwhile.
func addCloneVirtualMachines(c *call) (fields, *refusal) {
	source, why := c.cloneSource()
	if why != nil {
		return nil, why
	}
	locations, why := c.locations()
	if why != nil {
		return nil, why
	}
	machineType := c.text("VirtualMachineType")
	if _, known := machineTypes[machineType]; !known {
		return nil, invalid("There is no VirtualMachineType %q.", machineType)
	}
	if owned := len(c.state.current(c.account.GpServiceCode)); owned+len(locations) > c.options.MaxMachines {
		return nil, overQuota("%s has %d of at most %d virtual machines.", c.account.GpServiceCode, owned, c.options.MaxMachines)
	}
	addresses := c.state.newAddresses(c.options.AddressBase, len(locations))
	if len(addresses) < len(locations) {
		return nil, overQuota("The private network %v has no address left.", c.options.AddressBase)
	}
	return fields{
		"GpServiceCode":     c.account.GpServiceCode,
		"SrcGcServiceCode":  source.Code,
		"GcServiceCodeList": c.clone(source, machineType, addresses, locations),
	}, nil
}

// locations says where each ordered machine goes: as many to L and R as asked for,
// the others to L and R by turns.
func (c *call) locations() ([]string, *refusal) {
	count, why := c.integer("ContractNum", 1, maxContractNum)
	if why != nil {
		return nil, why
	}
	left, why := c.integer("LLocationNum", 0, count)
	if why != nil {
		return nil, why
	}
	right, why := c.integer("RLocationNum", 0, count-left)
	if why != nil {
		return nil, why
	}
	locations := slices.Concat(slices.Repeat([]string{locationL}, left), slices.Repeat([]string{locationR}, right))
	for len(locations) < count {
		locations = append(locations, c.nextLocation(len(locations)))
	}
	return locations, nil
}

// nextLocation is the one whose turn it is, after so many machines more than there
// ever were.
func (c *call) nextLocation(more int) string {
	if (len(c.state.Machines)+more)%2 == 0 {
		return locationL
	}
	return locationR
}

// clone makes one machine per address and locks the source for as long as the
// clone job takes.
func (c *call) clone(source *machine, machineType string, addresses []netip.Addr, locations []string) []string {
	jobTime := c.jittered(c.options.Delays.Clone)
	c.begin(source, StatusLockForCloning, jobTime, StatusStopped)
	codes := make([]string, len(addresses))
	for i, address := range addresses {
		m := &machine{
			Code:          c.state.newCode(),
			GpServiceCode: c.account.GpServiceCode,
			Type:          machineType,
			Location:      locations[i],
			Address:       address,
			OrderedBy:     c.account.AccessKey,
			OrderID:       c.requestID,
			From:          c.wall,
			ReadableAt:    c.now.Add(c.jittered(c.options.Delays.EarlyStatus)),
			InServiceAt:   c.now.Add(c.jittered(c.options.Delays.Prepare)),
			Timeline:      []moment{{StatusCloning, c.now}, {c.options.CloneLanding, c.now.Add(jobTime)}},
		}
		m.overwrite(source)
		if cloneInheritsLabel {
			m.Label = source.Label
		}
		c.state.addMachine(m)
		codes[i] = m.Code
	}
	return codes
}

// deleteVirtualMachine records the day with which the contract ends.
func deleteVirtualMachine(c *call) (fields, *refusal) {
	m, why := c.machineInService(c.text("GcServiceCode"))
	if why != nil {
		return nil, why
	}
	stopDate := c.text("StopDate")
	end, err := endOfDay(stopDate)
	if err != nil {
		return nil, invalid("The parameter StopDate must look like 20131030.")
	}
	if isOver(stopDate, c.wall) {
		return nil, invalid("The StopDate %s has passed.", stopDate)
	}
	if m.StopDate != "" {
		return nil, wrongState("The contract %s ends on %s already.", m.Code, m.StopDate)
	}
	m.StopDate = stopDate
	c.state.ends.add(end, m)
	return fields{"GcServiceCode": m.Code, "StopDate": stopDate}, nil
}
