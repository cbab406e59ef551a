package docs

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	colours   = regexp.MustCompile("\x1b\\[[0-9;]*m")
	durations = regexp.MustCompile(`\b(\d+(\.\d+)?(h|ms|m|s|µs))+\b`)
	numbers   = regexp.MustCompile(`\d+([.,:]\d+)*`)
	blanks    = regexp.MustCompile(`\s+`)
)

// shape is a line of output with what differs from run to run taken out.
func shape(line string) string {
	line = colours.ReplaceAllString(line, "")
	line = durations.ReplaceAllString(line, "#t")
	line = numbers.ReplaceAllString(line, "#")
	return strings.TrimSpace(blanks.ReplaceAllString(line, " "))
}

// matches says whether a line that was printed is what a page shows.
func matches(shown, printed string) bool {
	parts := strings.Split(shape(shown), "…")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(shape(printed))
}

// compare says which line of what a page shows was not printed, in its order.
func compare(shown, printed string) error {
	left := strings.Split(printed, "\n")
	for line := range strings.SplitSeq(strings.TrimSpace(shown), "\n") {
		if strings.Trim(line, " …") == "" {
			continue
		}
		found := false
		for i := range left {
			if found = matches(line, left[i]); found {
				left = left[i+1:]
				break
			}
		}
		if !found {
			return fmt.Errorf("the page shows a line that was not printed, or not there:\n  %s", line)
		}
	}
	return nil
}
