package classic

import "fmt"

// Static is a group of a fixed size.
type Static struct {
	Size  int
	Label string // in front of the size, such as "static peak"; empty: "static"
}

// Name says the size.
func (s *Static) Name() string {
	if s.Label == "" {
		return fmt.Sprintf("static %d", s.Size)
	}
	return fmt.Sprintf("%s %d", s.Label, s.Size)
}

// Decide is the size, whatever is seen.
func (s *Static) Decide(seen Seen) int { return seen.bounded(s.Size) }

// Mean is the fixed size that carries the mean of the loads, in instances' worth: at least 1.
func Mean(loads []float64) *Static {
	var sum float64
	for _, load := range loads {
		sum += load
	}
	return &Static{Size: max(1, instances(sum/float64(max(len(loads), 1)))), Label: "static mean"}
}

// Peak is the fixed size that carries the highest of the loads, in instances' worth: at
// least 1. It is what one would own without a scaler, if one knew the future.
func Peak(loads []float64) *Static {
	var peak float64
	for _, load := range loads {
		peak = max(peak, load)
	}
	return &Static{Size: max(1, instances(peak)), Label: "static peak"}
}
