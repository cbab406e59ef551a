package daemon

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// inJapan is where the prices' days and months go.
var inJapan = time.FixedZone("JST", 9*60*60)

// april is a time of the month that is reckoned.
func april(day, hour int) time.Time {
	return time.Date(2026, time.April, day, hour, 0, 0, 0, inJapan)
}

// had is a decision of a group that has so many instances, of which some are lacking, and
// others that are leaving or stand by.
func had(at time.Time, size, lacking, leaving, standby int) record.Item {
	return record.Item{At: at.UTC(), Inputs: policy.Inputs{Size: policy.Size{Count: size}, Lacking: lacking, Leaving: leaving, Standby: standby}}
}

// kept is a history of the items.
func kept(items ...record.Item) func(from time.Time) iter.Seq2[record.Item, error] {
	return func(from time.Time) iter.Seq2[record.Item, error] {
		return func(yield func(record.Item, error) bool) {
			for _, item := range items {
				if !item.At.Before(from) && !yield(item, nil) {
					return
				}
			}
		}
	}
}

// byDay charges 3000 yen a month for what is on, by days, and half of that for what stands by.
const byDay = `
currency: JPY
zone: Asia/Tokyo
unit: month
price: "3000"
charge_by: day
anchor: calendar
stopped: "1500"
`

func priced(t *testing.T, model string) *billing.Model {
	t.Helper()
	prices, err := billing.Parse("prices.yaml", []byte(model))
	if err != nil {
		t.Fatal(err)
	}
	return prices
}

// spent is what a group with that history cost until now.
func spent(t *testing.T, prices *billing.Model, now time.Time, status fleet.GroupStatus, read func(time.Time) iter.Seq2[record.Item, error]) httpd.Cost {
	t.Helper()
	var s spending
	if err := s.follow(t.Context(), prices.Zone, now, read); err != nil {
		t.Fatal(err)
	}
	return s.reckon(prices, status, now)
}

func TestAGroupCostsWhatItsMachinesDo(t *testing.T) {
	t.Parallel()
	cost := spent(t, priced(t, byDay), april(10, 12), fleet.GroupStatus{}, kept(
		had(april(1, 0).Add(-time.Minute), 2, 0, 0, 1),
		had(april(3, 9), 5, 2, 0, 1),  // two of the five are not there
		had(april(3, 15), 2, 0, 1, 1), // one of three leaves, and is still on
		had(april(3, 16), 2, 0, 0, 1),
		had(april(9, 12), 3, 0, 0, 0), // the one that stood by serves
	))
	// A day costs 100 yen on and 50 off: two are on each day, one is off until the 8th, and one is
	// on more on the 3rd, and on the 9th and 10th.
	const month = 10*2*100 + 8*50 + 100 + 2*100
	if cost.Currency != "JPY" || cost.Today != 300 || cost.Month != month {
		t.Errorf("%+v, want 300 today and %d this month", cost, month)
	}
	if want := float64(month + 20*300); cost.MonthExpected == nil || *cost.MonthExpected != want {
		t.Errorf("%v are expected, want %v", *cost.MonthExpected, want)
	}
	for _, says := range []string{"A machine costs 3000 JPY a month", "Left out are load balancers"} {
		if !strings.Contains(cost.Model, says) {
			t.Errorf("the model does not say %q: %s", says, cost.Model)
		}
	}
	if strings.Contains(cost.Model, "history begins") || strings.Contains(cost.Model, "recommends") {
		t.Errorf("it leaves out more than it does: %s", cost.Model)
	}
}

func TestFollowedInPiecesOrAtOnceTheCostIsTheSame(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var items []record.Item
	at := april(1, 0).Add(-30 * time.Minute)
	for at.Before(april(30, 0).AddDate(0, 0, 20)) {
		items = append(items, had(at, random.IntN(8), random.IntN(2), random.IntN(2), random.IntN(3)))
		at = at.Add(time.Duration(1+random.IntN(3000)) * time.Second)
	}
	prices := priced(t, byDay)
	var pieces spending
	until := func(now time.Time) func(from time.Time) iter.Seq2[record.Item, error] {
		return func(from time.Time) iter.Seq2[record.Item, error] {
			return func(yield func(record.Item, error) bool) {
				for item := range kept(items...)(from) {
					if !item.At.Before(now) || !yield(item, nil) {
						return
					}
				}
			}
		}
	}
	for now := april(1, 1); now.Before(april(30, 0).AddDate(0, 0, 20)); now = now.Add(time.Duration(1+random.IntN(200000)) * time.Second) {
		if err := pieces.follow(t.Context(), prices.Zone, now, until(now)); err != nil {
			t.Fatal(err)
		}
		if got, want := pieces.reckon(prices, fleet.GroupStatus{}, now), spent(t, prices, now, fleet.GroupStatus{}, until(now)); got.Month != want.Month || got.Today != want.Today || *got.MonthExpected != *want.MonthExpected {
			t.Fatalf("until %v it cost %v (%v), want %v (%v)", now, got.Month, got.Today, want.Month, want.Today)
		}
	}
	if len(pieces.held.closed) == 0 || pieces.held.closed[0].Ended.Before(april(31, 0)) {
		t.Errorf("%d contracts have ended: those of April are not forgotten", len(pieces.held.closed))
	}
}

func TestWhatTheHistoryDoesNotTellIsSaid(t *testing.T) {
	t.Parallel()
	prices := priced(t, byDay)
	torn := func(yield func(record.Item, error) bool) {
		_ = yield(record.Item{At: april(2, 0)}, errors.New("torn")) && yield(had(april(3, 0), 1, 0, 0, 0), nil)
	}
	for says, cost := range map[string]httpd.Cost{
		"The history begins at 2026-04-05T09:00:00+09:00: what was before is not in it.": spent(t, prices, april(5, 12), fleet.GroupStatus{}, kept(had(april(5, 9), 1, 0, 0, 0))),
		"The history of the month is empty":                                              spent(t, prices, april(5, 12), fleet.GroupStatus{}, kept()),
		"1 parts of the history cannot be read":                                          spent(t, prices, april(5, 12), fleet.GroupStatus{}, func(time.Time) iter.Seq2[record.Item, error] { return torn }),
		"It is what they would cost.":                                                    spent(t, prices, april(5, 12), fleet.GroupStatus{Mode: "recommend"}, kept()),
	} {
		if !strings.Contains(cost.Model, says) {
			t.Errorf("it does not say %q: %s", says, cost.Model)
		}
	}
}

func TestMachinesThatAreThereNowCountWhateverTheHistorySays(t *testing.T) {
	t.Parallel()
	status := fleet.GroupStatus{Instances: []actions.InstanceStatus{
		{Code: "b", Made: april(4, 10)}, // in quarantine: no decision counts it
		{Code: "a", Made: april(2, 9)},  // older than the history
		{Code: "c", Phase: actions.Gone, Made: april(1, 0)},
	}}
	cost := spent(t, priced(t, byDay), april(5, 12), status, kept(had(april(5, 9), 1, 0, 0, 0)))
	if want := 4.*100 + 2*100; cost.Month != want || cost.Today != 200 {
		t.Errorf("%+v, want %v this month and 200 today", cost, want)
	}
}

func TestAHistoryThatIsNotReadWholeChangesNothing(t *testing.T) {
	t.Parallel()
	prices := priced(t, byDay)
	var s spending
	items := kept(had(april(1, 0), 3, 0, 0, 0), had(april(2, 0), 1, 0, 0, 0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.follow(ctx, prices.Zone, april(3, 0), items); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if !reflect.DeepEqual(s.held, holding{}) || !s.followed.IsZero() {
		t.Errorf("it holds %+v", s.held)
	}
}
