package gpsim

import "strings"

// disk is an additional disk of a machine.
type disk struct {
	Device string `json:"device"` // like /dev/xvdb
	Space  string `json:"space"`  // a DiskSpace
	term
}

func addDiskOption(c *call) (fields, *refusal) {
	m, why := c.machineInService(c.text("GcServiceCode"))
	if why != nil {
		return nil, why
	}
	space := c.text("DiskSpace")
	if why := checkDisks([]string{space}, m.currentDisks()); why != nil {
		return nil, why
	}
	c.addDisk(m, space, c.newTerm())
	return fields{{"GcServiceCode", m.Code}, {"DiskSpace", space}}, nil
}

func deleteDiskOption(c *call) (fields, *refusal) {
	m, why := c.machineInService(c.text("GcServiceCode"))
	if why != nil {
		return nil, why
	}
	d, why := m.disk(c.text("DiskDeviceName"))
	if why == nil {
		why = c.stop(d, m.Code+" "+d.Device)
	}
	if why != nil {
		return nil, why
	}
	return fields{{"GcServiceCode", m.Code}, {"DiskDeviceName", d.Device}, {"StopDate", d.StopDate}}, nil
}

// checkDisks refuses spaces that are not sold, and more disks than a machine
// takes that has current ones.
func checkDisks(spaces []string, current []*disk) *refusal {
	for _, space := range spaces {
		if _, sold := diskSizes[space]; !sold {
			return invalid("There is no DiskSpace %q.", space)
		}
	}
	if len(current)+len(spaces) > maxDisks {
		return overQuota("A virtual machine takes at most %d additional disks.", maxDisks)
	}
	return nil
}

// addDisk gives the machine a disk under the first device name that is free.
func (c *call) addDisk(m *machine, space string, t term) {
	for letter := 'b'; ; letter++ {
		device := diskDevice + string(letter)
		if _, free := m.disk(device); free == nil {
			continue
		}
		d := &disk{Device: device, Space: space, term: t}
		m.Disks = append(m.Disks, d)
		return
	}
}

// currentDisks are the additional disks whose contracts have not ended.
func (m *machine) currentDisks() []*disk {
	var current []*disk
	for _, d := range m.Disks {
		if !d.ended() {
			current = append(current, d)
		}
	}
	return current
}

// disk finds a disk by its device name, in either of the two families of names.
func (m *machine) disk(device string) (*disk, *refusal) {
	wanted := strings.Replace(device, "/dev/sd", diskDevice, 1)
	for _, d := range m.currentDisks() {
		if d.Device == wanted {
			return d, nil
		}
	}
	return nil, notFound("The virtual machine %s has no disk %s.", m.Code, device)
}
