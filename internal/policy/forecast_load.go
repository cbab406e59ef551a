package policy

// saturatedFrom is the share of its ceiling from which on what an instance shows says little
// of its load: work may be waiting.
const saturatedFrom = 0.95

// Load is what the group's instances carry together, in instances that show Value. With
// atLeast they are saturated, and it may be more. ok is false where too little is believed
// to say it.
func (f *Forecast) Load(in *Inputs) (load float64, atLeast, ok bool) {
	input := in.signal(f.Signal)
	if input == nil {
		return 0, false, false
	}
	serving := in.Carrying()
	if input.PerInstance {
		shown, carrying, censored := input.shown()
		if carrying == 0 || !censored && !input.believable(f.Quorum) {
			return 0, false, false
		}
		return shown / f.Value * float64(max(serving, carrying)), censored || input.saturated(shown), true
	}
	censored := input.Doubted && input.Why == Censored
	if !input.Present && !censored {
		return 0, false, false
	}
	value := max(0, input.Value)
	if censored {
		value = max(0, input.Growth)
	}
	if f.Each {
		return value / f.Value * float64(serving), censored || input.saturated(value), true
	}
	return value / f.Value, censored || input.saturated(value/float64(max(1, serving))), true
}

// shown is what an instance shows in the mean, or as the statistic has it, of how many, and
// whether those are saturated: then the doubted ones count with them, for it is the busiest
// that are doubted.
func (in *Input) shown() (value float64, carrying int, censored bool) {
	claimed := in.Growth
	if in.Statistic.adds() && in.Known > 0 {
		claimed = in.Claimed / float64(in.Known)
	}
	// Instances that warm up can hide that all the others are saturated.
	hidden := in.Why == Warming && in.Doubted && in.saturated(claimed)
	switch {
	case in.Known > 0 && (in.Why == Censored || hidden):
		return claimed, in.Known, true
	case in.Trusted == 0:
		return 0, 0, false
	case in.Statistic.adds():
		return in.Total / float64(in.Trusted), in.Trusted, false
	}
	return in.Picked, in.Trusted, false
}

func (in *Input) saturated(value float64) bool {
	return in.Ceiling > 0 && value >= saturatedFrom*in.Ceiling
}
