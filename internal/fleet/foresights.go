package fleet

import (
	"errors"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/store"
)

// foresights are that of the file's policies, and that of the policies that the file has as
// a shadow's, whichever of them is in force.
type foresights [2]*foresight

func forecastKey(group string) string { return "group/" + group + "/forecast" }

// configureForesights takes them up where they were left.
func (g *Group) configureForesights() error {
	of := &g.state.Value
	g.foresights[0] = newForesight(g.Spec, g.Past, of.leads(g.Spec), g.Log)
	if g.Shadow != nil {
		g.foresights[1] = newForesight(&g.Shadow.Spec, g.Shadow.Past, of.leads(&g.Shadow.Spec), g.Log.With(zap.Bool("shadow", true)))
	}
	var shadowSaw *foresaw
	if of.Shadow != nil {
		shadowSaw = of.Shadow.Forecast
	}
	return errors.Join(
		g.foresights[0].resume(g.journal, forecastKey(g.Name), of.Forecast),
		g.foresights[1].resume(g.journal, forecastKey(g.Name+"/shadow"), shadowSaw),
	)
}

// active is that of the rules in force.
func (f *foresights) active(s *state) *foresight {
	if s.Shadow != nil && s.Shadow.Promoted {
		return f[1]
	}
	return f[0]
}

// passive is that of the shadow.
func (f *foresights) passive(s *state) *foresight {
	if s.Shadow != nil && s.Shadow.Promoted {
		return f[0]
	}
	return f[1]
}

// keep puts into next what is to be committed of them, and returns what is to be written
// along.
func (f *foresights) keep(next *state) []store.Writable {
	saw, rest := f[0].keep()
	next.Forecast = saw
	if next.Shadow != nil {
		saw, more := f[1].keep()
		next.Shadow.Forecast, rest = saw, append(rest, more...)
	}
	return rest
}

// written notes that what keep returned was committed.
func (f *foresights) written() {
	for _, one := range f {
		one.written()
	}
}
