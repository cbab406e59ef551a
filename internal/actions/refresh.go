package actions

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

// refresh overwrites an instance that is off from the template, after reading record
// and mark again: what is on its disk is lost. That it was asked for is written first,
// so that an instance whose answer was lost is not taken for what it was before. A
// template can be copied once at a time: the others wait.
func (c *Crew) refresh(ctx context.Context, in *instance) (pause time.Duration, acted bool, err error) {
	template := c.template()
	if !c.Account.beginCopy(template.Source) {
		c.setWaiting(in, true)
		return copyPause, false, nil
	}
	defer c.Account.endCopy(template.Source)
	err = c.checkTemplate(ctx, template, "overwrite "+in.code)
	c.setWaiting(in, err != nil)
	if cloud.ClassOf(err) == cloud.ClassTransient {
		return copyPause, false, nil
	}
	if err == nil {
		acted, err = c.overwrite(ctx, in, template)
	}
	return 0, acted, err
}

// copyPause is between looks at a template that is in use.
const copyPause = 10 * time.Second

func (c *Crew) setWaiting(in *instance, waiting bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.waiting = waiting
}

// beginCopy says whether no other instance is being overwritten from the template.
func (a *Account) beginCopy(source string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	begun := !a.copying[source]
	a.copying[source] = true
	return begun
}

func (a *Account) endCopy(source string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.copying, source)
}

func (c *Crew) overwrite(ctx context.Context, in *instance, template cloud.Template) (bool, error) {
	if ours, _, err := c.confirmOurs(ctx, in, "overwritten"); err != nil || !ours {
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
		if f.Overwrite != nil { // a look may have shown it already
			f.overwritten(c.Now())
		}
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
		return fmt.Errorf("look at template %s: %w", source, err)
	case machine.Power == cloud.PowerBusy:
		return cloud.Errorf(cloud.ClassTransient, "%s from template %s: it is %s, which passes by itself", doing, source, machine.Status)
	case machine.Power != cloud.PowerOff:
		return cloud.Errorf(cloud.ClassConflict, "%s from template %s: it is %s, and must be stopped to be cloned: stop it, or name another template",
			doing, source, machine.Status)
	}
	return nil
}
