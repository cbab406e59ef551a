package schedule_test

import (
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

// scene is a schedule and every window of it that begins within a span of time.
type scene struct {
	name        string
	spec        schedule.Spec
	from, until string
	want        []string
}

func play(t *testing.T, scenes []scene) {
	t.Helper()
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			t.Parallel()
			got := windows(t, parse(t, scene.spec), scene.from, scene.until)
			if !slices.Equal(got, scene.want) {
				t.Errorf("the windows are\n%q, want\n%q", got, scene.want)
			}
		})
	}
}

func TestWindowsAreWhereTheirOwnerExpectsThem(t *testing.T) {
	t.Parallel()
	play(t, []scene{
		{
			name: "on working days",
			spec: schedule.Spec{Cron: "0 8 * * 1-5", Zone: "Asia/Tokyo", For: 10 * time.Hour},
			from: "2026-11-20T15:00:00Z", until: "2026-11-24T15:00:00Z",
			want: []string{"2026-11-22T23:00:00Z/2026-11-23T09:00:00Z", "2026-11-23T23:00:00Z/2026-11-24T09:00:00Z"},
		},
		{
			name: "until a time of the same day",
			spec: schedule.Spec{Cron: "0 8 * * SAT", Zone: "Asia/Tokyo", Until: "18:00"},
			from: "2026-11-20T00:00:00Z", until: "2026-11-27T00:00:00Z",
			want: []string{"2026-11-20T23:00:00Z/2026-11-21T09:00:00Z"},
		},
		{
			name: "until a time of the next day",
			spec: schedule.Spec{Cron: "0 22 31 12 *", Zone: "UTC", Until: "06:00"},
			from: "2026-01-01T12:00:00Z", until: "2028-01-01T12:00:00Z",
			want: []string{"2026-12-31T22:00:00Z/2027-01-01T06:00:00Z", "2027-12-31T22:00:00Z/2028-01-01T06:00:00Z"},
		},
		{
			name: "until the same time of the next day",
			spec: schedule.Spec{Cron: "0 0 * * 6", Zone: "UTC", Until: "00:00"},
			from: "2026-11-20T00:00:00Z", until: "2026-11-27T00:00:00Z",
			want: []string{"2026-11-21T00:00:00Z/2026-11-22T00:00:00Z"},
		},
		{
			name: "on 29 February, which 2100 has not",
			spec: schedule.Spec{Cron: "0 0 29 2 *", Zone: "UTC", For: time.Hour},
			from: "2095-01-01T00:00:00Z", until: "2105-01-01T00:00:00Z",
			want: []string{"2096-02-29T00:00:00Z/2096-02-29T01:00:00Z", "2104-02-29T00:00:00Z/2104-02-29T01:00:00Z"},
		},
		{
			name: "on the 31st of months that have one",
			spec: schedule.Spec{Cron: "30 23 31 * *", Zone: "UTC", For: time.Hour},
			from: "2026-01-01T00:00:00Z", until: "2026-06-01T00:30:00Z",
			want: []string{"2026-01-31T23:30:00Z/2026-02-01T00:30:00Z", "2026-03-31T23:30:00Z/2026-04-01T00:30:00Z", "2026-05-31T23:30:00Z/2026-06-01T00:30:00Z"},
		},
		{
			name: "on the day of month or the weekday, when both are given",
			spec: schedule.Spec{Cron: "0 0 13 * 5", Zone: "UTC", For: time.Hour},
			from: "2026-10-08T12:00:00Z", until: "2026-10-17T00:00:00Z",
			want: []string{"2026-10-09T00:00:00Z/2026-10-09T01:00:00Z", "2026-10-13T00:00:00Z/2026-10-13T01:00:00Z", "2026-10-16T00:00:00Z/2026-10-16T01:00:00Z"},
		},
		{
			name: "on the first Monday, as cron(5) readers write it",
			spec: schedule.Spec{Cron: "0 0 */100,1-7 * MON", Zone: "UTC", For: time.Hour},
			from: "2026-10-01T00:00:00Z", until: "2026-12-01T00:00:00Z",
			want: []string{"2026-10-05T00:00:00Z/2026-10-05T01:00:00Z", "2026-11-02T00:00:00Z/2026-11-02T01:00:00Z"},
		},
		{
			name: "not on the dates excepted, also where it would end on one",
			spec: schedule.Spec{Cron: "0 22 * * *", Zone: "Asia/Tokyo", For: 4 * time.Hour, Except: []string{"2026-11-23", "2026-11-03"}},
			from: "2026-11-21T15:00:00Z", until: "2026-11-24T15:00:00Z",
			want: []string{"2026-11-22T13:00:00Z/2026-11-22T17:00:00Z", "2026-11-24T13:00:00Z/2026-11-24T17:00:00Z"},
		},
		{
			name: "on no other dates than those left, less those excepted",
			spec: schedule.Spec{
				Cron: "0 8 * * *", Zone: "Asia/Tokyo", For: time.Hour, Except: []string{"2026-05-05"},
				Only: []string{"2027-01-01", "2026-05-04", "2026-05-05", "2026-05-06"},
			},
			from: "2000-01-01T00:00:00Z", until: "2100-01-01T00:00:00Z",
			want: []string{"2026-05-03T23:00:00Z/2026-05-04T00:00:00Z", "2026-05-05T23:00:00Z/2026-05-06T00:00:00Z", "2026-12-31T23:00:00Z/2027-01-01T00:00:00Z"},
		},
		{
			name: "on dates, those that touch as one",
			spec: schedule.Spec{Zone: "Asia/Tokyo", Dates: []string{"2027-01-01", "2026-12-31", "2026-12-24 18:30/2026-12-25 06:00"}},
			from: "2000-01-01T00:00:00Z", until: "2100-01-01T00:00:00Z",
			want: []string{"2026-12-24T09:30:00Z/2026-12-24T21:00:00Z", "2026-12-30T15:00:00Z/2027-01-01T15:00:00Z"},
		},
		{
			name: "on dates within one another",
			spec: schedule.Spec{Zone: "UTC", Dates: []string{"2026-12-31 10:00/2026-12-31 12:00", "2026-12-31"}},
			from: "2000-01-01T00:00:00Z", until: "2100-01-01T00:00:00Z",
			want: []string{"2026-12-31T00:00:00Z/2027-01-01T00:00:00Z"},
		},
		{
			name: "on dates whatever holds back cron",
			spec: schedule.Spec{
				Cron: "0 8 * * *", Zone: "UTC", Until: "10:00", Only: []string{"2026-12-01"}, Dates: []string{"2026-12-03"}, Except: []string{"2026-12-03"},
			},
			from: "2000-01-01T00:00:00Z", until: "2100-01-01T00:00:00Z",
			want: []string{"2026-12-01T08:00:00Z/2026-12-01T10:00:00Z", "2026-12-03T00:00:00Z/2026-12-04T00:00:00Z"},
		},
		{
			name: "on the turn of a year",
			spec: schedule.Spec{Zone: "UTC", Dates: []string{"2026-12-31 23:59/2027-01-01 00:01"}},
			from: "2026-12-31T23:58:59Z", until: "2027-02-01T00:00:00Z",
			want: []string{"2026-12-31T23:59:00Z/2027-01-01T00:01:00Z"},
		},
	})
}

func TestWindowHoldsFromItsBeginToJustBeforeItsEnd(t *testing.T) {
	t.Parallel()
	s := parse(t, schedule.Spec{Cron: "0 8 * * 1-5", Zone: "Asia/Tokyo", For: 10 * time.Hour})
	const window = "2026-11-22T23:00:00Z/2026-11-23T09:00:00Z"
	for at, want := range map[string]string{
		"2026-11-23T07:59:59.999999999+09:00": "none",
		"2026-11-23T08:00:00+09:00":           window,
		"2026-11-23T17:59:59.999999999+09:00": window,
		"2026-11-22T22:59:59.999999999-10:00": window,
		"2026-11-23T18:00:00+09:00":           "none",
	} {
		if got := shown(s.At(instant(t, at))); got != want {
			t.Errorf("at %s %s holds, want %s", at, got, want)
		}
	}
	w, _ := s.At(instant(t, "2026-11-23T00:00:00Z"))
	if got := w.Begin.Format(time.RFC3339); got != "2026-11-23T08:00:00+09:00" {
		t.Errorf("the window begins at %s, want its own zone's time", got)
	}
}

func TestLongWindowIsKnownByItsBeginLongAgo(t *testing.T) {
	t.Parallel()
	for _, long := range []struct {
		spec     schedule.Spec
		at, want string
	}{
		{schedule.Spec{Cron: "0 0 31 1 *", Zone: "UTC", For: 60 * 24 * time.Hour}, "2026-03-10T00:00:00Z", "2026-01-31T00:00:00Z/2026-04-01T00:00:00Z"},
		{schedule.Spec{Cron: "30 2 8 3 *", Zone: "America/New_York", For: 30 * 24 * time.Hour}, "2026-03-20T00:00:00Z", "2026-03-08T07:00:00Z/2026-04-07T07:00:00Z"},
		{schedule.Spec{Cron: "0 0 * * *", Zone: "UTC", For: 366 * 24 * time.Hour, Only: []string{"2026-01-01"}}, "2027-01-01T23:00:00Z", "2026-01-01T00:00:00Z/2027-01-02T00:00:00Z"},
		{schedule.Spec{Cron: "0 0 1 11 *", Zone: "America/New_York", Until: "00:00"}, "2026-11-02T04:59:59Z", "2026-11-01T04:00:00Z/2026-11-02T05:00:00Z"},
	} {
		s := parse(t, long.spec)
		if got := shown(s.At(instant(t, long.at))); got != long.want {
			t.Errorf("%+v: %s holds at %s, want %s", long.spec, got, long.at, long.want)
		}
	}
}

func TestWindowsThatOverlapHoldThroughout(t *testing.T) {
	t.Parallel()
	daily := parse(t, schedule.Spec{Cron: "0 8 * * 1-5", Zone: "UTC", For: 30 * time.Hour, Dates: []string{"2026-11-28 13:00/2026-11-28 20:00"}})
	for at, want := range map[string]string{
		"2026-11-24T07:00:00Z": "2026-11-23T08:00:00Z/2026-11-24T14:00:00Z",
		"2026-11-24T09:00:00Z": "2026-11-24T08:00:00Z/2026-11-25T14:00:00Z",
		"2026-11-28T13:30:00Z": "2026-11-27T08:00:00Z/2026-11-28T20:00:00Z", // both hold
		"2026-11-28T14:00:00Z": "2026-11-28T13:00:00Z/2026-11-28T20:00:00Z",
		"2026-11-28T20:00:00Z": "none",
	} {
		if got := shown(daily.At(instant(t, at))); got != want {
			t.Errorf("at %s %s holds, want %s", at, got, want)
		}
	}
	if next, ok := daily.Next(instant(t, "2026-11-23T09:00:00Z")); !ok || utc(next) != "2026-11-28T20:00:00Z" {
		t.Errorf("it ceases at %v, %v, want on Saturday at 20:00", utc(next), ok)
	}
}

func TestChangeThatNeverComesIsNoChange(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]schedule.Spec{
		"minutely":                       {Cron: "* * * * *", Zone: "America/New_York", For: time.Minute},
		"every five minutes":             {Cron: "*/5 * * * *", Zone: "Europe/London", For: 6 * time.Minute},
		"daily, longer than any day":     {Cron: "0 0 * * *", Zone: "Australia/Lord_Howe", For: 25 * time.Hour},
		"daily, until the same time":     {Cron: "30 1 * * *", Zone: "Europe/London", Until: "01:30"},
		"by the minute of some hours":    {Cron: "* 0-22 * * *", Zone: "Asia/Tokyo", For: 61 * time.Minute},
		"weekly, for more than a week":   {Cron: "0 0 * * 0", Zone: "Asia/Tokyo", For: 8 * 24 * time.Hour},
		"dates are past":                 {Zone: "Asia/Tokyo", Dates: []string{"2025-12-31"}},
		"the only dates left are past":   {Cron: "0 8 * * *", Zone: "Asia/Tokyo", For: time.Hour, Only: []string{"2025-12-31"}},
		"the last date is half past now": {Cron: "0 8 * * *", Zone: "Asia/Tokyo", For: time.Hour, Only: []string{"2026-11-22"}},
	} {
		if next, ok := parse(t, spec).Next(instant(t, "2026-11-22T06:00:00Z")); ok {
			t.Errorf("%s: the next change is at %v, want none", name, utc(next))
		}
	}
}

func TestDenseWindowsCeaseWhereTheirDaysEnd(t *testing.T) {
	t.Parallel()
	play(t, []scene{
		{
			name: "at midnight",
			spec: schedule.Spec{Cron: "* * * * 1-5", Zone: "Asia/Tokyo", For: time.Minute},
			from: "2026-11-19T00:00:00Z", until: "2026-11-28T00:00:00Z",
			want: []string{"2026-11-22T15:00:00Z/2026-11-22T15:01:00Z"},
		},
		{
			name: "in the hour the clocks show again",
			spec: schedule.Spec{Cron: "*/10 0-1 * * *", Zone: "America/New_York", For: 10 * time.Minute},
			from: "2026-10-31T12:00:00Z", until: "2026-11-02T12:00:00Z",
			want: []string{"2026-11-01T04:00:00Z/2026-11-01T04:10:00Z", "2026-11-02T05:00:00Z/2026-11-02T05:10:00Z"},
		},
	})
	s := parse(t, schedule.Spec{Cron: "*/10 0-1 * * *", Zone: "America/New_York", For: 10 * time.Minute})
	if next, _ := s.Next(instant(t, "2026-11-01T04:00:00Z")); utc(next) != "2026-11-01T06:00:00Z" {
		t.Errorf("it ceases at %v, want when the clocks show 01:00 again", utc(next))
	}
	weekdays := parse(t, schedule.Spec{Cron: "* * * * 1-5", Zone: "Asia/Tokyo", For: time.Minute})
	if next, _ := weekdays.Next(instant(t, "2026-11-22T15:00:00Z")); utc(next) != "2026-11-27T15:00:00Z" {
		t.Errorf("it ceases at %v, want when Friday ends", utc(next))
	}
}

func TestInstantsFarOffAreAnswered(t *testing.T) {
	t.Parallel()
	s := parse(t, schedule.Spec{Cron: "0 8 * * *", Zone: "America/New_York", For: time.Hour, Dates: []string{"9999-12-31", "0001-01-01"}})
	for _, at := range []time.Time{{}, time.Unix(-1<<62, 0), time.Unix(1<<62, 0), time.Unix(253402300800, 0), instant(t, "9999-12-31T23:59:59Z")} {
		s.At(at)
		if next, ok := s.Next(at); ok && !next.After(at) {
			t.Errorf("the next change after %v is %v", at, next)
		}
	}
	if next, ok := s.Next(time.Unix(-1<<62, 0)); !ok || next.Year() != 1 {
		t.Errorf("the first change is at %v, %v, want in the year 1", next, ok)
	}
	if next, ok := s.Next(instant(t, "9999-12-31T23:59:59Z")); ok {
		t.Errorf("the last change is at %v, want within the year 9999", next)
	}
}

func TestAskingAllocatesNothing(t *testing.T) {
	s := parse(t, schedule.Spec{Cron: "0 8 * * 1-5", Zone: "Europe/London", For: 10 * time.Hour, Dates: []string{"2026-12-31"}, Except: []string{"2026-12-25"}})
	at := instant(t, "2026-11-23T12:00:00Z")
	if n := testing.AllocsPerRun(100, func() {
		s.At(at)
		s.Next(at)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
