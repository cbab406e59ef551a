package schedule_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

func TestFaultySchedulesAreRefusedWithTheFieldAndTheRemedy(t *testing.T) {
	t.Parallel()
	daily := func(edit func(*schedule.Spec)) schedule.Spec {
		spec := schedule.Spec{Cron: "0 8 * * *", Zone: "Asia/Tokyo", For: time.Hour}
		edit(&spec)
		return spec
	}
	cron := func(text string) schedule.Spec { return daily(func(s *schedule.Spec) { s.Cron = text }) }
	zone := func(name string) schedule.Spec { return daily(func(s *schedule.Spec) { s.Zone = name }) }
	length := func(d time.Duration) schedule.Spec { return daily(func(s *schedule.Spec) { s.For = d }) }
	until := func(text string) schedule.Spec {
		return daily(func(s *schedule.Spec) { s.For, s.Until = 0, text })
	}
	dates := func(text string) schedule.Spec { return schedule.Spec{Zone: "Pacific/Apia", Dates: []string{text}} }
	for _, fault := range []struct {
		spec schedule.Spec
		want string // what the error begins with
	}{
		{schedule.Spec{Zone: "Asia/Tokyo"}, "cron: nothing says when windows begin: write cron, dates or both"},
		{cron("TZ=x"), `cron: "TZ=x": cron has no place for a zone: write it as zone`}, // the library panics
		{cron("TZ=Asia/Tokyo 0 8 * * *"), `cron: "TZ=Asia/Tokyo 0 8 * * *": cron has no place for a zone`},
		{cron("CRON_TZ=UTC 0 8 * * *"), `cron: "CRON_TZ=UTC 0 8 * * *": cron has no place for a zone`},
		{cron("@every 0s"), `cron: "@every 0s": names such as @daily are not known: write minute, hour`},
		{cron("@daily"), `cron: "@daily": names such as @daily are not known`},
		{cron("0 0 8 * * *"), `cron: "0 0 8 * * *": there are six fields, and seconds or years are not known`},
		{cron("0 8 * *"), `cron: "0 8 * *": there are 4 fields: write minute, hour`},
		{cron(" "), `cron: " ": there are 0 fields`},
		{cron("0 24 * * *"), `cron: "0 24 * * *": end of range (24) above maximum (23): 24: write minute, hour`},
		{cron("60 8 * * *"), `cron: "60 8 * * *": end of range (60)`},
		{cron("0 8-6 * * *"), `cron: "0 8-6 * * *": beginning of range (8) beyond end of range (6)`},
		{cron("0 8 0 * *"), `cron: "0 8 0 * *": beginning of range (0) below minimum (1)`},
		{cron("*/0 8 * * *"), `cron: "*/0 8 * * *": step of range should be a positive number`},
		{cron("0 8 L * *"), `cron: "0 8 L * *": failed to parse int from L`},
		{cron("0 8 * * 7"), `cron: "0 8 * * 7": "7" is no weekday: they go from 0, Sunday, to 6, Saturday`},
		{cron("0 8 * * 1-7"), `cron: "0 8 * * 1-7": "1-7" is no weekday`},
		{cron(", 8 * * *"), `cron: ", 8 * * *": "," is no list of values`},
		{cron("0 8,,9 * * *"), `cron: "0 8,,9 * * *": "8,,9" is no list of values`},
		{cron("0 *-5 * * *"), `cron: "0 *-5 * * *": "*-5" is no list of values`}, // the library reads it as *
		{cron("+5 8 * * *"), `cron: "+5 8 * * *": "+5" is no list of values`},
		{cron("0 8 30 2 *"), `cron: "0 8 30 2 *" matches no day`},
		{cron("0 8 31 4,6,9,11 *"), `cron: "0 8 31 4,6,9,11 *" matches no day`},
		{zone(""), "zone: no zone: write the IANA name"},
		{zone("Local"), `zone: "Local" is not the same on every machine`},
		{zone("right/Asia/Tokyo"), `zone: "right/Asia/Tokyo" is not the same on every machine`},
		{zone("JST"), "zone: unknown time zone JST: write an IANA name, such as Asia/Tokyo; if it is one, install"},
		{zone("../../etc/passwd"), "zone: time: invalid location name: write an IANA name"},
		{length(0), "for: nothing says how long windows last: write for, such as 10h, or until"},
		{length(-time.Hour), "for: -1h0m0s is too short"},
		{length(time.Minute - 1), "for: 59.999999999s is too short, a window could pass between two looks: write at least 1m"},
		{length(366*24*time.Hour + 1), "for: 8784h0m0.000000001s is more than 366 days: write the window into dates"},
		{length(90*time.Second + 1), "for: 1m30.000000001s is not in whole seconds: write 1m30s"},
		{until("24:00"), `until: "24:00" is not a time of day: write one from 00:00 to 23:59`},
		{until("8:00"), `until: "8:00" is not a time of day`},
		{until("18:00:00"), `until: "18:00:00" is not a time of day`},
		{daily(func(s *schedule.Spec) { s.Until = "18:00" }), "until: for and until both say how long windows last: keep one of them"},
		{schedule.Spec{Cron: "*/15 * * * *", Zone: "UTC", Until: "18:00"}, "until: a cron of every hour begins windows all the time"},
		{schedule.Spec{Cron: "0 0-23 * * *", Zone: "UTC", Until: "18:00"}, "until: a cron of every hour begins windows all the time"},
		{schedule.Spec{Zone: "UTC", Dates: []string{"2026-12-31"}, For: time.Hour}, "for: for and until say how long windows by cron last"},
		{schedule.Spec{Zone: "UTC", Dates: []string{"2026-12-31"}, Until: "18:00"}, "for: for and until say how long windows by cron last"},
		{schedule.Spec{Zone: "UTC", Dates: []string{"2026-12-31"}, Except: []string{"2026-12-31"}}, "except: except and only hold back windows by cron"},
		{schedule.Spec{Zone: "UTC", Dates: []string{"2026-12-31"}, Only: []string{"2026-12-31"}}, "except: except and only hold back windows by cron"},
		{dates("2026-02-29"), `dates: "2026-02-29" is not a date: write one like "2026-12-31"`},
		{dates("2026-1-1"), `dates: "2026-1-1" is not a date`},
		{dates("0000-01-01"), `dates: "0000-01-01" is not a date`},
		{dates("2026-12-31 18:00"), `dates: "2026-12-31 18:00" is not a date`},
		{dates("2026-12-31/2027-01-03"), `dates: "2026-12-31/2027-01-03" is neither a date nor two times`},
		{dates("2026-12-31 8:00/2026-12-31 18:00"), `dates: "2026-12-31 8:00/2026-12-31 18:00" is neither a date nor two times`},
		{dates("2026-12-31 18:00/06:00"), `dates: "2026-12-31 18:00/06:00" is neither a date nor two times`},
		{dates("2026-12-31 18:00/2026-12-31 18:00"), `dates: "2026-12-31 18:00/2026-12-31 18:00" ends before it begins`},
		{dates("2011-12-30"), "dates: the clocks of Pacific/Apia skip the window that begins at 2011-12-30 00:00 altogether"},
		{daily(func(s *schedule.Spec) { s.Except = []string{"1 January"} }), `except: "1 January" is not a date`},
		{daily(func(s *schedule.Spec) { s.Only = []string{"2026-13-01"} }), `only: "2026-13-01" is not a date`},
		{schedule.Spec{Cron: "0 8 * * 1-5", Zone: "UTC", For: time.Hour, Only: []string{"2026-11-22", "2026-11-21"}}, `only: cron "0 8 * * 1-5" matches none of the dates that only leaves`},
		{daily(func(s *schedule.Spec) { s.Only, s.Except = []string{"2026-11-22"}, []string{"2026-11-22"} }), `only: cron "0 8 * * *" matches none of the dates`},
	} {
		s, err := schedule.Parse(fault.spec)
		var field *schedule.FieldError
		switch {
		case err == nil || s != nil:
			t.Errorf("%+v is accepted, want %s", fault.spec, fault.want)
		case !strings.HasPrefix(err.Error(), fault.want):
			t.Errorf("%+v: %v, want %s", fault.spec, err, fault.want)
		case !errors.As(err, &field) || !strings.HasPrefix(fault.want, field.Field+": "):
			t.Errorf("%+v: the error is of the field %v, want that of %s", fault.spec, field, fault.want)
		}
	}
}

func TestEveryFaultOfAScheduleIsSaid(t *testing.T) {
	t.Parallel()
	_, err := schedule.Parse(schedule.Spec{Cron: "0 24 * * *", Zone: "JST", For: 1, Dates: []string{"x", "y"}, Except: []string{"z"}})
	if got := strings.Count(err.Error(), "\n") + 1; got != 6 {
		t.Errorf("%d faults are said, want 6: %v", got, err)
	}
}

func TestSpecComesBackFromJSON(t *testing.T) {
	t.Parallel()
	want := schedule.Spec{
		Cron: "0 8 * * *", Zone: "Asia/Tokyo", For: time.Hour, Until: "18:00",
		Dates: []string{"2026-12-31"}, Except: []string{"2026-01-01"}, Only: []string{"2026-01-02"},
	}
	for i, fields := 0, reflect.ValueOf(want); i < fields.NumField(); i++ {
		if fields.Field(i).IsZero() {
			t.Fatalf("the test leaves %s out", fields.Type().Field(i).Name)
		}
	}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got schedule.Spec
	if err := json.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s comes back as %+v, %v", data, got, err)
	}
}
