package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

const (
	forMax  = 366                // days that a window by cron may last
	minutes = "2006-01-02 15:04" // a wall time in Dates
)

// FieldError is what is wrong with one field of a [Spec].
type FieldError struct {
	Field   string // as in its JSON: cron, zone, for, until, dates, except or only
	Message string // what is wrong, and after a colon what to write instead
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Message }

// Parse reads a schedule. The error joins a [FieldError] for each fault.
func Parse(spec Spec) (*Schedule, error) {
	p := &parser{}
	s := p.schedule(spec)
	if len(p.faults) > 0 {
		return nil, errors.Join(p.faults...)
	}
	return s, nil
}

// parser reads the fields of a schedule and keeps the faults it finds. Its methods are
// named after what they read.
type parser struct {
	faults []error
}

func (p *parser) fault(field, format string, args ...any) {
	p.faults = append(p.faults, &FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (p *parser) schedule(spec Spec) *Schedule {
	s := &Schedule{pattern: p.cron(spec.Cron), clock: clock{p.zone(spec.Zone)}}
	except, only := p.days("except", spec.Except), p.days("only", spec.Only)
	dates := p.dates(spec.Dates)
	switch {
	case spec.Cron == "" && len(spec.Dates) == 0:
		p.fault("cron", "nothing says when windows begin: write cron, dates or both")
	case spec.Cron == "" && (spec.For != 0 || spec.Until != ""):
		p.fault("for", "for and until say how long windows by cron last, and there is no cron: write each end into dates")
	case spec.Cron == "" && len(except)+len(only) > 0:
		p.fault("except", "except and only hold back windows by cron, and there is no cron: write cron, or leave them out")
	case spec.Cron != "":
		s.seconds, s.until = p.length(spec, s.pattern)
	}
	if len(p.faults) > 0 {
		return nil
	}
	if s.pattern != nil {
		s.pattern.except, s.pattern.only = except, only
		s.dense = s.seconds > 0 && s.pattern.widest() <= s.seconds
		p.everBegins(spec, s.pattern)
	}
	s.once = p.once(dates, s.clock)
	return s
}

func (p *parser) zone(name string) *time.Location {
	switch {
	case name == "":
		p.fault("zone", "no zone: write the IANA name of the zone whose clocks count, such as Asia/Tokyo")
		return nil
	case name == "Local", name == "localtime", strings.HasPrefix(name, "right/"), strings.HasPrefix(name, "posix/"):
		p.fault("zone", "%q is not the same on every machine: write an IANA name, such as Asia/Tokyo", name)
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		p.fault("zone", "%v: write an IANA name, such as Asia/Tokyo; if it is one, install the time zone database (tzdata)", err)
	}
	return zone
}

// length is how long windows by cron last, in seconds, or when they end, in seconds from
// midnight.
func (p *parser) length(spec Spec, pattern *pattern) (seconds, until int64) {
	switch {
	case spec.For == 0 && spec.Until == "":
		p.fault("for", "nothing says how long windows last: write for, such as 10h, or until, such as \"18:00\"")
	case spec.For != 0 && spec.Until != "":
		p.fault("until", "for and until both say how long windows last: keep one of them")
	case spec.Until != "":
		if pattern != nil && pattern.everyHour() {
			p.fault("until", "a cron of every hour begins windows all the time, and until ends them once a day: name the hours in cron, or write for")
		}
		return 0, p.timeOfDay(spec.Until)
	case spec.For < time.Minute:
		p.fault("for", "%v is too short, a window could pass between two looks: write at least 1m", spec.For)
	case spec.For > forMax*24*time.Hour:
		p.fault("for", "%v is more than %d days: write the window into dates", spec.For, forMax)
	case spec.For%time.Second != 0:
		p.fault("for", "%v is not in whole seconds: write %v", spec.For, spec.For.Round(time.Second))
	}
	return int64(spec.For / time.Second), 0
}

func (p *parser) timeOfDay(text string) int64 {
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		p.fault("until", "%q is not a time of day: write one from 00:00 to 23:59, such as \"18:00\"", text)
		return 0
	}
	return timeOfDay(at.Hour(), at.Minute())
}

// days are dates as days since 1970, in order.
func (p *parser) days(field string, dates []string) []int64 {
	var all []int64
	for _, text := range dates {
		at, err := parseDate(text)
		if err != nil {
			p.fault(field, "%v", err)
			continue
		}
		all = append(all, divide(at.Unix(), day))
	}
	slices.Sort(all)
	return all
}

// dates are the wall times of windows of their own.
func (p *parser) dates(texts []string) []span {
	var all []span
	for _, text := range texts {
		from, until, err := parseWindow(text)
		if err != nil {
			p.fault("dates", "%v", err)
			continue
		}
		all = append(all, span{begin: from.Unix(), end: until.Unix()})
	}
	return all
}

// once are windows of their own, from their wall times.
func (p *parser) once(walls []span, clock clock) spans {
	var all []span
	for _, wall := range walls {
		begin := clock.reaches(wall.begin, wall.begin-day) // no clock is a day before UTC
		window := span{begin: begin, end: clock.reaches(wall.end, begin)}
		if window.begin == window.end {
			p.fault("dates", "the clocks of %v skip the window that begins at %v altogether: write times that they show",
				clock.zone, time.Unix(wall.begin, 0).UTC().Format(minutes))
			continue
		}
		all = append(all, window)
	}
	return joined(all)
}

// parseWindow is the wall times between which a window of Dates holds.
func parseWindow(text string) (from, until time.Time, err error) {
	if !strings.Contains(text, "/") {
		from, err = parseDate(text)
		return from, from.AddDate(0, 0, 1), err
	}
	begin, end, _ := strings.Cut(text, "/")
	from, errFrom := time.Parse(minutes, begin)
	until, errUntil := time.Parse(minutes, end)
	switch {
	case errFrom != nil || errUntil != nil || len(begin)+len(end) != 2*len(minutes) || from.Year() < 1 || until.Year() < 1:
		return from, until, fmt.Errorf("%q is neither a date nor two times: write \"2026-12-31\" or \"2026-12-31 18:00/2027-01-01 06:00\"", text)
	case !from.Before(until):
		return from, until, fmt.Errorf("%q ends before it begins: write the earlier time first", text)
	}
	return from, until, nil
}

// parseDate is midnight of a date, as if it were in UTC.
func parseDate(text string) (time.Time, error) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil || at.Year() < 1 {
		return time.Time{}, fmt.Errorf("%q is not a date: write one like \"2026-12-31\"", text)
	}
	return at, nil
}

// cron reads the five fields; nil: there are none, or they are faulty.
func (p *parser) cron(text string) *pattern {
	if text == "" {
		return nil
	}
	fields, err := cronFields(text)
	if err != nil {
		p.fault("cron", "%q: %v", text, err)
		return nil
	}
	set, err := cronSets(text)
	if err != nil {
		p.fault("cron", "%q: %v: write minute, hour, day of month, month and weekday, such as 0 8 * * 1-5", text, err)
		return nil
	}
	return &pattern{
		minutes: set.Minute & (1<<60 - 1), hours: set.Hour & allHours,
		days: set.Dom & (1<<32 - 1), months: set.Month & (1<<13 - 1), weekdays: set.Dow & (1<<7 - 1),
		eitherDay: !isAny(fields[2]) && !isAny(fields[4]),
	}
}

// cronFields refuses what the library would read as something else, or explain badly.
func cronFields(text string) ([]string, error) {
	fields := strings.Fields(text)
	switch {
	case strings.Contains(text, "TZ="):
		return nil, errors.New("cron has no place for a zone: write it as zone")
	case strings.HasPrefix(text, "@"):
		return nil, errors.New("names such as @daily are not known: write minute, hour, day of month, month and weekday, such as 0 0 * * *")
	case len(fields) == 6:
		return nil, errors.New("there are six fields, and seconds or years are not known: write minute, hour, day of month, month and weekday")
	case len(fields) != 5:
		return nil, fmt.Errorf("there are %d fields: write minute, hour, day of month, month and weekday", len(fields))
	}
	for _, field := range fields {
		for _, entry := range strings.Split(field, ",") {
			if entry == "" || isAny(entry) && strings.Contains(entry, "-") || strings.Contains(entry, "+") {
				return nil, fmt.Errorf("%q is no list of values, ranges a-b and steps */n or a-b/n: write one", field)
			}
		}
	}
	if strings.ContainsAny(fields[4], "789") {
		return nil, fmt.Errorf("%q is no weekday: they go from 0, Sunday, to 6, Saturday, or from SUN to SAT", fields[4])
	}
	return fields, nil
}

// isAny tells whether a field begins with *: for days that makes the other day field
// decide.
func isAny(field string) bool { return field[0] == '*' || field[0] == '?' }

// cronSets are the values of each field as bits. The library is known to panic on some
// faulty texts.
func cronSets(text string) (set *cron.SpecSchedule, err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			err = fmt.Errorf("it cannot be read (%v)", recovered)
		}
	}()
	parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
	if err != nil {
		return nil, err
	}
	set, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, errors.New("it has no times of day")
	}
	return set, nil
}

// everBegins refuses a cron without a day to begin on.
func (p *parser) everBegins(spec Spec, pattern *pattern) {
	if _, ok := pattern.nextDate(divide(earliest, day)); ok {
		return
	}
	if len(spec.Only) > 0 {
		p.fault("only", "cron %q matches none of the dates that only leaves: correct either of them", spec.Cron)
		return
	}
	p.fault("cron", "%q matches no day, no month is that long: correct the day of month or the month", spec.Cron)
}

// widest is the longest time between two neighbouring begins of a day, in seconds.
func (p *pattern) widest() int64 {
	var widest int64
	previous, _ := p.nextMinute(0)
	for at, ok := previous, true; ok; at, ok = p.nextMinute(int(at/60) + 1) {
		widest = max(widest, at-previous)
		previous = at
	}
	return widest
}
