package actions

import (
	"strings"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

// templateInForce is what a crew's instances are to be made from.
type templateInForce struct {
	cloud.Template
	tolerated string // ID of another template whose instances are not outdated
}

// Use makes the crew order from the template, and overwrite with it what stands by
// and was made from another one. Instances of the tolerated template, if any, stay as
// they are.
func (c *Crew) Use(template cloud.Template, tolerated string) {
	c.inForce.Store(&templateInForce{template, tolerated})
}

// InForce is the template that new instances are made from now.
func (c *Crew) InForce() cloud.Template { return c.template() }

// template is what new instances are made from.
func (c *Crew) template() cloud.Template { return c.inForce.Load().Template }

// outdated says that the instance is known to be made from another template than
// new ones are.
func (c *Crew) outdated(f *Facts) bool {
	t := c.inForce.Load()
	return f.Template != "" && f.Template != t.ID() && f.Template != t.tolerated
}

// madeFrom is the code of the template that the instance was made from.
func (c *Crew) madeFrom(in *instance) string {
	in.mu.Lock()
	defer in.mu.Unlock()
	if source, _, _ := strings.Cut(in.facts.Value.Template, "@"); source != "" {
		return source
	}
	return c.Template.Source
}

// isTemplate says that the machine is one that instances are made from.
func (c *Crew) isTemplate(code string) bool {
	return code == c.Template.Source || code == c.template().Source
}
