package record

import (
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

// SkimLead is how long before a moment one has to begin to [Skim], to know what held then.
const SkimLead = wholeEvery

// Skim is [Read] without deciding again, and so several times faster: the items are of
// decisions alone, with their inputs, and with the count, reason and want that were written
// down. Nobody has verified these, and State, Spec and Before stay empty.
func Skim(entries iter.Seq2[history.Entry, error]) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		var f fold
		for entry, err := range entries {
			var item Item
			found := false
			if err == nil {
				item, found, err = f.skim(entry)
			}
			if err != nil {
				f.based, item = false, Item{At: entry.At}
				err = fmt.Errorf("read entry %d of %s, of %s: %w", entry.Number, entry.Stream, entry.At.Format(time.RFC3339), err)
			}
			if (found || err != nil) && !yield(item, err) {
				return
			}
		}
	}
}

// skim folds one entry, and returns the decision that it holds.
func (f *fold) skim(entry history.Entry) (item Item, found bool, err error) {
	if entry.Number != f.number+1 {
		f.based = false
	}
	f.number = entry.Number
	item.At = entry.At
	var recorded result
	switch {
	case entry.Kind == kindWhole:
		var w struct {
			Inputs policy.Inputs `json:"inputs"`
			Result result        `json:"result"`
		}
		if err := json.Unmarshal(entry.Payload, &w); err != nil {
			return item, false, fmt.Errorf("it cannot be decoded: %w", err)
		}
		if err := sane(&w.Inputs); err != nil {
			return item, false, err
		}
		f.shape, f.based = shapeOf(&w.Inputs), true
		f.words = f.shape.flatten(&w.Inputs, entry.At, f.words[:0])
		item.Inputs, recorded = w.Inputs, w.Result
	case entry.Kind == kindNext && f.based:
		rest, err := readDifference(entry.Payload, f.words)
		if err != nil {
			return item, false, err
		}
		if recorded, err = readResult(rest); err != nil {
			return item, false, err
		}
		if item.Inputs, err = f.shape.restore(f.words, entry.At); err != nil {
			return item, false, err
		}
	default:
		return item, false, nil
	}
	item.Decision = policy.Decision{
		At: entry.At, Current: item.Inputs.Size, Desired: policy.Size{Count: recorded.Desired, Type: item.Inputs.Size.Type}, Wanted: recorded.Wanted, Reason: recorded.Reason,
	}
	return item, true, nil
}
