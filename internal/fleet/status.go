package fleet

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Status is the state of everything, for people and for the control socket.
type Status struct {
	Accounts []AccountStatus `json:"accounts"`
	Groups   []GroupStatus   `json:"groups"`
}

// AccountStatus is the state of one account.
type AccountStatus struct {
	Name        string                `json:"name"`
	LookedAt    time.Time             `json:"looked_at,omitzero"` // when the newest snapshot was finished
	LookTrouble string                `json:"look_trouble,omitempty"`
	Mode        actions.Doubt         `json:"mode,omitempty"` // empty until a group that acts has decided
	ModeWhy     string                `json:"mode_why,omitempty"`
	Machines    int                   `json:"machines"`          // that the account knows
	Orders      []actions.OrderStatus `json:"orders,omitempty"`  // not settled
	Trouble     string                `json:"trouble,omitempty"` // why the last order failed
}

// GroupStatus is the state of one group.
type GroupStatus struct {
	Name        string                   `json:"name"`
	Mode        string                   `json:"mode"`
	Account     string                   `json:"account"`
	Min         int                      `json:"min"`
	Max         int                      `json:"max"`
	Unseen      bool                     `json:"unseen,omitempty"`       // it has not seen its cloud since it was started or built anew, and does nothing: it is shown as it was before, if that is known
	LookTrouble string                   `json:"look_trouble,omitempty"` // while it is unseen: why the last look failed
	Desired     int                      `json:"desired"`                // in mode recommend: what it would be
	Serving     int                      `json:"serving"`
	Becoming    int                      `json:"becoming"`
	Standby     int                      `json:"standby"`
	Failing     int                      `json:"failing"`            // of those that serve
	Held        []policy.Hold            `json:"held,omitempty"`     // why less is done than there is to do
	Rollout     *policy.Rollout          `json:"rollout,omitempty"`  // of a template that was changed
	Override    *policy.Override         `json:"override,omitempty"` // an operator's order that is in force
	Trouble     string                   `json:"trouble,omitempty"`  // why nothing can be written down, and so nothing is done
	Capped      *policy.Capped           `json:"capped,omitempty"`   // more is wanted than the group may have
	Decision    DecisionStatus           `json:"decision"`
	TimeToServe time.Duration            `json:"time_to_serve_ns,omitempty"` // within which nine of ten of its newest builds served; 0: not known
	Drill       *Drill                   `json:"drill,omitempty"`            // the newest fire drill, also one that is over
	Shadow      *ShadowStatus            `json:"shadow,omitempty"`           // what other rules would have decided
	Foreseen    []*policy.Foreseen       `json:"foreseen,omitempty"`         // by the policies that forecast, for the newest decision
	PastTrouble string                   `json:"past_trouble,omitempty"`     // why a forecast cannot learn the load from before its history
	Signals     []SignalStatus           `json:"signals"`
	Instances   []actions.InstanceStatus `json:"instances"`
	Foreign     []string                 `json:"foreign,omitempty"` // nodes of the pools that are not ours
}

// DecisionStatus is the newest decision.
type DecisionStatus struct {
	At       time.Time     `json:"at,omitzero"`
	From     int           `json:"from"`
	To       int           `json:"to"`
	Wanted   int           `json:"wanted"`
	Reason   policy.Reason `json:"reason"`
	Policies []string      `json:"policies"` // what each policy says, in words
}

// SignalStatus is the newest reading of a signal.
type SignalStatus struct {
	Name     string   `json:"name"`
	Value    *float64 `json:"value"` // null without one
	Why      string   `json:"why,omitempty"`
	Measured int      `json:"measured"`
	Of       int      `json:"of"`

	Faults        int    `json:"faults,omitempty"`         // instances at which something is wrong; 1 when it is the same at all, and of the group
	Fault         string `json:"fault,omitempty"`          // one of them in words, also where an earlier value or another signal stands in
	FaultExpected bool   `json:"fault_expected,omitempty"` // it is part of the ordinary course of things
	Quiet         bool   `json:"quiet,omitempty"`          // it is one of alerts, and none fires: there is no value, as it should be
}
