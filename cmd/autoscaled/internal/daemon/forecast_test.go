package daemon_test

import (
	"testing"
)

func TestADaemonGoesOnForecastingWhereTheOneBeforeEnded(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.replace("      - target: {signal: cpu, value: 60%}", "      - forecast: {signal: cpu, value: 80%, backfill: {csv: "+s.past(t)+"}}")
	s.simulate(t)
	for life, learns := range []int{1, 0} {
		d, logged, err := s.new(t, nil)
		if err != nil {
			t.Fatal(err)
		}
		stop := run(t, d)
		eventually(t, "the forecast speaks", func() bool {
			all := d.Fleet.Status().Groups[0].Foreseen
			return len(all) == 1 && all[0].Abstains == ""
		})
		stop()
		if got := logged.FilterMessage("a backfill was learned").Len(); got != learns {
			t.Errorf("life %d learned its backfill %d times, want %d: %v", life+1, got, learns, logged.All())
		}
	}
}
