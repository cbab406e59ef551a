package snmp

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Value is what an agent said about one object: a number, a counter, or nothing.
// The zero Value is nothing.
type Value struct {
	kind   kind
	number float64 // of a gauge
	count  uint64  // of a counter
	text   string  // of a string, whether or not it holds a number
	why    policy.Absence
	err    error // of nothing
}

type kind uint8

const (
	nothing kind = iota
	gauge
	counter32
	counter64
)

// valueOf converts one variable. Numbers are INTEGER, Gauge32, TimeTicks,
// net-snmp's opaque floats, and strings that hold a decimal number, as the
// agent's "extend" and "pass" answer.
func valueOf(variable gosnmp.SnmpPDU) Value {
	switch content := variable.Value.(type) {
	case int:
		return gaugeOf(float64(content))
	case uint32:
		return gaugeOf(float64(content))
	case uint:
		return valueOfUnsigned(variable.Type, uint64(content))
	case uint64:
		return valueOfUnsigned(variable.Type, content)
	case float32:
		return gaugeOf(float64(content))
	case float64:
		return gaugeOf(content)
	case []byte:
		return valueOfText(content)
	}
	switch variable.Type {
	case gosnmp.NoSuchObject, gosnmp.NoSuchInstance, gosnmp.EndOfMibView:
		return noValue(policy.Absent, fmt.Errorf("the agent has no such object (%s)", variable.Type))
	}
	return noValue(policy.OutOfRange, fmt.Errorf("its type %s is not a number", variable.Type))
}

func valueOfUnsigned(kind gosnmp.Asn1BER, content uint64) Value {
	switch {
	case kind == gosnmp.Counter64:
		return Value{kind: counter64, count: content}
	case content > math.MaxUint32:
		return noValue(policy.OutOfRange, fmt.Errorf("%d does not fit its type %s", content, kind))
	case kind == gosnmp.Counter32:
		return Value{kind: counter32, count: content}
	default:
		return gaugeOf(float64(content))
	}
}

func valueOfText(content []byte) Value {
	text := string(content)
	number, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || strings.ContainsAny(text, "xX_") { // strconv knows more than decimal ones
		return Value{text: text, why: policy.OutOfRange, err: textError(text)}
	}
	return Value{kind: gauge, number: number, text: text}
}

// textError is the error of a text that is no number. Tables of names have many,
// which nobody reads as numbers, so the sentence is made when it is.
type textError string

func (n textError) Error() string {
	return fmt.Sprintf("the text %.40q is not a decimal number", string(n))
}

// amount is the number of a gauge, also of one that the agent calls a counter
// because gauges have 32 bits only.
func (v Value) amount() (float64, bool) {
	switch v.kind {
	case gauge:
		return v.number, true
	case counter64:
		return float64(v.count), true
	}
	return 0, false
}

func gaugeOf(number float64) Value { return Value{kind: gauge, number: number} }

func noValue(why policy.Absence, err error) Value { return Value{why: why, err: err} }
