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
)

// horizon is one distance at which a rule looks ahead: the model, and what it has yet to be
// fed. Its step is as long as the lead demands.
type horizon struct {
	interval time.Duration // between evaluations
	lead     time.Duration // in force
	model    Model
	open     open
	tail     tail
}

// newHorizon knows nothing yet.
func newHorizon(interval time.Duration, rule *policy.Forecast, lead time.Duration) horizon {
	h := horizon{interval: interval, lead: min(lead, leadMost)}
	s := Settings{Budget: rule.Budget, Quantile: rule.Quantile, Reaction: rule.Fallback / rule.Value}
	s.Step, s.Ahead = h.steps()
	h.model = *New(s)
	return h
}

// steps are the length of a step and how many lie ahead.
func (h *horizon) steps() (step time.Duration, ahead int) {
	step = max(stepLeast, h.interval, time.Duration(leadRoom*float64(h.lead))/(Farthest-1))
	step = min((step + time.Minute - 1).Truncate(time.Minute), stepMost)
	return step, min(stepsAhead(h.lead, step), Farthest)
}

// stepsAhead is how many steps lie between a reading and what is ordered upon it: those of the
// lead, and one until the reading is there.
func stepsAhead(lead, step time.Duration) int { return int((lead+step-1)/step) + 1 }

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
func (o *open) add(r Reading, minute int64) {
	if !math.IsNaN(r.Load) && !math.IsInf(r.Load, 0) {
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
func (o *open) end(mean Reading) {
	if o.Past == 0 || mean.Load > o.Load {
		o.Load, o.AtLeast, o.Serving = mean.Load, mean.AtLeast, mean.Serving
	}
	o.Past++
	if mean.Serving < 0 {
		return
	}
	o.Known++
	if mean.short() {
		o.Short++
	}
}

func (s *sums) add(r Reading) {
	s.Read++
	s.Load += r.Load
	if r.AtLeast {
		s.Full++
	}
	if r.Serving < 0 {
		s.Unknown = true
		return
	}
	s.Serving += r.Serving
}

// mean is the reading that they come to.
func (s *sums) mean() Reading {
	n := float64(s.Read)
	r := Reading{Load: s.Load / n, AtLeast: 2*s.Full >= s.Read, Serving: int(math.Round(float64(s.Serving) / n))}
	if s.Unknown {
		r.Serving = unknown
	}
	return r
}

// see takes an evaluation's reading, and says whether it fed the model: the first evaluation
// of each step does.
func (h *horizon) see(now time.Time, lead time.Duration, r Reading) bool {
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
	h.learnLead(time.Duration(r.Lead) * time.Second)
	h.model.observe(r.reading())
	h.tail.add(r)
}

// learnLead takes a lead that the group had lately, 0 if it is not known. It believes at once
// that instances take longer; that they take less only where it is much.
func (h *horizon) learnLead(learned time.Duration) {
	if learned <= 0 || learned <= h.lead && learned >= time.Duration(leadLower*float64(h.lead)) {
		return
	}
	h.lead = min(learned, leadMost)
	step, ahead := h.steps()
	// With another length of step readings begin anew: as long as it does, it stays.
	now := time.Duration(h.model.stepSec) * time.Second
	if same := stepsAhead(h.lead, now); same <= Farthest && 2*step > now {
		step, ahead = now, same
	}
	h.model.retime(step, ahead)
}
