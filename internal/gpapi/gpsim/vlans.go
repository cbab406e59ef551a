package gpsim

// vlan is a VLAN option.
type vlan struct {
	Code          string `json:"code"`
	GpServiceCode string `json:"gp_service_code"`
	term
}

func addVlanOption(c *call) (fields, *refusal) {
	if owned := len(c.estate().vlans); owned >= maxVlans {
		return nil, overQuota("%s has %d of at most %d VLANs.", c.account.GpServiceCode, owned, maxVlans)
	}
	v := &vlan{
		Code:          unusedCode("gx", &c.state.NextGxCode, c.state.byGxCode),
		GpServiceCode: c.account.GpServiceCode,
		term:          c.newTerm(),
	}
	c.state.Vlans = append(c.state.Vlans, v)
	c.state.indexVlan(v)
	return fields{{"GpServiceCode", v.GpServiceCode}, {"GxServiceCode", v.Code}}, nil
}

func deleteVlanOption(c *call) (fields, *refusal) {
	v, why := c.vlan()
	if why == nil {
		why = c.stop(v, v.Code)
	}
	if why != nil {
		return nil, why
	}
	return fields{{"GxServiceCode", v.Code}, {"StopDate", v.StopDate}}, nil
}

// end takes the VLAN from its machines.
func (v *vlan) end(s *state, _ instant) {
	e := s.estate(v.GpServiceCode)
	for _, m := range e.machines {
		if m.Vlan == v.Code {
			m.Vlan = ""
		}
	}
	e.vlans = removed(e.vlans, v)
}

func (s *state) indexVlan(v *vlan) {
	s.byGxCode[v.Code] = v
	if v.ended() {
		return
	}
	e := s.estate(v.GpServiceCode)
	e.vlans = append(e.vlans, v)
	s.expect(v)
}

// vlan finds the caller's VLAN that the call names.
func (c *call) vlan() (*vlan, *refusal) {
	code := c.text("GxServiceCode")
	v := c.state.byGxCode[code]
	if v == nil || v.GpServiceCode != c.account.GpServiceCode || v.ended() {
		return nil, notFound("There is no VLAN %s.", code)
	}
	return v, nil
}

func attachVlan(c *call) (fields, *refusal) {
	m, v, why := c.machineAndVlan()
	if why != nil {
		return nil, why
	}
	if m.Vlan != "" {
		return nil, alreadyThere("The virtual machine %s is attached to %s already.", m.Code, m.Vlan)
	}
	m.Vlan = v.Code
	return c.configure(m, field{"GxServiceCode", v.Code}), nil
}

func detachVlan(c *call) (fields, *refusal) {
	m, v, why := c.machineAndVlan()
	if why != nil {
		return nil, why
	}
	if m.Vlan != v.Code {
		return nil, notThere("The virtual machine %s is not attached to %s.", m.Code, v.Code)
	}
	m.Vlan = ""
	return c.configure(m, field{"GxServiceCode", v.Code}), nil
}

func (c *call) machineAndVlan() (*machine, *vlan, *refusal) {
	v, why := c.vlan()
	if why == nil {
		why = c.inService(&v.term, v.Code)
	}
	if why != nil {
		return nil, nil, why
	}
	m, why := c.machineThatIsOff()
	return m, v, why
}
