package gpsim

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// MachineSpec describes a machine of the fixture. The zero value is a stopped
// V10 of the first account.
type MachineSpec struct {
	Code          string     // like gc00000001; empty: the next free one
	GpServiceCode string     // main contract; empty: that of the first account
	Type          string     // a VirtualMachineType; empty: V10
	Label         string     // free text
	Status        string     // StatusInitialized, StatusStopped (the default) or StatusRunning
	Address       netip.Addr // IPv4; invalid: the next free one of AddressBase
	Location      string     // L (the default) or R
	Content       string     // stands for what is on its disk; empty: its own code
}

// AddMachine seeds a machine whose contract has begun and returns its code and
// private address. When spec names a code that exists already, that machine
// stays as it is: seeding a reopened simulator again changes nothing.
func (s *Sim) AddMachine(spec MachineSpec) (code string, address netip.Addr, err error) {
	spec = s.withSpecDefaults(spec)
	if err := s.checkSpec(spec); err != nil {
		return "", netip.Addr{}, fmt.Errorf("seed machine %q: %w", spec.Code, err)
	}
	saveErr := s.update(func(at instant) { code, address, err = s.seedMachine(spec, at) })
	if err != nil {
		return "", netip.Addr{}, err
	}
	return code, address, saveErr
}

func (s *Sim) withSpecDefaults(spec MachineSpec) MachineSpec {
	if spec.GpServiceCode == "" {
		spec.GpServiceCode = s.options.Accounts[0].GpServiceCode
	}
	if spec.Type == "" {
		spec.Type = "V10"
	}
	if spec.Status == "" {
		spec.Status = StatusStopped
	}
	if spec.Location == "" {
		spec.Location = locationL
	}
	return spec
}

func (s *Sim) checkSpec(spec MachineSpec) error {
	if spec.Code != "" && !isServiceCode(spec.Code, "gc") {
		return errors.New("the code must look like gc00000001")
	}
	if _, known := machineTypes[spec.Type]; !known {
		return fmt.Errorf("type %q: use one of %v", spec.Type, slices.Sorted(maps.Keys(machineTypes)))
	}
	if spec.Address.IsValid() && !spec.Address.Is4() {
		return fmt.Errorf("address %v: use an IPv4 address", spec.Address)
	}
	if spec.Location != locationL && spec.Location != locationR {
		return fmt.Errorf("location %q: use %s or %s", spec.Location, locationL, locationR)
	}
	settled := []string{StatusInitialized, StatusStopped, StatusRunning}
	if !slices.Contains(settled, spec.Status) {
		return fmt.Errorf("status %q: use one of %v", spec.Status, settled)
	}
	return nil
}

func (s *Sim) seedMachine(spec MachineSpec, at instant) (string, netip.Addr, error) {
	if known := s.state.byCode[spec.Code]; known != nil {
		return known.Code, known.Address, nil
	}
	address, err := s.seedAddress(spec.Address)
	if err != nil {
		return "", netip.Addr{}, err
	}
	globals := s.state.newGlobals(1)
	if globals == nil {
		return "", netip.Addr{}, fmt.Errorf("seed machine: the network %v has no address left", globalNetwork)
	}
	if spec.Code == "" {
		spec.Code = s.state.newCode()
	}
	if spec.Content == "" {
		spec.Content = spec.Code
	}
	s.state.addMachine(&machine{
		Code:          spec.Code,
		GpServiceCode: spec.GpServiceCode,
		Type:          spec.Type,
		Label:         spec.Label,
		Location:      spec.Location,
		Address:       address,
		Content:       spec.Content,
		Global:        globals[0],
		OrderedBy:     seeded,
		term:          term{From: at.wall, ReadableAt: at.now, InServiceAt: at.now},
		Timeline:      []moment{{spec.Status, at.now}},
	})
	s.dirty = true
	return spec.Code, address, nil
}

func (s *Sim) seedAddress(wanted netip.Addr) (netip.Addr, error) {
	if !wanted.IsValid() {
		addresses := s.state.newAddresses(s.options.AddressBase, 1)
		if len(addresses) == 0 {
			return netip.Addr{}, fmt.Errorf("seed machine: the network %v has no address left: use a larger AddressBase", s.options.AddressBase)
		}
		return addresses[0], nil
	}
	if m := s.state.byAddress[wanted]; m != nil {
		return netip.Addr{}, fmt.Errorf("seed machine: address %v belongs to %s: use another", wanted, m.Code)
	}
	return wanted, nil
}

// SetContent changes what is on a machine's disk, as its owner would from inside.
// What was cloned from it before stays as it is.
func (s *Sim) SetContent(code, content string) error {
	var err error
	saveErr := s.update(func(instant) {
		m := s.state.byCode[code]
		if m == nil {
			err = fmt.Errorf("set content of machine %s: there is no such machine: seed or order it first", code)
			return
		}
		m.Content = content
		s.dirty = true
	})
	return errors.Join(err, saveErr)
}

// AddFwLb seeds an FW+LB of the first account, single and in service, with pools
// by name. One that exists already stays as it is.
func (s *Sim) AddFwLb(gl string, pools map[string][]netip.AddrPort) error {
	if !isServiceCode(gl, "gl") {
		return fmt.Errorf("seed FW+LB %q: the code must look like gl00000001", gl)
	}
	var err error
	saveErr := s.update(func(at instant) {
		if s.state.balancer(gl) != nil {
			return
		}
		b := &balancer{
			Code: gl, GpServiceCode: s.options.Accounts[0].GpServiceCode, Type: balancerType,
			term: term{From: at.wall, ReadableAt: at.now, InServiceAt: at.now},
		}
		if !s.state.equip(b) {
			err = fmt.Errorf("seed FW+LB %q: the network %v has no address left", gl, globalNetwork)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(pools)) {
			b.Pools = append(b.Pools, &pool{Name: name, Nodes: slices.Clone(pools[name])})
		}
		s.state.addBalancer(b)
		s.dirty = true
	})
	return errors.Join(err, saveErr)
}
