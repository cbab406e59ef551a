package monitor

// point is one value and when it was measured.
type point struct {
	value float64
	at    stamp
}

// ring holds the newest points, oldest first, up to a fixed number: one more takes
// the place of the oldest. The zero ring holds none. It takes memory of its own with the
// second point, so that one of a single point takes none.
type ring struct {
	last    point   // the newest; not dated: there is none
	earlier *circle // those before it; nil: there never was one
}

// circle is room for points, that after the end of which is the beginning.
type circle struct {
	points       []point
	first, count int32
}

// at is where the ith point is, or is to be.
func (c *circle) at(i int) *point { return &c.points[(int(c.first)+i)%len(c.points)] }

// push adds the newest point of at most the given number, which is always the same.
func (r *ring) push(p point, most int) {
	if r.len() == most {
		r.dropOldest()
	}
	if r.len() > 0 {
		if r.earlier == nil {
			r.earlier = &circle{points: make([]point, most-1)}
		}
		*r.earlier.at(int(r.earlier.count)) = r.last
		r.earlier.count++
	}
	r.last = p
}

func (r *ring) len() int {
	switch {
	case r.last.at == 0:
		return 0
	case r.earlier == nil:
		return 1
	}
	return int(r.earlier.count) + 1
}

// at is the ith point, the oldest being the 0th.
func (r *ring) at(i int) point {
	if i == r.len()-1 {
		return r.last
	}
	return *r.earlier.at(i)
}

func (r *ring) clear() {
	r.last = point{}
	if r.earlier != nil {
		r.earlier.count = 0
	}
}

func (r *ring) dropNewest() {
	if r.len() == 1 {
		r.last = point{}
		return
	}
	r.earlier.count--
	r.last = *r.earlier.at(int(r.earlier.count))
}

func (r *ring) dropOldest() {
	if r.len() == 1 {
		r.last = point{}
		return
	}
	r.earlier.count--
	r.earlier.first = (r.earlier.first + 1) % int32(len(r.earlier.points))
}
