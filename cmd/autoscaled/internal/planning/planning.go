// Package planning makes a capacity plan of configurations and a history: it wires what
// people configure and say to the rooms of internal/plan, and gathers what comes of it.
//
// [NewSubject] takes a group out of a configuration, [Source] reads the history that it is
// planned on, and [Make] replays, compares and asks what is asked for. What comes of it is a
// [Study], which is a [Document] for programs and a report.Page for a browser; the command
// line prints it for people.
//
// It promises that whatever was assumed, left out or doubtful is told beside the figures,
// and that nothing but a history in Prometheus needs a network. It decides nothing: policies
// are those of package rules, what a machine costs is billing's, and figures are
// elasticity's.
package planning

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/plan/report"
)

// Options are what a study is made of, and what is asked.
type Options struct {
	Subjects     []Subject // the plan is about the first
	History      *History
	Peak         int // scale the load so that its highest step needs so many instances; 0: it stays as it is
	Capacities   Capacities
	Surroundings Surroundings
	Prices       *billing.Model // nil: no bill
	ScoreAfter   time.Duration  // what comes before warms the policies up, and counts nowhere
	Zone         *time.Location // in which times are shown

	Classics bool
	Series   bool // of all runs, with their decisions; else of the first, and of what is in force
	Guards   bool
	WhatIfs  []WhatIf
	Monthly  float64 // the load grows so many times a month; 0: it is not asked
	Tune     bool
	Budget   *float64 // of overload when tuning, share of the time; nil: what there is

	Parallel int
	Progress func(doing string, done, total int) // may be nil
}

// Study is what came of it.
type Study struct {
	Group  string
	Load   *load.Load
	From   int // the first step that is scored
	Zone   *time.Location
	Prices *billing.Model // nil: no bill

	Runs    []Run              // of the subjects in their order, classic scalers, the limit
	Guards  []plan.GuardWeight // of the first subject, as all that follows
	WhatIfs []plan.Outcome
	Growth  *plan.Growth
	Tuning  *Tuning // nil: not asked for

	Capacities  Capacities // by which the need of the first subject was found
	Warnings    []string   // what is doubtful
	Assumptions []string   // of the model
	LeftOut     []string   // what the model knows nothing of

	quota int // machines that there may be; 0: no bound
}

// Run is one policy on the load.
type Run struct {
	*plan.Result
	Role report.Role
	Note string // one line about it
}

// Configured says that the run is of a configuration.
func (r *Run) Configured() bool { return r.Role != report.Classic && r.Role != report.Limit }

// growthAhead is how far it is looked for a bound that a growing load meets.
const growthAhead = 365 * day

// Make makes the study. Its error says what of the options is to be changed.
func Make(ctx context.Context, o Options) (*Study, error) {
	m := &maker{Options: o, study: &Study{Group: o.Subjects[0].Group.Name, Zone: o.Zone, Prices: o.Prices, LeftOut: leftOut}}
	for _, step := range []func(context.Context) error{m.prepare, m.fit, m.replay, m.compare, m.weighGuards, m.askWhatIf, m.grow, m.tune, m.bound} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	m.study.Warnings = append(m.warnings(), m.study.Warnings...)
	return m.study, nil
}

// maker is a study being made.
type maker struct {
	Options
	study     *Study
	scenarios []plan.Scenario // of the subjects
}

// prepare makes a scenario of each subject.
func (m *maker) prepare(context.Context) error {
	l, capacities := m.History.Load, m.capacities()
	m.Surroundings.assumedToServe, m.Surroundings.assumedToReturn = assumedLeads(m.Subjects)
	for i := range m.Subjects {
		subject := &m.Subjects[i]
		signals, err := models(subject, m.Subjects, l, capacities)
		if err != nil {
			return err
		}
		m.tellCapacities(subject, signals)
		if i == 0 && m.Peak > 0 {
			signal, capacity := telling(signals)
			if l, err = l.ToPeak(signal, m.Peak, capacity); err != nil {
				return err
			}
			m.study.Assumptions = append(m.study.Assumptions, fmt.Sprintf("The load is scaled so that its highest step needs %d instances.", m.Peak))
		}
		cloud, assumptions, err := m.Surroundings.cloud(subject, m.History)
		if err != nil {
			return err
		}
		if i == 0 {
			m.study.Assumptions = append(m.study.Assumptions, assumptions...)
			m.study.quota = cloud.Quota
		}
		m.scenarios = append(m.scenarios, plan.Scenario{
			Name: subject.Name, Spec: &subject.Spec, Signals: signals, Load: l, Cloud: cloud, WarmUp: subject.Group.ScaleOut.WarmUp, Billing: m.Prices,
		})
	}
	m.study.Load = l
	return m.score()
}

// stepsLeast are as few steps as say anything.
const stepsLeast = 10

// score finds the first step that counts.
func (m *maker) score() error {
	l := m.study.Load
	from := int(m.ScoreAfter / l.Step)
	if from >= l.Len() {
		return fmt.Errorf("the history is too short: it has %s (%s to %s), and the first %s are not scored: give more history, or a smaller --score-after",
			Brief(l.End().Sub(l.Start)), l.Start.In(m.Zone).Format(time.RFC3339), l.End().In(m.Zone).Format(time.RFC3339), Brief(m.ScoreAfter))
	}
	if there := l.Len() - from; there < stepsLeast {
		return fmt.Errorf("%s of the history are scored, and that is %s of %s: a plan needs %d at least; take a shorter --step, or more history",
			spanWords(time.Duration(there)*l.Step), counted(float64(there), "step"), Brief(l.Step), stepsLeast)
	}
	m.study.From = from
	for i := range m.scenarios {
		m.scenarios[i].From = from
	}
	return nil
}

// alone says that nothing is compared with the first subject. Only then the record is
// followed: what it answered would differ from a model's answers by more than the
// policies do.
func (m *maker) alone() bool {
	return len(m.Subjects) == 1 && !m.Classics && !m.Guards && len(m.WhatIfs) == 0 && !m.Tune
}

// keeps says that the steps of a subject's run are kept.
func (m *maker) keeps(i int) bool {
	return i == 0 || m.Subjects[i].Role == report.InForce || m.Series
}

func (m *maker) replay(ctx context.Context) error {
	if m.alone() && m.Peak == 0 {
		m.scenarios[0].Recorded = m.History.Decisions
	}
	for i := range m.scenarios {
		m.scenarios[i].Brief = !m.keeps(i)
	}
	results, err := plan.ReplayAll(ctx, m.scenarios, m.Parallel, m.telling("replaying"))
	if err != nil {
		return err
	}
	for i, result := range results {
		m.study.Runs = append(m.study.Runs, Run{Result: result, Role: m.Subjects[i].Role, Note: note(&m.Subjects[i])})
	}
	m.study.Assumptions = append(m.study.Assumptions, m.ofRecord()...)
	return nil
}

// compare replays what the subjects are compared with.
func (m *maker) compare(ctx context.Context) error {
	if m.Classics {
		first := m.study.Runs[0].Result
		target := targetOf(&m.Subjects[0], m.scenarios[0].Signals)
		known := classics(&m.scenarios[0], target, first.Load[first.From:])
		for i := range known {
			known[i].Brief = !m.Series
		}
		results, err := plan.ReplayAll(ctx, known, m.Parallel, m.telling("replaying classic scalers"))
		if err != nil {
			return err
		}
		for _, result := range results {
			m.study.Runs = append(m.study.Runs, Run{Result: result, Role: report.Classic})
		}
	}
	return nil
}

func (m *maker) weighGuards(ctx context.Context) (err error) {
	if m.Guards {
		m.study.Guards, err = plan.WeighGuards(ctx, &m.scenarios[0], m.Parallel, m.telling("weighing guards"))
	}
	return err
}

func (m *maker) askWhatIf(ctx context.Context) (err error) {
	changes := make([]plan.WhatIf, len(m.WhatIfs))
	for i := range m.WhatIfs {
		if err := m.WhatIfs[i].check(m.study.Load); err != nil {
			return err
		}
		changes[i] = m.WhatIfs[i].WhatIf
	}
	if len(changes) > 0 {
		m.study.WhatIfs, err = plan.Ask(ctx, &m.scenarios[0], changes, m.Parallel, m.telling("asking what if"))
	}
	return err
}

func (m *maker) grow(ctx context.Context) (err error) {
	if m.Monthly > 0 {
		m.telling("growing the load")(0, 1)
		m.study.Growth, err = plan.Grow(ctx, &m.scenarios[0], m.Monthly, growthAhead)
		m.telling("growing the load")(1, 1)
	}
	return err
}

func (m *maker) telling(doing string) func(done, total int) {
	return func(done, total int) {
		if m.Progress != nil {
			m.Progress(doing, done, total)
		}
	}
}

// note is a subject in a line.
func note(s *Subject) string {
	kinds := make([]string, len(s.Group.Policies))
	for i, p := range s.Group.Policies {
		kinds[i] = p.Name
	}
	return fmt.Sprintf("%d to %d instances by %s", s.Group.Min, s.Group.Max, join(kinds))
}

// join joins a few names.
func join(names []string) string {
	const most = 4
	if len(names) > most {
		names = append(slices.Clone(names[:most]), fmt.Sprintf("%d more", len(names)-most))
	}
	text := ""
	for i, name := range names {
		if i > 0 {
			text += ", "
		}
		text += name
	}
	return text
}
