package classic

import (
	"fmt"
	"time"
)

// HPA is the rule of Kubernetes' HorizontalPodAutoscaler, as its controller has it
// (autoscaling/v2): with r the utilisation over the target, ⌈r · instances that were read⌉,
// and no change within the tolerance.
//
// Instances that serve but were not read yet are missing: they count as idle when growing,
// and as fully at the target when shrinking (of a saturating metric, as full). Instances
// that are becoming count as idle when growing, and not at all when shrinking. So the rest
// of a group may look idle while it grows: that is the controller's, and kept.
//
// The size falls to no less than the highest proposal of the window, and rises at once.
// Left out are its rates, at most twofold or by 4 within 15 s: at steps of a minute they
// hardly ever bind.
type HPA struct {
	Target          float64       // utilisation that an instance is to have, > 0
	Tolerance       float64       // share of the target, both ways
	StabilizationIn time.Duration // window of the proposals
	Metric          Metric

	window []proposal
}

// NewHPA has Kubernetes' defaults: a tolerance of 10% and 5 minutes of stabilization.
func NewHPA(target float64, metric Metric) *HPA {
	return &HPA{Target: target, Tolerance: 0.1, StabilizationIn: 5 * time.Minute, Metric: metric}
}

// Name says metric and target.
func (h *HPA) Name() string { return fmt.Sprintf("HPA %s %g%%", h.Metric, percent(h.Target)) }

// Decide proposes a size, and stabilizes it.
func (h *HPA) Decide(seen Seen) int {
	if h.window == nil { // on first sight the size it finds is a proposal too
		h.window = append(h.window, proposal{seen.Now, seen.Desired})
	}
	size := h.propose(&seen)
	h.keep(proposal{seen.Now, size})
	if size < seen.Desired {
		size = min(seen.Desired, h.highest())
	}
	return seen.bounded(size)
}

func (h *HPA) propose(seen *Seen) int {
	if seen.blind(h.Metric) {
		return seen.Desired
	}
	read := min(seen.measured(), seen.Serving)
	missing := seen.Serving - read
	ratio := seen.utilisation(h.Metric) / h.Target
	counted, full := read, ratio*float64(read)
	switch {
	case ratio > 1:
		counted += missing + seen.Becoming
	case ratio < 1:
		counted += missing
		full += float64(missing) * h.assumed()
	}
	if counted == read {
		if h.tolerated(ratio) {
			return seen.Desired
		}
		return instances(full)
	}
	filled, size := full/float64(counted), instances(full)
	turned := (ratio > 1) != (filled > 1)
	against := (filled > 1) != (size > seen.Desired)
	if turned || against || h.tolerated(filled) {
		return seen.Desired
	}
	return size
}

// assumed is what a missing instance counts for when the others look idle.
func (h *HPA) assumed() float64 {
	if h.Metric == Saturating {
		return max(1, 1/h.Target)
	}
	return 1
}

func (h *HPA) tolerated(ratio float64) bool {
	return ratio >= 1-h.Tolerance-slack && ratio <= 1+h.Tolerance+slack
}

// proposal is a size that was proposed.
type proposal struct {
	at   time.Time
	size int
}

// keep adds a proposal to the window, and drops those that can no longer be the highest of
// it: a lower one that came earlier leaves it earlier as well.
func (h *HPA) keep(p proposal) {
	n := len(h.window)
	for n > 0 && h.window[n-1].size <= p.size {
		n--
	}
	h.window = append(h.window[:n], p)
	start := p.at.Add(-h.StabilizationIn)
	gone := 0
	for !h.window[gone].at.After(start) && gone < len(h.window)-1 {
		gone++
	}
	h.window = append(h.window[:0], h.window[gone:]...)
}

// highest is the highest proposal of the window.
func (h *HPA) highest() int { return h.window[0].size }
