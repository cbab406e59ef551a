package prom

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/prometheus/common/model"
)

// reply is what Prometheus' HTTP API says to a question.
type reply struct {
	status, errorType, message string
	warnings                   []string
	kind                       string  // of the result; empty without one
	result                     scanner // in front of it, and checked up to its end
}

// decoder reads a reply, and then the result that is in it.
type decoder struct {
	scanner
	into   result
	labels []byte
}

// decodeReply checks the whole body. What it returns points into that. Members may come in
// any order; those that it does not know are left out, and of one that comes twice the
// last counts.
func decodeReply(body []byte) (reply, error) {
	var r reply
	d := decoder{scanner: scanner{text: body}}
	for d.object(); d.more('}'); {
		switch string(d.key()) {
		case "status":
			r.status = d.textOrNull()
		case "errorType":
			r.errorType = d.textOrNull()
		case "error":
			r.message = d.textOrNull()
		case "warnings":
			r.warnings = d.texts()
		case "infos":
			d.texts() // they take nothing away from a result
		case "data":
			r.kind, r.result = d.data()
		default:
			d.skip()
		}
	}
	d.end()
	return r, d.err
}

// data finds the kind of a result, and where it is. What is no result has no kind.
func (d *decoder) data() (kind string, at scanner) {
	if d.peek() != '{' {
		d.skip()
		return "", scanner{}
	}
	for d.object(); d.more('}'); {
		switch key := d.key(); {
		case string(key) == "resultType" && d.peek() == '"':
			kind = string(d.quoted())
		case string(key) == "result":
			at = scanner{text: d.text, at: d.at}
			d.skip()
			at.text = d.text[:d.at]
		default:
			d.skip()
		}
	}
	return kind, at
}

// textOrNull reads a string; null is an empty one.
func (d *decoder) textOrNull() string {
	if d.null() {
		return ""
	}
	return string(d.quoted())
}

func (d *decoder) texts() (list []string) {
	if d.null() {
		return nil
	}
	for d.array(); d.more(']'); {
		list = append(list, string(d.quoted()))
	}
	return list
}

// decode reads the result. That has nothing in common with the body any more.
func (r reply) decode() (*result, error) {
	d := decoder{scanner: r.result, into: result{kind: r.kind}}
	switch {
	case d.text == nil:
		return nil, errors.New("it has no result")
	case r.kind == "scalar":
		d.into.spans = []spans{{points: d.keep(d.point())}}
	case r.kind == "vector":
		d.elements((*decoder).sample)
	case r.kind == "matrix":
		d.elements((*decoder).stream)
	default:
		return nil, fmt.Errorf("its result is of type %.20q: an expression with numbers has another", r.kind)
	}
	d.into.labels = string(d.labels)
	return &d.into, d.err
}

func (d *decoder) elements(read func(*decoder) spans) {
	if d.null() {
		return
	}
	for d.array(); d.more(']'); {
		if d.peek() == 'n' {
			d.fail(d.at, "an element that is not null")
		}
		d.into.spans = append(d.into.spans, read(d))
	}
}

// sample reads an element of a vector.
func (d *decoder) sample() (at spans) {
	from, valued := d.at, false
	for d.object(); d.more('}'); {
		switch string(d.key()) {
		case "metric":
			at.labels = d.metric()
		case "value":
			if point := d.point(); !at.histogram {
				at.points, valued = d.keep(point), true
			}
		case "histogram":
			at.points, at.histogram, valued = d.keep(d.histogram()), true, true
		default:
			d.skip()
		}
	}
	if !valued {
		d.fail(from, "an element with a value")
	}
	return at
}

// stream reads an element of a matrix.
func (d *decoder) stream() (at spans) {
	for d.object(); d.more('}'); {
		switch string(d.key()) {
		case "metric":
			at.labels = d.metric()
		case "values":
			at.points = d.points((*decoder).point)
		case "histograms":
			histograms := d.points((*decoder).histogram)
			at.histogram = histograms.from < histograms.to
		default:
			d.skip()
		}
	}
	return at
}

func (d *decoder) metric() span {
	from := len(d.labels)
	if !d.null() {
		for d.object(); d.more('}'); {
			d.label(d.key())
			if d.null() {
				d.label(nil)
			} else {
				d.label(d.quoted())
			}
		}
	}
	return span{int32(from), int32(len(d.labels))}
}

func (d *decoder) label(text []byte) { d.labels = append(append(d.labels, text...), endOfText) }

func (d *decoder) points(read func(*decoder) model.SamplePair) span {
	from := len(d.into.points)
	if !d.null() {
		for d.array(); d.more(']'); {
			d.keep(read(d))
		}
	}
	return span{int32(from), int32(len(d.into.points))}
}

func (d *decoder) keep(point model.SamplePair) span {
	d.into.points = append(d.into.points, point)
	return span{int32(len(d.into.points) - 1), int32(len(d.into.points))}
}

// point reads [seconds, "value"].
func (d *decoder) point() (point model.SamplePair) {
	d.expect('[', "a point")
	point.Timestamp = d.time()
	d.expect(',', "a comma")
	point.Value = d.value()
	d.expect(']', "the end of a point")
	return point
}

// histogram reads [seconds, {…}], and leaves out what is in there.
func (d *decoder) histogram() (point model.SamplePair) {
	d.expect('[', "a histogram")
	point.Timestamp = d.time()
	d.expect(',', "a comma")
	for d.object(); d.more('}'); {
		d.key()
		d.skip()
	}
	d.expect(']', "the end of a histogram")
	return point
}

func (d *decoder) time() model.Time {
	d.peek()
	from := d.at
	at, ok := milliseconds(d.number())
	if !ok {
		d.fail(from, "a time in seconds")
	}
	return at
}

// milliseconds is a time in seconds, a number of JSON, without what is beyond its third
// decimal. Nobody writes one with an exponent.
func milliseconds(seconds []byte) (model.Time, bool) {
	whole, fraction, _ := bytes.Cut(seconds, []byte("."))
	var space [24]byte
	digits := append(append(space[:0], whole...), "000"...)
	copy(digits[len(whole):], fraction)
	ms, err := strconv.ParseInt(string(digits), 10, 64)
	exponent := bytes.IndexByte(fraction, 'e') >= 0 || bytes.IndexByte(fraction, 'E') >= 0
	return model.Time(ms), err == nil && !exponent
}

func (d *decoder) value() model.SampleValue {
	d.peek()
	from := d.at
	value, err := parseNumber(d.quoted())
	if err != nil {
		d.fail(from, "a number in quotes")
	}
	return model.SampleValue(value)
}
