package proof

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// lag is how long a call may be on its way: what is decided meanwhile cannot keep it
// from taking effect.
const lag = 2 * time.Second

// Act is a changing call at the moment when it takes effect.
type Act struct {
	Step     Step
	Group    *group   // on whose behalf
	Machine  *Machine // that it names; nil for an order, and where nobody ever had the name
	Pool     *Pool    // of StepAttach and StepDetach
	Node     netip.AddrPort
	Template cloud.Template
	Label    string // of StepLabel; the preparation of StepPrepare
	Count    int    // of StepOrder
	Force    bool   // of StepStop
	Late     bool   // of StepOrder: it takes effect when nobody looks for it any more

	named  string // the code or address in the call
	intent string // the order's record
}

// act judges a changing call, and lets it take effect. w.mu must be held.
func (w *World) act(a *Act, do func() error) error {
	if a.Step == StepOrder {
		w.judgeOrder(a)
		w.tell("order of %d for %s", a.Count, a.Group.Name)
		return do()
	}
	w.judgeName(a)
	w.judgeGoal(a)
	inPools := w.inPools(a.Machine)
	served := a.Machine != nil && a.Machine.Serves() && inPools > 0
	present := a.Pool != nil && a.Pool.Has(a.Node)
	err := do()
	w.tell("%s %s %s: %v", a.Step, a.named, a.Label, err)
	if err != nil {
		w.judgeLook(a, present)
		return err
	}
	switch a.Step {
	case StepStop:
		w.judgeStop(a, inPools)
	case StepDetach:
		w.judgeFloor(a, served)
		a.Pool.changed(a.Node)
	case StepAttach:
		a.Pool.changed(a.Node)
	case StepRelease:
		w.judgeRelease(a)
	case StepPrepare:
		w.judgeImports(a)
	}
	return nil
}

// inPools counts the pools that the machine is in.
func (w *World) inPools(m *Machine) int {
	if m == nil || !m.Address.IsValid() {
		return 0
	}
	n := 0
	for _, p := range w.cloud.Pools() {
		if p.Has(netip.AddrPortFrom(m.Address, p.Port)) {
			n++
		}
	}
	return n
}

// judgeName: nothing foreign is named in a changing call, and nothing of which there
// is no record.
func (w *World) judgeName(a *Act) {
	m := a.Machine
	switch {
	case m == nil:
		w.violate("foreign", "%s names %s, which nobody ever had", a.Step, a.named)
	case m.Group != a.Group.Name && w.knownForeign(m):
		w.violate("foreign", "%s of group %s names %s, which is not its (label %q)", a.Step, a.Group.Name, a.named, m.Label)
	case w.disk.Record(m.Code) == nil || w.disk.Record(m.Code).Group != a.Group.Name:
		w.violate("record", "%s names %s, and group %s has no record of it", a.Step, a.named, a.Group.Name)
	}
}

// knownForeign says that autoscaled could know that the machine is not ours: also
// that one which was has been taken over by somebody.
func (w *World) knownForeign(m *Machine) bool {
	return m.takenAt.IsZero() || w.listed().After(m.takenAt)
}

// listed is when autoscaled last got a listing that was true, and had the time to take
// it into account.
func (w *World) listed() time.Time {
	for _, at := range slices.Backward(w.listings) {
		if time.Since(at) > lag {
			return at
		}
	}
	return time.Time{}
}

// judgeGoal: no call works against the goal on disk, on what is set aside, or for a
// group that is paused.
func (w *World) judgeGoal(a *Act) {
	if a.Machine == nil {
		return
	}
	r := w.disk.Record(a.Machine.Code)
	if r == nil {
		return
	}
	against := false
	switch a.Step {
	case StepStop:
		against = occupies(r.Goal)
	case StepDetach:
		against = r.Goal == policy.InService && a.Machine.Serves() && time.Since(a.Machine.roseAt) > w.cloud.Delays.Stale+lag
	case StepStart:
		against = !occupies(r.Goal)
	case StepAttach:
		against = r.Goal != policy.InService
	case StepRelease:
		against = r.Goal != policy.Released
	}
	if against && time.Since(r.GoalAt) > lag {
		w.violate("goal", "%s of %s, whose goal has been %s for %v", a.Step, a.named, r.Goal, time.Since(r.GoalAt))
	}
	if r.Facts.Quarantine != nil && time.Since(r.asideAt) > lag {
		w.violate("quarantine", "%s of %s, which has been set aside for %v", a.Step, a.named, time.Since(r.asideAt))
	}
	disowned := a.Step == StepLabel && (a.Machine.disowning || a.Machine.Group == "") // by a command
	if g := w.disk.Group(a.Group.Name); g.Memory.Override.Pauses() && time.Since(g.PausedAt) > callTimeout+lag && !disowned {
		w.violate("pause", "%s of %s, whose group has been paused for %v", a.Step, a.named, time.Since(g.PausedAt))
	}
}

// judgeLook: a node is attached where it is not, and detached where it is: the pool
// was looked at before.
func (w *World) judgeLook(a *Act, present bool) {
	if a.Pool == nil || time.Since(w.liedAt) <= lag || time.Since(a.Pool.changedAt[a.Node]) <= lag {
		return
	}
	if a.Step == StepAttach && present || a.Step == StepDetach && !present {
		w.violate("look", "%s of %s in %s, where it is so already", a.Step, a.named, a.Pool.Name)
	}
}

// judgeStop: no machine goes off while it is in a pool, nor by force before it had
// its time.
func (w *World) judgeStop(a *Act, inPools int) {
	m := a.Machine
	if inPools > 0 {
		w.violate("pool", "%s is stopped while it is in %d pools", a.named, inPools)
	}
	if a.Force && !m.stoppedAt.IsZero() && time.Since(m.stoppedAt) < stopTimeout-lag {
		w.violate("deadline", "%s is stopped by force %v after it was asked to stop", a.named, time.Since(m.stoppedAt))
	}
}

// judgeFloor: fewer than min never serve by our doing. A machine that ceased to serve
// by itself counts until autoscaled can have seen it.
func (w *World) judgeFloor(a *Act, served bool) {
	if !served {
		return
	}
	others := 0
	for _, m := range w.cloud.Machines() {
		if m.Group == a.Group.Name && m != a.Machine && w.servesAsFarAsKnown(m, a.Group) {
			others++
		}
	}
	if others < a.Group.Min {
		w.violate("floor", "%s leaves %s, %d others serve, and min is %d", a.named, a.Pool.Name, others, a.Group.Min)
	}
}

func (w *World) servesAsFarAsKnown(m *Machine, g *group) bool {
	if m.Serves() && w.inPools(m) == len(g.pools) {
		return true
	}
	ceased := later(m.fellAt, m.handAt)
	if m.Power == cloud.PowerOn && !m.Serves() {
		return time.Since(ceased) < staleRead+3*healthInterval // it takes so long to find out
	}
	unseen := !w.listed().After(ceased.Add(w.cloud.Delays.Stale)) || time.Since(ceased) < 2*healthInterval+lag
	return m.fellBy != Us && !ceased.IsZero() && unseen
}

// judgeRelease: no contract is ended without our mark on the machine, and on record.
func (w *World) judgeRelease(a *Act) {
	m := a.Machine
	mark := actions.Mark(installation, a.Group.Name, m.Code)
	if r := w.disk.Record(m.Code); m.Label != mark || r == nil || r.Facts.Labelled.IsZero() {
		w.violate("mark", "%s is released with the label %q", m.Code, m.Label)
	}
	if w.inPools(m) > 0 || m.Power == cloud.PowerOn {
		w.violate("mark", "%s is released while it is %v and in %d pools", m.Code, m.Power, w.inPools(m))
	}
}

// judgeImports: what is on record as done is not done again.
func (w *World) judgeImports(a *Act) {
	imports, allowed := a.Machine.Imports, 1+len(w.verdict.Fired)+w.upsets
	if a.Machine.Intent == "" {
		allowed++ // whoever made it
	}
	if imports > allowed {
		w.violate("fact", "a key was imported into %s %d times", a.named, imports)
	}
}

// leaves judges an order when it leaves: it is on disk as it is, with everything that
// was there before; no other is unsettled; and nobody stands by instead.
func (w *World) leaves(l *life, a *Act) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l.dead || l.outdated {
		return
	}
	w.cloud.Settle()
	unsettled := w.disk.Unsettled()
	if len(unsettled) != 1 {
		w.violate("order", "an order of %d for group %s leaves while %d orders on disk are unsettled", a.Count, a.Group.Name, len(unsettled))
		return
	}
	order := unsettled[0]
	a.intent = order.ID
	if order.State != actions.IntentOpen || order.Group != a.Group.Name || order.Count != a.Count || order.Source != a.Template.Source {
		w.violate("order", "an order of %d for group %s leaves, and on disk is %+v", a.Count, a.Group.Name, *order)
	}
	if w.ordered[order.ID] {
		w.violate("order", "order %s leaves a second time", order.ID)
	}
	w.ordered[order.ID] = true
	w.judgeBefore(a, order)
	w.judgeStandby(a)
	if g := w.disk.Group(a.Group.Name); g.Memory.Override.Pauses() && time.Since(g.PausedAt) > callTimeout+lag {
		w.violate("pause", "an order leaves for group %s, which has been paused for %v", a.Group.Name, time.Since(g.PausedAt))
	}
}

// judgeBefore: no machine that was there before the order could be taken for one that
// it bought.
func (w *World) judgeBefore(a *Act, order *actions.Intent) {
	for _, m := range w.cloud.Machines() {
		_, knew := slices.BinarySearch(order.Before, m.Code)
		young := time.Since(m.From) < 24*time.Hour
		bare := m.Label == "" || m.Label == templateLabel
		if !knew && young && bare && m.Billed() && !m.Template && w.disk.Record(m.Code) == nil && time.Since(m.knownAt) > lag {
			w.violate("order", "an order of %d for group %s leaves, and %s, which was there, is not on its record", a.Count, a.Group.Name, m.Code)
		}
	}
}

// judgeStandby: who stands by comes back before another is bought, save one that must
// be overwritten before.
func (w *World) judgeStandby(a *Act) {
	for _, m := range w.cloud.Machines() {
		r := w.disk.Record(m.Code)
		if r == nil || r.Group != a.Group.Name || r.Goal != policy.Standby || r.Facts.Quarantine != nil {
			continue
		}
		ready := m.Power == cloud.PowerOff && m.Imports > 0 && m.Attached && m.LastDay.IsZero() && m.Group == r.Group
		outdated := r.Facts.Template != "" && r.Facts.Template != a.Template.ID() || !r.Facts.Failing.IsZero()
		if ready && !outdated && time.Since(r.GoalAt) > callTimeout {
			w.violate("standby", "an order of %d leaves for group %s, and %s stands by", a.Count, a.Group.Name, m.Code)
		}
	}
}

// judgeOrder: no more are bought than max and surge allow, whatever became of those
// bought before.
func (w *World) judgeOrder(a *Act) {
	if a.Late {
		return
	}
	active := 0
	for _, m := range w.cloud.Machines() {
		if m.Group != a.Group.Name || !m.Billed() || !m.LastDay.IsZero() {
			continue
		}
		r := w.disk.Record(m.Code)
		if r == nil && !w.late[m.Code] || r != nil && occupies(r.Goal) {
			active++
		}
	}
	if active+a.Count > a.Group.Max+surge {
		w.violate("ceiling", "%d are bought for group %s, which has %d, and max is %d", a.Count, a.Group.Name, active, a.Group.Max)
	}
}

// judgeCommit judges what a commit changed.
func (w *World) judgeCommit(ch *change) {
	for _, r := range ch.enlisted {
		if m := w.cloud.Machine(r.Code); m == nil || m.Group != r.Group && w.knownForeign(m) {
			w.violate("foreign", "%s is taken on record for group %s, and is not its", r.Code, r.Group)
		}
	}
	for _, code := range ch.doubled {
		w.violate("double", "%s is on record of two groups", code)
	}
	for _, r := range ch.dropped {
		if m := w.cloud.Machine(r.Code); m != nil && m.Billed() && m.Group == r.Group && !m.disowning {
			w.violate("leak", "the record of %s is dropped, and it costs money", r.Code)
		}
	}
	for _, r := range ch.goals {
		if r.Facts.Protected != nil && r.Before == policy.InService && !w.group(r.Group).adopts() {
			w.violate("protected", "%s is protected, and is to be %s", r.Code, r.Goal)
		}
	}
	w.judgeOrders(ch)
	for _, g := range w.groups {
		w.judgeCeiling(g, ch)
		w.judgeDecision(g, ch)
	}
}

// judgeOrders judges the orders that are settled or forgotten.
func (w *World) judgeOrders(ch *change) {
	for _, order := range ch.orders {
		if _, known := w.lostAt[order.ID]; order.State == actions.IntentUnknown && !known {
			w.lostAt[order.ID] = time.Now()
		}
		if !unsettled(order) {
			w.judgeSettled(order)
		}
	}
	for _, order := range ch.forgotten {
		w.judgeSettled(order)
	}
}

// judgeSettled: what an order bought is on record when the order counts as settled.
func (w *World) judgeSettled(order *actions.Intent) {
	since, known := w.lostAt[order.ID]
	if lost := time.Since(since); known && lost < settleWindow && order.State == actions.IntentVoid && !order.Lost.IsZero() {
		w.violate("settle", "order %s is given up %v after its answer was lost, and is to be looked for during %v", order.ID, lost, settleWindow)
	}
	for _, code := range w.boughtBy[order.ID] {
		m := w.cloud.Machine(code)
		if m.Billed() && m.Group != "" && !m.disowning && w.disk.Record(code) == nil && !w.late[code] {
			w.violate("leak", "order %s counts as %s, and %s, which it bought, is not on record", order.ID, order.State, code)
		}
	}
}

// judgeCeiling: a commit never lets the group exceed max and surge.
func (w *World) judgeCeiling(g *group, ch *change) {
	more := 0
	for _, r := range ch.goals {
		switch {
		case r.Group != g.Name:
		case r.Goal == policy.InService && r.Before == "" && w.cloud.Machine(r.Code).Power == cloud.PowerOn:
			// it is adopted as it is: no doing of ours
		case occupies(r.Goal) && !occupies(r.Before):
			more++
		case occupies(r.Before) && !occupies(r.Goal):
			more--
		}
	}
	if more <= 0 {
		return
	}
	if active := w.disk.Active(g.Name); active > g.Max+surge {
		w.violate("ceiling", "%d of group %s are to serve, and max is %d", active, g.Name, g.Max)
	}
}

// judgeDecision: missing data shrinks no group, and the decided count is within bounds.
func (w *World) judgeDecision(g *group, ch *change) {
	before, decided := ch.decided[g.Name]
	if !decided {
		return
	}
	now := w.disk.Group(g.Name).Desired.Count
	if now != before {
		w.verdict.Decisions = append(w.verdict.Decisions, Decided{g.Name, w.since(), now})
	}
	if _, missing := g.load.get(); missing && !g.adopts() && now < before && time.Since(w.blindAt) > lag {
		w.violate("blind", "group %s is shrunk from %d to %d without data", g.Name, before, now)
	}
	if now > g.Max && now > before || now < g.Min && now < before {
		w.violate("bounds", "group %s is to have %d, and it may have %d to %d", g.Name, now, g.Min, g.Max)
	}
}

// adopts says that what somebody does to the group's machines may count as decided.
func (g *group) adopts() bool {
	return slices.Contains(slices.Collect(maps.Values(g.Drift)), actions.DriftAdopt)
}

// judgeTraffic: no request is lost by our doing.
func (w *World) judgeTraffic() {
	if w.cloud.Traffic.Lost(Us) > 0 {
		w.violate("traffic", "%s", strings.Join(w.cloud.Traffic.Notes(), "; "))
	}
}

// unrest says why the world is not at rest; empty: it is. At rest every machine of
// ours that costs money is on record; those that are to serve are as many as are
// wanted, serve, and are in all pools; the others are off, in no pool, and not more
// than may stand by; no order is unsettled; and whatever is not ours is where it was.
func (w *World) unrest() string {
	w.cloud.Settle()
	if n := len(w.disk.Unsettled()); n > 0 {
		return "an order is unsettled: " + w.disk.Unsettled()[0].Error
	}
	for _, m := range w.cloud.Machines() {
		if why := w.unrestOf(m); why != "" {
			return m.Code + " " + why
		}
	}
	for _, g := range w.groups {
		if why := w.unrestIn(g); why != "" {
			return "group " + g.Name + " " + why
		}
	}
	return ""
}

func (w *World) unrestOf(m *Machine) string {
	r := w.disk.Record(m.Code)
	switch {
	case m.Group == "":
		return ""
	case !m.Billed() && r != nil:
		return "is gone, and still on record"
	case !m.Billed():
		return ""
	case m.disowning:
		return "was to be disowned"
	case r == nil:
		return "costs money, and is not on record"
	case r.Facts.Quarantine != nil:
		return "is set aside: " + r.Facts.Quarantine.Why
	case r.Goal == policy.Released && time.Until(m.LastDay.Add(w.cloud.Period)) > patience/2 && !m.LastDay.IsZero():
		return "" // it takes too long until it is gone
	case r.Goal == policy.Released:
		return "is to be released, and is not gone"
	case r.Goal == policy.InService && !m.Serves():
		return "is to serve, and does not: " + m.Power.String()
	case r.Goal == policy.Ready:
		return "is in a fire drill"
	case r.Goal == policy.Standby && m.Power != cloud.PowerOff:
		return "is to stand by, and is " + m.Power.String()
	}
	return ""
}

func (w *World) unrestIn(g *group) string {
	state := w.disk.Group(g.Name)
	if state.Memory.Override.Pauses() {
		return "is paused"
	}
	if state.Drill.UnderWay() {
		return "is in a fire drill"
	}
	if want := g.want(); state.Desired.Count != want {
		return sprintf("is to have %d, and %d are wanted", state.Desired.Count, want)
	}
	serving, standby := 0, 0
	nodes := map[*Pool]int{}
	for _, m := range w.cloud.Machines() {
		r := w.disk.Record(m.Code)
		if m.Group != g.Name || r == nil {
			continue
		}
		switch r.Goal {
		case policy.InService:
			serving++
		case policy.Standby:
			standby++
		}
		for _, p := range g.pools {
			switch in := p.Has(netip.AddrPortFrom(m.Address, p.Port)); {
			case in:
				nodes[p]++
			case r.Goal == policy.InService:
				return sprintf("lacks %s in %s", m.Code, p.Name)
			}
		}
	}
	for _, p := range g.pools {
		if others := len(p.Nodes) - nodes[p] - w.unknownIn(p); nodes[p] != serving || others != w.foreignIn(p) {
			return sprintf("has %d serving, and in %s are %d, and %d others", serving, p.Name, nodes[p], others)
		}
	}
	switch {
	case serving != state.Desired.Count:
		return sprintf("has %d serving, and %d are wanted", serving, state.Desired.Count)
	case standby > g.Standby && w.cloud.Period < patience/2: // otherwise it takes too long until they are released
		return sprintf("has %d standing by, and keeps %d", standby, g.Standby)
	}
	return ""
}

// unknownIn counts the nodes at addresses that nobody has and that never were on
// record: of a machine that went off before it could be asked for its address. Nothing
// can prove that they are ours.
func (w *World) unknownIn(p *Pool) int {
	n := 0
	for _, node := range p.Nodes {
		taken := slices.ContainsFunc(w.cloud.Machines(), func(m *Machine) bool { return m.Address == node.Addr() })
		if !taken && !w.disk.addresses[node.Addr()] {
			n++
		}
	}
	return n
}

// foreignIn is how many nodes of the pool are somebody else's.
func (w *World) foreignIn(p *Pool) int {
	n := 0
	for _, m := range w.cloud.Machines() {
		if m.pooled && p.Has(netip.AddrPortFrom(m.Address, p.Port)) {
			n++
		}
	}
	return n
}
