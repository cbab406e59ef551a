package elasticity_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
)

func TestTheFrontHasWhatNoOtherBeats(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for name, c := range map[string]struct {
		points []elasticity.Point
		want   []int
	}{
		"nothing":            {nil, []int{}},
		"one":                {[]elasticity.Point{{3, 3}}, []int{0}},
		"a trade-off":        {[]elasticity.Point{{3, 1}, {1, 3}, {2, 2}}, []int{1, 2, 0}},
		"beaten in both":     {[]elasticity.Point{{1, 1}, {2, 2}}, []int{0}},
		"beaten in cost":     {[]elasticity.Point{{2, 1}, {1, 1}}, []int{1}},
		"beaten in overload": {[]elasticity.Point{{1, 2}, {1, 1}}, []int{1}},
		"equal ones":         {[]elasticity.Point{{5, 5}, {1, 1}, {1, 1}, {1, 1}}, []int{1}},
		"not a number":       {[]elasticity.Point{{nan, 0}, {0, nan}, {7, 7}}, []int{2}},
		"infinitely dear":    {[]elasticity.Point{{math.Inf(1), 0}, {7, 7}}, []int{1, 0}},
	} {
		if got := elasticity.Front(c.points); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestTheFrontIsThatOfComparingEachWithEach(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		points := make([]elasticity.Point, random.IntN(30))
		for i := range points {
			points[i] = elasticity.Point{Cost: float64(random.IntN(8)), OverloadMinutes: float64(random.IntN(8))}
		}
		var want []int
		for i, p := range points {
			beaten := slices.ContainsFunc(points, func(q elasticity.Point) bool {
				return q != p && q.Cost <= p.Cost && q.OverloadMinutes <= p.OverloadMinutes
			})
			if !beaten && slices.Index(points, p) == i {
				want = append(want, i)
			}
		}
		slices.SortFunc(want, func(a, b int) int { return int(points[a].Cost - points[b].Cost) })
		if got := elasticity.Front(points); !slices.Equal(got, want) {
			t.Fatalf("seed %d: %v: got %v, want %v", seed, points, got, want)
		}
	}
}
