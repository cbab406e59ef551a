package formula

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The bounds of a formula. Both are far above what anybody writes.
const (
	maxBytes = 1000
	maxDepth = 50 // of parentheses, calls and minus signs within one another
)

// Parse reads a formula of at most 1000 bytes. The error names the place, counted in
// characters from 1, and what is wanted there.
func Parse(text string) (*Formula, error) {
	if len(text) > maxBytes {
		return nil, fmt.Errorf("the formula has more than %d bytes: shorten it, or make a signal of a part of it", maxBytes)
	}
	p := &parser{text: text}
	result, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.next(); p.at < len(p.text) {
		return nil, p.errorf("an operator is wanted between two operands, or the end")
	}
	return &Formula{result: result, names: p.names}, nil
}

// parser reads a formula from left to right. Its methods are named after what they
// read; at is where the next of it begins.
type parser struct {
	text  string
	at    int
	depth int
	names []string
}

// next is the next byte that is no space; 0 at the end.
func (p *parser) next() byte {
	p.at += len(p.text[p.at:]) - len(strings.TrimLeft(p.text[p.at:], " \t\n"))
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("at character %d of the formula: %s", len([]rune(p.text[:p.at]))+1, fmt.Sprintf(format, args...))
}

func (p *parser) sum() (term, error)     { return p.chain("+-", p.product) }
func (p *parser) product() (term, error) { return p.chain("*/", p.signed) }

// chain reads operands joined by the operators, the left ones first.
func (p *parser) chain(operators string, operand func() (term, error)) (term, error) {
	left, err := operand()
	for err == nil && strings.IndexByte(operators, p.next()) >= 0 {
		operation := operations[p.next()]
		p.at++
		var right term
		right, err = operand()
		left = joined(left, right, operation)
	}
	return left, err
}

// signed reads an operand with any minus signs before it.
func (p *parser) signed() (term, error) {
	if p.next() != '-' {
		return p.operand()
	}
	p.at++
	var operand term
	err := p.within(func() (err error) {
		operand, err = p.signed()
		return err
	})
	return negated(operand), err
}

func (p *parser) operand() (term, error) {
	switch c := p.next(); {
	case c == '(':
		p.at++
		inner, err := p.inner()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(')')
	case isDigit(c) || c == '.':
		return p.number()
	case isLetter(c):
		return p.named()
	case c == 0:
		return nil, p.errorf("it ends where a number, the name of a signal or a parenthesis is wanted")
	}
	return nil, p.errorf("a number, the name of a signal (a-z, 0-9 and -) or a parenthesis is wanted")
}

// inner reads what stands between parentheses or commas.
func (p *parser) inner() (inner term, err error) {
	err = p.within(func() (err error) {
		inner, err = p.sum()
		return err
	})
	return inner, err
}

func (p *parser) within(read func() error) error {
	if p.depth++; p.depth > maxDepth {
		return p.errorf("more than %d within one another: make a signal of a part of it", maxDepth)
	}
	defer func() { p.depth-- }()
	return read()
}

func (p *parser) expect(c byte) error {
	if p.next() != c {
		return p.errorf("%q is wanted", c)
	}
	p.at++
	return nil
}

func (p *parser) number() (term, error) {
	text := p.while(func(c byte) bool { return isDigit(c) || c == '.' })
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(value, 0) {
		p.at -= len(text)
		return nil, p.errorf("%.40q is not a number: write for example 100 or 0.5", text)
	}
	return number(value), nil
}

// named reads a name, or a call of a function when a parenthesis follows.
func (p *parser) named() (term, error) {
	start := p.at
	name := p.while(func(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' })
	if p.next() == '(' {
		call, known := functions[name]
		if !known {
			p.at = start
			return nil, p.errorf("there is no function %.40q: use min(a, b) or max(a, b)", name)
		}
		return p.call(call)
	}
	if !slices.Contains(p.names, name) {
		p.names = append(p.names, name)
	}
	return named(name), nil
}

func (p *parser) call(function func(a, b float64) float64) (term, error) {
	var arguments [2]term
	for i, before := range []byte{'(', ','} {
		if err := p.expect(before); err != nil {
			return nil, err
		}
		var err error
		if arguments[i], err = p.inner(); err != nil {
			return nil, err
		}
	}
	return joined(arguments[0], arguments[1], function), p.expect(')')
}

// while reads bytes as long as they belong.
func (p *parser) while(belongs func(byte) bool) string {
	start := p.at
	for p.at < len(p.text) && belongs(p.text[p.at]) {
		p.at++
	}
	return p.text[start:p.at]
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' }
