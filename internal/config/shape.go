package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Shape is what can be known of a value without the rest of the file. It never refuses
// what the loader accepts.
type Shape struct {
	Range   string   // what may be written, in Markdown
	Words   []string // the only values; nil: there are others
	Pattern string   // that a text matches, in what Go and ECMA-262 have in common; empty: any
	Letters int      // the most that a text may have; 0: any number
	Numbers *Bounds  // of a number; nil: any
	Types   []string // of YAML that a value can have: string, integer, number, boolean
	Percent bool     // a default is shown in percent
	like    func(text string) bool
}

// Bounds are those of numbers.
type Bounds struct {
	Least, Most float64
	Above       bool // Least itself is none of them
	Below       bool // nor is Most
	Whole       bool
}

// shapeOf is the parser's shape. Which types of YAML it takes, the parser is asked itself.
func shapeOf[T any](p parser[T]) Shape {
	shape := Shape{}
	if p.shape != nil {
		shape = p.shape()
	}
	accepts := shape.like
	if accepts == nil {
		accepts = func(text string) bool { _, err := p.parse(text); return err == nil }
	}
	shape.Types = []string{"string"}
	switch {
	case shape.Numbers != nil && shape.Numbers.Whole:
		shape.Types = append(shape.Types, "integer")
	case shape.Numbers != nil, accepts("1.5"):
		shape.Types = append(shape.Types, "number")
	case slices.ContainsFunc(sampleNumbers, accepts):
		shape.Types = append(shape.Types, "integer")
	}
	if accepts("true") || accepts("false") {
		shape.Types = append(shape.Types, "boolean")
	}
	return shape
}

// longNumbers are those that YAML makes of so many digits or more.
func longNumbers(digits int) *Bounds {
	return &Bounds{Least: math.Pow10(digits - 1), Most: math.MaxFloat64, Whole: true}
}

// sampleNumbers are texts that YAML takes for whole numbers.
var sampleNumbers = []string{"0", "1", "-1", "80"}

// like is a shape of texts that match the pattern.
func like(pattern, inWords string) func() Shape {
	return func() Shape { return Shape{Range: inWords, Pattern: pattern} }
}

// shapeOfWords is that of one of some words.
func shapeOfWords(valid []string) Shape {
	const most = 8 // of which a table can say what they are
	shape := Shape{Words: slices.Clone(valid)}
	if len(valid) <= most {
		shape.Range = "`" + strings.Join(shape.Words, "`, `") + "`"
	}
	return shape
}

func shapeOfWhole(least, most int) Shape {
	shape := Shape{
		Range:   fmt.Sprintf("%d to %d", least, most),
		Numbers: &Bounds{Least: float64(least), Most: float64(most), Whole: true},
		Pattern: `^\+?0*(?:` + between(least, most) + `)$`,
	}
	if least == 0 {
		shape.Pattern += `|^-0+$`
	}
	return shape
}

// shapeOfNumbers is that of numbers within bounds, of which 60% is 0.6.
func shapeOfNumbers(bounds Bounds, inWords string) Shape {
	return Shape{Range: inWords, Numbers: &bounds, Pattern: `^\s*(?:` + bounds.decimal(1) + `\s*|` + bounds.decimal(100) + `\s*%|(?:` + oddNumber + `)\s*%?)$`}
}

// oddNumber is how nobody writes a number, and yet can: with an exponent, or in hexadecimal.
const oddNumber = `[+-]?[0-9.]+[eE][+-]?[0-9]+|[+-]?0[xX][0-9a-fA-F._]+(?:[pP][+-]?[0-9]+)?`

// decimal is the pattern of the usual numbers within the bounds, times the given factor. Of
// what is between two whole numbers it takes all where it must take some.
func (b Bounds) decimal(factor float64) string {
	first := max(int(b.Least*factor), 0)
	if b.Above && first == 0 {
		first = 1
	}
	var forms []string
	most := b.Most * factor
	if b.Below {
		most = math.Ceil(most) - 1
	}
	switch {
	case most >= math.MaxInt32 && first == 1:
		forms = append(forms, `\+?0*[1-9][0-9]*\.?[0-9]*`)
	case most >= math.MaxInt32:
		forms = append(forms, `\+?[0-9]+\.?[0-9]*`)
	case int(most) >= first:
		forms = append(forms, `\+?0*(?:`+between(first, int(most))+`)(?:\.[0-9]*)?`)
	}
	switch {
	case b.Above && first == 1:
		forms = append(forms, `\+?0*\.0*[1-9][0-9]*`)
	case first == 0:
		forms = append(forms, `\+?\.[0-9]+`)
	}
	switch {
	case b.Least < 0:
		forms = append(forms, `-[0-9.]+`)
	case first == 0:
		forms = append(forms, `-[0.]+`)
	}
	return `(?:` + strings.Join(forms, "|") + `)`
}

// shapeOfDurations is that of durations in a range. Of one that has several units, or a
// fraction, it knows only that neither its hours nor its minutes fill the range before the
// rest, which is all there is to know of 1h30m, and not of 59m90s.
func shapeOfDurations(least, most time.Duration) Shape {
	const unit = `(?:ns|us|µs|μs|ms|s|m|h)`
	const nothing = `(?:(?:0+(?:\.[0-9]*)?|\.[0-9]+)` + unit + `)*` // as in 1h0m0s; or less than one of the unit
	single := []string{`[0-9]+(?:ns|us|µs|μs)`}
	for _, u := range []struct {
		name string
		span time.Duration
	}{{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}} {
		first, last := int((least+u.span-1)/u.span), int(most/u.span)
		if first <= last {
			single = append(single, `0*(?:`+between(first, last)+`)(?:\.(?:0[0-9]*)?)?`+u.name)
		}
	}
	minutes, hours := between(0, int((most-1)/time.Minute)), between(0, int((most-1)/time.Hour))
	part := func(fraction string) string {
		return `(?:\.[0-9]+` + unit + `|[0-9]+` + fraction + `(?:ns|us|µs|μs|ms|s)|0*(?:` + minutes + `)` + fraction + `m|0*(?:` + hours + `)` + fraction + `h)`
	}
	forms := []string{nothing + `(?:` + strings.Join(single, "|") + `)` + nothing, part(`\.[0-9]*`), part(`(?:\.[0-9]*)?`) + `{2,}`}
	shape := Shape{Range: words.Span(least) + " to " + words.Span(most), Pattern: `^\+?(?:` + strings.Join(forms, "|") + `)$`}
	if least == 0 {
		shape.Pattern += `|^[+-]?0$|^-(?:[0.]+` + unit + `)+$`
		shape.Numbers = &Bounds{Whole: true} // 0 is a duration without a unit
	}
	return shape
}

// between is a pattern of the decimal numbers from least to most, without leading zeros.
func between(least, most int) string {
	stops := []int{most}
	for step := 10; ; step *= 10 { // up to the next number that ends in nines
		stop := least/step*step + step - 1
		if stop >= most {
			break
		}
		stops = append(stops, stop)
	}
	for step := 10; ; step *= 10 { // and from the last that ends in zeros
		stop := (most+1)/step*step - 1
		if stop <= least {
			break
		}
		stops = append(stops, stop)
	}
	slices.Sort(stops)
	var forms []string
	for _, stop := range slices.Compact(stops) {
		forms = append(forms, alike(least, stop))
		least = stop + 1
	}
	return strings.Join(forms, "|")
}

// alike is the pattern of the numbers from first to last, whose digits but for some are
// the same or any.
func alike(first, last int) string {
	from, to := strconv.Itoa(first), strconv.Itoa(last)
	var b strings.Builder
	anyDigits := 0
	for i := range from {
		switch {
		case from[i] == to[i]:
			b.WriteByte(from[i])
		case from[i] == '0' && to[i] == '9':
			anyDigits++
		default:
			fmt.Fprintf(&b, "[%c-%c]", from[i], to[i])
		}
	}
	switch {
	case anyDigits == 1:
		b.WriteString("[0-9]")
	case anyDigits > 1:
		fmt.Fprintf(&b, "[0-9]{%d}", anyDigits)
	}
	return b.String()
}

// shapeOfShares is that of numbers that are shown in percent.
func shapeOfShares(bounds Bounds, inWords string) func() Shape {
	return func() Shape {
		shape := shapeOfNumbers(bounds, inWords)
		shape.Percent = true
		return shape
	}
}

// shapeOfReference is that of the name of something of the given kind.
func shapeOfReference(kind string) Shape {
	shape := name.shape()
	shape.like = func(text string) bool { _, err := name.parse(text); return err == nil }
	plural := kind + "s"
	if kind == "query" {
		plural = "queries"
	}
	shape.Range = "a name in `" + plural + "`"
	return shape
}

// referencePattern is that of references to secrets. What they lead to, nothing is known of.
const referencePattern = `^(?:file:/|env:[A-Za-z_][A-Za-z0-9_]*$|credential:[A-Za-z0-9_][A-Za-z0-9._-]*$)`

// referring accepts a reference to a secret, which resolve follows.
func referring(resolve func(value string) (secret.Secret, error)) parser[secret.Secret] {
	return referringTo("secret", resolve)
}

// referringTo is referring for what the words say.
func referringTo(inWords string, resolve func(value string) (secret.Secret, error)) parser[secret.Secret] {
	return parser[secret.Secret]{resolve, like(referencePattern, inWords)}
}
