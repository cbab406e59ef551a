package forecast

import (
	"math"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

const (
	leadMost  = 24 * time.Hour // of a time to serve: what is learned of a longer one is a mistake
	leadRoom  = 1.1            // × the lead fits into the model's steps, so that chance does not change their length
	leadLower = 0.75           // × the lead: one that is learned to be shorter than that counts; less is chance
	stepLeast = time.Minute    // what changes within less, no instance is ordered for
	stepMost  = 6 * time.Hour  // longer, a day would have no season
	clockMost = 1 << 36        // seconds from 1970, two thousand years: no clock that is set to more counts
)

// horizon is one distance at which a rule looks ahead: the model, and what it has yet to be
// fed. Its step is as long as the lead demands.
type horizon struct {
	interval time.Duration // between evaluations
	lead     time.Duration // in force
	learned  bool          // the group had one of its own: what the rule assumes counts no more
	model    model
	open     open
	tail     tail
}

// newHorizon knows nothing yet.
func newHorizon(interval time.Duration, rule *policy.Forecast, lead time.Duration) horizon {
	h := horizon{interval: interval, lead: min(lead, leadMost)}
	s := settings{budget: rule.Budget, quantile: rule.Quantile, reaction: rule.Fallback / rule.Value}
	s.step, s.ahead = h.steps()
	h.model = *newModel(s)
	return h
}

// steps are the length of a step and how many lie ahead.
func (h *horizon) steps() (step time.Duration, ahead int) {
	step = max(stepLeast, h.interval, time.Duration(leadRoom*float64(h.lead))/(farthest-1))
	step = min((step + time.Minute - 1).Truncate(time.Minute), stepMost)
	return step, min(stepsAhead(h.lead, step), farthest)
}

// stepsAhead is how many steps lie between a reading and what is ordered upon it: those of the
// lead, and one until the reading is there.
func stepsAhead(lead, step time.Duration) int { return int((lead+step-1)/step) + 1 }

// reading is what an evaluation knows of the load.
type reading struct {
	load    float64 // in full instances; NaN: not known
	atLeast bool    // the instances were saturated: the load was at least this
	serving int     // instances that carried it; below 0: not known
}

// short says that the load was more than the instances carry.
func (r *reading) short() bool { return r.atLeast || r.load > float64(r.serving)+1e-9 }

// open is the step under way: what was read since the model was last fed. A minute counts by
// the mean of its evaluations. A step that is longer counts by its busiest minute, for which
// instances are needed, and by how many of its minutes were short.
type open struct {
	Step   int64 `json:"step"`   // its number
	Begun  bool  `json:"begun"`  // there was one
	Minute int64 `json:"minute"` // number of the one under way
	Sums   sums  `json:"sums,omitzero"`

	Past    int     `json:"past,omitempty"` // minutes that had a reading
	Load    float64 `json:"load,omitempty"` // of the busiest of them, as are the next two
	AtLeast bool    `json:"at_least,omitempty"`
	Serving int     `json:"serving,omitempty"`
	Known   int     `json:"known,omitempty"` // minutes of which it is known whether the group was short
	Short   int     `json:"short,omitempty"` // those in which it was
}

// sums are over the evaluations of a minute that had a reading.
type sums struct {
	Read    int     `json:"read"`           // so many
	Full    int     `json:"full,omitempty"` // of which the instances were saturated
	Load    float64 `json:"load,omitempty"`
	Serving int     `json:"serving,omitempty"`
	Unknown bool    `json:"unknown,omitempty"` // how many served is not known
}

// add takes an evaluation's reading, in the minute of that number. The first evaluation of a
// minute ends the one before.
func (o *open) add(r reading, minute int64) {
	if r.load >= 0 && !math.IsInf(r.load, 1) {
		o.Sums.add(r)
	}
	if o.Begun && o.Minute == minute {
		return
	}
	if o.Sums.Read > 0 {
		o.end(o.Sums.mean())
	}
	o.Minute, o.Sums = minute, sums{}
}

// end takes the reading of a minute.
func (o *open) end(mean reading) {
	if o.Past == 0 || mean.load > o.Load {
		o.Load, o.AtLeast, o.Serving = mean.load, mean.atLeast, mean.serving
	}
	o.Past++
	if mean.serving < 0 {
		return
	}
	o.Known++
	if mean.short() {
		o.Short++
	}
}

func (s *sums) add(r reading) {
	s.Read++
	s.Load += min(r.load, loadMost)
	if r.atLeast {
		s.Full++
	}
	if r.serving < 0 {
		s.Unknown = true
		return
	}
	s.Serving += r.serving
}

// mean is the reading that they come to.
func (s *sums) mean() reading {
	n := float64(s.Read)
	r := reading{load: s.Load / n, atLeast: 2*s.Full >= s.Read, serving: int(math.Round(float64(s.Serving) / n))}
	if s.Unknown {
		r.serving = unknown
	}
	return r
}

// see takes an evaluation's reading, and says whether it fed the model: the first evaluation
// of each step does.
func (h *horizon) see(now time.Time, lead time.Duration, r reading) bool {
	minute := floorDiv(now.Unix(), secMinute)
	h.open.add(r, minute)
	step := floorDiv(now.Unix(), h.model.stepSec)
	if h.open.Begun && h.open.Step == step {
		return false
	}
	fed := h.open.fed(now, max(0, lead), h.model.lead())
	h.feed(&fed)
	h.open = open{Begun: true, Step: floorDiv(now.Unix(), h.model.stepSec), Minute: minute}
	return true
}

// feed gives the model a reading, and keeps it for the tail.
func (h *horizon) feed(r *Fed) {
	if -clockMost < r.At && r.At < clockMost {
		h.learnLead(time.Duration(r.Lead) * time.Second)
		h.model.observe(r)
	}
	h.tail.add(r)
}

// learnLead takes a lead that the group had lately, 0 if it is not known. It believes at once
// that instances take longer; that they take less only where it is much.
func (h *horizon) learnLead(learned time.Duration) {
	if learned <= 0 {
		return
	}
	h.learned = true
	if learned > h.lead || learned < time.Duration(leadLower*float64(h.lead)) {
		h.lookAhead(learned)
	}
}

// lookAhead has the model look so far ahead from now on.
func (h *horizon) lookAhead(lead time.Duration) {
	h.lead = min(lead, leadMost)
	step, ahead := h.steps()
	// With another length of step readings begin anew: as long as it does, it stays.
	now := time.Duration(h.model.stepSec) * time.Second
	if same := stepsAhead(h.lead, now); same <= farthest && 2*step > now {
		step, ahead = now, same
	}
	h.model.retime(step, ahead)
}
