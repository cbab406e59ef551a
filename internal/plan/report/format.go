package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Currency says how money is written.
type Currency struct {
	Symbol string // before the amount, such as "¥"
	Digits int    // behind the point: 0 for yen, 2 for cents
}

// Text writes an amount, which is in the smallest unit.
func (c Currency) Text(amount int64) string {
	unit := int64(math.Pow10(c.Digits))
	sign, whole, rest := "", amount/unit, amount%unit
	if amount < 0 {
		sign, whole, rest = minus, -whole, -rest
	}
	text := sign + c.Symbol + grouped(strconv.FormatInt(whole, 10))
	if c.Digits > 0 {
		text += fmt.Sprintf(".%0*d", c.Digits, rest)
	}
	return text
}

const (
	minus   = "−"
	nbsp    = "\u00a0" // between a number and its unit
	unknown = "–"
)

// number writes a number with as many digits as a reader needs.
func number(x float64) string {
	switch size := math.Abs(x); {
	case !finite(x):
		return unknown
	case size >= 100 || size == math.Trunc(size):
		return decimal(x, 0)
	case size >= 10:
		return decimal(x, 1)
	case size >= 0.1:
		return decimal(x, 2)
	default:
		return decimal(x, 4)
	}
}

// decimal writes a number with at most so many digits behind the point.
func decimal(x float64, digits int) string {
	text := strconv.FormatFloat(math.Abs(x), 'f', digits, 64)
	whole, rest, _ := strings.Cut(text, ".")
	rest = strings.TrimRight(rest, "0")
	text = grouped(whole)
	if rest != "" {
		text += "." + rest
	}
	if x < 0 && text != "0" {
		text = minus + text
	}
	return text
}

func grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// signed puts the sign before what a change became in words.
func signed(change float64, text string) string {
	if change > 0 {
		return "+" + text
	}
	return text
}

// plural counts things.
func plural(count float64, one, many string) string {
	if count == 1 {
		return "1 " + one
	}
	return number(count) + " " + many
}

// length writes how long something is, in days where it has any.
func length(d time.Duration) string {
	const day = 24 * time.Hour
	switch days, hours := d/day, d%day/time.Hour; {
	case days == 0 && d < time.Hour:
		return plural(d.Minutes(), "minute", "minutes")
	case days == 0:
		return plural(d.Hours(), "hour", "hours")
	case hours == 0:
		return plural(float64(days), "day", "days")
	default:
		return plural(float64(days), "day", "days") + " " + plural(float64(hours), "hour", "hours")
	}
}
