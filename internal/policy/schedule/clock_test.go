package schedule_test

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

func TestClocksThatAreMovedMoveWindows(t *testing.T) {
	t.Parallel()
	play(t, []scene{
		{
			name: "London in spring, begin skipped",
			spec: schedule.Spec{Cron: "30 1 * * *", Zone: "Europe/London", For: time.Hour},
			from: "2026-03-28T12:00:00Z", until: "2026-03-30T12:00:00Z",
			want: []string{"2026-03-29T01:00:00Z/2026-03-29T02:00:00Z", "2026-03-30T00:30:00Z/2026-03-30T01:30:00Z"},
		},
		{
			name: "London in autumn, begin shown twice",
			spec: schedule.Spec{Cron: "30 1 * * *", Zone: "Europe/London", For: 20 * time.Minute},
			from: "2026-10-24T12:00:00Z", until: "2026-10-26T12:00:00Z",
			want: []string{"2026-10-25T00:30:00Z/2026-10-25T00:50:00Z", "2026-10-26T01:30:00Z/2026-10-26T01:50:00Z"},
		},
		{
			name: "London in spring, end skipped",
			spec: schedule.Spec{Cron: "0 22 * * *", Zone: "Europe/London", Until: "01:30"},
			from: "2026-03-28T12:00:00Z", until: "2026-03-29T12:00:00Z",
			want: []string{"2026-03-28T22:00:00Z/2026-03-29T01:00:00Z"},
		},
		{
			name: "London in autumn, end shown twice",
			spec: schedule.Spec{Cron: "0 22 * * *", Zone: "Europe/London", Until: "01:30"},
			from: "2026-10-24T12:00:00Z", until: "2026-10-25T12:00:00Z",
			want: []string{"2026-10-24T21:00:00Z/2026-10-25T00:30:00Z"},
		},
		{
			name: "London in spring, skipped from begin to end",
			spec: schedule.Spec{Cron: "0 1 * * *", Zone: "Europe/London", Until: "01:45"},
			from: "2026-03-28T12:00:00Z", until: "2026-03-30T12:00:00Z",
			want: []string{"2026-03-30T00:00:00Z/2026-03-30T00:45:00Z"},
		},
		{
			name: "New York in spring, elapsed time",
			spec: schedule.Spec{Cron: "0 22 * * *", Zone: "America/New_York", For: 8 * time.Hour},
			from: "2026-03-07T12:00:00Z", until: "2026-03-08T12:00:00Z",
			want: []string{"2026-03-08T03:00:00Z/2026-03-08T11:00:00Z"}, // until 07:00
		},
		{
			name: "New York in spring, wall time",
			spec: schedule.Spec{Cron: "0 22 * * *", Zone: "America/New_York", Until: "06:00"},
			from: "2026-03-07T12:00:00Z", until: "2026-03-08T12:00:00Z",
			want: []string{"2026-03-08T03:00:00Z/2026-03-08T10:00:00Z"}, // for 7h
		},
		{
			name: "New York in spring, several begins skipped",
			spec: schedule.Spec{Cron: "0,30,45 2 * * *", Zone: "America/New_York", For: 5 * time.Minute},
			from: "2026-03-08T00:00:00Z", until: "2026-03-08T12:00:00Z",
			want: []string{"2026-03-08T07:00:00Z/2026-03-08T07:05:00Z"},
		},
		{
			name: "New York in spring, an end between begins skipped",
			spec: schedule.Spec{Cron: "0,45 2 * * *", Zone: "America/New_York", Until: "02:30", Only: []string{"2026-03-08"}},
			from: "2026-03-08T00:00:00Z", until: "2026-03-08T12:00:00Z",
			want: []string{"2026-03-08T07:00:00Z/2026-03-09T06:30:00Z"},
		},
		{
			name: "New York in autumn, a day of Dates",
			spec: schedule.Spec{Zone: "America/New_York", Dates: []string{"2026-11-01"}},
			from: "2026-10-31T00:00:00Z", until: "2026-11-03T00:00:00Z",
			want: []string{"2026-11-01T04:00:00Z/2026-11-02T05:00:00Z"},
		},
		{
			name: "New York in autumn, Dates that reach into the time shown twice",
			spec: schedule.Spec{Zone: "America/New_York", Dates: []string{"2026-11-01 00:30/2026-11-01 01:30"}},
			from: "2026-10-31T00:00:00Z", until: "2026-11-03T00:00:00Z",
			want: []string{"2026-11-01T04:30:00Z/2026-11-01T05:30:00Z"},
		},
		{
			name: "every hour, New York in spring",
			spec: schedule.Spec{Cron: "30 * * * *", Zone: "America/New_York", For: 5 * time.Minute},
			from: "2026-03-08T06:00:00Z", until: "2026-03-08T09:00:00Z",
			want: []string{"2026-03-08T06:30:00Z/2026-03-08T06:35:00Z", "2026-03-08T07:30:00Z/2026-03-08T07:35:00Z", "2026-03-08T08:30:00Z/2026-03-08T08:35:00Z"},
		},
		{
			name: "every hour, New York in autumn",
			spec: schedule.Spec{Cron: "30 * * * *", Zone: "America/New_York", For: 5 * time.Minute},
			from: "2026-11-01T05:00:00Z", until: "2026-11-01T08:00:00Z",
			want: []string{"2026-11-01T05:30:00Z/2026-11-01T05:35:00Z", "2026-11-01T06:30:00Z/2026-11-01T06:35:00Z", "2026-11-01T07:30:00Z/2026-11-01T07:35:00Z"},
		},
		{
			name: "every hour of a day that begins twice, after a year",
			spec: schedule.Spec{Cron: "0 * 1 11 *", Zone: "America/Havana", For: 5 * time.Minute},
			from: "2026-02-01T00:00:00Z", until: "2026-11-01T06:30:00Z",
			want: []string{"2026-11-01T04:00:00Z/2026-11-01T04:05:00Z", "2026-11-01T05:00:00Z/2026-11-01T05:05:00Z", "2026-11-01T06:00:00Z/2026-11-01T06:05:00Z"},
		},
		{
			name: "every hour of a day whose last comes twice",
			spec: schedule.Spec{Cron: "5 * 17 2 *", Zone: "America/Sao_Paulo", For: 5 * time.Minute},
			from: "2018-02-18T00:30:00Z", until: "2018-12-31T00:00:00Z",
			want: []string{"2018-02-18T01:05:00Z/2018-02-18T01:10:00Z", "2018-02-18T02:05:00Z/2018-02-18T02:10:00Z"},
		},
		{
			name: "every hour of a date whose last comes twice",
			spec: schedule.Spec{Cron: "5 * * * *", Zone: "America/Sao_Paulo", For: 5 * time.Minute, Only: []string{"2018-02-17"}},
			from: "2018-02-18T00:30:00Z", until: "2018-12-31T00:00:00Z",
			want: []string{"2018-02-18T01:05:00Z/2018-02-18T01:10:00Z", "2018-02-18T02:05:00Z/2018-02-18T02:10:00Z"},
		},
		{
			name: "Monrovia, 44 minutes and 30 seconds behind",
			spec: schedule.Spec{Cron: "0 8 * * *", Zone: "Africa/Monrovia", For: time.Hour},
			from: "1971-01-01T00:00:00Z", until: "1971-01-02T00:00:00Z",
			want: []string{"1971-01-01T08:44:30Z/1971-01-01T09:44:30Z"},
		},
		{
			name: "Lord Howe in spring, half an hour skipped",
			spec: schedule.Spec{Cron: "15 2 * * *", Zone: "Australia/Lord_Howe", For: time.Hour},
			from: "2026-10-03T12:00:00Z", until: "2026-10-04T18:00:00Z",
			want: []string{"2026-10-03T15:30:00Z/2026-10-03T16:30:00Z", "2026-10-04T15:15:00Z/2026-10-04T16:15:00Z"},
		},
		{
			name: "Lord Howe in autumn, half an hour shown twice",
			spec: schedule.Spec{Cron: "45 1 * * *", Zone: "Australia/Lord_Howe", Until: "02:15"},
			from: "2026-04-04T12:00:00Z", until: "2026-04-05T18:00:00Z",
			want: []string{"2026-04-04T14:45:00Z/2026-04-04T15:45:00Z", "2026-04-05T15:15:00Z/2026-04-05T15:45:00Z"},
		},
		{
			name: "Apia without 30 December 2011",
			spec: schedule.Spec{Cron: "0 8 * * *", Zone: "Pacific/Apia", For: time.Hour},
			from: "2011-12-29T12:00:00Z", until: "2011-12-31T20:00:00Z",
			want: []string{"2011-12-29T18:00:00Z/2011-12-29T19:00:00Z", "2011-12-30T10:00:00Z/2011-12-30T11:00:00Z", "2011-12-30T18:00:00Z/2011-12-30T19:00:00Z", "2011-12-31T18:00:00Z/2011-12-31T19:00:00Z"},
		},
		{
			name: "Casablanca when Ramadan begins",
			spec: schedule.Spec{Cron: "30 2 * * *", Zone: "Africa/Casablanca", For: 20 * time.Minute},
			from: "2024-03-09T12:00:00Z", until: "2024-03-11T12:00:00Z",
			want: []string{"2024-03-10T01:30:00Z/2024-03-10T01:50:00Z", "2024-03-11T02:30:00Z/2024-03-11T02:50:00Z"},
		},
		{
			name: "Casablanca when Ramadan has ended",
			spec: schedule.Spec{Cron: "30 2 * * *", Zone: "Africa/Casablanca", For: 20 * time.Minute},
			from: "2024-04-13T12:00:00Z", until: "2024-04-15T12:00:00Z",
			want: []string{"2024-04-14T02:00:00Z/2024-04-14T02:20:00Z", "2024-04-15T01:30:00Z/2024-04-15T01:50:00Z"},
		},
		{
			name: "Sao Paulo without midnight",
			spec: schedule.Spec{Cron: "0 0 * * *", Zone: "America/Sao_Paulo", For: time.Hour},
			from: "2018-11-03T12:00:00Z", until: "2018-11-05T12:00:00Z",
			want: []string{"2018-11-04T03:00:00Z/2018-11-04T04:00:00Z", "2018-11-05T02:00:00Z/2018-11-05T03:00:00Z"},
		},
		{
			name: "Sao Paulo, a day of Dates without midnight",
			spec: schedule.Spec{Zone: "America/Sao_Paulo", Dates: []string{"2018-11-04"}},
			from: "2018-11-03T00:00:00Z", until: "2018-11-07T00:00:00Z",
			want: []string{"2018-11-04T03:00:00Z/2018-11-05T02:00:00Z"},
		},
		{
			name: "Sao Paulo, the last hour of a day shown twice",
			spec: schedule.Spec{Cron: "30 23 * * *", Zone: "America/Sao_Paulo", Until: "00:00"},
			from: "2018-02-17T12:00:00Z", until: "2018-02-18T12:00:00Z",
			want: []string{"2018-02-18T01:30:00Z/2018-02-18T03:00:00Z"},
		},
	})
}

func TestTimeShownTwiceBeginsOneWindowAlsoWhenAskedADayLater(t *testing.T) {
	t.Parallel()
	for _, last := range []struct {
		name       string
		spec       schedule.Spec
		begin, end string // of the last window of its year
	}{
		{
			name: "Troll, two hours", spec: schedule.Spec{Cron: "33,4 2 * 8-10 *", Zone: "Antarctica/Troll", For: 25*time.Hour + 51*time.Minute},
			begin: "2027-10-31T00:33:00Z", end: "2027-11-01T02:24:00Z",
		},
		{
			name: "Kwajalein, all but an hour of a day", spec: schedule.Spec{Cron: "0 12 30 9 *", Zone: "Pacific/Kwajalein", For: 40 * time.Hour},
			begin: "1969-09-30T01:00:00Z", end: "1969-10-01T17:00:00Z",
		},
		{
			name: "Apia, all of a day", spec: schedule.Spec{Cron: "59 23 4 7 *", Zone: "Pacific/Apia", For: 50 * time.Hour},
			begin: "1892-07-04T11:25:56Z", end: "1892-07-06T13:25:56Z",
		},
	} {
		t.Run(last.name, func(t *testing.T) {
			t.Parallel()
			s := parse(t, last.spec)
			begin, end := instant(t, last.begin), instant(t, last.end)
			for at := begin; at.Before(end.Add(72 * time.Hour)); at = at.Add(time.Minute) {
				want := at.Before(end)
				if w, holds := s.At(at); holds != want || holds && (!w.Begin.Equal(begin) || !w.End.Equal(end)) {
					t.Fatalf("at %s: %s holds, want %v", utc(at), shown(w, holds), want)
				}
				if next, _ := s.Next(at); next.Equal(end) != want {
					t.Fatalf("after %s: the next change is at %s, and the window ends at %s", utc(at), utc(next), utc(end))
				}
			}
		})
	}
}

func TestWindowsOnTheClockFollowOneAnotherInTime(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Havana"} {
		early := parse(t, schedule.Spec{Cron: "0 20 * * *", Zone: zone, Until: "01:40"})
		late := parse(t, schedule.Spec{Cron: "40 1 * * *", Zone: zone, Until: "20:00"})
		for at := instant(t, "2026-01-01T00:00:00Z"); at.Year() < 2027; at = at.Add(10 * time.Minute) {
			_, is := early.At(at)
			_, isToo := late.At(at)
			if is == isToo {
				t.Fatalf("%s at %v: %v and %v, want one of the two", zone, utc(at), is, isToo)
			}
		}
	}
}
