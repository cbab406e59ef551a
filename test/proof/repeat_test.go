package proof

import (
	"slices"
	"testing"

	"github.com/autoscaled/autoscaled/internal/raced"
)

// TestAStoryIsToldAlikeAgain: else hardly anything that was found could be found again.
// Some are not, since what happens at the very same time has no order.
func TestAStoryIsToldAlikeAgain(t *testing.T) {
	t.Parallel()
	differ := 0
	count := raced.Sample(20, 4)
	for seed := range uint64(count) {
		first, second := tell(t, Draw(seed)), tell(t, Draw(seed))
		if !slices.Equal(texts(first.Boundaries), texts(second.Boundaries)) {
			differ++
		}
	}
	t.Logf("%d of %d differ", differ, count)
	if 2*differ > count {
		t.Errorf("%d of %d differ", differ, count)
	}
}

// texts are the boundaries in an order that does not tell who came first.
func texts(boundaries []Boundary) []string {
	list := make([]string, len(boundaries))
	for i, boundary := range boundaries {
		list[i] = boundary.String()
	}
	slices.Sort(list)
	return list
}
