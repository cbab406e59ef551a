package schedule_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

const japanFile = "../../../configs/holidays/japan.txt"

func TestCalendarOfJapanIsThatOfTheLaw(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile(japanFile)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(file)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			got = append(got, line)
		}
	}
	var want []string
	for year := 2026; year <= 2028; year++ {
		want = append(want, japan(year)...)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s has\n%s\nwant\n%s", japanFile, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	dates, err := schedule.ParseCalendar(strings.NewReader(string(file)))
	if err != nil || len(dates) != len(want) {
		t.Errorf("it is read as %d dates, %v, want %d", len(dates), err, len(want))
	}
}

// The rule is checked with years whose holidays the Cabinet Office has published.
func TestRuleOfJapanGivesHolidaysOfThePast(t *testing.T) {
	t.Parallel()
	for year, want := range map[int]string{
		2009: "01-01 01-12 02-11 03-20 04-29 05-03 05-04 05-05 05-06 07-20 09-21 09-22 09-23 10-12 11-03 11-23", // without the later ones
		2024: "01-01 01-08 02-11 02-12 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-15 08-11 08-12 09-16 09-22 09-23 10-14 11-03 11-04 11-23",
		2025: "01-01 01-13 02-11 02-23 02-24 03-20 04-29 05-03 05-04 05-05 05-06 07-21 08-11 09-15 09-23 10-13 11-03 11-23 11-24",
	} {
		var got []string
		for _, line := range japan(year) {
			if date := line[len("2006-"):len(time.DateOnly)]; year > 2009 || date != "02-23" && date != "08-11" {
				got = append(got, date)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d has %s, want %s", year, strings.Join(got, " "), want)
		}
	}
}

// japan is the holidays of a year from 2020 to 2099 by the law in force, one line each.
func japan(year int) []string {
	names := map[time.Time]string{}
	on := func(month time.Month, day int, name string) {
		names[time.Date(year, month, day, 0, 0, 0, 0, time.UTC)] = name
	}
	monday := func(month time.Month, nth int, name string) {
		first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
		on(month, 1+int(time.Monday-first.Weekday()+7)%7+7*(nth-1), name)
	}
	equinox := func(in1980 float64) int { // the day of the month, as it is reckoned from 1980 to 2099
		return int(in1980 + 0.242194*float64(year-1980) - math.Floor(float64(year-1980)/4))
	}
	on(1, 1, "元日 New Year's Day")
	monday(1, 2, "成人の日 Coming of Age Day")
	on(2, 11, "建国記念の日 National Foundation Day")
	on(2, 23, "天皇誕生日 Emperor's Birthday")
	on(3, equinox(20.8431), "春分の日 Vernal Equinox Day")
	on(4, 29, "昭和の日 Showa Day")
	on(5, 3, "憲法記念日 Constitution Memorial Day")
	on(5, 4, "みどりの日 Greenery Day")
	on(5, 5, "こどもの日 Children's Day")
	monday(7, 3, "海の日 Marine Day")
	on(8, 11, "山の日 Mountain Day")
	monday(9, 3, "敬老の日 Respect for the Aged Day")
	on(9, equinox(23.2488), "秋分の日 Autumnal Equinox Day")
	monday(10, 2, "スポーツの日 Sports Day")
	on(11, 3, "文化の日 Culture Day")
	on(11, 23, "勤労感謝の日 Labour Thanksgiving Day")

	rests := map[time.Time]bool{}
	for date := range names {
		if date.Weekday() == time.Sunday { // article 3, paragraph 2
			rest := date
			for names[rest] != "" {
				rest = rest.AddDate(0, 0, 1)
			}
			rests[rest] = true
		}
		if after := date.AddDate(0, 0, 1); names[after] == "" && names[after.AddDate(0, 0, 1)] != "" { // paragraph 3
			rests[after] = true
		}
	}
	var lines []string
	for date := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); date.Year() == year; date = date.AddDate(0, 0, 1) {
		name := names[date]
		if rests[date] {
			name = "休日 Holiday"
		}
		if name != "" {
			lines = append(lines, fmt.Sprintf("%s %s", date.Format(time.DateOnly), name))
		}
	}
	return lines
}
