package actions

import (
	"net/netip"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
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
	Order      string               `json:"order,omitempty"`     // intent that bought it
	Since      time.Time            `json:"since"`               // when it was ordered or adopted
	Seen       time.Time            `json:"seen,omitzero"`       // when a listing first showed it
	Labelled   time.Time            `json:"labelled,omitzero"`   // when it got our mark
	Prepared   map[string]time.Time `json:"prepared,omitempty"`  // preparations done, by name; never changed in place
	Attempt    *Attempt             `json:"attempt,omitempty"`   // the preparation that may be done without our knowing; nil: none
	Stale      *Stale               `json:"stale,omitempty"`     // what reads may still show from before our last call; nil: nothing
	Address    netip.Addr           `json:"address,omitzero"`    // private address
	Joined     time.Time            `json:"joined,omitzero"`     // when it last began to serve
	Fell       time.Time            `json:"fell,omitzero"`       // when it last ceased to serve
	Left       time.Time            `json:"left,omitzero"`       // since when it is out of every pool on its way out
	StopAsked  time.Time            `json:"stop_asked,omitzero"` // when it was asked to stop; zero once it is off
	LastDay    time.Time            `json:"last_day,omitzero"`   // the day with which its contract was ended
	Quarantine *Quarantine          `json:"quarantine,omitempty"`
}

// serves says that the instance serves, by what was last known for certain.
func (f *Facts) serves() bool { return f.Joined.After(f.Fell) }

// Attempt is written before a preparation is asked for. Where its answer is not
// on record, the preparation may be done: then a repeat may be refused.
type Attempt struct {
	Preparation string    `json:"preparation"`
	At          time.Time `json:"at"`
}

// Stale says that a read which shows this power may be from before our last call.
type Stale struct {
	Power string    `json:"power"` // as cloud.Power puts it
	Until time.Time `json:"until"`
}

func (s *Stale) covers(power cloud.Power, now time.Time) bool {
	return s != nil && s.Power == power.String() && now.Before(s.Until)
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
	Before []string    `json:"before"` // every code that the account knew before, in order
	State  IntentState `json:"state"`
	Lost   time.Time   `json:"lost,omitzero"`   // when its answer was given up; zero: it was not
	Codes  []string    `json:"codes,omitempty"` // machines that it is known to have bought
	Error  string      `json:"error,omitempty"`
}

// unsettled says that it is not known yet what the order bought.
func (i *Intent) unsettled() bool {
	return i.State == IntentOpen || i.State == IntentUnknown || i.State == IntentAsking
}

func instancePrefix(group string) string  { return "group/" + group + "/instance/" }
func goalKey(group, code string) string   { return instancePrefix(group) + code + "/goal" }
func factsKey(group, code string) string  { return instancePrefix(group) + code + "/facts" }
func intentPrefix(account string) string  { return "account/" + account + "/order/" }
func intentKey(account, id string) string { return intentPrefix(account) + id }
