package planning

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

func sortShortages(list []Shortage) {
	slices.SortStableFunc(list, func(a, b Shortage) int { return cmp.Compare(b.Lacking, a.Lacking) })
}

// spanWords is how long something was.
func spanWords(d time.Duration) string {
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%g days", math.Round(float64(d)/float64(day)*10)/10)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%g hours", math.Round(d.Hours()*10)/10)
	}
	return Brief(d)
}

// Diff says in a line by what the first run differs from another.
func (s *Study) Diff(other *Run) string {
	r := &s.Runs[0]
	now, before := &r.Metrics, &other.Metrics
	parts := []string{
		signedCount(now.ScalingOut-before.ScalingOut, "scale-out"),
		signedCount(now.ScalingIn-before.ScalingIn, "scale-in"),
	}
	if s.Prices != nil {
		parts = append(parts, relative(float64(r.Bill.Total), float64(other.Bill.Total))+" cost")
	} else {
		parts = append(parts, relative(now.InstanceHours, before.InstanceHours)+" instance-hours")
	}
	parts = append(parts, moreOrFewer(now.OverloadMinutes-before.OverloadMinutes))
	if lost := percent * (now.LostLoad - before.LostLoad); math.Abs(lost) >= 0.001 {
		parts = append(parts, fmt.Sprintf("%s points of lost load", signed(lost, 3)))
	}
	return fmt.Sprintf("last %s: %s", spanWords(now.Duration), strings.Join(parts, ", "))
}

func signedCount(n int, what string) string {
	if n != 1 && n != -1 {
		what += "s"
	}
	return signed(float64(n), 0) + " " + what
}

// signed is a number with its sign; of 0 ±.
func signed(x float64, digits int) string {
	return Signed(x, func(x float64) string { return Number(x, digits) })
}

// Signed is what a difference is in words, with its sign; of 0 ±.
func Signed(x float64, text func(float64) string) string {
	switch size := text(math.Abs(x)); {
	case !strings.ContainsAny(size, "123456789"):
		return "±" + size
	case x > 0:
		return "+" + size
	default:
		return "−" + size
	}
}

// relative is by how much more a value is than the one before, in percent.
func relative(value, before float64) string {
	if before == 0 {
		if value == 0 {
			return "±0 %"
		}
		return "+∞ %"
	}
	change := percent * (value/before - 1)
	digits := 0
	if math.Abs(change) < 9.95 {
		digits = 1
	}
	return signed(change, digits) + " %"
}

func moreOrFewer(minutes float64) string {
	switch {
	case minutes > 0:
		return Number(minutes, 0) + " more overload minutes"
	case minutes < 0:
		return Number(-minutes, 0) + " fewer overload minutes"
	}
	return "as many overload minutes"
}
