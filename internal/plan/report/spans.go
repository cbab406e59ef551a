package report

// shortage is a time without a gap in which more instances were needed than served.
type shortage struct {
	from, steps int
	worst       int // instances that lacked at most
	lacking     int // instances that lacked, added up over the steps
}

func (r *Run) shortages(scored int) []shortage {
	var all []shortage
	open := false
	for i := scored; i < len(r.Need); i++ {
		lacks := r.Need[i] - r.Serving[i]
		if lacks <= 0 {
			open = false
			continue
		}
		if !open {
			all = append(all, shortage{from: i})
			open = true
		}
		s := &all[len(all)-1]
		s.steps++
		s.worst = max(s.worst, lacks)
		s.lacking += lacks
	}
	return all
}

// spans are the stretches of true, as pairs of first step and number of steps.
func spans(flags []bool) [][2]int {
	var all [][2]int
	for i, set := range flags {
		switch {
		case !set:
		case i > 0 && flags[i-1]:
			all[len(all)-1][1]++
		default:
			all = append(all, [2]int{i, 1})
		}
	}
	return all
}
