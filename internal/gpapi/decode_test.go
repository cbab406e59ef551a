package gpapi

import (
	"testing"
	"unicode/utf8"
)

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"DescribeLbResponse":{"RequestId":"r","PoolList":[{"Name":"web","NodeList":[{"IpAddress":"10.0.0.1","Port":"80","Status":"Active"}]}]}}`,
		`{"ErrorResponse":{"RequestId":"r","ErrorType":"NotFound","ErrorMessage":"no such code"}}`,
		`{"DescribeLbResponse":{"PoolList":null}}`,
		`{"DescribeLbResponse":[]}`,
		`{"DescribeLbResponse":{}} trailing`,
		`{"DescribeLbResponse":`,
		`<html>`, `null`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var response DescribeLbResponse
		if err := decodeResponse("DescribeLb", body, &response); err == nil && response.PoolList == nil {
			t.Fatal("an answer without PoolList was taken for a whole one")
		}
		refusal, _ := decodeError(body)
		if text := cleaner("secret")(refusal.ErrorMessage); len(text) > textMaxBytes || !utf8.ValidString(text) {
			t.Fatalf("unfit for an error: %q", text)
		}
	})
}
