package planning

import (
	"testing"
	"time"
)

func TestSpansAreReadAndWrittenAsPeopleDo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"28d": 28 * day, "2w": 14 * day, "1.5d": 36 * time.Hour, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "0s": 0} {
		if got, err := ReadSpan(text); err != nil || got != want {
			t.Errorf("%s is %v (%v)", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "28", "-5m", "xd", "-1d", "1e99d"} {
		if got, err := ReadSpan(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
	for want, span := range map[string]time.Duration{"28d": 28 * day, "24h": day, "25h30m": 25*time.Hour + 30*time.Minute, "10m": 10 * time.Minute, "1h": time.Hour, "0s": 0, "1m30s": 90 * time.Second} {
		if got := Brief(span); got != want {
			t.Errorf("%v is written %s, want %s", span, got, want)
		}
	}
}

func TestTimesAreThoseOfTheZone(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("JST", 9*3600)
	want := time.Date(2026, 10, 1, 3, 0, 0, 0, time.UTC)
	for _, text := range []string{"2026-10-01T12:00", "2026-10-01 12:00", "2026-10-01T12:00:00", "2026-10-01T03:00:00Z", "2026-10-01T12:00+09:00"} {
		if got, err := ReadTime(text, tokyo); err != nil || !got.Equal(want) {
			t.Errorf("%s is %v (%v)", text, got, err)
		}
	}
	if got, err := ReadTime("2026-10-01", tokyo); err != nil || !got.Equal(want.Add(-12*time.Hour)) {
		t.Errorf("a day begins at %v (%v)", got, err)
	}
	_, err := ReadTime("noon", tokyo)
	expectError(t, err, "`noon` is no time: write for example 2026-10-01")
}
