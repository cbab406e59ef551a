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
	ProofVouched  Proof = "vouched"  // a person said so
	ProofInferred Proof = "inferred" // it appeared, exactly as ordered, after an answer was lost
)

// Facts is what we did to an instance and the cloud cannot tell us, and what we
// must remember of it. A fact is written after the call that makes it true;
// without it the step is taken again.
type Facts struct {
	Proof      Proof                `json:"proof"`
	Order      string               `json:"order,omitempty"`      // intent that bought it
	Template   string               `json:"template,omitempty"`   // what it is made from, as cloud.Template.ID; empty: unknown
	Made       time.Time            `json:"made,omitzero"`        // when it was: ordered, or overwritten; zero: unknown
	Location   string               `json:"location,omitempty"`   // empty: unknown
	Since      time.Time            `json:"since"`                // when it was ordered or adopted
	Seen       time.Time            `json:"seen,omitzero"`        // when a listing first showed it
	Labelled   time.Time            `json:"labelled,omitzero"`    // when it got our mark
	Prepared   map[string]time.Time `json:"prepared,omitempty"`   // preparations done, by name; never changed in place
	Attempt    *Attempt             `json:"attempt,omitempty"`    // the preparation that may be done without our knowing; nil: none
	Stale      *Stale               `json:"stale,omitempty"`      // what reads may still show from before our last call; nil: nothing
	Address    netip.Addr           `json:"address,omitzero"`     // private address
	Hooks      []HookCall           `json:"hooks,omitempty"`      // asked since it was last started or turned round, in order; never changed in place
	Served     time.Time            `json:"served,omitzero"`      // when it ceased to serve, if it did so since it was started, or an end hook was asked
	Joined     time.Time            `json:"joined,omitzero"`      // when it last began to serve
	Fell       time.Time            `json:"fell,omitzero"`        // when it last ceased to serve
	Failing    time.Time            `json:"failing,omitzero"`     // since when its service does not answer although it is to serve; zero: it answers
	LeaveAsked time.Time            `json:"leave_asked,omitzero"` // when we last began to take it out of the pools
	Left       time.Time            `json:"left,omitzero"`        // since when it is out of every pool on its way out
	Rested     time.Time            `json:"rested,omitzero"`      // since when it stands by, stopped
	Overwrite  *Overwrite           `json:"overwrite,omitempty"`  // that may be under way, or done without our knowing; nil: none
	StopAsked  time.Time            `json:"stop_asked,omitzero"`  // when it was asked to stop; zero once it is off
	LastDay    time.Time            `json:"last_day,omitzero"`    // the day with which its contract was ended
	Protected  *Protection          `json:"protected,omitempty"`
	Drift      *Drift               `json:"drift,omitempty"` // what somebody else changed, while that lasts
	Quarantine *Quarantine          `json:"quarantine,omitempty"`
}

// anchor ties the times of a record that was just read to the monotonic clock of this
// process, so that from here on they pass as it does, whatever becomes of wall time.
// A time that lies ahead (the clock was set back) counts as now.
func anchor(now time.Time, times ...*time.Time) {
	for _, t := range times {
		if !t.IsZero() {
			*t = now.Add(min(0, t.Sub(now)))
		}
	}
}

func (f *Facts) anchor(now time.Time, staleRead time.Duration) {
	anchor(now, &f.Since, &f.Seen, &f.Labelled, &f.Joined, &f.Fell, &f.Failing, &f.Left, &f.Rested, &f.StopAsked, &f.LeaveAsked, &f.Made, &f.Served)
	f.Hooks = anchorCalls(now, f.Hooks)
	if f.Attempt != nil {
		attempt := *f.Attempt
		anchor(now, &attempt.At)
		f.Attempt = &attempt
	}
	if f.Stale != nil {
		stale := *f.Stale
		stale.Until = now.Add(min(staleRead, stale.Until.Sub(now)))
		f.Stale = &stale
	}
	if f.Overwrite != nil {
		overwrite := *f.Overwrite
		anchor(now, &overwrite.At)
		f.Overwrite = &overwrite
	}
}

// serves says that the instance serves, by what was last known for certain.
func (f *Facts) serves() bool { return f.Joined.After(f.Fell) }

// Attempt is written before a preparation is asked for. Where its answer is not
// on record, the preparation may be done: then a repeat may be refused.
type Attempt struct {
	Preparation string    `json:"preparation"`
	At          time.Time `json:"at"`
	Refused     bool      `json:"refused,omitempty"` // the first try was, so that it may also be impossible
}

// Overwrite is written before an instance is overwritten from a template. Where its
// answer is not on record, the instance may be made from either.
type Overwrite struct {
	Template string    `json:"template"` // as cloud.Template.ID
	At       time.Time `json:"at"`
}

// overwritten notes that the overwriting that was asked for took place.
func (f *Facts) overwritten(now time.Time) {
	f.Template, f.Made, f.Failing, f.Overwrite = f.Overwrite.Template, now, time.Time{}, nil
}

// Stale says that a read which shows this power may be from before our last call.
type Stale struct {
	Power string    `json:"power"` // as cloud.Power puts it
	Until time.Time `json:"until"`
	Sure  bool      `json:"sure,omitempty"`  // the call must show in the power sooner or later
	Shown bool      `json:"shown,omitempty"` // it did, and later reads may still not
}

func (s *Stale) covers(power cloud.Power, now time.Time) bool {
	return s != nil && s.Power == power.String() && now.Before(s.Until)
}

// shows says that a read has caught up with our last call, or that none can lag behind
// it any more after one had.
func (s *Stale) shows(v *view, now time.Time) bool {
	if s == nil || !v.certain() {
		return false
	}
	over := !now.Before(s.Until)
	return s.Shown && over || v.machine.Power.String() != s.Power && (!s.Shown || over)
}

// overdue says that a call which must show in the power does not, though it should
// by now.
func (s *Stale) overdue(power cloud.Power, now time.Time) bool {
	return s != nil && s.Sure && !s.Shown && s.Power == power.String() && !now.Before(s.Until)
}

// Protection keeps an instance from being sent away.
type Protection struct {
	Since time.Time `json:"since"`
	By    string    `json:"by"`
	Why   string    `json:"why,omitempty"`
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
	ID      string      `json:"id"`
	Group   string      `json:"group"`
	Source  string      `json:"source"` // template
	Type    string      `json:"type"`
	Version string      `json:"version,omitempty"` // of the template
	Count   int         `json:"count"`
	Drill   bool        `json:"drill,omitempty"` // for a fire drill
	At      time.Time   `json:"at"`
	Before  []string    `json:"before"` // every code that the account knew before, in order
	State   IntentState `json:"state"`
	Lost    time.Time   `json:"lost,omitzero"`   // when its answer was given up; zero: it was not
	Codes   []string    `json:"codes,omitempty"` // machines that it is known to have bought
	Error   string      `json:"error,omitempty"`
}

// template is what the order's machines are made from.
func (i *Intent) template() cloud.Template {
	return cloud.Template{Source: i.Source, Type: i.Type, Version: i.Version}
}

// goal is where the order's machines should end.
func (i *Intent) goal() policy.Goal {
	if i.Drill {
		return policy.Ready
	}
	return policy.InService
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
