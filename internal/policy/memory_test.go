package policy_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// tick is one evaluation of a drawn history.
type tick struct {
	after    time.Duration // since the one before
	load     policy.Signal
	becoming int
	served   bool // an instance began to serve at this very instant
}

func drawTick(t *rapid.T) tick {
	at := tick{
		after:  time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second,
		load:   noLoad(),
		served: rapid.IntRange(0, 9).Draw(t, "served") == 0,
	}
	if rapid.IntRange(0, 9).Draw(t, "known") > 0 {
		at.load = load(rapid.IntRange(0, 12).Draw(t, "load"))
	}
	if rapid.IntRange(0, 4).Draw(t, "has becoming") == 0 {
		at.becoming = rapid.IntRange(1, 3).Draw(t, "becoming")
	}
	return at
}

func drawHistory(t *rapid.T) []tick {
	return rapid.SliceOfN(rapid.Custom(drawTick), 1, 60).Draw(t, "history")
}

func drawDirection(t *rapid.T, name string) policy.Direction {
	return policy.Direction{
		Stabilization: time.Duration(rapid.IntRange(0, 300).Draw(t, name+" stabilization")) * time.Second,
		Cooldown:      time.Duration(rapid.IntRange(0, 120).Draw(t, name+" cooldown")) * time.Second,
	}
}

// run is a group going through a history.
type run struct {
	spec     policy.Spec
	memory   policy.Memory
	observed policy.Observation
	now      time.Time
}

func (r *run) evaluate(at tick) policy.Decision {
	r.pass(at)
	r.observed.Becoming = at.becoming
	r.observed.Signals = []policy.Signal{at.load}
	decision := policy.Evaluate(&r.spec, r.observed, r.now, &r.memory)
	r.observed.Size = decision.Desired
	return decision
}

// pass lets the time of a tick go by without an evaluation.
func (r *run) pass(at tick) {
	r.now = r.now.Add(at.after)
	if at.served {
		r.observed.LastServing = r.now
	}
}

// restart forgets everything but what was written.
func (r *run) restart(t *rapid.T) {
	written, err := json.Marshal(r.memory)
	if err != nil {
		t.Fatalf("write memory: %v", err)
	}
	r.memory = policy.Memory{}
	if err := json.Unmarshal(written, &r.memory); err != nil {
		t.Fatalf("read memory %s: %v", written, err)
	}
}

func drawRun(t *rapid.T) run {
	spec := unlimited()
	spec.Out, spec.In = drawDirection(t, "out"), drawDirection(t, "in")
	spec.Min, spec.Max = 1, rapid.IntRange(1, 10).Draw(t, "max")
	return run{
		spec:     spec,
		observed: policy.Observation{Size: policy.Size{Count: rapid.IntRange(1, 12).Draw(t, "size"), Type: spec.Type}},
		now:      noon,
	}
}

func TestDecisionsAfterARestartEqualThoseWithoutOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steady := drawRun(t)
		killed := steady
		for i, at := range drawHistory(t) {
			if rapid.IntRange(0, 3).Draw(t, "kill") == 0 {
				killed.restart(t)
				killed.observed.LastServing = time.Time{} // nobody else remembers it
			}
			if want, got := steady.evaluate(at), killed.evaluate(at); !reflect.DeepEqual(want, got) {
				t.Fatalf("evaluation %d after a restart: got %+v, want %+v", i, got, want)
			}
		}
	})
}

func TestEvaluationsMissedWhileDownEqualEvaluationsWithoutData(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steady := drawRun(t)
		killed := steady
		down := false
		for i, at := range drawHistory(t) {
			if rapid.IntRange(0, 4).Draw(t, "down or up again") == 0 {
				down = !down
			}
			if down {
				at.load = noLoad()
				steady.evaluate(at)
				killed.pass(at)
				continue
			}
			killed.restart(t)
			if want, got := steady.evaluate(at), killed.evaluate(at); !reflect.DeepEqual(want, got) {
				t.Fatalf("evaluation %d after being down: got %+v, want %+v", i, got, want)
			}
		}
	})
}

// watched is the plain form of what memory keeps: every want, with its time.
type watched struct {
	wants []policy.PastWant
	last  time.Time
}

func (w *watched) remember(count, current int, now time.Time, gap time.Duration) {
	if w.last.IsZero() || now.Sub(w.last) > gap {
		w.wants = append(w.wants, policy.PastWant{At: now, Count: current})
	}
	w.wants = append(w.wants, policy.PastWant{At: now, Count: count})
	w.last = now
}

// extremes are the smallest and the largest want younger than the span, and the newest want.
func (w *watched) extremes(now time.Time, span time.Duration) (lowest, highest int) {
	newest := w.wants[len(w.wants)-1].Count
	lowest, highest = newest, newest
	for _, want := range w.wants {
		if want.At.After(now.Add(-span)) {
			lowest, highest = min(lowest, want.Count), max(highest, want.Count)
		}
	}
	return lowest, highest
}

func TestSizeFollowsTheExtremesOfTheSpans(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		group := drawRun(t)
		group.spec.Min, group.spec.Max = 0, 1000
		group.spec.Out.Cooldown, group.spec.In.Cooldown = 0, 0
		var all watched
		for i, at := range drawHistory(t) {
			at.becoming = 0
			current := group.observed.Size.Count
			group.memory.Turns = nil // going to and fro would widen the span
			decision := group.evaluate(at)
			want := current
			if _, known := at.load.Group.Value(); known {
				all.remember(decision.Wanted, current, group.now, group.spec.Gap)
				lowest, _ := all.extremes(group.now, group.spec.Out.Stabilization)
				_, highest := all.extremes(group.now, group.spec.In.Stabilization)
				want = min(max(current, lowest), highest)
			}
			if decision.Desired.Count != want {
				t.Fatalf("evaluation %d, from %d, wanting %d: decided %d, want %d", i, current, decision.Wanted, decision.Desired.Count, want)
			}
		}
	})
}

func TestMemoryKeepsNoMoreThanTheDifferentWantsOfItsSpans(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		group := drawRun(t)
		for _, at := range drawHistory(t) {
			group.evaluate(at)
			for name, wants := range map[string][]policy.PastWant{"peaks": group.memory.Peaks, "troughs": group.memory.Troughs} {
				seen := map[int]bool{}
				for _, want := range wants {
					if seen[want.Count] {
						t.Fatalf("%s %v hold %d twice", name, wants, want.Count)
					}
					seen[want.Count] = true
				}
			}
		}
	})
}

func TestMemoryOfAGroupNeverEvaluatedIsWrittenAsNothing(t *testing.T) {
	t.Parallel()
	if got, err := json.Marshal(policy.Memory{}); err != nil || string(got) != "{}" {
		t.Errorf("got %s, %v; want {}", got, err)
	}
}

func TestPauseIsWrittenWithItsAuthor(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(policy.Memory{Override: &policy.Override{Kind: policy.PauseAll, Since: noon, By: "kim", Why: "load test"}})
	const want = `{"override":{"kind":"pause","since":"2026-04-01T12:00:00Z","by":"kim","why":"load test"}}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

// remembering is a memory in which there is something of everything that it could share.
func remembering(count int, at time.Time) policy.Memory {
	return policy.Memory{
		LastOut: at, Peaks: []policy.PastWant{{At: at, Count: count}}, Troughs: []policy.PastWant{{At: at, Count: count}},
		Changes: []policy.PastChange{{At: at, By: count}}, Turns: []time.Time{at},
		Hits: map[string]policy.Hits{"hot": {Bits: 1, At: at}}, Wishes: map[string]policy.Wish{"asked": {At: at, Count: count}},
		Override: &policy.Override{Kind: policy.HoldAt, Count: count, Since: at, By: "sato"},
	}
}

func TestACopySharesNothingWithItsMemory(t *testing.T) {
	t.Parallel()
	later := noon.Add(time.Hour)
	other := remembering(3, later)
	other.Peaks, other.Hits["cold"] = append(other.Peaks, other.Peaks...), policy.Hits{Bits: 3}
	for name, room := range map[string]*policy.Memory{"a clone": nil, "set anew": {}, "set in the room of a larger one": &other} {
		memory := remembering(1, noon)
		before := written(t, memory)
		clone := memory.Clone()
		if room != nil {
			room.Set(&memory)
			clone = *room
		}
		if text := written(t, clone); text != before || !clone.Equal(&memory) {
			t.Errorf("%s is another: %s, of %s", name, text, before)
		}
		clone.Peaks[0].Count, clone.Troughs[0].Count, clone.Changes[0].By, clone.Turns[0] = 2, 2, 2, later
		clone.Hits["hot"], clone.Wishes["asked"] = policy.Hits{Bits: 2, At: later}, policy.Wish{At: later, Count: 2}
		clone.Override.Count = 2
		if after := written(t, memory); after != before {
			t.Errorf("%s: %s\nbecame\n%s", name, before, after)
		}
	}
}

func TestNothingIsLeftOfAMemoryThatIsSetToTheEmptyOne(t *testing.T) {
	t.Parallel()
	memory := remembering(1, noon)
	memory.Set(&policy.Memory{})
	if text := written(t, memory); text != "{}" || !memory.Equal(&policy.Memory{}) {
		t.Errorf("it still holds %s", text)
	}
}

// written is the memory as it is kept on disk.
func written(t *testing.T, memory policy.Memory) string {
	t.Helper()
	text, err := json.Marshal(memory)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
