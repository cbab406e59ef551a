package gpsim

import "time"

func echo(c *call) (fields, *refusal) {
	return fields{"Param": c.text("Param")}, nil
}

func getGpServiceCodeList(c *call) (fields, *refusal) {
	return fields{"GpServiceCodeList": []string{c.account.GpServiceCode}}, nil
}

func getServiceCodeList(c *call) (fields, *refusal) {
	machines, balancers := []string{}, []string{}
	for _, m := range c.state.current(c.account.GpServiceCode) {
		machines = append(machines, m.Code)
	}
	for _, b := range c.balancers() {
		balancers = append(balancers, b.Code)
	}
	return fields{
		"CustomerCode":       customerCode,
		"GpServiceCode":      c.account.GpServiceCode,
		"GcServiceCodeList":  machines,
		"GnbServiceCodeList": []string{},
		"GxServiceCodeList":  []string{},
		"GlServiceCodeList":  balancers,
		"GvmServiceCodeList": []string{},
		"GvsServiceCodeList": []string{},
		"GomServiceCodeList": []string{},
	}, nil
}

// getContractInformation answers for the whole main contract, or for the one
// contract that an optional code names.
func getContractInformation(c *call) (fields, *refusal) {
	machines, balancers := []fields{}, []fields{}
	switch {
	case c.text("GcServiceCode") != "":
		m, why := c.machine(c.text("GcServiceCode"))
		if why != nil {
			return nil, why
		}
		machines = append(machines, machineContract(m, c.now))
	case c.text("GlServiceCode") != "":
		b, why := c.balancer()
		if why != nil {
			return nil, why
		}
		balancers = append(balancers, balancerContract(b))
	case c.text("GxServiceCode") != "":
		return nil, notFound("There is no VLAN %s.", c.text("GxServiceCode"))
	default:
		for _, m := range c.state.current(c.account.GpServiceCode) {
			machines = append(machines, machineContract(m, c.now))
		}
		for _, b := range c.balancers() {
			balancers = append(balancers, balancerContract(b))
		}
	}
	return fields{
		"CustomerCode":       customerCode,
		"GpServiceCode":      c.account.GpServiceCode,
		"GpServiceCodeLabel": c.state.GpLabels[c.account.GpServiceCode],
		"Status":             contractInService,
		"StartDate":          dateText(c.state.Since),
		"StopDate":           "",
		"VirtualMachineList": machines,
		"FWLBOptionList":     balancers,
		"VLANOptionList":     []fields{},
		"NASBOptionList":     []fields{},
		"VPNTypeMOptionList": []fields{},
		"VPNTypeSOptionList": []fields{},
		"SMMOptionList":      []fields{},
	}, nil
}

func machineContract(m *machine, now time.Time) fields {
	return fields{
		"GcServiceCode":           m.Code,
		"Label":                   m.Label,
		"Status":                  m.contract(now),
		"StartDate":               dateText(m.From),
		"StopDate":                m.StopDate,
		"DiskOptionList":          []fields{},
		"GlobalAddressOptionList": []fields{},
		"MobileWebOptionList":     []fields{},
		"SecureMailOptionList":    []fields{},
	}
}

func balancerContract(b *balancer) fields {
	return fields{
		"GlServiceCode": b.Code,
		"Label":         b.Label,
		"Status":        contractInService,
		"StartDate":     dateText(b.From),
		"StopDate":      "",
	}
}

// balancers lists the caller's FW+LB options.
func (c *call) balancers() []*balancer {
	var own []*balancer
	for _, b := range c.state.Balancers {
		if b.GpServiceCode == c.account.GpServiceCode {
			own = append(own, b)
		}
	}
	return own
}

// getContractStatus refuses a contract that was ordered a moment ago, as the
// real service does.
func getContractStatus(c *call) (fields, *refusal) {
	switch {
	case c.text("DiskDeviceName") != "" || c.text("IPv4Address") != "":
		return nil, notFound("There is no such disk or address option.")
	case c.text("GcServiceCode") != "":
		m, why := c.machine(c.text("GcServiceCode"))
		if why != nil {
			return nil, why
		}
		if c.now.Before(m.ReadableAt) {
			return nil, wrongState("The contract %s cannot be read yet.", m.Code)
		}
		return fields{"GpServiceCode": m.GpServiceCode, "GcServiceCode": m.Code, "Status": m.contract(c.now)}, nil
	case c.text("GlServiceCode") != "":
		b, why := c.balancer()
		if why != nil {
			return nil, why
		}
		return fields{"GpServiceCode": b.GpServiceCode, "GlServiceCode": b.Code, "Status": contractInService}, nil
	case c.text("GxServiceCode") != "":
		return nil, notFound("There is no VLAN %s.", c.text("GxServiceCode"))
	default:
		return nil, invalid("One of GcServiceCode, GlServiceCode and GxServiceCode is required.")
	}
}

// setLabel labels the main contract, a machine in service or an FW+LB.
func setLabel(c *call) (fields, *refusal) {
	code, label := c.text("ServiceCode"), c.text("Label")
	if code == c.account.GpServiceCode {
		c.state.GpLabels[code] = label
		return fields{"GpServiceCode": code, "Label": label}, nil
	}
	if b := c.state.balancer(code); b != nil && b.GpServiceCode == c.account.GpServiceCode {
		b.Label = label
		return fields{"GlServiceCode": code, "Label": label}, nil
	}
	m, why := c.machineInService(code)
	if why != nil {
		return nil, why
	}
	m.Label = label
	return fields{"GcServiceCode": code, "Label": label}, nil
}
