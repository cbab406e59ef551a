package prom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"pgregory.net/rapid"
)

// Here Prometheus' own client for Go says what an answer means: client_golang's v1.API.
// Ours differs from it on purpose where that
//   - makes a number, 0, of one that is missing or null (strict below), or misreads a
//     time or number that no server writes;
//   - refuses what is odd but clear (lenient below);
//   - reads what can be read in two ways: members that come twice or in another case,
//     halves of surrogate pairs, what is not UTF-8, what lies deep (ambiguous below).

// answering is a transport that gives every request the same answer.
type answering struct {
	status int
	body   []byte
}

func (a answering) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Body: io.NopCloser(bytes.NewReader(a.body))}, nil
}

// checkAgainstClientGolang fails the test when we and client_golang do not mean the same.
func checkAgainstClientGolang(t rapid.TB, asked v1.API, status int, body []byte) {
	t.Helper()
	value, wantWarnings, _, wantErr := asked.Query(context.Background(), "load", now)
	want, believed := plainly(value)
	believed = believed && wantErr == nil
	result, warnings, err := interpret(status, body)
	how := shape(body)
	var got []string
	if err == nil {
		got = written(result)
	}
	switch {
	case how.ambiguous(body):
	case err != nil && believed:
		if !how.strict {
			t.Fatalf("%d %q is refused: %v; client_golang reads %q", status, body, err, want)
		}
	case err == nil && !believed:
		if !how.lenient {
			t.Fatalf("%d %q is read as %q; client_golang refuses it: %v", status, body, got, wantErr)
		}
	case err == nil:
		if !slices.Equal(got, want) || !slices.Equal(warnings, wantWarnings) {
			t.Fatalf("%d %q is read as %q, warning of %q; client_golang reads %q, warning of %q", status, body, got, warnings, want, wantWarnings)
		}
	default:
		said, ok := errors.AsType[*v1.Error](wantErr)
		if ok && said.Type != v1.ErrBadResponse && !how.strict && err.Error() != said.Error() {
			t.Fatalf("%d %q is refused: %v; client_golang says %v", status, body, err, said)
		}
	}
}

// plainly writes down what client_golang read, unless nothing can be made of it.
func plainly(value model.Value) (list []string, believed bool) {
	switch value := value.(type) {
	case *model.Scalar:
		list = append(list, plain(nil, []model.SamplePair{{Timestamp: value.Timestamp, Value: value.Value}}, false))
	case model.Vector:
		for _, sample := range value {
			if sample == nil {
				return nil, false
			}
			list = append(list, plain(sample.Metric, []model.SamplePair{{Timestamp: sample.Timestamp, Value: sample.Value}}, sample.Histogram != nil))
		}
	case model.Matrix:
		for _, stream := range value {
			if stream == nil {
				return nil, false
			}
			list = append(list, plain(stream.Metric, stream.Values, len(stream.Histograms) > 0))
		}
	case nil:
		return nil, false
	}
	return list, true
}

// written writes down what we read.
func written(r *result) (list []string) {
	for i := range r.spans {
		e := r.element(i)
		list = append(list, plain(e.labels.metric(), e.points, e.histogram))
		for name, value := range e.labels.metric() {
			if found := e.labels.value(string(name)); found != string(value) {
				list = append(list, fmt.Sprintf("%q is %q", name, found))
			}
		}
	}
	return list
}

func plain(metric model.Metric, points []model.SamplePair, histogram bool) string {
	return fmt.Sprint(metric, points, histogram)
}

// traits are what the shape of an answer says about it.
type traits struct {
	depth   int
	twice   bool // an object has a member twice, or in another case than ours
	strict  bool // it has what only we refuse
	lenient bool // it has what only client_golang refuses
}

// surrogates are escapes that client_golang reads in one way in vectors, and in another in
// matrices.
var surrogates = regexp.MustCompile(`(?i)\\ud[89a-f]`)

func (s traits) ambiguous(body []byte) bool {
	return s.twice || s.depth > maxDepth || !utf8.Valid(body) || surrogates.Match(body)
}

var members = []string{
	"status", "errorType", "error", "warnings", "infos", "data", "resultType", "result", "metric", "value", "values", "histogram", "histograms",
}

// shape looks at a body by encoding/json alone. Of what is no JSON it says nothing.
func shape(body []byte) (found traits) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	var keys []map[string]bool // of each object around, nil for an array
	isKey := false
	for {
		token, err := decoder.Token()
		if err != nil {
			break
		}
		inObject := len(keys) > 0 && keys[len(keys)-1] != nil
		switch {
		case token == json.Delim('{'):
			keys, isKey = append(keys, map[string]bool{}), true
			found.depth = max(found.depth, len(keys))
			continue
		case token == json.Delim('['):
			keys, isKey = append(keys, nil), false
			found.depth = max(found.depth, len(keys))
			continue
		case token == json.Delim('}') || token == json.Delim(']'):
			keys = keys[:len(keys)-1]
			inObject = len(keys) > 0 && keys[len(keys)-1] != nil
		case inObject && isKey:
			key := token.(string)
			folded := key
			for _, member := range members {
				if strings.EqualFold(key, member) {
					found.twice = found.twice || key != member
					folded = member
				}
			}
			found.twice = found.twice || keys[len(keys)-1][folded]
			keys[len(keys)-1][folded] = true
			isKey = false
			continue
		}
		isKey = inObject
	}
	found.lookInto(body)
	return found
}

func (s *traits) lookInto(body []byte) {
	var reply struct {
		Warnings, Infos []any
		Data            struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	if json.Unmarshal(body, &reply) != nil {
		return
	}
	s.strict = slices.Contains(reply.Warnings, nil) || slices.Contains(reply.Infos, nil)
	switch reply.Data.ResultType {
	case "scalar":
		s.point(reply.Data.Result)
	case "vector", "matrix":
		var elements []map[string]json.RawMessage
		if json.Unmarshal(reply.Data.Result, &elements) != nil {
			return
		}
		for _, element := range elements {
			if reply.Data.ResultType == "vector" {
				s.sample(element)
			} else {
				s.stream(element)
			}
		}
	}
}

// sample: without a value, client_golang takes it to be 0 in 1970.
func (s *traits) sample(element map[string]json.RawMessage) {
	value, valued := element["value"]
	histogram, is := element["histogram"]
	s.strict = s.strict || !valued && !is
	if valued {
		s.point(value)
	}
	if is {
		s.histogram(histogram)
	}
}

// stream: client_golang refuses members that it does not know, a label without a name and
// null for labels, all of which it takes in vectors; and takes labels in a string for labels.
func (s *traits) stream(element map[string]json.RawMessage) {
	for key, text := range element {
		switch key {
		case "metric":
			var labels map[string]any
			_ = json.Unmarshal(text, &labels)
			_, nameless := labels[""]
			s.lenient = s.lenient || labels == nil || nameless
			s.strict = s.strict || text[0] == '"'
		case "values", "histograms":
			var list []json.RawMessage
			_ = json.Unmarshal(text, &list)
			for _, one := range list {
				if key == "values" {
					s.point(one)
				} else {
					s.histogram(one)
				}
			}
		default:
			s.lenient = true
			s.strict = s.strict || key == "" // it takes that for the end
		}
	}
}

// point: client_golang takes null, or nothing, for 0, and leaves out what is too much; it
// knows no escapes in numbers, but reads hexadecimal ones.
func (s *traits) point(text json.RawMessage) {
	var pair []json.RawMessage
	if json.Unmarshal(text, &pair) != nil || len(pair) != 2 || pair[1][0] != '"' {
		s.strict = true
		return
	}
	s.time(pair[0])
	s.lenient = s.lenient || bytes.Contains(pair[1], []byte(`\`))
	s.strict = s.strict || bytes.ContainsAny(pair[1], "pP_")
}

// time: client_golang reads 1.123e5 as 1.123, and what is too large for its milliseconds
// as any time.
func (s *traits) time(text json.RawMessage) {
	whole, _, _ := strings.Cut(string(text), ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	s.strict = s.strict || err != nil || bytes.ContainsAny(text, "eE") || seconds >= math.MaxInt64/1000 || seconds <= math.MinInt64/1000
}

// histogram: client_golang looks into it; we refuse the series anyway.
func (s *traits) histogram(text json.RawMessage) {
	var pair []json.RawMessage
	s.lenient = true
	if json.Unmarshal(text, &pair) != nil || len(pair) != 2 || pair[1][0] != '{' {
		s.strict = true
		return
	}
	s.time(pair[0])
}

// statuses are those whose bodies are read, and some whose bodies are not.
var statuses = []int{200, 204, 301, 400, 403, 422, 429, 503}

func FuzzDecodeAgainstClientGolang(f *testing.F) {
	const labels = `{"__name__":"load","group":"web \"東\u4eac\" \\","zone":""}`
	for _, body := range []string{
		vector(series("web", "7"), series("api", "NaN"), series("db", "+Inf"), series("mail", "-1.5e+10")),
		vector(), vector("null"), vector("{}"), matrix("null"), matrix("{}"), success("null"), success("{}"), success("[]"), success(`""`), "{}", "null", "[]", "<html>", "", vector() + "}", vector() + vector(), vector() + "\n",
		matrix(ranged("web", 1, 2, 3), ranged("api"), ranged("db", "NaN", "-Inf")),
		success(`{"resultType":"scalar","result":[1800000000.5,"2.5"]}`), success(`{"resultType":"scalar","result":[1800000000]}`),
		success(`{"resultType":"string","result":[1800000000,"2.5"]}`), success(`{"resultType":"vector"}`), success(`{"resultType":"vector","result":null}`),
		`{"data":{"result":[{"value":[1800000000.1239,"1"],"more":[{}],"metric":` + labels + `}],"resultType":"vector","stats":{"a":[1.5e-3]}},"status":"success","infos":["i"],"warnings":["w\u00e9"]}`,
		matrix(`{"values":[[-0.5,"0"],[1.1,"1"],[1.12,"1"],[1.123,"1"]],"metric":` + labels + `,"histograms":null}`),
		vector(`{"metric":{"a":null},"value":[1800000000,null]}`), vector(`{"metric":null,"value":[null,"1"]}`), vector(`{"value":[1]}`), vector(`{"value":[1,"2",3]}`), vector(`{"metric":{"a":1},"value":[1,"2"]}`),
		vector(`{"value":[1.5e3,"1"]}`, `{"value":[1e3,"1"]}`), vector(`{"value":[9223372036854776,"1"]}`), vector(`{"value":["1","1"]}`), vector(`{"value":[1,2]}`), vector(`{"value":[1,"\u0032"]}`), vector(`{"value":[1,""]}`), vector(`{"value":[1,"0x1p4"]}`),
		vector(`{"metric":{},"histogram":[1800000000,{"count":"1","sum":"2","buckets":[[0,"1","2","3"]]}]}`), vector(`{"histogram":[1,{}],"value":[2,"3"]}`), vector(`{"histogram":null}`),
		matrix(`{"metric":{},"histograms":[[1800000000,{"count":"1","sum":"2","buckets":[]}]]}`), matrix(`{"metric":{},"histograms":[]}`), matrix(`{"metric":"{}"}`), matrix(`{"metric":null,"other":1}`), matrix(`{"metric":{"":"x"}}`),
		`{"status":"error","errorType":"bad_data","error":"parse error"}`, `{"status":"error","errorType":null,"error":null,"data":7}`, `{"status":7}`, `{"status":"success","warnings":{}}`, `{"status":"success","warnings":[null]}`,
	} {
		for i := range statuses {
			f.Add(uint8(i), []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, body []byte) {
		status := statuses[int(i)%len(statuses)]
		checkAgainstClientGolang(t, byClientGolang(t, answering{status, body}), status, body)
	})
}

// TestGeneratedAnswersMeanWhatTheyMeanToClientGolang draws answers that are nearly right.
func TestGeneratedAnswersMeanWhatTheyMeanToClientGolang(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := writer{t}
		kind, status := w.pick("vector", "vector", "matrix", "matrix", "scalar"), http.StatusOK
		if w.rarely() {
			kind, status = "string", rapid.SampledFrom(statuses).Draw(t, "status")
		}
		body := []byte(w.object(
			"status", w.pick(`"success"`, `"success"`, `"success"`, `"success"`, `"success"`, `"success"`, `"error"`, `null`),
			"errorType", w.pick(`"bad_data"`, `null`, `""`), "error", w.pick(`"no: \"x\""`, `null`),
			"warnings", w.pick(`[]`, `null`, `["a","b\u0021"]`), "infos", w.pick(`[]`, `["i"]`, `null`),
			"data", w.object("resultType", strconv.Quote(kind), "result", w.result(kind), "stats", w.value()),
		))
		client := byClientGolang(t, answering{status, body})
		checkAgainstClientGolang(t, client, status, body)
	})
}

// writer draws JSON.
type writer struct{ t *rapid.T }

func (w writer) pick(texts ...string) string { return rapid.SampledFrom(texts).Draw(w.t, "text") }

func (w writer) rarely() bool { return rapid.IntRange(0, 19).Draw(w.t, "chance") == 13 }

// space is white space, as it may be between any two tokens.
func (w writer) space() string { return w.pick("", "", "", " ", "\n\t\r") }

// object has most of the members, in any order.
func (w writer) object(members ...string) string {
	var list []string
	for i := 0; i < len(members); i += 2 {
		if !w.rarely() {
			list = append(list, w.space()+strconv.Quote(members[i])+w.space()+":"+w.space()+members[i+1]+w.space())
		}
	}
	if w.rarely() {
		list = append(list, `"other":`+w.value())
	}
	return "{" + strings.Join(rapid.Permutation(list).Draw(w.t, "order"), ",") + "}"
}

func (w writer) array(of func() string) string {
	var list []string
	for range rapid.IntRange(0, 4).Draw(w.t, "length") {
		list = append(list, w.space()+of()+w.space())
	}
	return "[" + strings.Join(list, ",") + "]"
}

func (w writer) value() string {
	return w.pick("null", "true", "false", "0", "-1.5E+3", `"text"`, `[]`, `[1,"2",{"a":[]}]`, `{}`, `{"a":{"b":null}}`)
}

func (w writer) result(kind string) string {
	switch {
	case w.rarely():
		return w.value()
	case kind == "vector":
		return w.array(func() string {
			if w.rarely() {
				return w.object("metric", w.metric(), "histogram", w.histogram())
			}
			return w.object("metric", w.metric(), "value", w.point())
		})
	case kind == "matrix":
		return w.array(func() string {
			if w.rarely() {
				return w.object("metric", w.metric(), "values", w.array(w.point), "histograms", w.array(w.histogram))
			}
			return w.object("metric", w.metric(), "values", w.array(w.point))
		})
	}
	return w.point()
}

func (w writer) metric() string {
	if w.rarely() {
		return w.value()
	}
	return w.object("__name__", `"load"`, "group", w.pick(`"web"`, `"a\"b\\c\/"`, `"東京"`, `"\u6771\n"`, `""`, `null`), "zone", w.pick(`"a"`, `"b"`))
}

func (w writer) point() string {
	if w.rarely() {
		return w.pick("null", "[]", "[1]", `[1,"2","3"]`, `[null,"2"]`, `[1,null]`, `["1","2"]`, `[1,2]`, "7", "{}")
	}
	return "[" + w.space() + w.time() + w.space() + "," + w.space() + w.number() + w.space() + "]"
}

func (w writer) time() string {
	whole := w.pick("", "", "-") + strconv.FormatInt(rapid.Int64Range(0, 1e13).Draw(w.t, "seconds"), 10)
	if w.rarely() {
		return whole + w.pick("e3", "E+3", ".1e3", ".1234e3", "000000000000")
	}
	return whole + w.pick("", ".5", ".05", ".123", ".999", ".0009", ".1239", ".123000000", ".10")
}

func (w writer) number() string {
	if w.rarely() {
		return w.pick(`"1e400"`, `""`, `" 1"`, `"0x1p4"`, `"1_0"`, `"one"`, `"\u0031"`)
	}
	return strconv.Quote(w.pick("0", "7", "-1", "1.5", "1.5e+10", "1e-7", "NaN", "+Inf", "-Inf"))
}

func (w writer) histogram() string {
	return w.pick(`[1800000000.5,{"count":"1","sum":"2","buckets":[[0,"1","2","3"]]}]`, `[1,{"count":"1","sum":"2"}]`, `[1,{}]`, "null", `[1]`, `[1,null]`, `[1,{"count":1}]`)
}
