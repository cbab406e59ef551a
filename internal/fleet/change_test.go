package fleet_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// lagging is an account whose listings take a while, and show when they began.
type lagging struct {
	cloud.Reader
	took time.Duration
}

func (l lagging) List(context.Context) ([]cloud.Machine, error) {
	began := time.Now()
	time.Sleep(l.took)
	return []cloud.Machine{{Code: began.Format(time.TimeOnly)}}, nil
}

func TestWhoBeginsToWatchAnAccountSeesNoLookThatHadBegunBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := fleet.NewObserver(fleet.ObserverOptions{
			Account: "gio", Machines: lagging{took: 5 * time.Second}, PollMoving: 10 * time.Second, PollIdle: 10 * time.Minute, Timeout: time.Minute,
			Now: time.Now, Log: zap.NewNop(), Metrics: fleet.NewMetrics(prometheus.NewRegistry()),
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- o.Run(ctx) }()
		first := o.Subscribe()
		<-first
		for range 3 {
			o.Moving("web", true)
			time.Sleep(7 * time.Second) // a look is under way at some of these times
			o.Moving("web", false)
			asked := time.Now()
			snapshot := <-o.Subscribe()
			if snapshot.Started.Before(asked) {
				t.Errorf("asked for at %v, and the look began at %v", asked, snapshot.Started)
			}
			if waited := time.Since(asked); waited > 20*time.Second {
				t.Errorf("it took %v, while nothing moves", waited)
			}
		}
		stop()
		<-ended
	})
}

func TestAHaltedGroupTakesNoCommandAndItsSuccessorGoesOnFromDisk(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		must(t, w.fleet.Protect(t.Context(), first, actions.Protection{By: "ito"}))
		calls, halted := w.changesTotal(), w.fleet.Halt
		halted(groupName)
		for what, err := range map[string]error{
			"scale":     w.fleet.Scale(t.Context(), groupName, 4, "sato", ""),
			"unprotect": w.fleet.Unprotect(t.Context(), first, "operator", ""),
			"disown":    w.fleet.Disown(t.Context(), first, "sato", ""),
			"adopt":     w.fleet.Adopt(t.Context(), fleet.Adoption{Group: groupName, Codes: []string{first}}),
		} {
			if err == nil || !strings.Contains(err.Error(), "ask again in a moment") {
				t.Errorf("%s: the error is %v", what, err)
			}
		}
		if status := w.status(); status.Serving != 3 || status.Desired != 3 {
			t.Errorf("shown are %d of %d", status.Serving, status.Desired)
		}
		w.load.set(500)
		time.Sleep(10 * time.Minute)
		if w.changesTotal() != calls {
			t.Error("a halted group acts")
		}
		w.kill()
		w.start()
		w.until("its successor grows", 30*time.Minute, w.atRest(5, 0))
		if w.instance(first).Protected == nil {
			t.Error("the protection is forgotten")
		}
	})
}

func TestWhatAGroupWouldDecideByOtherRulesIsForetoldAndChangesNothing(t *testing.T) {
	for mode, recommend := range map[string]bool{"act": false, "recommend": true} {
		t.Run(mode, func(t *testing.T) {
			s := brief()
			s.recommend = recommend
			tell(t, s, func(t *testing.T, w *world) {
				w.load.set(300)
				spec := w.spec()
				if _, read, err := w.fleet.Preview(t.Context(), groupName, fleet.Rules{Spec: &spec}); read || err != nil {
					t.Errorf("before it was read: %v, %v", read, err)
				}
				w.until("three are wanted", 30*time.Minute, func() bool { return w.status().Desired == 3 && w.serving() >= 3 })
				time.Sleep(time.Minute)
				calls := w.changesTotal()
				spec.Policies = policy.Targets(policy.Target{Name: "target/load", Signal: "load", Value: 60})
				p, read, err := w.fleet.Preview(t.Context(), groupName, fleet.Rules{Spec: &spec})
				if !read || err != nil || p.Before.Desired.Count != 3 || p.After.Desired.Count != 5 {
					t.Errorf("before %+v, after %+v: %v, %v", p.Before, p.After, read, err)
				}
				p, _, _ = w.fleet.Preview(t.Context(), groupName, fleet.Rules{Spec: &spec, Unread: map[string]bool{"load": true}})
				if p.After.Desired.Count != 3 || p.After.Reason != policy.ReasonUnknown {
					t.Errorf("without a reading, after is %+v", p.After)
				}
				time.Sleep(10 * time.Minute)
				if w.changesTotal() != calls || w.status().Desired != 3 {
					t.Errorf("%d are desired, after %d calls", w.status().Desired, w.changesTotal()-calls)
				}
			})
		})
	}
}
