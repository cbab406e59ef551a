package forecast

import "slices"

// peakWeeks are as many as there must be for a whole month to be among them: five, and the
// one under way.
const peakWeeks = 6

// peaks is the largest load of each of the last weeks of readings. What was larger before
// them was a mistake, or is too rare to be planned for.
type peaks [peakWeeks]float64

func (p *peaks) learn(m *model, load float64) {
	ofWeek := int64(m.steps(week))
	peak := &p[m.readings/ofWeek%peakWeeks]
	if m.readings%ofWeek == 0 {
		*peak = 0
	}
	*peak = max(*peak, load)
}

// highest is 0 as long as nothing was seen.
func (p *peaks) highest() float64 { return slices.Max(p[:]) }
