package record

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Series is what a group decided, and on what, over time: in steps of one length, to be
// drawn. Every curve has an element for each step, null where nothing was recorded, or
// nothing is believed.
//
// A step may hold many decisions. Of sizes it shows what a person must not miss: the most
// that was desired, wanted and becoming, and the fewest that served. Of a signal it has
// the mean, and the largest beside it.
type Series struct {
	Group       string    `json:"group"`
	From        time.Time `json:"from"` // of the first step; at or before what was asked for, so that steps lie alike whenever one asks
	To          time.Time `json:"to"`
	StepSeconds int64     `json:"step_seconds"`
	At          []int64   `json:"at"` // when each step begins, in Unix seconds

	Desired  []*int `json:"desired"`
	Wanted   []*int `json:"wanted"`
	Serving  []*int `json:"serving"`  // instances that carry the load
	Becoming []*int `json:"becoming"` // instances on their way there

	Signals map[string][]*float64 `json:"signals"`          // mean of a step, by the signal's name
	Peaks   map[string][]*float64 `json:"peaks"`            // largest of a step, likewise
	Targets map[string]float64    `json:"targets"`          // at which the newest spec holds a signal; without those that have none
	Shared  []string              `json:"shared,omitempty"` // signals of the whole group, whose target is for each instance's share: compare value / serving with it; sorted

	Forecast *Band  `json:"forecast,omitempty"` // nil: nothing was foreseen
	Marks    []Mark `json:"marks"`              // changes of size, oldest first; of more than 500 the newest

	Cut    bool     `json:"cut,omitempty"`    // there are more marks: ask for a shorter span
	Faults []string `json:"faults,omitempty"` // what of the history could not be read
}

// Band is a load that was foreseen, in instances at their target. It stands at the time for
// which it was foreseen, so that a span that ends in the future shows what lies ahead. Of
// several forecasts it is the one of the largest load.
type Band struct {
	Expected []*float64 `json:"expected"`
	Low      []*float64 `json:"low"` // nine of ten loads lie between
	High     []*float64 `json:"high"`
	Load     []*float64 `json:"load"` // what there was, in the same instances
}

// Mark is a change of the desired size.
type Mark struct {
	At     time.Time     `json:"at"`
	From   int           `json:"from"`
	To     int           `json:"to"`
	Reason policy.Reason `json:"reason,omitempty"` // empty: a person changed it, as Note tells
	Note   string        `json:"note,omitempty"`
}

// PointsMost is the most steps that a series has. marksMax bounds the marks in it, and
// signalsMax the signals, in case that their names changed again and again.
const (
	PointsMost           = 2000
	pointsLeast          = 10
	marksMax, signalsMax = 500, 100
	spanMost             = 10 * 366 * 24 * time.Hour // longer than any history
)

// SeriesOf folds items from the one time until before the other into at most so many steps,
// and one (10 to PointsMost in all). Items from before, up to [Lead], tell what held at the beginning.
// What it takes of memory depends on points and signals, not on the items. A span that ends
// no later than it begins has no steps, and one of more than ten years begins later.
func SeriesOf(group string, items iter.Seq2[Item, error], from, to time.Time, points int) Series {
	if to.Sub(from) > spanMost {
		from = to.Add(-spanMost)
	}
	g := gridOf(from, to, points)
	f := seriesFold{grid: g, from: from, signals: map[string]*curve{}, series: Series{
		Group: group, From: g.from, To: to, StepSeconds: int64(g.step / time.Second), Marks: []Mark{},
	}}
	f.desired, f.wanted, f.serving, f.becoming = g.curve(), g.curve(), g.curve(), g.curve()
	for item, err := range items {
		switch {
		case err != nil:
			f.fault(item, err)
		case !item.At.Before(to):
		case item.Note == "":
			f.add(&item)
		default:
			f.scaled(&item)
		}
	}
	return f.finish()
}

// seriesFold is a series while it is made.
type seriesFold struct {
	grid
	from                               time.Time // as asked for
	series                             Series
	desired, wanted, serving, becoming *curve
	signals                            map[string]*curve
	foreseen                           *band // nil: nothing was
	spec                               *policy.Spec
	inputs                             []policy.Input // of the newest decision
}

// fault keeps what is wrong within the span: what is read before may begin anywhere.
func (f *seriesFold) fault(item Item, err error) {
	if before := !item.At.IsZero() && item.At.Before(f.from); !before && len(f.series.Faults) < faultsMax {
		f.series.Faults = append(f.series.Faults, err.Error())
	}
}

func (f *seriesFold) add(item *Item) {
	at, hold, decision := item.At, item.Spec.Gap, &item.Decision
	f.spec, f.inputs = item.Spec, item.Inputs.Signals
	f.desired.add(at, float64(decision.Desired.Count), hold)
	f.wanted.add(at, float64(decision.Wanted), hold)
	f.serving.add(at, float64(item.Inputs.Carrying()), hold)
	f.becoming.add(at, float64(max(0, item.Inputs.Becoming-item.Inputs.Settling)), hold)
	for i := range item.Inputs.Signals {
		f.addSignal(&item.Inputs.Signals[i], at, hold)
	}
	f.foresee(item.Inputs.Outlooks, at, hold)
	if decision.Change() != 0 && !at.Before(f.from) {
		f.mark(Mark{At: at, From: decision.Current.Count, To: decision.Desired.Count, Reason: decision.Reason})
	}
}

// scaled adds the size that a person set, if that is what the note tells.
func (f *seriesFold) scaled(item *Item) {
	mark := Mark{At: item.At, Note: item.Note}
	if n, _ := fmt.Sscanf(item.Note, scaledNote, &mark.From, &mark.To); n < 2 {
		return
	}
	if f.spec != nil {
		f.desired.add(item.At, float64(mark.To), f.spec.Gap)
	}
	if !item.At.Before(f.from) {
		f.mark(mark)
	}
}

func (f *seriesFold) addSignal(input *policy.Input, at time.Time, hold time.Duration) {
	c := f.signals[input.Name]
	if c == nil {
		if len(f.signals) == signalsMax {
			return
		}
		c = f.curve()
		f.signals[input.Name] = c
	}
	if input.Present {
		c.add(at, input.Value, hold)
	} else {
		c.interrupt()
	}
}

// foresee adds the outlook of the largest load to the band, if one speaks.
func (f *seriesFold) foresee(outlooks []policy.Outlook, at time.Time, hold time.Duration) {
	var most *policy.Outlook
	for i := range outlooks {
		if o := &outlooks[i]; o.Abstains == "" && (most == nil || o.Expected > most.Expected) {
			most = o
		}
	}
	switch {
	case most == nil && f.foreseen != nil:
		f.foreseen.interrupt()
	case most != nil:
		if f.foreseen == nil {
			f.foreseen = &band{f.curve(), f.curve(), f.curve(), f.curve()}
		}
		f.foreseen.add(at, most, hold)
	}
}

func (f *seriesFold) mark(m Mark) {
	if f.series.Marks = append(f.series.Marks, m); len(f.series.Marks) == 2*marksMax {
		f.cut()
	}
}

// cut keeps the newest marks.
func (f *seriesFold) cut() {
	if over := len(f.series.Marks) - marksMax; over > 0 {
		f.series.Cut = true
		f.series.Marks = slices.Delete(f.series.Marks, 0, over)
	}
}

func (f *seriesFold) finish() Series {
	s := &f.series
	f.cut()
	s.At = make([]int64, f.steps)
	for i := range s.At {
		s.At[i] = f.grid.from.Add(time.Duration(i) * f.step).Unix()
	}
	s.Desired, s.Wanted, s.Becoming = counts(f.desired.most), counts(f.wanted.most), counts(f.becoming.most)
	s.Serving = counts(f.serving.least)
	s.Signals, s.Peaks = map[string][]*float64{}, map[string][]*float64{}
	for name, c := range f.signals {
		s.Signals[name], s.Peaks[name] = values(c.mean()), values(c.most)
	}
	if f.foreseen != nil {
		s.Forecast = &Band{values(f.foreseen.expected.mean()), values(f.foreseen.low.least), values(f.foreseen.high.most), values(f.foreseen.load.mean())}
	}
	f.target()
	return *s
}

// target finds at what the newest spec holds the signals.
func (f *seriesFold) target() {
	s := &f.series
	s.Targets = map[string]float64{}
	if f.spec == nil {
		return
	}
	for i := range f.spec.Policies {
		target := f.spec.Policies[i].Target
		if target == nil {
			continue
		}
		if _, known := s.Targets[target.Signal]; known {
			continue
		}
		s.Targets[target.Signal] = target.Value
		if f.isShared(target) {
			s.Shared = append(s.Shared, target.Signal)
		}
	}
	slices.Sort(s.Shared)
}

// isShared says that the signal shows what the instances do together, and the target what
// one of them does.
func (f *seriesFold) isShared(target *policy.Target) bool {
	for i := range f.inputs {
		if input := &f.inputs[i]; input.Name == target.Signal {
			return input.PerInstance && input.Statistic == policy.Sum || !input.PerInstance && !target.Each
		}
	}
	return false
}

// grid is a span in steps.
type grid struct {
	from  time.Time
	step  time.Duration
	steps int
}

// roundSteps are lengths that people count in; longer ones are whole days.
var roundSteps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 3 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

// gridOf has the shortest round steps of which so many suffice. They begin at multiples of
// their length, so there may be one more.
func gridOf(from, to time.Time, points int) grid {
	points = min(max(points, pointsLeast), PointsMost-1)
	least := (to.Sub(from) + time.Duration(points) - 1) / time.Duration(points)
	const day = 24 * time.Hour
	g := grid{step: (least + day - 1).Truncate(day)}
	for _, step := range slices.Backward(roundSteps) {
		if step >= least {
			g.step = step
		}
	}
	g.from = from.Truncate(g.step)
	if from.Before(to) {
		g.steps = int((to.Sub(g.from) + g.step - 1) / g.step)
	}
	return g
}

// index is the step that holds a time: below 0 before the first, and beyond the last, too.
func (g *grid) index(at time.Time) int {
	since := at.Sub(g.from)
	if since < 0 {
		return -1
	}
	return int(min(since/g.step, PointsMost))
}

// curve is one quantity in steps. A value holds until the next one, unless that is long in
// coming.
type curve struct {
	*grid
	sum, least, most []float64 // of each step; NaN: nothing
	count            []int32

	newest   float64
	newestAt time.Time // zero: nothing holds
}

func (g *grid) curve() *curve {
	none := slices.Repeat([]float64{math.NaN()}, g.steps)
	return &curve{grid: g, sum: make([]float64, g.steps), least: none, most: slices.Clone(none), count: make([]int32, g.steps)}
}

// add adds the value of an instant. The one before it holds until then if that is no longer
// than hold.
func (c *curve) add(at time.Time, value float64, hold time.Duration) {
	i := c.index(at)
	if passed := at.Sub(c.newestAt); !c.newestAt.IsZero() && passed > 0 && passed <= hold {
		for between := c.index(c.newestAt) + 1; between < min(i, c.steps); between++ {
			c.put(between, c.newest)
		}
	}
	if i >= 0 && i < c.steps {
		c.put(i, value)
	}
	c.newest, c.newestAt = value, at
}

func (c *curve) put(i int, value float64) {
	if c.count[i]++; c.count[i] == 1 {
		c.least[i], c.most[i] = value, value
	}
	c.sum[i] += value
	c.least[i], c.most[i] = min(c.least[i], value), max(c.most[i], value)
}

// interrupt says that no value holds any more.
func (c *curve) interrupt() { c.newestAt = time.Time{} }

// mean is the mean of each step. Not to overflow, it stays between least and most.
func (c *curve) mean() []float64 {
	means := make([]float64, c.steps)
	for i := range means {
		means[i] = min(max(c.sum[i]/float64(c.count[i]), c.least[i]), c.most[i])
	}
	return means
}

// band is what was foreseen, and what came.
type band struct{ expected, low, high, load *curve }

func (b *band) add(at time.Time, o *policy.Outlook, hold time.Duration) {
	low, high := o.Low, o.High
	if low == 0 && high == 0 { // nobody asked for the details
		low, high = o.Expected, o.Expected
	}
	ahead := at.Add(o.Within)
	b.expected.add(ahead, o.Expected, hold)
	b.low.add(ahead, low, hold)
	b.high.add(ahead, high, hold)
	b.load.add(at, o.Load, hold)
}

func (b *band) interrupt() {
	b.expected.interrupt()
	b.low.interrupt()
	b.high.interrupt()
	b.load.interrupt()
}

// values are the finite ones of a curve, and nil for the others: JSON has no word for those.
func values(curve []float64) []*float64 {
	some := make([]*float64, len(curve))
	for i, value := range curve {
		if !math.IsNaN(value) && !math.IsInf(value, 0) {
			some[i] = &curve[i]
		}
	}
	return some
}

func counts(curve []float64) []*int {
	whole := make([]int, len(curve))
	some := make([]*int, len(curve))
	for i, value := range curve {
		if !math.IsNaN(value) {
			whole[i] = int(value)
			some[i] = &whole[i]
		}
	}
	return some
}
