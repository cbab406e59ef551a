package gpsim

import (
	"net/netip"
	"slices"
)

// order is what every order of machines says.
type order struct {
	machineType string
	locations   []string // one per machine
	addresses   []netip.Addr
	globals     []globalAddress
}

// order reads an order and reserves its addresses.
func (c *call) order() (order, *refusal) {
	locations, why := c.locations()
	if why != nil {
		return order{}, why
	}
	machineType, why := c.machineType()
	if why != nil {
		return order{}, why
	}
	if owned := len(c.estate().machines); owned+len(locations) > c.options.MaxMachines {
		return order{}, overQuota("%s has %d of at most %d virtual machines.", c.account.GpServiceCode, owned, c.options.MaxMachines)
	}
	if why := c.checkCapacity(locations); why != nil {
		return order{}, why
	}
	addresses := c.state.newAddresses(c.options.AddressBase, len(locations))
	if len(addresses) < len(locations) {
		return order{}, overQuota("The private network %v has no address left.", c.options.AddressBase)
	}
	globals := c.state.newGlobals(len(locations))
	if globals == nil {
		return order{}, noGlobalAddress()
	}
	return order{machineType, locations, addresses, globals}, nil
}

// machines makes the machines of an order, as far as all orders make them alike.
func (c *call) machines(o order) []*machine {
	machines := make([]*machine, len(o.locations))
	for i := range machines {
		machines[i] = &machine{
			Code:          c.state.newCode(),
			GpServiceCode: c.account.GpServiceCode,
			Type:          o.machineType,
			Location:      o.locations[i],
			Address:       o.addresses[i],
			Global:        o.globals[i],
			OrderedBy:     c.account.AccessKey,
			OrderID:       c.requestID,
			term:          c.newTerm(),
		}
	}
	return machines
}

// add lets the machines of an order begin, and lists their codes.
func (c *call) add(machines []*machine) []string {
	for _, m := range machines {
		c.state.addMachine(m)
	}
	return codes(machines, func(m *machine) string { return m.Code })
}

func (c *call) machineType() (string, *refusal) {
	machineType := c.text("VirtualMachineType")
	if _, known := machineTypes[machineType]; !known {
		return "", invalid("There is no VirtualMachineType %q.", machineType)
	}
	return machineType, nil
}

// addVirtualMachines buys ContractNum machines with a fresh disk, at will with
// additional disks and addresses. They need a key before they can be started.
func addVirtualMachines(c *call) (fields, *refusal) {
	if !operatingSystems.MatchString(c.text("OS")) {
		return nil, invalid("There is no OS %q.", c.text("OS"))
	}
	disks := c.list("DiskOption", ".DiskSpace")
	if why := checkDisks(disks, nil); why != nil {
		return nil, why
	}
	count := 0
	if c.text("GlobalAddressOptionNum") != "" {
		var why *refusal
		if count, why = c.integer("GlobalAddressOptionNum", 1, maxGlobalAddresses); why != nil {
			return nil, why
		}
	}
	o, why := c.order()
	if why != nil {
		return nil, why
	}
	globals := c.state.newGlobals(count * len(o.locations))
	if globals == nil {
		return nil, noGlobalAddress()
	}
	machines := c.machines(o)
	for i, m := range machines {
		m.OS, m.Content = c.text("OS"), c.text("OS")
		m.Timeline = []moment{{StatusInitializing, c.now}, {StatusInitialized, m.InServiceAt}}
		for _, space := range disks {
			c.addDisk(m, space, m.term)
		}
		c.addAddresses(m, globals[count*i:count*(i+1)], m.term)
	}
	return fields{{"GpServiceCode", c.account.GpServiceCode}, {"GcServiceCodeList", c.add(machines)}}, nil
}

// addCloneVirtualMachines buys ContractNum machines. The codes are given at
// once, the contracts begin later, and the source is locked meanwhile.
func addCloneVirtualMachines(c *call) (fields, *refusal) {
	source, why := c.cloneSource()
	if why != nil {
		return nil, why
	}
	o, why := c.order()
	if why != nil {
		return nil, why
	}
	jobTime := c.jittered(c.options.Delays.Clone)
	c.begin(source, StatusLockForCloning, jobTime, StatusStopped)
	clones := c.machines(o)
	for _, m := range clones {
		over := c.now.Add(jobTime)
		m.Timeline = []moment{{StatusCloning, c.now}, {c.options.CloneLanding, over}}
		if m.InServiceAt.Before(over) { // the demo goes on at InService, and its clones are not Cloning then
			m.InServiceAt = over
		}
		m.overwrite(source)
		if slices.Contains(c.options.CloneInherits, InheritLabel) {
			m.Label = source.Label
		}
		if slices.Contains(c.options.CloneInherits, InheritFwLbs) {
			m.FwLbs = slices.Clone(source.FwLbs)
		}
	}
	return fields{
		{"GpServiceCode", c.account.GpServiceCode},
		{"SrcGcServiceCode", source.Code},
		{"GcServiceCodeList", c.add(clones)},
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

// changeVirtualMachineType changes the plan of a machine, which is off afterwards.
func changeVirtualMachineType(c *call) (fields, *refusal) {
	m, why := c.machineIn(c.text("GcServiceCode"), StatusInitialized, StatusStopped, StatusRunning)
	if why != nil {
		return nil, why
	}
	machineType, why := c.machineType()
	if why != nil {
		return nil, why
	}
	next := m.status(c.now)
	if next == StatusRunning {
		next = StatusStopped
	}
	m.Type = machineType
	c.operate(m, StatusConfiguring, c.options.Delays.Configure, next)
	return fields{{"GcServiceCode", m.Code}, {"VirtualMachineType", m.Type}}, nil
}

// deleteVirtualMachine records the day with which the contract ends.
func deleteVirtualMachine(c *call) (fields, *refusal) {
	m, why := c.machine(c.text("GcServiceCode"))
	if why == nil {
		why = c.stop(m, m.Code)
	}
	if why != nil {
		return nil, why
	}
	return fields{{"GcServiceCode", m.Code}, {"StopDate", m.StopDate}}, nil
}
