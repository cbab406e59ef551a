package planning

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/words"
)

const day = 24 * time.Hour

// ReadSpan reads a length of time as people write it: 90s, 1h30m, and also 28d or 2w.
func ReadSpan(text string) (time.Duration, error) {
	for unit, length := range map[string]time.Duration{"d": day, "w": 7 * day} {
		if count, ok := strings.CutSuffix(text, unit); ok {
			n, err := strconv.ParseFloat(count, 64)
			if err == nil && n >= 0 && n < 100_000 {
				return time.Duration(n * float64(length)), nil
			}
		}
	}
	span, err := time.ParseDuration(text)
	if err != nil || span < 0 {
		return 0, fmt.Errorf("`%s` is no length of time: write for example 90s, 10m, 8h or 28d", words.Shown(text))
	}
	return span, nil
}

// ReadTime reads an instant as people write it, by the clocks of a zone unless it names
// its own.
func ReadTime(text string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("`%s` is no time: write for example 2026-10-01, 2026-10-01T12:00 or 2026-10-01T12:00:00+09:00", words.Shown(text))
}

// Brief is a length of time as people write it: 1h and not 1h0m0s, 28d and not 672h.
func Brief(d time.Duration) string {
	if d >= 2*day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return words.Span(d)
}
