package fleet

import (
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// buildsKept is how many of the newest builds a group learns from.
const buildsKept = 20

// learn takes the time from order to service of each instance that has come to serve for
// the first time since the last turn. What was taken on record ready-made tells nothing, nor
// does what was not to serve all the time.
func (g *Group) learn(s *state, instances []actions.InstanceStatus) {
	unborn := map[string]bool{}
	for _, in := range instances {
		switch {
		case in.Made.IsZero():
		case in.Joined.IsZero():
			always, known := g.unborn[in.Code]
			unborn[in.Code] = in.Goal == policy.InService && (always || !known)
		case g.unborn[in.Code] && in.Joined.After(in.Since):
			s.Builds = append(s.Builds, in.Joined.Sub(in.Since).Round(time.Second))
		}
	}
	g.unborn = unborn
	s.Builds = s.Builds[max(0, len(s.Builds)-buildsKept):]
}

// timeToServe is how long nine of ten builds took at most; 0 before the first.
func (s *state) timeToServe() time.Duration {
	if len(s.Builds) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s.Builds))
	return sorted[(9*len(sorted)+9)/10-1]
}
