package elasticity

// Plan is what a clairvoyant pays for.
type Plan struct {
	Period int   // steps that a machine is paid for at a time
	Bought []int // periods that begin, at each step
	Paid   []int // machines paid for, at each step
}

// Optimum is the cheapest plan that is never short, for machines that are all alike and are
// paid in whole periods of so many steps, each from its own order or from the end of its
// last period. With a period of 1 (or less) a machine can be released at any step, and the
// plan is the need itself. A need of less than 1 counts as 1.
//
// The plan is a bound and not a rival: it knows the future and waits for no machine. So it
// orders in time, and pays nothing for the wait.
//
// It buys a period only when it is short without it, and then no more than that. This is
// exact. Take any plan that is never short, and number its periods and ours by when they
// begin: the i-th of ours never begins before the i-th of the other. Else let i be the
// first that does, at step t. Ours bought it for being short at t with the i−1 before it;
// the other has at most those i−1 begun by t, none of them later than ours, so no more of
// them still run, and it is short at t. So ours has no more periods; and since each begins
// as late, no more of their steps lie within the need either. Both counts are the least.
//
// (It would not do to plan each level by itself, one machine for the first instance needed,
// one for the second and so on. A need of 1, 2, 1 in periods of two steps takes three
// periods so; but two that overlap, 0–1 and 1–2, are enough.)
func Optimum(need []int, period int) Plan {
	plan := Plan{Period: max(period, 1), Bought: make([]int, len(need)), Paid: make([]int, len(need))}
	paid := 0
	for i, n := range need {
		if i >= plan.Period {
			paid -= plan.Bought[i-plan.Period]
		}
		plan.Bought[i] = max(n, 1) - min(paid, max(n, 1))
		paid += plan.Bought[i]
		plan.Paid[i] = paid
	}
	return plan
}

// Periods are the periods paid for, whole, also where the last ones outlast the need.
func (p *Plan) Periods() int { return sum(p.Bought) }

// Steps are the machines × steps paid for within the need.
func (p *Plan) Steps() int { return sum(p.Paid) }

func sum(numbers []int) (total int) {
	for _, n := range numbers {
		total += n
	}
	return total
}

// Life is the time of one machine, in steps: ordered at From, gone at Until. It is a whole
// number of periods, so it may end after the last step.
type Life struct{ From, Until int }

// Lives are the machines of the plan. A machine whose period ends stays for another one
// wherever one begins at that step, so there are as few machines as can be.
func (p *Plan) Lives() []Life {
	var ended, running []Life // running: by the end of the period, the earliest first
	for i, bought := range p.Bought {
		for len(running) > 0 && running[0].Until == i {
			life := running[0]
			running = running[1:]
			if bought == 0 {
				ended = append(ended, life)
				continue
			}
			bought--
			running = append(running, Life{From: life.From, Until: i + p.Period})
		}
		for range bought {
			running = append(running, Life{From: i, Until: i + p.Period})
		}
	}
	return append(ended, running...)
}
