package monitor

import (
	"errors"
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// rules say what becomes of a signal's readings at one place.
type rules struct {
	span      time.Duration // the values younger than this make the sample; 0: the newest alone
	over      over          // how they make it; nil: the newest alone
	needs     config.Reach  // of the newest values; the zero one: as many as there are will do
	apart     time.Duration // so far apart they are kept; one that comes sooner joins the one before
	join      func(before, now float64) float64
	staleness time.Duration // a newest value older than this counts no more

	frozenAfter time.Duration // a value that stands still for longer counts no more; 0: it may
	restAfter   time.Duration // a value that stands still for longer may not shrink the group
	ceiling     float64       // a larger value cannot be; 0: none

	most     int  // values kept
	counts   bool // it is a number of something, and none is below 0
	countsUp bool // the value is a counter's rate: 0 is standing still
	pushed   bool // its values are told apart by their dates
	quiet    bool // values only come while there is an alert
	fills    bool // it must have been watched for the span before it may shrink the group
}

// rulesOf are those of a signal of the group. What is seen for a shorter time than the
// stabilization of scaling in cannot shrink the group by itself; that is on disk, and
// spans restarts. Only what outlasts it has to be doubted here. It covers less by the
// time for which policy may have had nothing to remember.
func rulesOf(c config.Signal, group config.Group) (rules, error) {
	how, err := overOf(c.Over)
	covered := group.ScaleIn.Stabilization - group.Gap()
	apart := early(group.Interval)
	most := config.MaxWindowSamples*4/3 + 3
	switch {
	case c.Window == 0:
		most = 1
	case apart > 0:
		most = min(most, int(c.Window/apart)+3)
	}
	r := rules{
		span: c.Window, over: how, most: most, apart: apart, join: joinOf(c.Over), staleness: c.Staleness,
		frozenAfter: c.FrozenAfter, restAfter: c.FrozenAfter, countsUp: c.CountsUp(), ceiling: c.Most(),
		fills: how != nil && c.Window > max(0, covered),
	}
	r.pushed = c.Push != nil
	r.quiet = r.pushed && c.Push.Format.SaysWays()
	r.needs, _ = config.ParseReach(c.Over)
	r.counts = c.SNMP != nil || c.Scrape != nil || c.Most() > 0
	if r.countsUp { // what it shows at rest stays in the window for another span
		r.restAfter = min(r.restAfter, max(0, covered-c.Window)/2)
	}
	return r, err
}

// window keeps the values of one signal at one place, and makes one sample of them.
//
// It takes nothing for granted that it has not seen itself: what a person would call
// steady, full or plausible has to show again after a restart. That delays shrinking,
// and is why nothing of it need be on disk.
type window struct {
	*rules
	*kept
}

// kept is what a window keeps between two polls. There may be a hundred thousand, so its bools
// are side by side, which leaves hardly any padding, and what few of them need is in rare.
type kept struct {
	points ring  // none older than span but the newest
	rare   *rare // nil: there is nothing to put there

	since    reading.Instant // when the last value came that differed; as long as none did, the first; 0: none came
	before   float64         // the last value that came
	positive float64         // the last value above 0; of a share

	moved  bool           // a value differed from that before it
	still  bool           // the newest did not
	proven bool           // a value showed the share's unit, and none fell so far since
	moving bool           // the newest value was not the first
	lacks  policy.Absence // why the newest sample has no value; Present when it has one
	silent bool           // the source did not answer the last poll
}

// hear takes what a poll that ended at now read. While the instance is warming it is not
// believed, also not in a later mean.
func (w window) hear(r reading.Reading, warming bool, now time.Time) {
	w.silent = r.Sample.Why() == policy.Failed
	w.setFailure(r.Err)
	if !warming {
		w.add(r.Sample, now)
	}
}

// answer is the sample, and what is wrong with it: the last poll's error, or what the
// window found.
func (w window) answer(now time.Time) answer {
	sample, err := w.read(now)
	if failure := w.failure(); failure != nil {
		err = failure
	}
	return answer{sample: sample, err: err, silent: w.silent}
}

// maxSkew is how far after now a value may be dated. A clock that was set back
// leaves values that would count as new, and hide newer ones, until it has caught
// up with them.
const maxSkew = 30 * time.Second

var (
	errAhead   = errors.New("its values are dated in the future: set the clocks of both machines")
	errBehind  = errors.New("its values go on coming, and are dated so far back that they count as stale: set the clock of the source, or raise staleness if its data come so late")
	errTooFew  = errors.New("fewer of its samples have come than over asks for: it counts from then on")
	errFilling = errors.New("it has not been watched for as long as its window spans: until then the group can grow on it, and not shrink")
)

// add takes the newest sample. One that is dated no later than the newest value
// is that value again.
func (w window) add(sample policy.Sample, now time.Time) {
	for w.points.len() > 0 && w.points.last.at.age(now) < -maxSkew {
		w.points.dropNewest()
	}
	before, lied, at := w.lacks, w.lie(), stampOf(sample.At())
	lacks, news, lie := w.judge(sample, at, now)
	if lie != nil && lied != nil && lacks == before {
		lie = lied // the same lie goes on: people need not read it anew
	}
	w.lacks = lacks
	w.setLie(lie)
	if value, _ := sample.Value(); news {
		w.take(point{value, at}, now)
		w.setDated(sample.At())
	}
}

// judge says why the sample, dated at, has no value that is believed, or whether that is
// news, and what is wrong with one that is not believed.
func (w window) judge(sample policy.Sample, at stamp, now time.Time) (lacks policy.Absence, news bool, lie error) {
	value, ok := sample.Value()
	switch {
	case !ok:
		return sample.Why(), false, nil
	case at.age(now) < -maxSkew:
		return policy.Skewed, false, errAhead
	case w.points.len() > 0 && at.since(w.points.last.at, now) <= 0:
		return policy.Present, false, nil
	}
	if _, rested := w.rested(now); rested != nil || w.gap(at, now) {
		w.forgetUnit() // what comes back may be another version of itself
	}
	if value < 0 && w.counts {
		return policy.OutOfRange, false, fmt.Errorf("the value %.4g is below 0: does its source mean that it does not know? correct the source, or give it out by PromQL if it can be", value)
	}
	lacks, lie = w.misfit(value)
	return lacks, lie == nil, lie
}

func (w window) take(p point, now time.Time) {
	w.moving = w.points.len() > 0
	var late reading.Instant
	if p.at.age(now) > maxSkew {
		late = reading.InstantOf(now)
	}
	w.setLate(late)
	if w.see(p.value, now) { // nothing of that time is to count later either
		w.points.clear()
	}
	if w.gap(p.at, now) {
		w.noGapSince(p.at)
	}
	if n := w.points.len(); n > 1 && w.points.last.at.since(w.points.at(n-2).at, now) < w.apart {
		p.value = w.join(w.points.last.value, p.value)
		w.points.dropNewest()
	}
	most := max(1, w.most)
	if w.points.len() == most && most > 1 && w.points.at(0).at.age(now) < w.span {
		w.noGapSince(w.points.at(1).at) // what is dropped was within the span: it is not full any more
	}
	w.points.push(p, most)
}

// early is how soon after another a reading is an extra one, which an event asked for:
// three quarters of the interval. What counts readings does not count it by itself.
func early(interval time.Duration) time.Duration { return interval * 3 / 4 }

// joinOf makes one value of two that are as good as one: by max and min none may be lost.
func joinOf(over string) func(before, now float64) float64 {
	switch over {
	case "max":
		return func(before, now float64) float64 { return max(before, now) }
	case "min":
		return func(before, now float64) float64 { return min(before, now) }
	}
	return func(_, now float64) float64 { return now }
}

// gap says that a value of the given time is the first, or too late to continue what
// was before it.
func (w window) gap(at stamp, now time.Time) bool {
	return w.points.len() == 0 || at.since(w.points.last.at, now) > w.staleness
}

// read makes the sample of the values of the span; samples without a value do not
// count in it. When the span holds no value, the newest one stands in as long as
// it is not stale, unless the source has answered since that it has none. The error
// explains what the window itself found; what went wrong at the source it does not
// know.
func (w window) read(now time.Time) (policy.Sample, error) {
	w.forget(now)
	if lie := w.lie(); lie != nil || w.points.len() == 0 {
		return policy.Missing(w.lacks, now), lie
	}
	value, at := w.points.last.value, w.dated(now)
	age := now.Sub(at)
	switch {
	case age > w.staleness && w.moving && w.late() != 0 && w.late().Until(now) <= w.staleness:
		return policy.Missing(policy.Skewed, now), errBehind
	case age > w.staleness && w.quiet:
		return policy.Missing(policy.Stale, now), fmt.Errorf("%w since %s", errQuiet, at.UTC().Format(time.RFC3339))
	case age > w.staleness:
		return policy.Missing(policy.Stale, now), fmt.Errorf("its newest value is of %s, older than the signal's staleness: is the source still being updated?",
			at.UTC().Format(time.RFC3339))
	case age >= w.span && w.lacks != policy.Present && w.lacks != policy.Failed && w.lacks != policy.Overloaded:
		return policy.Missing(w.lacks, now), nil
	}
	if w.points.len() < w.needs.Count || age >= w.span && w.needs.Of > 0 {
		return policy.Missing(policy.Filling, now), errTooFew
	}
	if age < w.span && w.over != nil {
		value = w.over(&w.points, now, w.span)
	}
	return w.doubt(policy.ValueAt(value, at), now)
}

// doubt takes away from a sample what is not sure of it.
func (w window) doubt(sample policy.Sample, now time.Time) (policy.Sample, error) {
	value, ok := sample.Value()
	if !ok {
		return sample, errors.New("its values are too large for one number to be made of them")
	}
	frozen, err := w.rested(now)
	switch {
	case frozen:
		return policy.Missing(policy.Frozen, now), err
	case err != nil:
		return policy.Doubted(value, policy.Frozen, sample.At()), err
	case w.points.len() < w.needs.Of, w.fills && w.rare.since.age(now) < w.span:
		return policy.Doubted(value, policy.Filling, sample.At()), errFilling
	}
	return sample, nil
}

// forget drops what has left the span, but never the newest value.
func (w window) forget(now time.Time) {
	for w.points.len() > 1 && w.points.at(0).at.age(now) >= w.span {
		w.points.dropOldest()
	}
}
