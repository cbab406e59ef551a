package planning

import (
	"strings"
	"testing"
	"time"
)

func TestBegunPiecesOfThePricesAreSaidAndHowToCut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prices     string // empty: by the month, prorated by days
		late       time.Duration
		days       int
		scoreAfter time.Duration
		zone       *time.Location
		want       string
	}{
		"from noon to noon":        {"", 12 * time.Hour, 28, 0, nil, "begun days are billed whole: a machine that is there all the time is billed for 29 days in place of 28 days, 3.6 % too much; score whole ones with --from 2026-04-02 --to 2026-04-29"},
		"shown in another zone":    {"", 12 * time.Hour, 28, 0, time.UTC, "score whole ones with --from 2026-04-01T15:00:00 --to 2026-04-28T15:00:00"},
		"the first not scored":     {"", 12 * time.Hour, 28, day, nil, "billed for 28 days in place of 27 days, 3.7 % too much; score whole ones with --score-after 36h --to 2026-04-29"},
		"midnight to midnight":     {"", 0, 28, 0, nil, ""},
		"scored from midnight on":  {"", 12 * time.Hour, 2, 12 * time.Hour, nil, "billed for 2 days in place of 36 hours, 33.3 % too much; score whole ones with --to 2026-04-03"},
		"no whole month":           {strings.Replace(byTheMonth, "contract", "calendar", 1), 14 * day, 28, 0, nil, "begun months are billed whole: a machine that is there all the time is billed for 61 days in place of 28 days, 117.9 % too much; no whole month is scored: take a history that has one"},
		"a month of its own, less": {byTheMonth, 0, 28, 0, nil, "billed for 30 days in place of 28 days, 7.1 % too much; no whole month is scored"},
		"by the hour":              {halfOff, 30 * time.Minute, 2, 0, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := coarse(t, test.days)
			shifted := *o.History.Load
			shifted.Start = shifted.Start.Add(test.late)
			o.History.Load, o.ScoreAfter = &shifted, test.scoreAfter
			if test.prices != "" {
				o.Prices = priced(t, test.prices)
			}
			if test.zone != nil {
				o.Zone = test.zone
			}
			said := strings.Join(made(t, o).Warnings, "\n")
			if !strings.Contains(said, test.want) || test.want == "" && strings.Contains(said, "billed whole") {
				t.Errorf("it says\n%s\nwant %s", said, test.want)
			}
		})
	}
}
