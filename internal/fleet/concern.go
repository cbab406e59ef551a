package fleet

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Concern is something about a group or an account that a person should know of.
type Concern struct {
	Kind     ConcernKind
	Severity Severity
	About    string // the hold, the override's kind, the signal, the node, the order, or the first instance; may be empty
	Count    int    // how many it is about; 0: does not count
	Why      string // in the daemon's words; may be empty
}

// ConcernKind says what a concern is about. The list is fixed: see ConcernKinds.
type ConcernKind string

// The concerns of a group.
const (
	ConcernTrouble     ConcernKind = "trouble"     // nothing can be written down, and so nothing is done
	ConcernCapped      ConcernKind = "capped"      // Count more are wanted than it may have
	ConcernHeld        ConcernKind = "held"        // less is done than there is to do
	ConcernQuarantined ConcernKind = "quarantined" // instances are set aside
	ConcernLeftAlone   ConcernKind = "left_alone"  // instances are, since somebody else changed them
	ConcernDrifted     ConcernKind = "drifted"     // somebody else changed instances
	ConcernStuck       ConcernKind = "stuck"       // the last step of instances failed
	ConcernFailing     ConcernKind = "failing"     // instances that serve do not answer
	ConcernSignal      ConcernKind = "signal"      // it has no value, and should have one
	ConcernFault       ConcernKind = "fault"       // it has a value, and something is wrong all the same
	ConcernPast        ConcernKind = "past"        // a forecast cannot learn the load from before its history
	ConcernForeign     ConcernKind = "foreign"     // nodes of the pools are not ours
	ConcernOverride    ConcernKind = "override"    // an operator's order is in force
	ConcernGivenUp     ConcernKind = "rollout_given_up"
	ConcernRollout     ConcernKind = "rollout"
	ConcernDrill       ConcernKind = "drill"
	ConcernRecommend   ConcernKind = "recommend" // its mode
	ConcernOutOnly     ConcernKind = "out_only"  // likewise
	ConcernUnseen      ConcernKind = "unseen"    // it has not seen its cloud yet
	ConcernUndecided   ConcernKind = "undecided" // nothing was decided yet
)

// The concerns of an account.
const (
	ConcernMode    ConcernKind = "mode"         // the account's cloud cannot be trusted
	ConcernLook    ConcernKind = "look"         // the last look failed
	ConcernOrder   ConcernKind = "order"        // it is not settled
	ConcernNoOrder ConcernKind = "order_failed" // the last one did
)

// ConcernKinds lists every kind that a group's concern can be of.
func ConcernKinds() []ConcernKind {
	return []ConcernKind{
		ConcernTrouble, ConcernCapped, ConcernHeld, ConcernQuarantined, ConcernLeftAlone, ConcernDrifted, ConcernStuck, ConcernFailing, ConcernSignal,
		ConcernFault, ConcernPast, ConcernForeign, ConcernOverride, ConcernGivenUp, ConcernRollout, ConcernDrill, ConcernRecommend, ConcernOutOnly, ConcernUnseen, ConcernUndecided,
	}
}

// Gravest is the severity of the gravest of the concerns; Info without any.
func Gravest(concerns []Concern) Severity {
	gravest := Info
	for _, c := range concerns {
		if !gravest.AtLeast(c.Severity) {
			gravest = c.Severity
		}
	}
	return gravest
}

// NeedsAttention says that somebody should look at the group.
func (g *GroupStatus) NeedsAttention() bool { return Gravest(g.Concerns()) != Info }

// Concerns are those of the group, the gravest first.
func (g *GroupStatus) Concerns() []Concern {
	var list []Concern
	if g.Trouble != "" {
		list = append(list, Concern{Kind: ConcernTrouble, Severity: Critical, Why: g.Trouble})
	}
	if g.Unseen && g.LookTrouble != "" {
		list = append(list, Concern{Kind: ConcernUnseen, Severity: Critical, Why: g.LookTrouble})
	}
	if g.Capped != nil {
		list = append(list, Concern{Kind: ConcernCapped, Severity: Critical, Count: g.Capped.Unmet})
	}
	for _, hold := range g.Held {
		list = append(list, Concern{Kind: ConcernHeld, Severity: HoldSeverity(hold), About: string(hold)})
	}
	list = append(list, instanceConcerns(g.Instances)...)
	if g.Failing > 0 {
		list = append(list, Concern{Kind: ConcernFailing, Severity: Warning, Count: g.Failing})
	}
	list = append(list, signalConcerns(g.Signals)...)
	if g.PastTrouble != "" {
		list = append(list, Concern{Kind: ConcernPast, Severity: Warning, Why: g.PastTrouble})
	}
	if len(g.Foreign) > 0 {
		list = append(list, Concern{Kind: ConcernForeign, Severity: Info, About: g.Foreign[0], Count: len(g.Foreign)})
	}
	if g.Override != nil {
		list = append(list, Concern{Kind: ConcernOverride, Severity: Warning, About: string(g.Override.Kind)})
	}
	list = append(list, g.changeConcerns()...)
	if g.Mode == "recommend" { // nobody is hurt by it now
		for i := range list {
			if list[i].Severity == Critical {
				list[i].Severity = Warning
			}
		}
	}
	return gravestFirst(list)
}

func gravestFirst(list []Concern) []Concern {
	slices.SortStableFunc(list, func(a, b Concern) int { return b.Severity.rank() - a.Severity.rank() })
	return list
}

// instanceConcerns are about the instances, those of a kind together.
func instanceConcerns(instances []actions.InstanceStatus) (list []Concern) {
	for i := range instances {
		in := &instances[i]
		switch {
		case in.Quarantine != "":
			list = counted(list, ConcernQuarantined, in.Code, in.Quarantine)
		case in.Trouble != "" && !in.LeftAlone && !in.Booting:
			list = counted(list, ConcernStuck, in.Code, in.Trouble)
		}
		switch {
		case in.LeftAlone:
			list = counted(list, ConcernLeftAlone, in.Code, in.Trouble)
		case in.Drift != nil:
			list = counted(list, ConcernDrifted, in.Code, string(in.Drift.Kind))
		}
	}
	return list
}

// counted adds an instance to the concern of the kind, which tells of the first.
func counted(list []Concern, kind ConcernKind, code, why string) []Concern {
	for i := range list {
		if list[i].Kind == kind {
			list[i].Count++
			return list
		}
	}
	return append(list, Concern{kind, Warning, code, 1, why})
}

// signalConcerns are about the signals, each by itself.
func signalConcerns(signals []SignalStatus) (list []Concern) {
	for i := range signals {
		s := &signals[i]
		switch {
		case s.FaultExpected:
		case s.Value == nil:
			list = append(list, Concern{Kind: ConcernSignal, Severity: Warning, About: s.Name, Why: s.Why})
		case s.Faults > 0:
			list = append(list, Concern{Kind: ConcernFault, Severity: Info, About: s.Name, Count: s.Faults, Why: s.Fault})
		}
	}
	return list
}

// changeConcerns are about what somebody does with the group.
func (g *GroupStatus) changeConcerns() (list []Concern) {
	switch r := g.Rollout; {
	case r == nil:
	case r.State == policy.RolloutGivenUp:
		list = append(list, Concern{Kind: ConcernGivenUp, Severity: Warning, Why: fmt.Sprintf("%s → %s: %s", r.Previous, r.Configured, r.Why)})
	case r.State == policy.RolloutUnderWay:
		list = append(list, Concern{Kind: ConcernRollout, Severity: Info, Why: fmt.Sprintf("%s → %s", r.Previous, r.Configured)})
	}
	if g.Drill.UnderWay() {
		list = append(list, Concern{Kind: ConcernDrill, Severity: Info, Why: g.Drill.String()})
	}
	switch g.Mode {
	case "recommend":
		list = append(list, Concern{Kind: ConcernRecommend, Severity: Info})
	case "out_only":
		list = append(list, Concern{Kind: ConcernOutOnly, Severity: Info})
	}
	if g.Unseen && g.LookTrouble == "" {
		list = append(list, Concern{Kind: ConcernUnseen, Severity: Info})
	}
	if g.Decision.At.IsZero() {
		list = append(list, Concern{Kind: ConcernUndecided, Severity: Info})
	}
	return list
}

// Concerns are those of the account, the gravest first. When the cloud is away, all of them have
// the same cause: it is told once, in the order of mode, look and orders.
func (a *AccountStatus) Concerns() []Concern {
	var list []Concern
	said := []string{a.ModeWhy, a.LookTrouble}
	if a.Mode != "" && a.Mode != actions.DoubtNone {
		list = append(list, Concern{Kind: ConcernMode, Severity: Warning, About: string(a.Mode), Why: a.ModeWhy})
	}
	if why := words.Unsaid(a.LookTrouble, a.ModeWhy); why != "" {
		list = append(list, Concern{Kind: ConcernLook, Severity: Warning, Why: why})
	}
	if a.Trouble != "" && len(a.Orders) == 0 { // an order that is not settled says itself why
		list = append(list, Concern{Kind: ConcernNoOrder, Severity: Warning, Why: cmp.Or(words.Unsaid(a.Trouble, said...), words.AsAbove)})
	}
	for _, order := range a.Orders {
		severity := Warning
		if order.State == actions.IntentAsking {
			severity = Critical
		}
		list = append(list, Concern{Kind: ConcernOrder, Severity: severity, About: order.ID, Count: order.Count, Why: words.Unsaid(order.Error, said...)})
		said = append(said, order.Error)
	}
	return gravestFirst(list)
}
