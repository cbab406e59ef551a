package forecast

import "time"

// tailMost is how many readings are kept for a tail at most: some more than are taken from
// one snapshot to the next.
const tailMost = 20

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
	Lead    int64   `json:"lead,omitempty"`  // learned, in seconds
	Zone    int32   `json:"zone,omitempty"`  // seconds that the wall clock is ahead of UTC
	Shift   int32   `json:"shift,omitempty"` // and how many more it will be when the lead is over
	Load    float64 `json:"load,omitempty"`  // in full instances
	Short   float64 `json:"short,omitempty"` // share of the step in which the group was; below 0: not known
	Serving int32   `json:"serving,omitempty"`
	AtLeast bool    `json:"at_least,omitempty"` // the instances were saturated
	Known   bool    `json:"known,omitempty"`    // there is a load
}

// fed is the reading of the step that ends now, for a model that looks so far ahead.
func (o *open) fed(now time.Time, lead, ahead time.Duration) Fed {
	_, zone := now.Zone()
	_, then := now.Add(ahead).Zone()
	f := Fed{At: now.Unix(), Lead: int64(lead / time.Second), Zone: int32(zone), Shift: int32(then - zone), Short: unknown}
	if o.Past > 0 {
		f.Known, f.Load, f.AtLeast, f.Serving = true, o.Load, o.AtLeast, int32(o.Serving)
	}
	if o.Known > 0 {
		f.Short = float64(o.Short) / float64(o.Known)
	}
	return f
}

// tail is the readings since the last snapshot, the newest ones.
type tail struct {
	fed   []Fed // nil as long as there was no snapshot: nobody is to follow one
	count int64 // readings ever fed
}

// begin is for a snapshot that was made or read just now.
func (t *tail) begin() {
	if t.fed == nil {
		t.fed = make([]Fed, 0, tailMost)
	}
	t.fed = t.fed[:0]
}

func (t *tail) add(r *Fed) {
	t.count++
	if t.fed == nil {
		return
	}
	if len(t.fed) == tailMost {
		t.fed = t.fed[:copy(t.fed, t.fed[1:])]
	}
	t.fed = append(t.fed, *r)
}

// Tail is what was taken in since the last snapshot: nothing where there was none, nor for a
// nil Forecaster.
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
