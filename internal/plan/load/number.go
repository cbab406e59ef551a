package load

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/words"
)

// parseNumber reads a field; an empty one is NaN.
func parseNumber(text string) (float64, error) {
	if text == "" {
		return unknown, nil
	}
	value, err := strconv.ParseFloat(text, 64)
	switch {
	case isNone(text) || math.IsNaN(value) || math.IsInf(value, 0) && err == nil:
		return 0, errors.New("is no number: leave the field empty where nothing is known")
	case errors.Is(err, strconv.ErrRange):
		return 0, errors.New("is larger than any load")
	case value == 0 && err == nil && isDecimal(text):
		return 0, nil // also of -0
	case err == nil && isDecimal(text):
		return value, nil
	case strings.Contains(text, ","):
		return 0, errors.New("is no number: write it with a point and without separators, as in 1234.5")
	case strings.HasSuffix(text, "%"):
		return 0, errors.New("is no number: write it without the unit")
	}
	return 0, errors.New("is no number: write for example 12.5")
}

// isDecimal says that the text has nothing but what decimal numbers are written with.
func isDecimal(text string) bool { return consists(text, "+-.0123456789eE") }

// consists says that the text has no other bytes than these.
func consists(text, of string) bool {
	for i := range len(text) {
		if strings.IndexByte(of, text[i]) < 0 {
			return false
		}
	}
	return true
}

// isNone says that the text is what other programs write where there is nothing.
func isNone(text string) bool {
	switch strings.ToLower(text) {
	case "na", "n/a", "null", "none", "undefined", "-":
		return true
	}
	return false
}

// zoned and zoneless are the ways in which times are written. A fraction of a second is read with each.
var (
	zoned    = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z0700"}
	zoneless = []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly}
)

// The years of a history.
const (
	firstYear = 1970
	lastYear  = 2200
)

// parseTime reads an instant, in nanoseconds of Unix time.
func parseTime(text string) (ns int64, err error) {
	if text != "" && consists(text, ".0123456789") {
		return parseUnix(text)
	}
	for _, layout := range zoned {
		if at, err := time.Parse(layout, text); err == nil {
			if year := at.UTC().Year(); year < firstYear || year > lastYear {
				return 0, fmt.Errorf("`%s` lies outside of the years %d to %d: is the time right?", words.Shown(text), firstYear, lastYear)
			}
			return at.UnixNano(), nil
		}
	}
	for _, layout := range zoneless {
		if at, err := time.Parse(layout, text); err == nil {
			written := at.Format("2006-01-02T15:04:05")
			return 0, fmt.Errorf("`%s` has no zone: write %sZ if it is UTC, or for example %s+09:00", words.Shown(text), written, written)
		}
	}
	return 0, fmt.Errorf("`%s` is no time: write for example 2026-04-01T15:04:05+09:00, or Unix seconds", words.Shown(text))
}

// parseUnix reads seconds, to the microsecond.
func parseUnix(text string) (ns int64, err error) {
	seconds, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return 0, fmt.Errorf("`%s` is no time: write for example 2026-04-01T15:04:05+09:00, or Unix seconds", words.Shown(text))
	case seconds >= 1e11:
		return 0, fmt.Errorf("`%s` is more than Unix seconds can be: divide milliseconds by 1000", words.Shown(text))
	case time.Unix(int64(seconds), 0).UTC().Year() > lastYear:
		return 0, fmt.Errorf("`%s` lies outside of the years %d to %d: is the time right?", words.Shown(text), firstYear, lastYear)
	}
	whole, fraction := math.Modf(seconds)
	return int64(whole)*1e9 + int64(math.Round(fraction*1e6))*1000, nil
}
