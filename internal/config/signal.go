package config

import "time"

// PerInstance says that the signal is about each instance, not about the group.
func (s Signal) PerInstance() bool {
	return s.SNMP != nil || s.Scrape != nil && s.Scrape.URL == ""
}

func readSignals(s *section, known definitions, interval time.Duration) []Signal {
	var signals []Signal
	for _, entry := range s.entries("signals") {
		signals = append(signals, readSignal(entry, known, interval))
	}
	return signals
}

func readSignal(s *section, known definitions, interval time.Duration) Signal {
	defer s.close()
	signal := Signal{
		Name:      s.name,
		Statistic: read(s, "statistic", "avg", oneOf("avg", "max", "sum")),
		Window:    read(s, "window", 0, duration(0, 24*time.Hour)),
		Staleness: read(s, "staleness", max(3*interval, 30*time.Second), duration(interval, 24*time.Hour)),
		Quorum:    read(s, "quorum", 1, someShare("the group would shrink without any data: write for example 80%")),
	}
	switch s.choice("source", "snmp", "scrape", "promql", "query") {
	case "snmp":
		signal.SNMP = readSNMP(s.section("snmp"))
	case "scrape":
		signal.Scrape = readScrape(s.section("scrape"))
	case "promql":
		signal.PromQL = read(s, "promql", "", expression)
	case "query":
		signal.Query = read(s, "query", "", reference("query", known.queries))
	default:
		return signal
	}
	if !signal.PerInstance() {
		s.refuse("has no meaning for a signal of the group, which is one value: remove it", "statistic", "quorum")
	}
	return signal
}
