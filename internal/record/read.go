package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

// State says how far a decision that was read can be trusted.
type State string

// The states.
const (
	Verified State = "verified"      // recomputed, and the same as was recorded
	Foreign  State = "other_version" // made by another version of the rules; recomputed all the same
	Differs  State = "differs"       // recomputed, and not what was recorded: one of the two is wrong
)

// Item is what the history holds of one moment: a decision, or an event.
type Item struct {
	At       time.Time
	Note     string          // of an event; empty for a decision
	Decision policy.Decision // recomputed
	State    State           // of a decision
	Spec     *policy.Spec    // what it was decided under; shared, not to be changed
	Inputs   policy.Inputs   // what it rested on
	Before   policy.Memory   // the memory that it rested on
}

// Explain says why the decision fell as it did, and what would have altered it.
func (i *Item) Explain() policy.Explanation {
	return policy.Explain(i.Spec, &i.Inputs, i.At, i.Before)
}

// Lead is how long before a decision one has to begin reading to find it.
const Lead = wholeEvery + specEvery

// Read folds the entries of one group's stream into items, in their order. An error is
// about entries that cannot be read, and beside it is an item with their time alone, where
// that is known; it goes on with the next decision that can be computed.
func Read(entries iter.Seq2[history.Entry, error]) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		f := fold{specs: map[string]*policy.Spec{}}
		for entry, err := range entries {
			if err != nil {
				f.based = false
				if !yield(Item{}, err) {
					return
				}
				continue
			}
			item, found, err := f.add(entry)
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

// fold is a group's history up to an entry.
type fold struct {
	specs  map[string]*policy.Spec
	number uint64 // of the entry before
	based  bool   // the decision before is known, so that one can build on it
	spec   *policy.Spec
	state  State // of decisions by the present version
	shape  shape
	words  []uint64
	memory policy.Memory
}

var errNoSpec = errors.New("the spec that it was decided under is not in what was read: begin reading earlier")

// add folds one entry, and returns what it holds, if that is anything for a person.
func (f *fold) add(entry history.Entry) (item Item, found bool, err error) {
	if entry.Number != f.number+1 {
		f.based = false
	}
	f.number = entry.Number
	switch entry.Kind {
	case kindSpec:
		return Item{}, false, f.addSpec(entry.Payload)
	case kindNote:
		return Item{At: entry.At, Note: string(entry.Payload)}, true, nil
	case kindWhole:
		return f.addWhole(entry)
	case kindNext:
		if !f.based { // what it builds on was not read
			return Item{}, false, nil
		}
		return f.addNext(entry)
	}
	return Item{}, false, fmt.Errorf("it is of an unknown kind %q: a newer version wrote it", entry.Kind)
}

func (f *fold) addSpec(payload []byte) error {
	spec := &policy.Spec{}
	if err := json.Unmarshal(payload, spec); err != nil {
		return fmt.Errorf("a spec cannot be decoded: %w", err)
	}
	f.specs[hashOf(payload)] = spec
	return nil
}

func (f *fold) addWhole(entry history.Entry) (Item, bool, error) {
	var w whole
	if err := json.Unmarshal(entry.Payload, &w); err != nil {
		return Item{}, false, fmt.Errorf("it cannot be decoded: %w", err)
	}
	if f.spec = f.specs[w.Spec]; f.spec == nil {
		f.based = false
		return Item{}, false, errNoSpec
	}
	if err := sane(&w.Inputs); err != nil {
		return Item{}, false, err
	}
	f.state = Verified
	if w.Version != policy.Version {
		f.state = Foreign
	}
	f.shape, f.memory, f.based = shapeOf(&w.Inputs), w.Before, true
	f.words = f.shape.flatten(&w.Inputs, entry.At, nil)
	return f.decide(entry.At, w.Inputs, w.Result), true, nil
}

func (f *fold) addNext(entry history.Entry) (Item, bool, error) {
	rest, err := readDifference(entry.Payload, f.words)
	if err != nil {
		return Item{}, false, err
	}
	result, err := readResult(rest)
	if err != nil {
		return Item{}, false, err
	}
	inputs, err := f.shape.restore(f.words, entry.At)
	if err != nil {
		return Item{}, false, err
	}
	return f.decide(entry.At, inputs, result), true, nil
}

// decide decides again, and compares with what was recorded.
func (f *fold) decide(at time.Time, inputs policy.Inputs, recorded result) Item {
	item := Item{At: at, State: f.state, Spec: f.spec, Inputs: inputs, Before: f.memory.Clone()}
	item.Decision = policy.Decide(f.spec, &inputs, at, &f.memory)
	if f.state == Verified && resultOf(item.Decision) != recorded {
		item.State = Differs
	}
	return item
}
