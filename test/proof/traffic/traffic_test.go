package traffic

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestScalingAndCrashesCostNoRequest(t *testing.T) {
	t.Parallel()
	first := seeded(t)
	var mu sync.Mutex
	var total tally
	t.Run("scenes", func(t *testing.T) {
		for n := range *scenes {
			t.Run(fmt.Sprint(n+1), func(t *testing.T) {
				t.Parallel()
				share := (*scalings + n) / *scenes
				one := playUnderLoad(t, first+uint64(n), share)
				mu.Lock()
				defer mu.Unlock()
				total.add(one)
			})
		}
	})
	t.Logf("what became of the requests:\n%s", total.table())
	if total.requests.Served == 0 || total.joined == 0 || total.left == 0 || total.underWay == 0 {
		t.Error("too little happened for this to prove anything")
	}
}

// playUnderLoad scales so often, and fails the test if that costs a request.
func playUnderLoad(t *testing.T, seed uint64, scalings int) tally {
	s := newScene(t, seed, usual)
	load, stop := s.cloud.visit(t, seed)
	for range scalings {
		s.scale()
	}
	s.rest()
	stop()
	s.count()
	if s.requests.Lost > 0 || s.requests.NoNode > 0 {
		t.Errorf("%d requests were lost and %d found no node; the last losses:", s.requests.Lost, s.requests.NoNode)
		for _, loss := range s.losses() {
			t.Errorf("  %s", loss)
		}
	}
	if counts := load.Counts(); counts.Cut > 0 {
		t.Errorf("%d of %d visitors lost their connection", counts.Cut, counts.Sent)
	}
	return s.tally
}

func TestWithoutDrainingRequestsAreCut(t *testing.T) {
	t.Parallel()
	hasty := usual
	hasty.drain, hasty.serviceTime = 0, 200*time.Millisecond
	lost := playUntilLost(t, hasty)
	if strings.Contains(lost, "answered") {
		t.Errorf("requests were not cut, but %s", lost)
	}
}

func TestAProbeThatProvesNothingCostsRequests(t *testing.T) {
	t.Parallel()
	gullible := usual
	gullible.probe, gullible.bootTime = "/metrics", 2*time.Second
	lost := playUntilLost(t, gullible)
	if !strings.Contains(lost, "answered 500") {
		t.Errorf("requests were not sent to a booting machine, but %s", lost)
	}
}

// playUntilLost scales out and in until the FW+LB has lost requests, and says how.
func playUntilLost(t *testing.T, on terms) string {
	t.Helper()
	s := newScene(t, seeded(t), on)
	_, stop := s.cloud.visit(t, 1)
	defer stop()
	for range 20 {
		for _, size := range []int{most, least} {
			s.size = size
			s.demand.demand(size)
			s.rest()
			if losses := s.losses(); len(losses) > 0 {
				return losses[0].Reason
			}
		}
	}
	t.Fatal("nothing was lost: what this test leaves out protects nothing, or losses are not seen")
	return ""
}

// seeded is the seed of a test, which an earlier run's flag repeats.
func seeded(t *testing.T) uint64 {
	t.Helper()
	chosen := *seed
	if chosen == 0 {
		chosen = rand.Uint64()
	}
	t.Logf("repeat with -traffic.seed=%d", chosen)
	return chosen
}
