package billing_test

import (
	"slices"
	"testing"
	"time"
)

func TestPricesAreInProportionWhereNoPieceIsBegunInVain(t *testing.T) {
	t.Parallel()
	plain := append(slices.Clone(tick), "#rounding: {money: nearest, of: bill}")
	for name, test := range map[string]struct {
		model  []string
		begins string
		step   time.Duration
		want   bool
	}{
		"by the second":                        {plain, "2026-01-01", time.Minute, true},
		"a start of a step at least":           {append(slices.Clone(plain), "minimum: {start: 1 minute}"), "2026-01-01", time.Minute, true},
		"a start of more than a step":          {append(slices.Clone(plain), "minimum: {start: 1 minute}"), "2026-01-01", 30 * time.Second, false},
		"each machine's sum is rounded":        {tick, "2026-01-01", time.Minute, false},
		"a fee":                                {append(slices.Clone(plain), `setup_fee: "1"`), "2026-01-01", time.Minute, false},
		"a limit":                              {append(slices.Clone(plain), `cap: {month: "20"}`), "2026-01-01", time.Minute, false},
		"a contract of a month at least":       {append(slices.Clone(plain), "minimum: {contract: 1 month}"), "2026-01-01", time.Minute, false},
		"steps of no whole seconds":            {plain, "2026-01-01", 1500 * time.Millisecond, false},
		"by the minute, and steps of half one": {append(slices.Clone(plain), "#charge_by: minute"), "2026-01-01", 30 * time.Second, false},
		"by the minute, begun in the midst":    {append(slices.Clone(plain), "#charge_by: minute"), "2026-01-01 00:00:30", time.Minute, false},
		"by the minute":                        {append(slices.Clone(plain), "#charge_by: minute"), "2026-01-01", time.Minute, true},
		"by the hour":                          {append(slices.Clone(plain), "#charge_by: hour"), "2026-01-01", time.Hour, false},
		"a month that days share":              {dated, "2026-01-01", time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, override(nil, test.model)...)
			if got := m.Prorates(at(t, m.Zone, test.begins), test.step); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
