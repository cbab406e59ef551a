package billing_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
)

const good = `currency: JPY
zone: Asia/Tokyo
unit: hour
price: "10"
anchor: calendar
stopped: nothing
`

func TestAFaultyModelIsRefusedAtItsLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"empty":                 {"", "m.yaml:1: the file is empty: start from one in configs/billing"},
		"comments":              {"# nothing\n", "m.yaml:1: the file is empty"},
		"no YAML":               {"a: [\n", "m.yaml:"},
		"two documents":         {good + "---\n" + good, "m.yaml:7:1: a second document begins here: keep one model in a file"},
		"a list":                {"- a\n", "m.yaml:1:1: is no mapping: write `key: value` lines"},
		"too large":             {strings.Repeat("# comment\n", 7000), "m.yaml:1: the file is larger than 65536 bytes"},
		"unknown key":           {good + "tier: 3\n", "m.yaml:7:1: unknown key `tier`: "},
		"misspelt key":          {strings.Replace(good, "anchor", "ancor", 1), "m.yaml:5:1: unknown key `ancor`: did you mean `anchor`?"},
		"misspelt key below":    {good + "cap: {dya: 3}\n", "m.yaml:7:7: cap: unknown key `dya`: did you mean `day`?"},
		"key twice":             {good + "zone: UTC\n", "m.yaml:7:1: zone: is written twice (first in line 2): remove one"},
		"key missing":           {strings.Replace(good, "unit: hour\n", "", 1), "m.yaml:1:1: unit: is missing: add it"},
		"empty value":           {good + "charge_by:\n", "m.yaml:7:11: charge_by: is empty: write a value, or remove the key"},
		"mapping for a value":   {good + "charge_by: {a: b}\n", "m.yaml:7:12: charge_by: is no single value: write one"},
		"value for a mapping":   {good + "cap: 3\n", "m.yaml:7:6: cap: is no mapping"},
		"alias":                 {strings.Replace(good, "unit: hour", "unit: &h hour\ncharge_by: *h", 1), "m.yaml:4:12: charge_by: is no single value"},
		"merge":                 {"<<: {unit: hour}\n" + good, "m.yaml:1:1: unknown key `<<`"},
		"currency":              {strings.Replace(good, "JPY", "yen", 1), "m.yaml:1:11: currency: `yen` is no currency: write its ISO 4217 code, such as JPY"},
		"decimals":              {good + "decimals: 9\n", "m.yaml:7:11: decimals: `9` is no number of digits: write 0 to 4"},
		"zone":                  {strings.Replace(good, "Tokyo", "Tokio", 1), "m.yaml:2:7: zone: unknown zone `Asia/Tokio`: write an IANA name"},
		"local zone":            {strings.Replace(good, "Asia/Tokyo", "Local", 1), "m.yaml:2:7: zone: the zone must not depend on the machine"},
		"unit":                  {strings.Replace(good, "hour", "hours", 1), "m.yaml:3:7: unit: unknown value `hours`: did you mean `hour`?"},
		"piece":                 {good + "charge_by: day\n", "m.yaml:7:12: charge_by: unknown value `day`: valid: hour, minute, second"},
		"negative price":        {strings.Replace(good, `"10"`, "-10", 1), "m.yaml:4:8: price: `-10` is no amount: write digits"},
		"price with a comma":    {strings.Replace(good, `"10"`, `"10,000"`, 1), "m.yaml:4:8: price: `10,000` is no amount"},
		"price with a currency": {strings.Replace(good, `"10"`, "10 JPY", 1), "m.yaml:4:8: price: `10 JPY` is no amount"},
		"price as a power":      {strings.Replace(good, `"10"`, "1e3", 1), "m.yaml:4:8: price: `1e3` is no amount"},
		"price not a number":    {strings.Replace(good, `"10"`, ".nan", 1), "m.yaml:4:8: price: `.nan` is no amount"},
		"price of all digits":   {strings.Replace(good, `"10"`, "123456789012.0123456789", 1), "m.yaml:4:8: price: the prices are too large, or have too many digits, to be counted exactly"},
		"off":                   {strings.Replace(good, "nothing", "free", 1), "m.yaml:6:10: stopped: `free` is no price: write full, nothing, a share such as 40%, or an amount for a unit"},
		"off, more than all":    {strings.Replace(good, "nothing", "130%", 1), "m.yaml:6:10: stopped: `130%` is no share: write 0% to 100%"},
		"off, more than on":     {strings.Replace(good, "nothing", `"10.01"`, 1), "m.yaml:6:10: stopped: a machine that is off costs more than one that is on: write no more than the price"},
		"anchor":                {strings.Replace(good, "calendar", "clock", 1), "m.yaml:5:9: anchor: unknown value `clock`: valid: calendar, contract"},
		"no limit":              {good + "cap: {day: 0}\n", "m.yaml:7:12: cap.day: a limit of 0 makes all of it free"},
		"limit of a month":      {strings.Replace(good, "hour", "month", 1) + "cap: {month: 3}\n", "m.yaml:7:6: cap: nothing is charged more often than a month's price: remove it"},
		"limit of a day":        {strings.Replace(good, "hour", "day", 1) + "cap: {day: 3}\n", "m.yaml:7:12: cap.day: nothing is charged more often than a day's price: remove it"},
		"time of months":        {strings.Replace(good, "hour", "month", 1) + "count: time\n", "m.yaml:7:8: count: the time of a month's price is not totalled"},
		"length without a unit": {good + "minimum: {start: 60}\n", "m.yaml:7:18: minimum.start: `60` is no length of time: write for example 60 seconds, 1 day or 3 months"},
		"start of a month":      {good + "minimum: {start: 1 month}\n", "m.yaml:7:18: minimum.start: a start cannot be charged by months: write days, or less"},
		"length of a life":      {good + "minimum: {contract: 4000 days}\n", "m.yaml:7:21: minimum.contract: 4000 days is too long: write ten years at most"},
		"rounding":              {good + "rounding: {money: off}\n", "m.yaml:7:19: rounding.money: unknown value `off`: "},
		"tax without a rate":    {good + "tax: {of: bill}\n", "m.yaml:7:6: tax.rate: is missing: add it"},
		"rate without percent":  {good + "tax: {rate: 0.1}\n", "m.yaml:7:13: tax.rate: `0.1` is no share: write 0% to 100%, such as 10%"},
		"tax of no machine":     {good + "rounding: {of: bill}\ntax: {rate: 10%, of: machine}\n", "m.yaml:8:22: tax.of: a machine's sum is not known when only the bill is rounded"},
		"example":               {good + "example: yes\n", "m.yaml:7:10: example: `yes` is neither true nor false: write one of them"},
		"name":                  {good + "name: \"\\e[31m\"\n", "m.yaml:7:7: name: is no name: write up to 100 printable characters"},
		"several": {
			"unit: hour\nprice: x\nstopped: full\nanchor: call\n",
			"m.yaml:1:1: currency: is missing: add it\nm.yaml:1:1: zone: is missing: add it\nm.yaml:2:8: price: `x` is no amount: write digits, with a point if need be, such as 1500 or 0.0125\nm.yaml:4:9: anchor: unknown value `call`: valid: calendar, contract",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := billing.Parse("m.yaml", []byte(test.text))
			if err == nil || m != nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v\n%v, want\n%s", m, err, test.want)
			}
		})
	}
}

func TestShippedModelsAreReadByTheirNames(t *testing.T) {
	t.Parallel()
	names := billing.Shipped()
	if want := []string{"gp-gio", "gp-gio-month", "per-second", "sakura-cloud"}; !slices.Equal(names, want) {
		t.Fatalf("%q, want %q", names, want)
	}
	for _, name := range names {
		m, err := billing.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if !m.Example || m.Name == "" || m.Name == name {
			t.Errorf("%s: %+v: prices that are made up must be called so", name, m)
		}
		file, err := billing.Load(filepath.Join("../../../configs/billing", name+".yaml"))
		if err != nil || file.Name != m.Name {
			t.Errorf("%v, %v", file, err)
		}
	}
}

// A pair of machines for some of January, as the shipped models charge them.
func TestShippedModelsChargeAsTheySay(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ net, tax billing.Money }{
		"gp-gio":       {10000 + 3225, 1322}, // a month, and 10 days of 31: 3225.8; 1322.5
		"sakura-cloud": {2000 + 900, 290},    // the limit of a month, and 9 × 24 hours as 9 days: 5 to 14 January but for one day off
		"per-second":   {7440 + 2160, 0},     // 744 hours and 216 hours at 10 ¢
	} {
		m, err := billing.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		c := contracts(t, m.Zone, "2026-01-01/, 2026-01-05/2026-01-15")
		c[1].Stopped = spans(t, m.Zone, "2026-01-07/2026-01-08")
		if got := m.Bill(c, at(t, m.Zone, "2026-01-01"), at(t, m.Zone, "2026-02-01")); got.Net != want.net || got.Tax != want.tax {
			t.Errorf("%s: %d and %d, want %+v", name, got.Net, got.Tax, want)
		}
	}
}

func TestAModelThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"sakura-clout":    "unknown billing model `sakura-clout`, and no file: did you mean `sakura-cloud`?",
		"./none.yaml":     "open the billing model: open ./none.yaml: no such file or directory; give the path of a file that this user may read, or one of gp-gio, gp-gio-month, per-second, sakura-cloud",
		"":                "unknown billing model ``, and no file: ",
		"../x\x1b":        "open the billing model: ",
		t.TempDir() + "/": "read the billing model: ",
	} {
		if m, err := billing.Load(name); err == nil || m != nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
}

func TestAnotherFileIsReadByItsPath(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ours.yaml")
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := billing.Load(path)
	if err != nil || m.Name != "ours" || m.Currency != "JPY" || m.Decimals != 0 || m.Zone.String() != "Asia/Tokyo" || m.Example {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestAModelSaysWhatItAssumes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ lines, want []string }{
		"dated": {append([]string{"tax: {rate: 8.5%, included: true}"}, dated...), []string{
			"A machine costs 10000 JPY a month, charged by each begun day of the calendar of Asia/Tokyo.",
			"While it is off it costs the same.",
			"Each machine's sum of a month is rounded down; a tax of 8.5% is in the price, rounded down.",
		}},
		"total": {append([]string{"example: true", "tax: {rate: 10%, rounding: up}"}, total...), []string{
			"A machine costs 10 JPY an hour; the time of a month of the calendar of Asia/Tokyo is totalled, and each begun hour of it counts.",
			"While it is off it costs nothing.",
			"A machine costs at most 100 JPY a day and 2000 JPY a month.",
			"Each machine's sum of a month is rounded down; a tax of 10% is added, rounded up.",
			"The prices are made up.",
		}},
		"tick": {override(tick, []string{"#stopped: 25%", `minimum: {start: 1 minute, contract: 2 days, charge: "0.01"}`, `setup_fee: "5"`, "#rounding: {of: bill, money: up}"}), []string{
			"A machine costs 0.10 USD an hour, charged by each begun second of the contract, from its order on.",
			"While it is off it costs 0.025 USD an hour.",
			"A machine is charged for 2 days at least, on or off.",
			"Each start is charged for 1 minute at least.",
			"A machine costs at least 0.01 USD.",
			"An order costs 5.00 USD for each machine.",
			"The sum of a month is rounded up; there is no tax.",
		}},
	} {
		if got := parse(t, test.lines...).Assumptions(); !slices.Equal(got, test.want) {
			t.Errorf("%s:\n%s", name, strings.Join(got, "\n"))
		}
	}
}

func TestAmountsAreWrittenForPeople(t *testing.T) {
	t.Parallel()
	for currency, texts := range map[string]map[billing.Money]string{
		"JPY": {0: "¥0", 999: "¥999", 1000: "¥1,000", 1234567: "¥1,234,567", -1234: "-¥1,234"},
		"USD": {0: "$0.00", 5: "$0.05", 123456: "$1,234.56", -5: "-$0.05"},
		"KWD": {1234567: "1,234.567 KWD"},
		"CHF": {100: "1.00 CHF"},
	} {
		m := parse(t, strings.Replace(good, "JPY", currency, 1))
		for amount, want := range texts {
			if got := m.Text(amount); got != want {
				t.Errorf("%d: %s, want %s", amount, got, want)
			}
		}
	}
}

// FuzzParse proves that any bytes give either a model whose bills add up, or problems, each with a line of
// the file and fit for a terminal.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("../../../configs/billing/*.yaml")
	if err != nil || len(paths) < 3 {
		f.Fatal(paths, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, lines := range [][]string{dated, own, share, hours, total, york, tick} {
		f.Add([]byte(strings.Join(lines, "\n") + "\nminimum: {contract: 2 months, start: 3 hours, charge: 700}\nsetup_fee: 9.5\ntax: {rate: 8.25%, rounding: up}\n"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := billing.Parse("fuzz.yaml", data)
		if err != nil {
			refused(t, m, err, strings.Count(string(data), "\n")+1)
			return
		}
		from, to := at(t, m.Zone, "2026-01-15 07:30"), at(t, m.Zone, "2026-04-02")
		c := contracts(t, m.Zone, "2026-01-10 10:30/, 2026-02-20/2026-03-10 23:59:59, 2026-04-01/2026-04-01")
		c[0].Stopped = spans(t, m.Zone, "2026-02-10/2026-03-02 15:00")
		whole, first, second := m.Bill(c, from, to), m.Bill(c, from, at(t, m.Zone, "2026-03-01 01:01:01")), m.Bill(c, at(t, m.Zone, "2026-03-01 01:01:01"), to)
		if whole.Net < 0 || whole.Tax < 0 || first.Total+second.Total != whole.Total || whole.Net+whole.Tax != whole.Total {
			t.Errorf("%+v, %+v, %+v", whole, first, second)
		}
		if until := m.PaidUntil(c[0].Ordered, from); !until.After(from) {
			t.Errorf("paid until %s at %s", until, from)
		}
		if len(m.Assumptions()) < 3 {
			t.Errorf("%q", m.Assumptions())
		}
	})
}

func refused(t *testing.T, m *billing.Model, err error, lines int) {
	t.Helper()
	var problems config.Problems
	if !errors.As(err, &problems) || m != nil || len(problems) == 0 {
		t.Fatalf("%v, %v", m, err)
	}
	for _, problem := range problems {
		if problem.Line < 1 || problem.Line > lines || problem.Message == "" {
			t.Errorf("%d lines, but %#v", lines, problem)
		}
		if strings.ContainsFunc(problem.String(), unicode.IsControl) {
			t.Errorf("a terminal obeys %q", problem)
		}
	}
}
