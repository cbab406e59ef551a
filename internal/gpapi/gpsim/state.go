package gpsim

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// state is all that a state file holds.
type state struct {
	Version     int               `json:"version"`
	Since       time.Time         `json:"since"` // wall time at which the main contracts began
	Machines    []*machine        `json:"machines"`
	Balancers   []*balancer       `json:"balancers"`
	Vlans       []*vlan           `json:"vlans,omitempty"`
	GpLabels    map[string]string `json:"gp_labels"`
	NextCode    int               `json:"next_code"`    // number of the last given machine code
	NextGlCode  int               `json:"next_gl_code"` // number of the last given FW+LB code
	NextGxCode  int               `json:"next_gx_code"` // number of the last given VLAN code
	NextAddress uint32            `json:"next_address"` // distance of the last given address from the base
	NextGlobal  uint32            `json:"next_global"`  // distance of the last given global address from the first
	Calls       []Call            `json:"calls"`
	CallCounts  map[string]int    `json:"call_counts"`

	// What follows is not in the file: it is found again from what is.
	byCode    map[string]*machine
	byAddress map[netip.Addr]*machine
	byGlCode  map[string]*balancer
	byGxCode  map[string]*vlan
	estates   map[string]*estate // by main contract
	turns     agenda[*machine]   // when machines change their status, by the instants' now
	ends      agenda[bought]     // when contracts are over, by the instants' wall
	untold    []poolNews         // what the hooks do not know yet of pools
}

// estate is what one main contract has now, in the order of the orders.
type estate struct {
	machines  []*machine
	balancers []*balancer
	vlans     []*vlan
}

const stateVersion = 1

func newState(wall time.Time) *state {
	s := &state{
		Version:    stateVersion,
		Since:      wall,
		GpLabels:   map[string]string{},
		Calls:      []Call{},
		CallCounts: map[string]int{},
	}
	s.openIndexes()
	return s
}

func (s *state) openIndexes() {
	s.byCode = make(map[string]*machine, len(s.Machines))
	s.byAddress = make(map[netip.Addr]*machine, len(s.Machines))
	s.byGlCode = map[string]*balancer{}
	s.byGxCode = map[string]*vlan{}
	s.estates = map[string]*estate{}
}

func (s *state) addMachine(m *machine) {
	s.Machines = append(s.Machines, m)
	s.index(m)
}

func (s *state) index(m *machine) {
	s.byCode[m.Code], s.byAddress[m.Address] = m, m
	for _, moment := range m.Timeline {
		s.turns.add(moment.Since, m)
	}
	if m.ended() {
		return
	}
	e := s.estate(m.GpServiceCode)
	e.machines = append(e.machines, m)
	s.expect(m)
	for _, d := range m.Disks {
		s.expect(d)
	}
	for _, a := range m.More {
		s.expect(a)
	}
}

// expect notes when a contract is over that has a StopDate.
func (s *state) expect(what bought) {
	t := what.contractTerm()
	if end, err := endOfDay(t.StopDate); err == nil && !t.ended() {
		s.ends.add(end, what)
	}
}

func (s *state) estate(gp string) *estate {
	if s.estates[gp] == nil {
		s.estates[gp] = &estate{}
	}
	return s.estates[gp]
}

func removed[T comparable](list []T, one T) []T {
	return slices.DeleteFunc(list, func(other T) bool { return other == one })
}

// newCode gives a machine code that was never used.
func (s *state) newCode() string {
	return unusedCode("gc", &s.NextCode, s.byCode)
}

// unusedCode gives the code after the last that is in no use yet.
func unusedCode[T any](prefix string, last *int, used map[string]T) string {
	for {
		*last++
		code := fmt.Sprintf("%s%08d", prefix, *last)
		if _, taken := used[code]; !taken {
			return code
		}
	}
}

// newAddresses gives count addresses of the base that were never used; fewer
// when the network has no more.
func (s *state) newAddresses(base netip.Prefix, count int) []netip.Addr {
	var addresses []netip.Addr
	for len(addresses) < count {
		address, ok := nthAddress(base, s.NextAddress+1)
		if !ok {
			break
		}
		s.NextAddress++
		if s.byAddress[address] == nil {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// newGlobals gives count global addresses that were never used; nil when the
// network has not as many.
func (s *state) newGlobals(count int) []globalAddress {
	addresses := make([]globalAddress, count)
	for i := range addresses {
		address, ok := nthAddress(globalNetwork, s.NextGlobal+uint32(i)+1)
		if !ok {
			return nil
		}
		addresses[i].IPv4 = address
	}
	s.NextGlobal += uint32(count)
	return addresses
}

// nthAddress is the address n places after the base's first; not ok outside it.
func nthAddress(base netip.Prefix, n uint32) (netip.Addr, bool) {
	if uint64(n) >= uint64(1)<<(32-base.Bits()) {
		return netip.Addr{}, false
	}
	bytes := base.Masked().Addr().As4()
	for i := 3; i >= 0; i-- {
		bytes[i] |= byte(n >> (8 * (3 - i)))
	}
	return netip.AddrFrom4(bytes), true
}

// check looks for what a simulator never writes and indexes the machines.
func (s *state) check() error {
	if s.Version != stateVersion {
		return fmt.Errorf("it has version %d, this simulator writes version %d", s.Version, stateVersion)
	}
	if s.GpLabels == nil || s.CallCounts == nil {
		return errors.New("it lacks gp_labels or call_counts")
	}
	s.openIndexes()
	return errors.Join(s.checkMachines(), s.checkBalancers(), s.checkVlans())
}

func (s *state) checkMachines() error {
	for i, m := range s.Machines {
		switch {
		case m == nil || !isServiceCode(m.Code, "gc") || !m.Address.Is4():
			return fmt.Errorf("machines[%d] has no code like gc00000001 or no IPv4 address", i)
		case s.byCode[m.Code] != nil:
			return fmt.Errorf("machine %s occurs twice", m.Code)
		case len(m.Timeline) == 0:
			return fmt.Errorf("machine %s has no timeline", m.Code)
		case slices.Contains(m.Disks, nil):
			return fmt.Errorf("machine %s has an empty disk", m.Code)
		case m.Global.IPv4.IsValid() && !m.Global.IPv4.Is4():
			return fmt.Errorf("machine %s has a global address that is not of IPv4", m.Code)
		case slices.ContainsFunc(m.More, func(o *addressOption) bool { return o == nil || !o.IPv4.Is4() }):
			return fmt.Errorf("machine %s has a global address that is not of IPv4", m.Code)
		}
		s.index(m)
	}
	return nil
}

func (s *state) checkBalancers() error {
	for i, b := range s.Balancers {
		switch {
		case b == nil || !isServiceCode(b.Code, "gl"):
			return fmt.Errorf("balancers[%d] has no code like gl00000001", i)
		case s.byGlCode[b.Code] != nil:
			return fmt.Errorf("FW+LB %s occurs twice", b.Code)
		case slices.Contains(b.Pools, nil) || slices.Contains(b.VirtualServers, nil):
			return fmt.Errorf("FW+LB %s has an empty pool or virtual server", b.Code)
		case slices.ContainsFunc(b.Hosts, func(host globalAddress) bool { return !host.IPv4.Is4() }) ||
			slices.ContainsFunc(b.TrafficIPs, func(ip *trafficIP) bool { return ip == nil || !ip.IPv4.Is4() }):
			return fmt.Errorf("FW+LB %s has an address that is not of IPv4", b.Code)
		}
		s.indexBalancer(b)
	}
	return nil
}

func (s *state) checkVlans() error {
	for i, v := range s.Vlans {
		if v == nil || !isServiceCode(v.Code, "gx") || s.byGxCode[v.Code] != nil {
			return fmt.Errorf("vlans[%d] has no code like gx00000001, or one that occurs twice", i)
		}
		s.indexVlan(v)
	}
	return nil
}

// isServiceCode says whether code is prefix and eight digits.
func isServiceCode(code, prefix string) bool {
	digits, ok := strings.CutPrefix(code, prefix)
	return ok && len(digits) == 8 && strings.Trim(digits, "0123456789") == ""
}
