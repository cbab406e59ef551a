package gpsim

import (
	"fmt"
	"slices"
)

// FaultKind is what the client sees of a fault.
type FaultKind uint8

// The kinds of fault.
const (
	FaultAnswer FaultKind = iota // an ErrorResponse with Fault.Status
	FaultHang                    // no answer until the client gives up; then the connection is cut
	FaultReset                   // the connection is cut at once
)

// Fault makes calls fail. The signature is checked first: what is refused there
// does not count.
type Fault struct {
	Action string    // which action is hit; empty: any
	Nth    int       // the first hit is this matching call from now on; 0 means 1
	Count  int       // how many matching calls in a row are hit; 0 means 1
	Effect bool      // the call takes effect before it fails
	Kind   FaultKind // what the client sees
	Status int       // HTTP status of a FaultAnswer, 400 to 599
}

// Inject arms a fault. Faults are kept in memory only. Of several that hit the
// same call, the one that was injected first decides.
func (s *Sim) Inject(fault Fault) error {
	if _, known := actions[fault.Action]; fault.Action != "" && !known {
		return fmt.Errorf("inject fault: there is no action %q", fault.Action)
	}
	if fault.Kind == FaultAnswer && (fault.Status < 400 || fault.Status > 599) {
		return fmt.Errorf("inject fault: status %d: give one from 400 to 599", fault.Status)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &pendingFault{Fault: fault, spare: max(fault.Nth, 1) - 1, hits: max(fault.Count, 1)})
	return nil
}

// pendingFault is a fault with what is left of it.
type pendingFault struct {
	Fault
	spare int // matching calls to let pass
	hits  int // matching calls to hit after those
}

// nextFault counts a call and gives the fault that hits it, or nil.
func (s *Sim) nextFault(action string) *pendingFault {
	var hit *pendingFault
	for _, fault := range s.faults {
		switch {
		case fault.Action != "" && fault.Action != action:
		case fault.spare > 0:
			fault.spare--
		default:
			fault.hits--
			if hit == nil {
				hit = fault
			}
		}
	}
	s.faults = slices.DeleteFunc(s.faults, func(fault *pendingFault) bool { return fault.hits == 0 })
	return hit
}

// cut says how a connection ends instead of with an answer.
type cut uint8

const (
	notCut cut = iota
	cutByHanging
	cutByReset
)

// apply turns an answer into what the client sees; a nil fault leaves it alone.
func (f *pendingFault) apply(answer reply) reply {
	if f == nil {
		return answer
	}
	switch f.Kind {
	case FaultHang:
		answer.cut = cutByHanging
	case FaultReset:
		answer.cut = cutByReset
	default:
		answer.refusal = injected(f.Status)
	}
	return answer
}
