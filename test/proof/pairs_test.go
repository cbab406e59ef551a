package proof

import (
	"math"
	"slices"
	"sync/atomic"
	"testing"
)

// TestProofPairs kills the process at a boundary of each workflow, and its successor at
// a boundary after that.
func TestProofPairs(t *testing.T) {
	t.Parallel()
	stories := workflows()
	for _, name := range names(stories) {
		t.Run(name, func(t *testing.T) {
			var told atomic.Int64
			firsts := kills(tell(t, stories[name]).Boundaries, everyRoot(), 0)
			tellAll(t, len(firsts), func(t *testing.T, i int) (failed bool) {
				story := stories[name]
				story.Strikes = firsts[i : i+1]
				alone := tell(t, story)
				if len(alone.Violations) > 0 {
					return false // it is TestProofSingle's to report
				}
				recovery := alone.Boundaries[slices.Index(alone.Boundaries, firsts[i].At)+1:]
				for _, second := range kills(recovery, everyRoot(), i) {
					story.Strikes = []Strike{firsts[i], second}
					told.Add(1)
					failed = failed || fails(t, name+", "+firsts[i].String()+" and "+second.String(), story, tell(t, story))
				}
				return failed
			})
			t.Logf("%d pairs", told.Load())
		})
	}
}

// everyRoot makes one in proof.pairs when it is applied to the first kill and to the second.
func everyRoot() int { return int(math.Round(math.Sqrt(float64(oneIn(*pairsFlag))))) }

// kills is one in every kill at the boundaries where something changes, before them and
// after them. Where something is only read, it makes no difference on which side of the
// change before it the process dies.
func kills(boundaries []Boundary, every, from int) []Strike {
	var strikes []Strike
	boundaries = slices.DeleteFunc(slices.Clone(boundaries), func(b Boundary) bool { return b.Step != StepCommit && !b.Step.writes() })
	for i := range 2 * len(boundaries) {
		if (i+from)%every == 0 {
			strikes = append(strikes, Strike{boundaries[i/2], []Fault{CrashBefore, CrashAfter}[i%2]})
		}
	}
	return strikes
}
