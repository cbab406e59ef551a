package plan_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
)

// hourly charges by the hour of each contract, in advance.
func hourly(t testing.TB) *billing.Model {
	t.Helper()
	model, err := billing.Parse("hourly.yaml", []byte(`{name: hourly, currency: JPY, zone: UTC, unit: hour, price: "10", charge_by: hour, anchor: contract, stopped: full}`))
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func TestAnInstanceThatDrainsIsPutBackWithoutAnOrder(t *testing.T) {
	t.Parallel()
	s := scenario(rate(3, 3, 1, 1, 3, 3))
	s.Cloud.ToStop, s.Cloud.ToServe = 5*time.Minute, plan.Always(time.Hour)
	r := replay(t, s)
	expect(t, "serving", r.Serving, 3, 3, 1, 1, 3, 3)
	expect(t, "paid", r.Paid, 3, 3, 3, 3, 3, 3)
	if len(r.Contracts) != 3 {
		t.Errorf("%d machines were ordered in all, and should be 3", len(r.Contracts))
	}
}

func TestWhatStandsByServesSoonerThanWhatIsOrdered(t *testing.T) {
	t.Parallel()
	s := scenario(rate(3, 1, 1, 1, 4, 4, 4, 4, 4))
	s.Spec.Standby = 2
	s.Cloud.ToServe, s.Cloud.ToReturn = plan.Always(4*time.Minute), plan.Always(time.Minute)
	r := replay(t, s)
	expect(t, "serving", r.Serving, 3, 1, 1, 1, 1, 3, 3, 3, 4)
	expect(t, "paid", r.Paid, 3, 3, 3, 3, 4, 4, 4, 4, 4)
	for _, contract := range r.Contracts[1:3] {
		if len(contract.Stopped) != 1 || !contract.Stopped[0].Begin.Equal(after(1)) || !contract.Stopped[0].End.Equal(after(4)) {
			t.Errorf("it stood by %v, and should have from minute 1 to 4", contract.Stopped)
		}
	}
}

func TestASurplusIsReleasedBeforeItsPaidHourEnds(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{70, 2}, phase{60, 1}))
	s.Cloud.ReleaseAtOnce, s.Billing = false, hourly(t)
	s.Spec.ReleaseBefore = 10 * time.Minute
	r := replay(t, s)
	// It stops at minute 70, and is released at minute 110 to the end of its second hour.
	var leaves *billing.Contract
	for i := range r.Contracts {
		if !r.Contracts[i].Ended.IsZero() {
			leaves = &r.Contracts[i]
		}
	}
	if leaves == nil || !leaves.Ended.Equal(after(120)) || len(leaves.Stopped) != 1 || !leaves.Stopped[0].Begin.Equal(after(70)) {
		t.Fatalf("the contracts are %+v", r.Contracts)
	}
	for step, want := range map[int]int{69: 2, 70: 2, 110: 2, 119: 2, 120: 1, 129: 1} {
		if r.Paid[step] != want {
			t.Errorf("at minute %d %d are paid, and should be %d", step, r.Paid[step], want)
		}
	}
	// Until its release it could come back; afterwards it cannot.
	back := scenario(phases(phase{70, 2}, phase{39, 1}, phase{21, 2}))
	back.Cloud, back.Billing, back.Spec = s.Cloud, s.Billing, s.Spec
	if n := len(replay(t, back).Contracts); n != 2 {
		t.Errorf("%d contracts when load comes at minute 109", n)
	}
	back.Load = phases(phase{70, 2}, phase{41, 1}, phase{19, 2})
	if n := len(replay(t, back).Contracts); n != 3 {
		t.Errorf("%d contracts when load comes at minute 111", n)
	}
}

func TestTheBillIsThatOfTheContractsInTheScoredSteps(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{60, 2}, phase{70, 3}, phase{50, 1}))
	s.Cloud.ReleaseAtOnce, s.Billing = false, hourly(t)
	s.Spec.ReleaseBefore = time.Minute
	// Two machines of three hours, less what the surplus ends early: at minute 130 two are too
	// many, and go with minute 180, the end of an hour of all three. So 3 + 3 + 2 hours at 10.
	if bill := replay(t, s).Bill; bill.Total != 80 {
		t.Errorf("the bill is %+v", bill)
	}
	s.From = 60
	if bill := replay(t, s).Bill; bill.Total != 60 {
		t.Errorf("from minute 60 the bill is %+v", bill)
	}
}

func TestWhatWasPaidInAdvanceIsNotHadForNothing(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{20, 3}, phase{40, 2}))
	s.Billing = hourly(t)
	// From minute 30 on it is the second half of an hour that two have paid; the third has left.
	if s.From = 30; replay(t, s).Bill.Total != 20 {
		t.Errorf("the bill is %+v", replay(t, s).Bill)
	}
}

func TestANewInstanceIsNotBelievedWhatIsShownOfTheTimeBeforeIt(t *testing.T) {
	t.Parallel()
	s := ofInstances(phases(phase{2, 1}, phase{6, 4}), 100)
	s.Signals[0].Ceiling, s.Signals[0].Capacity = 0, 100
	s.Cloud.ToServe, s.Cloud.Delay, s.WarmUp = plan.Always(time.Minute), 1, 2*time.Minute
	// At minute 4 four serve, and one is seen to have shown 400 % at minute 3.
	expect(t, "desired", replay(t, s).Desired, 1, 1, 1, 4, 4, 4, 4, 4)
	s.WarmUp = 0
	expect(t, "without warming up desired", replay(t, s).Desired[:5], 1, 1, 1, 4, 16)
}

func TestOneOrderAStepIsAsLargeAsABatch(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{1, 1}, phase{5, 8}))
	s.Spec.OrderMax = 2
	expect(t, "serving", replay(t, s).Serving, 1, 3, 5, 7, 8, 8)
	// A daemon that decides every 20 s orders three times a minute.
	s.Spec.Interval = 20 * time.Second
	expect(t, "with a shorter interval serving", replay(t, s).Serving, 1, 7, 8, 8, 8, 8)
}

func TestWhatTheQuotaRefusesIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := scenario(rate(2, 6, 6, 2, 6))
	s.Cloud.Quota = 4
	s.Cloud.Losses = []plan.Loss{{At: after(2), Share: 0.5}} // which makes room
	r := replay(t, s)
	expect(t, "serving", r.Serving, 2, 4, 4, 2, 4)
	expect(t, "desired", r.Desired, 2, 6, 6, 2, 6)
	if want := (plan.Bound{Steps: 3, First: after(1)}); r.Refused != want {
		t.Errorf("refused is %+v, and should be %+v", r.Refused, want)
	}
}

func TestALaunchThatFailsNeverServesAndIsOrderedAgain(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	s := scenario(phases(phase{1, 1}, phase{400, 20}))
	s.Cloud.Seed, s.Cloud.Failing, s.Cloud.GiveUp, s.Cloud.ToServe = seed, 0.5, 10*time.Minute, plan.Always(2*time.Minute)
	r := replay(t, s)
	if r.Serving[400] != 20 {
		t.Errorf("%d of 20 serve in the end", r.Serving[400])
	}
	failed := 0
	for _, contract := range r.Contracts {
		if !contract.Ended.IsZero() {
			failed++
			if took := contract.Ended.Sub(contract.Ordered); took != 10*time.Minute {
				t.Errorf("one was given up after %v", took)
			}
		}
	}
	if failed == 0 || len(r.Contracts)-failed != 20 {
		t.Errorf("of %d contracts %d failed", len(r.Contracts), failed)
	}
}

func TestLaunchesThatFailInARowStopOrdersUntilSomebodyRepairs(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	s := scenario(phases(phase{1, 1}, phase{200, 10}))
	s.Spec.OrderMax, s.Spec.Surge = 3, 10
	s.Cloud.Seed, s.Cloud.Failing, s.Cloud.GiveUp, s.Cloud.Repair = seed, math1, 5*time.Minute, time.Hour
	r := replay(t, s)
	// The orders of minutes 1 to 5 fail. From minute 6 on three failed in a row, and nothing is
	// ordered until they were removed an hour later.
	expect(t, "paid", r.Paid[:8], 1, 4, 7, 10, 10, 10, 10, 10)
	if r.Paid[65] != 10 || r.Paid[66] == 10 && len(r.Contracts) == 10 {
		t.Errorf("around the repair %v are paid, in %d contracts", r.Paid[60:75], len(r.Contracts))
	}
	for _, contract := range r.Contracts {
		if ordered := contract.Ordered; ordered.After(after(5)) && ordered.Before(after(66)) {
			t.Errorf("one was ordered at %v", ordered)
		}
	}
	if r.Contracts[1].Ended.Sub(r.Contracts[1].Ordered) != 65*time.Minute {
		t.Errorf("the first that failed was %+v", r.Contracts[1])
	}
}

// math1 is as good as always.
const math1 = 1 - 1e-12

func TestInstancesThatAreGoneAreReplaced(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{8, 6}))
	s.Cloud.ToServe = plan.Always(2 * time.Minute)
	s.Cloud.Losses = []plan.Loss{{At: after(3), Share: 0.5}}
	r := replay(t, s)
	expect(t, "serving", r.Serving, 6, 6, 6, 3, 3, 6, 6, 6)
	expect(t, "desired", r.Desired, 6, 6, 6, 6, 6, 6, 6, 6)
	expect(t, "paid", r.Paid, 6, 6, 6, 6, 6, 6, 6, 6)
	if r.Flow.Lost != 6e9 {
		t.Errorf("%d were lost", r.Flow.Lost)
	}
}

func TestAnInstanceThatFailsIsReplacedTheNewOneFirst(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{9, 4}))
	s.Cloud.ToServe = plan.Always(3 * time.Minute)
	s.Cloud.Losses = []plan.Loss{{At: after(1), Share: 0.25, For: time.Hour}}
	r := replay(t, s)
	expect(t, "serving", r.Serving, 4, 3, 3, 3, 4, 4, 4, 4, 4)
	expect(t, "paid", r.Paid, 4, 5, 5, 5, 5, 4, 4, 4, 4)
}

func TestInstancesThatFailTogetherAreWaitedFor(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{8, 4}))
	s.Cloud.Losses = []plan.Loss{{At: after(2), Share: 0.5, For: 3 * time.Minute}} // more than Brake
	r := replay(t, s)
	expect(t, "serving", r.Serving, 4, 4, 2, 2, 2, 4, 4, 4)
	if len(r.Contracts) != 4 {
		t.Errorf("%d machines were ordered in all", len(r.Contracts))
	}
}

func TestWhatFailsIsNotMeasuredAndHoldsBackShrinking(t *testing.T) {
	t.Parallel()
	s := ofInstances(phases(phase{2, 2}, phase{6, 0.5}), 50)
	s.Spec.Policies[0].Target.Quorum = 0.9
	expect(t, "desired", replay(t, s).Desired, 4, 4, 1, 1, 1, 1, 1, 1)
	s.Cloud.Losses = []plan.Loss{{At: after(1), Share: 0.5, For: 4 * time.Minute}}
	expect(t, "while two of four do not answer desired", replay(t, s).Desired, 4, 4, 4, 4, 4, 1, 1, 1)
}

func TestTheGroupBeginsAsItWasRecordedOrAsItIsTold(t *testing.T) {
	t.Parallel()
	s := scenario(rate(4, 4))
	s.Spec.OutOnly = true
	for _, begins := range []struct{ initial, recorded, min, want int }{{0, 0, 1, 4}, {0, 7, 1, 7}, {9, 7, 1, 9}, {0, 0, 6, 6}, {0, 99, 1, 50}} {
		s.Cloud.Initial, s.Spec.Min, s.Load.Serving = begins.initial, begins.min, nil
		if begins.recorded > 0 {
			s.Load.Serving = []int{begins.recorded, begins.recorded}
		}
		if r := replay(t, s); r.Serving[0] != begins.want {
			t.Errorf("%+v begins with %d", begins, r.Serving[0])
		}
	}
}

func TestOneThatIsCalledOffBeforeItServesNeverDoes(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{9, 4}))
	s.Cloud.ToServe = plan.Always(5 * time.Minute)
	s.Cloud.Losses = []plan.Loss{{At: after(1), Share: 0.25, For: 2 * time.Minute}}
	r := replay(t, s)
	// The one that fails answers again at minute 3, so that its successor is needed no more.
	expect(t, "serving", r.Serving, 4, 3, 3, 4, 4, 4, 4, 4, 4)
	expect(t, "paid", r.Paid, 4, 5, 5, 5, 5, 5, 4, 4, 4)
	if last := r.Contracts[4]; !last.Ended.Equal(after(6)) {
		t.Errorf("the successor's contract is %+v", last)
	}
}

func TestALeadTakesWhatItsQuantilesSay(t *testing.T) {
	t.Parallel()
	lead, err := plan.Quantiles(plan.Quantile{Share: 0.9, Took: 10 * time.Minute}, plan.Quantile{Share: 0.5, Took: 4 * time.Minute}, plan.Quantile{Share: 1, Took: 30 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for share, want := range map[float64]time.Duration{0: 4 * time.Minute, 0.5: 4 * time.Minute, 0.7: 7 * time.Minute, 0.9: 10 * time.Minute, 0.95: 20 * time.Minute, 1: 30 * time.Minute} {
		if got := lead.At(share).Round(time.Second); got != want {
			t.Errorf("within %v a share of %v is done, and should be within %v", got, share, want)
		}
		if got := lead.Times(2).At(share).Round(time.Second); got != 2*want {
			t.Errorf("twice as long takes %v at %v", got, share)
		}
	}
	learned := plan.Learned([]time.Duration{3 * time.Minute, time.Minute, 2 * time.Minute})
	for share, want := range map[float64]time.Duration{0: time.Minute, 0.5: 2 * time.Minute, 0.75: 150 * time.Second, 1: 3 * time.Minute} {
		if got := learned.At(share); got != want {
			t.Errorf("of what was learned %v is within %v", share, got)
		}
	}
	one, none := plan.Learned([]time.Duration{time.Hour}), plan.Learned(nil)
	if one.At(0) != time.Hour || one.At(0.5) != time.Hour || none.At(0.5) != 0 {
		t.Errorf("of one sample %v, of none %v", one.At(0.5), none.At(0.5))
	}
}

func TestALeadThatMeansNothingIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]plan.Quantile{
		{{Share: 1.1, Took: 1}}, {{Share: -0.1, Took: 1}}, {{Share: 0.5, Took: -1}}, {{Share: 0.5, Took: 2}, {Share: 0.9, Took: 1}},
	} {
		if _, err := plan.Quantiles(bad...); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

func TestTheTimesToServeAreSpreadAsTheLeadSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lead, err := plan.Quantiles(plan.Quantile{Share: 0, Took: 0}, plan.Quantile{Share: 1, Took: 100 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		s := scenario(phases(phase{1, 1}, phase{101, 401}))
		s.Spec.Max, s.Spec.OrderMax = 500, 500
		s.Cloud.Seed, s.Cloud.ToServe = rapid.Uint64().Draw(t, "seed"), lead
		r, err := plan.Replay(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		// 400 drawn evenly: after half of the time 200 serve, give or take five standard deviations.
		if half := r.Serving[51]; half < 150 || half > 250 {
			t.Errorf("after half of the longest time %d of 400 serve", half)
		}
		if r.Serving[101] != 401 {
			t.Errorf("in the end %d serve", r.Serving[101])
		}
	})
}
