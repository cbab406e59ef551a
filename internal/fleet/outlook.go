package fleet

import (
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// foreseenBy is what the decision's policies that forecast made of their outlooks.
func foreseenBy(decision *policy.Decision) (all []*policy.Foreseen) {
	for i := range decision.Recommendations {
		if foreseen := decision.Recommendations[i].Foreseen; foreseen != nil {
			all = append(all, foreseen)
		}
	}
	return all
}

// tellForeseen tells when a forecast begins to speak, and when it abstains for another
// reason than before.
func (d *decider) tellForeseen(before, now []*policy.Foreseen) {
	silent := map[string]policy.Silence{}
	for _, foreseen := range before {
		silent[foreseen.Policy] = foreseen.Abstains
	}
	for _, f := range now {
		of := zap.String("policy", f.Policy)
		switch f.Abstains {
		case silent[f.Policy]:
		case "":
			d.Log.Info("the forecast speaks", of, zap.Float64("load", f.Load), zap.Float64("expected", f.Expected), zap.Duration("within", f.Within),
				zap.Int("planned", f.Planned), zap.String("by", f.By))
		default:
			d.Log.Info("the forecast abstains: "+f.Abstains.Text(), of, zap.String("reason", string(f.Abstains)))
		}
	}
}
