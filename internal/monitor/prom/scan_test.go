package prom

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// scanned reads one value of any kind.
func scanned(text []byte) error {
	s := scanner{text: text}
	s.skip()
	s.end()
	return s.err
}

func TestNestingIsBounded(t *testing.T) {
	t.Parallel()
	for begin, end := range map[string]string{"[": "]", `{"":`: "}", `[{"":`: "}]"} {
		times := maxDepth / len(end)
		text := strings.Repeat(begin, times) + "0" + strings.Repeat(end, times)
		if err := scanned([]byte(text)); err != nil {
			t.Errorf("%s, as deep as may be: %v", begin, err)
		}
		if err := scanned([]byte("[" + text + "]")); err == nil || !strings.Contains(err.Error(), "so deep") {
			t.Errorf("%s, deeper: %v", begin, err)
		}
	}
	for _, endless := range []string{"[", `{"":`, `[{"":`} {
		if err := scanned(bytes.Repeat([]byte(endless), maxAnswer/len(endless))); err == nil || !strings.Contains(err.Error(), "so deep") {
			t.Errorf("%s without an end: %v", endless, err)
		}
	}
}

func TestWhatIsNoJSONIsTold(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"":             "it ends after 0 bytes, where a value should be",
		"<html>":       "byte 1 is '<', where a value should be",
		`{"a":1`:       "it ends after 6 bytes, where a comma or the end of what began should be",
		`{"a" 1}`:      "byte 6 is '1', where a colon should be",
		`{"a":1,}`:     "byte 8 is '}', where a string should be",
		`[1,]`:         "byte 4 is ']', where a value should be",
		`["a`:          "it ends after 3 bytes, where the end of a string should be",
		`["\a"]`:       "byte 4 is 'a', where a known escape should be",
		`["\u12g4"]`:   "byte 7 is 'g', where a hexadecimal digit should be",
		"[\"a\nb\"]":   `byte 4 is '\n', where a character of a string should be`,
		`[1.]`:         "byte 4 is ']', where a digit should be",
		`[nul]`:        "byte 2 is 'n', where a value should be",
		`{} {}`:        "byte 4 is '{', where the end should be",
		"[\"\xff\\x\"": "byte 5 is 'x', where a known escape should be",
	} {
		if err := scanned([]byte(text)); err == nil || err.Error() != says {
			t.Errorf("%q: %v, want %s", text, err, says)
		}
	}
}

// FuzzScan holds the scanner against encoding/json: both take or refuse a text, and read
// the same in a string.
func FuzzScan(f *testing.F) {
	for _, text := range []string{
		``, ` `, `null`, `nul`, `nulll`, `true`, `false`, `truefalse`, `{}`, `[]`, `{]`, `[}`, `[[],{}]`, `{"a":[1,{"b":null}]}`, `{"a":1,}`, `{,}`, `[1,]`, `[,1]`, `{"a"}`,
		`{a:1}`, `{"a":1 "b":2}`, `[1 2]`, `0`, `-0`, `01`, `-`, `+1`, `1.`, `.1`, `1.5e+10`, `1e`, `1E-`, `1e5.`, `-12.034E-7`, `0x1`, `1_0`, `NaN`, `Infinity`, "\ufeff{}", "[1]\x00",
		"\t\r\n [ 1 , 2 ] \n", "\v[]", `""`, `"`, `"\`, `"a\"b"`, `"\\\/\b\f\n\r\t"`, `"\u0041\u00e9\u6771"`, `"\ud83d\ude00"`, `"\uD83D\uDE00"`, `"\ud83d"`, `"\ud83d\n"`, `"\ud83dx"`, `"\ude00\ud83d"`,
		`"\ud800\ud800\udc00"`, `"\ud83d\u"`, `"\ud83d\u00"`, `"\u123"`, `"\x41"`, `"\'"`, "\"\x1f\"", "\"\x7f\"", "\"\xff\"", "\"\xed\xa0\x80\"", "\"\xe6\x9d\xb1 \\u4eac\"", "\"\xf4\x90\x80\x80\"", "\"a\xe6\"", "\"\xe6", `"\u0000"`,
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		switch err := scanned(text); {
		case err != nil && strings.Contains(err.Error(), "so deep"):
			if shape(text).depth <= maxDepth && json.Valid(text) {
				t.Fatalf("%q is too deep", text)
			}
			return
		case (err == nil) != json.Valid(text):
			t.Fatalf("%q: %v, and encoding/json thinks %v", text, err, json.Valid(text))
		}
		var want string
		if !bytes.HasPrefix(text, []byte(`"`)) || json.Unmarshal(text, &want) != nil {
			return
		}
		s := scanner{text: text}
		if got := string(s.quoted()); got != want {
			t.Fatalf("%q is read as %q, want %q", text, got, want)
		}
	})
}
