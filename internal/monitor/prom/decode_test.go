package prom

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/common/model"

	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestANumberThatIsMissingIsNotZero(t *testing.T) {
	t.Parallel()
	for what, element := range map[string]string{
		"no value":         `{"metric":{"group":"web"}}`,
		"null for a value": `{"metric":{"group":"web"},"value":null}`,
		"no number":        `{"metric":{"group":"web"},"value":[1800000000]}`,
		"null":             `{"metric":{"group":"web"},"value":[1800000000,null]}`,
		"nothing":          `{"metric":{"group":"web"},"value":[1800000000,""]}`,
		"nothing at all":   `{"metric":{"group":"web"},"value":[]}`,
		"no quotes":        `{"metric":{"group":"web"},"value":[1800000000,7]}`,
		"more than one":    `{"metric":{"group":"web"},"value":[1800000000,"7","8"]}`,
		"no time":          `{"metric":{"group":"web"},"value":["7"]}`,
		"null for a time":  `{"metric":{"group":"web"},"value":[null,"7"]}`,
		"no histogram":     `{"metric":{"group":"web"},"histogram":null}`,
	} {
		got := newServer(t, saying(vector(element))).Ask(t.Context(), rateQuestion, now, 0).Of("group", "web")
		expect(t, got, 0, policy.Failed)
		if got.Err != nil && !strings.Contains(got.Err.Error(), "should be") {
			t.Errorf("%s: %v", what, got.Err)
		}
	}
}

func TestAnAnswerIsReadHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for what, body := range map[string]string{
		"in another order":      `{"data":{"result":[{"value":[1800000000,"7"],"metric":{"zone":"a","group":"web"}}],"resultType":"vector"},"status":"success"}`,
		"with white space":      " {\n\t\"data\" : { \"resultType\" : \"vector\" , \"result\" : [ { \"metric\" : { \"group\" : \"web\" } , \"value\" : [ 1800000000 , \"7\" ] } ] } }\r\n",
		"with unknown members":  `{"status":"success","x":[{"y":[[]]}],"data":{"stats":{"z":1e-3},"resultType":"vector","result":[{"w":"","metric":{"group":"web"},"v":null,"value":[1800000000,"7"]}]}}`,
		"with escapes":          vector(`{"m\u0065tric":{"gr\u006fup":"w\u0065\u0062"},"value":[1800000000,"\u0037"]}`),
		"with nulls":            `{"status":"success","errorType":null,"error":null,"warnings":null,"infos":null,"data":{"resultType":"vector","result":[{"metric":{"group":"web","zone":null},"value":[1800000000,"7"]}]}}`,
		"with infos":            `{"status":"success","infos":["ends in _total"],"data":{"resultType":"vector","result":[` + series("web", "7") + `]}}`,
		"beside a pair of keys": vector(`{"metric":{"group":"\ud83d\ude00"},"value":[1800000000,"1"]}`, series("web", "7")),
		"with a label twice":    vector(`{"metric":{"group":"api","group":"web"},"value":[1800000000,"7"]}`),
		"with a value twice":    vector(`{"metric":{"group":"web"},"value":[1800000000,"1"],"value":[1800000000,"7"]}`),
		"with a fraction":       vector(`{"metric":{"group":"web"},"value":[1800000000.0004,"7e0"]}`),
	} {
		answer := newServer(t, saying(body)).Ask(t.Context(), rateQuestion, now, 0)
		got := answer.Of("group", "web")
		expect(t, got, 7, policy.Present)
		if !got.Sample.At().Equal(now) {
			t.Errorf("%s: dated %v", what, got.Sample.At())
		}
	}
}

func TestLabelsAreFoundAsTheyAreMeant(t *testing.T) {
	t.Parallel()
	groups := map[string]string{
		`😀`: `\ud83d\uDE00`, `東京`: `東\u4eac`, "a\"b\\c/\n": `a\"b\\c\/\n`, "\ufffd": `\ud83d`, "\ufffda": "\xffa", "\x00\x7f": "\\u0000\x7f", "{}": "{}",
	}
	var elements []string
	wanted := map[string]float64{}
	for group, written := range groups {
		elements = append(elements, `{"metric":{"job":"x","group":"`+written+`"},"value":[1800000000,"`+fmt.Sprint(len(elements))+`"]}`)
		wanted[group] = float64(len(wanted))
	}
	answer := newServer(t, saying(vector(elements...))).Ask(t.Context(), rateQuestion, now, 0)
	for group, want := range wanted {
		expect(t, answer.Of("group", group), want, policy.Present)
	}
	expect(t, answer.Of("group", ""), 0, policy.Absent)
	expect(t, answer.Of("zone", ""), 0, policy.Failed) // it is of none, so of all
}

// A body is used again for the next answer.
func TestWhatIsReadOutlivesItsBody(t *testing.T) {
	t.Parallel()
	body := []byte(`{"status":"success","warnings":["w\u0021"],"data":{"resultType":"vector","result":[` + series("web", "7") + `]}}`)
	result, warnings, err := interpret(http.StatusOK, body)
	if err != nil {
		t.Fatal(err)
	}
	kind, plain := result.kind, written(result)
	for i := range body {
		body[i] = 'x'
	}
	if kind != "vector" || warnings[0] != "w!" || written(result)[0] != plain[0] || plain[0] != `{group="web"} [7 @[1800000000]] false` {
		t.Errorf("it was %s %s, and is %s %s, warning of %s", kind, plain, result.kind, written(result), warnings)
	}
	refused := []byte(`{"status":"error","errorType":"execution","error":"no"}`)
	_, _, err = interpret(http.StatusOK, refused)
	copy(refused, strings.Repeat("x", len(refused)))
	if err == nil || err.Error() != "execution: no" {
		t.Errorf("refused with %v", err)
	}
}

func TestTimesAreThoseOfPrometheus(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	texts := []string{"0", "-0", "-0.5", "0.0009", "-0.0009", "9223372036854774.999", "-9223372036854774.999", "1800000000.123000000000000000000000000"}
	for range 10_000 {
		text := fmt.Sprint(random.Int64N(1e12) - 1e11)
		if digits := random.IntN(8); digits > 0 {
			text += fmt.Sprintf(".%0*d", digits, random.Int64N(10_000_000))
		}
		texts = append(texts, text)
	}
	for _, text := range texts {
		var want model.Time
		if err := want.UnmarshalJSON([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, ok := milliseconds([]byte(text)); !ok || got != want {
			t.Errorf("%s is %d ms (%v), want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"1e3", "1.1e3", "1.1234E3", "9223372036854776", "-9223372036854776", "99999999999999999999"} {
		if got, ok := milliseconds([]byte(text)); ok {
			t.Errorf("%q is %d ms", text, got)
		}
	}
}
