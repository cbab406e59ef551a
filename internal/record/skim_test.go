package record_test

import (
	"math/rand/v2"
	"testing"

	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

func TestToSkimTellsWhatToReadTells(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var tape tape
	g := newGroup(t, specOfAll(t), seed, tape.sink)
	for i := range 3000 {
		if i == 1000 {
			g.recorder.Note(g.now, "held by sato")
		}
		g.tick()
	}
	i := 0
	for item, err := range record.Skim(tape.read()) {
		if err != nil {
			t.Fatal(err)
		}
		want := g.made[i]
		if d := item.Decision; !d.At.Equal(want.At) || d.Current != want.Current || d.Desired.Count != want.Desired.Count || d.Wanted != want.Wanted || d.Reason != want.Reason {
			t.Fatalf("decision %d: %+v, want %+v", i, d, want)
		}
		if got, want := asJSON(t, item.Inputs), asJSON(t, g.inputs[i]); got != want {
			t.Fatalf("the inputs of decision %d:\n%s\nwere\n%s", i, got, want)
		}
		i++
	}
	if i != 3000 {
		t.Errorf("%d of 3000 decisions were skimmed", i)
	}
}

func TestToSkimGoesOnBehindAGapWithTheNextWholeEntry(t *testing.T) {
	t.Parallel()
	var tape tape
	g := newGroup(t, specOfAll(t), 1, tape.sink)
	for range 1000 {
		g.tick()
	}
	made := map[int64]int{}
	for _, d := range g.made {
		made[d.At.UnixNano()] = d.Desired.Count
	}
	torn := append(append([]history.Entry(nil), tape.entries[3:100]...), tape.entries[103:]...)
	torn[50].Payload = torn[50].Payload[:1]
	faults, read := 0, 0
	for item, err := range record.Skim(played(torn)) {
		switch {
		case err != nil:
			faults++
		case item.Decision.Desired.Count != made[item.At.UnixNano()]:
			t.Fatalf("%v: %d, want %d", item.At, item.Decision.Desired.Count, made[item.At.UnixNano()])
		default:
			read++
		}
	}
	if faults > 1 || read < 500 {
		t.Errorf("%d faults, and %d decisions of 1000", faults, read)
	}
}

func BenchmarkSkim(b *testing.B) {
	var tape tape
	g := newGroup(b, specOfAll(b), 1, tape.sink)
	for range 8640 {
		g.tick()
	}
	for b.Loop() {
		for range record.Skim(tape.read()) {
		}
	}
}
