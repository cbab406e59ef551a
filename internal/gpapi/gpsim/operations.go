package gpsim

import (
	"slices"
	"time"
)

// shownStatus is the status that reading actions show: an old one, by StaleRead.
func (c *call) shownStatus(m *machine) string {
	return m.status(c.now.Add(-c.options.Delays.StaleRead))
}

func getVirtualMachineStatus(c *call) (fields, *refusal) {
	m, why := c.machineInService(c.text("GcServiceCode"))
	if why != nil {
		return nil, why
	}
	return fields{"GcServiceCode": m.Code, "Status": c.shownStatus(m)}, nil
}

// getVirtualMachineStatusList answers for the codes that are named, or for all
// machines in service.
func getVirtualMachineStatusList(c *call) (fields, *refusal) {
	machines, why := c.listedMachines()
	if why != nil {
		return nil, why
	}
	statuses := []fields{}
	for _, m := range machines {
		statuses = append(statuses, fields{"GcServiceCode": m.Code, "Status": c.shownStatus(m)})
	}
	return fields{"GpServiceCode": c.account.GpServiceCode, "VirtualMachineStatusList": statuses}, nil
}

func (c *call) listedMachines() ([]*machine, *refusal) {
	codes := c.list("GcServiceCode")
	if len(codes) == 0 {
		return slices.DeleteFunc(c.state.current(c.account.GpServiceCode), func(m *machine) bool {
			return m.contract(c.now) != contractInService
		}), nil
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

func describeVirtualMachine(c *call) (fields, *refusal) {
	m, why := c.machineInService(c.text("GcServiceCode"))
	if why != nil {
		return nil, why
	}
	size := machineTypes[m.Type]
	return fields{
		"GcServiceCode":      m.Code,
		"Status":             c.shownStatus(m),
		"Label":              m.Label,
		"VirtualMachineType": m.Type,
		"HostType":           hostType,
		"OS":                 machineOS,
		"CPU":                size.cpu,
		"Memory":             size.memory,
		"Disk":               machineDisk,
		"Location":           m.Location,
		"Vlan":               "",
		"MobileWebOption":    no,
		"SecureMailOption":   no,
		"PrivateAddress":     fields{"IPv4Address": m.Address.String(), "NetworkInterface": privateNetwork},
		"GlobalAddress": fields{
			"IPv4Address": "", "IPv4DomainName": "", "IPv6Enabled": no, "IPv6Address": "", "NetworkInterface": "",
		},
		"DiskOptionList":          []fields{},
		"GlobalAddressOptionList": []fields{},
	}, nil
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
	stoppable := []string{StatusRunning}
	switch c.text("Force") {
	case "", "No":
	case "Yes":
		stoppable = []string{StatusStarting, StatusRunning, StatusStopping}
	default:
		return nil, invalid("The parameter Force must be Yes or No.")
	}
	m, why := c.machineIn(c.text("GcServiceCode"), stoppable...)
	if why != nil {
		return nil, why
	}
	return c.operate(m, StatusStopping, c.options.Delays.Stop, StatusStopped), nil
}

// importRootSSHPublicKey adds a key, also one that is there already; it makes a
// fresh machine startable.
func importRootSSHPublicKey(c *call) (fields, *refusal) {
	m, why := c.machineIn(c.text("GcServiceCode"), StatusInitialized, StatusStopped)
	if why != nil {
		return nil, why
	}
	m.PublicKeys = append(m.PublicKeys, c.text("PublicKey"))
	answer := c.operate(m, StatusConfiguring, c.options.Delays.Configure, StatusStopped)
	answer["PublicKey"] = c.text("PublicKey")
	return answer, nil
}

func attachFwLb(c *call) (fields, *refusal) {
	m, b, why := c.machineAndBalancer()
	if why != nil {
		return nil, why
	}
	if slices.Contains(m.FwLbs, b.Code) {
		return nil, alreadyThere("The virtual machine %s is attached to %s already.", m.Code, b.Code)
	}
	m.FwLbs = append(m.FwLbs, b.Code)
	return c.reattached(m, b), nil
}

func detachFwLb(c *call) (fields, *refusal) {
	m, b, why := c.machineAndBalancer()
	if why != nil {
		return nil, why
	}
	if !slices.Contains(m.FwLbs, b.Code) {
		return nil, notThere("The virtual machine %s is not attached to %s.", m.Code, b.Code)
	}
	m.FwLbs = slices.DeleteFunc(m.FwLbs, func(code string) bool { return code == b.Code })
	return c.reattached(m, b), nil
}

func (c *call) machineAndBalancer() (*machine, *balancer, *refusal) {
	b, why := c.balancer()
	if why != nil {
		return nil, nil, why
	}
	m, why := c.machineIn(c.text("GcServiceCode"), StatusInitialized, StatusStopped)
	return m, b, why
}

// reattached lets the machine be configured and return to the status before.
func (c *call) reattached(m *machine, b *balancer) fields {
	answer := c.operate(m, StatusConfiguring, c.options.Delays.Configure, m.status(c.now))
	answer["GlServiceCode"] = b.Code
	return answer
}

// operate lets a machine pass through a status for about delay.
func (c *call) operate(m *machine, passing string, delay time.Duration, next string) fields {
	return c.begin(m, passing, c.jittered(delay), next)
}

// begin begins a transition and gives the answer that all operations share.
func (c *call) begin(m *machine, passing string, delay time.Duration, next string) fields {
	previous := m.status(c.now)
	m.passThrough(c.now, passing, delay, next, c.options.Delays.StaleRead)
	c.state.turns.add(c.now, m)
	c.state.turns.add(c.now.Add(delay), m)
	return fields{
		"GcServiceCode": m.Code,
		"Current":       fields{"Status": passing},
		"Previous":      fields{"Status": previous},
	}
}
