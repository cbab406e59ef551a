package config

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/autoscaled/autoscaled/internal/words"
)

// Reach is "M of N" over the newest N samples: the value that M of them reach.
type Reach struct{ Count, Of int } // 1 ≤ Count ≤ Of; the zero Reach is none

// ParseReach reads what `over` says in that form.
func ParseReach(text string) (Reach, bool) {
	match := reachText.FindStringSubmatch(text)
	if match == nil {
		return Reach{}, false
	}
	count, _ := strconv.Atoi(match[1]) // the pattern lets only small numbers through
	of, _ := strconv.Atoi(match[2])
	return Reach{count, of}, count <= of
}

var reachText = regexp.MustCompile(`^([1-9][0-9]{0,2}) of ([1-9][0-9]{0,2})$`)

func reachOf(over string) Reach {
	reach, _ := ParseReach(over)
	return reach
}

// overWindow accepts what the samples of a window can make.
var overWindow = parser[string]{parseOverWindow, func() Shape {
	shape := statisticsOverTime.shape()
	return Shape{Range: shape.Range + ", M of N", Pattern: shape.Pattern + `|` + reachText.String()}
}}

var statisticsOverTime = statistic("avg", "ewma", "last", "max", "min")

func parseOverWindow(value string) (string, error) {
	if _, ok := ParseReach(value); ok {
		return value, nil
	}
	if reachText.MatchString(value) {
		return "", fmt.Errorf("`%s` asks for more samples than it looks at: write for example 3 of 5", words.Shown(value))
	}
	return statisticsOverTime.parse(value)
}
