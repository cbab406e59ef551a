package billing_test

import "testing"

func TestBegunDaysAndMonthsAreToldApartFromWholeOnes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		model          []string
		from, to       string
		around, within string // begin/end
	}{
		"days from noon to noon":   {dated, "2026-10-01 12:00", "2026-10-29 12:00", "2026-10-01/2026-10-30", "2026-10-02/2026-10-29"},
		"whole days":               {dated, "2026-10-01", "2026-10-29", "2026-10-01/2026-10-29", "2026-10-01/2026-10-29"},
		"months in their midst":    {whole, "2026-09-15", "2026-11-13", "2026-09-01/2026-12-01", "2026-10-01/2026-11-01"},
		"no whole month":           {whole, "2026-09-15", "2026-10-13", "2026-09-01/2026-11-01", "2026-10-01/2026-10-01"},
		"a month of its own":       {own, "2026-09-15 10:00", "2026-10-16", "2026-09-15 10:00/2026-11-15 10:00", "2026-09-15 10:00/2026-10-15 10:00"},
		"all within one day":       {daily, "2026-09-15 10:00", "2026-09-15 11:00", "2026-09-15/2026-09-16", "2026-09-16/2026-09-15"},
		"a day when clocks change": {append(append([]string{}, daily[:1]...), append([]string{"zone: America/New_York"}, daily[2:]...)...), "2026-03-08", "2026-03-09", "2026-03-08/2026-03-09", "2026-03-08/2026-03-09"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, test.model...)
			got, ok := m.Whole(at(t, m.Zone, test.from), at(t, m.Zone, test.to))
			around, within := spans(t, m.Zone, test.around)[0], spans(t, m.Zone, test.within)[0]
			if !ok || !got.Around.Begin.Equal(around.Begin) || !got.Around.End.Equal(around.End) || !got.Within.Begin.Equal(within.Begin) || !got.Within.End.Equal(within.End) {
				t.Errorf("got %+v (%v)", got, ok)
			}
		})
	}
	for name, model := range map[string][]string{"hours": hours, "seconds": tick, "totalled time": total} {
		m := parse(t, model...)
		if _, ok := m.Whole(at(t, m.Zone, "2026-09-15 10:30"), at(t, m.Zone, "2026-10-15")); ok {
			t.Errorf("%s are said to be billed as whole days", name)
		}
	}
}
