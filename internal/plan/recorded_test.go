package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

// diary is a history in memory.
type diary struct{ entries []history.Entry }

func (d *diary) sink(at time.Time, kind byte, payload []byte) bool {
	d.entries = append(d.entries, history.Entry{Stream: "web", Number: uint64(len(d.entries) + 1), At: at.UTC(), Kind: kind, Payload: slices.Clone(payload)})
	return true
}

func (d *diary) items() iter.Seq2[record.Item, error] {
	return record.Read(func(yield func(history.Entry, error) bool) {
		for _, entry := range d.entries {
			if !yield(entry, nil) {
				return
			}
		}
	})
}

// daemon is a group that decides every ten seconds, and records it.
type daemon struct {
	t        *testing.T
	spec     policy.Spec
	random   *rand.Rand
	recorder *record.Recorder
	diary    diary
	now      time.Time
	memory   policy.Memory
	size     int
	arrivals []time.Time // of instances on their way
	last     time.Time   // that one began to serve
	made     []policy.Decision
	loads    []float64 // in percent, over the whole group, by the minute

	forecaster *forecast.Forecaster // nil: the spec does not forecast
}

func newDaemon(t *testing.T, spec policy.Spec) *daemon {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	d := &daemon{t: t, spec: spec, random: rand.New(rand.NewPCG(seed, 0)), now: monday.Add(3 * time.Second), size: 3}
	recorder, err := record.NewRecorder(&spec, d.diary.sink)
	if err != nil {
		t.Fatal(err)
	}
	d.recorder = recorder
	return d
}

// daily is a spec with the guards that a group has by default.
func daily() policy.Spec {
	above := 90.0
	return policy.Spec{
		Min: 2, Max: 20, Interval: 10 * time.Second, Gap: 90 * time.Second, OrderMax: 5, Surge: 1, HealBudget: 0.1, Brake: 0.45, LaunchFailuresMax: 3, Standby: 2,
		In:       policy.Direction{Stabilization: 10 * time.Minute, Cooldown: 3 * time.Minute, Rates: []policy.Rate{{Share: 0.3, Period: 5 * time.Minute}}},
		LoadLoss: policy.LoadLoss{Fall: 0.6, Release: 20 * time.Minute},
		Policies: append(policy.Targets(policy.Target{Name: "target/cpu", Signal: "cpu", Value: 60, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 0.5}),
			policy.Rule{Name: "hot", Only: policy.OnlyOut, Threshold: &policy.Threshold{
				When: []policy.Condition{{Signal: "cpu", Above: &above}}, Change: policy.Change{Count: 1}, Hits: 3, Of: 5,
			}}),
	}
}

func (d *daemon) run(span time.Duration) {
	for end := d.now.Add(span); d.now.Before(end); d.now = d.now.Add(10 * time.Second) {
		d.tick()
	}
}

// usualLoad is what the instances of a daemon show together at an instant, in percent.
func usualLoad(at time.Time) float64 {
	hour := at.Sub(monday).Hours()
	return 60 * (6 - 3.5*math.Cos(hour*2*math.Pi/24))
}

func (d *daemon) tick() {
	total := usualLoad(d.now) * (0.95 + 0.1*d.random.Float64())
	for len(d.arrivals) > 0 && !d.now.Before(d.arrivals[0]) {
		d.last, d.arrivals = d.arrivals[0], d.arrivals[1:]
	}
	serving := d.size - len(d.arrivals)
	cpu := policy.Signal{Name: "cpu", PerInstance: true, Ceiling: 100}
	for i := range d.size {
		sample := policy.ValueAt(min(100, total/float64(serving)*(0.9+0.2*d.random.Float64())), d.now)
		switch {
		case i >= serving:
			sample = policy.Missing(policy.Warming, d.now)
		case d.random.IntN(80) == 0:
			sample = policy.Missing(policy.Failed, d.now)
		}
		cpu.Instances = append(cpu.Instances, policy.InstanceSample{Instance: fmt.Sprint(i), Sample: sample})
	}
	minute := int(d.now.Sub(monday) / time.Minute)
	for len(d.loads) <= minute {
		d.loads = append(d.loads, total)
	}
	inputs := policy.Observation{
		Size: policy.Size{Count: d.size}, Becoming: len(d.arrivals), LastServing: d.last, Signals: []policy.Signal{cpu},
	}.Inputs()
	d.forecaster.Foresee(&inputs, d.now, forecast.Leads{Serve: 5 * time.Minute})
	before := d.memory.Clone()
	decision := policy.Decide(&d.spec, &inputs, d.now, &d.memory)
	d.recorder.Add(&inputs, &before, &d.memory, decision)
	d.made = append(d.made, decision)
	for range decision.Change() {
		d.arrivals = append(d.arrivals, d.now.Add(5*time.Minute))
	}
	d.size = decision.Desired.Count
	d.arrivals = d.arrivals[:min(len(d.arrivals), d.size)]
}

// changes are the decisions that changed the size.
func (d *daemon) changes() (changes []policy.Decision) {
	for _, decision := range d.made {
		if decision.Change() != 0 {
			changes = append(changes, decision)
		}
	}
	return changes
}

// history is what the daemon's time is replayed from, under a spec.
func (d *daemon) history(spec policy.Spec) *plan.Scenario {
	return &plan.Scenario{
		Name: "week", Spec: &spec, Recorded: d.diary.items(), WarmUp: time.Minute,
		Load:    &load.Load{Start: monday, Step: time.Minute, Signals: []load.Signal{{Name: "cpu", Totals: d.loads}}},
		Signals: []plan.SignalModel{{Name: "cpu", PerInstance: true, Ceiling: 100}},
		Cloud:   plan.Cloud{ToServe: plan.Always(5 * time.Minute), Delay: 1, ReleaseAtOnce: true},
	}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestADaemonsOwnWeekReplayedGivesItsOwnDecisions(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, daily())
	d.run(7 * 24 * time.Hour)
	r := replay(t, d.history(d.spec))
	made := d.changes()
	if len(made) < 50 || len(r.Decisions) != len(made) {
		t.Fatalf("the daemon changed the size %d times, and the replay %d times", len(made), len(r.Decisions))
	}
	for i, moment := range r.Decisions {
		explained, ok := moment.Explain()
		if !ok || !moment.Recorded || asJSON(t, explained.Decision) != asJSON(t, made[i]) {
			t.Fatalf("change %d was\n%s\nand is (recorded: %v)\n%s", i, asJSON(t, made[i]), moment.Recorded, asJSON(t, explained.Decision))
		}
	}
	if r.Recorded != len(d.loads) {
		t.Errorf("%d of %d steps are as recorded", r.Recorded, len(d.loads))
	}
	// What is desired and what serves at the end of each minute is as it was.
	for i, decision := range d.made {
		if i+1 == len(d.made) || d.made[i+1].At.Truncate(time.Minute).After(decision.At.Truncate(time.Minute)) {
			if minute := int(decision.At.Sub(monday) / time.Minute); r.Desired[minute] != decision.Desired.Count {
				t.Fatalf("at minute %d %d are desired, and were %d", minute, r.Desired[minute], decision.Desired.Count)
			}
		}
	}
}

func TestAHistoryOnDiskIsReplayedAsItWas(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, daily())
	d.run(26 * time.Hour)
	directory := t.TempDir()
	kept, err := history.Open(history.Options{Directory: directory})
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range d.diary.entries {
		if !kept.Append(entry.Stream, entry.At, entry.Kind, entry.Payload) {
			if err := kept.Flush(); err != nil || !kept.Append(entry.Stream, entry.At, entry.Kind, entry.Payload) {
				t.Fatalf("an entry is not taken: %v", err)
			}
		}
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	store := load.Store{Directory: directory, Group: "web", From: after(120)} // from some time within on
	s := d.history(d.spec)
	s.Recorded = store.Decisions()
	var warnings []load.Warning
	s.Load, warnings, err = load.ReadStore(store, load.Options{})
	if err != nil || slices.ContainsFunc(warnings, func(w load.Warning) bool { return !strings.Contains(w.Text, "averaged over steps of 1m") }) { // which depends on chance
		t.Fatal(err, warnings)
	}
	r := replay(t, s)
	if r.Recorded != s.Load.Len() || r.Recorded < 1435 {
		t.Errorf("%d of %d steps are as recorded", r.Recorded, s.Load.Len())
	}
	made := slices.DeleteFunc(d.changes(), func(decision policy.Decision) bool { return decision.At.Before(after(120)) })
	if len(made) == 0 || len(made) != len(r.Decisions) {
		t.Fatalf("the daemon changed the size %d times, and the replay %d times", len(made), len(r.Decisions))
	}
	for i, moment := range r.Decisions {
		if !moment.At.Equal(made[i].At) || moment.To != made[i].Desired.Count || moment.Reason != made[i].Reason {
			t.Errorf("change %d is %+v, and was %+v", i, moment, made[i])
		}
	}
}

func TestAnotherSpecFollowsTheRecordUntilItDecidesOtherwise(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, daily())
	d.run(24 * time.Hour)
	spec := daily()
	spec.Policies = slices.Clone(spec.Policies)
	target := *spec.Policies[0].Target
	target.Value = 57
	spec.Policies[0].Target = &target
	// By hand: on the recorded inputs, which hold as long as the sizes do.
	var memory policy.Memory
	parted := time.Time{}
	for item, err := range d.diary.items() {
		if err != nil {
			t.Fatal(err)
		}
		if policy.Decide(&spec, &item.Inputs, item.At, &memory).Desired.Count != item.Decision.Desired.Count {
			parted = item.At
			break
		}
	}
	if parted.IsZero() {
		t.Fatal("the other spec decides nothing otherwise")
	}
	r := replay(t, d.history(spec))
	if want := int(parted.Sub(monday) / time.Minute); r.Recorded != want {
		t.Errorf("the record answers for %d steps, and should for %d", r.Recorded, want)
	}
	changes := d.changes()
	for i, moment := range r.Decisions {
		switch {
		case moment.At.Before(parted) && (!moment.Recorded || asJSON(t, changes[i].Desired.Count) != asJSON(t, moment.To)):
			t.Errorf("before the parting: %+v, and was %+v", moment, changes[i])
		case !moment.At.Before(parted) && moment.Recorded:
			t.Errorf("at or after the parting (%v), and said to be recorded: %+v", parted, moment)
		}
	}
	if last := r.Decisions[len(r.Decisions)-1]; !last.At.After(parted.Add(time.Hour)) {
		t.Error("nothing was decided after the parting")
	}
}

func TestASpecThatChoosesOtherwiseIsModelledFromTheBeginning(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, daily())
	d.run(time.Hour)
	spec := daily()
	spec.Standby++
	if r := replay(t, d.history(spec)); r.Recorded != 0 {
		t.Errorf("the record answers for %d steps", r.Recorded)
	}
}

func TestAnOperatorsOrderInTheRecordIsKept(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, daily())
	d.run(2 * time.Hour)
	d.memory.Override = &policy.Override{Kind: policy.HoldAt, Count: 9, Since: d.now, By: "ann"}
	d.run(2 * time.Hour)
	d.memory.Override = nil
	d.run(2 * time.Hour)
	r := replay(t, d.history(d.spec))
	if r.Recorded != len(d.loads) || len(r.Decisions) != len(d.changes()) {
		t.Errorf("the record answers for %d of %d steps, with %d of %d changes", r.Recorded, len(d.loads), len(r.Decisions), len(d.changes()))
	}
	// Also where the model answers: the operator would have given it all the same.
	spec := daily()
	spec.Standby++
	r = replay(t, d.history(spec))
	if r.Desired[119] == 9 || r.Desired[125] != 9 || r.Desired[239] != 9 || r.Desired[340] == 9 {
		t.Errorf("desired is %d before, %d and %d in the time of the order, and %d long after", r.Desired[119], r.Desired[125], r.Desired[239], r.Desired[340])
	}
}

func TestARecordWithAGapIsFollowedOnItsOtherSide(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, daily())
	d.run(6 * time.Hour)
	broken := func(yield func(record.Item, error) bool) {
		for item, err := range d.diary.items() {
			if err == nil && item.At.After(after(150)) && item.At.Before(after(230)) {
				item, err = record.Item{}, errors.New("cannot be read")
			}
			if !yield(item, err) {
				return
			}
		}
	}
	s := d.history(d.spec)
	s.Recorded = broken
	r := replay(t, s)
	if r.Recorded != len(d.loads) {
		t.Errorf("%d of %d steps are as recorded", r.Recorded, len(d.loads))
	}
	if last := d.made[len(d.made)-1].Desired.Count; r.Desired[len(r.Desired)-1] != last {
		t.Errorf("it ends with %d, and did with %d", r.Desired[len(r.Desired)-1], last)
	}
}

func TestARecordThatEndsEarlyHandsOverToTheModel(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, daily())
	d.run(4 * time.Hour)
	s := d.history(d.spec)
	s.Load = &load.Load{Start: monday, Step: time.Minute, Signals: []load.Signal{{Name: "cpu", Totals: append(slices.Clone(d.loads), slices.Repeat([]float64{900}, 30)...)}}}
	r := replay(t, s)
	if r.Recorded != len(d.loads) || r.Desired[len(r.Desired)-1] != 15 || r.Serving[len(r.Serving)-1] != 15 {
		t.Errorf("the record answers for %d of %d steps; in the end %d are desired and %d serve", r.Recorded, len(d.loads), r.Desired[len(r.Desired)-1], r.Serving[len(r.Serving)-1])
	}
	s.Recorded = func(func(record.Item, error) bool) {}
	empty := replay(t, s)
	s.Recorded = nil
	if none := replay(t, s); !reflect.DeepEqual(empty.Desired, none.Desired) {
		t.Error("an empty record is not as none")
	}
}
