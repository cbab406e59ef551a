package elasticity

import (
	"cmp"
	"math"
	"slices"
)

// Point is an outcome, better the less there is of either.
type Point struct {
	Cost            float64 // in any unit, the same for all
	OverloadMinutes float64
}

// Front are the indices of the points that no other beats, the cheapest first: whatever
// costs less than one of them is overloaded longer. Of equal points it is the first that
// stands for all. A point that is not a number in either is left out.
func Front(points []Point) []int {
	order := make([]int, 0, len(points))
	for i, p := range points {
		if !math.IsNaN(p.Cost) && !math.IsNaN(p.OverloadMinutes) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(points[a].Cost, points[b].Cost), cmp.Compare(points[a].OverloadMinutes, points[b].OverloadMinutes))
	})
	front := order[:0]
	for _, i := range order {
		if len(front) == 0 || points[i].OverloadMinutes < points[front[len(front)-1]].OverloadMinutes {
			front = append(front, i)
		}
	}
	return front
}
