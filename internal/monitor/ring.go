package monitor

import "time"

// point is one value and when it was measured.
type point struct {
	value float64
	at    time.Time
}

// ring holds the newest points, oldest first, up to a fixed number: one more takes
// the place of the oldest. The zero ring holds none. It takes memory of its own with the
// second point, so that one of a single point takes none.
type ring struct {
	last    point   // the newest
	earlier *circle // those before it; nil: there never was one
	count   int32   // of all
}

// circle is room for points, that after the end of which is the beginning.
type circle struct {
	points []point
	first  int
}

func (c *circle) at(i int) *point { return &c.points[(c.first+i)%len(c.points)] }

// push adds the newest point of at most the given number, which is always the same.
func (r *ring) push(p point, most int) {
	if r.len() == most {
		r.dropOldest()
	}
	if r.count > 0 {
		if r.earlier == nil {
			r.earlier = &circle{points: make([]point, most-1)}
		}
		*r.earlier.at(r.len() - 1) = r.last
	}
	r.last = p
	r.count++
}

func (r *ring) len() int { return int(r.count) }

// at is the ith point, the oldest being the 0th.
func (r *ring) at(i int) point {
	if i == r.len()-1 {
		return r.last
	}
	return *r.earlier.at(i)
}

func (r *ring) clear() { r.count = 0 }

func (r *ring) dropNewest() {
	r.count--
	if r.count > 0 {
		r.last = *r.earlier.at(r.len() - 1)
	}
}

func (r *ring) dropOldest() {
	r.count--
	if r.count > 0 {
		r.earlier.first = (r.earlier.first + 1) % len(r.earlier.points)
	}
}
