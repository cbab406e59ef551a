package gpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestDebugShowsWhatIsSignedAndAnsweredOfEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		server := &fakeServer{answer: func(url.Values) (int, http.Header, string, error) {
			switch attempts++; attempts {
			case 1:
				return 0, nil, "", errors.New("connection reset")
			case 2:
				return 503, nil, "<html>" + strings.Repeat("x", 1000), nil
			default:
				return 200, nil, statusAnswer, nil
			}
		}}
		var told []string
		options := testOptions(server)
		options.Debug = func(text string) { told = append(told, text) }
		if err := readStatus(t.Context(), newClient(t, options)); err != nil {
			t.Fatal(err)
		}
		if len(told) != 6 {
			t.Fatalf("told %d times: %q", len(told), told)
		}
		const sent = "POST /json: string to sign:\nPOST\ngp.api.iij.jp\n/json\n" +
			"APIVersion=20130901&AccessKeyId=<access key>&Action=GetContractStatus&Expire=2000-01-01T01%3A00%3A00Z" +
			"&GcServiceCode=gc00000002&GpServiceCode=gp00000001&SignatureMethod=HmacSHA256&SignatureVersion=2"
		for i, want := range map[int]string{
			0: sent,
			1: "POST /json: no answer after 0s: connection reset",
			3: "POST /json: status 503 after 0s: <html>" + strings.Repeat("x", 494),
			5: "POST /json: status 200 after 0s: " + statusAnswer,
		} {
			if told[i] != want {
				t.Errorf("%d: %q, want %q", i, told[i], want)
			}
		}
	})
}

func TestDebugNeverShowsASecret(t *testing.T) {
	t.Parallel()
	const accessKey, secretKey = "AK/+=TEST", "secret/+=key/with+odd=letters"
	lowerHex := strings.NewReplacer("%2F", "%2f", "%2B", "%2b", "%3D", "%3d")
	hidden := func(form url.Values) (texts []string) {
		for _, text := range []string{accessKey, secretKey, form.Get("Signature")} {
			inJSON := strings.ReplaceAll(text, "/", `\/`)
			texts = append(texts, text, url.QueryEscape(text), lowerHex.Replace(url.QueryEscape(text)), inJSON, strings.ReplaceAll(inJSON, "+", `\u002b`))
		}
		return texts
	}
	server := &fakeServer{answer: func(form url.Values) (int, http.Header, string, error) {
		return 400, nil, fmt.Sprint(hidden(form), form.Encode()), nil
	}}
	var told []string
	options := testOptions(server)
	options.AccessKey, options.SecretKey = secret.New(accessKey), secret.New(secretKey)
	options.Debug = func(text string) { told = append(told, text) }
	key := "ssh-rsa AAAA/+= root"
	_, err := newClient(t, options).ImportRootSshPublicKey(t.Context(), gpapi.ImportRootSshPublicKeyRequest{
		GpServiceCode: "gp00000001", GcServiceCode: secretKey, PublicKey: key,
	})
	if err == nil || len(told) != 2 {
		t.Fatalf("%v, told %q", err, told)
	}
	if !strings.Contains(told[0], "PublicKey=ssh-rsa%20AAAA%2F%2B%3D%20root") {
		t.Errorf("a public key is no secret: %s", told[0])
	}
	for _, text := range hidden(server.forms[0]) {
		for _, shown := range append(told, err.Error()) {
			if strings.Contains(shown, text) {
				t.Errorf("%q is in %s", text, shown)
			}
		}
	}
}
