package schedule_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

func TestCalendarIsReadWithItsCommentsAndNames(t *testing.T) {
	t.Parallel()
	got, err := schedule.ParseCalendar(strings.NewReader("\ufeff# holidays\r\n\r\n2026-05-05 Children's Day\r\n\t2026-01-01\t# the first\n2026-05-04"))
	if want := []string{"2026-05-05", "2026-01-01", "2026-05-04"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestFaultyCalendarIsRefusedAtItsLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"# holidays\n2026-02-30 none":               `line 2: "2026-02-30" is not a date: write one like "2026-12-31"`,
		"2026/01/01":                                `line 1: "2026/01/01" is not a date`,
		"New Year's Day 2026-01-01":                 `line 1: "New" is not a date`,
		"2026-01-01\n\n2026-01-01 again":            "line 3: 2026-01-01 is on line 1 already: leave one of them out",
		"2026-01-01\n" + strings.Repeat("x", 1<<17): "line 2: read the calendar: ",
	} {
		if got, err := schedule.ParseCalendar(strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), want) || got != nil {
			t.Errorf("%.40q: %v, %v, want %s", text, got, err, want)
		}
	}
	broken := errors.New("broken")
	if _, err := schedule.ParseCalendar(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a reader that fails gives %v", err)
	}
}
