package fleet

import (
	"errors"

	"github.com/autoscaled/autoscaled/internal/actions"
)

// AnswerHook takes over what the receiver of a hook says later of the call with this ID;
// see [actions.Crew.AnswerHook]. The token is all that it needs.
func (f *Fleet) AnswerHook(id, token string, a actions.HookAnswer) error {
	for _, g := range f.members().groups {
		if !g.Crew.OpensHook(id, token) {
			continue
		}
		err := g.byHand(func() error { return g.Crew.AnswerHook(id, token, a) })
		if !errors.Is(err, actions.ErrNoHookCall) {
			return err
		}
	}
	return actions.ErrNoHookCall
}
