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
	GpLabels    map[string]string `json:"gp_labels"`
	NextCode    int               `json:"next_code"`    // number of the last given machine code
	NextAddress uint32            `json:"next_address"` // distance of the last given address from the base
	Calls       []Call            `json:"calls"`
	CallCounts  map[string]int    `json:"call_counts"`

	// What follows is not in the file: it is found again from what is.
	byCode    map[string]*machine
	byAddress map[netip.Addr]*machine
	turns     agenda // when machines change their status, by the instants' now
	ends      agenda // when contracts are over, by the instants' wall
}

// balancer is an FW+LB option.
type balancer struct {
	Code          string    `json:"code"`
	GpServiceCode string    `json:"gp_service_code"`
	Label         string    `json:"label"`
	From          time.Time `json:"from"`
	Pools         []*pool   `json:"pools"` // ascending by name
}

// pool is a set of nodes in the order in which they were added.
type pool struct {
	Name  string           `json:"name"`
	Nodes []netip.AddrPort `json:"nodes"`

	told bool // the hooks know its nodes
}

const stateVersion = 1

func newState(wall time.Time) *state {
	return &state{
		Version:    stateVersion,
		Since:      wall,
		GpLabels:   map[string]string{},
		Calls:      []Call{},
		CallCounts: map[string]int{},
		byCode:     map[string]*machine{},
		byAddress:  map[netip.Addr]*machine{},
	}
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
	if end, err := endOfDay(m.StopDate); err == nil && !m.ended() {
		s.ends.add(end, m)
	}
}

// current lists the machines of one main contract that have not ended, in the
// order of their orders.
func (s *state) current(gp string) []*machine {
	var machines []*machine
	for _, m := range s.Machines {
		if m.GpServiceCode == gp && !m.ended() {
			machines = append(machines, m)
		}
	}
	return machines
}

func (s *state) balancer(code string) *balancer {
	for _, b := range s.Balancers {
		if b.Code == code {
			return b
		}
	}
	return nil
}

func (b *balancer) pool(name string) *pool {
	for _, p := range b.Pools {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// newCode gives a machine code that was never used.
func (s *state) newCode() string {
	for {
		s.NextCode++
		code := fmt.Sprintf("gc%08d", s.NextCode)
		if s.byCode[code] == nil {
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
	s.byCode = make(map[string]*machine, len(s.Machines))
	s.byAddress = make(map[netip.Addr]*machine, len(s.Machines))
	for i, m := range s.Machines {
		switch {
		case m == nil || !isServiceCode(m.Code, "gc") || !m.Address.Is4():
			return fmt.Errorf("machines[%d] has no code like gc00000001 or no IPv4 address", i)
		case s.byCode[m.Code] != nil:
			return fmt.Errorf("machine %s occurs twice", m.Code)
		case len(m.Timeline) == 0:
			return fmt.Errorf("machine %s has no timeline", m.Code)
		}
		s.index(m)
	}
	for i, b := range s.Balancers {
		if b == nil || !isServiceCode(b.Code, "gl") || slices.Contains(b.Pools, nil) {
			return fmt.Errorf("balancers[%d] has no code like gl00000001 or an empty pool entry", i)
		}
	}
	return nil
}

// isServiceCode says whether code is prefix and eight digits.
func isServiceCode(code, prefix string) bool {
	digits, ok := strings.CutPrefix(code, prefix)
	return ok && len(digits) == 8 && strings.Trim(digits, "0123456789") == ""
}
