package planning

import (
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/plan"
)

func TestASubjectDecidesOnWhatItForecasts(t *testing.T) {
	t.Parallel()
	s := subject(t, groupOf(t, "other: {promql: o}, requests: {promql: r}, busy: {promql: b, ceiling: 100}",
		"policies: [{forecast: {signal: requests, per_instance: 300}}, {forecast: {signal: busy, value: 90}}]"), "")
	if got := used([]Subject{s}); !slices.Equal(got, []string{"requests", "busy"}) {
		t.Errorf("it decides on %q", got)
	}
	for name, mean := range map[string]bool{"requests": false, "busy": true} {
		signal, _ := signalOf([]Subject{s}, name)
		if got := isMean(signal, []Subject{s}); got != mean {
			t.Errorf("that %s is a mean is %v", name, got)
		}
	}
	doubts := capacityDoubts(&s, []plan.SignalModel{{Name: "requests", Capacity: 250}, {Name: "busy", Capacity: 90}})
	if len(doubts) != 1 || !strings.HasPrefix(doubts[0], "forecast/requests of web aims at 300, and an instance is full at 250: ") {
		t.Errorf("the doubts are %q", doubts)
	}
}
