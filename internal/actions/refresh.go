package actions

import (
	"context"
	"maps"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

// refresh overwrites an instance that is off from the template, after reading record
// and mark again: what is on its disk is lost. That it was asked for is written first,
// so that an instance whose answer was lost is not taken for what it was before.
func (c *Crew) refresh(ctx context.Context, in *instance) (bool, error) {
	if ours, _, err := c.confirmOurs(ctx, in, "overwritten"); err != nil || !ours {
		return false, err
	}
	template := c.template()
	if err := c.checkTemplate(ctx, template, "overwrite "+in.code); err != nil {
		return false, err
	}
	machine, err := c.lookAt(ctx, in)
	if err != nil || !c.still(in, StepRefresh) {
		return false, err
	}
	if err := c.note(in, func(f *Facts) {
		f.Overwrite, f.Attempt = &Overwrite{template.ID(), c.Now()}, nil
		f.Prepared = maps.Clone(f.Prepared)
		for _, p := range c.preparations {
			if p.OnDisk {
				delete(f.Prepared, p.Name)
			}
		}
	}); err != nil {
		return false, err
	}
	if err := c.Machines.Refresh(ctx, in.code, template); err != nil {
		return false, err
	}
	c.resetProbes(in)
	return true, c.note(in, func(f *Facts) {
		f.overwritten()
		f.Stale = c.staleAfter(machine.Power)
	})
}

// checkTemplate says why the template cannot be copied from just now. doing says
// what for.
func (c *Crew) checkTemplate(ctx context.Context, template cloud.Template, doing string) error {
	source := template.Source
	machine, err := c.Machines.Describe(ctx, source)
	switch {
	case err != nil:
		return err
	case machine.Power == cloud.PowerBusy:
		return cloud.Errorf(cloud.ClassTransient, "%s from template %s: it is %s, which passes by itself", doing, source, machine.Status)
	case machine.Power != cloud.PowerOff:
		return cloud.Errorf(cloud.ClassConflict, "%s from template %s: it is %s, and must be stopped to be cloned: stop it, or name another template",
			doing, source, machine.Status)
	}
	return nil
}
