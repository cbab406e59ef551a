package gpsim

func echo(c *call) (fields, *refusal) {
	return fields{{"Param", c.text("Param")}}, nil
}

func getGpServiceCodeList(c *call) (fields, *refusal) {
	return fields{{"GpServiceCodeList", []string{c.account.GpServiceCode}}}, nil
}

func getServiceCodeList(c *call) (fields, *refusal) {
	e := c.estate()
	return fields{
		{"CustomerCode", customerCode},
		{"GpServiceCode", c.account.GpServiceCode},
		{"GcServiceCodeList", codes(e.machines, func(m *machine) string { return m.Code })},
		{"GnbServiceCodeList", []string{}},
		{"GxServiceCodeList", codes(e.vlans, func(v *vlan) string { return v.Code })},
		{"GlServiceCodeList", codes(e.balancers, func(b *balancer) string { return b.Code })},
		{"GvmServiceCodeList", []string{}},
		{"GvsServiceCodeList", []string{}},
		{"GomServiceCodeList", []string{}},
	}, nil
}

func codes[T any](all []T, code func(T) string) []string {
	codes := make([]string, len(all))
	for i, one := range all {
		codes[i] = code(one)
	}
	return codes
}

// getContractInformation answers for the whole main contract, or for the one
// contract that an optional code names.
func getContractInformation(c *call) (fields, *refusal) {
	e, why := c.namedEstate()
	if why != nil {
		return nil, why
	}
	return fields{
		{"CustomerCode", customerCode},
		{"GpServiceCode", c.account.GpServiceCode},
		{"GpServiceCodeLabel", c.state.GpLabels[c.account.GpServiceCode]},
		{"Status", contractInService},
		{"StartDate", dateText(c.state.Since)},
		{"StopDate", ""},
		{"VirtualMachineList", listed(e.machines, func(_ int, m *machine) fields { return c.machineContract(m) })},
		{"FWLBOptionList", listed(e.balancers, func(_ int, b *balancer) fields {
			return append(fields{{"GlServiceCode", b.Code}, {"Label", b.Label}}, b.term.facts(c.now)...)
		})},
		{"VLANOptionList", listed(e.vlans, func(_ int, v *vlan) fields {
			return append(fields{{"GxServiceCode", v.Code}}, v.facts(c.now)...)
		})},
		{"NASBOptionList", []fields{}},
		{"VPNTypeMOptionList", []fields{}},
		{"VPNTypeSOptionList", []fields{}},
		{"SMMOptionList", []fields{}},
	}, nil
}

// namedEstate is what the call asks about.
func (c *call) namedEstate() (*estate, *refusal) {
	switch {
	case c.text("GcServiceCode") != "":
		m, why := c.machine(c.text("GcServiceCode"))
		return &estate{machines: []*machine{m}}, why
	case c.text("GlServiceCode") != "":
		b, why := c.balancer()
		return &estate{balancers: []*balancer{b}}, why
	case c.text("GxServiceCode") != "":
		v, why := c.vlan()
		return &estate{vlans: []*vlan{v}}, why
	default:
		return c.estate(), nil
	}
}

func (c *call) machineContract(m *machine) fields {
	return append(append(make(fields, 0, 9), // one allocation for each of many machines
		field{"GcServiceCode", m.Code},
		field{"Label", m.Label},
		field{"DiskOptionList", listed(m.currentDisks(), func(_ int, d *disk) fields {
			return append(fields{{"DeviceName", d.Device}}, d.facts(c.now)...)
		})},
		field{"GlobalAddressOptionList", listed(m.currentAddresses(), func(_ int, option *addressOption) fields {
			return append(fields{{"Ipv4Address", option.IPv4.String()}}, option.facts(c.now)...) // the API spells it so only here
		})},
		field{"MobileWebOptionList", noFields},
		field{"SecureMailOptionList", noFields},
	), m.facts(c.now)...)
}

var noFields = []fields{}

// getContractStatus refuses a contract that was ordered a moment ago, as the
// real service does.
func getContractStatus(c *call) (fields, *refusal) {
	target, t, why := c.contractTarget()
	if why != nil {
		return nil, why
	}
	if why := c.readable(t, c.text(target)); why != nil {
		return nil, why
	}
	var answer fields
	for _, name := range []string{"GcServiceCode", "GlServiceCode", "GxServiceCode", "DiskDeviceName", "IPv4Address"} {
		if c.text(name) != "" {
			answer = append(answer, field{name, c.text(name)})
		}
	}
	return append(answer, field{"Status", t.contract(c.now)}), nil
}

// contractTarget finds the contract that the call names, and the parameter that
// does so.
func (c *call) contractTarget() (string, *term, *refusal) {
	switch {
	case c.text("GcServiceCode") != "":
		return c.machineTarget()
	case c.text("GlServiceCode") != "":
		b, why := c.balancer()
		if why != nil {
			return "", nil, why
		}
		return "GlServiceCode", &b.term, nil
	case c.text("GxServiceCode") != "":
		v, why := c.vlan()
		if why != nil {
			return "", nil, why
		}
		return "GxServiceCode", &v.term, nil
	default:
		return "", nil, invalid("One of GcServiceCode, GlServiceCode and GxServiceCode is required.")
	}
}

// machineTarget finds a machine's contract, or that of its disk or address.
func (c *call) machineTarget() (string, *term, *refusal) {
	m, why := c.machine(c.text("GcServiceCode"))
	if why != nil {
		return "", nil, why
	}
	switch {
	case c.text("DiskDeviceName") != "":
		d, why := m.disk(c.text("DiskDeviceName"))
		if why != nil {
			return "", nil, why
		}
		return "DiskDeviceName", &d.term, nil
	case c.text("IPv4Address") != "":
		option, why := m.addressOption(c.text("IPv4Address"))
		if why != nil {
			return "", nil, why
		}
		return "IPv4Address", &option.term, nil
	default:
		return "GcServiceCode", &m.term, nil
	}
}

// setLabel labels the main contract, a machine in service or an FW+LB.
func setLabel(c *call) (fields, *refusal) {
	code, label := c.text("ServiceCode"), c.text("Label")
	if code == c.account.GpServiceCode {
		c.state.GpLabels[code] = label
		return fields{{"GpServiceCode", code}, {"Label", label}}, nil
	}
	if b := c.state.balancer(code); b != nil && b.GpServiceCode == c.account.GpServiceCode && !b.ended() {
		b.Label = label
		return fields{{"GlServiceCode", code}, {"Label", label}}, nil
	}
	m, why := c.machineInService(code)
	if why != nil {
		return nil, why
	}
	m.Label = label
	return fields{{"GcServiceCode", code}, {"Label", label}}, nil
}
