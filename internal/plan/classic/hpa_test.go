package classic_test

import (
	"slices"
	"testing"

	"github.com/autoscaled/autoscaled/internal/plan/classic"
)

// The vectors are reckoned from the controller's code, with percents of what an instance
// can do: 50 is half of it.
func TestVectorsV1ToV7OfHPA(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		metric            classic.Metric
		read              int
		percent           float64
		missing, becoming int
		want              int
	}{
		"V1 plain":                                {classic.Saturating, 4, 75, 0, 0, 6},
		"V2 just inside the tolerance":            {classic.Saturating, 10, 54.9, 0, 0, 10},
		"V2 at its edge":                          {classic.Saturating, 10, 55, 0, 0, 10},
		"V2 just outside":                         {classic.Saturating, 10, 55.1, 0, 0, 12},
		"V2 at its lower edge":                    {classic.Saturating, 10, 45, 0, 0, 10},
		"V2 just below":                           {classic.Saturating, 10, 44.9, 0, 0, 9},
		"V3 missing, in, counted at the target":   {classic.Unbounded, 8, 20, 2, 0, 6},
		"V3 missing, in, counted as full":         {classic.Saturating, 8, 20, 2, 0, 8},
		"V4 missing, out":                         {classic.Saturating, 8, 80, 2, 0, 13},
		"V5 unready, out":                         {classic.Saturating, 6, 100, 0, 4, 12},
		"V6 unready, the direction flips":         {classic.Saturating, 6, 80, 0, 4, 10},
		"unready, out, tolerated once counted":    {classic.Saturating, 10, 100, 0, 9, 19},
		"missing, in, the direction flips":        {classic.Saturating, 8, 40, 8, 0, 16},
		"V7 unready, in: the trap":                {classic.Saturating, 4, 25, 0, 6, 2},
		"a metric that saturates hides the rest":  {classic.Saturating, 4, 200, 0, 0, 8},
		"one that does not shows it":              {classic.Unbounded, 4, 200, 0, 0, 16},
		"a metric of one that was read and left":  {classic.Saturating, 4, 75, -1, 0, 5},
		"what would shrink upon growth, does not": {classic.Saturating, 3, 60, 0, 1, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hpa := classic.NewHPA(0.5, c.metric)
			hpa.StabilizationIn = 0
			seen := at(0, c.read, c.percent/100)
			seen.Measured, seen.Serving, seen.Becoming = c.read, c.read+c.missing, c.becoming
			seen.Desired = seen.Serving + seen.Becoming
			if got := hpa.Decide(seen); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

// So much is decided already that what the growth asks for is less.
func TestHPADoesNotShrinkUponGrowth(t *testing.T) {
	t.Parallel()
	seen := at(0, 4, 1)
	seen.Becoming, seen.Desired = 2, 20
	hpa := classic.NewHPA(0.5, classic.Saturating)
	hpa.StabilizationIn = 0
	if got := hpa.Decide(seen); got != 20 {
		t.Errorf("got %d, want 20", got)
	}
}

func TestVectorV10OfStabilization(t *testing.T) {
	t.Parallel()
	hpa := classic.NewHPA(0.5, classic.Saturating)
	hpa.Decide(at(0, 10, 0.45))                       // 10, within the tolerance
	hpa.Decide(at(5, 10, 0.44))                       // 9
	if got := hpa.Decide(at(6, 10, 0.31)); got != 9 { // 7, and 9 is the highest of the window
		t.Errorf("got %d, want 9", got)
	}
}

func TestHPAFallsOnceFiveMinutesHaveWantedNoMore(t *testing.T) {
	t.Parallel()
	got := minutes(classic.NewHPA(0.5, classic.Saturating), 10, 0.5, 0.2, 0.2, 0.2, 0.2, 0.2, 0.4)
	if want := []int{10, 10, 10, 10, 10, 4, 4}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestHPAFallsToTheHighestOfItsWindow(t *testing.T) {
	t.Parallel()
	hpa := classic.NewHPA(0.5, classic.Saturating)
	var got []int
	for minute, utilisation := range []float64{0.2, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1} { // proposes 4 6 2 2 2 2 2 2
		got = append(got, hpa.Decide(at(minute, 10, utilisation)))
	}
	// The size at first sight, 10, counts for five minutes.
	if want := []int{10, 10, 10, 10, 10, 6, 2, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestHPARisesAtOnce(t *testing.T) {
	t.Parallel()
	if got := minutes(classic.NewHPA(0.5, classic.Saturating), 4, 0.1, 1, 1); !slices.Equal(got, []int{4, 8, 16}) {
		t.Errorf("got %v", got)
	}
}

func TestHPAWithoutStabilizationFallsAtOnce(t *testing.T) {
	t.Parallel()
	hpa := classic.NewHPA(0.5, classic.Saturating)
	hpa.StabilizationIn = 0
	if got := minutes(hpa, 10, 0.1, 0.1); !slices.Equal(got, []int{2, 1}) {
		t.Errorf("got %v", got)
	}
}
