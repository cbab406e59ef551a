package fleet

import (
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// PausedState is, for a store that is made anew, the state of a group that is paused
// from its first turn on. The size counts as decided: the group keeps it when it is
// resumed, until its policies want another.
func PausedState(group string, size policy.Size, pause policy.Override) store.Writable {
	return &store.Document[state]{
		Key:   stateKey(group),
		Value: state{Desired: size, Memory: policy.Memory{Override: &pause}},
	}
}
