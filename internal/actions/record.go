package actions

import (
	"net/netip"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Proof says why a machine is held to be ours.
type Proof string

// The proofs, from the strongest to the weakest.
const (
	ProofMark     Proof = "mark"     // it carries our self-certifying label
	ProofAnswered Proof = "answered" // the answer to our order named its code
	ProofInferred Proof = "inferred" // it appeared, exactly as ordered, after an answer was lost
)

// Facts is what we did to an instance and the cloud cannot tell us, and what we
// must remember of it. A fact is written after the call that makes it true;
// without it the step is taken again.
type Facts struct {
	Proof      Proof                `json:"proof"`
	Order      string               `json:"order,omitempty"`      // intent that bought it
	Since      time.Time            `json:"since"`                // when it was ordered or adopted
	Seen       time.Time            `json:"seen,omitzero"`        // when a listing first showed it
	Labelled   time.Time            `json:"labelled,omitzero"`    // when it got our mark
	Prepared   map[string]time.Time `json:"prepared,omitempty"`   // preparations done, by name
	BusyUntil  time.Time            `json:"busy_until,omitzero"`  // until then, status reads may still show the state before our last call
	Address    netip.Addr           `json:"address,omitzero"`     // private address
	Joined     time.Time            `json:"joined,omitzero"`      // when it last began to serve
	Left       time.Time            `json:"left,omitzero"`        // since when it is out of every pool on its way out
	StopAsked  time.Time            `json:"stop_asked,omitzero"`  // when it was first asked to stop
	LastDay    time.Time            `json:"last_day,omitzero"`    // the day with which its contract was ended
	Quarantine *Quarantine          `json:"quarantine,omitempty"` // nil: not quarantined
}

// Quarantine marks an instance that is stuck: nothing is done to it until an
// operator resumes its group.
type Quarantine struct {
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
}

// goalRecord is an instance's goal, as fleet set it.
type goalRecord struct {
	Goal  policy.Goal `json:"goal"`
	Since time.Time   `json:"since"`
}

// IntentState says what became of an order.
type IntentState string

// The states of an intent.
const (
	IntentOpen    IntentState = "open"    // recorded; the call may be under way
	IntentUnknown IntentState = "unknown" // the answer was lost; looking for what it bought
	IntentAsking  IntentState = "asking"  // what appeared does not fit; a person must settle it
	IntentSettled IntentState = "settled" // its machines are on record
	IntentVoid    IntentState = "void"    // it bought nothing
)

// Intent is an order, written before it leaves.
type Intent struct {
	ID     string      `json:"id"`
	Group  string      `json:"group"`
	Source string      `json:"source"` // template
	Type   string      `json:"type"`
	Count  int         `json:"count"`
	At     time.Time   `json:"at"`
	Before []string    `json:"before"` // every code that the account knew before
	State  IntentState `json:"state"`
	Lost   bool        `json:"lost,omitempty"`  // its answer was lost
	Codes  []string    `json:"codes,omitempty"` // machines that it is known to have bought
	Error  string      `json:"error,omitempty"`
}

// unsettled says that it is not known yet what the order bought.
func (i Intent) unsettled() bool {
	return i.State == IntentOpen || i.State == IntentUnknown || i.State == IntentAsking
}

func instancePrefix(group string) string  { return "group/" + group + "/instance/" }
func goalKey(group, code string) string   { return instancePrefix(group) + code + "/goal" }
func factsKey(group, code string) string  { return instancePrefix(group) + code + "/facts" }
func intentPrefix(account string) string  { return "account/" + account + "/order/" }
func intentKey(account, id string) string { return intentPrefix(account) + id }
