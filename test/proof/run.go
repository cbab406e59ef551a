package proof

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// Run tells a story from its beginning until the world is at rest, or an invariant
// does not hold. It must be called in a synctest bubble, and leaves no goroutine.
func Run(story Story) Verdict { return Trace(story, nil) }

// Wide makes Trace put every call into words.
var Wide bool

// Trace is Run, and puts everything that happens into words.
func Trace(story Story, line func(string)) Verdict {
	w := newWorld(story)
	w.line, w.wide = line, Wide
	w.start()
	for i, event := range story.Events {
		if !w.pass(event.At) {
			break
		}
		w.happen(i, event)
	}
	if w.pass(story.Calm) {
		w.calm()
		w.repairTemplate()
		w.settle()
	}
	w.kill()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cloud.Settle()
	w.judgeTraffic()
	w.verdict.Took = w.since()
	if w.lastPassed == w.verdict.Took { // whether the story still came to these is a matter of chance
		w.verdict.Boundaries = w.verdict.Boundaries[:w.lastBoundary]
	}
	return w.verdict
}

// pass lets time pass until the given time of the story. When the process dies,
// another starts. It returns false when an invariant does not hold.
func (w *World) pass(until time.Duration) bool {
	for !w.violated() {
		left := until - w.since()
		if left <= 0 {
			return true
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-w.life.killed:
			timer.Stop()
			w.mu.Lock()
			w.tell("the process is dead")
			w.mu.Unlock()
			w.kill()
			w.restartAfter(w.chance.between(time.Second, 2*time.Minute, "down", w.since().String()))
		}
		w.mu.Lock()
		w.cloud.Settle()
		w.judgeTraffic()
		w.mu.Unlock()
	}
	return false
}

func (w *World) restartAfter(down time.Duration) {
	time.Sleep(down)
	w.mu.Lock()
	w.upsets++
	w.tell("a process starts")
	w.mu.Unlock()
	w.start()
}

// happen does what an event says.
func (w *World) happen(i int, e Event) {
	w.mu.Lock()
	g := w.group(e.Group)
	w.cloud.Settle()
	w.tell("event %v", e)
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	switch e.Kind {
	case EventPause:
		_ = w.life.fleet.Override(ctx, g.Name, policy.Override{Kind: policy.PauseAll, By: "operator"})
	case EventResume:
		_ = w.life.fleet.Resume(ctx, g.Name, "operator", "")
	case EventDrill:
		w.drill(ctx, g)
	case EventReload:
		w.stop()
		g.Configured = *e.New
		w.makeTemplate(g.Template)
		w.restartAfter(time.Second)
	case EventKill:
		w.kill()
		w.restartAfter(e.For)
	case EventProtect, EventDisown:
		w.command(ctx, sprintf("event %d", i), e, g)
	case EventFreeze:
		w.freeze(e.For)
	case EventBlind:
		w.mu.Lock()
		w.blindAt = time.Now()
		w.mu.Unlock()
		g.load.lose(true)
		time.AfterFunc(e.For, func() { g.load.lose(false) })
	default:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.befall(sprintf("event %d", i), e, g)
	}
}

// drill begins a fire drill of the group, unless it is refused.
func (w *World) drill(ctx context.Context, g *group) {
	plan, err := w.life.fleet.PlanDrill(ctx, g.Name)
	if err == nil {
		_, err = w.life.fleet.Drill(ctx, g.Name, fleet.DrillRequest{Instance: plan.Instance, By: "operator"})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tell("drill of %s: %v", g.Name, err)
}

// makeTemplate gives the template another content.
func (w *World) makeTemplate(content string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cloud.Machine(templateCode).Content = content
}

// command gives a command about some machine of the group.
func (w *World) command(ctx context.Context, name string, e Event, g *group) {
	w.mu.Lock()
	m := w.someServing(name, g)
	w.mu.Unlock()
	switch {
	case m == nil:
	case e.Kind == EventProtect:
		_ = w.life.fleet.Protect(ctx, m.Code, actions.Protection{By: "operator"})
	case e.Kind == EventDisown:
		w.disown(ctx, m)
	}
}

// disown gives a machine away. It stays ours for as long as autoscaled does not say that
// it was done; the operator asks again then.
func (w *World) disown(ctx context.Context, m *Machine) {
	w.mu.Lock()
	m.disowning = true
	w.mu.Unlock()
	err := w.life.fleet.Disown(ctx, m.Code, "operator", "")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tell("disown %s: %v", m.Code, err)
	if r := w.disk.Record(m.Code); err == nil || r == nil && strings.HasPrefix(m.Label, "not:") {
		m.Group, m.takenAt, m.pooled, m.disowning = "", time.Now(), w.inPools(m) > 0, false
	}
}

// befall does what an event does to the world behind the process's back. w.mu must be held.
func (w *World) befall(name string, e Event, g *group) {
	switch e.Kind {
	case EventLoad:
		w.setLoad(g, e.To)
	case EventFull:
		w.fullTill = time.Now().Add(e.For)
	case EventOutage:
		w.mute = time.Now().Add(e.For)
	case EventClock:
		w.offset += e.For
	case EventFaulty:
		w.faulty = e.To > 0
	case EventForeign:
		m := w.cloud.Add(Machine{Type: machineType, Label: "theirs", Power: cloud.PowerOff})
		m.From = time.Now()
	case EventRelabel:
		w.relabel = g.Name
	default:
		w.upsets++
		if m := w.someServing(name, g); m != nil {
			w.hit(m, e.Kind)
		}
	}
}

func (w *World) hit(m *Machine, kind EventKind) {
	switch kind {
	case EventSick:
		w.cloud.Sicken(m)
	case EventPower:
		w.cloud.Crash(m, Nature)
	case EventHandOff:
		_ = w.cloud.Stop(m.Code, false, Hand)
	case EventHandOut:
		for _, p := range w.cloud.Pools() {
			_ = w.cloud.Detach(p, netip.AddrPortFrom(m.Address, p.Port), Hand)
		}
	}
}

// someServing picks a machine of the group that serves.
func (w *World) someServing(name string, g *group) *Machine {
	var serving []*Machine
	for _, m := range w.cloud.Machines() {
		if m.Group == g.Name && m.Serves() {
			serving = append(serving, m)
		}
	}
	if len(serving) == 0 {
		return nil
	}
	return serving[int(w.chance.of(name)*float64(len(serving)))]
}

// freeze lets the process stand still while another takes over, and go on then.
func (w *World) freeze(during time.Duration) {
	old := w.life
	w.start()
	w.mu.Lock()
	old.outdated = true
	w.mu.Unlock()
	w.upsets++
	time.Sleep(during)
	_ = w.die(old)
	w.bury(old)
}

func (w *World) group(name string) *group {
	for _, g := range w.groups {
		if g.Name == name {
			return g
		}
	}
	return nil
}

// want is how many instances the group is to have for its load.
func (g *group) want() int {
	value, _ := g.load.get()
	return min(max(int(math.Ceil(value/100)), g.Min), g.Max)
}

// calm ends everything that disturbs the world.
func (w *World) calm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cloud.Settle()
	w.fullTill, w.mute, w.faulty, w.relabel = time.Time{}, time.Time{}, false, ""
	w.offset = 0
	for _, m := range w.cloud.Machines() {
		if !w.story.Incurable {
			w.cloud.Heal(m)
		}
	}
	for _, g := range w.groups {
		g.load.lose(false)
	}
}

// repairTemplate gives every group a template that works, if the one there does not.
func (w *World) repairTemplate() {
	w.mu.Lock()
	broken := strings.HasSuffix(w.cloud.Machine(templateCode).Content, rotten)
	w.mu.Unlock()
	if !broken {
		return
	}
	w.stop()
	for _, g := range w.groups {
		g.Template = "repaired"
	}
	w.makeTemplate("repaired")
	w.restartAfter(time.Second)
}

// settle lets time pass until the world is at rest, with an operator who looks
// after what only a person can settle.
func (w *World) settle() {
	begun, looked := w.since(), time.Duration(0)
	for w.pass(w.since() + glance) {
		w.mu.Lock()
		why := w.unrest()
		w.mu.Unlock()
		if why == "" {
			return
		}
		if w.since()-begun > patience {
			w.mu.Lock()
			w.violate("rest", "%s", why)
			w.mu.Unlock()
			w.tellStatus()
			return
		}
		if w.since()-looked > round {
			looked = w.since()
			w.operate()
		}
	}
}

// tellStatus puts into words what the process says of itself.
func (w *World) tellStatus() {
	status := w.life.fleet.Status()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tell("STATUS %+v", status.Accounts)
	for _, g := range status.Groups {
		w.tell("STATUS %s: %+v, held %v, trouble %q, foreign %v", g.Name, g.Decision, g.Held, g.Trouble, g.Foreign)
		for _, in := range g.Instances {
			w.tell("STATUS   %s %s %s step %s quarantine %q trouble %q", in.Code, in.Goal, in.Phase, in.Step, in.Quarantine, in.Trouble)
		}
	}
}

// operate does what a careful operator does: he resumes what is paused or set aside,
// and labels the machines about which he is asked.
func (w *World) operate() {
	w.mu.Lock()
	var resume, unprotect []string
	var disown []*Machine
	for _, m := range w.cloud.Machines() {
		if m.disowning {
			disown = append(disown, m)
		}
		if r := w.disk.Record(m.Code); r != nil && r.Facts.Protected != nil {
			unprotect = append(unprotect, m.Code)
		}
	}
	for _, g := range w.groups {
		aside := slices.ContainsFunc(w.cloud.Machines(), func(m *Machine) bool {
			r := w.disk.Record(m.Code)
			return r != nil && r.Group == g.Name && r.Facts.Quarantine != nil
		})
		if aside || w.disk.Group(g.Name).Memory.Override.Pauses() {
			resume = append(resume, g.Name)
		}
	}
	w.undo()
	for _, order := range w.disk.Unsettled() {
		if order.State == actions.IntentAsking {
			w.labelForAsking()
		}
	}
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, m := range disown {
		w.disown(ctx, m)
	}
	for _, code := range unprotect {
		_ = w.life.fleet.Unprotect(ctx, code, "operator", "")
	}
	for _, name := range resume {
		_ = w.life.fleet.Resume(ctx, name, "operator", "")
	}
}

// undo takes back by hand what somebody changed and autoscaled leaves alone.
func (w *World) undo() {
	for _, m := range w.cloud.Machines() {
		r := w.disk.Record(m.Code)
		if m.Group == "" || r == nil || r.Facts.Drift == nil || w.group(r.Group).drifts()[r.Facts.Drift.Kind] != actions.DriftIgnore {
			continue
		}
		g, node := w.group(r.Group), func(p *Pool) netip.AddrPort { return netip.AddrPortFrom(m.Address, p.Port) }
		switch {
		case r.Goal != policy.InService:
			for _, p := range g.pools {
				_ = w.cloud.Detach(p, node(p), Hand)
			}
			_ = w.cloud.Stop(m.Code, false, Hand)
		case m.Power == cloud.PowerOff:
			_ = w.cloud.Start(m.Code, Hand)
		case m.Serves():
			for _, p := range g.pools {
				_ = w.cloud.Attach(p, node(p), Hand)
			}
		}
	}
}

func (w *World) labelForAsking() {
	for _, m := range w.cloud.Machines() {
		if bare := m.Label == "" || m.Label == templateLabel; !bare || m.Template || w.disk.Record(m.Code) != nil {
			continue
		}
		label := "somebody else's"
		if m.Group != "" {
			label = actions.Mark(installation, m.Group, m.Code)
		}
		_ = w.cloud.SetLabel(m.Code, label, Hand)
	}
}

// probe asks the service at the address.
func (w *World) probe(_ context.Context, address netip.Addr) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cloud.Settle()
	if m := w.cloud.Holder(address); m == nil || m.Address != address || !m.Serves() {
		return fmt.Errorf("no answer from %v", address)
	}
	return nil
}
