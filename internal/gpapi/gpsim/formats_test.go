package gpsim_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// requestTo signs a call for a path.
func requestTo(t testing.TB, method, path, action string, parameters ...string) *http.Request {
	t.Helper()
	return requestOf(t, method, path, signed(t, method, action, parameters...))
}

// requestOf signs parameters for a path.
func requestOf(t testing.TB, method, path string, form url.Values) *http.Request {
	t.Helper()
	signature, err := gpapi.Sign(method, host, path, form, secretKey)
	if err != nil {
		t.Fatal(err)
	}
	form.Set("Signature", signature)
	request := newRequest(t, method, form)
	request.URL.Path = path
	return request
}

// element is an XML element as it is.
type element struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Children []element `xml:",any"`
}

// fetchXML carries a request for XML in memory.
func fetchXML(t testing.TB, sim *gpsim.Sim, request *http.Request) (status int, root element) {
	t.Helper()
	response, err := gpsim.Transport(sim).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if got := response.Header.Get("Content-Type"); got != "text/xml; charset=utf-8" {
		t.Errorf("%d answer has Content-Type %q", response.StatusCode, got)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(body), `<?xml version="1.0" encoding="UTF-8"?>`) {
		t.Errorf("the answer %q has no declaration", body)
	}
	if err := xml.Unmarshal(body, &root); err != nil {
		t.Fatalf("answer %q: %v", body, err)
	}
	return response.StatusCode, root
}

// xmlTexts collects the texts of an element under the paths that jsonTexts gives.
func xmlTexts(texts map[string]string, path string, e element) {
	if len(e.Children) == 0 {
		texts[path] = e.Text
	}
	for i, child := range e.Children {
		if name := child.XMLName.Local; name == "member" {
			xmlTexts(texts, fmt.Sprintf("%s[%d]", path, i), child)
		} else {
			xmlTexts(texts, path+"."+name, child)
		}
	}
}

// jsonTexts collects the texts of a value; an empty list is an empty text.
func jsonTexts(texts map[string]string, path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			jsonTexts(texts, path+"."+name, member)
		}
	case []any:
		if len(value) == 0 {
			texts[path] = ""
		}
		for i, entry := range value {
			jsonTexts(texts, fmt.Sprintf("%s[%d]", path, i), entry)
		}
	default:
		texts[path] = value.(string)
	}
}

func TestXMLSaysWhatJSONSays(t *testing.T) {
	t.Parallel()
	for action, c := range shapes {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			inJSON, inXML := map[string]string{}, map[string]string{}
			jsonTexts(inJSON, action+"Response", must(t, wholeCloud(t, testOptions()), action, own(c.parameters)...).fields)
			status, root := fetchXML(t, wholeCloud(t, testOptions()), requestTo(t, http.MethodPost, "/xml", action, own(c.parameters)...))
			xmlTexts(inXML, root.XMLName.Local, root)
			for _, texts := range []map[string]string{inJSON, inXML} {
				if !requestID.MatchString(texts[action+"Response.RequestId"]) {
					t.Errorf("RequestId is missing in %v", texts)
				}
				delete(texts, action+"Response.RequestId")
			}
			if status != http.StatusOK || !maps.Equal(inJSON, inXML) {
				t.Errorf("status %d; JSON says\n%v, XML says\n%v", status, inJSON, inXML)
			}
		})
	}
}

func TestARefusalInXMLHasTheMembersOfOneInJSON(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	for name, c := range map[string]struct {
		request *http.Request
		status  int
	}{
		"unknown machine":    {requestTo(t, http.MethodPost, "/xml", "StartVirtualMachine", vm("gc99999999")...), 404},
		"missing parameters": {newRequestTo(t, http.MethodPost, "/xml"), 400},
		"another method":     {newRequestTo(t, http.MethodPut, "/xml"), 405},
		"signed for JSON":    {withPath(newRequest(t, http.MethodPost, signed(t, http.MethodPost, "Echo", "Param=x")), "/xml"), 401},
	} {
		status, root := fetchXML(t, sim, c.request)
		names := []string{}
		for _, child := range root.Children {
			names = append(names, child.XMLName.Local)
		}
		slices.Sort(names)
		if status != c.status || root.XMLName.Local != "ErrorResponse" || !slices.Equal(names, []string{"ErrorMessage", "ErrorType", "RequestId"}) {
			t.Errorf("%s: got %d %s %v", name, status, root.XMLName.Local, names)
		}
	}
}

func newRequestTo(t testing.TB, method, path string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func withPath(request *http.Request, path string) *http.Request {
	request.URL.Path = path
	return request
}

func TestTextsSurviveBothFormatsAndMethods(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	texts := []string{`a "b" <c> & 'd' \ ~ + % é 日本 😀` + "\t\n"}
	for c := ' '; c <= '~'; c++ {
		texts = append(texts, "x"+string(c)+"y")
	}
	for _, text := range texts {
		survives(t, sim, text)
	}
}

func survives(t *testing.T, sim *gpsim.Sim, text string) {
	t.Helper()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		got, err := send(t, sim, requestTo(t, method, "/json", "Echo", "Param="+text))
		if err != nil || got.text("Param") != text {
			t.Errorf("%s in JSON gives %q, %v", method, got.text("Param"), err)
		}
		_, root := fetchXML(t, sim, requestTo(t, method, "/xml", "Echo", "Param="+text))
		texts := map[string]string{}
		xmlTexts(texts, "", root)
		if texts[".Param"] != text {
			t.Errorf("%s in XML gives %q", method, texts[".Param"])
		}
	}
}

func TestXMLShowsWhatItCannotHoldAsAReplacement(t *testing.T) {
	t.Parallel()
	_, root := fetchXML(t, newCloud(t, testOptions()), requestTo(t, http.MethodPost, "/xml", "Echo", "Param=a\x00b\x1f"))
	texts := map[string]string{}
	xmlTexts(texts, "", root)
	if texts[".Param"] != "a\ufffdb\ufffd" {
		t.Errorf("got %q", texts[".Param"])
	}
}

func TestAPostMayHaveParametersInItsURLWhichTheSignatureCovers(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	form := signed(t, http.MethodPost, "Echo", "Param=x")
	post := func(change func(r *http.Request)) result {
		t.Helper()
		request := newRequest(t, http.MethodPost, form)
		change(request)
		got, err := send(t, sim, request)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := post(func(r *http.Request) {
		r.URL.RawQuery, r.Body = form.Encode(), http.NoBody
	}); got.status != http.StatusOK {
		t.Errorf("all in the URL: %v", got)
	}
	if got := post(func(r *http.Request) { r.URL.RawQuery = "Param=x" }); got.status != http.StatusBadRequest {
		t.Errorf("one in both places: %v", got)
	}
	if got := post(func(r *http.Request) { r.URL.RawQuery = "Other=x" }); got.status != http.StatusUnauthorized {
		t.Errorf("one in the URL that was not signed: %v", got)
	}
}
