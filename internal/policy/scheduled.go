package policy

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

// Schedule bounds the group while one of its windows holds. Of several that hold at once,
// the largest Min and the smallest Max count; where the two contradict each other, Min.
type Schedule struct {
	When schedule.Spec
	Min  int `json:",omitempty"` // at least so many, up to the group's max
	Max  int `json:",omitempty"` // at most so many; 0: no bound

	windows *schedule.Schedule // nil: as yet not parsed
}

// NewSchedule refuses a schedule that means nothing. Its errors are those of
// [schedule.Parse].
func NewSchedule(when schedule.Spec, least, most int) (*Schedule, error) {
	windows, err := schedule.Parse(when)
	if err != nil {
		return nil, err
	}
	return &Schedule{When: when, Min: least, Max: most, windows: windows}, nil
}

// UnmarshalJSON reads a schedule that was kept.
func (s *Schedule) UnmarshalJSON(data []byte) error {
	type plain Schedule
	if err := json.Unmarshal(data, (*plain)(s)); err != nil {
		return err
	}
	windows, err := schedule.Parse(s.When)
	if err != nil {
		return fmt.Errorf("read a schedule: %w", err)
	}
	s.windows = windows
	return nil
}

// beginsWithin is when the schedule next begins to hold, if it does so within the span.
func (s *Schedule) beginsWithin(span time.Duration, now time.Time) (time.Time, bool) {
	for at, last := now, now.Add(span); ; {
		next, ok := s.windows.Next(at)
		if !ok || next.After(last) {
			return time.Time{}, false
		}
		if _, holds := s.windows.At(next); holds {
			return next, true
		}
		at = next
	}
}

func (s *Schedule) recommend(now time.Time) Recommendation {
	r := Recommendation{Verdict: Abstain, Value: Missing(Absent, now)}
	if _, holds := s.windows.At(now); holds {
		r.Verdict, r.Count = Want, s.Min
	}
	return r
}
