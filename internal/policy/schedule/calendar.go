package schedule

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// ParseCalendar reads the dates of a holiday calendar, in the file's order: plain text
// with one date per line, "2026-01-01", and after it a name if one likes. Empty lines and
// what follows a # do not count. The error names the line.
func ParseCalendar(r io.Reader) (dates []string, err error) {
	lineOf := map[string]int{}
	lines := bufio.NewScanner(r)
	number := 1
	for ; lines.Scan(); number++ {
		line := strings.TrimPrefix(lines.Text(), "\ufeff") // some editors begin a file with it
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		date := words[0]
		if _, err := parseDate(date); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if earlier, twice := lineOf[date]; twice {
			return nil, fmt.Errorf("line %d: %s is on line %d already: leave one of them out", number, date, earlier)
		}
		lineOf[date] = number
		dates = append(dates, date)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: read the calendar: %w", number, err)
	}
	return dates, nil
}
