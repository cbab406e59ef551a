package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

// maxCalendarBytes bounds a calendar of holidays. Thousands of years fit.
const maxCalendarBytes = 1 << 20

// holidays accepts a date, or a reference to a calendar, whose dates it reads.
func (e Env) holidays() parser[[]string] {
	return parser[[]string]{e.parseHolidays, like(`^(?:`+datePattern+`|file:/.*)$`, "dates, and `file:/PATH` of calendars")}
}

func (e Env) parseHolidays(value string) ([]string, error) {
	path, refers := strings.CutPrefix(value, "file:")
	if !refers {
		date, err := window.parse(value)
		return []string{date}, err
	}
	if _, err := absolutePath.parse(path); err != nil {
		return nil, errors.New("what follows file: is not an absolute path: write file:/PATH")
	}
	return e.calendar(path)
}

// calendar reads the dates of a calendar. One that is not there is passed over where
// secrets are.
func (e Env) calendar(path string) ([]string, error) {
	file, err := e.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && e.SkipSecrets:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%w: put the calendar there, readable by the daemon's user", err)
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file: put the calendar into one", path)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxCalendarBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: put the calendar there, readable by the daemon's user", err)
	case len(content) > maxCalendarBytes:
		return nil, fmt.Errorf("%s is larger than %d bytes: put only dates there", path, maxCalendarBytes)
	}
	dates, err := schedule.ParseCalendar(bytes.NewReader(content))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case len(dates) == 0:
		return nil, fmt.Errorf("%s holds no date: write one per line, such as 2026-01-01", path)
	}
	return dates, nil
}
