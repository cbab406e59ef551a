package config

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/words"
)

func readPrometheus(s *section) *Prometheus {
	defer s.close()
	url := read(s, "url", "http://127.0.0.1:9090", httpURL)
	return &Prometheus{
		URL:     url,
		Access:  readAccess(s, url),
		Timeout: read(s, "timeout", 10*time.Second, duration(instant, 10*time.Minute)),
	}
}

func readQuery(s *section) Query {
	defer s.close()
	s.require("promql", "group_label")
	return Query{
		Name:       s.name,
		PromQL:     read(s, "promql", "", expression.saying("PromQL")),
		Range:      readRange(s),
		GroupLabel: read(s, "group_label", "", labelName),
	}
}

// maxPoints keeps an answer for a hundred groups within what is read of one.
const maxPoints = 1000

// readRange reads the range of the expression in s, if it has one.
func readRange(s *section) Range {
	if !s.has("range") {
		return Range{}
	}
	over := s.section("range")
	defer over.close()
	over.require("span")
	span := read(over, "span", time.Minute, duration(time.Second, 24*time.Hour))
	r := Range{
		Span:      span,
		Step:      read(over, "step", max(span/20, time.Second), duration(instant, 24*time.Hour)),
		Statistic: read(over, "statistic", "avg", oneOf("avg", "max", "median", "min")),
	}
	switch {
	case r.Step > r.Span:
		over.fault("step", "%s is longer than span (%s): shorten it", words.Span(r.Step), words.Span(r.Span))
	case r.Span/r.Step >= maxPoints:
		over.fault("step", "%s makes more than %d values of span (%s): lengthen it", words.Span(r.Step), maxPoints, words.Span(r.Span))
	}
	return r
}
