package forecast

import (
	"math"
	"time"
)

// tailMost is how many readings are kept for a tail at most: some snapshots may fail.
const tailMost = 64

// Tail is what a forecaster took in since its last snapshot. It can be kept as JSON.
type Tail struct {
	Horizons []HorizonTail `json:"horizons,omitempty"` // of each rule the far and the near one
}

// HorizonTail is what one horizon took in.
type HorizonTail struct {
	First int64 `json:"first"` // number of the first of Fed, in readings ever fed
	Fed   []Fed `json:"fed,omitempty"`
	Open  open  `json:"open"`
}

// Fed is the reading of a step as a model was fed it.
type Fed struct {
	At      int64   `json:"at"`              // seconds since 1970
	Zone    int32   `json:"zone,omitempty"`  // seconds that the wall clock is ahead of UTC
	Shift   int32   `json:"shift,omitempty"` // and how many more it will be when the lead is over
	Lead    int64   `json:"lead,omitempty"`  // learned, in seconds
	Known   bool    `json:"known,omitempty"` // there is a load
	Load    float64 `json:"load,omitempty"`
	AtLeast bool    `json:"at_least,omitempty"`
	Serving int     `json:"serving,omitempty"`
	Short   float64 `json:"short,omitempty"` // share of the step in which the group was; below 0: not known
}

// fed is the reading of the step that ends now, for a model that looks so far ahead.
func (o *open) fed(now time.Time, lead, ahead time.Duration) Fed {
	in := readingAt(Reading{At: now}, ahead)
	f := Fed{At: in.sec, Zone: in.zone, Shift: in.shift, Lead: int64(lead / time.Second), Short: unknown}
	if o.Past > 0 {
		f.Known, f.Load, f.AtLeast, f.Serving = true, o.Load, o.AtLeast, o.Serving
	}
	if o.Known > 0 {
		f.Short = float64(o.Short) / float64(o.Known)
	}
	return f
}

func (f *Fed) reading() reading {
	r := reading{sec: f.At, zone: f.Zone, shift: f.Shift, load: f.Load, atLeast: f.AtLeast, serving: f.Serving, short: f.Short}
	if !f.Known {
		r.load = math.NaN()
	}
	return r
}

// tail is the readings since the last snapshot, the newest ones.
type tail struct {
	fed   []Fed
	count int64 // readings ever fed
}

func (t *tail) add(r *Fed) {
	if t.fed == nil {
		t.fed = make([]Fed, 0, tailMost)
	}
	if len(t.fed) == tailMost {
		t.fed = t.fed[:copy(t.fed, t.fed[1:])]
	}
	t.fed = append(t.fed, *r)
	t.count++
}

// Tail is what was taken in since the last snapshot. A nil Forecaster has none.
func (f *Forecaster) Tail() Tail {
	var t Tail
	if f == nil {
		return t
	}
	for _, h := range f.horizons() {
		t.Horizons = append(t.Horizons, HorizonTail{First: h.tail.count - int64(len(h.tail.fed)), Fed: append([]Fed(nil), h.tail.fed...), Open: h.open})
	}
	return t
}

// Follow takes in what the tail holds beyond the snapshot that the forecaster was restored
// from, and then is as the one that made the tail. What the snapshot holds already is left
// out, so that either of the two may be the newer.
func (f *Forecaster) Follow(t Tail) {
	if f == nil {
		return
	}
	for i, h := range f.horizons() {
		if i >= len(t.Horizons) {
			break
		}
		from := t.Horizons[i]
		if from.First+int64(len(from.Fed)) < h.tail.count {
			continue // older than the snapshot: so is its open step
		}
		for j := range from.Fed {
			if from.First+int64(j) >= h.tail.count {
				h.feed(&from.Fed[j])
			}
		}
		h.open = from.Open
	}
	for i := range f.watches {
		f.watches[i].stale = true
	}
}
