package httpd

import (
	"strings"
	"testing"
)

func TestWhatIsWrongWithARequestIsSaidWithWhatToDo(t *testing.T) {
	t.Parallel()
	for body, says := range map[string]string{
		``:                               "the request is empty: send an object with `kind`",
		`{}`:                             "the request has no `kind`: send it too",
		`{"kind":"pause"`:                "the request is cut off: send all of it",
		`{"kind":pause}`:                 "the request is no JSON, at byte 8: invalid character 'p'",
		`["pause"]`:                      "the request is no object: send one",
		`{"kind":"pause"} {}`:            "something follows the request",
		`{"kind":"pause","wyh":1}`:       "the request has no member `wyh`: did you mean `why`?",
		`{"kind":"pause","Why":1}`:       "the request has no member `Why`: did you mean `why`?",
		`{"kind":"a","kind":"b"}`:        "the request has `kind` twice: send it once",
		`{"kind":null}`:                  "`kind` is null: give it a value, or leave it out",
		`{"kind":1}`:                     "`kind` comes as number: send a text in quotes",
		`{"kind":"hold","count":"3"}`:    "`count` comes as string: send a whole number, without quotes",
		`{"kind":"hold","count":1e99}`:   "`count` comes as number 1e99: send a whole number",
		`{"kind":"hold","until":"noon"}`: "\"noon\" is no time: write for example 2026-04-01T09:00:00+09:00",
		"{\"kind\":\"\xff\"}":            "the request is no UTF-8",
		`{"kind":"a\u0000b"}`:            "the character '\\x00', which cannot be printed",
		`{"kind":"` + strings.Repeat("漢", textMax+1) + `"}`:                          "longer than 500 characters",
		`{"kind":` + strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000) + `}`: "nests deeper than 8",
		`{"kind":{` + strings.Repeat(`"a":{`, 10) + strings.Repeat("}", 10) + `}}`:   "nests deeper than 8",
	} {
		var request OverrideRequest
		if err := readRequest([]byte(body), &request); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60s: the error is %v, want %q", body, err, says)
		}
	}
}
