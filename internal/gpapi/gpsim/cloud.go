package gpsim

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"time"
)

// cloudView is what the page shows of the cloud at one moment.
type cloudView struct {
	Now      time.Time      `json:"now"` // wall time
	Seed     string         `json:"seed"`
	Statuses map[string]int `json:"statuses"` // machines of each true status
	Machines []machineView  `json:"machines"` // those with a contract, at most the last shownMachines, in the order of the orders
	Hidden   int            `json:"hidden"`   // machines with a contract that are not among them
	FwLbs    []fwlbView     `json:"fwlbs"`    // those with a contract
	Options  []OptionRecord `json:"options"`  // those with a contract, but FW+LBs
	Calls    []Call         `json:"calls"`    // the last ones, the oldest first
	Faults   []string       `json:"faults"`   // armed ones, in the order of their arming
	Bill     []BillDay      `json:"bill"`     // of today
}

// shownMachines bounds what a page has to draw each second.
const shownMachines = 500

type machineView struct {
	Code          string     `json:"code"`
	GpServiceCode string     `json:"gp_service_code"`
	Type          string     `json:"type"`
	Label         string     `json:"label"`
	Location      string     `json:"location"`
	Address       string     `json:"address"`
	FwLbs         []string   `json:"fwlbs"`
	Contract      string     `json:"contract"`
	StopDate      string     `json:"stop_date"`
	Status        string     `json:"status"`               // the true one
	Shown         string     `json:"shown"`                // what a reading action shows
	Next          string     `json:"next,omitempty"`       // the status that it is moving to
	NextMillis    int64      `json:"next_millis,omitzero"` // until it gets there
	Pools         []nodeView `json:"pools"`                // where it is a node
}

type nodeView struct {
	Pool string `json:"pool"`
	Port uint16 `json:"port"`
}

type fwlbView struct {
	Code          string     `json:"code"`
	GpServiceCode string     `json:"gp_service_code"`
	Label         string     `json:"label"`
	Type          string     `json:"type"`
	Contract      string     `json:"contract"`
	StopDate      string     `json:"stop_date"`
	Pools         []poolView `json:"pools"`
}

type poolView struct {
	Name  string         `json:"name"`
	Nodes []poolNodeView `json:"nodes"`
}

type poolNodeView struct {
	Address string `json:"address"` // with the port
	Machine string `json:"machine"` // code of the machine at the address; empty: none of ours
	Status  string `json:"status"`  // the machine's true one
}

func (s *Sim) serveCloud(w http.ResponseWriter, r *http.Request) { serveRead(w, r, s.view()) }

func (s *Sim) view() cloudView {
	wall := s.options.Now()
	books := s.Books()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	view := cloudView{
		Now:      wall,
		Seed:     fmt.Sprint(s.options.Seed),
		Statuses: map[string]int{},
		Machines: []machineView{},
		FwLbs:    s.viewFwLbs(now),
		Options:  []OptionRecord{},
		Calls:    shortened(s.recent.calls()),
		Faults:   []string{},
		Bill:     books.BillOn(wall),
	}
	var active []*machine
	for _, m := range s.state.Machines {
		if !m.ended() {
			view.Statuses[m.status(now)]++
			active = append(active, m)
		}
	}
	view.Hidden = max(0, len(active)-shownMachines)
	nodes := s.nodesByAddress()
	for _, m := range active[view.Hidden:] {
		view.Machines = append(view.Machines, s.viewMachine(m, nodes[m.Address], now))
	}
	for _, option := range books.Options {
		if option.Kind != OptionFwLb && option.To.IsZero() {
			view.Options = append(view.Options, option)
		}
	}
	for _, fault := range s.faults {
		view.Faults = append(view.Faults, fault.script())
	}
	return view
}

func (s *Sim) viewMachine(m *machine, nodes []nodeView, now time.Time) machineView {
	view := machineView{
		Code: m.Code, GpServiceCode: m.GpServiceCode, Type: m.Type, Label: m.Label, Location: m.Location, Address: m.Address.String(),
		FwLbs: append([]string{}, m.FwLbs...), Contract: m.contract(now), StopDate: m.StopDate,
		Status: m.status(now), Shown: s.shownStatus(m, m.read.listed, now), Pools: append([]nodeView{}, nodes...),
	}
	for _, moment := range m.Timeline {
		if moment.Since.After(now) {
			view.Next, view.NextMillis = moment.Status, moment.Since.Sub(now).Milliseconds()
			break
		}
	}
	return view
}

func (s *Sim) nodesByAddress() map[netip.Addr][]nodeView {
	nodes := map[netip.Addr][]nodeView{}
	for _, b := range s.state.Balancers {
		for _, p := range b.Pools {
			for _, node := range p.Nodes {
				nodes[node.Addr()] = append(nodes[node.Addr()], nodeView{Pool: p.Name, Port: node.Port()})
			}
		}
	}
	return nodes
}

func (s *Sim) viewFwLbs(now time.Time) []fwlbView {
	views := []fwlbView{}
	for _, b := range s.state.Balancers {
		if b.ended() {
			continue
		}
		view := fwlbView{
			Code: b.Code, GpServiceCode: b.GpServiceCode, Label: b.Label, Type: b.typeText(),
			Contract: b.contract(now), StopDate: b.StopDate, Pools: []poolView{},
		}
		for _, p := range b.Pools {
			pool := poolView{Name: p.Name, Nodes: []poolNodeView{}}
			for _, node := range p.Nodes {
				shown := poolNodeView{Address: node.String()}
				if m := s.state.byAddress[node.Addr()]; m != nil {
					shown.Machine, shown.Status = m.Code, m.status(now)
				}
				pool.Nodes = append(pool.Nodes, shown)
			}
			view.Pools = append(view.Pools, pool)
		}
		views = append(views, view)
	}
	return views
}

// shortened cuts long parameters, like keys.
func shortened(calls []Call) []Call {
	for i := range calls {
		parameters := maps.Clone(calls[i].Parameters)
		for name, value := range parameters {
			parameters[name] = cutText(value)
		}
		calls[i].Parameters = parameters
	}
	return calls
}
