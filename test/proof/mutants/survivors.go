package main

import (
	"fmt"
	"strings"
)

// readSurvivors reads the list of accepted survivors: a line with a mutant's key, and
// under it the indented reason. Lines that begin with # say nothing.
func readSurvivors(text string) (reasons map[string]string, err error) {
	reasons = map[string]string{}
	key := ""
	for i, line := range strings.Split(text, "\n") {
		reason := strings.TrimSpace(line)
		switch {
		case reason == "" || strings.HasPrefix(line, "#"):
		case reason == line:
			if _, twice := reasons[line]; twice {
				return nil, fmt.Errorf("line %d of the survivors: %q is there already", i+1, line)
			}
			key, reasons[line] = line, ""
		case key == "":
			return nil, fmt.Errorf("line %d of the survivors: this reason belongs to no mutant", i+1)
		default:
			reasons[key] = strings.TrimSpace(reasons[key] + " " + reason)
		}
	}
	for key, reason := range reasons {
		if reason == "" {
			return nil, fmt.Errorf("the survivors: give %q a reason, on an indented line under it", key)
		}
	}
	return reasons, nil
}
