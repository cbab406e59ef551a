package load

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/store/history"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Store is what a daemon recorded of one group.
type Store struct {
	Directory string    // of the history; the daemon may be writing there, or it is a copy
	Group     string    // or GROUP/shadow for what its shadow decided
	From, To  time.Time // From ≤ instant < To; zero: no bound
}

// Decisions are what was decided, oldest first, each with the inputs and the memory that it
// rested on. An error is about entries that cannot be read; it goes on behind them. They
// are many: a group that decides every 10 s makes 60,000 in a week.
func (s Store) Decisions() iter.Seq2[record.Item, error] {
	return func(yield func(record.Item, error) bool) {
		leadIn := true // what was read last is of the time before
		for item, err := range record.Read(s.entries(&leadIn)) {
			if leadIn || err == nil && item.Note != "" {
				continue
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// entries are those of the time, and before them those on which the first ones build. They
// say of each whether it leads in: that it cannot be computed is no loss.
func (s Store) entries(leadIn *bool) iter.Seq2[history.Entry, error] {
	from := s.From
	if !from.IsZero() {
		from = from.Add(-record.Lead)
	}
	return func(yield func(history.Entry, error) bool) {
		for entry, err := range history.Read(s.Directory, s.Group, from, s.To) {
			*leadIn = err == nil && entry.At.Before(s.From)
			if !yield(entry, err) {
				return
			}
		}
	}
}

// ReadStore makes a load of the inputs of the decisions: of a signal of the instances, the
// mean of those that were believed times those that served; of a signal of the group, its
// value, or where a target says that it is a mean, that times those that served. A step is
// censored whose signal was at 95 % of its ceiling, or recorded as censored.
//
// A group that recommends recorded a virtual size. The load is the real one all the same,
// since that was spread over this size; but what is censored is then the virtual group's.
func ReadStore(s Store, o Options) (*Load, []Warning, error) {
	p := past{index: map[string]int{}}
	for item, err := range s.Decisions() {
		if err != nil {
			p.fault(err)
			continue
		}
		p.add(&item)
	}
	if len(p.at) == 0 {
		return nil, nil, s.nothing(p.faults)
	}
	l, warnings, err := p.load(fmt.Sprintf("the history of group %s in %s", s.Group, s.Directory), o)
	return l, append(p.warnings(), warnings...), err
}

// nothing says why the store has nothing of the group.
func (s Store) nothing(faults []Warning) error {
	err := fmt.Errorf("the history in %s holds no decision of group %s in that time", s.Directory, words.Shown(s.Group))
	if len(faults) > 0 {
		return fmt.Errorf("%w: %s", err, faults[0].Text)
	}
	groups := map[string]bool{}
	for entry, err := range history.Read(s.Directory, "", s.From, s.To) {
		if err == nil {
			groups[entry.Stream] = true
		}
	}
	switch {
	case len(groups) == 0:
		return fmt.Errorf("%w, nor of another: is it the right directory and time?", err)
	case groups[s.Group]:
		return fmt.Errorf("%w that can be computed: take a time %s longer", err, record.Lead)
	}
	return fmt.Errorf("%w: %s", err, words.Suggest(s.Group, slices.Collect(maps.Keys(groups))))
}

// past is a history being read.
type past struct {
	readings
	index     map[string]int // of the columns, by the signal's name
	faults    []Warning
	more      int // faults beyond
	backwards int // decisions dated before the one before
	differing int
	foreign   int
}

func (p *past) fault(err error) {
	if len(p.faults) == faultsMax {
		p.more++
		return
	}
	p.faults = append(p.faults, Warning{Text: err.Error()})
}

func (p *past) add(item *record.Item) {
	switch item.State {
	case record.Differs:
		p.differing++
	case record.Foreign:
		p.foreign++
	}
	atNS := item.At.UnixNano()
	if n := len(p.at); n > 0 && atNS <= p.at[n-1] {
		p.backwards++
		return
	}
	p.at = append(p.at, atNS)
	in := &item.Inputs
	serving := float64(in.Carrying())
	p.serving = append(p.serving, serving)
	for i := range p.columns {
		c := &p.columns[i]
		c.values, c.censored = append(c.values, unknown), append(c.censored, false)
	}
	for i := range in.Signals {
		signal := &in.Signals[i]
		c, last := p.column(signal.Name), len(p.at)-1
		c.values[last], c.censored[last] = carried(item.Spec, signal, serving)
	}
}

// column is that of the signal, as long as the others.
func (p *past) column(signal string) *column {
	i, known := p.index[signal]
	if !known {
		i = len(p.columns)
		p.index[signal] = i
		p.columns = append(p.columns, column{
			Quantity: Quantity{Name: signal}, values: slices.Repeat([]float64{unknown}, len(p.at)), censored: make([]bool, len(p.at)),
		})
	}
	return &p.columns[i]
}

// carried is what a signal showed over the whole group, NaN where nothing is believed, and
// whether it may have been more.
func carried(spec *policy.Spec, in *policy.Input, serving float64) (total float64, censored bool) {
	mean, shared := shown(in), in.PerInstance || spec.Mean(in.Name)
	censored = in.Why == policy.Censored || shared && in.Ceiling > 0 && mean >= saturatedFrom*in.Ceiling
	if shared {
		mean *= serving
	}
	if math.IsNaN(mean) {
		return unknown, false
	}
	return min(max(0, mean), valueMax), censored
}

// shown is the value of a signal of the group, or the mean of the instances' values. One
// that is doubted counts only if that is because there may be more to it.
func shown(in *policy.Input) float64 {
	censored := in.Why == policy.Censored
	switch {
	case in.PerInstance && censored && in.Known > 0:
		return in.Claimed / float64(in.Known)
	case in.PerInstance && in.Trusted > 0:
		return in.Total / float64(in.Trusted)
	case !in.PerInstance && in.Present:
		return in.Value
	case !in.PerInstance && censored && in.Doubted:
		return in.Growth
	}
	return unknown
}

func (p *past) warnings() []Warning {
	warnings := p.faults
	tell := func(n int, format string) {
		if n > 0 {
			warnings = append(warnings, Warning{Text: fmt.Sprintf(format, n)})
		}
	}
	tell(p.more, "and %d more parts of the history cannot be read")
	tell(p.differing, "%d decisions are not what was recorded when they are computed anew: `autoscaled history verify` says if the files were changed")
	tell(p.foreign, "%d decisions were made by another version of the rules, and the replay of them may differ")
	tell(p.backwards, "%d decisions are dated before the one before them, when the clock was set back, and are left out")
	return warnings
}
