package monitor

import (
	"testing"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestSignalsOfOnePageKeepTheirOwnRules(t *testing.T) {
	t.Parallel()
	hasty := with(ofEach("hasty"), func(s *config.Signal) { s.Staleness = interval })
	watch := newScripted(t, groupOf(0, ofEach("patient"), hasty), 1)
	defer watch.Close()
	if len(watch.sources) != 1 {
		t.Fatalf("%d sources", len(watch.sources))
	}
	var signals []policy.Signal
	for n := range 3 {
		signals = watch.read(tick(n), func(string, int) reading.Reading {
			if n == 0 {
				return says(7, tick(n))
			}
			return silent(tick(n))
		})
	}
	for name, want := range map[string]policy.Absence{"patient": policy.Present, "hasty": policy.Stale} {
		if got := named(signals, name).Instances[0].Sample.Why(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
