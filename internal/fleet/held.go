package fleet

import (
	"slices"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// holdTexts say what a hold means and what to do.
var holdTexts = map[policy.Hold]string{
	policy.HoldBrake:    "so many instances fail together that none is replaced: look at what they all depend on, and at the probe",
	policy.HoldLaunches: "no launch has come to serve lately, so nothing is ordered: look at the quarantined machines, then `autoscaled resume`",
	policy.HoldRoom:     "fewer are ordered than are missing: max, surge and quarantined machines leave no room",
	policy.HoldDoubt:    "nobody is sent away while the cloud cannot be trusted",
	policy.HoldBake:     "instances of the changed template serve for a while before others leave",
}

// noteHeld shows why less is done than there is to do, and tells of new reasons.
func (g *Group) noteHeld(held []policy.Hold) {
	for _, hold := range held {
		if slices.Contains(g.held, hold) {
			continue
		}
		log := g.Log.Info
		if hold == policy.HoldBrake || hold == policy.HoldLaunches {
			log = g.Log.Error
		}
		log(holdTexts[hold], zap.String("reason", string(hold)))
	}
	g.Metrics.change(g.Name, func(m *groupMetrics) { m.held = held })
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = held
}
