package gpsim

import (
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

// Books are the simulator's own record. They survive JSON, so that another
// process can fetch them from /books.
type Books struct {
	Machines []MachineRecord `json:"machines"` // every machine ever, in the order of the orders
	Options  []OptionRecord  `json:"options"`  // every other contract ever, by kind in the order of the orders
	Calls    []Call          `json:"calls"`    // every mutating call whose signature was right, in order

	// CallCounts is how often each action was called. Since reading does not
	// touch the state file, the latest reads may be missing after a restart.
	CallCounts map[string]int `json:"call_counts"`
}

// MachineRecord is one machine of the books.
type MachineRecord struct {
	Code          string     `json:"code"`
	GpServiceCode string     `json:"gp_service_code"`
	Type          string     `json:"type"`
	Label         string     `json:"label"`
	Location      string     `json:"location"` // L or R
	Address       netip.Addr `json:"address"`
	OrderedBy     string     `json:"ordered_by"` // access key, or "seed"
	OrderID       string     `json:"order_id"`   // request ID of the order; empty when seeded
	From          time.Time  `json:"from"`
	To            time.Time  `json:"to,omitzero"` // when the contract was over; zero until then
	StopDate      string     `json:"stop_date"`   // YYYYMMDD in Japan; empty when no end is recorded
	Status        string     `json:"status"`      // the true one, not a stale read; the last one when it has ended

	Content   string `json:"content"`   // what is on its disk: what its source had when it was cloned; seeded: its own code, or as said by the test
	Source    string `json:"source"`    // code of the machine that its disk was last copied from; empty when seeded
	Refreshes int    `json:"refreshes"` // how often its disk was overwritten after its delivery
	Keys      int    `json:"keys"`      // keys imported since its disk was last written
}

// Call is one call.
type Call struct {
	At         time.Time         `json:"at"`
	Action     string            `json:"action"`
	AccessKey  string            `json:"access_key"`
	Parameters map[string]string `json:"parameters"` // without the common ones
	RequestID  string            `json:"request_id"`
	Effect     bool              `json:"effect"`          // it changed something
	HTTPStatus int               `json:"status"`          // what the client was told; 0 when the connection was cut
	ErrorType  string            `json:"error_type"`      // empty on success
	Fault      string            `json:"fault,omitempty"` // the injected fault that hit it, in the words of a script
}

// ActiveMachines lists the machines that cost money at now: those with a
// contract and no passed StopDate.
func (b Books) ActiveMachines(now time.Time) []MachineRecord {
	var active []MachineRecord
	for _, m := range b.Machines {
		if m.To.IsZero() && !isOver(m.StopDate, now) {
			active = append(active, m)
		}
	}
	return active
}

// MutatingCallsNaming lists the calls that have a service code, an address or
// any other text as the value of a parameter.
func (b Books) MutatingCallsNaming(text string) []Call {
	var naming []Call
	for _, call := range b.Calls {
		if slices.Contains(slices.Collect(maps.Values(call.Parameters)), text) {
			naming = append(naming, call)
		}
	}
	return naming
}

// Books returns the books as they are now. Calls is shared with other Books, and
// must not be changed.
func (s *Sim) Books() Books {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	books := Books{
		Machines:   make([]MachineRecord, 0, len(s.state.Machines)),
		Options:    s.state.optionRecords(),
		Calls:      slices.Clip(s.state.Calls), // only ever appended to
		CallCounts: maps.Clone(s.state.CallCounts),
	}
	for _, m := range s.state.Machines {
		books.Machines = append(books.Machines, MachineRecord{
			Code: m.Code, GpServiceCode: m.GpServiceCode, Type: m.Type, Label: m.Label, Location: m.Location, Address: m.Address,
			OrderedBy: m.OrderedBy, OrderID: m.OrderID, From: m.From, To: m.To, StopDate: m.StopDate,
			Status:  m.status(now),
			Content: m.Content, Source: m.Source, Refreshes: m.Refreshes, Keys: len(m.PublicKeys),
		})
	}
	return books
}

func (s *Sim) serveBooks(w http.ResponseWriter, r *http.Request) { serveRead(w, r, s.Books()) }

// serveRead answers a GET with content.
func serveRead(w http.ResponseWriter, r *http.Request, content any) {
	if r.Method != http.MethodGet {
		writeReply(w, reply{requestID: newRequestID(), refusal: methodNotAllowed("Use GET.")})
		return
	}
	writeJSON(w, http.StatusOK, content)
}

// record counts a call, remembers it among the recent ones and, when it mutates,
// writes it down.
func (s *Sim) record(c *call, name string, mutates, effect bool, answer reply, fault *Fault) {
	s.state.CallCounts[name]++
	entry := Call{
		At: c.wall, Action: name, AccessKey: c.account.AccessKey, Parameters: ownParameters(c),
		RequestID: c.requestID, Effect: effect && mutates,
	}
	if fault != nil {
		entry.Fault = fault.what()
	}
	switch {
	case !answer.cut.arrives():
	case answer.refusal != nil:
		entry.HTTPStatus, entry.ErrorType = answer.refusal.status, answer.refusal.errorType
	default:
		entry.HTTPStatus = http.StatusOK
	}
	s.recent.add(entry)
	if mutates {
		s.state.Calls = append(s.state.Calls, entry)
		s.dirty = true
	}
}

func ownParameters(c *call) map[string]string {
	own := map[string]string{}
	for name := range c.parameters {
		if !slices.Contains(commonParameters, name) {
			own[name] = c.text(name)
		}
	}
	return own
}
