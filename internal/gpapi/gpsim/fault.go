package gpsim

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/words"
)

// FaultKind is what is wrong with a call.
type FaultKind uint8

// The kinds of fault. Those that speak of an effect leave it to Fault.Effect
// whether there is one; under the others the call is performed.
const (
	FaultAnswer     FaultKind = iota // an ErrorResponse with Fault.Status, with or without the effect
	FaultHang                        // no answer until the client gives up, then the connection is cut; with or without the effect
	FaultReset                       // the connection is cut at once, with or without the effect
	FaultDuplicate                   // the call is delivered twice; the client sees the first answer
	FaultTruncated                   // the connection is cut in the middle of the answer
	FaultEmpty                       // the answer has no body; its status may be Fault.Status
	FaultHTML                        // the answer's body is a proxy's page; its status may be Fault.Status
	FaultLate                        // what an order buys is in no listing for Fault.For
	FaultPartial                     // each entry of the answer's lists is missing with the probability Fault.Share
	FaultStuck                       // the machines that the call moves stay in the passing status, or in preparation, for Fault.For longer
	FaultNeverBoots                  // the machine stays Starting, until it is forced off
	FaultHalf                        // the FW+LB is changed, and the answer has the status 200 and is an ErrorResponse
)

// Always is the Count of a fault that has no end.
const Always = math.MaxInt

// Fault makes calls go wrong. The signature is checked first: what is refused
// there does not count, nor do calls that the kind of fault does not fit.
type Fault struct {
	Action string        // which action is hit; empty: any
	Nth    int           // the first hit is this matching call from now on; 0 means 1
	Count  int           // how many matching calls in a row are hit; 0 means 1
	Rate   float64       // the probability with which each of those is hit, up to 1; 0 means 1
	Effect bool          // the call takes effect before it fails
	Kind   FaultKind     // what is wrong
	Status int           // HTTP status: of a FaultAnswer 300 to 599; of FaultEmpty and FaultHTML the same, or 0 for the call's own
	For    time.Duration // of FaultLate and FaultStuck, > 0
	Share  float64       // of FaultPartial, > 0 and up to 1
}

// Inject arms a fault. Faults are kept in memory only. Of several that hit the
// same call, the one that was injected first decides.
func (s *Sim) Inject(fault Fault) error {
	if err := fault.validate(); err != nil {
		return fmt.Errorf("inject fault: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &pendingFault{Fault: fault, spare: max(fault.Nth, 1) - 1, hits: max(fault.Count, 1)})
	return nil
}

func (f Fault) validate() error {
	hasStatus := f.Kind == FaultAnswer || f.Status != 0 && (f.Kind == FaultEmpty || f.Kind == FaultHTML)
	switch {
	case f.Action != "" && !isAction(f.Action):
		return fmt.Errorf("unknown action `%s`: %s", words.Shown(f.Action), words.Suggest(f.Action, slices.Collect(maps.Keys(actions))))
	case f.Action != "" && !f.fits(f.Action):
		return fmt.Errorf("%s cannot go wrong like this: %s", f.Action, fits[f.Kind].advice)
	case hasStatus && (f.Status < 300 || f.Status > 599):
		return fmt.Errorf("status %d: give one from 300 to 599", f.Status)
	case (f.Kind == FaultLate || f.Kind == FaultStuck) && f.For <= 0:
		return fmt.Errorf("the time %v: give more than 0", f.For)
	case f.Kind == FaultPartial && !(f.Share > 0 && f.Share <= 1):
		return fmt.Errorf("the share %v: give more than 0%% and at most 100%%", f.Share)
	case !(f.Rate >= 0 && f.Rate <= 1):
		return fmt.Errorf("the rate %v: give more than 0%% and at most 100%%", f.Rate)
	}
	return nil
}

func isAction(name string) bool {
	_, known := actions[name]
	return known
}

// fits says of some kinds of fault which actions can go wrong like that; all
// actions can in the ways that are not named.
var fits = map[FaultKind]struct {
	action func(name string) bool
	advice string
}{
	FaultLate:       {isOrderOfMachines, "name an action that buys machines"},
	FaultPartial:    {func(name string) bool { return !actions[name].mutates }, "name an action that only reads"},
	FaultStuck:      {func(name string) bool { return actions[name].mutates }, "name an action that changes something"},
	FaultNeverBoots: {isBoot, "name an action that starts a machine"},
	FaultHalf:       {isChangeOfBalancer, "name an action that changes pools or virtual servers"},
}

func (f Fault) fits(action string) bool {
	limits, limited := fits[f.Kind]
	return !limited || limits.action(action)
}

func isOrderOfMachines(name string) bool {
	return name == "AddVirtualMachines" || name == "AddCloneVirtualMachines"
}

func isBoot(name string) bool {
	return name == "StartVirtualMachine" || name == "RebootVirtualMachine"
}

func isChangeOfBalancer(name string) bool {
	return actions[name].mutates && strings.Contains(name, "Lb") && !strings.Contains(name, "FwLb")
}

// pendingFault is a fault with what is left of it.
type pendingFault struct {
	Fault
	spare int // matching calls to let pass
	hits  int // matching calls to hit after those
}

// nextFault counts a call and gives the fault that hits it, or one that changes
// nothing.
func (s *Sim) nextFault(action string) *Fault {
	var hit *Fault
	for _, fault := range s.faults {
		switch {
		case fault.Action != "" && fault.Action != action || !fault.fits(action):
		case fault.spare > 0:
			fault.spare--
		default:
			if s.strikes(fault) && hit == nil {
				hit = &fault.Fault
			}
		}
	}
	s.faults = slices.DeleteFunc(s.faults, func(fault *pendingFault) bool { return fault.hits == 0 })
	return hit
}

// strikes counts a call that the fault may hit, and says whether it does.
func (s *Sim) strikes(fault *pendingFault) bool {
	if fault.hits != Always {
		fault.hits--
	}
	return fault.Rate == 0 || s.chance.Float64() < fault.Rate
}
