package config

import (
	"errors"
	"fmt"

	"github.com/autoscaled/autoscaled/internal/words"
)

// Threshold changes the group while all of its conditions hold.
type Threshold struct {
	When   []Condition // at least one
	Hits   Reach       // it must hold at so many of so many evaluations; default 1 of 1
	Change Change      // unless Size is set
	Size   *int        // exactly so many instances, Min..Max of the group
}

// Condition holds while the signal is above, or below, the bound: exactly one is set.
type Condition struct {
	Signal string
	Above  *float64 // shares such as 60% are 0.6
	Below  *float64
}

func readThreshold(s *section, group Group) *Threshold {
	defer s.close()
	s.require("when")
	threshold := &Threshold{Hits: read(s, "hits", Reach{1, 1}, hits)}
	for _, item := range s.some("when", s.items("when"), "there is no condition: add one") {
		condition := readCondition(item, group.Signals)
		for _, earlier := range threshold.When {
			if condition.excludes(earlier) || earlier.excludes(condition) {
				item.fault("signal", "cannot be as an earlier condition demands at the same time: correct the bound of either")
			}
		}
		threshold.When = append(threshold.When, condition)
	}
	s.know("at_least")
	switch key := s.choice("change", "add", "remove", "size"); key {
	case "add", "remove":
		threshold.Change = readChange(s, key)
	case "size":
		size := read(s, "size", group.Max, group.size(0))
		threshold.Size = &size
		s.exclude("size", "belongs to add and remove: remove it", "at_least")
	}
	return threshold
}

func readCondition(s *section, signals []Signal) Condition {
	defer s.close()
	signal := signalOf(s, signals)
	condition := Condition{Signal: signal.Name}
	side := s.choice("bound", "above", "below")
	if side == "" {
		return condition
	}
	bound := read(s, side, 0, number)
	s.checkBound(side, bound, signal, false)
	if side == "above" {
		condition.Above = &bound
	} else {
		condition.Below = &bound
	}
	return condition
}

// excludes says that no value of the signal is above the one bound and below the other.
func (c Condition) excludes(other Condition) bool {
	return c.Signal == other.Signal && c.Above != nil && other.Below != nil && *c.Above >= *other.Below
}

// maxHits is over how many evaluations a threshold can look.
const maxHits = 60

// hits accepts "M of N" evaluations.
var hits = parser[Reach]{parseHits, like(`^[1-9][0-9]{0,2} of (?:`+between(1, maxHits)+`)$`, fmt.Sprintf("M of N, up to `%d of %[1]d`", maxHits))}

func parseHits(value string) (Reach, error) {
	reach, ok := ParseReach(value)
	switch {
	case ok && reach.Of <= maxHits:
		return reach, nil
	case reach.Count > reach.Of:
		return Reach{}, errors.New("asks for more evaluations than it looks at: write for example 3 of 5")
	case ok:
		return Reach{}, fmt.Errorf("looks at %d evaluations: write at most %d", reach.Of, maxHits)
	}
	return Reach{}, fmt.Errorf("`%s` is not so many of so many evaluations: write for example 3 of 5", words.Shown(value))
}
