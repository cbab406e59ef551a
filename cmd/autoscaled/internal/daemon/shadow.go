package daemon

import (
	"fmt"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/rules"
)

// shadow is the group's shadow; nil without one. Its decisions are recorded as those of
// GROUP/shadow.
func (d *draft) shadow(group config.Group, log *zap.Logger) (*fleet.Shadow, error) {
	if group.Shadow == nil {
		return nil, nil
	}
	group.Policies, group.ScaleOut, group.ScaleIn = group.Shadow.Policies, group.Shadow.ScaleOut, group.Shadow.ScaleIn
	decided, err := rules.Of(group)
	if err != nil {
		return nil, fmt.Errorf("group %s, shadow: %w", group.Name, err)
	}
	recorder, err := d.recorder(group.Name+"/shadow", &decided)
	past, _ := d.past(group, &decided, log.With(zap.Bool("shadow", true))) // what it cannot read keeps nobody from anything
	return &fleet.Shadow{Spec: decided, Recorder: recorder, Past: past}, err
}
