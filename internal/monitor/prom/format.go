package prom

import (
	"errors"
	"fmt"
	"mime"
	"strings"
)

// format is how the lines of a page are written.
type format int

const (
	textFormat  format = iota // Prometheus text 0.0.4 and 1.0.0: times in whole milliseconds
	openMetrics               // OpenMetrics 1: times in seconds, exemplars, and an end that is marked
)

// acceptedFormats prefers the text that a person sees who opens the page: in
// OpenMetrics some libraries give counters another name.
const acceptedFormats = "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5"

// formatOf is the format that a Content-Type announces. Without one the page is
// taken for text, which simple exporters mean.
func formatOf(contentType string) (format, error) {
	if contentType == "" {
		return textFormat, nil
	}
	media, parameters, err := mime.ParseMediaType(contentType)
	version := parameters["version"]
	switch {
	case err != nil:
		return 0, errors.New("its Content-Type cannot be parsed: is it a page of metrics?")
	case media == "text/plain" && (version == "" || version == "0.0.4" || version == "1.0.0"):
		return textFormat, nil
	case media == "application/openmetrics-text" && (version == "" || strings.HasPrefix(version, "0.") || strings.HasPrefix(version, "1.")):
		return openMetrics, nil
	default:
		return 0, fmt.Errorf("its Content-Type is %.40q version %.10q, wanted is text/plain version 0.0.4 or application/openmetrics-text version 1.0.0: is it a page of metrics?", media, version)
	}
}
