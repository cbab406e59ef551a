package prom

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// TestEachOfManyGroupsFindsItsOwnSeriesWithoutReadingThoseOfTheOthers is not parallel:
// allocations are counted.
func TestEachOfManyGroupsFindsItsOwnSeriesWithoutReadingThoseOfTheOthers(t *testing.T) {
	const groups = 2000
	elements := make([]string, groups)
	for i := range elements {
		elements[i] = series(fmt.Sprint("g", i), fmt.Sprint(i))
	}
	server := newServer(t, saying(vector(elements...)))
	answer := server.Ask(t.Context(), Question{PromQL: "load"}, now, time.Minute)
	for i := range groups {
		if value, ok := answer.Of("group", fmt.Sprint("g", i)).Sample.Value(); !ok || value != float64(i) {
			t.Fatalf("group %d has %v, %v", i, value, ok)
		}
	}
	if why := answer.Of("group", "g").Sample.Why(); why != policy.Absent {
		t.Errorf("a group that is not in the answer is %v", why)
	}
	if found := testing.AllocsPerRun(100, func() { answer.Of("group", "g7") }); found > 2 {
		t.Errorf("to find one of %d takes %v allocations", groups, found)
	}
}

func TestAnAnswerIsFoundByTheLabelThatIsAskedFor(t *testing.T) {
	t.Parallel()
	server := newServer(t, saying(vector(
		`{"metric":{"group":"web","zone":"a"},"value":[1800000000,"1"]}`,
		`{"metric":{"group":"db","zone":"a"},"value":[1800000000,"2"]}`,
	)))
	answer := server.Ask(t.Context(), Question{PromQL: "load"}, now, time.Minute)
	if value, ok := answer.Of("group", "db").Sample.Value(); !ok || value != 2 {
		t.Errorf("by group it is %v, %v", value, ok)
	}
	if r := answer.Of("zone", "a"); r.Sample.Why() != policy.Failed || !strings.Contains(r.Err.Error(), "2 series match") {
		t.Errorf("by a label that two share it is %v", r)
	}
}
