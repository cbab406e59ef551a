package load

import (
	"encoding/json"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

var seed = flag.Uint64("seed", 0, "of chance; 0: another one each time")

// seeded is chance whose seed a failing test tells.
func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	chosen := *seed
	if chosen == 0 {
		chosen = rand.Uint64()
	}
	t.Logf("repeat with -seed %d", chosen)
	return rand.New(rand.NewPCG(chosen, 0))
}

// daemon is a group that decides, and keeps its history.
type daemon struct {
	t        testing.TB
	history  *history.History
	recorder *record.Recorder
	spec     policy.Spec
	memory   policy.Memory
	made     []policy.Decision
}

// specOf holds cpu at 60, queue as a mean, and requests at 250 each.
func specOf() policy.Spec {
	return policy.Spec{
		Min: 1, Max: 50, Type: "V40", Gap: time.Minute, In: policy.Direction{Stabilization: 5 * time.Minute},
		Policies: policy.Targets(
			policy.Target{Name: "target/cpu", Signal: "cpu", Value: 60, Quorum: 1},
			policy.Target{Name: "target/queue", Signal: "queue", Value: 10, Quorum: 1, Each: true},
			policy.Target{Name: "target/requests", Signal: "requests", Value: 250, Quorum: 1},
		),
	}
}

// run lets a group decide in a new directory, and closes the history when the test ends.
func run(t testing.TB, directory, group string) *daemon {
	t.Helper()
	h, err := history.Open(history.Options{Directory: directory})
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, history: h, spec: specOf()}
	d.recorder, err = record.NewRecorder(&d.spec, func(at time.Time, kind byte, payload []byte) bool {
		return h.Append(group, at, kind, payload)
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *daemon) close() {
	d.t.Helper()
	if err := d.history.Close(); err != nil {
		d.t.Fatal(err)
	}
}

func (d *daemon) decide(at time.Time, observed policy.Observation) policy.Decision {
	before := d.memory.Clone()
	inputs := observed.Inputs()
	decision := policy.Decide(&d.spec, &inputs, at, &d.memory)
	d.recorder.Add(&inputs, &before, &d.memory, decision)
	d.made = append(d.made, decision)
	return decision
}

// cpuOf is a signal of the instances with these samples.
func cpuOf(samples ...policy.Sample) policy.Signal {
	s := policy.Signal{Name: "cpu", PerInstance: true, Ceiling: 100}
	for _, sample := range samples {
		s.Instances = append(s.Instances, policy.InstanceSample{Sample: sample})
	}
	return s
}

func sized(count int, signals ...policy.Signal) policy.Observation {
	return policy.Observation{Size: policy.Size{Count: count, Type: "V40"}, Signals: signals}
}

func TestWhatADaemonRecordedIsTheLoadThatThereWas(t *testing.T) {
	t.Parallel()
	value := func(v float64) policy.Sample { return policy.ValueAt(v, noon) }
	warming := policy.Missing(policy.Warming, noon)
	whole := cpuOf(value(40), value(60))
	tests := []struct {
		behaviour string
		observed  policy.Observation
		signal    string
		total     float64
		censored  bool
		serving   int
	}{
		{"the mean of the instances times those that serve", sized(2, whole), "cpu", 100, false, 2},
		{"those that are becoming carry nothing", policy.Observation{Size: policy.Size{Count: 3}, Becoming: 1, Signals: []policy.Signal{cpuOf(value(40), value(60), warming)}}, "cpu", 100, false, 2},
		{"those that are lacking carry nothing", policy.Observation{Size: policy.Size{Count: 5}, Becoming: 1, Lacking: 2, Signals: []policy.Signal{cpuOf(value(40), value(60), warming)}}, "cpu", 100, false, 2},
		{"one that cannot be read carries as much as the others", sized(3, cpuOf(value(40), value(60), policy.Missing(policy.Failed, noon))), "cpu", 150, false, 3},
		{"one that is doubted does not count", sized(3, cpuOf(value(40), value(60), policy.Doubted(90, policy.Frozen, noon))), "cpu", 150, false, 3},
		{"one that may carry more counts with what it shows", sized(3, cpuOf(value(40), value(60), policy.Doubted(80, policy.Censored, noon))), "cpu", 180, true, 3},
		{"all may carry more", sized(2, cpuOf(policy.Doubted(70, policy.Censored, noon), policy.Doubted(80, policy.Censored, noon))), "cpu", 150, true, 2},
		{"at 95 % of the ceiling there may be more", sized(2, cpuOf(value(95), value(95))), "cpu", 190, true, 2},
		{"just below it there is no more", sized(2, cpuOf(value(95), value(94.9))), "cpu", 189.9, false, 2},
		{"nothing is known where none is believed", sized(2, cpuOf(policy.Missing(policy.Stale, noon), policy.Doubted(50, policy.Disagrees, noon))), "cpu", math.NaN(), false, 2},
		{"nothing is known of a signal that was not there", sized(2, whole), "requests", math.NaN(), false, 2},
		{"the group's own value", sized(2, whole, policy.Signal{Name: "requests", Group: value(500)}), "requests", 500, false, 2},
		{"the group's own mean times those that serve", sized(4, whole, policy.Signal{Name: "queue", Group: value(12)}), "queue", 48, false, 4},
		{"a mean at its ceiling", sized(4, whole, policy.Signal{Name: "queue", Group: value(96), Ceiling: 100}), "queue", 384, true, 4},
		{"a total knows no ceiling of one instance", sized(4, whole, policy.Signal{Name: "requests", Group: value(960), Ceiling: 100}), "requests", 960, false, 4},
		{"a group's value that may be more", sized(2, whole, policy.Signal{Name: "requests", Group: policy.Doubted(500, policy.Censored, noon)}), "requests", 500, true, 2},
		{"a group's value that is doubted", sized(2, whole, policy.Signal{Name: "requests", Group: policy.Doubted(500, policy.Frozen, noon)}), "requests", math.NaN(), false, 2},
		{"none carries less than nothing", sized(2, whole, policy.Signal{Name: "requests", Group: value(-1)}), "requests", 0, false, 2},
		{"a statistic that picks one hides nothing", sized(2, policy.Signal{Name: "busy", PerInstance: true, Statistic: policy.Maximum, Instances: whole.Instances}), "busy", 100, false, 2},
		{"a sum is that of all", sized(4, policy.Signal{Name: "jobs", PerInstance: true, Statistic: policy.Sum, Instances: whole.Instances}), "jobs", 200, false, 4},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			d := run(t, directory, "web")
			everything := sized(1, cpuOf(value(1)), policy.Signal{Name: "requests", Group: value(1)}, policy.Signal{Name: "queue", Group: value(1)}, policy.Signal{Name: test.signal, Group: value(1)})
			everything.Signals = slices.CompactFunc(everything.Signals, func(a, b policy.Signal) bool { return a.Name == b.Name })
			d.decide(noon, everything)
			d.decide(noon.Add(time.Minute), test.observed)
			d.close()
			l, _, err := ReadStore(Store{Directory: directory, Group: "web"}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := l.Signal(test.signal)
			if got := s.Totals[1:]; !same(got, []float64{test.total}) || l.Serving[1] != test.serving {
				t.Errorf("the load is %v on %v instances, want %g on %d", got, l.Serving, test.total, test.serving)
			}
			if got := s.Censored != nil && s.Censored[1]; got != test.censored {
				t.Errorf("censored is %v, want %v", got, test.censored)
			}
		})
	}
}

// TestARecordedDayReplaysToItsOwnDecisions decides anew on what was read back, from the
// memory that the first decision rested on.
func TestARecordedDayReplaysToItsOwnDecisions(t *testing.T) {
	t.Parallel()
	random, directory := seeded(t), t.TempDir()
	d := run(t, directory, "web")
	size, at := 2, noon
	for range 3000 {
		at = at.Add(10*time.Second + time.Duration(random.IntN(1e6)))
		load := 2000 * (1.2 + math.Sin(at.Sub(noon).Hours()))
		var samples []policy.Sample
		for range size {
			samples = append(samples, policy.ValueAt(min(100, load/15/float64(size)*(0.9+0.2*random.Float64())), at))
		}
		decision := d.decide(at, sized(size, cpuOf(samples...), policy.Signal{Name: "requests", Group: policy.ValueAt(load, at)}))
		size = decision.Desired.Count
		if random.IntN(500) == 0 {
			d.recorder.Note(at, "something happened")
		}
	}
	d.close()

	from := noon.Add(2 * time.Hour)
	s := Store{Directory: directory, Group: "web", From: from, To: noon.Add(6 * time.Hour)}
	var memory *policy.Memory
	made := slices.DeleteFunc(slices.Clone(d.made), func(d policy.Decision) bool { return d.At.Before(from) || !d.At.Before(s.To) })
	n := 0
	for item, err := range s.Decisions() {
		if err != nil {
			t.Fatal(err)
		}
		if memory == nil {
			before := item.Before.Clone()
			memory = &before
		}
		got := policy.Decide(item.Spec, &item.Inputs, item.At, memory)
		if asJSON(t, got) != asJSON(t, made[n]) {
			t.Fatalf("decision %d is\n%+v\nand was\n%+v", n, got, made[n])
		}
		n++
	}
	if n != len(made) || n < 1000 {
		t.Errorf("%d decisions of %d", n, len(made))
	}

	l, warnings, err := ReadStore(s, Options{})
	if err != nil || slices.ContainsFunc(warnings, func(w Warning) bool { return !strings.Contains(w.Text, "averaged over steps of 1m") }) { // which depends on chance
		t.Fatal(err, warnings)
	}
	if l.Start.Before(from.Add(-time.Minute)) || l.End().After(s.To.Add(time.Minute)) || l.Len() < 235 || l.Len() > 241 {
		t.Errorf("%d steps from %v", l.Len(), l.Start)
	}
	for i, total := range l.Signal("requests").Totals {
		want := 2000 * (1.2 + math.Sin(l.Time(i).Add(30*time.Second).Sub(noon).Hours()))
		if math.Abs(total-want) > 40 {
			t.Fatalf("at %v the load is %g, and was about %g", l.Time(i), total, want)
		}
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

func TestAClockThatWasSetBackIsToldAndItsDecisionsAreLeftOut(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	d := run(t, directory, "web")
	for i, minute := range []int{0, 1, 2, 1, 2, 3} {
		d.decide(noon.Add(time.Duration(minute)*time.Minute), sized(2, policy.Signal{Name: "requests", Group: policy.ValueAt(float64(i+1), noon)}))
	}
	d.close()
	l, warnings, err := ReadStore(Store{Directory: directory, Group: "web"}, Options{})
	if err != nil || !same(l.Signals[0].Totals, []float64{1, 2, 3, 6}) {
		t.Fatalf("%+v, %v", l, err)
	}
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0].Text, "2 decisions are dated before the one before") {
		t.Errorf("warns %v", warnings)
	}
}

func TestADamagedHistoryIsReadAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	d := run(t, directory, "web")
	for i := range 300 {
		d.decide(noon.Add(time.Duration(i)*time.Minute), sized(2, policy.Signal{Name: "requests", Group: policy.ValueAt(float64(i+1), noon)}))
		if err := d.history.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	d.close()
	files, err := filepath.Glob(filepath.Join(directory, "*.log"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	bytes, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	bytes[len(bytes)/2] ^= 1
	if err := os.WriteFile(files[0], bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	l, warnings, err := ReadStore(Store{Directory: directory, Group: "web", From: noon.Add(time.Minute)}, Options{})
	if err != nil || l.Len() < 10 || l.Len() > 290 {
		t.Fatalf("%+v, %v", l, err)
	}
	if len(warnings) == 0 || !strings.Contains(warnings[0].String(), "history segment 00000001.log") {
		t.Errorf("warns %v", warnings)
	}
}

func TestAHistoryWithoutTheGroupSaysWhatItHas(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	d := run(t, directory, "web")
	for i := range 3 {
		d.decide(noon.Add(time.Duration(i)*time.Minute), sized(2, policy.Signal{Name: "requests", Group: policy.ValueAt(float64(i+1), noon)}))
	}
	d.close()
	tests := []struct {
		behaviour string
		store     Store
		says      string
	}{
		{"another group", Store{Directory: directory, Group: "wed"}, "holds no decision of group wed in that time: did you mean `web`?"},
		{"another time", Store{Directory: directory, Group: "web", From: noon.Add(time.Hour)}, "nor of another: is it the right directory and time?"},
		{"another directory", Store{Directory: t.TempDir(), Group: "web"}, "nor of another: is it the right directory and time?"},
		{"no directory", Store{Directory: filepath.Join(directory, "nowhere"), Group: "web"}, "list the history: open"},
		{"a single decision", Store{Directory: directory, Group: "web", To: noon.Add(time.Second)}, "fewer than two instants with values"},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			if _, _, err := ReadStore(test.store, Options{}); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}

func TestASpanWithoutItsBeginningIsStillRead(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	d := run(t, directory, "web")
	for i := range 30 * 60 { // more than a day
		d.decide(noon.Add(time.Duration(i)*time.Minute), sized(2, policy.Signal{Name: "requests", Group: policy.ValueAt(float64(i+1), noon)}))
	}
	d.close()
	from := noon.Add(29 * time.Hour)
	l, warnings, err := ReadStore(Store{Directory: directory, Group: "web", From: from, To: from.Add(3 * time.Minute)}, Options{})
	if err != nil || len(warnings) != 0 || !l.Start.Equal(from) || !same(l.Signals[0].Totals, []float64{29*60 + 1, 29*60 + 2, 29*60 + 3}) {
		t.Errorf("%+v, %v, %v", l, warnings, err)
	}
}

func TestASignalThatCameLaterIsUnknownBefore(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	d := run(t, directory, "web")
	requests := func(v float64) policy.Signal {
		return policy.Signal{Name: "requests", Group: policy.ValueAt(v, noon)}
	}
	d.decide(noon, sized(2, requests(1)))
	d.decide(noon.Add(time.Minute), sized(2, requests(2), cpuOf(policy.ValueAt(10, noon))))
	d.decide(noon.Add(2*time.Minute), sized(2, cpuOf(policy.ValueAt(20, noon))))
	d.close()
	l, warnings, err := ReadStore(Store{Directory: directory, Group: "web"}, Options{})
	if err != nil || !same(l.Signal("requests").Totals, []float64{1, 2, math.NaN()}) || !same(l.Signal("cpu").Totals, []float64{math.NaN(), 20, 40}) {
		t.Errorf("%+v, %v", l, err)
	}
	if len(warnings) != 2 {
		t.Errorf("warns %v", warnings)
	}
}

// BenchmarkReadStore reads four weeks of a group that decides every 30 s.
func BenchmarkReadStore(b *testing.B) {
	directory := b.TempDir()
	d := run(b, directory, "web")
	for i := range 28 * 24 * 120 {
		at := noon.Add(time.Duration(i) * 30 * time.Second)
		load := math.Round(1000 * (1.2 + math.Sin(at.Sub(noon).Hours()/4)))
		d.decide(at, sized(4, cpuOf(policy.ValueAt(40, at), policy.ValueAt(41, at), policy.ValueAt(42, at), policy.ValueAt(43, at)), policy.Signal{Name: "requests", Group: policy.ValueAt(load, at)}))
		if i%1000 == 0 {
			if err := d.history.Flush(); err != nil {
				b.Fatal(err)
			}
		}
	}
	d.made = nil
	d.close()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ReadStore(Store{Directory: directory, Group: "web"}, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
