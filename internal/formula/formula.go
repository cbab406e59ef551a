// Package formula is simple arithmetic over named quantities, such as
// "busy / (busy + idle) * 100".
//
// It knows + - * /, the minus sign before an operand, parentheses, decimal numbers,
// min(a, b) and max(a, b). Names are those of signals, and may hold a -: a minus
// between two of them stands between spaces.
//
// It promises that what cannot be computed is never a number: where a step gives NaN
// or an infinity, as a division by 0 does, the result is NaN, also where a later step
// would turn it into a number again. Config checks formulas with it, monitor computes
// them; it calls nobody.
package formula

import "math"

// Formula is a formula that was parsed. It may be used by many goroutines at once.
type Formula struct {
	result term
	names  []string
}

// term computes a part of a formula.
type term func(value func(name string) float64) float64

// Names are the names in the formula, each once, in the order of their first
// appearance.
func (f *Formula) Names() []string { return f.names }

// Eval computes the formula from the value of each name. It is NaN when a value or a
// step in between is not finite.
func (f *Formula) Eval(value func(name string) float64) float64 { return f.result(value) }

// finite keeps what went wrong wrong: 1/(1/0) is no 0.
func finite(x float64) float64 {
	if math.IsInf(x, 0) {
		return math.NaN()
	}
	return x
}

func number(x float64) term {
	return func(func(string) float64) float64 { return x }
}

func named(name string) term {
	return func(value func(string) float64) float64 { return finite(value(name)) }
}

func negated(a term) term {
	return func(value func(string) float64) float64 { return -a(value) }
}

func joined(a, b term, by func(a, b float64) float64) term {
	return func(value func(string) float64) float64 { return finite(by(a(value), b(value))) }
}

// operations are what stands between two operands, and functions what is called with
// two.
var (
	operations = map[byte]func(a, b float64) float64{
		'+': func(a, b float64) float64 { return a + b },
		'-': func(a, b float64) float64 { return a - b },
		'*': func(a, b float64) float64 { return a * b },
		'/': func(a, b float64) float64 { return a / b },
	}
	functions = map[string]func(a, b float64) float64{"min": math.Min, "max": math.Max}
)
