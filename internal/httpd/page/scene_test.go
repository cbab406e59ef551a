package page

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// scene is a fleet that exists on paper, with its past.
type scene struct {
	t       testing.TB
	now     time.Time
	watcher *events.Watcher

	mu     sync.Mutex
	status fleet.Status
	costs  Cost
	why    error // that there is no cost
}

// newScene has a group of each kind that people meet.
func newScene(t testing.TB) *scene {
	s := &scene{t: t, now: time.Now().UTC(), why: ErrNoPrices}
	s.status = fleet.Status{Accounts: s.accounts(), Groups: s.groups()}
	s.watcher = events.NewWatcher(events.Options{Status: s.look})
	return s
}

func (s *scene) look() fleet.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	copied := s.status
	copied.Groups = append([]fleet.GroupStatus(nil), s.status.Groups...)
	return copied
}

// change alters the state, as something that happens does.
func (s *scene) change(alter func(status *fleet.Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Groups = append([]fleet.GroupStatus(nil), s.status.Groups...)
	alter(&s.status)
}

func (s *scene) options() Options {
	return Options{
		Watcher: s.watcher, Signals: s.signals, Series: s.series, Explain: s.explain, Version: "1.2.3",
		Cost: func(context.Context, string) (Cost, error) { return s.costs, s.why },
	}
}

// as lets somebody with a role ask.
func as(role access.Role, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Principal{Name: "alice", Role: role})))
	})
}

// get asks for a page and returns the answer.
func (s *scene) get(role access.Role, target string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	request := httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	as(role, New(s.options())).ServeHTTP(answer, request)
	return answer
}

func (s *scene) ago(d time.Duration) time.Time { return s.now.Add(-d) }

func (s *scene) accounts() []fleet.AccountStatus {
	return []fleet.AccountStatus{
		{Name: "gio", LookedAt: s.ago(4 * time.Second), Mode: actions.DoubtNone, Machines: 31},
		{
			Name: "gio-osaka", LookedAt: s.ago(90 * time.Second), Mode: actions.DoubtLagging, ModeWhy: "gc00000031 was started 6m ago and is shown as stopped", Machines: 7,
			Orders: []actions.OrderStatus{{ID: "o-7f3a", Group: "search", Count: 2, State: actions.IntentAsking, At: s.ago(25 * time.Minute), Error: "order 2 of V40: the answer was lost: EOF", Candidates: []string{"gc00000041", "gc00000042", "gc00000043"}}},
		},
	}
}

func ptr[T any](v T) *T { return &v }

func (s *scene) instances(from, serving int, rest ...actions.InstanceStatus) []actions.InstanceStatus {
	var list []actions.InstanceStatus
	for i := range serving {
		list = append(list, actions.InstanceStatus{
			Code: fmt.Sprintf("gc%08d", from+i), Goal: policy.InService, Phase: actions.InPool, Proof: actions.ProofMark, Address: fmt.Sprintf("10.0.0.%d", from+i),
			Since: s.ago(50 * time.Hour), GoalSince: s.ago(time.Duration(i*37+12) * time.Minute), Joined: s.ago(time.Hour),
		})
	}
	for i, in := range rest {
		in.Code, in.Proof = fmt.Sprintf("gc%08d", from+serving+i), actions.ProofMark
		in.Since, in.GoalSince = s.ago(20*time.Minute), s.ago(time.Duration(90+i*40)*time.Second)
		list = append(list, in)
	}
	return list
}

func (s *scene) groups() []fleet.GroupStatus {
	signal := func(name string, value float64, n int) fleet.SignalStatus {
		return fleet.SignalStatus{Name: name, Value: &value, Measured: n, Of: n}
	}
	decided := func(ago time.Duration, from, to, wanted int, reason policy.Reason, policies ...string) fleet.DecisionStatus {
		return fleet.DecisionStatus{At: s.ago(ago), From: from, To: to, Wanted: wanted, Reason: reason, Policies: policies}
	}
	return []fleet.GroupStatus{
		{
			Name: "api", Mode: "act", Account: "gio", Min: 2, Max: 12, Desired: 4, Serving: 4, Standby: 2,
			Decision: decided(8*time.Second, 4, 4, 4, policy.ReasonSteady, "target cpu wants 4: cpu is 0.53, target 0.6"),
			Signals:  []fleet.SignalStatus{signal("cpu", 0.53, 4), signal("requests", 842.7, 1)},
			Instances: s.instances(1, 4,
				actions.InstanceStatus{Goal: policy.Standby, Phase: actions.Off, Rested: s.ago(time.Hour)}, actions.InstanceStatus{Goal: policy.Standby, Phase: actions.Off}),
			TimeToServe: 4*time.Minute + 12*time.Second,
		},
		{
			Name: "batch", Mode: "recommend", Account: "gio", Min: 1, Max: 6, Desired: 3, Serving: 2,
			Decision: decided(14*time.Second, 2, 3, 3, policy.ReasonWant, "size backlog wants 3: backlog is 2,140"),
			Signals:  []fleet.SignalStatus{signal("backlog", 2140, 1)},
		},
		{
			Name: "search", Mode: "act", Account: "gio-osaka", Min: 2, Max: 5, Desired: 5, Serving: 4,
			Capped:   &policy.Capped{Reason: policy.ReasonAtMax, Since: s.ago(18 * time.Minute), Unmet: 3},
			Decision: decided(5*time.Second, 5, 5, 8, policy.ReasonAtMax, "target latency wants 8: latency is 0.91, target 0.5"),
			Held:     []policy.Hold{policy.HoldDoubt},
			Signals:  []fleet.SignalStatus{signal("latency", 0.91, 4), {Name: "queue", Why: "stale", Measured: 0, Of: 1, Faults: 1, Fault: "the newest value is 4m old"}},
			Instances: s.instances(21, 4,
				actions.InstanceStatus{Goal: policy.InService, Phase: actions.Described, Quarantine: "its probe did not succeed within 15m0s: connect: connection refused"}),
		},
		{
			Name: "shop-front-with-a-rather-long-name", Mode: "out_only", Account: "gio", Min: 10, Max: 80, Desired: 44, Serving: 44,
			Decision:  decided(3*time.Second, 44, 44, 41, policy.ReasonOutOnly, "target cpu wants 41: cpu is 0.55, target 0.6"),
			Signals:   []fleet.SignalStatus{signal("cpu", 0.55, 44)},
			Instances: s.instances(100, 44),
		},
		{
			Name: "static", Mode: "act", Account: "gio", Min: 1, Max: 4, Desired: 2, Serving: 2,
			Override:  &policy.Override{Kind: policy.PauseAll, Since: s.ago(40 * time.Minute), By: "bob", Why: "moving to the new image, ask me before you touch it"},
			Decision:  decided(41*time.Minute, 2, 2, 2, policy.ReasonPaused),
			Signals:   []fleet.SignalStatus{signal("cpu", 0.2, 2)},
			Instances: s.instances(60, 2),
		},
		{
			Name: "web", Mode: "act", Account: "gio", Min: 2, Max: 10, Desired: 6, Serving: 3, Becoming: 3, Standby: 0,
			Decision: decided(11*time.Second, 5, 6, 6, policy.ReasonWant, "target cpu wants 6: cpu is 0.97 on 3 of 4 (the others count at their worst), target 0.6", "schedule morning is outside its windows",
				"forecast requests wants 5: 3.2 now, 4.6 (3.9 to 5.4) expected in 5 min by seasonal, error 8 % of late; reaction alone would have 6"),
			Foreseen: []*policy.Foreseen{{Outlook: policy.Outlook{Policy: "forecast requests", Count: 5, Within: 5 * time.Minute, Load: 3.2, By: "seasonal", Expected: 4.6, Low: 3.9, High: 5.4, Short: 0.002}, Planned: 5, Reaction: 6, Budget: 0.01}},
			Shadow: &fleet.ShadowStatus{Desired: 5, Serving: 3, Reason: policy.ReasonWant, Score: fleet.ShadowScore{
				Measured: 26 * time.Hour, Active: fleet.ShadowSide{InstanceHours: 118.4, Short: 4 * time.Minute, Changes: 22}, Shadow: fleet.ShadowSide{InstanceHours: 109.9, Short: 9 * time.Minute, Changes: 15},
			}},
			Signals: []fleet.SignalStatus{{Name: "cpu", Value: ptr(0.97), Measured: 3, Of: 4}, signal("requests", 1284, 1)},
			Instances: s.instances(11, 3,
				actions.InstanceStatus{Goal: policy.InService, Phase: actions.Described, Step: actions.StepProbe, Address: "10.0.0.14"},
				actions.InstanceStatus{Goal: policy.InService, Phase: actions.Starting},
				actions.InstanceStatus{Goal: policy.InService, Phase: actions.Unlabelled, Step: actions.StepLabel, Trouble: "label gc00000016: SetLabel: 503 Service Unavailable; it is tried again in 20s"},
				actions.InstanceStatus{Goal: policy.Standby, Phase: actions.Draining, Protected: &actions.Protection{Since: s.ago(time.Hour), By: "alice", Why: "heap dump"}},
			),
			TimeToServe: 5*time.Minute + 3*time.Second, Foreign: []string{"10.0.9.9"},
		},
	}
}

func (s *scene) signals(group string) (fleet.GroupSignals, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := groupIn(&s.status, group)
	if g == nil {
		return fleet.GroupSignals{}, errors.New("there is no such group")
	}
	read := fleet.GroupSignals{Group: group, ReadAt: s.ago(3 * time.Second)}
	for _, signal := range g.Signals {
		report := fleet.SignalReport{Name: signal.Name, Measured: signal.Measured, Of: signal.Of, Shown: fleet.Shown{Value: signal.Value, Quality: "present", AgeSeconds: ptr(4.2), Fault: signal.Fault, Quiet: signal.Quiet}}
		if signal.Value == nil {
			report.Quality, report.AgeSeconds = signal.Why, nil
		}
		if signal.Of > 1 {
			report.Statistic = "mean"
			for i := range signal.Measured {
				if signal.Value == nil {
					break
				}
				report.Instances = append(report.Instances, fleet.InstanceReport{Instance: fmt.Sprintf("gc%08d", 11+i), Shown: fleet.Shown{Value: ptr(*signal.Value * (0.9 + 0.1*float64(i%3))), Quality: "present"}})
			}
		}
		read.Signals = append(read.Signals, report)
	}
	return read, nil
}

// series is a day with a wave in it.
func (s *scene) series(_ context.Context, group string, from, to time.Time, points int) (record.Series, error) {
	s.mu.Lock()
	g := groupIn(&s.status, group)
	s.mu.Unlock()
	if g == nil {
		return record.Series{}, errors.New("there is no history of " + group)
	}
	step := max(1, int64(to.Sub(from)/time.Second)/int64(points))
	r := record.Series{Group: group, From: from, To: to, StepSeconds: step, Signals: map[string][]*float64{}, Peaks: map[string][]*float64{}, Targets: map[string]float64{"cpu": 0.6, "latency": 0.5, "requests": 250}, Shared: []string{"requests"}}
	if len(g.Foreseen) > 0 {
		r.Forecast = &record.Band{}
	}
	size := 2
	for i := range int64(points) {
		at := from.Unix() + i*step
		wave := 0.5 + 0.35*math.Sin(float64(i)/25) + 0.1*math.Sin(float64(i)/3)
		r.At = append(r.At, at)
		if r.Forecast != nil {
			r.Forecast.Expected, r.Forecast.Low, r.Forecast.High = append(r.Forecast.Expected, ptr(6*wave)), append(r.Forecast.Low, ptr(5*wave)), append(r.Forecast.High, ptr(7*wave))
		}
		if time.Unix(at, 0).After(s.now) || i%97 == 5 {
			r.Desired, r.Wanted, r.Serving, r.Becoming = append(r.Desired, nil), append(r.Wanted, nil), append(r.Serving, nil), append(r.Becoming, nil)
			for _, signal := range g.Signals {
				r.Signals[signal.Name], r.Peaks[signal.Name] = append(r.Signals[signal.Name], nil), append(r.Peaks[signal.Name], nil)
			}
			continue
		}
		if wanted := int(2 + 6*wave); i%12 == 0 && wanted != size {
			r.Marks = append(r.Marks, record.Mark{At: time.Unix(at, 0).UTC(), From: size, To: wanted, Reason: policy.ReasonWant})
			size = wanted
		}
		r.Desired, r.Wanted = append(r.Desired, ptr(size)), append(r.Wanted, ptr(int(2.4+6*wave)))
		r.Serving, r.Becoming = append(r.Serving, ptr(max(2, size-int(i%12)/8))), append(r.Becoming, ptr(0))
		for _, signal := range g.Signals {
			v := wave
			if signal.Value != nil && *signal.Value > 2 {
				v *= *signal.Value
			}
			r.Signals[signal.Name], r.Peaks[signal.Name] = append(r.Signals[signal.Name], &v), append(r.Peaks[signal.Name], ptr(v*1.2))
		}
	}
	return r, nil
}

func (s *scene) explain(_ context.Context, group string, at time.Time) (record.Explained, error) {
	if group == "batch" {
		return record.Explained{}, errors.New("nothing was decided about batch before then")
	}
	turning := []policy.Turning{{Signal: "cpu", From: 0.97, Exists: true, To: 0.82, Desired: 5, Reason: policy.ReasonWant}, {Signal: "requests", From: 1284, Exists: true, To: 1502, Desired: 7, Reason: policy.ReasonWant}}
	return record.Explained{Group: group, State: record.Verified, Explanation: policy.Explanation{
		Decision: policy.Decision{
			At: at, Current: policy.Size{Count: 5}, Desired: policy.Size{Count: 6}, Wanted: 7, Reason: policy.ReasonRateOut,
			Recommendations: []policy.Recommendation{{Policy: "target cpu", Signal: "cpu", Verdict: policy.Want, Count: 7, Value: policy.ValueAt(0.97, at), Target: 0.6, Measured: 3, Of: 4}},
			Effects:         []policy.Effect{{From: 7, To: 6, Reason: policy.ReasonRateOut}},
		},
		Turning: turning, Nearest: &turning[0],
	}}, nil
}
