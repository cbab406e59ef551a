package soak

import "testing"

func TestGrowthIsSeen(t *testing.T) {
	t.Parallel()
	usual := measure{heapBytes: 600 << 10, goroutines: 8, series: 120, values: 19}
	with := func(change func(*measure)) []measure {
		mornings := make([]measure, 10)
		for i := range mornings {
			mornings[i] = usual
			mornings[i].heapBytes += uint64(i%3) << 10 // what is measured wavers
		}
		change(&mornings[9])
		return mornings
	}
	for what, behaviour := range map[string]struct {
		change func(*measure)
		seen   bool
	}{
		"nothing":                          {func(*measure) {}, false},
		"some bytes for each decision":     {func(m *measure) { m.heapBytes += 40 << 10 }, true},
		"one goroutine":                    {func(m *measure) { m.goroutines++ }, true},
		"one goroutine fewer":              {func(m *measure) { m.goroutines-- }, true},
		"series with their heap":           {func(m *measure) { m.series += 50; m.heapBytes += 50 << 10 }, false},
		"a series for each machine bought": {func(m *measure) { m.series += 300; m.heapBytes += 300 << 10; m.values = 300 }, true},
	} {
		if said := grown(with(behaviour.change), 11); (len(said) > 0) != behaviour.seen {
			t.Errorf("%s grew, and it says %q", what, said)
		}
	}
}
