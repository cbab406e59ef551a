package fleet

import (
	"fmt"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// adoptDrifts decides what somebody else did, where it is to count as decided.
func (g *Group) adoptDrifts() {
	adoptions := g.Crew.Adoptions()
	if len(adoptions) == 0 || g.state.Value.Memory.Override.Pauses() {
		return
	}
	before := g.state.Value
	instances, pending, _ := g.roster()
	desired := g.observation(nil, instances, pending).Size
	var goals []policy.Assignment
	for _, a := range adoptions {
		goals = append(goals, a.Assignment)
		desired.Count = min(max(desired.Count+a.Change, g.Spec.Min), g.Spec.Max)
	}
	g.state.Value.Desired = desired
	if err := g.Crew.Assign(goals, g.state); err != nil {
		g.state.Value = before
		g.setTrouble(fmt.Errorf("adopt what somebody changed: %w", err))
		return
	}
	g.Log.Info("what somebody changed counts as decided", zap.Int("desired", desired.Count), zap.Int("instances", len(goals)))
}
