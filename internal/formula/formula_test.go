package formula_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/formula"
)

var values = map[string]float64{
	"busy": 3, "idle": 1, "in-flight": 40, "in": 7, "flight": 2, "zero": 0, "min": 5, "cpu0": 0.5, "nan": math.NaN(), "inf": math.Inf(1),
}

func valueOf(name string) float64 { return values[name] }

func TestFormulaIsComputedAsItIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"busy / (busy + idle) * 100": 75,
		"1 + 2 * 3":                  7,
		"(1 + 2) * 3":                9,
		"8 - 4 - 2":                  2,
		"8 / 4 / 2":                  1,
		"-busy + 1":                  -2,
		"2 * -busy":                  -6,
		"--busy":                     3,
		"-(busy - idle)":             -2,
		"in-flight":                  40,
		"in - flight":                5,
		"in -flight":                 5,
		"2-busy":                     -1,
		"busy-2 + 1":                 1, // the signal busy-2, which is 0 here
		"min(busy, idle)":            1,
		"max(busy, 10 * idle) / 2":   5,
		"max(min(busy, 2), idle)":    2,
		"min + 1":                    6, // a signal may be called like a function
		".5*cpu0":                    0.25,
		"\n\tbusy\n\t* 2 ":           6,
		"0 * busy":                   0,
	} {
		f, err := formula.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.Eval(valueOf); got != want {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
}

func TestWhatCannotBeComputedIsNoNumberToTheEnd(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"busy / zero", "-busy / zero", "zero / zero", "1 / (busy / zero)", "min(5, busy / zero)", "max(5, -busy / zero)", "0 * (busy / zero)",
		"nan", "inf", "-inf", "1 / inf", "min(busy, nan)", "max(inf, 1)", strings.Repeat("9", 300) + " * " + strings.Repeat("9", 300),
	} {
		f, err := formula.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.Eval(valueOf); !math.IsNaN(got) {
			t.Errorf("%s is %v, want NaN", text, got)
		}
	}
}

func TestNamesAreThoseOfSignals(t *testing.T) {
	t.Parallel()
	f, err := formula.Parse("max(b-1, a) / (a + min) - b-1 * 3")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Names(), []string{"b-1", "a", "min"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFaultyFormulaIsRefusedAtItsPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                  "at character 1 of the formula: it ends where",
		"busy +":                            "at character 7 of the formula: it ends where",
		"busy idle":                         "at character 6 of the formula: an operator is wanted",
		"(busy":                             "at character 6 of the formula: ')' is wanted",
		"busy)":                             "at character 5 of the formula: an operator is wanted",
		"busy * * idle":                     "at character 8 of the formula: a number",
		"1.2.3":                             "at character 1 of the formula: \"1.2.3\" is not a number",
		"1 + .":                             "at character 5 of the formula: \".\" is not a number",
		"1e3":                               "at character 2 of the formula: an operator is wanted",
		"sqrt(busy)":                        "at character 1 of the formula: there is no function \"sqrt\"",
		"min(busy)":                         "at character 9 of the formula: ',' is wanted",
		"min(a, b, c)":                      "at character 9 of the formula: ')' is wanted",
		"min()":                             "at character 5 of the formula: a number",
		"busy % 2":                          "at character 6 of the formula: an operator is wanted",
		"busy\x00":                          "at character 5 of the formula: an operator is wanted",
		"Busy":                              "at character 1 of the formula: a number",
		"é":                                 "at character 1 of the formula: a number",
		"busy + é":                          "at character 8 of the formula: a number",
		strings.Repeat("(", 60):             "at character 52 of the formula: more than 50 within one another",
		strings.Repeat("-", 60):             "at character 52 of the formula: more than 50 within one another",
		strings.Repeat("a ", 501):           "more than 1000 bytes",
		strings.Repeat("9", 400):            "is not a number",
		"min" + strings.Repeat("(min", 200): "more than 50 within one another",
	} {
		f, err := formula.Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v; want an error about %s", text, f, err, want)
		}
	}
}

// FuzzParse holds that no text makes the parser fail other than by an error, that what
// is parsed asks only for its own names, and that it is a finite number or NaN.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"busy / (busy + idle) * 100", "max(a-1, -b) - .5", "--1", "min(min(1,2),3)", "1/0", "((", "a-", "é"} {
		f.Add(text, 1.0, 0.0)
	}
	f.Fuzz(func(t *testing.T, text string, first, others float64) {
		parsed, err := formula.Parse(text)
		if err != nil {
			if parsed != nil || err.Error() == "" {
				t.Errorf("%q: %v together with error %q", text, parsed, err)
			}
			return
		}
		names := parsed.Names()
		got := parsed.Eval(func(name string) float64 {
			if !slices.Contains(names, name) || !strings.Contains(text, name) {
				t.Errorf("%q asks for %q, which is not among %v", text, name, names)
			}
			if name == names[0] {
				return first
			}
			return others
		})
		if math.IsInf(got, 0) {
			t.Errorf("%q is %v", text, got)
		}
		if again, err := formula.Parse("(" + text + ")"); err == nil && len(text) < 900 {
			if same := again.Eval(func(name string) float64 {
				if name == names[0] {
					return first
				}
				return others
			}); same != got && !math.IsNaN(got) {
				t.Errorf("%q is %v, and in parentheses %v", text, got, same)
			}
		}
	})
}

func Example() {
	share, err := formula.Parse("busy / (busy + idle) * 100")
	fmt.Println(share.Eval(func(name string) float64 { return map[string]float64{"busy": 3, "idle": 1}[name] }), err)
	_, err = formula.Parse("busy / (busy + idle")
	fmt.Println(err)
	// Output:
	// 75 <nil>
	// at character 20 of the formula: ')' is wanted
}
