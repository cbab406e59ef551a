package planning

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/report"
)

// Prices of the tests, without tax.
const (
	byTheMonth = `{currency: JPY, zone: Asia/Tokyo, unit: month, price: "9000", anchor: contract, stopped: full}`
	halfOff    = `{currency: JPY, zone: Asia/Tokyo, unit: hour, price: "10", anchor: contract, stopped: 50%, setup_fee: "30"}`
	allOff     = `{currency: JPY, zone: Asia/Tokyo, unit: hour, price: "10", anchor: contract, stopped: nothing, setup_fee: "30"}`
)

// priced is a model out of a text.
func priced(t *testing.T, text string) *billing.Model {
	t.Helper()
	model, err := billing.Parse("prices.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// limitOf is the clairvoyant of a study, its last run.
func limitOf(t *testing.T, s *Study) Run {
	t.Helper()
	limit := s.Runs[len(s.Runs)-1]
	if limit.Role != report.Limit {
		t.Fatalf("the last run is %s (%s)", limit.Name, limit.Role)
	}
	return limit
}

func TestTheClairvoyantKeepsMachinesAsThePricesHaveIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prices string
		days   int
		loads  []string
		want   billing.Money
		note   string
	}{
		// A month for each of 9, although 8 are not needed in between.
		"for a month that is paid once": {byTheMonth, 2, []string{"100", "900", "100", "900", "100", "100"}, 9 * 9000, "keeps for the day"},
		// 8 are off for 4 and 16 of 36 hours, instead of a fee each time.
		"off where that costs nothing": {allOff, 2, []string{"100", "900", "100", "900", "100", "100"}, 30 + 480 + 8*(30+4*40), "keeps for the day"},
		// The second is off for 4 hours (20), the third is ordered anew (30) instead of being off for 16 (80).
		"each as is cheapest for it": {halfOff, 1, []string{"300", "100", "200", "200", "200", "300"}, (30 + 240) + (30 + 200 + 20) + 2*(30+40), "keeps each machine as is cheapest for it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := wavesOf(t, test.days, time.Minute, test.loads...)
			o.Prices = priced(t, test.prices)
			limit := limitOf(t, made(t, o))
			if limit.Bill.Total != test.want || limit.Metrics.OverloadMinutes != 0 {
				t.Errorf("it costs %d, want %d, and is short for %v min", limit.Bill.Total, test.want, limit.Metrics.OverloadMinutes)
			}
			if want := foresight + "; " + test.note; limit.Name != cheapestName || limit.Note != want {
				t.Errorf("%s: %s, want %s", limit.Name, limit.Note, want)
			}
		})
	}
}

func TestNothingThatIsNeverShortIsCheaperThanTheClairvoyant(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	prices := []*billing.Model{priced(t, byTheMonth), priced(t, halfOff), priced(t, strings.Replace(byTheMonth, "contract", "calendar", 1))}
	for _, name := range billing.Shipped() {
		model, err := billing.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		prices = append(prices, model)
	}
	compared := 0
	for i, model := range prices {
		o := coarse(t, 1)
		o.History = read(t, Source{Step: 20 * time.Minute}, table("requests", 4*24*60, loadsAtRandom(random)), o.Subjects...)
		o.Prices, o.Classics, o.ScoreAfter = model, true, time.Duration(i%2)*11*time.Hour
		s := made(t, o)
		limit := limitOf(t, s)
		for _, run := range s.Runs {
			if run.Metrics.OverloadMinutes > 0 {
				continue
			}
			compared++
			if run.Bill.Total < limit.Bill.Total {
				t.Errorf("seed %d, %s: %s costs %d, and the clairvoyant %d", seed, model.Name, run.Name, run.Bill.Total, limit.Bill.Total)
			}
		}
	}
	if compared < 2*len(prices) {
		t.Errorf("seed %d: only %d runs were never short", seed, compared)
	}
}

// loadsAtRandom are steps of six hours on average, of up to 12 instances' worth.
func loadsAtRandom(random *rand.Rand) func(int) string {
	now := "100"
	return func(int) string {
		if random.IntN(6*60) == 0 {
			now = strconv.Itoa(100 * (1 + random.IntN(12)))
		}
		return now
	}
}

// A fixed size that others pay less for than all that was tried is what is possible.
func TestARunThatIsCheaperThanWhatWasTriedIsThePossible(t *testing.T) {
	t.Parallel()
	o := wavesOf(t, 1, time.Minute, slices.Repeat([]string{"300"}, 6)...)
	m := &maker{Options: o, study: made(t, o)}
	m.study.Runs = m.study.Runs[:1]
	cheap := &m.study.Runs[0]
	cheap.Bill.Total, cheap.Metrics.OverloadMinutes = 1, 0
	if err := m.bound(t.Context()); err != nil {
		t.Fatal(err)
	}
	limit := limitOf(t, m.study)
	if limit.Bill.Total != 1 || limit.Name != cheapestName || limit.Note != fmt.Sprintf("as %s, which is never short", cheap.Name) {
		t.Errorf("got %s for %d: %s", limit.Name, limit.Bill.Total, limit.Note)
	}
	m.study.Runs = m.study.Runs[:1]
	cheap.Metrics.OverloadMinutes = 1
	if err := m.bound(t.Context()); err != nil || limitOf(t, m.study).Bill.Total == 1 {
		t.Error("a run that is short is taken for possible")
	}
}

func TestWhatWasOrderedBeforeTheScoredTimeIsPaidByAllAlike(t *testing.T) {
	t.Parallel()
	o := wavesOf(t, 3, time.Minute, slices.Repeat([]string{"300"}, 6)...)
	o.Prices, o.Classics, o.ScoreAfter = priced(t, byTheMonth), true, day
	s := made(t, o)
	// 5 keep 300 requests at a target of 70, and 3 carry them: a month of each.
	for name, want := range map[string]billing.Money{"web": 5 * 9000, "static peak 3": 3 * 9000, cheapestName: 3 * 9000} {
		for _, run := range s.Runs {
			if run.Name == name && run.Bill.Total != want {
				t.Errorf("%s costs %d, want %d", name, run.Bill.Total, want)
			}
		}
	}
}
