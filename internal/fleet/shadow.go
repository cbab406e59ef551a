package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// Shadow is a second set of rules, which decides about a virtual group on the same
// signals, and acts on nothing.
type Shadow struct {
	Spec     policy.Spec      // of which the policies and the limits of the directions count
	Recorder *record.Recorder // nil: its decisions are not recorded
	Past     Past             // nil: its forecasts begin with nothing
}

// shadowState is what of a shadow must not be forgotten.
type shadowState struct {
	Of       string       `json:"of"`                 // which rules the rest is about
	Promoted bool         `json:"promoted,omitempty"` // it has changed places with the active ones
	Virtual  virtualState `json:"virtual"`
	Score    ShadowScore  `json:"score"`
	Forecast *foresaw     `json:"forecast,omitempty"` // of the policies that the file has as the shadow's; nil: none of them forecasts
}

// ShadowScore compares the active rules with those of the shadow, on the same load.
type ShadowScore struct {
	Since    time.Time     `json:"since"`
	At       time.Time     `json:"at"`
	Measured time.Duration `json:"measured"` // for which both were watched
	Active   ShadowSide    `json:"active"`
	Shadow   ShadowSide    `json:"shadow"`
}

// ShadowSide is one side of a score.
type ShadowSide struct {
	InstanceHours float64       `json:"instance_hours"` // of the decided size
	Short         time.Duration `json:"short"`          // for which the load was more than those that served carry at the active target
	Changes       int           `json:"changes"`        // of the size
}

// ShadowStatus is a shadow, for people.
type ShadowStatus struct {
	Promoted bool          `json:"promoted,omitempty"` // its rules are the active ones, and those of the file's policies are the shadow
	Desired  int           `json:"desired"`
	Serving  int           `json:"serving"`
	Reason   policy.Reason `json:"reason"`
	Policies []string      `json:"policies"`
	Score    ShadowScore   `json:"score"`
}

// rulesOf names the rules of a spec that a shadow is about.
func rulesOf(spec *policy.Spec) string {
	content, err := json.Marshal([]any{spec.Policies, spec.Out, spec.In, spec.LoadLoss})
	if err != nil {
		return "" // no spec that came out of a configuration
	}
	sum := fnv.New64a()
	_, _ = sum.Write(content)
	return fmt.Sprintf("%016x", sum.Sum64())
}

// exchange gives each of the two specs the rules of the other.
func exchange(a, b *policy.Spec) {
	a.Policies, b.Policies = b.Policies, a.Policies
	a.Out, b.Out = b.Out, a.Out
	a.In, b.In = b.In, a.In
	a.LoadLoss, b.LoadLoss = b.LoadLoss, a.LoadLoss
}

// configureShadow takes up a shadow where it was left. One whose rules changed since
// begins anew, and is not promoted any more.
func (g *Group) configureShadow() error {
	before := g.state.Value.Shadow
	if g.Shadow == nil {
		g.state.Value.Shadow = nil
	} else if of := rulesOf(&g.Shadow.Spec); before == nil || before.Of != of {
		g.state.Value.Shadow = &shadowState{Of: of}
	}
	if before != nil && before.Promoted && before != g.state.Value.Shadow {
		g.Log.Warn("the promoted shadow was changed in the configuration: the policies of the file are in force again")
	}
	if now := g.state.Value.Shadow; now != nil && now.Promoted {
		return g.exchangeRules()
	}
	return nil
}

func (g *Group) exchangeRules() error {
	exchange(g.Spec, &g.Shadow.Spec)
	if err := g.Recorder.Use(g.Spec); err != nil {
		return err
	}
	return g.Shadow.Recorder.Use(&g.Shadow.Spec)
}

// cloneShadow is a copy that a turn may change.
func (s *shadowState) clone() *shadowState {
	if s == nil {
		return nil
	}
	copied := *s
	copied.Virtual = s.Virtual.clone()
	return &copied
}

// decideShadow lets the shadow decide on the same signals as the group just did, and goes
// on with the score.
func (g *Group) decideShadow(next *state, signals []policy.Signal, active policy.Decision, serving int, now time.Time) {
	s := next.Shadow
	if g.Shadow == nil || s == nil {
		return
	}
	v := virtual{
		virtualState: s.Virtual, lead: next.timeToServe(), leads: next.leads(&g.Shadow.Spec), foresight: g.foresights.passive(next),
	}
	servingBefore, sizeBefore := v.Serving, v.Size
	begun := v.Begun
	v.decide(&g.shadowed, &g.Shadow.Spec, signals, serving, now)
	decision := &g.shadowed.decision
	if begun {
		s.Score.add(active, serving, servingBefore, sizeBefore, decision.Change() != 0, now, g.Spec.Gap)
	}
	s.Virtual = v.virtualState
	g.Metrics.change(g.Name, func(m *groupMetrics) { m.shadowDesired = float64(decision.Desired.Count) })
}

// recordShadow records the newest decision of the shadow.
func (g *Group) recordShadow() {
	if s := g.state.Value.Shadow; g.Shadow != nil && s != nil {
		g.Shadow.Recorder.Add(&g.shadowed.inputs, &g.shadowed.before, &s.Virtual.Memory, g.shadowed.decision)
	}
}

// add adds the time since the last evaluation, unless it was an interruption.
func (s *ShadowScore) add(active policy.Decision, serving, shadowServing, shadowSize int, shadowChanged bool, now time.Time, gap time.Duration) {
	passed := now.Sub(s.At)
	if s.At.IsZero() {
		s.Since = now
	}
	if s.At.IsZero() || passed < 0 || passed > gap {
		passed = 0
	}
	s.At = now
	s.Measured += passed
	need := 0.0
	for _, r := range active.Recommendations {
		need = max(need, r.Load)
	}
	s.Active.add(active.Current.Count, serving, need, active.Change() != 0, passed)
	s.Shadow.add(shadowSize, shadowServing, need, shadowChanged, passed)
}

func (s *ShadowSide) add(size, serving int, need float64, changed bool, passed time.Duration) {
	s.InstanceHours += float64(size) * passed.Hours()
	if need > float64(serving) {
		s.Short += passed
	}
	if changed {
		s.Changes++
	}
}

// Promote lets the shadow's rules and the active ones change places, at once and across
// restarts; back again with promoted false. What both remember of their wants goes along;
// cooldowns and rates stay with the group.
func (g *Group) Promote(ctx context.Context, promoted bool, by, why string) error {
	return g.command(ctx, func() error {
		before := g.state.Value
		switch {
		case g.Shadow == nil:
			return RefusedError{Why: fmt.Sprintf("group %s has no shadow: write one into the configuration", g.Name)}
		case before.Shadow.Promoted == promoted && promoted:
			return RefusedError{Why: fmt.Sprintf("the shadow of group %s is promoted already: `autoscaled rollback %s` ends that", g.Name, g.Name)}
		case before.Shadow.Promoted == promoted:
			return RefusedError{Why: fmt.Sprintf("the shadow of group %s is not promoted", g.Name)}
		}
		next := before.clone()
		next.Shadow.Promoted = promoted
		next.Shadow.Score = ShadowScore{}
		next.Shadow.Virtual = virtualState{Memory: next.Shadow.Virtual.Memory} // its size begins with the group's
		next.Memory.ExchangeWants(&next.Shadow.Virtual.Memory)
		g.state.Value = next
		if err := g.journal.Write(g.state); err != nil {
			g.state.Value = before
			return fmt.Errorf("record which rules of group %s are in force: %w", g.Name, err)
		}
		verb := "the shadow is promoted"
		if !promoted {
			verb = "the shadow is rolled back"
		}
		g.Log.Info(verb, zap.String("by", by), zap.String("why", why))
		g.Recorder.Note(g.Now(), fmt.Sprintf("%s by %s: %s", verb, by, why))
		return g.exchangeRules()
	})
}

// showShadow shows the shadow as it decided last.
func (g *Group) showShadow() {
	s := g.state.Value.Shadow
	if g.Shadow == nil || s == nil {
		return
	}
	d := g.shadowed.decision
	shown := &ShadowStatus{
		Promoted: s.Promoted, Desired: s.Virtual.Size, Serving: s.Virtual.Serving,
		Reason: d.Reason, Policies: sentences(d), Score: s.Score,
	}
	g.mu.Lock()
	g.shadow = shown
	g.mu.Unlock()
}

// Promote lets the rules of a group's shadow and the active ones change places; back again
// with promoted false.
func (f *Fleet) Promote(ctx context.Context, group string, promoted bool, by, why string) error {
	g, err := f.group(group)
	if err != nil {
		return err
	}
	return g.Promote(ctx, promoted, by, why)
}
