package monitor

import "time"

// point is one value and when it was measured.
type point struct {
	value float64
	at    time.Time
}

// ring holds the newest points, oldest first, up to a fixed number: one more takes
// the place of the oldest. The zero ring holds none and takes its memory at the first.
type ring struct {
	points       []point
	first, count int
}

// push adds the newest point of at most the given number, which is always the same.
func (r *ring) push(p point, most int) {
	if r.points == nil {
		r.points = make([]point, most)
	}
	if r.count == len(r.points) {
		r.dropOldest()
	}
	r.points[(r.first+r.count)%len(r.points)] = p
	r.count++
}

// at is the ith point, the oldest being the 0th.
func (r *ring) at(i int) point { return r.points[(r.first+i)%len(r.points)] }

func (r *ring) newest() point { return r.at(r.count - 1) }

func (r *ring) clear() { r.count = 0 }

func (r *ring) dropNewest() { r.count-- }

func (r *ring) dropOldest() {
	r.first = (r.first + 1) % len(r.points)
	r.count--
}
