package forecast

import "time"

// kept is how many of the last readings are kept: half an hour of minutes.
const kept = 32

// recent is the last readings, and their means over some spans.
type recent struct {
	ring  [kept]float32
	n     int32
	means [len(spans)]float64
}

// spans are short enough to follow a rise, and long enough to see through noise.
var spans = [...]time.Duration{10 * time.Minute, hour}

func (r *recent) add(m *model, v float64) {
	for i, span := range spans {
		if r.n == 0 {
			r.means[i] = v
		}
		r.means[i] += (v - r.means[i]) * m.share(span)
	}
	r.ring[r.n%kept] = float32(v)
	r.n++
	if r.n == 2*kept {
		r.n = kept
	}
}

// restart is for steps of another length: of the readings only the newest stays.
func (r *recent) restart() {
	if r.n > 0 {
		r.ring[0], r.n = float32(r.back(0)), 1
	}
}

// back is the reading of so many steps ago, or the oldest.
func (r *recent) back(steps int32) float64 {
	if r.n == 0 {
		return 0
	}
	steps = min(steps, kept-1, r.n-1)
	return float64(r.ring[(r.n-1-steps)%kept])
}
