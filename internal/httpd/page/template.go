package page

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

//go:embed templates
var templateFiles embed.FS

// templates are the pages in each language.
var templates = parseTemplates()

func parseTemplates() map[lang]*template.Template {
	all := map[lang]*template.Template{}
	for _, l := range languages() {
		all[l] = template.Must(template.New("").Funcs(functionsFor(l)).ParseFS(templateFiles, "templates/*.html"))
	}
	return all
}

// functionsFor are what templates can call.
func functionsFor(l lang) template.FuncMap {
	return template.FuncMap{
		"t":       l.say,
		"code":    l.code,
		"tell":    l.tell,
		"asset":   assetPath,
		"rfc":     func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
		"utc":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
		"long":    func(text string) bool { return len(text) > longText },
		"day":     func(t time.Time) string { return t.Format(time.DateOnly) },
		"number":  number,
		"value":   value,
		"money":   money,
		"span":    func(d time.Duration) string { return spanIn(l, d) },
		"same":    func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) },
		"words":   func() (string, error) { return scriptWords(l) },
		"json":    func(v any) (string, error) { text, err := json.Marshal(v); return string(text), err },
		"spans":   func() any { return spans },
		"deref":   func(f *float64) float64 { return *f },
		"overkey": func(kind any) string { return "override." + fmt.Sprint(kind) },
		"sub":     func(a, b float64) float64 { return a - b },
		"deed":    func(d deed, g *fleet.GroupStatus) deedView { return deedView{d, g.Name, g.Min, g.Max, g.Desired} },
	}
}

// longText is how long a text is, in bytes, that may take more than two lines on a phone.
const longText = 120

// number is a quantity as people read it: four digits that count, thousands apart.
func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return thousands(strconv.FormatFloat(v, 'f', 0, 64))
	}
	if a := math.Abs(v); a >= 1e15 || a < 1e-4 {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	digits := max(0, 3-int(math.Floor(math.Log10(math.Abs(v)))))
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return thousands(text)
}

// value is a quantity that may be missing.
func value(v *float64) string {
	if v == nil {
		return "–"
	}
	return number(*v)
}

// thousands puts a comma between them.
func thousands(text string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "−", text[1:]
	}
	whole, rest, point := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		return sign + whole + "." + rest
	}
	return sign + whole
}

// money is an amount in its currency; the yen has no smaller coin.
func money(currency string, amount float64) string {
	if currency == "JPY" {
		return "¥" + thousands(strconv.FormatFloat(math.Round(amount), 'f', 0, 64))
	}
	return thousands(strconv.FormatFloat(amount, 'f', 2, 64)) + " " + currency
}

// spanIn is a length of time in words: its two largest units.
func spanIn(l lang, d time.Duration) string {
	d = max(0, d.Round(time.Second))
	units := []struct {
		length time.Duration
		key    string
	}{{24 * time.Hour, "unit.day"}, {time.Hour, "unit.hour"}, {time.Minute, "unit.minute"}, {time.Second, "unit.second"}}
	var said []string
	for _, unit := range units {
		if count := d / unit.length; count > 0 && len(said) < 2 {
			said = append(said, l.say(unit.key, int(count)))
			d %= unit.length
		} else if len(said) > 0 {
			break
		}
	}
	if said == nil {
		return l.say("unit.second", 0)
	}
	return strings.Join(said, " ")
}

func floats(counts []*int) []*float64 {
	list := make([]*float64, len(counts))
	for i, count := range counts {
		if count != nil {
			v := float64(*count)
			list[i] = &v
		}
	}
	return list
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// scriptWords are the words that the script needs, as JSON.
func scriptWords(l lang) (string, error) {
	said := map[string]string{}
	for key, phrase := range catalogue {
		if name, ok := strings.CutPrefix(key, "script."); ok {
			said[name] = phrase.in(l)
		}
	}
	text, err := json.Marshal(said)
	return string(text), err
}
