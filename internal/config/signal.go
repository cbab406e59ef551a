package config

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/words"
)

// CrossCheck is another signal of the same quantity, and by how much the two may differ.
type CrossCheck struct {
	Signal string
	Within float64 // share, above 0: of the larger of the two values
	Least  float64 // a smaller difference, in the signal's own unit, never counts; default 0
}

// MaxWindowSamples is the most samples that a window holds. It bounds what a signal
// takes of memory, at each instance.
const MaxWindowSamples = 1000

// PerInstance says that the signal is about each instance, not about the group.
func (s Signal) PerInstance() bool {
	return s.SNMP != nil && !s.SNMP.Address.IsValid() || s.Scrape != nil && s.Scrape.URL == "" || s.ofInstances
}

// CountsUp says that the signal is the rate of a counter that a machine in service
// keeps moving, or that the file says so of.
func (s Signal) CountsUp() bool {
	switch {
	case s.SNMP != nil:
		return s.SNMP.Counter || slices.Contains([]string{"network_in", "network_out", "network_in_packets", "network_out_packets"}, s.SNMP.Profile)
	case s.Scrape != nil:
		return s.Scrape.Counter
	}
	return false
}

// Most is the largest value that the file says there can be; 0: it does not say.
func (s Signal) Most() float64 {
	if s.SNMP != nil {
		return s.SNMP.Max
	}
	return s.Ceiling
}

// Amount is a value of the signal for people: 60% where it is known to be a share.
func (s Signal) Amount(value float64) string {
	if s.isShare() || s.Most() == 1 {
		return fmt.Sprintf("%.6g%%", value*100)
	}
	return fmt.Sprintf("%.6g", value)
}

func readSignals(s *section, known definitions, interval time.Duration) []Signal {
	entries := s.entries("signals")
	for _, entry := range entries {
		known.signals = append(known.signals, entry.name)
	}
	var signals []Signal
	for _, entry := range entries {
		signals = append(signals, readSignal(entry, known, interval))
	}
	joinSignals(entries, signals)
	return signals
}

func readSignal(s *section, known definitions, interval time.Duration) Signal {
	defer s.close()
	signal := Signal{
		Name:      s.name,
		Statistic: read(s, "statistic", "avg", statistic("avg", "max", "median", "min", "sum")),
		Over:      read(s, "over", "avg", overWindow),
		Offset:    read(s, "offset", 0, duration(0, 24*time.Hour)),
		Staleness: read(s, "staleness", max(3*interval, 30*time.Second), duration(interval, 24*time.Hour).shapedAs(duration(instant, 24*time.Hour))),
		Quorum:    read(s, "quorum", 1, someShare("the group would shrink without any data: write for example 80%")),
		Ceiling:   read(s, "ceiling", 0, positive(math.MaxFloat64)),
	}
	signal.Window = read(s, "window", time.Duration(reachOf(signal.Over).Of)*interval, duration(0, 24*time.Hour))
	if s.has("check") {
		signal.Check = readCheck(s.section("check"), known)
	}
	_ = s.has("frozen_after") // its default follows from the source, and it is none itself
	readOrigin(s, &signal, known)
	signal.FrozenAfter = read(s, "frozen_after", restOf(signal, interval), duration(0, 24*time.Hour))
	s.checkWindow(signal, interval)
	return signal
}

// restOf is how long the signal may stand still when the file does not say.
func restOf(signal Signal, interval time.Duration) time.Duration {
	if !signal.CountsUp() {
		return 0
	}
	return max(3*interval, 5*time.Minute)
}

func readCheck(s *section, known definitions) *CrossCheck {
	defer s.close()
	s.require("signal", "within")
	return &CrossCheck{
		Signal: read(s, "signal", "", reference("signal", known.signals)),
		Within: read(s, "within", 1, someShare("two sources are never quite equal: write for example 20%")),
		Least:  read(s, "least", 0, positive(math.MaxFloat64)),
	}
}

func (s *section) checkWindow(signal Signal, interval time.Duration) {
	switch n := reachOf(signal.Over).Of; {
	case signal.Window < time.Duration(n)*interval:
		s.fault("window", "%s does not hold %d samples, one each interval (%s): write at least %s, or remove it",
			words.Span(signal.Window), n, words.Span(interval), words.Span(time.Duration(n)*interval))
	case signal.Window == 0 && s.has("over"):
		s.fault("over", "is taken over the samples of window, and there is none: add for example window: 1m, or remove over")
	case signal.Window > MaxWindowSamples*interval:
		s.fault("window", "%s holds more than %d samples, one each interval (%s): write at most %s",
			words.Span(signal.Window), MaxWindowSamples, words.Span(interval), words.Span(MaxWindowSamples*interval))
	}
}

var percentile = regexp.MustCompile(`^p[5-9][0-9]$`)

// statistic accepts one of the given words, or a percentile.
func statistic(valid ...string) parser[string] {
	parse := func(value string) (string, error) {
		if slices.Contains(valid, value) || percentile.MatchString(value) {
			return value, nil
		}
		if near, ok := words.Nearest(value, valid); ok {
			return "", fmt.Errorf("unknown value `%s`: did you mean `%s`?", words.Shown(value), near)
		}
		return "", fmt.Errorf("unknown value `%s`: valid: %s, and percentiles from p50 to p99", words.Shown(value), strings.Join(valid, ", "))
	}
	return parser[string]{parse, func() Shape {
		return Shape{
			Range:   "`" + strings.Join(valid, "`, `") + "`, `p50` to `p99`",
			Pattern: `^(?:` + strings.Join(valid, "|") + `)$|` + percentile.String(),
		}
	}}
}

// readOrigin reads where the signal comes from, and refuses what has no meaning there.
func readOrigin(s *section, signal *Signal, known definitions) {
	source := s.choice("source", "snmp", "scrape", "promql", "query", "push", "first_of", "formula")
	switch source {
	case "snmp":
		signal.SNMP = readSNMP(s.section("snmp"), known.profiles)
	case "scrape":
		signal.Scrape = readScrape(s.section("scrape"))
	case "promql":
		signal.PromQL = read(s, "promql", "", expression.saying("PromQL with one result"))
		signal.Range = readRange(s)
	case "query":
		signal.Query = read(s, "query", "", reference("query", known.queries))
	case "push":
		signal.Push = readPush(s.section("push"))
	case "first_of":
		signal.FirstOf = readFirstOf(s, known)
	case "formula":
		signal.Formula = read(s, "formula", "", formulaOf(known.signals))
	}
	s.about.bind(Rule{If: with("range"), Any: []string{"promql"}})
	switch source {
	case "promql", "query", "push": // joinSignals refuses them
		s.about.bind(Rule{If: with(source), None: []string{"statistic", "quorum"}})
	}
	switch source {
	case "first_of", "formula":
		s.exclude(source, "belongs to the signals that this one is made of: write it there", "window", "over", "offset", "staleness", "frozen_after")
	case "snmp", "scrape", "push":
		s.exclude(source, "belongs to promql and query: other sources tell what is now: remove it", "offset")
	}
	if source == "snmp" {
		s.exclude(source, "belongs to other sources: a profile has its own, and beside oid it is called max", "ceiling")
	}
}
