package record_test

import (
	"bytes"
	"encoding/json"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/raced"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/schedule"
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, time.April, 1, 12, 0, 0, 123456789, time.UTC)

// tape is a history in memory.
type tape struct {
	entries []history.Entry
	full    bool // it takes nothing
}

func (t *tape) sink(at time.Time, kind byte, payload []byte) bool {
	if t.full {
		return false
	}
	t.entries = append(t.entries, history.Entry{
		Stream: "web", Number: uint64(len(t.entries) + 1), At: at.UTC(), Kind: kind, Payload: append([]byte(nil), payload...),
	})
	return true
}

func (t *tape) read() iter.Seq2[history.Entry, error] { return played(t.entries) }

func played(entries []history.Entry) iter.Seq2[history.Entry, error] {
	return func(yield func(history.Entry, error) bool) {
		for _, entry := range entries {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

func (t *tape) bytes() (sum int) {
	for _, entry := range t.entries {
		sum += len(entry.Payload)
	}
	return sum
}

// group is one whose evaluations are recorded.
type group struct {
	spec     policy.Spec
	size     int
	now      time.Time
	memory   policy.Memory
	random   *rand.Rand
	recorder *record.Recorder
	made     []policy.Decision
	inputs   []policy.Inputs
	outlooks []policy.Outlook // as last foreseen
}

func newGroup(t testing.TB, spec policy.Spec, seed uint64, sink record.Sink) *group {
	t.Helper()
	recorder, err := record.NewRecorder(&spec, sink)
	if err != nil {
		t.Fatal(err)
	}
	return &group{spec: spec, size: 4, now: noon, random: rand.New(rand.NewPCG(seed, 0)), recorder: recorder}
}

// specOfAll has a rule of each kind and every guard.
func specOfAll(t testing.TB) policy.Spec {
	t.Helper()
	window, err := policy.NewSchedule(schedule.Spec{Cron: "0 13 * * *", Zone: "Asia/Tokyo", For: time.Hour}, 5, 12)
	if err != nil {
		t.Fatal(err)
	}
	above := 80.0
	return policy.Spec{
		Min: 2, Max: 20, Type: "V40", Gap: time.Minute,
		In:       policy.Direction{Stabilization: 2 * time.Minute, Cooldown: time.Minute, Rates: []policy.Rate{{Share: 0.3, Period: time.Minute}}},
		Out:      policy.Direction{Rates: []policy.Rate{{Count: 3, Period: time.Minute}}},
		LoadLoss: policy.LoadLoss{Fall: 0.6, Release: 5 * time.Minute},
		Policies: append(policy.Targets(
			policy.Target{Name: "target/cpu", Signal: "cpu", Value: 60, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 0.5},
			policy.Target{Name: "target/rate", Signal: "rate", Value: 250, Quorum: 1},
		),
			policy.Rule{Name: "step/busy", Only: policy.OnlyOut, Step: &policy.Step{Signal: "busy", Above: []policy.Band{{Bound: 90, Change: policy.Change{Count: 1}}}}},
			policy.Rule{Name: "threshold", Threshold: &policy.Threshold{When: []policy.Condition{{Signal: "cpu", Above: &above}}, Change: policy.Change{Share: 0.2}, Hits: 2, Of: 3}},
			policy.Rule{Name: "schedule", Schedule: window},
			policy.Rule{Name: "forecast", Forecast: &policy.Forecast{Signal: "rate", Value: 300, Quorum: 1, Budget: 0.01, Fallback: 200}},
			policy.Rule{Name: "forecast/cpu", Only: policy.OnlyOut, Forecast: &policy.Forecast{Signal: "cpu", Value: 90, Quorum: 0.5, Quantile: 0.99}},
		),
	}
}

// tick evaluates the group once, on what a day and chance make of its load.
func (g *group) tick() {
	g.now = g.now.Add(10*time.Second + time.Duration(g.random.IntN(1e6)))
	hour := float64(g.now.Sub(noon)) / float64(time.Hour)
	load := 400 * (1.2 + math.Sin(hour*2)) * (0.9 + 0.2*g.random.Float64())
	cpu, busy := policy.Signal{Name: "cpu", PerInstance: true, Ceiling: 100}, policy.Signal{Name: "busy", PerInstance: true, Statistic: policy.Percentile(90)}
	for i := range g.size {
		sample := policy.ValueAt(load/float64(g.size)*(0.9+0.2*g.random.Float64()), g.now)
		switch g.random.IntN(60) {
		case 0:
			sample = policy.Missing(policy.Failed, g.now)
		case 1:
			sample = policy.Doubted(load, policy.Disagrees, g.now)
		}
		code := string(rune('a' + i))
		cpu.Instances = append(cpu.Instances, policy.InstanceSample{Instance: code, Sample: sample})
		busy.Instances = append(busy.Instances, policy.InstanceSample{Instance: code, Sample: policy.ValueAt(load/float64(g.size), g.now)})
	}
	rate := policy.ValueAt(math.Round(load*4), g.now.Add(-time.Duration(g.random.IntN(1e9))))
	if g.random.IntN(40) == 0 {
		rate = policy.Missing(policy.Stale, g.now)
	}
	g.foresee(math.Round(load/80*1024) / 1024)
	g.evaluate(policy.Observation{
		Standby: g.now.Hour() % 3,
		Size:    policy.Size{Count: g.size, Type: "V40"}, Becoming: g.random.IntN(40) / 39, LastServing: g.now.Add(-time.Hour).Truncate(30 * time.Minute),
		Signals: []policy.Signal{cpu, {Name: "rate", Group: rate}, busy},
	})
}

// foresee makes up what is foreseen of a load, in instances, for the rules that forecast:
// each minute anew, as a forecaster does.
func (g *group) foresee(load float64) {
	if g.outlooks != nil && g.now.Sub(g.now.Truncate(time.Minute)) >= 10*time.Second {
		return
	}
	g.outlooks = nil
	for i := range g.spec.Policies {
		if g.spec.Policies[i].Forecast == nil {
			continue
		}
		chance := func(around float64) float64 { return math.Round(around*(0.9+0.2*g.random.Float64())*1024) / 1024 }
		outlook := policy.Outlook{
			Policy: g.spec.Policies[i].Name, Count: int(load) + g.random.IntN(3), Within: 10 * time.Minute, Load: load, Expected: chance(load), Low: chance(load * 0.8), High: chance(load * 1.2),
			By: [...]string{"the last readings", "the same time yesterday"}[g.random.IntN(40)/39], Error: chance(0.05), Short: chance(0.01), Repays: g.now.Hour()%2 == 0,
			Costs: []policy.Cost{{Short: 0.05, Ratio: 1.25}, {Short: 0.01, Ratio: 1.5 + float64(g.now.Hour())/16}},
		}
		switch g.random.IntN(200) {
		case 0:
			outlook = policy.Outlook{Policy: outlook.Policy, Abstains: policy.SilenceRecord, Load: load, Repays: true}
		case 1:
			outlook.Soon, outlook.Back = max(1, outlook.Count-1), 3*time.Minute
		case 2:
			outlook.By = "a name that is too long to be kept as words, and so is in the shape"
		}
		g.outlooks = append(g.outlooks, outlook)
	}
}

func (g *group) evaluate(observed policy.Observation) {
	before := g.memory.Clone()
	inputs := observed.Inputs()
	inputs.Outlooks = g.outlooks
	decision := policy.Decide(&g.spec, &inputs, g.now, &g.memory)
	g.recorder.Add(&inputs, &before, &g.memory, decision)
	g.size = decision.Desired.Count
	g.made, g.inputs = append(g.made, decision), append(g.inputs, inputs)
}

// asJSON makes decisions comparable: times carry a clock and a zone that do not matter.
func asJSON(t interface{ Fatal(...any) }, value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatWasRecordedStaysWhateverItsInputsAreUsedForNext(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var kept, reused tape
	g := newGroup(t, specOfAll(t), seed, kept.sink)
	again, err := record.NewRecorder(&g.spec, reused.sink)
	if err != nil {
		t.Fatal(err)
	}
	var room, result policy.Memory
	var inputs policy.Inputs
	for range 500 {
		room.Set(&g.memory)
		g.tick()
		last := len(g.made) - 1
		signals := append(inputs.Signals[:0], g.inputs[last].Signals...)
		inputs = g.inputs[last]
		inputs.Signals = signals
		result.Set(&g.memory)
		again.Add(&inputs, &room, &result, g.made[last])
		clear(inputs.Signals)
	}
	if !reflect.DeepEqual(kept.entries, reused.entries) {
		t.Error("the history is another when a group uses its inputs again")
	}
}

func TestTenThousandDecisionsAreRecomputedBitForBit(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var tape tape
	g := newGroup(t, specOfAll(t), seed, tape.sink)
	changes, decisions := 0, raced.Sample(10_000, 10)
	for range decisions {
		g.tick()
		if g.made[len(g.made)-1].Change() != 0 {
			changes++
		}
	}
	i := 0
	for item, err := range record.Read(tape.read()) {
		if err != nil {
			t.Fatal(err)
		}
		if item.State != record.Verified {
			t.Fatalf("decision %d is %s: %+v", i, item.State, item.Decision)
		}
		if got, want := asJSON(t, item.Decision), asJSON(t, g.made[i]); got != want {
			t.Fatalf("decision %d:\n%s\nwas\n%s", i, got, want)
		}
		if got, want := asJSON(t, item.Inputs), asJSON(t, g.inputs[i]); got != want {
			t.Fatalf("the inputs of decision %d:\n%s\nwere\n%s", i, got, want)
		}
		i++
	}
	if i != decisions {
		t.Fatalf("%d of %d decisions were read", i, decisions)
	}
	if changes < decisions/100 || changes > decisions/2 {
		t.Errorf("%d changes: the load does not exercise the group", changes)
	}
}

func TestAQuietGroupTakesFewBytes(t *testing.T) {
	t.Parallel()
	const seed = 1
	reactive := specOfAll(t)
	reactive.Policies = slices.DeleteFunc(reactive.Policies, func(r policy.Rule) bool { return r.Forecast != nil })
	for name, c := range map[string]struct {
		spec policy.Spec
		most float64 // bytes
	}{"reacting alone": {reactive, 100}, "with two forecasts": {specOfAll(t), 145}} {
		var tape tape
		spec := c.spec
		spec.Min, spec.Max = 20, 20 // nothing ever changes
		g := newGroup(t, spec, seed, tape.sink)
		g.size = 20
		for range 10_000 {
			g.tick()
		}
		const overhead = 21 // of a frame of the history
		mean := float64(tape.bytes())/10_000 + overhead
		t.Logf("%s: %.0f bytes for each evaluation of 20 instances", name, mean)
		if mean > c.most {
			t.Errorf("%s: %.0f bytes for each evaluation, want %.0f at most", name, mean, c.most)
		}
	}
}

func TestWhatEachTurningSaysHolds(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var tape tape
	g := newGroup(t, specOfAll(t), seed, tape.sink)
	for range 2_000 {
		g.tick()
	}
	turnings, none := 0, 0
	for item, err := range record.Read(tape.read()) {
		if err != nil {
			t.Fatal(err)
		}
		if item.At.UnixNano()%7 != 0 { // a sample
			continue
		}
		explanation := item.Explain()
		for _, turning := range explanation.Turning {
			if !turning.Exists {
				none++
				continue
			}
			turnings++
			at := func(value float64) int {
				changed := item.Inputs
				changed.Signals = append([]policy.Input(nil), changed.Signals...)
				for i := range changed.Signals {
					if changed.Signals[i].Name == turning.Signal {
						changed.Signals[i] = changed.Signals[i].Moved(value)
					}
				}
				memory := item.Before.Clone()
				return policy.Decide(item.Spec, &changed, item.At, &memory).Desired.Count
			}
			if got := at(turning.To); got == item.Decision.Desired.Count || got != turning.Desired {
				t.Fatalf("%v: %s: it is %d then", item.At, turning, got)
			}
			if half := turning.From + (turning.To-turning.From)/2; at(half) != item.Decision.Desired.Count {
				t.Fatalf("%v: %s: half of it (%v) alters the decision as well", item.At, turning, half)
			}
		}
	}
	if turnings < 50 {
		t.Errorf("only %d turnings, and %d signals without one", turnings, none)
	}
}

func TestAHistoryWithGapsGivesNothingThatWasNotDecided(t *testing.T) {
	t.Parallel()
	spec := specOfAll(t)
	rapid.Check(t, func(t *rapid.T) {
		var whole tape
		recorder, err := record.NewRecorder(&spec, func(at time.Time, kind byte, payload []byte) bool {
			whole.full = rapid.IntRange(0, 20).Draw(t, "refused") == 0
			return whole.sink(at, kind, payload)
		})
		if err != nil {
			t.Fatal(err)
		}
		g := &group{spec: spec, size: 4, now: noon, random: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), recorder: recorder}
		for range 100 {
			g.tick()
			if rapid.IntRange(0, 30).Draw(t, "overridden") == 0 {
				g.memory.Override = &policy.Override{Kind: policy.HoldAt, Count: 7, Since: g.now, Until: g.now.Add(time.Minute), By: "operator"}
			}
			if rapid.IntRange(0, 30).Draw(t, "jumps") == 0 {
				g.memory.Jump(g.now, time.Minute)
			}
		}
		kept := whole.entries[rapid.IntRange(0, 20).Draw(t, "from"):]
		if hole := rapid.IntRange(0, len(kept)-1).Draw(t, "hole"); rapid.Bool().Draw(t, "torn") {
			kept = append(append([]history.Entry(nil), kept[:hole]...), kept[hole+1:]...)
		}
		made := map[int64]policy.Decision{}
		for _, decision := range g.made {
			made[decision.At.UnixNano()] = decision
		}
		for item, err := range record.Read(played(kept)) {
			if err != nil {
				continue
			}
			if got, want := asJSON(t, item.Decision), asJSON(t, made[item.At.UnixNano()]); item.State != record.Verified || got != want {
				t.Fatalf("%s:\n%s\nwas\n%s", item.State, got, want)
			}
		}
	})
}

func TestEventsStandAmongTheDecisions(t *testing.T) {
	t.Parallel()
	var tape tape
	g := newGroup(t, specOfAll(t), 1, tape.sink)
	g.tick()
	g.recorder.Note(g.now, "held at 7 by sato")
	g.tick()
	var notes []string
	decisions := 0
	for item, err := range record.Read(tape.read()) {
		if err != nil {
			t.Fatal(err)
		}
		if item.Note != "" {
			notes = append(notes, item.Note)
		} else {
			decisions++
		}
	}
	if !reflect.DeepEqual(notes, []string{"held at 7 by sato"}) || decisions != 2 {
		t.Errorf("notes %q, %d decisions", notes, decisions)
	}
}

func TestNoRecorderRecordsNothing(t *testing.T) {
	t.Parallel()
	var none *record.Recorder
	none.Note(noon, "nothing")
	none.Add(nil, nil, nil, policy.Decision{})
}

// The sample was written by a version that knew neither forecasts nor who stands by.
func TestAHistoryFromBeforeForecastsIsRead(t *testing.T) {
	t.Parallel()
	written, err := os.ReadFile("testdata/before_forecasts.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var entries []history.Entry
	for line := range bytes.Lines(written) {
		var entry history.Entry
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry)
	}
	decisions := 0
	for item, err := range record.Read(played(entries)) {
		if err != nil || item.State == record.Differs {
			t.Fatalf("%s at %v: %v", item.State, item.At, err)
		}
		decisions++
	}
	if decisions != len(entries)-1 { // all but the spec
		t.Errorf("%d decisions of %d entries", decisions, len(entries))
	}
}

func TestWithoutForecastsTheHistoryIsAsItWas(t *testing.T) {
	t.Parallel()
	var tape tape
	spec := specOfAll(t)
	spec.Policies = slices.DeleteFunc(spec.Policies, func(r policy.Rule) bool { return r.Forecast != nil })
	g := newGroup(t, spec, 1, tape.sink)
	g.tick()
	for _, entry := range tape.entries {
		for _, word := range []string{"Standby\":0,\"Signals", "Outlooks", "oreseen", "planned"} {
			if bytes.Contains(entry.Payload, []byte(word)) {
				t.Errorf("an entry of kind %c names %s: %s", entry.Kind, word, entry.Payload)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	var tape tape
	g := newGroup(f, specOfAll(f), 1, tape.sink)
	for range 20 {
		g.tick()
	}
	for _, entry := range tape.entries {
		f.Add(entry.Kind, entry.Payload)
	}
	f.Fuzz(func(_ *testing.T, kind byte, payload []byte) {
		entries := append([]history.Entry(nil), tape.entries[:3]...)
		entries = append(entries, history.Entry{Stream: "web", Number: 4, At: noon, Kind: kind, Payload: payload})
		for item, err := range record.Read(played(append(entries, tape.entries[4:]...))) {
			if err == nil && item.Note == "" && item.At.Equal(noon) { // that one alone: it takes its time
				item.Explain()
			}
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	g := newGroup(b, specOfAll(b), 1, func(time.Time, byte, []byte) bool { return true })
	g.spec.Min, g.spec.Max = 20, 20
	g.size = 20
	g.tick()
	inputs, memory, decision := g.inputs[0], g.memory.Clone(), g.made[0]
	b.ReportAllocs()
	for b.Loop() {
		inputs.Signals[0].Total++
		decision.At = decision.At.Add(10 * time.Second)
		g.recorder.Add(&inputs, &memory, &memory, decision)
	}
}

func TestAnOutlookThatNoForecasterHasIsRefused(t *testing.T) {
	t.Parallel()
	var tape tape
	g := newGroup(t, specOfAll(t), 1, tape.sink)
	g.tick()
	if tape.entries[1].Kind != 'w' {
		t.Fatal("the second entry is not a whole one")
	}
	for name, c := range map[string][2]string{
		"it reaches back":           {`"within_ns":600000000000`, `"within_ns":-1`},
		"it reaches too far":        {`"within_ns":600000000000`, `"within_ns":9000000000000000000`},
		"it needs less than none":   {`"forecast","count":8`, `"forecast","count":-1`},
		"it is silent and says not": {`"within_ns"`, `"abstains":"sulking","within_ns"`},
	} {
		changed := slices.Clone(tape.entries)
		changed[1].Payload = bytes.Replace(changed[1].Payload, []byte(c[0]), []byte(c[1]), 1)
		if bytes.Equal(changed[1].Payload, tape.entries[1].Payload) {
			t.Fatalf("%s: nothing to change in %s", name, changed[1].Payload)
		}
		refused := false
		for _, err := range record.Read(played(changed)) {
			refused = refused || err != nil
		}
		if !refused {
			t.Errorf("%s, and is taken", name)
		}
	}
}
