package gpsim

import "time"

func getVirtualMachineStatus(c *call) (fields, *refusal) {
	m, why := c.machineInService(c.text("GcServiceCode"))
	if why != nil {
		return nil, why
	}
	return fields{{"GcServiceCode", m.Code}, {"Status", c.readStatus(m, &m.read.single)}}, nil
}

// getVirtualMachineStatusList answers for the codes that are named, or for all
// machines in service.
func getVirtualMachineStatusList(c *call) (fields, *refusal) {
	machines, why := c.listedMachines()
	if why != nil {
		return nil, why
	}
	statuses := listed(machines, func(_ int, m *machine) fields {
		return fields{{"GcServiceCode", m.Code}, {"Status", c.readStatus(m, &m.read.listed)}}
	})
	return fields{{"GpServiceCode", c.account.GpServiceCode}, {"VirtualMachineStatusList", statuses}}, nil
}

func (c *call) listedMachines() ([]*machine, *refusal) {
	codes := c.list("GcServiceCode")
	if len(codes) == 0 {
		return c.allInService(), nil
	}
	machines := make([]*machine, len(codes))
	for i, code := range codes {
		m, why := c.machineInService(code)
		if why != nil {
			return nil, why
		}
		machines[i] = m
	}
	return machines, nil
}

func (c *call) allInService() []*machine {
	var machines []*machine
	for _, m := range c.estate().machines {
		if m.contract(c.now) == contractInService {
			machines = append(machines, m)
		}
	}
	return machines
}

func describeVirtualMachine(c *call) (fields, *refusal) {
	m, why := c.machineInService(c.text("GcServiceCode"))
	if why != nil {
		return nil, why
	}
	size := machineTypes[m.Type]
	return fields{
		{"GcServiceCode", m.Code},
		{"Status", c.readStatus(m, &m.read.single)},
		{"Label", m.Label},
		{"VirtualMachineType", m.Type},
		{"HostType", hostType},
		{"OS", m.os()},
		{"CPU", size.cpu},
		{"Memory", size.memory},
		{"Disk", machineDisk},
		{"Location", m.Location},
		{"Vlan", m.Vlan},
		{"MobileWebOption", no},
		{"SecureMailOption", no},
		{"GlobalAddress", m.Global.described()},
		{"PrivateAddress", fields{{"IPv4Address", m.Address.String()}, {"NetworkInterface", privateInterface}}},
		{"DiskOptionList", c.diskEntries(m)},
		{"GlobalAddressOptionList", c.addressEntries(m)},
	}, nil
}

func (c *call) diskEntries(m *machine) []fields {
	var entries []fields
	for _, d := range m.currentDisks() {
		if d.contract(c.now) == contractInService {
			entries = append(entries, fields{{"DeviceName", d.Device}, {"Size", diskSizes[d.Space]}})
		}
	}
	return entries
}

func (c *call) addressEntries(m *machine) []fields {
	var entries []fields
	for i, option := range m.currentAddresses() {
		if option.contract(c.now) == contractInService {
			entries = append(entries, option.described(i))
		}
	}
	return entries
}

func startVirtualMachine(c *call) (fields, *refusal) {
	m, why := c.machineIn(c.text("GcServiceCode"), StatusStopped)
	if why != nil {
		return nil, why
	}
	return c.operate(m, StatusStarting, c.options.Delays.Start, StatusRunning), nil
}

// stopVirtualMachine stops a running machine; by force any that has power.
func stopVirtualMachine(c *call) (fields, *refusal) {
	stoppable := stoppableGently
	force, why := c.yesOrNo("Force")
	if why != nil {
		return nil, why
	}
	if force {
		stoppable = stoppableByForce
	}
	m, why := c.machineIn(c.text("GcServiceCode"), stoppable...)
	if why != nil {
		return nil, why
	}
	return c.operate(m, StatusStopping, c.options.Delays.Stop, StatusStopped), nil
}

// rebootVirtualMachine stops a running machine and starts it again.
func rebootVirtualMachine(c *call) (fields, *refusal) {
	m, why := c.machineIn(c.text("GcServiceCode"), StatusRunning)
	if why != nil {
		return nil, why
	}
	off := c.now.Add(c.jittered(c.options.Delays.Stop))
	on := off.Add(c.jittered(c.options.Delays.Start))
	return c.pass(m, moment{StatusStopping, c.now}, moment{StatusStarting, off}, moment{StatusRunning, on}), nil
}

// initializeVirtualMachine wipes a machine: what it was ordered with is all that
// is left.
func initializeVirtualMachine(c *call) (fields, *refusal) {
	m, why := c.machineIn(c.text("GcServiceCode"), StatusStopped)
	if why != nil {
		return nil, why
	}
	if device := c.text("VarDeviceName"); device != "" {
		if _, why := m.disk(device); why != nil {
			return nil, why
		}
	}
	m.Content, m.Source, m.PublicKeys = m.os(), "", nil
	m.Refreshes++
	return c.operate(m, StatusInitializing, c.options.Delays.Clone, StatusInitialized), nil
}

// importRootSSHPublicKey adds a key, also one that is there already; it makes a
// fresh machine startable.
func importRootSSHPublicKey(c *call) (fields, *refusal) {
	m, why := c.machineThatIsOff()
	if why != nil {
		return nil, why
	}
	m.PublicKeys = append(m.PublicKeys, c.text("PublicKey"))
	answer := c.operate(m, StatusConfiguring, c.options.Delays.Configure, StatusStopped)
	return append(answer, field{"PublicKey", c.text("PublicKey")}), nil
}

// resetSetting is what the three actions that reset something on the disk look
// like from outside.
func resetSetting(c *call) (fields, *refusal) {
	m, why := c.machineThatIsOff()
	if why != nil {
		return nil, why
	}
	return c.configure(m), nil
}

// configure lets the machine be configured and return to the status before.
func (c *call) configure(m *machine, more ...field) fields {
	return append(c.operate(m, StatusConfiguring, c.options.Delays.Configure, m.status(c.now)), more...)
}

// operate lets a machine pass through a status for about delay.
func (c *call) operate(m *machine, passing string, delay time.Duration, next string) fields {
	return c.begin(m, passing, c.jittered(delay), next)
}

// begin begins a transition of exactly delay.
func (c *call) begin(m *machine, passing string, delay time.Duration, next string) fields {
	return c.pass(m, moment{passing, c.now}, moment{next, c.now.Add(delay)})
}

// pass lets a machine go through moments, of which the first is now, and gives the
// answer that all operations share.
func (c *call) pass(m *machine, moments ...moment) fields {
	previous := m.status(c.now)
	m.passThrough(c.now, c.options.Delays.StaleRead, moments...)
	m.read.single = cachedRead{}
	for _, moment := range moments {
		c.state.turns.add(moment.Since, m)
	}
	return fields{
		{"GcServiceCode", m.Code},
		{"Current", fields{{"Status", moments[0].Status}}},
		{"Previous", fields{{"Status", previous}}},
	}
}
