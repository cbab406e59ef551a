package gpsim

import (
	"net/http"
	"net/url"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi"
)

// authenticate finds the account that signed the request, and refuses a request
// whose common parameters are missing, wrong or out of date.
func (s *Sim) authenticate(r *http.Request, parameters url.Values) (Account, *refusal) {
	for _, name := range commonParameters {
		if parameters.Get(name) == "" {
			return Account{}, invalid("The parameter %s is missing.", name)
		}
	}
	account, known := s.options.account(parameters.Get("AccessKeyId"))
	if !known || !gpapi.Verify(r.Method, r.Host, r.URL.Path, parameters, account.SecretKey.Reveal()) {
		return Account{}, unauthorized("The access key is unknown or the signature does not match.")
	}
	if parameters.Get("APIVersion") != apiVersion || parameters.Get("SignatureVersion") != signatureVersion {
		return Account{}, invalid("APIVersion must be %s and SignatureVersion %s.", apiVersion, signatureVersion)
	}
	return account, checkExpire(parameters.Get("Expire"), s.options.Now())
}

// commonParameters are required of every action; GP-API manual, page "usage".
var commonParameters = []string{
	"APIVersion", "AccessKeyId", "Action", "Expire", "Signature", "SignatureMethod", "SignatureVersion",
}

const (
	apiVersion       = "20130901"
	signatureVersion = "2"
	expireLayout     = "2006-01-02T15:04:05Z"
)

func checkExpire(text string, wall time.Time) *refusal {
	expire, err := time.Parse(expireLayout, text)
	switch {
	case err != nil:
		return invalid("Expire must look like 2013-10-30T06:11:00Z.")
	case !expire.After(wall):
		return unauthorized("The signature has expired.")
	case expire.Sub(wall) >= maxExpireAhead:
		return invalid("Expire must be less than 24 hours ahead.")
	}
	return nil
}
