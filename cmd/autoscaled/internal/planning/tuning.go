package planning

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/report"
	"github.com/autoscaled/autoscaled/internal/plan/tune"
)

// Tuning is what tuning the first subject found.
type Tuning struct {
	*tune.Result          // nil: it was refused
	Refused      string   // why, and what to do about it
	Whole        []Run    // of the front, on the whole history; brief
	Patch        string   // the proposal as YAML, to be laid over the configuration; empty: there is none
	Words        []string // what was found, line by line
}

// proposalName is that of the proposal among the runs.
const proposalName = "proposal"

// tune tunes, and replays what was found on the whole history, beside the others.
func (m *maker) tune(ctx context.Context) error {
	if !m.Tune {
		return nil
	}
	result, err := tune.Tune(ctx, &m.scenarios[0], tune.Options{
		Budget: m.Budget, Seed: m.Surroundings.Seed, Parallel: m.Parallel, Zone: m.Zone, Progress: m.telling("tuning"),
	})
	if refused, ok := errors.AsType[*tune.RefusedError](err); ok {
		m.study.Tuning = &Tuning{Refused: refused.Error()}
		return nil
	} else if err != nil {
		return err
	}
	t := &Tuning{Result: result, Words: m.study.tuningWords(result)}
	m.study.Tuning = t
	if err := m.replayFront(ctx, t); err != nil || result.Proposal == nil {
		return err
	}
	patch, err := result.Proposal.Patch(m.study.Group)
	t.Patch = string(patch)
	return err
}

// replayFront replays the front on the whole history; the proposal with its series, as a
// run beside the others.
func (m *maker) replayFront(ctx context.Context, t *Tuning) error {
	scenarios := make([]plan.Scenario, len(t.Front))
	for i := range t.Front {
		s := m.scenarios[0]
		s.Name, s.Spec, s.Recorded, s.Brief = changesText(&t.Front[i]), t.Front[i].Spec, nil, true
		scenarios[i] = s
	}
	if t.Proposal != nil {
		s := m.scenarios[0]
		s.Name, s.Spec, s.Recorded = proposalName, t.Proposal.Spec, nil
		scenarios = append(scenarios, s)
	}
	results, err := plan.ReplayAll(ctx, scenarios, m.Parallel, m.telling("replaying what was tuned"))
	if err != nil {
		return err
	}
	for i := range t.Front {
		t.Whole = append(t.Whole, Run{Result: results[i], Role: report.Other})
	}
	if t.Proposal != nil {
		run := Run{Result: results[len(t.Front)], Role: report.Other, Note: changesText(t.Proposal)}
		m.study.Runs = append(m.study.Runs[:1], append([]Run{run}, m.study.Runs[1:]...)...)
	}
	return nil
}

// changesText are the changes of a candidate in a line. The only policy needs no number.
func changesText(c *tune.Candidate) string {
	if len(c.Changes) == 0 {
		return "as it is"
	}
	texts := make([]string, len(c.Changes))
	for i, change := range c.Changes {
		key := change.Key
		if len(c.Spec.Policies) == 1 {
			key = strings.TrimPrefix(key, "policies[0].")
		}
		texts[i] = fmt.Sprintf("%s %s", key, change.To)
	}
	return strings.Join(texts, ", ")
}

// tuningWords say what was tuned on what, and how sure it is.
func (s *Study) tuningWords(r *tune.Result) []string {
	date := func(of tune.Span) string {
		return fmt.Sprintf("%s to %s", of.From.In(s.Zone).Format("2 Jan"), of.To.In(s.Zone).Format("2 Jan"))
	}
	words := []string{fmt.Sprintf("tuned on %s by %s, scored on %s, which the search never saw; overload allowed for %s %% of the time, and %s %% of the load to be lost",
		date(r.Tuned), counted(float64(r.Replays), "replay"), date(r.HeldOut), Number(percent*r.Budget, 3), Number(percent*r.LostMost, 3))}
	if r.Note != "" {
		words = append(words, r.Note)
	}
	if r.Picked != nil && len(r.Picked.Changes) > 0 {
		g := r.Gain
		words = append(words, fmt.Sprintf("on the days scored, the best has %s cost (19 times out of 20: %s to %s) and %s overload minutes (%s to %s); it is cheaper on %d of %d days, and better on %d and worse on %d in overload; it loses %s %% of the load there, where what you have loses %s %%",
			share(g.Cost.Value), share(g.Cost.Low), share(g.Cost.High), signed(g.OverloadMinutes.Value, 0), signed(g.OverloadMinutes.Low, 0), signed(g.OverloadMinutes.High, 0),
			g.CheaperDays, g.Days, g.BetterDays, g.WorseDays, Number(percent*r.Picked.HeldOut.LostShare, 3), Number(percent*r.Present.HeldOut.LostShare, 3)))
	}
	if r.Proposal == nil {
		return append(words, "keep what you have: "+r.Keep)
	}
	return append(words, "proposed: "+changesText(r.Proposal))
}

// share is a part more, in percent.
func share(more float64) string { return signed(percent*more, 1) + " %" }

// TuningWords say what tuning found, line by line; nothing if it was not asked for.
func (s *Study) TuningWords() []string {
	switch {
	case s.Tuning == nil:
		return nil
	case s.Tuning.Result == nil:
		return []string{s.Tuning.Refused}
	}
	return s.Tuning.Words
}

// TuningCost is a candidate's cost for people.
func (s *Study) TuningCost(f tune.Figures) string {
	if s.Prices != nil && s.Tuning.InMoney {
		return s.Prices.Text(billing.Money(f.Money))
	}
	return Number(f.InstanceHours, 0) + " h"
}

// Is says that a candidate of the front is the proposal.
func (t *Tuning) Is(i int) bool {
	return t.Proposal != nil && changesText(&t.Front[i]) == changesText(t.Proposal)
}

// ChangesText are the changes of a candidate of the front in a line.
func (t *Tuning) ChangesText(i int) string { return changesText(&t.Front[i]) }
