package actions

import "testing"

func TestTheGateForgetsFailuresThatNobodyRetried(t *testing.T) {
	t.Parallel()
	for _, trying := range []bool{false, true} {
		var g gate
		closeGate(&g, gateFailures)
		end := g.wait(noon)
		if trying {
			g.wait(end)
		}
		end = end.Add(gateGrace)
		if g.closed(end) == "" {
			t.Error("it opens before its grace is over")
		}
		if open := g.closed(end.Add(1)) == ""; open == trying {
			t.Errorf("one is being tried: %v, and it is open: %v", trying, open)
		}
	}
}
