package config

import "time"

// Rate allows a change within a period, of so many instances or of a share of those at
// its beginning: either of Count and Share is set, and above 0.
type Rate struct {
	Count  int
	Share  float64
	Period time.Duration // 10s..24h
}

// readRates reads how fast the group may change, and whether of several rates the one
// counts that allows the least. Key is how a rate says how much, and most the largest
// share that it can say; which is the rate that counts when the file does not say.
func readRates(s *section, key string, most float64, which string) (rates []Rate, least bool) {
	items := s.some("rates", s.items("rates"), "there is no rate: add one, or remove the key")
	for _, item := range items {
		rates = append(rates, readRate(item, key, most))
	}
	least = read(s, "rate", which, oneOf("least", "most")) == "least"
	s.about.bind(Rule{If: with("rate"), Any: []string{"rates"}})
	if items == nil {
		s.refuse("chooses among rates, and there are none: add rates, or remove it", "rate")
	}
	return rates, least
}

func readRate(s *section, key string, most float64) Rate {
	defer s.close()
	s.require(key, "per")
	change := read(s, key, Change{}, amount(most))
	return Rate{Count: change.Count, Share: change.Share, Period: read(s, "per", 0, duration(10*time.Second, 24*time.Hour))}
}
