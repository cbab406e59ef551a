package elasticity_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
)

// bruteForce is the least number of periods, and of machines × steps within the need, of
// all plans that are never short: it tries every number of periods to begin at each step.
func bruteForce(need []int, period int) (periods, steps int) {
	bought := make([]int, len(need))
	periods, steps = -1, -1
	var try func(i, periodsSoFar, stepsSoFar int)
	try = func(i, periodsSoFar, stepsSoFar int) {
		if i == len(need) {
			if periods < 0 || periodsSoFar < periods {
				periods = periodsSoFar
			}
			if steps < 0 || stepsSoFar < steps {
				steps = stepsSoFar
			}
			return
		}
		paid := 0
		for j := max(0, i-period+1); j < i; j++ {
			paid += bought[j]
		}
		for n := 0; n <= slices.Max(need)+1; n++ {
			if paid+n < max(need[i], 1) {
				continue
			}
			bought[i] = n
			try(i+1, periodsSoFar+n, stepsSoFar+n*min(period, len(need)-i))
			bought[i] = 0
		}
	}
	try(0, 0, 0)
	return periods, steps
}

func TestTheOptimumIsAsCheapAsTheBestOfAllPlans(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		need, period := make([]int, 1+random.IntN(7)), 1+random.IntN(4)
		for i := range need {
			need[i] = random.IntN(4)
		}
		plan := elasticity.Optimum(need, period)
		periods, steps := bruteForce(need, period)
		if plan.Periods() != periods || plan.Steps() != steps {
			t.Fatalf("need %v in periods of %d: got %d periods and %d steps, the best have %d and %d",
				need, period, plan.Periods(), plan.Steps(), periods, steps)
		}
	}
}

func TestAMachineThatCanLeaveAtAnyStepIsPaidForWhileItIsNeeded(t *testing.T) {
	t.Parallel()
	need := []int{2, 0, 3, 3, 1}
	for _, period := range []int{0, 1} {
		plan := elasticity.Optimum(need, period)
		if want := []int{2, 1, 3, 3, 1}; !slices.Equal(plan.Paid, want) {
			t.Errorf("period %d: got %v, want %v", period, plan.Paid, want)
		}
	}
}

func TestPeriodsOverlapWhereThatSavesOne(t *testing.T) {
	t.Parallel()
	plan := elasticity.Optimum([]int{1, 2, 1}, 2)
	if plan.Periods() != 2 || !slices.Equal(plan.Paid, []int{1, 2, 1}) {
		t.Errorf("got %d periods, paid %v", plan.Periods(), plan.Paid)
	}
}

func TestAPlanIsNeverShortAndItsLivesAreWholePeriods(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		need, period := make([]int, random.IntN(60)), 1+random.IntN(12)
		for i := range need {
			need[i] = random.IntN(9)
		}
		plan := elasticity.Optimum(need, period)
		alive := make([]int, len(need))
		periods := 0
		for _, life := range plan.Lives() {
			if length := life.Until - life.From; length <= 0 || length%period != 0 {
				t.Fatalf("seed %d: %+v is not so many periods of %d", seed, life, period)
			}
			periods += (life.Until - life.From) / period
			for i := life.From; i < min(life.Until, len(need)); i++ {
				alive[i]++
			}
		}
		if !slices.Equal(alive, plan.Paid) || periods != plan.Periods() {
			t.Fatalf("seed %d: the lives have %v in %d periods, the plan %v in %d", seed, alive, periods, plan.Paid, plan.Periods())
		}
		for i, n := range need {
			if plan.Paid[i] < max(n, 1) {
				t.Fatalf("seed %d: %d at step %d, where %d are needed", seed, plan.Paid[i], i, n)
			}
		}
	}
}

func TestAMachineStaysWhereItsNextPeriodBegins(t *testing.T) {
	t.Parallel()
	plan := elasticity.Optimum([]int{2, 2, 1, 1, 0, 0, 3}, 2)
	want := []elasticity.Life{{From: 0, Until: 2}, {From: 0, Until: 8}, {From: 6, Until: 8}, {From: 6, Until: 8}}
	got := plan.Lives()
	slices.SortFunc(got, func(a, b elasticity.Life) int { return (a.From-b.From)*100 + a.Until - b.Until })
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestALongerPeriodIsNeverCheaperWhereItIsAMultiple(t *testing.T) {
	t.Parallel()
	need := aYear(3).Need[:3*1440]
	last := 0
	for _, period := range []int{1, 60, 1440, 2880} {
		plan := elasticity.Optimum(need, period)
		if plan.Steps() < last {
			t.Errorf("periods of %d: %d steps, fewer than %d", period, plan.Steps(), last)
		}
		last = plan.Steps()
	}
}

func BenchmarkOptimumOfAYear(b *testing.B) {
	need := aYear(1).Need
	for b.Loop() {
		plan := elasticity.Optimum(need, 60)
		plan.Lives()
	}
}
