package schedule

import (
	"math/bits"
	"slices"
	"time"
)

// pattern is the wall times at which windows begin: the fields of a cron, each with the
// bits of its values set, and the dates that it is held to. Wall times and dates are told
// as if they were in UTC, in Unix seconds and in days since 1970.
type pattern struct {
	minutes, hours         uint64
	days, months, weekdays uint64
	eitherDay              bool // day of month or weekday is enough
	only, except           []int64
}

const (
	minutesOfDay   = 24 * 60
	allHours       = 1<<24 - 1
	daysOfCalendar = 146097 // 400 years, after which days and weekdays recur
)

// everyHour tells whether windows follow the clocks as they run.
func (p *pattern) everyHour() bool { return p.hours == allHours }

// last is the last of the wall times up to wall, not sought before the date of floor.
func (p *pattern) last(wall, floor int64) (int64, bool) {
	date, minute := divide(wall, day), int(modulo(wall, day)/60)
	if at, ok := p.lastMinute(minute); ok && p.holdsOn(date) {
		return date*day + at, true
	}
	if date, ok := p.lastDate(date-1, divide(floor, day)); ok {
		at, _ := p.lastMinute(minutesOfDay - 1)
		return date*day + at, true
	}
	return 0, false
}

// next is the first of the wall times from wall on.
func (p *pattern) next(wall int64) (int64, bool) {
	wall += modulo(-wall, 60)
	date, minute := divide(wall, day), int(modulo(wall, day)/60)
	if at, ok := p.nextMinute(minute); ok && p.holdsOn(date) {
		return date*day + at, true
	}
	if date, ok := p.nextDate(date + 1); ok {
		at, _ := p.nextMinute(0)
		return date*day + at, true
	}
	return 0, false
}

// lastMinute is the last time of day up to a minute of the day, in seconds from midnight.
func (p *pattern) lastMinute(minute int) (int64, bool) {
	hour := minute / 60
	if minutes := p.minutes & (1<<(minute%60+1) - 1); minutes != 0 && p.hours>>hour&1 == 1 {
		return timeOfDay(hour, highest(minutes)), true
	}
	if hours := p.hours & (1<<hour - 1); hours != 0 {
		return timeOfDay(highest(hours), highest(p.minutes)), true
	}
	return 0, false
}

// nextMinute is the first time of day from a minute of the day on, in seconds from
// midnight.
func (p *pattern) nextMinute(minute int) (int64, bool) {
	hour := minute / 60
	if minutes := p.minutes >> (minute % 60) << (minute % 60); minutes != 0 && p.hours>>hour&1 == 1 {
		return timeOfDay(hour, bits.TrailingZeros64(minutes)), true
	}
	if hours := p.hours >> (hour + 1) << (hour + 1); hours != 0 {
		return timeOfDay(bits.TrailingZeros64(hours), bits.TrailingZeros64(p.minutes)), true
	}
	return 0, false
}

func timeOfDay(hour, minute int) int64 { return int64(hour*60+minute) * 60 }

func highest(set uint64) int { return 63 - bits.LeadingZeros64(set) }

// lastDate is the last date up to date on which windows begin, not sought before floor.
func (p *pattern) lastDate(date, floor int64) (int64, bool) {
	for date >= floor {
		if p.only != nil {
			if at, found := slices.BinarySearch(p.only, date); !found && at == 0 {
				return 0, false
			} else if !found {
				date = p.only[at-1]
			}
		}
		of := dateOf(date)
		switch {
		case !p.hasMonth(of):
			date -= int64(of.day)
		case p.holdsOnDate(date, of):
			return date, true
		default:
			date--
		}
	}
	return 0, false
}

// nextDate is the first date from date on on which windows begin, sought for 400 years.
func (p *pattern) nextDate(date int64) (int64, bool) {
	end := date + daysOfCalendar
	if len(p.only) > 0 {
		end = p.only[len(p.only)-1] + 1
	}
	for date < end {
		if p.only != nil {
			at, _ := slices.BinarySearch(p.only, date)
			date = p.only[at]
		}
		of := dateOf(date)
		switch {
		case !p.hasMonth(of):
			date += int64(max(1, 28-of.day))
		case p.holdsOnDate(date, of):
			return date, true
		default:
			date++
		}
	}
	return 0, false
}

// holdsOn tells whether windows begin on a date.
func (p *pattern) holdsOn(date int64) bool {
	if p.only != nil && !contains(p.only, date) {
		return false
	}
	return p.holdsOnDate(date, dateOf(date))
}

func (p *pattern) holdsOnDate(date int64, of monthAndDay) bool {
	weekday := modulo(date+int64(time.Thursday), 7) // 1970 began on a Thursday
	inMonth, inWeek := p.days>>of.day&1 == 1, p.weekdays>>weekday&1 == 1
	matches := inMonth && inWeek || p.eitherDay && (inMonth || inWeek)
	return matches && p.hasMonth(of) && !contains(p.except, date)
}

func (p *pattern) hasMonth(of monthAndDay) bool { return p.months>>of.month&1 == 1 }

func contains(dates []int64, date int64) bool {
	_, found := slices.BinarySearch(dates, date)
	return found
}

// monthAndDay is where in its year a date lies.
type monthAndDay struct {
	month time.Month
	day   int
}

func dateOf(date int64) monthAndDay {
	_, month, day := time.Unix(date*day, 0).UTC().Date()
	return monthAndDay{month: month, day: day}
}

// divide and modulo round down, also below zero.
func divide(a, b int64) int64 { return (a - modulo(a, b)) / b }

func modulo(a, b int64) int64 { return ((a % b) + b) % b }
