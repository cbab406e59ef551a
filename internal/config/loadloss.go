package config

import "time"

// LoadLoss says when a fall of the load counts as an outage rather than as idleness, so
// that the group does not shrink on it.
type LoadLoss struct {
	Fall    float64       // share above 0, up to 1: by more than this below what it was over the last minutes; default 0.6
	Release time.Duration // for so long at most; default 30m, 0: no fall counts as an outage
}

func readLoadLoss(s *section) LoadLoss {
	defer s.close()
	return LoadLoss{
		Fall:    read(s, "fall", 0.6, someShare("any fall would count as an outage: write for example 60%, or release: 0s for no such guard")),
		Release: read(s, "release", 30*time.Minute, duration(0, 24*time.Hour)),
	}
}
