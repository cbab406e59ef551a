package probe

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a source that answers as told, one time after the other.
type script struct {
	answers [][]reading.Reading
	asked   []time.Time
}

func (s *script) Ask(context.Context) []Reading {
	var list []Reading
	for _, r := range s.answers[len(s.asked)] {
		list = append(list, readingOf("x", 0, r))
	}
	s.asked = append(s.asked, time.Now())
	return list
}

func (*script) Close() {}

func TestOnlyACounterIsAskedUntilThereIsARate(t *testing.T) {
	t.Parallel()
	const wait = 6 * time.Second
	first, failed := reading.None(1, time.Now(), reading.ErrFirst), reading.Failed(time.Now(), errors.New("timed out"))
	value := reading.Of(7, time.Now())
	for name, c := range map[string]struct {
		answers [][]reading.Reading
		asked   int
		quality string
	}{
		"a gauge":                     {[][]reading.Reading{{value}}, 1, "present"},
		"what does not answer":        {[][]reading.Reading{{failed}}, 1, "failed"},
		"a counter":                   {[][]reading.Reading{{first}, {value}}, 2, "present"},
		"a counter among others":      {[][]reading.Reading{{failed, first}, {value, value}}, 2, "present"},
		"an agent that just started":  {[][]reading.Reading{{first}, {first}, {value}}, 3, "present"},
		"a counter that never counts": {[][]reading.Reading{{first}, {first}, {first}}, 3, "absent"},
		"what falls silent":           {[][]reading.Reading{{first}, {failed}}, 2, "failed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{answers: c.answers}
			var steps []Step
			readings := Ask(t.Context(), s, wait, func(s Step) { steps = append(steps, s) })
			if len(s.asked) != c.asked || readings[0].Quality != c.quality || len(steps) != c.asked-1 {
				t.Fatalf("%s: asked %d times, %+v, %+v", name, len(s.asked), readings, steps)
			}
			for i, step := range steps {
				if waited := s.asked[i+1].Sub(s.asked[i]); waited != wait || step != (Step{WaitSeconds: wait.Seconds(), StillNone: i > 0}) {
					t.Errorf("%s: asked again after %v: %+v", name, waited, step)
				}
			}
		})
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		s := &script{answers: [][]reading.Reading{{reading.None(1, time.Now(), reading.ErrFirst)}}}
		readings := Ask(ctx, s, time.Hour, func(Step) {})
		if took := time.Since(began); took != time.Second || readings[0].Value != nil {
			t.Errorf("it took %v, %+v", took, readings)
		}
	})
}

func TestSimilarNamesComeNearestFirst(t *testing.T) {
	t.Parallel()
	names := []string{"go_info", "node_load1", "node_load15", "node_load5", "node_loads_1", "node_memory"}
	if got, want := nearest("node_lod1", names), []string{"node_load1", "node_load15", "node_load5", "node_loads_1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := nearest("something_else_entirely", names); len(got) != 0 {
		t.Errorf("got %q", got)
	}
}
