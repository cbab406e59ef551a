package gpapi_test

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/secret"
)

const (
	testAccessKey = "AKTESTTESTTESTTEST01"
	testSecretKey = "secretSECRETsecretSECRETsecretSECRET0001"
)

func signedParams(method, action string, own url.Values) url.Values {
	params := url.Values{
		"APIVersion":       {"20130901"},
		"AccessKeyId":      {testAccessKey},
		"Action":           {action},
		"Expire":           {"2013-10-30T06:11:00Z"},
		"SignatureMethod":  {method},
		"SignatureVersion": {"2"},
	}
	for name, values := range own {
		params[name] = values
	}
	return params
}

// The signatures were obtained from IIJ's own Go and Ruby clients.
func TestSignAgreesWithTheVendorsClients(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		method, host, path string
		params             url.Values
		want               string
	}{
		"V1 post without own parameters": {
			"POST", "gp.api.iij.jp", "/json",
			signedParams(gpapi.HmacSHA256, "GetGpServiceCodeList", nil),
			"SYkzFC4YetZGQVmMmf9WqIrZFkVuDiC2ZJVPafZTn6Q=",
		},
		"V2 get": {
			"GET", "gp.api.iij.jp", "/json",
			signedParams(gpapi.HmacSHA256, "AddCloneVirtualMachines", url.Values{
				"GpServiceCode": {"gp00000001"}, "SrcGcServiceCode": {"gc00000001"},
				"ContractNum": {"2"}, "VirtualMachineType": {"V10"},
			}),
			"KsoEZXTYfvMF/E6GShUamUKPcbQXx0AiKD49Mb8DOow=",
		},
		"V3 characters that need encoding": {
			"POST", "gp.api.iij.jp", "/json",
			signedParams(gpapi.HmacSHA256, "SetLabel", url.Values{
				"GpServiceCode": {"gp00000001"}, "ServiceCode": {"gc00000002"},
				"Label": {"web ~ a+b*c/d=e&f%25 'x' 日本"},
			}),
			"fCHzJYetrzfM7pPW6Q+lmExKkWReoZ3sspbCgKqlTbw=",
		},
		"V4 numbered list, host with port": {
			"POST", "127.0.0.1:18080", "/json",
			signedParams(gpapi.HmacSHA256, "GetVirtualMachineStatusList", url.Values{
				"GpServiceCode":    {"gp00000001"},
				"GcServiceCode.1":  {"gc00000001"},
				"GcServiceCode.2":  {"gc00000002"},
				"GcServiceCode.10": {"gc00000010"},
			}),
			"sA2IEC8QyBvsTYF4y+yUZhEOKRarDj2k72RbyghgBZI=",
		},
		"V5 SHA-1": {
			"POST", "gp.api.iij.jp", "/json",
			signedParams(gpapi.HmacSHA1, "GetGpServiceCodeList", nil),
			"kRh5sR4ivoyeB6rr2cOGXk/nzLc=",
		},
		"V6 path of the XML form": {
			"POST", "gp.api.iij.jp", "/xml",
			signedParams(gpapi.HmacSHA256, "GetGpServiceCodeList", nil),
			"rbKVNXzXAIrSAtDio3nJLYzINw0wtwdwvBJAh8KoiS4=",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := gpapi.Sign(test.method, test.host, test.path, test.params, testSecretKey)
			if err != nil || got != test.want {
				t.Fatalf("Sign = %q, %v; want %q", got, err, test.want)
			}
			test.params.Set("Signature", got)
			if !gpapi.Verify(test.method, test.host, test.path, test.params, testSecretKey) {
				t.Fatal("Verify refuses it")
			}
		})
	}
}

func TestSignRefusesAnUnknownMethod(t *testing.T) {
	t.Parallel()
	if _, err := gpapi.Sign("POST", "h", "/json", signedParams("HmacMD5", "Echo", nil), "k"); err == nil {
		t.Fatal("signed with HmacMD5")
	}
}

func TestVerifyAcceptsAHostSignedWithoutItsWebPort(t *testing.T) {
	t.Parallel()
	params := signedParams(gpapi.HmacSHA256, "Echo", url.Values{"Param": {"x"}})
	signature, err := gpapi.Sign("POST", "gp.api.iij.jp", "/json", params, testSecretKey)
	if err != nil {
		t.Fatal(err)
	}
	params.Set("Signature", signature)
	for host, want := range map[string]bool{
		"gp.api.iij.jp": true, "gp.api.iij.jp:443": true, "gp.api.iij.jp:80": true,
		"gp.api.iij.jp:8080": false, "other.example": false, "": false,
	} {
		if got := gpapi.Verify("POST", host, "/json", params, testSecretKey); got != want {
			t.Errorf("Verify with host %q = %v, want %v", host, got, want)
		}
	}
}

func TestVerifyRefusesWhatWasChangedAfterSigning(t *testing.T) {
	t.Parallel()
	sign := func() url.Values {
		params := signedParams(gpapi.HmacSHA256, "SetLabel", url.Values{"Label": {"a"}})
		signature, err := gpapi.Sign("POST", "h", "/json", params, testSecretKey)
		if err != nil {
			t.Fatal(err)
		}
		params.Set("Signature", signature)
		return params
	}
	for name, change := range map[string]func(url.Values){
		"a value":          func(v url.Values) { v.Set("Label", "b") },
		"a new parameter":  func(v url.Values) { v.Set("Force", "Yes") },
		"a repeated value": func(v url.Values) { v.Add("Label", "a") },
		"no signature":     func(v url.Values) { v.Del("Signature") },
		"another method":   func(v url.Values) { v.Set("SignatureMethod", gpapi.HmacSHA1) },
		"no method":        func(v url.Values) { v.Del("SignatureMethod") },
	} {
		params := sign()
		change(params)
		if gpapi.Verify("POST", "h", "/json", params, testSecretKey) {
			t.Errorf("Verify accepts %s", name)
		}
	}
	if gpapi.Verify("POST", "h", "/json", sign(), "another key") {
		t.Error("Verify accepts another key")
	}
}

func FuzzVerifyAcceptsWhatSignMade(f *testing.F) {
	f.Add("POST", "gp.api.iij.jp:443", "/json", "Label", "a b+c~%日本\xff", "key")
	f.Add("get", "127.0.0.1:80", "/xml", "X.10", "", "")
	f.Fuzz(func(t *testing.T, method, host, path, name, value, key string) {
		if name == "SignatureMethod" || name == "Signature" {
			t.Skip("not an ordinary parameter")
		}
		params := signedParams(gpapi.HmacSHA256, "Echo", url.Values{name: {value}})
		signature, err := gpapi.Sign(method, host, path, params, key)
		if err != nil {
			t.Fatal(err)
		}
		params.Set("Signature", signature)
		form, err := url.ParseQuery(params.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if !gpapi.Verify(method, host, path, form, key) {
			t.Fatalf("refused: %q", params.Encode())
		}
	})
}

// What goes over the wire is decoded by a server and verified. Then every byte of
// the value in turn is another one, and nothing of that may verify.
func FuzzWhatAClientSendsIsVerifiedAndNothingElse(f *testing.F) {
	f.Add("a b+c~%日本*/=&", "key", false, false)
	f.Add("\x01", "secret key +/=", true, true)
	f.Fuzz(func(t *testing.T, value, key string, get, sha1 bool) {
		server := &fakeServer{answer: always(400, "")}
		options := testOptions(server)
		options.SecretKey = secret.New(key)
		if get {
			options.Method = http.MethodGet
		}
		if sha1 {
			options.SignatureMethod = gpapi.HmacSHA1
		}
		client, err := gpapi.New(options)
		if err != nil {
			return // without a key
		}
		_, _ = client.Echo(t.Context(), gpapi.EchoRequest{Param: value})
		if value == "" || !utf8.ValidString(value) || strings.Contains(value, "\x00") {
			if len(server.forms) != 0 {
				t.Fatalf("sent %q", value)
			}
			return
		}
		form := server.forms[0]
		verify := func() bool {
			return gpapi.Verify(cmp.Or(options.Method, "POST"), "gp.api.iij.jp", "/json", form, key)
		}
		if form.Get("Param") != value || !verify() {
			t.Fatalf("sent %q: %v", value, form)
		}
		for i := range len(value) {
			changed := []byte(value)
			changed[i]++
			form.Set("Param", string(changed))
			if verify() {
				t.Fatalf("%q verifies as %q", changed, value)
			}
		}
	})
}
