package classic_test

import (
	"slices"
	"testing"

	"github.com/autoscaled/autoscaled/internal/plan/classic"
)

func TestVectorV13OfTargetTracking(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		size        int
		utilisation float64
		want        int
	}{{6, 0.625, 8}, {7, 0.393, 6}} {
		scaler := classic.NewTargetTracking(0.5)
		got := 0
		for minute := range 15 {
			got = scaler.Decide(at(minute, c.size, c.utilisation))
		}
		if got != c.want {
			t.Errorf("%d at %g: got %d, want %d", c.size, c.utilisation, got, c.want)
		}
	}
}

func TestTargetTrackingGrowsAtTheThirdReadingInARow(t *testing.T) {
	t.Parallel()
	got := minutes(classic.NewTargetTracking(0.5), 6, 0.8, 0.8, 0.5, 0.8, 0.8, 0.8)
	if want := []int{6, 6, 6, 6, 6, 10}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTargetTrackingShrinksAtTheFifteenthReadingInARow(t *testing.T) {
	t.Parallel()
	low := slices.Concat(slices.Repeat([]float64{0.4}, 14), []float64{0.45}, slices.Repeat([]float64{0.4}, 15), slices.Repeat([]float64{0.2}, 15))
	got := minutes(classic.NewTargetTracking(0.5), 10, low...)
	want := slices.Concat(slices.Repeat([]int{10}, 29), slices.Repeat([]int{8}, 15), []int{4})
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTargetTrackingRemovesNothingWhileAnythingWarmsUp(t *testing.T) {
	t.Parallel()
	scaler := classic.NewTargetTracking(0.5)
	for minute := range 30 {
		seen := at(minute, 10, 0.1)
		seen.Becoming = 1
		seen.Desired = 11
		if got := scaler.Decide(seen); got != 11 {
			t.Fatalf("minute %d: got %d", minute, got)
		}
	}
	seen := at(30, 11, 0.1)
	if got := scaler.Decide(seen); got != 3 {
		t.Errorf("once all are warm: got %d, want 3", got)
	}
}

func TestTargetTrackingCountsWhatIsComingAsCapacity(t *testing.T) {
	t.Parallel()
	scaler := classic.NewTargetTracking(0.5)
	for minute := range 3 {
		scaler.Decide(at(minute, 6, 0.8))
	}
	seen := at(3, 6, 0.8) // needs 10, of which 4 are coming
	seen.Becoming, seen.Desired = 4, 10
	if got := scaler.Decide(seen); got != 10 {
		t.Errorf("got %d, want 10", got)
	}
	seen = at(4, 6, 0.9)
	seen.Becoming, seen.Desired = 4, 10
	if got := scaler.Decide(seen); got != 11 {
		t.Errorf("with more load: got %d, want 11", got)
	}
}

func TestAStepMovesByOneAndThenCoolsDown(t *testing.T) {
	t.Parallel()
	got := minutes(classic.NewStep(), 4, slices.Concat([]float64{0.7}, slices.Repeat([]float64{0.9}, 12), slices.Repeat([]float64{0.1}, 12))...)
	want := slices.Concat([]int{4}, slices.Repeat([]int{5}, 10), slices.Repeat([]int{6}, 10), slices.Repeat([]int{5}, 4))
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAStepWaitsForReadingsInARow(t *testing.T) {
	t.Parallel()
	step := classic.NewStep()
	step.OutPoints, step.InPoints, step.Cooldown = 2, 3, 0
	got := minutes(step, 4, 0.9, 0.5, 0.9, 0.9, 0.9, 0.3, 0.3, 0.35, 0.3, 0.3, 0.3)
	if want := []int{4, 4, 4, 5, 6, 6, 6, 6, 6, 6, 5}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAStepAtItsBoundDoesNotBeginToCoolDown(t *testing.T) {
	t.Parallel()
	step := classic.NewStep()
	seen := at(0, 4, 0.9)
	seen.Max = 4
	if got := step.Decide(seen); got != 4 {
		t.Errorf("got %d", got)
	}
	if got := step.Decide(at(1, 4, 0.9)); got != 5 {
		t.Errorf("with the bound lifted: got %d, want 5", got)
	}
}

func TestTargetValueRoundsUpOutsideItsBand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		size        int
		utilisation float64
		want        int
	}{
		{10, 0.505, 10}, {10, 0.5051, 11}, {10, 0.495, 10}, {10, 0.4949, 10}, {10, 0.44, 9}, {100, 0.4949, 99}, {4, 1.5, 8}, {4, 0, 1},
	} {
		if got := classic.NewTargetValue(0.5).Decide(at(0, c.size, c.utilisation)); got != c.want {
			t.Errorf("%d at %g: got %d, want %d", c.size, c.utilisation, got, c.want)
		}
	}
}

func TestTargetValueRestsForFiveMinutes(t *testing.T) {
	t.Parallel()
	got := minutes(classic.NewTargetValue(0.5), 10, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4)
	if want := []int{10, 8, 8, 8, 8, 8, 7}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTargetValueCountsWhatRuns(t *testing.T) {
	t.Parallel()
	seen := at(0, 4, 0.8) // needs 7, and 2 are coming
	seen.Becoming, seen.Desired = 2, 6
	if got := classic.NewTargetValue(0.5).Decide(seen); got != 7 {
		t.Errorf("got %d, want 7", got)
	}
	machines := classic.NewTargetValue(0.5)
	machines.WaitReady = true
	if got := machines.Decide(seen); got != 6 {
		t.Errorf("of machines, while some start: got %d, want 6", got)
	}
}

func TestReactFollowsTheLoadAtEachStep(t *testing.T) {
	t.Parallel()
	if got := minutes(classic.NewReact(0.5), 4, 0.5, 2, 0.1, 0); !slices.Equal(got, []int{4, 16, 4, 1}) {
		t.Errorf("got %v", got)
	}
	if got := minutes(&classic.React{Target: 0.5, Metric: classic.Saturating}, 4, 2); !slices.Equal(got, []int{8}) {
		t.Errorf("by a metric that saturates: got %v", got)
	}
}

// A reading is of the instances that served then: those that came since would be credited
// with a load that they do not have.
func TestAnOldReadingIsOfTheInstancesThatServedThen(t *testing.T) {
	t.Parallel()
	seen := at(0, 4, 0.9) // 3.6 in all
	seen.Measured, seen.Serving, seen.Desired = 4, 8, 8
	for _, scaler := range []classic.Scaler{classic.NewReact(0.5), classic.NewTargetValue(0.5), classic.NewHPA(0.5, classic.Saturating)} {
		if got := scaler.Decide(seen); got != 8 {
			t.Errorf("%s: got %d, want 8", scaler.Name(), got)
		}
	}
}
