package architecture

import (
	"maps"
	"slices"
	"unicode/utf8"
)

const (
	boxHeight   = 70
	storeyGap   = 58
	boxGap      = 28
	margin      = 36
	boxMinWidth = 128
	lineWidth   = 14 // room for an arrow that passes a storey
)

// A spot is a place in a storey: a room, or where an arrow passes.
type spot struct {
	room         string // empty: an arrow passes
	storey       int    // 0 is the lowest
	x, width     int    // its middle
	above, below []*spot
}

// A way is an arrow, from the upper room to the lower one.
type way []*spot

// A plan says where everything is drawn. Storeys go from the highest to the lowest.
type plan struct {
	storeys [][]*spot
	ways    []way
	width   int
}

// planOf places the rooms of a house by their ranks, with few crossings. The same
// house always has the same plan.
func planOf(h house) (plan, error) {
	ranks, err := h.ranks()
	if err != nil {
		return plan{}, err
	}
	p := plan{storeys: make([][]*spot, slices.Max(slices.Collect(maps.Values(ranks)))+1)}
	spots := map[string]*spot{}
	for _, room := range h.rooms() {
		spots[room] = p.add(&spot{room: room, storey: ranks[room], width: widthOf(h, room)})
	}
	arrows := h.arrows()
	for _, room := range h.rooms() {
		for _, other := range arrows[room] {
			p.lead(spots[room], spots[other])
		}
	}
	slices.Reverse(p.storeys)
	p.order()
	p.place()
	return p, nil
}

func (p *plan) add(s *spot) *spot {
	p.storeys[s.storey] = append(p.storeys[s.storey], s)
	return s
}

func (p *plan) lead(from, to *spot) {
	led := way{from}
	for storey := from.storey - 1; storey > to.storey; storey-- {
		led = append(led, p.add(&spot{storey: storey, width: lineWidth}))
	}
	led = append(led, to)
	for i := 1; i < len(led); i++ {
		led[i-1].below = append(led[i-1].below, led[i])
		led[i].above = append(led[i].above, led[i-1])
	}
	p.ways = append(p.ways, led)
}

// order puts neighbours side by side: each storey is sorted by the middle of what
// its spots are joined to, then spots are exchanged for as long as that helps.
func (p *plan) order() {
	best, least := p.copied(), p.cost()
	for round := range 24 {
		for i := range p.storeys {
			if round%2 == 1 {
				i = len(p.storeys) - 1 - i
			}
			p.sort(i, round%2 == 0)
		}
		p.exchange()
		if cost := p.cost(); cost < least {
			best, least = p.copied(), cost
		}
	}
	p.storeys = best
}

func (p *plan) copied() [][]*spot {
	storeys := [][]*spot{}
	for _, storey := range p.storeys {
		storeys = append(storeys, slices.Clone(storey))
	}
	return storeys
}

func (p *plan) sort(i int, downwards bool) {
	p.centre()
	key := map[*spot]int{}
	for _, s := range p.storeys[i] {
		joined := s.below
		if downwards {
			joined = s.above
		}
		key[s] = s.x
		if len(joined) > 0 {
			sum := 0
			for _, other := range joined {
				sum += other.x
			}
			key[s] = sum / len(joined)
		}
	}
	slices.SortStableFunc(p.storeys[i], func(a, b *spot) int { return key[a] - key[b] })
}

func (p *plan) exchange() {
	for helped := true; helped; {
		helped = false
		for _, storey := range p.storeys {
			for i := range storey {
				for j := range i {
					before := p.cost()
					storey[i], storey[j] = storey[j], storey[i]
					if p.cost() < before {
						helped = true
						continue
					}
					storey[i], storey[j] = storey[j], storey[i]
				}
			}
		}
	}
}

// centre places the spots of each storey side by side, about the same middle.
func (p *plan) centre() {
	for _, storey := range p.storeys {
		x := -breadth(storey) / 2
		for _, s := range storey {
			s.x = x + s.width/2
			x += s.width + boxGap
		}
	}
}

func breadth(storey []*spot) int {
	sum := -boxGap
	for _, s := range storey {
		sum += s.width + boxGap
	}
	return sum
}

// cost counts crossings first, and then how far arrows go sideways.
func (p *plan) cost() int {
	p.centre()
	type line struct{ from, to int }
	cost, lines := 0, make([]line, 0, 32)
	for _, storey := range p.storeys {
		lines = lines[:0]
		for _, s := range storey {
			for _, other := range s.below {
				lines = append(lines, line{s.x, other.x})
				cost += distance(s.x, other.x)
			}
		}
		for i, a := range lines {
			for _, b := range lines[:i] {
				if (a.from-b.from)*(a.to-b.to) < 0 {
					cost += 1500
				}
			}
		}
	}
	return cost
}

func distance(a, b int) int { return max(a-b, b-a) }

// place moves the spots of each storey towards what they are joined to, without
// changing their order, and then everything to the left edge.
func (p *plan) place() {
	p.centre()
	for round := range 300 {
		for i := range p.storeys {
			if round%2 == 1 {
				i = len(p.storeys) - 1 - i
			}
			settle(p.storeys[i])
		}
	}
	for _, led := range p.ways {
		p.straighten(led[1 : len(led)-1])
	}
	left, right := p.edges()
	for _, storey := range p.storeys {
		for _, s := range storey {
			s.x += margin - left
		}
	}
	p.width = right - left + 2*margin
}

// straighten draws what passes several storeys as one line, if there is a line on
// which nothing else is in the way.
func (p *plan) straighten(passing way) {
	for _, s := range passing {
		if p.free(passing, s.x) {
			for _, other := range passing {
				other.x = s.x
			}
			return
		}
	}
}

func (p *plan) free(passing way, x int) bool {
	for _, s := range passing {
		storey := p.storeys[len(p.storeys)-1-s.storey]
		i := slices.Index(storey, s)
		if i > 0 && x-lineWidth/2 < storey[i-1].x+storey[i-1].width/2+boxGap/2 {
			return false
		}
		if i+1 < len(storey) && x+lineWidth/2 > storey[i+1].x-storey[i+1].width/2-boxGap/2 {
			return false
		}
	}
	return true
}

func (p *plan) edges() (left, right int) {
	for _, storey := range p.storeys {
		for _, s := range storey {
			left, right = min(left, s.x-s.width/2), max(right, s.x+s.width/2)
		}
	}
	return left, right
}

// A block is spots that touch one another and move together.
type block struct {
	spots       []*spot
	wanted, sum int // of the first spot: the sum of the wishes, and their number
}

func (b block) first() int { return b.wanted / b.sum }

// settle gives every spot the place that it wishes, as far as its neighbours let it.
func settle(storey []*spot) {
	blocks := []block{}
	for _, s := range storey {
		blocks = append(blocks, block{[]*spot{s}, wish(s), 1})
		for len(blocks) > 1 {
			a, b := blocks[len(blocks)-2], blocks[len(blocks)-1]
			step := 0
			for i, s := range a.spots {
				next := b.spots[0]
				if i+1 < len(a.spots) {
					next = a.spots[i+1]
				}
				step += (s.width+next.width)/2 + boxGap
			}
			if a.first()+step <= b.first() {
				break
			}
			joined := block{slices.Concat(a.spots, b.spots), a.wanted + b.wanted - step*b.sum, a.sum + b.sum}
			blocks = append(blocks[:len(blocks)-2], joined)
		}
	}
	for _, b := range blocks {
		x := b.first()
		for i, s := range b.spots {
			if i > 0 {
				x += (b.spots[i-1].width+s.width)/2 + boxGap
			}
			s.x = x
		}
	}
}

func wish(s *spot) int {
	sum, count := 0, 0
	for _, other := range slices.Concat(s.above, s.below) {
		weight := 1
		if s.room == "" && other.room == "" {
			weight = 12 // an arrow that passes several storeys goes straight
		}
		sum += weight * other.x
		count += weight
	}
	if count == 0 {
		return s.x
	}
	return sum / count
}

func widthOf(h house, room string) int {
	width := max(boxMinWidth, 10*utf8.RuneCountInString(room)+36, 67*utf8.RuneCountInString(jobs[room])/10+30)
	return max(width, 63*utf8.RuneCountInString(partsOf(h, room))/10+30)
}
