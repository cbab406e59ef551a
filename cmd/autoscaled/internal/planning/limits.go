package planning

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/report"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Limits are what a plan must not exceed.
type Limits struct{ cost, overload, lost *limit }

// limit is one of them: so much, or so much more than what is in force.
type limit struct {
	flag, text string
	most       float64
	relative   bool
}

// ReadLimits reads what people write; an empty text is no limit. One that begins with a
// sign is relative to what is in force, which must be known then. Costs are in units of
// the currency, and relative ones in percent; without prices, they are of instance-hours.
func ReadLimits(cost, overload, lost string, inForce bool, prices *billing.Model) (l Limits, err error) {
	if l.cost, err = readLimit("max-cost", cost, inForce, func(text string, relative bool) (float64, error) {
		if relative != strings.HasSuffix(text, "%") {
			return 0, fmt.Errorf("write an amount, as in 50000, or a share more than --against, as in +5%%")
		}
		most, err := number(strings.ReplaceAll(text, ",", ""))
		if err == nil && !relative && prices != nil {
			most *= math.Pow10(prices.Decimals)
		}
		return most, err
	}); err != nil {
		return l, err
	}
	if l.overload, err = readLimit("max-overload", overload, inForce, func(text string, _ bool) (float64, error) {
		span, err := ReadSpan(text)
		return span.Minutes(), err
	}); err != nil {
		return l, err
	}
	l.lost, err = readLimit("max-lost", lost, inForce, func(text string, _ bool) (float64, error) { return ReadShare(text) })
	return l, err
}

func readLimit(flag, text string, inForce bool, read func(text string, relative bool) (float64, error)) (*limit, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // there is no limit
	}
	written, sign := text, 1.0
	relative := strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") || strings.HasPrefix(text, "−")
	if relative {
		if !strings.HasPrefix(text, "+") {
			sign = -1
		}
		written = strings.TrimLeft(text, "+-−")
	}
	if relative && !inForce {
		return nil, fmt.Errorf("--%s %s: more than what? name the configuration in force with --against", flag, words.Shown(text))
	}
	most, err := read(written, relative)
	if err != nil {
		return nil, fmt.Errorf("--%s %s: %w", flag, words.Shown(text), err)
	}
	return &limit{flag, text, sign * most, relative}, nil
}

// ReadShare reads a share: 5% or 0.05.
func ReadShare(text string) (float64, error) {
	share, err := number(text)
	if err != nil {
		return 0, fmt.Errorf("`%s` is no share: write for example 5%%", words.Shown(text))
	}
	if !strings.HasSuffix(text, "%") && share >= 1 {
		return 0, fmt.Errorf("`%s` is %g %%: write %s%% if that is meant, or the percents with their sign", words.Shown(text), percent*share, words.Shown(text))
	}
	return share, nil
}

// Exceeded says which limits the study's first run exceeds.
func (l Limits) Exceeded(s *Study) (texts []string) {
	now, before := s.Runs[0], s.InForce()
	if l.cost != nil {
		cost, what := func(r *Run) float64 { return float64(r.Bill.Total) }, func(x float64) string { return s.Prices.Text(billing.Money(math.Round(x))) }
		if s.Prices == nil {
			cost, what = func(r *Run) float64 { return r.Metrics.InstanceHours }, func(x float64) string { return Number(x, 1) + " instance-hours" }
		}
		most := l.cost.most
		if l.cost.relative {
			most = cost(before) * (1 + l.cost.most)
		}
		texts = append(texts, l.cost.exceeded("it costs", cost(&now), most, what)...)
	}
	texts = append(texts, l.overload.against("it is overloaded for", now.Metrics.OverloadMinutes, before, func(r *Run) float64 { return r.Metrics.OverloadMinutes },
		func(x float64) string { return Brief(time.Duration(math.Round(x*60)) * time.Second) })...)
	return append(texts, l.lost.against("it loses", now.Metrics.LostLoad, before, func(r *Run) float64 { return r.Metrics.LostLoad },
		func(x float64) string { return strconv.FormatFloat(percent*x, 'g', 4, 64) + " % of the load" })...)
}

// against holds a value against a limit that may be one more than that of the run before.
func (l *limit) against(does string, value float64, before *Run, of func(*Run) float64, what func(float64) string) []string {
	if l == nil {
		return nil
	}
	most := l.most
	if l.relative {
		most += of(before)
	}
	return l.exceeded(does, value, most, what)
}

// within is how far beyond a limit still counts as on it: sums of fractions are not exact.
const within = 1e-9

func (l *limit) exceeded(does string, value, most float64, what func(float64) string) []string {
	if value <= most+within*math.Abs(most) {
		return nil
	}
	return []string{fmt.Sprintf("--%s %s allows %s, and %s %s", l.flag, l.text, what(most), does, what(value))}
}

// InForce is the run of what is configured today; nil: it is not known.
func (s *Study) InForce() *Run {
	for i := range s.Runs {
		if s.Runs[i].Role == report.InForce {
			return &s.Runs[i]
		}
	}
	return nil
}
