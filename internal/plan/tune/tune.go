// Package tune looks for better numbers of a policy than those that a group has: it replays
// the first part of a history with many of them, and scores what it found on the rest, which
// the search never saw.
//
// [Parameters] are the numbers that may change, each with the sensible values that it may
// take. [Tune] tries a coarse design of them, refines it around the best, and takes back
// whatever change makes no difference. What is left is a front of cost against overload
// minutes and lost load. The cheapest on it that keeps the budget of overload and loses no
// more of the load than the present spec is proposed, if the days that were held out confirm
// it; else the answer is to keep what there is, and why. A [Candidate] can say its changes as
// a patch of the configuration. Nothing is applied.
//
// It promises:
//   - nothing of the days held out has a part in the search: another end of the history
//     leads to the same front;
//   - the same scenario, options and seed give the same result on any number of cores;
//   - max, warm-up and what a group is safe by (brake, budgets of replacement, load loss,
//     quorums, sizes of orders, schedules) stay as they are, and min never falls unless
//     that is asked for;
//   - on too little data, or days held out that are unlike those that were tuned on, it
//     refuses with a [RefusedError] and says what to do.
//
// What it leaves out: days are taken for independent of one another, so that a change for
// the worse that comes once a month may not be among them. A limit of a bill to so much a
// month shows in full only where the days held out begin with a month. And all that the
// replay leaves out, see package plan: above all, that answers slow down before an instance
// is full.
//
// cmd calls it; it calls package plan and what that is made of.
package tune

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Options say how to tune. Zero is the default that is named.
type Options struct {
	Parameters []Parameter           // what may change; those of [Parameters]
	LeastMin   int                   // the smallest min to try, of the parameters by default; that of the spec
	Budget     *float64              // share of the time, 0 to 1, in which the group may be overloaded; what the present policy has of it
	TuneOn     float64               // share of the history to tune on, cut at the beginning of a day; two thirds
	Replays    int                   // of the tuning part, at most; 300
	Seed       uint64                // of the design and of the confidence; of the cloud's chance, the scenario has its own
	Parallel   int                   // replays at a time; as many as there are cores
	Zone       *time.Location        // whose days count, where no billing model has its own; UTC
	Progress   func(done, total int) // is told now and then, from one goroutine at a time, how many of all steps are done. The last ones may be skipped. nil: nobody
}

const (
	replaysMost = 300
	tuneOnShare = 2.0 / 3
)

// withDefaults fills in what is not set, and refuses what means nothing.
func (o Options) withDefaults() (Options, error) {
	if o.TuneOn == 0 {
		o.TuneOn = tuneOnShare
	}
	if o.Replays == 0 {
		o.Replays = replaysMost
	}
	if o.Parallel == 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	switch {
	case !(o.TuneOn > 0 && o.TuneOn < 1):
		return o, fmt.Errorf("a share of %v of the history cannot be tuned on: give one between 0 and 1", o.TuneOn)
	case o.Replays < 1 || o.Parallel < 1:
		return o, fmt.Errorf("%d replays, %d at a time: give 1 or more", o.Replays, o.Parallel)
	case o.Budget != nil && !(*o.Budget >= 0 && *o.Budget <= 1):
		return o, fmt.Errorf("a budget of %v is no share of the time: give one from 0 to 1", *o.Budget)
	}
	return o, nil
}

// Span is a part of the history.
type Span struct {
	From, To time.Time
	Days     float64 // whole ones, of the part held out
}

// Result is what tuning found.
type Result struct {
	Tuned, HeldOut Span
	Replays        int     // of the tuning part
	Budget         float64 // of overload, share of the time
	LostMost       float64 // share of the load that may be lost
	InMoney        bool    // cost is the bill's; else it is in instance-hours that are paid
	Note           string  // why it is not in money although there is a model; empty: nothing to say

	Present Candidate
	Front   []Candidate // of the tuning part, the cheapest first: what costs less is overloaded longer, or loses more of the load. At most a dozen and a few, of which the present may be one

	Picked   *Candidate // the cheapest of the front that keeps the budget and loses no more than LostMost on the tuning part, though it may be the present; nil: none does
	Gain     Gain       // of Picked over the present, on the days held out
	Proposal *Candidate // Picked, once confirmed; nil: keep what you have
	Keep     string     // why; empty with a proposal
}

// Candidate is a spec and what came of it.
type Candidate struct {
	Spec    *policy.Spec
	Changes []Change // from the present one; none: it is the present one
	Tuned   Figures
	HeldOut Figures
}

// Change is one of a number.
type Change struct {
	Key      string // its path under the group, such as scale_in.stabilization
	From, To string // as the configuration says it
}

// Figures are those of a part of the history.
type Figures struct {
	Money           int64   // in the smallest coin; 0 without a billing model
	InstanceHours   float64 // paid
	OverloadMinutes float64
	OverloadShare   float64 // of the time
	LostShare       float64 // of the load, that nobody carried
	Scalings        int     // changes of the size
}

// RefusedError is that a history does not bear tuning.
type RefusedError struct {
	Why string
	Do  string // what to do about it
}

func (e *RefusedError) Error() string { return "tune: " + e.Why + ": " + e.Do }

// Tune looks for better numbers of the scenario's spec. Steps before its From warm the group up,
// and its record is not used. Hours after the last midnight are left out. The error is a
// [RefusedError] for a history that does not bear it; else it says what of the scenario is
// to be changed, or that ctx ended.
func Tune(ctx context.Context, s *plan.Scenario, o Options) (*Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("tune: %w", err)
	}
	if s.Spec == nil {
		return nil, errors.New("tune: a classic scaler is not tuned: give a spec")
	}
	work := *s
	work.Recorded, work.Brief = nil, false
	entire, err := plan.Replay(ctx, &work)
	if err != nil {
		return nil, fmt.Errorf("tune: %w", err)
	}
	parts, err := split(&work, entire, &o)
	if err != nil {
		return nil, err
	}
	search, err := newSearch(&parts.tuned, parts.inMoney, &o)
	if err != nil {
		return nil, err
	}
	told := teller{tell: o.Progress, total: o.Replays*parts.tuned.Load.Len() + (frontMost+2)*parts.whole.Load.Len()}
	search.replay = told.replays(o.Parallel)
	found, err := search.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("tune: %w", err)
	}
	result := &Result{
		Tuned: parts.tunedSpan(), HeldOut: parts.heldOutSpan(), Replays: len(search.list), Budget: search.budget, LostMost: search.lostMost,
		InMoney: parts.inMoney, Note: parts.note,
	}
	if err := result.score(ctx, parts, search, found, &told, o); err != nil {
		return nil, fmt.Errorf("tune: %w", err)
	}
	return result, nil
}

// teller tells the progress of several rounds of replays.
type teller struct {
	tell        func(done, total int)
	done, total int
}

// replays replays scenarios as part of the whole.
func (t *teller) replays(parallel int) replays {
	return func(ctx context.Context, scenarios []plan.Scenario) ([]*plan.Result, error) {
		all := 0
		for i := range scenarios {
			all += scenarios[i].Load.Len()
		}
		progress := func(done, _ int) { t.tell(t.done+done, t.total) }
		if t.tell == nil {
			progress = nil
		}
		results, err := plan.ReplayAll(ctx, scenarios, parallel, progress)
		t.done += all
		return results, err
	}
}

// replays replays scenarios and returns their results in their order.
type replays func(context.Context, []plan.Scenario) ([]*plan.Result, error)
