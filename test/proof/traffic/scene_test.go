package traffic

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim/guest"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// scene is a pool under load, and the program that scales it.
type scene struct {
	t      *testing.T
	random *rand.Rand
	cloud  *cloud
	demand *page
	daemon *daemon
	size   int      // that is demanded
	course []string // what was done, line by line
	tally
}

// terms are what requests ask of the machines, and what keeps them from being lost.
type terms struct {
	serviceTime time.Duration // of one request, behind up to backlog others
	bootTime    time.Duration // from power on until a machine serves
	drain       time.Duration
	probe       string // path that tells whether a machine serves
}

// usual are terms under which nothing may be lost: draining takes four times as long
// as the longest request should, since a computer that runs tests can stall.
var usual = terms{
	serviceTime: 20 * time.Millisecond,
	bootTime:    200 * time.Millisecond,
	drain:       4 * (backlog + 1) * 20 * time.Millisecond,
	probe:       "/healthz",
}

func newScene(t *testing.T, seed uint64, on terms) *scene {
	t.Helper()
	p := newPlace(t)
	s := &scene{t: t, random: rand.New(rand.NewPCG(seed, 0)), demand: openPage(p), size: least}
	s.cloud = newCloud(p, on)
	s.daemon = newDaemon(p, configuration(p, s.cloud, s.demand, on))
	t.Cleanup(s.tell)
	s.rest()
	return s
}

// scale demands another size, sees to it that it comes about, and kills the
// program at every second time at a random moment of that. At every fourth time
// it does not wait for the end, so that the next scaling meets machines on the way.
func (s *scene) scale() {
	s.t.Helper()
	before := s.size
	for s.size == before {
		s.size = least + s.random.IntN(most-least+1)
	}
	s.scaled(before, s.size)
	s.note("from %d to %d", before, s.size)
	s.demand.demand(s.size)
	if s.random.IntN(2) == 0 {
		s.crash()
	}
	if s.random.IntN(4) > 0 {
		s.rest()
		return
	}
	s.turned++
	s.daemon.until("decision", s.decided)
	s.moment(time.Second)
}

// crash kills the program at a random moment, and starts it again.
func (s *scene) crash() {
	s.t.Helper()
	s.moment(1500 * time.Millisecond)
	s.note("crash")
	s.crashes++
	s.daemon.kill()
	s.moment(300 * time.Millisecond)
	s.daemon.start()
}

// moment lets a random span of time pass.
func (s *scene) moment(most time.Duration) {
	<-time.After(time.Duration(s.random.Int64N(int64(most))))
}

// rest waits until the group has the demanded size and nothing is on the move.
func (s *scene) rest() {
	s.t.Helper()
	s.daemon.until(fmt.Sprintf("group at rest with %d", s.size), func(g fleet.GroupStatus) error {
		if err := s.decided(g); err != nil {
			return err
		}
		if g.Serving != s.size || g.Becoming != 0 {
			return fmt.Errorf("%d serve and %d are becoming", g.Serving, g.Becoming)
		}
		for _, in := range g.Instances {
			if in.Goal != policy.InService && in.Phase != actions.Off {
				return fmt.Errorf("%s is %s", in.Code, in.Phase)
			}
		}
		return nil
	})
}

func (s *scene) decided(g fleet.GroupStatus) error {
	if g.Desired != s.size {
		return fmt.Errorf("it wants %d (%s; %v)", g.Desired, g.Decision.Reason, g.Signals)
	}
	return nil
}

// note writes a line of the course of events, which is shown if the test fails.
func (s *scene) note(format string, args ...any) {
	s.course = append(s.course, fmt.Sprintf("%s %s\n", time.Now().Format(time.StampMilli), fmt.Sprintf(format, args...)))
}

func (s *scene) tell() {
	if s.t.Failed() {
		s.t.Logf("what was done:\n%s", strings.Join(s.course, ""))
	}
}

// count takes the books of cloud and FW+LB into the tally.
func (s *scene) count() {
	books := s.cloud.sim.Books()
	s.joined, s.bought = effects(books, "AddLbNode"), len(books.Machines)-seededMachines
	s.left, s.underWay = s.cloud.removals()
	s.requests = s.cloud.balancer.Ledger().Counts
	s.took = s.cloud.visitors.durations()
}

func (s *scene) losses() []guest.Loss { return s.cloud.balancer.Ledger().LastLosses }
