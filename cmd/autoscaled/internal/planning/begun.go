package planning

import (
	"fmt"
	"strings"
	"time"
)

// begunMost is how much more than its share of the time may be billed without a word.
const begunMost = 0.005

// begun says that the scored time is no whole days or months of the prices, by how much the bill
// is too much at most for machines that are there throughout, and how to cut. It is empty
// where that does not matter.
func (m *maker) begun() string {
	if m.Prices == nil {
		return ""
	}
	begin, end := m.study.Load.Time(m.study.From), m.study.Load.End()
	whole, ok := m.Prices.Whole(begin, end)
	billed, scored := whole.Around.End.Sub(whole.Around.Begin), end.Sub(begin)
	more := float64(billed)/float64(scored) - 1
	if !ok || more < begunMost {
		return ""
	}
	text := fmt.Sprintf("begun %ss are billed whole: a machine that is there all the time is billed for %s in place of %s, %s %% too much", whole.Unit, spanWords(billed), spanWords(scored), Number(percent*more, 1))
	if !whole.Within.Begin.Before(whole.Within.End) {
		return fmt.Sprintf("%s; no whole %s is scored: take a history that has one", text, whole.Unit)
	}
	var flags []string
	switch {
	case whole.Within.Begin.Equal(begin):
	case m.ScoreAfter > 0:
		flags = append(flags, "--score-after "+Brief(whole.Within.Begin.Sub(m.study.Load.Start)))
	default:
		flags = append(flags, "--from "+m.flagTime(whole.Within.Begin))
	}
	if !whole.Within.End.Equal(end) {
		flags = append(flags, "--to "+m.flagTime(whole.Within.End))
	}
	return fmt.Sprintf("%s; score whole ones with %s", text, strings.Join(flags, " "))
}

// flagTime is an instant as --from and --to read it.
func (m *maker) flagTime(t time.Time) string {
	layout := time.DateOnly
	if t = t.In(m.Zone); t.Hour() != 0 || t.Minute() != 0 || t.Second() != 0 {
		layout = "2006-01-02T15:04:05"
	}
	return t.Format(layout)
}
