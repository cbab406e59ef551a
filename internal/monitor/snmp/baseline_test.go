package snmp

import (
	"errors"
	"math"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

func TestABaselineKnowsKindsAndCountsOfWhatItWasMadeOf(t *testing.T) {
	t.Parallel()
	value := rapid.Custom(func(t *rapid.T) Value {
		return rapid.SampledFrom([]Value{
			c32(uint64(rapid.Uint32().Draw(t, "count"))), c64(rapid.Uint64().Draw(t, "count")), lacking(), gaugeOf(math.Pi),
			valueOfText([]byte("12")), {},
		}).Draw(t, "value")
	})
	rapid.Check(t, func(t *rapid.T) {
		var kept baseline
		for range rapid.IntRange(1, 3).Draw(t, "readings") {
			values := rapid.SliceOfN(value, 1, 32/kindBits).Draw(t, "values")
			kept.keep(snapshot{at: epoch, values: values}, reading.Of(1, epoch), false)
			for i, want := range values {
				if got := kept.value(i); got.kind != want.kind || got.count() != want.count() {
					t.Fatalf("value %d of %v is %v", i, values, got)
				}
			}
		}
	})
}

func TestABaselineGivesItsReadingAgain(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]reading.Reading{
		"a value": reading.Of(0.5, epoch), "zero": reading.Of(0, epoch), "none": reading.Failed(epoch, reading.ErrFirst),
	} {
		for _, table := range []bool{false, true} {
			var kept baseline
			kept.keep(snapshot{at: epoch, values: []Value{c32(5)}, indices: []string{".1"}}, want, table)
			if got := kept.reading(epoch.Add(time.Hour)); got.Sample.Why() != want.Sample.Why() || shownReading(got) != shownReading(want) || !errors.Is(got.Err, want.Err) || !got.Sample.At().Equal(epoch) {
				t.Errorf("%s, of a table %v: %v, want %v", name, table, got, want)
			}
		}
	}
}

// There are tens of thousands of them, and each byte counts as often.
func TestWhatIsKeptOfAnAgentIsSmall(t *testing.T) {
	t.Parallel()
	if agent, before := unsafe.Sizeof(Agent{}), unsafe.Sizeof(baseline{}); agent > 96 || before > 64 {
		t.Errorf("an agent takes %d bytes and a baseline %d, want no more than 96 and 64, which are allocated as they are", agent, before)
	}
}

func TestAgentsOfAllGroupsThatAskTheSameShareTheRequest(t *testing.T) {
	t.Parallel()
	ask := func(port uint16, profiles ...string) *template {
		return client(t, Options{Port: port, Timeout: time.Second}).Question(quantities(t, profiles...)).template
	}
	one, same, other := ask(161, "cpu_busy", "load1"), ask(1161, "cpu_busy", "load1"), ask(161, "load1", "cpu_busy")
	if one.encoded != same.encoded || one.encoded == other.encoded {
		t.Errorf("shared are %v and %v, want the first alone", one.encoded == same.encoded, one.encoded == other.encoded)
	}
}

func TestAnAgentThatAnswersAgainHasNothingUnusual(t *testing.T) {
	t.Parallel()
	a := client(t, Options{Port: 161, Timeout: time.Second}).Question(quantities(t, "load1")).Agent(loopback)
	a.heard(reading.ErrFirst)
	if !a.doubtful() || a.silent() == nil {
		t.Error("it is not doubted, although it was silent")
	}
	if a.heard(nil); a.doubtful() || a.odd != nil {
		t.Errorf("%+v is kept of one that answers", a.odd)
	}
}
