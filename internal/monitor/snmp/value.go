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
	kind kind
	why  policy.Absence
	bits uint64  // of a gauge's number, or a counter's count
	more *remark // what few values have; nil: nothing of it
}

// remark is what an agent said that is no number.
type remark struct {
	text string // of a string, whether or not it holds a number
	err  error  // of nothing
}

// number is a gauge's.
func (v Value) number() float64 {
	if v.kind != gauge {
		return 0
	}
	return math.Float64frombits(v.bits)
}

// count is a counter's.
func (v Value) count() uint64 {
	if v.kind == gauge {
		return 0
	}
	return v.bits
}

func (v Value) text() string {
	if v.more == nil {
		return ""
	}
	return v.more.text
}

func (v Value) err() error {
	if v.more == nil {
		return nil
	}
	return v.more.err
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
	if lacked, ok := lacked[variable.Type]; ok {
		return lacked
	}
	return noValue(policy.OutOfRange, fmt.Errorf("its type %s is not a number", variable.Type))
}

// lacked are the values of objects that the agent does not have. One that lacks an extra
// says so at each reading.
var lacked = func() map[gosnmp.Asn1BER]Value {
	values := map[gosnmp.Asn1BER]Value{}
	for _, kind := range []gosnmp.Asn1BER{gosnmp.NoSuchObject, gosnmp.NoSuchInstance, gosnmp.EndOfMibView} {
		values[kind] = noValue(policy.Absent, fmt.Errorf("the agent has no such object (%s)", kind))
	}
	return values
}()

func valueOfUnsigned(kind gosnmp.Asn1BER, content uint64) Value {
	switch {
	case kind == gosnmp.Counter64:
		return Value{kind: counter64, bits: content}
	case content > math.MaxUint32:
		return noValue(policy.OutOfRange, fmt.Errorf("%d does not fit its type %s", content, kind))
	case kind == gosnmp.Counter32:
		return Value{kind: counter32, bits: content}
	default:
		return gaugeOf(float64(content))
	}
}

func valueOfText(content []byte) Value {
	text := string(content)
	number, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || strings.ContainsAny(text, "xX_") { // strconv knows more than decimal ones
		return Value{why: policy.OutOfRange, more: &remark{text, textError(text)}}
	}
	value := gaugeOf(number)
	value.more = &remark{text: text}
	return value
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
		return v.number(), true
	case counter64:
		return float64(v.count()), true
	}
	return 0, false
}

func gaugeOf(number float64) Value { return Value{kind: gauge, bits: math.Float64bits(number)} }

func noValue(why policy.Absence, err error) Value { return Value{why: why, more: &remark{err: err}} }
