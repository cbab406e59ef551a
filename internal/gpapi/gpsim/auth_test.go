package gpsim_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi"
)

func TestOnlyAValidSignatureGetsThrough(t *testing.T) {
	t.Parallel()
	expireIn := func(d time.Duration) string { return time.Now().Add(d).UTC().Format("2006-01-02T15:04:05Z") }
	set := func(name, value string) func(url.Values) { return func(form url.Values) { form.Set(name, value) } }
	none := func(url.Values) {}
	cases := map[string]struct {
		before, after func(url.Values) // changes before and after signing
		status        int
	}{
		"as it should be":           {none, none, 200},
		"HmacSHA1":                  {set("SignatureMethod", gpapi.HmacSHA1), none, 200},
		"changed after signing":     {none, set("Param", "b"), 401},
		"unknown access key":        {set("AccessKeyId", "AKTESTTESTTESTTEST99"), none, 401},
		"no signature":              {none, func(form url.Values) { form.Del("Signature") }, 400},
		"another signature method":  {none, set("SignatureMethod", "HmacMD5"), 401},
		"another signature version": {set("SignatureVersion", "1"), none, 400},
		"another API version":       {set("APIVersion", "20990101"), none, 400},
		"no Expire":                 {func(form url.Values) { form.Del("Expire") }, none, 400},
		"Expire in another form":    {set("Expire", "tomorrow"), none, 400},
		"Expire in the past":        {set("Expire", expireIn(-time.Minute)), none, 401},
		"Expire too far ahead":      {set("Expire", expireIn(25*time.Hour)), none, 400},
		"a parameter twice":         {none, func(form url.Values) { form.Add("Param", "a") }, 400},
	}
	for name, c := range cases {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			t.Run(method+" "+name, func(t *testing.T) {
				t.Parallel()
				sim := newCloud(t, testOptions())
				form := signed(t, method, "Echo", "Param=a")
				c.before(form)
				sign(t, method, form)
				c.after(form)
				got, err := send(t, sim, newRequest(t, method, form))
				if err != nil || got.status != c.status {
					t.Errorf("got %v, %v, want %d", got, err, c.status)
				}
			})
		}
	}
}

func TestAWrongSecretChangesNothingAndStaysOutOfTheBooks(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	form := signed(t, http.MethodPost, "StartVirtualMachine", vm(template)...)
	form.Set("Signature", "wrong")
	got, err := send(t, sim, newRequest(t, http.MethodPost, form))
	if err != nil || got.status != http.StatusUnauthorized {
		t.Errorf("got %v, %v, want 401", got, err)
	}
	if books := sim.Books(); len(books.Calls) != 0 || len(books.CallCounts) != 0 || books.Machines[0].Status != "Stopped" {
		t.Errorf("the books say %+v", books)
	}
}
