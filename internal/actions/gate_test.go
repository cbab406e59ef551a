package actions

import (
	"testing"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

var (
	errTransient = cloud.Errorf(cloud.ClassTransient, "503")
	errInvalid   = cloud.Errorf(cloud.ClassInvalid, "400")
)

// closeGate notes so many failures of the account.
func closeGate(g *gate, failures int) {
	for range failures {
		g.note(false, errTransient, noon, 0)
	}
}

func TestFourFailedChangesInARowHoldUpNobody(t *testing.T) {
	t.Parallel()
	var g gate
	closeGate(&g, gateFailures-1)
	for range 3 {
		if open := g.wait(noon); !open.IsZero() || g.closed(noon) != "" {
			t.Errorf("the next change may be tried at %v: %s", open, g.closed(noon))
		}
	}
}

func TestAfterFiveFailedChangesOneIsTriedAtATime(t *testing.T) {
	t.Parallel()
	var g gate
	closeGate(&g, gateFailures)
	open := g.wait(noon)
	if !open.After(noon) || g.closed(noon) == "" {
		t.Fatalf("the next change may be tried at %v: %q", open, g.closed(noon))
	}
	if next := g.wait(open); !next.IsZero() {
		t.Errorf("after its pause, the next change may be tried at %v", next)
	}
	if other := g.wait(open); !other.After(open) {
		t.Error("two are tried at a time")
	}
	g.note(false, errTransient, open, 0)
	if longer := g.wait(open); !longer.After(open.Add(open.Sub(noon))) {
		t.Errorf("after one more failure the pause is %v, and was %v", longer.Sub(open), open.Sub(noon))
	}
}

func TestWhatShowsThatTheAccountCanBeChangedOpensTheGate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		acted bool
		err   error
		opens bool
	}{
		"a change that succeeds":            {true, nil, true},
		"one that the machine's state bars": {false, errInvalid, true},
		"one that was not needed any more":  {false, nil, false},
		"one that fails as before":          {false, errTransient, false},
		"one whose answer is lost":          {false, errLost, false},
		"one that is denied":                {false, cloud.Errorf(cloud.ClassDenied, "403"), false},
	} {
		var g gate
		closeGate(&g, gateFailures)
		g.note(c.acted, c.err, noon, 0)
		if opens := g.closed(noon) == "" && g.wait(noon).IsZero(); opens != c.opens {
			t.Errorf("%s opens the gate: %v", name, opens)
		}
	}
}
