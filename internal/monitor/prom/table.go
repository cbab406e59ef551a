package prom

import (
	"errors"
	"sync"
)

// table finds the series of an answer for all the groups that share it. Each finds its
// own without looking at those of the others.
type table struct {
	result *result
	err    error // why the result cannot be used

	mu      sync.Mutex
	byLabel map[string]map[string]match // by name, and by value
}

// match is how many elements there are, and the first of them.
type match struct{ first, count int32 }

func newTable(r *result, ranged bool) *table {
	return &table{result: r, err: r.usable(ranged)}
}

// usable refuses a result that has not one point in each series at an instant, or is not
// over a range.
func (r *result) usable(ranged bool) error {
	switch {
	case ranged && r.kind != "matrix":
		return errors.New("its result is no series over a range: does a Prometheus answer there?")
	case !ranged && r.kind == "matrix":
		return errors.New("its result is neither scalar nor instant vector: leave out the range in brackets, or aggregate it")
	}
	return nil
}

// find returns how many series have a label with the value, and the first of them; of all
// with an empty label.
func (t *table) find(label, value string) (element, int, error) {
	if t.err != nil {
		return element{}, 0, t.err
	}
	found := match{count: int32(len(t.result.spans))}
	if label != "" {
		found = t.by(label)[value]
	}
	if found.count == 0 {
		return element{}, 0, nil
	}
	return t.result.element(int(found.first)), int(found.count), nil
}

// by is what there is of each value of the label.
func (t *table) by(label string) map[string]match {
	t.mu.Lock()
	defer t.mu.Unlock()
	of, ok := t.byLabel[label]
	if !ok {
		of = make(map[string]match, len(t.result.spans))
		for i := range t.result.spans {
			value := t.result.element(i).labels.value(label)
			known, ok := of[value]
			if !ok {
				known.first = int32(i)
			}
			of[value] = match{known.first, known.count + 1}
		}
		if t.byLabel == nil {
			t.byLabel = map[string]map[string]match{}
		}
		t.byLabel[label] = of
	}
	return of
}
