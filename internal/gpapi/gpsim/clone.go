package gpsim

// cloneVirtualMachine overwrites a machine that is there with the disk of another.
// Both are busy for as long as the clone job takes.
func cloneVirtualMachine(c *call) (fields, *refusal) {
	for _, name := range []string{"GpServiceCode", "DestGpServiceCode"} {
		if gp := c.text(name); gp != "" && gp != c.account.GpServiceCode {
			return nil, forbidden("This key may not operate %s.", gp)
		}
	}
	source, why := c.cloneSource()
	if why != nil {
		return nil, why
	}
	destination, why := c.machineIn(c.text("DestGcServiceCode"), StatusStopped)
	if why != nil {
		return nil, why
	}
	if destination == source {
		return nil, invalid("The virtual machine %s cannot be cloned onto itself.", source.Code)
	}
	destination.overwrite(source)
	destination.Refreshes++
	jobTime := c.jittered(c.options.Delays.Clone)
	return fields{
		{"Source", c.begin(source, StatusLockForCloning, jobTime, StatusStopped)},
		{"Destination", c.begin(destination, StatusCloning, jobTime, c.options.CloneLanding)},
	}, nil
}

// cloneSource finds the source of a clone job: a machine of the caller that is
// off, and not busy with another job.
func (c *call) cloneSource() (*machine, *refusal) {
	if gp := c.text("SrcGpServiceCode"); gp != "" && gp != c.account.GpServiceCode {
		return nil, forbidden("This key may not operate %s.", gp)
	}
	return c.machineIn(c.text("SrcGcServiceCode"), StatusStopped)
}

// overwrite gives the machine the content that the source has now.
func (m *machine) overwrite(source *machine) {
	m.Content, m.Source, m.PublicKeys, m.OS = source.Content, source.Code, nil, source.OS
}
