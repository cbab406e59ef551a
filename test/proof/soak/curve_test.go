package soak

import (
	"context"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// japan is where the machines' users live and the paid days end.
var japan = time.FixedZone("JST", 9*60*60)

// curve is a load that follows the day: low at night, highest around an hour of the
// afternoon, never quite the same. One instance takes 100 of it.
type curve struct {
	least, most float64 // instances that the load needs at night and at its highest
	highest     time.Duration
	random      *rand.Rand
	missing     atomic.Bool // it cannot be read
}

func newCurve(seed uint64, least, most float64, highest time.Duration) *curve {
	return &curve{least: least, most: most, highest: highest, random: rand.New(rand.NewPCG(seed, 0))}
}

// at is the load at a time, without its chance.
func (c *curve) at(now time.Time) float64 {
	local := now.In(japan)
	hours := (time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute - c.highest).Hours()
	const width = 6.5 // hours before and after the highest in which there is more than at night
	swell := 0.0
	if math.Abs(hours) < width {
		swell = (1 + math.Cos(math.Pi*hours/width)) / 2
	}
	return 100 * (c.least - 0.3 + (c.most-c.least)*swell)
}

// Read implements fleet.Signals.
func (c *curve) Read(_ context.Context, now time.Time, _ []monitor.Target, _ []policy.Signal) []policy.Signal {
	sample := policy.ValueAt(c.at(now)*(0.95+0.1*c.random.Float64()), now)
	if c.missing.Load() {
		sample = policy.Missing(policy.Failed, now)
	}
	return []policy.Signal{{Name: "load", Group: sample}}
}

// Faults implements fleet.Signals.
func (c *curve) Faults() []monitor.Fault { return nil }
