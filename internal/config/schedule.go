package config

import (
	"errors"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

// Schedule bounds the group while one of its windows holds.
type Schedule struct {
	When schedule.Spec // it means something; the dates of calendars are written out
	Min  int           // at least so many instances, Min..Max of the group; 0: no bound
	Max  int           // at most so many, Min..Max of the group; 0: no bound
}

func readSchedule(s *section, group Group) *Schedule {
	before := len(s.problems)
	scheduled := &Schedule{
		When: readWindows(s),
		Min:  read(s, "min", 0, group.size(1)),
		Max:  read(s, "max", 0, group.size(1)),
	}
	if size := read(s, "size", 0, group.size(1)); size > 0 {
		scheduled.Min, scheduled.Max = size, size
	}
	s.about.require("zone")
	s.about.bind(Rule{Any: []string{"cron", "dates"}})
	s.about.bind(Rule{Any: []string{"min", "max", "size"}})
	s.about.bind(Rule{If: with("size"), None: []string{"min", "max"}})
	s.about.bind(Rule{If: with("cron"), One: []string{"for", "until"}})
	s.about.bind(Rule{If: with("for"), Any: []string{"cron"}})
	s.about.bind(Rule{If: with("until"), Any: []string{"cron"}})
	readable := !s.broken && len(s.problems) == before
	s.close()
	if readable {
		s.checkBounds(scheduled)
		s.checkWindows(scheduled.When)
	}
	return scheduled
}

func readWindows(s *section) schedule.Spec {
	return schedule.Spec{
		Cron:   read(s, "cron", "", upToBytes(200).saying("minute, hour, day of month, month, weekday")),
		Zone:   read(s, "zone", "", upToBytes(60).saying("IANA name, such as `Asia/Tokyo`")),
		For:    read(s, "for", 0, duration(time.Minute, 366*24*time.Hour)),
		Until:  read(s, "until", "", parser[string]{upToBytes(20).parse, like(`^[0-9]{1,2}:[0-9]{2}$`, "`00:00` to `23:59`")}),
		Dates:  readDates(s, "dates", window),
		Except: slices.Concat(readDates(s, "except", s.env.holidays())...),
		Only:   slices.Concat(readDates(s, "only", s.env.holidays())...),
	}
}

// readDates is readList for a list that must not be empty.
func readDates[T any](s *section, key string, parse parser[T]) []T {
	dates := readList(s, key, nil, parse)
	s.about.atLeast(1, key)
	if dates != nil && len(dates) == 0 {
		s.fault(key, "there is no date: add one, or remove the key")
	}
	return dates
}

// window accepts a date, or the two times between which a window holds.
var window = parser[string]{parseWindow, like(`^`+datePattern+`$`, "`2026-12-31` or `2026-12-31 18:00/2027-01-01 06:00`")}

const datePattern = `[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2}/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2})?`

func parseWindow(value string) (string, error) {
	_, err := schedule.Parse(schedule.Spec{Zone: "UTC", Dates: []string{value}})
	if faults := fieldErrors(err); len(faults) > 0 {
		return "", errors.New(faults[0].Message)
	}
	return value, nil
}

// checkBounds reports bounds that are none, or contradict each other.
func (s *section) checkBounds(scheduled *Schedule) {
	switch {
	case s.has("size"):
		s.refuse("is said by size already: remove one of them", "min", "max")
	case scheduled.Min == 0 && scheduled.Max == 0 && len(s.meant) == 0:
		s.record(s.at, s.path, "bounds nothing: write min, max or size")
	case scheduled.Max > 0 && scheduled.Min > scheduled.Max:
		s.fault("min", "%d is larger than max (%d): lower min or raise max", scheduled.Min, scheduled.Max)
	}
}

// checkWindows reports what makes a schedule mean nothing, save where a key that is
// missing seems to be there under another name.
func (s *section) checkWindows(when schedule.Spec) {
	_, err := schedule.Parse(when)
	for _, fault := range fieldErrors(err) {
		if !slices.Contains(s.meant, fault.Field) {
			s.fault(fault.Field, "%s", fault.Message)
		}
	}
}

// fieldErrors are the faults that an error of [schedule.Parse] joins.
func fieldErrors(err error) (faults []*schedule.FieldError) {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return nil
	}
	for _, err := range joined.Unwrap() {
		var fault *schedule.FieldError
		if errors.As(err, &fault) {
			faults = append(faults, fault)
		}
	}
	return faults
}
