package billing_test

import (
	"slices"
	"testing"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
)

// The models of the tables.
var (
	dated = []string{"currency: JPY", "zone: Asia/Tokyo", "unit: month", `price: "10000"`, "charge_by: day", "anchor: calendar", "stopped: full"}
	whole = []string{"currency: JPY", "zone: Asia/Tokyo", "unit: month", `price: "9000"`, "anchor: calendar", "stopped: full"}
	own   = []string{"currency: JPY", "zone: Asia/Tokyo", "unit: month", `price: "9000"`, "anchor: contract", "stopped: full"}
	share = []string{"currency: JPY", "zone: Asia/Tokyo", "unit: month", `price: "10000"`, "charge_by: day", "anchor: contract", "stopped: full"}
	daily = []string{"currency: JPY", "zone: Asia/Tokyo", "unit: day", `price: "300"`, "anchor: calendar", "stopped: full"}
	hours = []string{"currency: JPY", "zone: Asia/Tokyo", "unit: hour", `price: "10"`, "anchor: contract", "stopped: nothing"}
	clock = []string{"currency: JPY", "zone: Asia/Tokyo", "unit: hour", `price: "10"`, "anchor: calendar", "stopped: nothing"}
	tiers = []string{"currency: JPY", "zone: Asia/Tokyo", "unit: hour", `price: "10"`, `cap: {day: "100", month: "2000"}`, "anchor: calendar", "stopped: nothing"}
	total = append(slices.Clone(tiers), "count: time")
	york  = []string{"currency: USD", "zone: America/New_York", "unit: hour", `price: "0.10"`, "anchor: calendar", "stopped: nothing"}
	tick  = []string{"currency: USD", "zone: UTC", "unit: hour", `price: "0.10"`, "charge_by: second", "anchor: contract", "stopped: nothing", "rounding: {money: nearest}"}
)

func TestABillIsWhatAHandComputes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		model    []string
		more     []string // keys
		life     string   // ordered/ended
		off      string
		from, to string
		want     billing.Money // before tax
	}{
		// Days of months: 10000/31 = 322.58…, 10000/28 = 357.14…, 10000/29 = 344.82…, 10000/30 = 333.33…
		"a day of January":                   {model: dated, life: "2026-01-05/2026-01-06", from: "2026-01-01", to: "2026-02-01", want: 322},
		"a day of February":                  {model: dated, life: "2026-02-05/2026-02-06", from: "2026-02-01", to: "2026-03-01", want: 357},
		"a day of a leap February":           {model: dated, life: "2028-02-29/2028-03-01", from: "2028-02-01", to: "2028-03-01", want: 344},
		"a day of April":                     {model: dated, life: "2026-04-30/2026-05-01", from: "2026-04-01", to: "2026-05-01", want: 333},
		"all of January":                     {model: dated, life: "2026-01-01/2026-02-01", from: "2026-01-01", to: "2026-02-01", want: 10000},
		"all of a leap February":             {model: dated, life: "2028-02-01/2028-03-01", from: "2028-02-01", to: "2028-03-01", want: 10000},
		"an hour over midnight is two days":  {model: dated, life: "2026-01-05 23:30/2026-01-06 00:30", from: "2026-01-01", to: "2026-02-01", want: 645},                                   // 2 × 322.58 = 645.16
		"each month is rounded by itself":    {model: dated, life: "2026-01-22/2026-02-06", from: "2026-01-01", to: "2026-03-01", want: 5010},                                              // 10 × 322.58 = 3225.80 → 3225; 5 × 357.14 = 1785.71 → 1785
		"rounded up":                         {model: dated, more: []string{"rounding: {money: up}"}, life: "2026-01-22/2026-02-06", from: "2026-01-01", to: "2026-03-01", want: 5012},     // 3226 + 1786
		"rounded to the nearest":             {model: dated, more: []string{"rounding: {money: nearest}"}, life: "2026-04-30/2026-05-02", from: "2026-04-01", to: "2026-06-01", want: 656}, // 333.33 → 333; 322.58 → 323
		"stopped days cost all the same":     {model: dated, life: "2026-01-01/2026-02-01", off: "2026-01-03/2026-01-20", from: "2026-01-01", to: "2026-02-01", want: 10000},
		"no part of a month":                 {model: whole, life: "2026-01-31 23:00/2026-02-01 01:00", from: "2026-01-01", to: "2026-03-01", want: 18000},
		"owed with the order":                {model: whole, life: "2026-01-31 23:00/2026-02-01 01:00", from: "2026-01-31", to: "2026-02-01", want: 9000},
		"owed before":                        {model: whole, life: "2026-01-15/", from: "2026-01-16", to: "2026-02-01", want: 0},
		"owed before, and again":             {model: whole, life: "2026-01-15/", from: "2026-01-16", to: "2026-03-02", want: 18000}, // 1 February, 1 March
		"a month of its own":                 {model: own, life: "2026-01-31 23:00/2026-02-01 01:00", from: "2026-01-01", to: "2026-03-01", want: 9000},
		"its month ends on the last day":     {model: own, life: "2026-01-31 12:00/2026-02-28 12:00", from: "2026-01-01", to: "2026-04-01", want: 9000},
		"a second more":                      {model: own, life: "2026-01-31 12:00/2026-02-28 12:00:01", from: "2026-01-01", to: "2026-04-01", want: 18000},
		"and is of the 31st again":           {model: own, life: "2026-01-31 12:00/2026-03-31 12:00", from: "2026-01-01", to: "2026-06-01", want: 18000},
		"in a leap year on the 29th":         {model: own, life: "2028-01-31 12:00/2028-02-29 12:00", from: "2028-01-01", to: "2028-04-01", want: 9000},
		"days of its own month":              {model: share, life: "2026-01-31 12:00/2026-02-02 12:00", from: "2026-01-01", to: "2026-03-01", want: 714}, // the month of 31 January has 28 days: January 357.14 → 357, 1 February 357.14 → 357
		"an hour more is a day":              {model: share, life: "2026-01-15 12:00/2026-01-16 13:00", from: "2026-01-01", to: "2026-03-01", want: 645}, // the month of 15 January has 31 days: 2 × 322.58
		"days":                               {model: daily, life: "2026-01-05 10:00/2026-01-07 00:00", from: "2026-01-01", to: "2026-02-01", want: 600},
		"a second of a day":                  {model: daily, life: "2026-01-05 10:00/2026-01-07 00:00:01", from: "2026-01-01", to: "2026-02-01", want: 900},
		"a begun hour":                       {model: hours, life: "2026-01-05 10:50/2026-01-05 11:10", from: "2026-01-01", to: "2026-02-01", want: 10},
		"two hours of the clock":             {model: clock, life: "2026-01-05 10:50/2026-01-05 11:10", from: "2026-01-01", to: "2026-02-01", want: 20},
		"an hour to the second":              {model: hours, life: "2026-01-05 10:50/2026-01-05 11:50", from: "2026-01-01", to: "2026-02-01", want: 10},
		"an hour and a second":               {model: hours, life: "2026-01-05 10:50/2026-01-05 11:50:01", from: "2026-01-01", to: "2026-02-01", want: 20},
		"hours over a new month":             {model: hours, life: "2026-01-31 22:30/2026-02-01 02:00", from: "2026-01-01", to: "2026-03-01", want: 40},                                           // 22:30, 23:30, 0:30, 1:30
		"the same, of January":               {model: hours, life: "2026-01-31 22:30/2026-02-01 02:00", from: "2026-01-01", to: "2026-02-01", want: 20},                                           // the hour of 23:30 is owed in January
		"stopped and started in one hour":    {model: hours, life: "2026-01-05 10:00/2026-01-05 12:00", off: "2026-01-05 10:10/2026-01-05 10:50", from: "2026-01-01", to: "2026-02-01", want: 20}, // both hours have a part with it on
		"an hour off":                        {model: hours, life: "2026-01-05 10:00/2026-01-05 13:00", off: "2026-01-05 10:30/2026-01-05 12:30", from: "2026-01-01", to: "2026-02-01", want: 20}, // 10 and 12; not 11
		"started thrice in one hour":         {model: hours, life: "2026-01-05 10:00/2026-01-05 11:00", off: "2026-01-05 10:10/2026-01-05 10:20, 2026-01-05 10:30/2026-01-05 10:40, 2026-01-05 10:50/2026-01-05 11:00", from: "2026-01-01", to: "2026-02-01", want: 10},
		"stops in disorder, and overlapping": {model: hours, life: "2026-01-05 10:00/2026-01-05 16:00", off: "2026-01-05 14:00/2026-01-05 15:30, 2026-01-05 11:00/2026-01-05 13:00, 2026-01-05 12:00/2026-01-05 14:30, 2026-01-05 09:00/2026-01-05 10:00", from: "2026-01-01", to: "2026-02-01", want: 20}, // on at 10 and from 15:30
		"off to the end":                     {model: hours, life: "2026-01-05 10:00/", off: "2026-01-05 12:00/", from: "2026-01-01", to: "2026-02-01", want: 20},
		"off costs a share":                  {model: hours, more: []string{"#stopped: 25%"}, life: "2026-01-05 10:00/2026-01-05 16:00", off: "2026-01-05 11:00/2026-01-05 15:00", from: "2026-01-01", to: "2026-02-01", want: 30},    // 2 × 10 + 4 × 2.5
		"off has a price of its own":         {model: hours, more: []string{`#stopped: "3.78"`}, life: "2026-01-05 10:00/2026-01-05 16:00", off: "2026-01-05 11:00/2026-01-05 15:00", from: "2026-01-01", to: "2026-02-01", want: 35}, // 2 × 10 + 4 × 3.78 = 35.12
		"off costs all the same":             {model: hours, more: []string{`#stopped: full`}, life: "2026-01-05 10:00/2026-01-05 16:00", off: "2026-01-05 11:00/2026-01-05 15:00", from: "2026-01-01", to: "2026-02-01", want: 60},
		"a whole month off":                  {model: whole, more: []string{`#stopped: 10%`}, life: "2026-01-15/2026-04-01", off: "2026-01-20/2026-03-05", from: "2026-01-01", to: "2026-04-01", want: 18900}, // January 9000, February 900, March 9000
		"the tenth hour reaches the day":     {model: tiers, life: "2026-01-05 00:00/2026-01-05 10:00", from: "2026-01-01", to: "2026-02-01", want: 100},
		"and the day is paid":                {model: tiers, life: "2026-01-05 00:00/2026-01-06 00:00", from: "2026-01-01", to: "2026-02-01", want: 100},
		"nine hours do not":                  {model: tiers, life: "2026-01-05 00:00/2026-01-05 09:00", from: "2026-01-01", to: "2026-02-01", want: 90},
		"ten hours over midnight do not":     {model: tiers, life: "2026-01-05 19:00/2026-01-06 07:00", from: "2026-01-01", to: "2026-02-01", want: 120}, // 5 + 7 hours
		"twenty days reach the month":        {model: tiers, life: "2026-01-01/2026-01-21", from: "2026-01-01", to: "2026-02-01", want: 2000},
		"and the month is paid":              {model: tiers, life: "2026-01-01/2026-02-01", from: "2026-01-01", to: "2026-02-01", want: 2000},
		"the next begins anew":               {model: tiers, life: "2026-01-01/2026-02-01 03:00", from: "2026-01-01", to: "2026-03-01", want: 2030},
		"what was paid before counts":        {model: tiers, life: "2026-01-01/2026-02-01", from: "2026-01-20", to: "2026-02-01", want: 100}, // 19 days are owed before
		"also within the day":                {model: tiers, life: "2026-01-05 00:00/2026-01-06", from: "2026-01-05 08:00", to: "2026-02-01", want: 20},
		"the day of the contract":            {model: tiers, more: []string{"#anchor: contract"}, life: "2026-01-05 19:00/2026-01-06 07:00", from: "2026-01-01", to: "2026-02-01", want: 100},
		"time in three parts is totalled":    {model: total, life: "2026-01-05 10:00/2026-01-07 00:00", off: "2026-01-05 10:20/2026-01-06 10:00, 2026-01-06 10:20/2026-01-06 23:40", from: "2026-01-01", to: "2026-02-01", want: 10}, // 3 × 20 minutes
		"and those of the clock are not":     {model: tiers, life: "2026-01-05 10:00/2026-01-07 00:00", off: "2026-01-05 10:20/2026-01-06 10:00, 2026-01-06 10:20/2026-01-06 23:40", from: "2026-01-01", to: "2026-02-01", want: 30},
		"time of two days is one":            {model: total, life: "2026-01-05 12:00/2026-01-06 12:00", from: "2026-01-01", to: "2026-02-01", want: 100}, // 24 hours
		"25 hours are two days":              {model: total, life: "2026-01-05 12:00/2026-01-06 13:00", from: "2026-01-01", to: "2026-02-01", want: 200},
		"time of 480 hours is a month":       {model: total, life: "2026-01-01/2026-02-01", from: "2026-01-01", to: "2026-02-01", want: 2000},
		"seconds":                            {model: tick, life: "2026-01-05 10:00/2026-01-05 10:30:30", from: "2026-01-01", to: "2026-02-01", want: 5},                                                                                                                                                 // 1830 × 10/3600 ¢ = 5.08
		"a fraction of a second is one":      {model: tick, more: []string{`#price: "36"`}, life: "2026-01-05 10:00/2026-01-05 10:00:01", from: "2026-01-01", to: "2026-02-01", want: 1},                                                                                                                 // 3600 ¢ an hour
		"each start costs a minute":          {model: tick, more: []string{"minimum: {start: 1 minute}", `#price: "60"`}, life: "2026-01-05 10:00/2026-01-05 11:00", off: "2026-01-05 10:00:10/2026-01-05 10:30, 2026-01-05 10:30:05/2026-01-05 11:00", from: "2026-01-01", to: "2026-02-01", want: 200}, // 2 × 60 s at 100 ¢ a minute
		"a minute, and no less":              {model: tick, more: []string{"minimum: {start: 1 minute}", `#price: "60"`}, life: "2026-01-05 10:00/2026-01-05 10:00:01", from: "2026-01-01", to: "2026-02-01", want: 100},
		"a start within the minute":          {model: tick, more: []string{"minimum: {start: 1 minute}", `#price: "60"`}, life: "2026-01-05 10:00/2026-01-05 10:00:30", off: "2026-01-05 10:00:10/2026-01-05 10:00:20", from: "2026-01-01", to: "2026-02-01", want: 133}, // 10:00:00 to 10:01:20, 80 s: 133.3
		"never started":                      {model: tick, more: []string{"minimum: {start: 1 minute}"}, life: "2026-01-05 10:00/2026-01-05 11:00", off: "2026-01-05 10:00/2026-01-05 11:00", from: "2026-01-01", to: "2026-02-01", want: 0},
		"an amount at least":                 {model: hours, more: []string{`minimum: {charge: "25"}`}, life: "2026-01-05 10:00/2026-01-05 11:00", from: "2026-01-01", to: "2026-02-01", want: 25},
		"and the rest when it is used up":    {model: hours, more: []string{`minimum: {charge: "25"}`}, life: "2026-01-05 10:00/2026-01-05 14:00", from: "2026-01-01", to: "2026-02-01", want: 40},
		"used up before":                     {model: hours, more: []string{`minimum: {charge: "25"}`}, life: "2025-11-05 10:00/2026-01-05 14:00", from: "2026-01-05 12:00", to: "2026-02-01", want: 20},
		"two months at least":                {model: whole, more: []string{`minimum: {contract: 2 months}`}, life: "2026-01-15/2026-01-16", from: "2026-01-01", to: "2027-01-01", want: 27000}, // until 15 March
		"36 hours at least":                  {model: hours, more: []string{`minimum: {contract: 36 hours}`}, life: "2026-01-15 12:00/2026-01-15 13:00", from: "2026-01-01", to: "2027-01-01", want: 360},
		"off within the minimum":             {model: hours, more: []string{`minimum: {contract: 3 hours}`}, life: "2026-01-15 12:00/2026-01-15 18:00", off: "2026-01-15 12:00/2026-01-15 13:00, 2026-01-15 14:00/2026-01-15 17:00", from: "2026-01-01", to: "2027-01-01", want: 40}, // 12, 13, 14; 17
		"a fee for the order":                {model: hours, more: []string{`setup_fee: "500"`}, life: "2026-01-05 10:00/2026-01-05 12:00", from: "2026-01-01", to: "2026-02-01", want: 520},
		"once":                               {model: hours, more: []string{`setup_fee: "500"`}, life: "2026-01-05 10:00/2026-01-05 12:00", from: "2026-01-05 11:00", to: "2026-02-01", want: 10},
		"no length, no cost":                 {model: whole, life: "2026-01-05 10:00/2026-01-05 10:00", from: "2026-01-01", to: "2026-02-01", want: 0},
		"ended before it began":              {model: whole, life: "2026-01-05 10:00/2026-01-04 10:00", from: "2026-01-01", to: "2026-02-01", want: 0},
		"no length, but a fee and a minimum": {model: hours, more: []string{`setup_fee: "500"`, `minimum: {contract: 1 day, charge: "3"}`}, life: "2026-01-05 10:00/2026-01-05 10:00", from: "2026-01-01", to: "2026-02-01", want: 740},
		"still running":                      {model: hours, life: "2026-01-05 10:00/", from: "2026-01-01", to: "2026-01-05 13:00", want: 30},
		"still running, and long before":     {model: dated, life: "2019-05-05 10:00/", from: "2026-01-01", to: "2026-03-01", want: 20000},
		"ordered later":                      {model: dated, life: "2026-03-01/", from: "2026-01-01", to: "2026-03-01", want: 0},
		"ended before":                       {model: dated, life: "2025-03-01/2025-12-31", from: "2026-01-01", to: "2026-03-01", want: 0},
		"nothing between":                    {model: dated, life: "2025-03-01/", from: "2026-01-01", to: "2026-01-01", want: 0},
		"backwards":                          {model: dated, life: "2025-03-01/", from: "2026-02-01", to: "2026-01-01", want: 0},
		"the clocks skip an hour":            {model: york, life: "2026-03-08/2026-03-09", from: "2026-03-01", to: "2026-04-01", want: 230},
		"the clocks run an hour twice":       {model: york, life: "2026-11-01/2026-11-02", from: "2026-11-01", to: "2026-12-01", want: 250},
		"a month with the hour skipped":      {model: york, life: "2026-03-01/2026-04-01", from: "2026-03-01", to: "2026-04-01", want: 7430}, // 31 × 24 − 1
		"a day of 23 hours is a day":         {model: daily, more: []string{"#zone: America/New_York"}, life: "2026-03-08/2026-03-09", from: "2026-03-01", to: "2026-04-01", want: 300},
		"a day of its own of 23 hours too":   {model: daily, more: []string{"#zone: America/New_York", "#anchor: contract"}, life: "2026-03-07 12:00/2026-03-08 12:00", from: "2026-03-01", to: "2026-04-01", want: 300},
		"a large one used up before":         {model: hours, more: []string{`minimum: {charge: "5000"}`}, life: "2025-11-05 10:00/", from: "2026-01-01", to: "2026-01-01 02:00", want: 20},
		"a second more than its 23 hours":    {model: daily, more: []string{"#zone: America/New_York", "#anchor: contract"}, life: "2026-03-07 12:00/2026-03-08 12:00:01", from: "2026-03-01", to: "2026-04-01", want: 600},
		"just before the clocks are moved":   {model: daily, more: []string{"#zone: America/New_York", "#anchor: contract"}, life: "2026-03-07 01:30/2026-03-08 01:30:01", from: "2026-03-01", to: "2026-04-01", want: 600},
		"to a midnight that is skipped":      {model: daily, more: []string{"#zone: America/Sao_Paulo"}, life: "2018-11-03 12:00/2018-11-04 01:00", from: "2018-11-01", to: "2018-12-01", want: 300},
		"and a second over it":               {model: daily, more: []string{"#zone: America/Sao_Paulo"}, life: "2018-11-03 12:00/2018-11-04 01:00:01", from: "2018-11-01", to: "2018-12-01", want: 600},
		"a day that is skipped":              {model: daily, more: []string{"#zone: Pacific/Apia"}, life: "2011-12-28/2012-01-02", from: "2011-12-01", to: "2012-02-01", want: 1200}, // 28, 29, 31 December, 1 January
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, override(test.model, test.more)...)
			c := contracts(t, m.Zone, test.life)
			c[0].Stopped = spans(t, m.Zone, test.off)
			if got := m.Bill(c, at(t, m.Zone, test.from), at(t, m.Zone, test.to)); got.Net != test.want {
				t.Errorf("%s, want %s: %+v", m.Text(got.Net), m.Text(test.want), got)
			}
		})
	}
}

// override replaces the keys of a model by lines that begin with #, and adds the others.
func override(model, lines []string) []string {
	result := slices.Clone(model)
	for _, line := range lines {
		if line[0] == '#' {
			line = line[1:]
			key := line[:slices.Index([]byte(line), ':')]
			result = slices.DeleteFunc(result, func(old string) bool { return old[:min(len(old), len(key))] == key })
		}
		result = append(result, line)
	}
	return result
}
