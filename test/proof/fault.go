package proof

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Step is a kind of call to the cloud, or a commit to the disk.
type Step string

// The steps.
const (
	StepOrder     Step = "order"
	StepLabel     Step = "label"
	StepPrepare   Step = "prepare"
	StepStart     Step = "start"
	StepStop      Step = "stop"
	StepRefresh   Step = "refresh"
	StepRelease   Step = "release"
	StepAttach    Step = "attach"
	StepDetach    Step = "detach"
	StepList      Step = "list"
	StepDescribe  Step = "describe"
	StepReadLabel Step = "read_label"
	StepNodes     Step = "nodes"
	StepAccess    Step = "access"
	StepCommit    Step = "commit"
)

// Steps lists every step that autoscaled takes in the lanes.
func Steps() []Step {
	return []Step{
		StepOrder, StepLabel, StepPrepare, StepStart, StepStop, StepRefresh, StepRelease, StepAttach, StepDetach,
		StepList, StepDescribe, StepReadLabel, StepNodes, StepCommit,
	}
}

// writes says that the step changes something in the cloud.
func (s Step) writes() bool {
	switch s {
	case StepList, StepDescribe, StepReadLabel, StepNodes, StepAccess, StepCommit:
		return false
	default:
		return true
	}
}

// Fault is what can happen to one call or commit.
type Fault string

// The faults.
const (
	CrashBefore   Fault = "crash_before"   // the process dies before it takes effect
	CrashAfter    Fault = "crash_after"    // the process dies when it has taken effect
	TimeoutBefore Fault = "timeout_before" // no answer, no effect
	TimeoutAfter  Fault = "timeout_after"  // no answer, and the effect
	Answer500     Fault = "500"            // without effect
	Answer503     Fault = "503"            // without effect
	Answer429     Fault = "429"            // without effect, with a pause asked for
	Answer401     Fault = "401"            // without effect
	Answer404     Fault = "404"            // an order's machines are not known for a while; another call is refused
	Duplicate     Fault = "duplicate"      // a change is delivered twice; an order is answered, and a read, as the one before
	Truncated     Fault = "truncated"      // the effect, and half an answer
	Slow          Fault = "slow"           // the effect, and the answer ten minutes later
	Partial       Fault = "partial"        // a listing lacks machines or nodes; an order's answer, machines
	Fails         Fault = "fails"          // a commit: the disk is full
	Late          Fault = "late"           // an order: no answer, and the effect when it is not looked for any more
)

// FaultsOf lists the faults that can happen to the step, but for Late.
func FaultsOf(s Step) []Fault {
	switch {
	case s == StepCommit:
		return []Fault{CrashBefore, CrashAfter, Fails}
	case s == StepOrder:
		return []Fault{
			CrashBefore, CrashAfter, TimeoutBefore, TimeoutAfter, Answer500, Answer503, Answer429, Answer401, Answer404, Duplicate,
			Truncated, Slow, Partial,
		}
	case s.writes():
		return []Fault{
			CrashBefore, CrashAfter, TimeoutBefore, TimeoutAfter, Answer500, Answer503, Answer429, Answer401, Answer404, Duplicate, Truncated, Slow,
		}
	case s == StepList || s == StepNodes:
		return []Fault{CrashBefore, TimeoutBefore, Answer500, Answer503, Answer429, Answer401, Duplicate, Truncated, Slow, Partial}
	default:
		return []Fault{CrashBefore, TimeoutBefore, Answer500, Answer503, Answer429, Answer401, Answer404, Duplicate, Truncated, Slow}
	}
}

// Boundary is one call or commit of a run: the n-th of its step on its object. It
// names the same one in every run of the same story, up to where they part.
type Boundary struct {
	Step Step
	On   string // machine, pool and machine, or document
	N    int    // from 1
}

func (b Boundary) String() string { return fmt.Sprintf("%s %s #%d", b.Step, b.On, b.N) }

// MarshalText writes the boundary as String does.
func (b Boundary) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (b *Boundary) UnmarshalText(text []byte) error {
	words := strings.Fields(string(text))
	if len(words) != 3 || !strings.HasPrefix(words[2], "#") {
		return fmt.Errorf("%q is no boundary like %q", text, Boundary{StepLabel, "gc00000004", 1})
	}
	n, err := strconv.Atoi(words[2][1:])
	*b = Boundary{Step(words[0]), words[1], n}
	return err
}

// Strike is a fault at a boundary.
type Strike struct {
	At    Boundary `json:"at"`
	Fault Fault    `json:"fault"`
}

func (s Strike) String() string { return fmt.Sprintf("%s at %v", s.Fault, s.At) }

// chance gives, for each text, always the same number of a seed, evenly from 0 to 1.
type chance uint64

func (c chance) of(texts ...string) float64 {
	hash := fnv.New64a()
	_, _ = hash.Write(strconv.AppendUint(nil, uint64(c), 36))
	for _, text := range texts {
		_, _ = hash.Write([]byte{0})
		_, _ = hash.Write([]byte(text))
	}
	x := hash.Sum64()
	x ^= x >> 33 // FNV's upper bits hardly depend on the last bytes
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

// between is a duration from least to most.
func (c chance) between(least, most time.Duration, texts ...string) time.Duration {
	return least + time.Duration(c.of(texts...)*float64(most-least))
}

// drawFault draws what happens at a boundary, when the given share of them is struck.
// A crash ends so much that it is to be rarer than other faults, but where a step is
// rare itself.
func (c chance) drawFault(b Boundary, share float64) Fault {
	at := b.String()
	if c.of("struck", at) >= share {
		return ""
	}
	faults := FaultsOf(b.Step)
	rare := b.Step == StepOrder || b.Step == StepRefresh || b.Step == StepRelease
	if !rare && c.of("crash", at) > 0.15 {
		faults = slices.DeleteFunc(slices.Clone(faults), func(f Fault) bool { return f == CrashBefore || f == CrashAfter })
	}
	return faults[int(c.of("which", at)*float64(len(faults)))]
}
