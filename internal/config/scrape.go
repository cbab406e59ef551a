package config

import (
	"math"
	"regexp"
	"time"
)

var (
	metricName = matching(regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`),
		"the name of a metric: write for example http_requests_total, and labels under labels", "name of a metric")
	labelName = matching(regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`),
		"the name of a label: write letters, digits and _", "name of a label")
)

func readScrape(s *section) *Scrape {
	defer s.close()
	s.require("metric")
	url := read(s, "url", "", httpURL)
	scrape := &Scrape{
		URL:     url,
		Port:    read(s, "port", 9100, port),
		Path:    read(s, "path", "/metrics", httpPath),
		Metric:  read(s, "metric", "", metricName),
		Labels:  s.texts("labels", labelName),
		Counter: readKind(s),
		Scale:   read(s, "scale", 1, positive(math.MaxFloat64)),
		Timeout: read(s, "timeout", 5*time.Second, duration(instant, time.Minute)),
		Access:  readAccess(s, url),
	}
	s.exclude("url", "belongs to the pages of instances, and url names one page for the group: remove one of the two", "port", "path")
	return scrape
}
