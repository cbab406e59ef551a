package tune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// point is a choice of a value of each parameter, by its index.
type point []int

// outcome is what came of a point, on the tuning part.
type outcome struct {
	at      point
	changes int // values that are not the present ones
	figures Figures
}

// search looks for points that are good on the tuning part.
type search struct {
	scenario *plan.Scenario // the tuning part
	params   []Parameter
	present  point
	inMoney  bool
	budget   float64 // of overload, share of the time; below 0: that of the present, once it is known
	lostMost float64 // share of the load that may be lost, once the present is known
	random   *rand.Rand
	replay   replays

	left  int // replays
	list  []outcome
	tried map[string]int // indices in list; -1: the configuration would not take it
}

// Of the replays, a third goes into the coarse design, and a quarter into taking back what makes no
// difference.
const (
	designPart   = 3
	simplifyPart = 4
	frontMost    = 15 // points of a front that are simplified, and scored on the days held out
)

func newSearch(tuned *plan.Scenario, inMoney bool, o *Options) (*search, error) {
	params := o.Parameters
	if params == nil {
		params = Parameters(tuned, o.LeastMin)
	}
	s := &search{
		scenario: tuned, inMoney: inMoney, budget: -1, left: o.Replays, random: rand.New(rand.NewPCG(o.Seed, 1)), tried: map[string]int{},
	}
	if o.Budget != nil {
		s.budget = *o.Budget
	}
	for _, p := range params {
		if p, several := p.with(tuned.Spec); several {
			s.params = append(s.params, p)
			s.present = append(s.present, slices.Index(p.Values, p.Get(tuned.Spec)))
		}
	}
	if len(s.params) == 0 {
		return nil, errors.New("tune: none of the spec's numbers can change: give other parameters, or a policy with numbers")
	}
	return s, nil
}

// run finds the front, the cheapest first. The present point is the first of the list.
func (s *search) run(ctx context.Context) (front []int, err error) {
	all := s.left
	if _, err := s.try(ctx, s.present); err != nil {
		return nil, err
	}
	present := s.list[0].figures
	if s.budget < 0 {
		s.budget = present.OverloadShare
	}
	s.lostMost = lostMost(present, s.budget)
	if _, err := s.try(ctx, s.design(all/designPart)...); err != nil {
		return nil, err
	}
	if err := s.refine(ctx, all/simplifyPart); err != nil {
		return nil, err
	}
	return s.simplified(ctx)
}

// spec is the spec of a point.
func (s *search) spec(at point) *policy.Spec {
	spec := ownSpec(s.scenario.Spec)
	for i, p := range s.params {
		if at[i] != s.present[i] {
			p.Set(spec, p.Values[at[i]])
		}
	}
	return spec
}

// try replays the points that are new and sound, as far as replays are left, and says how
// many they were.
func (s *search) try(ctx context.Context, points ...point) (int, error) {
	var fresh []outcome
	var scenarios []plan.Scenario
	for _, at := range points {
		key := fmt.Sprint([]int(at))
		if _, known := s.tried[key]; known || len(fresh) == s.left {
			continue
		}
		spec := s.spec(at)
		if s.tried[key] = -1; !slices.Equal(at, s.present) && !sound(s.scenario, spec) {
			continue
		}
		s.tried[key] = len(s.list) + len(fresh)
		scenario := *s.scenario
		scenario.Name, scenario.Spec = key, spec
		scenarios = append(scenarios, scenario)
		fresh = append(fresh, outcome{at: at, changes: s.changes(at)})
	}
	results, err := s.replay(ctx, scenarios)
	if err != nil {
		return 0, err
	}
	for i, result := range results {
		fresh[i].figures = figuresOf(result)
	}
	s.list, s.left = append(s.list, fresh...), s.left-len(fresh)
	return len(fresh), nil
}

func (s *search) changes(at point) (n int) {
	for i := range at {
		if at[i] != s.present[i] {
			n++
		}
	}
	return n
}

// design is so many points, spread out: a Latin hypercube, of which a point keeps the
// present values of all but one, two, four or eight parameters. What helps is seldom a
// change of everything.
func (s *search) design(n int) []point {
	points := make([]point, n)
	for k := range points {
		points[k] = slices.Clone(s.present)
		for _, i := range s.random.Perm(len(s.params))[:min(len(s.params), 1<<(k%4))] {
			points[k][i] = -1 // to be drawn
		}
	}
	for i, p := range s.params {
		for k, stratum := range s.random.Perm(n) {
			if points[k][i] < 0 {
				points[k][i] = int((float64(stratum) + s.random.Float64()) / float64(n) * float64(len(p.Values)))
			}
		}
	}
	return points
}

// The steps of refinement, as parts of the values that a parameter has: from an eighth
// (1 << 3) on they are halved.
const coarsest, finest = 3, 7

// leaps is how many points a round of refinement tries that differ from the best in more
// than one parameter.
const leaps = 10

// refine tries the neighbours of what is best so far, the nearer the later, until a share of
// the replays is left.
func (s *search) refine(ctx context.Context, reserve int) error {
	kept := s.left
	s.left = max(0, s.left-reserve)
	defer func() { s.left += min(kept, reserve) }()
	for round, fineness := 0, coarsest; s.left > 0 && fineness <= finest; round++ {
		front := s.front(s.all())
		best := s.best(front)
		var points []point
		able := slices.DeleteFunc(slices.Clone(front), func(i int) bool { return s.list[i].figures.LostShare > s.lostMost }) // never empty: the present is, or what beats it
		for _, centre := range []int{best, able[round%len(able)]} {
			points = append(points, s.neighbours(s.list[centre].at, fineness)...)
		}
		tried, err := s.try(ctx, append(s.leaps(s.list[best].at, fineness), points...)...)
		if err != nil {
			return err
		}
		if s.best(s.front(s.all())) == best && (fineness < finest || tried == 0) {
			fineness++
		}
	}
	return nil
}

// leaps are points that differ from one in two or three parameters, drawn by lot: what
// helps together may do harm one by one.
func (s *search) leaps(at point, fineness int) (points []point) {
	for range leaps {
		to := slices.Clone(at)
		for _, i := range s.random.Perm(len(s.params))[:min(len(s.params), 2+s.random.IntN(2))] {
			near := s.near(at, i, fineness)
			to[i] = near[s.random.IntN(len(near))]
		}
		points = append(points, to)
	}
	return points
}

// near are the values of a parameter above and below that of a point, and the present one.
func (s *search) near(at point, i, fineness int) []int {
	n := len(s.params[i].Values)
	stride := max(1, n>>fineness)
	return []int{max(0, at[i]-stride), min(n-1, at[i]+stride), s.present[i]}
}

// neighbours are those of a point in each parameter.
func (s *search) neighbours(at point, fineness int) (points []point) {
	for i := range s.params {
		for _, value := range s.near(at, i, fineness) {
			points = append(points, replaced(at, i, value))
		}
	}
	return points
}

func replaced(at point, i, value int) point {
	other := slices.Clone(at)
	other[i] = value
	return other
}

// all are the outcomes.
func (s *search) all() []int {
	all := make([]int, len(s.list))
	for i := range all {
		all[i] = i
	}
	return all
}

// front are those outcomes that no other of them beats, the cheapest first; of equal ones the
// one that changes least.
func (s *search) front(of []int) (front []int) {
	of = slices.Clone(of)
	slices.SortStableFunc(of, func(a, b int) int {
		x, y := &s.list[a], &s.list[b]
		return cmp.Or(cmp.Compare(s.cost(a), s.cost(b)), x.figures.compareHarm(y.figures), cmp.Compare(x.changes, y.changes))
	})
	for _, i := range of { // whatever beats one stands before it
		if !slices.ContainsFunc(front, func(j int) bool { return s.list[j].figures.noWorse(s.list[i].figures) }) {
			front = append(front, i)
		}
	}
	return front
}

func (s *search) cost(i int) float64 { return s.list[i].figures.cost(s.inMoney) }

// pick is the cheapest of a front that keeps the budget, and does not lose too much; -1: none does.
func (s *search) pick(front []int) int {
	for _, i := range front {
		if f := s.list[i].figures; f.OverloadShare <= s.budget && f.LostShare <= s.lostMost {
			return i
		}
	}
	return -1
}

// best is what is picked of a front, or what comes nearest to keeping the budget.
func (s *search) best(front []int) int {
	if i := s.pick(front); i >= 0 {
		return i
	}
	return slices.MinFunc(front, func(a, b int) int { return s.list[a].figures.compareHarm(s.list[b].figures) })
}

// asGood is by how much higher a cost may be to count as equal.
const asGood = 1.01

// simplified is the front, thinned out, with every change taken back that makes no
// difference: it would be noise to whoever reads it.
func (s *search) simplified(ctx context.Context) ([]int, error) {
	front := s.front(s.all())
	thin := thinned(front, s.pick(front))
	// What is picked comes first, should replays run out; and then again, for what one change
	// depends on may have gone after it was looked at.
	for _, some := range [][]int{thin[:1], thin[:1], thin[1:]} {
		if err := s.simplify(ctx, some); err != nil {
			return nil, err
		}
	}
	return s.front(append(thin, 0)), nil
}

// thinned is a front with at most so many points, evenly taken; that which is picked is the
// first, if there is one.
func thinned(front []int, pick int) []int {
	var thin []int
	if pick >= 0 {
		thin = append(thin, pick)
	}
	for i := range min(len(front), frontMost) {
		j := front[i*(len(front)-1)/max(1, min(len(front), frontMost)-1)]
		if j != pick {
			thin = append(thin, j)
		}
	}
	return thin
}

// simplify puts in place of each outcome one with fewer changes that is as good, if there is.
func (s *search) simplify(ctx context.Context, outcomes []int) error {
	wanted := slices.Clone(outcomes)
	for i := range slices.Backward(s.params) { // policies come first, and are what is best changed
		var points []point
		for _, now := range outcomes {
			points = append(points, replaced(s.list[now].at, i, s.present[i]))
		}
		if _, err := s.try(ctx, points...); err != nil {
			return err
		}
		for k, at := range points {
			other, known := s.tried[fmt.Sprint([]int(at))]
			if known && other >= 0 && s.cost(other) <= s.cost(wanted[k])*asGood && s.list[other].figures.noWorse(s.list[wanted[k]].figures) {
				outcomes[k] = other
			}
		}
	}
	return nil
}
