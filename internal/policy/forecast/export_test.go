package forecast

import (
	"math"
	"time"
	"unsafe"
)

// Model is one that is fed a reading at a time.
type Model = model

// Settings are those of a [Model].
type Settings struct {
	Step   time.Duration
	Ahead  int
	Budget float64
}

// New is a model that knows nothing yet.
func New(s Settings) *Model {
	return newModel(settings{step: s.Step, ahead: s.Ahead, budget: s.Budget})
}

// Reading is what is known of a step.
type Reading struct {
	At      time.Time
	Load    float64 // NaN: not known
	AtLeast bool
	Serving int
}

// Plan is what a model says after a reading.
type Plan struct {
	Size     int
	Abstains bool
	Expected float64
	Price    float64
}

// Observe feeds a model as a horizon does whose step had one evaluation.
func (m *model) Observe(r Reading) Plan {
	var o open
	if !math.IsNaN(r.Load) && !math.IsInf(r.Load, 0) {
		o.end(reading{load: r.Load, atLeast: r.AtLeast, serving: r.Serving})
	}
	fed := o.fed(r.At, 0, m.lead())
	m.observe(&fed)
	return Plan{Size: m.size(), Abstains: m.silence() != "", Expected: m.expected(), Price: m.budget.last}
}

// Wants is what reaction would have of a load, by the first rule.
func (f *Forecaster) Wants(load float64) int {
	return int(sizeFor(load / f.watches[0].far.model.settings.reaction))
}

// Bytes is what the forecaster holds in memory.
func (f *Forecaster) Bytes() int {
	n := int(unsafe.Sizeof(*f)) + cap(f.settings) + cap(f.outlooks)*int(unsafe.Sizeof(f.watches[0].outlook))
	for i := range f.watches {
		n += int(unsafe.Sizeof(f.watches[i]))
		if f.watches[i].near != nil {
			n += int(unsafe.Sizeof(horizon{}))
		}
		for _, h := range f.watches[i].horizons() {
			n += cap(h.tail.fed) * int(unsafe.Sizeof(Fed{}))
		}
	}
	return n
}
