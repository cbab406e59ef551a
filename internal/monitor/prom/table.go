package prom

import (
	"errors"
	"sync"

	"github.com/prometheus/common/model"
)

// table holds the series of an answer for all the groups that share it. Each finds its
// own without looking at those of the others.
type table struct {
	all []element
	err error // why the result cannot be used

	mu      sync.Mutex
	byLabel map[string]map[model.LabelValue][]element
}

// element is one series of a result.
type element struct {
	metric    model.Metric
	points    []model.SamplePair // one at an instant, any number over a range
	histogram bool               // it has another kind of points
}

func newTable(value model.Value, ranged bool) *table {
	t := &table{}
	t.all, t.err = elements(value, ranged)
	return t
}

// find returns the series whose label has the value; all of them with an empty label.
func (t *table) find(label, value string) ([]element, error) {
	if label == "" || t.err != nil {
		return t.all, t.err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	of, ok := t.byLabel[label]
	if !ok {
		of = make(map[model.LabelValue][]element, len(t.all))
		for _, e := range t.all {
			shown := e.metric[model.LabelName(label)]
			of[shown] = append(of[shown], e)
		}
		if t.byLabel == nil {
			t.byLabel = map[string]map[model.LabelValue][]element{}
		}
		t.byLabel[label] = of
	}
	return of[model.LabelValue(value)], nil
}

func elements(value model.Value, ranged bool) ([]element, error) {
	var all []element
	nothing := errors.New("its result has an element that is null")
	switch result := value.(type) {
	case *model.Scalar:
		if !ranged {
			return []element{{points: []model.SamplePair{{Timestamp: result.Timestamp, Value: result.Value}}}}, nil
		}
	case model.Vector:
		for _, sample := range result {
			if sample == nil {
				return nil, nothing
			}
			point := model.SamplePair{Timestamp: sample.Timestamp, Value: sample.Value}
			all = append(all, element{sample.Metric, []model.SamplePair{point}, sample.Histogram != nil})
		}
		if !ranged {
			return all, nil
		}
	case model.Matrix:
		for _, stream := range result {
			if stream == nil {
				return nil, nothing
			}
			all = append(all, element{stream.Metric, stream.Values, len(stream.Histograms) > 0})
		}
		if ranged {
			return all, nil
		}
	}
	if ranged {
		return nil, errors.New("its result is no series over a range: does a Prometheus answer there?")
	}
	return nil, errors.New("its result is neither scalar nor instant vector: leave out the range in brackets, or aggregate it")
}
