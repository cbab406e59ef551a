package planning

import (
	"iter"
	"time"

	"github.com/autoscaled/autoscaled/internal/record"
)

// learnedLeast is how many instances must have come to serve before the time that it takes
// counts as known.
const learnedLeast = 5

// leads are how long instances took from the decision that wanted them until they served,
// as a history shows: the first that was wanted is the first to serve. New ones and those
// that stood by are not told apart.
func leads(items iter.Seq2[record.Item, error]) (took []time.Duration) {
	var wanted []time.Time // by instances that do not serve yet, the oldest first
	last, begun := 0, false
	for item, err := range items {
		if err != nil || item.Note != "" {
			wanted, begun = nil, begun && err == nil
			continue
		}
		in := &item.Inputs
		serving := max(0, in.Size.Count-in.Becoming-in.Lacking)
		if begun {
			for ; last < serving && len(wanted) > 0; last++ {
				took, wanted = append(took, item.At.Sub(wanted[0])), wanted[1:]
			}
		}
		last, begun = serving, true
		for range item.Decision.Change() {
			wanted = append(wanted, item.At)
		}
		wanted = wanted[:max(0, min(len(wanted), item.Decision.Desired.Count-serving))]
	}
	return took
}
