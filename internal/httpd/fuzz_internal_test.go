package httpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

// fuzzBody tries bodies of a kind of request. Whatever can be read is plain, says the same when it is
// written and read again, and has nothing that was passed over; whatever cannot is told so, plainly.
func fuzzBody[Body any](f *testing.F) {
	of := reflect.TypeFor[Body]()
	for _, rt := range routes(Options{}) {
		if rt.body == of {
			f.Add([]byte(example(rt)))
			for _, body := range spoilt(rt) {
				if len(body) < 1000 {
					f.Add([]byte(body))
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var body, again Body
		if err := readRequest(content, &body); err != nil {
			var p Error
			if unplain := strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsGraphic(r) }); !errors.As(err, &p) || p.Code != Invalid || unplain || len(p.Text) > 1000 {
				t.Errorf("%q: the error is %q", content, err)
			}
			return
		}
		if len(content) == 0 {
			return
		}
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatalf("%q: what was read cannot be written: %v", content, err)
		}
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Fatalf("%q: what was written cannot be read: %v", content, err)
		}
		if twice, err := json.Marshal(again); err != nil || !bytes.Equal(twice, encoded) {
			t.Errorf("%q: read %s, and again %s (%v)", content, encoded, twice, err)
		}
		var asIs map[string]any
		if err := json.Unmarshal(content, &asIs); err != nil {
			t.Fatalf("%q: it was taken, and is no object: %v", content, err)
		}
		known := fieldsIn(of)
		for name, value := range asIs {
			if !known[name] {
				t.Errorf("%q: the member %q was passed over", content, name)
			}
			if text, is := value.(string); is && (utf8.RuneCountInString(text) > textMax || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) })) {
				t.Errorf("%q: the text of %q is not plain, and was taken", content, name)
			}
		}
	})
}

func FuzzOverrideRequest(f *testing.F) { fuzzBody[OverrideRequest](f) }
func FuzzSignedRequest(f *testing.F)   { fuzzBody[SignedRequest](f) }
func FuzzScaleRequest(f *testing.F)    { fuzzBody[ScaleRequest](f) }
func FuzzReloadRequest(f *testing.F)   { fuzzBody[ReloadRequest](f) }
func FuzzHookRequest(f *testing.F)     { fuzzBody[HookRequest](f) }
func FuzzDrillRequest(f *testing.F)    { fuzzBody[fleet.DrillRequest](f) }
func FuzzAdoption(f *testing.F)        { fuzzBody[fleet.Adoption](f) }

func TestEveryKindOfBodyHasAFuzzTarget(t *testing.T) {
	t.Parallel()
	fuzzed := []reflect.Type{
		reflect.TypeFor[OverrideRequest](), reflect.TypeFor[SignedRequest](), reflect.TypeFor[ScaleRequest](), reflect.TypeFor[ReloadRequest](),
		reflect.TypeFor[HookRequest](), reflect.TypeFor[fleet.DrillRequest](), reflect.TypeFor[fleet.Adoption](),
	}
	for _, rt := range routes(Options{}) {
		found := rt.body == nil
		for _, of := range fuzzed {
			found = found || rt.body == of
		}
		if !found {
			t.Errorf("%s has a body %v that nobody fuzzes: add FuzzX, and X here", rt.path, rt.body)
		}
	}
}

// FuzzQuery tries what stands behind the question mark.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{"limit=3&after=web", "attention=true", "from=2026-04-01T00:00:00Z&to=2026-04-02T00:00:00Z", "at=2026-04-01T09:00:00%2B09:00", "limit=%zz", ";", "a=1&a=2"} {
		f.Add(query)
	}
	s := newStage()
	f.Fuzz(func(t *testing.T, query string) {
		for _, rt := range s.routes {
			if rt.handler != nil || rt.method != http.MethodGet {
				continue
			}
			path := strings.NewReplacer("{group}", "web", "{code}", "gc00000001").Replace(rt.path)
			r := httptest.NewRequest(rt.method, path, nil)
			r.URL.RawQuery = query
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, asAdmin(r))
			if w.Code >= http.StatusInternalServerError || w.Code == http.StatusConflict || !json.Valid(bytes.TrimSpace(w.Body.Bytes())) {
				t.Errorf("%s?%s: answered %d %.300s", path, query, w.Code, w.Body)
			}
			if _, err := url.ParseQuery(query); err != nil && w.Code != http.StatusBadRequest {
				t.Errorf("%s?%s: it cannot be parsed, and is answered %d", path, query, w.Code)
			}
		}
	})
}
