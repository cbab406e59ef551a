package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

// fuzzedZones are those that have done the most surprising things.
var fuzzedZones = []string{
	"Asia/Tokyo", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo",
	"Antarctica/Troll", "Pacific/Kwajalein", "Africa/Monrovia", "Asia/Gaza", "UTC",
}

// FuzzSchedule parses what it is given, and where that is accepted asks what holds and
// when that changes: the two must agree.
func FuzzSchedule(f *testing.F) {
	f.Add("0 8 * * 1-5", uint8(0), int64(10*time.Hour), "", "", "", "", int64(1795392000))
	f.Add("30 1 * * *", uint8(1), int64(0), "18:00", "2026-12-31", "2026-12-25", "", int64(1774745999))
	f.Add("*/15 * * * *", uint8(2), int64(5*time.Minute), "", "", "", "2026-11-01", int64(1793512800))
	f.Add("", uint8(4), int64(0), "", "2026-12-31 18:00/2027-01-01 06:00", "", "", int64(1798761600))
	f.Add("0 0 29 2 *", uint8(6), int64(366*24*time.Hour), "", "", "", "", int64(-62135596801))
	f.Add("* * * * *", uint8(3), int64(time.Minute), "", "", "", "", int64(253402300799))
	f.Add("59 23 31 */2 SUN", uint8(9), int64(time.Minute), "", "0001-01-01", "9999-12-31", "9999-12-31", int64(1<<62))
	f.Add("TZ=x", uint8(10), int64(-1), "24:00", "/", "0000-00-00", "x", int64(-1<<63))
	f.Fuzz(func(t *testing.T, cron string, zone uint8, length int64, until, date, except, only string, now int64) {
		spec := schedule.Spec{
			Cron: cron, Zone: fuzzedZones[int(zone)%len(fuzzedZones)], For: time.Duration(length), Until: until,
			Dates: listed(date), Except: listed(except), Only: listed(only),
		}
		if s, err := schedule.Parse(spec); err == nil {
			agree(t, spec, s, time.Unix(now, 0))
		}
	})
}

// agree checks at one instant that what holds and when that changes fit together.
func agree(t *testing.T, spec schedule.Spec, s *schedule.Schedule, at time.Time) {
	t.Helper()
	w, holds := s.At(at)
	next, changes := s.Next(at)
	if holds && (at.Before(w.Begin) || !at.Before(w.End)) {
		t.Errorf("%+v: %s holds at %s", spec, shown(w, holds), utc(at))
	}
	for _, within := range []time.Time{w.Begin, w.End.Add(-1)} {
		if _, still := s.At(within); holds && still != known(within) {
			t.Errorf("%+v: %s holds at %s, and at %s: %v", spec, shown(w, holds), utc(at), utc(within), still)
		}
	}
	if !changes {
		return
	}
	if _, then := s.At(next); !next.After(at) || then == holds {
		t.Errorf("%+v: the next change after %s, %v, is at %s, %v", spec, utc(at), holds, utc(next), then)
	}
	if _, until := s.At(next.Add(-1)); known(at) && until != holds {
		t.Errorf("%+v: %v at %s, the next change is at %s, and just before it holds: %v", spec, holds, utc(at), utc(next), until)
	}
	if middle := at.Add(next.Sub(at) / 2); known(at) {
		if _, until := s.At(middle); until != holds {
			t.Errorf("%+v: %v at %s, the next change is at %s, and at %s: %v", spec, holds, utc(at), utc(next), utc(middle), until)
		}
	}
}

// known tells whether schedules may hold at an instant.
func known(at time.Time) bool { return 0 < at.UTC().Year() && at.UTC().Year() < 10000 }

func TestSchedulesOfEveryKindAgreeWithThemselves(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(chosenSeed(t), 0))
	begin, end := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	some := func() time.Time { return time.Unix(begin+random.Int64N(end-begin), 0).UTC() }
	parsed := 0
	for range 2000 {
		spec := anySpec(random, some)
		s, err := schedule.Parse(spec)
		if err != nil {
			continue
		}
		parsed++
		for range 10 {
			at := some()
			agree(t, spec, s, at)
			if next, ok := s.Next(at); ok {
				agree(t, spec, s, next)
			}
		}
	}
	if parsed < 1000 {
		t.Errorf("%d of the schedules are good, expected at least 1000", parsed)
	}
}

// anySpec is a schedule of some kind, and good for the most part.
func anySpec(random *rand.Rand, some func() time.Time) schedule.Spec {
	field := func(low, high int) string {
		value := low + random.IntN(high-low+1)
		switch random.IntN(6) {
		case 0:
			return strconv.Itoa(value)
		case 1:
			return fmt.Sprintf("%d-%d", value, value+random.IntN(high-value+1))
		case 2:
			return fmt.Sprintf("*/%d", 1+random.IntN(high))
		case 3:
			return fmt.Sprintf("%d,%d", value, low+random.IntN(high-low+1))
		}
		return "*"
	}
	spec := schedule.Spec{Zone: fuzzedZones[random.IntN(len(fuzzedZones))], Cron: strings.Join([]string{field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)}, " ")}
	if random.IntN(3) == 0 {
		spec.Until = some().Format("15:04")
	} else {
		spec.For = time.Duration(1+random.ExpFloat64()*300) * time.Minute
	}
	dates := func(format string) (all []string) {
		for range random.IntN(4) - 1 {
			all = append(all, some().Format(format))
		}
		return all
	}
	spec.Except, spec.Dates = dates(time.DateOnly), dates(time.DateOnly)
	if random.IntN(4) == 0 {
		spec.Only = dates(time.DateOnly)
	}
	return spec
}

func listed(date string) []string {
	if date == "" {
		return nil
	}
	return []string{date}
}
