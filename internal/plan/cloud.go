package plan

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Cloud is the model of what surrounds a group. The zero Cloud does everything at once.
type Cloud struct {
	Seed          uint64        // of all chance
	Initial       int           // instances that serve at the first step; 0: as many as recorded, or as the load needs
	ToServe       Lead          // from an order to serving
	ToReturn      Lead          // the same for one that stands by
	ToStop        time.Duration // from leaving the pools to standing by: draining and stopping
	Quota         int           // machines that there may be, serving or not; what is ordered beyond is refused. 0: no bound
	Failing       float64       // share of the launches that never come to serve, below 1
	GiveUp        time.Duration // after which such a launch is set aside, as launch.timeout says
	Repair        time.Duration // from then until a person has removed it; until then it is paid, and counts as a failed launch. 0: it is removed at once
	Delay         int           // steps that a load is seen late: 0 sees what the step itself brings, 1 what the one before brought
	ReleaseAtOnce bool          // whoever is not kept on standby is released without a thought of what is paid for
	Losses        []Loss
}

// Loss is that of a share of the instances that serve, rounded, those of the lot.
type Loss struct {
	At    time.Time
	Share float64       // 0 to 1
	For   time.Duration // they do not answer for so long, unless they are replaced before; 0: they are gone, and so are their contracts
}

func (c *Cloud) check() error {
	switch {
	case c.Initial < 0 || c.Quota < 0 || c.Delay < 0:
		return fmt.Errorf("initial size %d, quota %d and delay %d: none can be below 0", c.Initial, c.Quota, c.Delay)
	case !(c.Failing >= 0 && c.Failing < 1):
		return fmt.Errorf("a share of %v of the launches cannot fail: give one from 0 to below 1", c.Failing)
	case min(c.ToStop, c.GiveUp, c.Repair) < 0:
		return fmt.Errorf("stopping takes %v, giving up %v and repair %v: none can be below 0", c.ToStop, c.GiveUp, c.Repair)
	}
	for _, loss := range c.Losses {
		if !(loss.Share >= 0 && loss.Share <= 1) || loss.For < 0 {
			return fmt.Errorf("a share of %v cannot be lost for %v: give one from 0 to 1, and no time below 0", loss.Share, loss.For)
		}
	}
	return nil
}

// Lead is how long something takes: a distribution by its quantiles, linear between them.
// The zero Lead takes no time.
type Lead struct {
	quantiles []Quantile // rising in both
}

// Quantile says that so large a share takes no longer.
type Quantile struct {
	Share float64
	Took  time.Duration
}

// Always is a lead that never varies.
func Always(took time.Duration) Lead { return Lead{[]Quantile{{1, max(0, took)}}} }

// Learned is the lead that samples show; without any it is the zero Lead.
func Learned(samples []time.Duration) Lead {
	sorted := slices.Sorted(slices.Values(samples))
	lead := Lead{make([]Quantile, len(sorted))}
	for i, took := range sorted {
		lead.quantiles[i] = Quantile{float64(i) / float64(max(1, len(sorted)-1)), max(0, took)}
	}
	return lead
}

// Quantiles is the lead of given quantiles, in any order. Below the lowest and above the
// highest nothing lies. It refuses shares beyond 0 to 1 and times that fall where shares rise.
func Quantiles(quantiles ...Quantile) (Lead, error) {
	sorted := slices.SortedFunc(slices.Values(quantiles), func(a, b Quantile) int {
		switch {
		case a.Share < b.Share:
			return -1
		case a.Share > b.Share:
			return 1
		}
		return 0
	})
	for i, q := range sorted {
		if !(q.Share >= 0 && q.Share <= 1) || q.Took < 0 {
			return Lead{}, fmt.Errorf("a share of %v cannot take %v: give a share from 0 to 1, and no time below 0", q.Share, q.Took)
		}
		if i > 0 && q.Took < sorted[i-1].Took {
			return Lead{}, fmt.Errorf("%v takes %v, and %v takes %v: a larger share takes no less time", sorted[i-1].Share, sorted[i-1].Took, q.Share, q.Took)
		}
	}
	return Lead{sorted}, nil
}

// Times is the lead, so many times as long.
func (l Lead) Times(factor float64) Lead {
	longer := slices.Clone(l.quantiles)
	for i := range longer {
		longer[i].Took = time.Duration(float64(longer[i].Took) * factor)
	}
	return Lead{longer}
}

// At is the time within which so large a share is done.
func (l Lead) At(share float64) time.Duration {
	for i, q := range l.quantiles {
		switch {
		case share > q.Share:
		case i == 0:
			return q.Took
		default:
			before := l.quantiles[i-1]
			part := (share - before.Share) / (q.Share - before.Share)
			return before.Took + time.Duration(part*float64(q.Took-before.Took))
		}
	}
	if len(l.quantiles) == 0 {
		return 0
	}
	return l.quantiles[len(l.quantiles)-1].Took
}

// luck is the chance of one machine: the same whatever else happened before.
func (c *Cloud) luck(machine int) *rand.Rand {
	return rand.New(rand.NewPCG(c.Seed, uint64(machine)))
}

// stepsFor is how many steps a time takes; a part of one counts as one.
func stepsFor(span, step time.Duration) int {
	return int(math.Ceil(float64(span) / float64(step)))
}
