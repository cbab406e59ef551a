package gpapi

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the API still accepts HmacSHA1, so a verifier has to know it
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// The values of the parameter SignatureMethod.
const (
	HmacSHA256 = "HmacSHA256"
	HmacSHA1   = "HmacSHA1"
)

// Sign returns the parameter Signature (version 2) of a request: the Base64 of
// the HMAC, by the SignatureMethod that params name, of method, host, path and
// all params except Signature. host is the Host header's content, path begins
// with a slash. It fails only on an unknown SignatureMethod.
//
// Source: GP-API manual, page "usage".
func Sign(method, host, path string, params url.Values, secretKey string) (string, error) {
	var newHash func() hash.Hash
	switch name := params.Get("SignatureMethod"); name {
	case HmacSHA256:
		newHash = sha256.New
	case HmacSHA1:
		newHash = sha1.New
	default:
		return "", fmt.Errorf("sign %s: SignatureMethod is %q: use %s or %s", params.Get("Action"), name, HmacSHA256, HmacSHA1)
	}
	mac := hmac.New(newHash, []byte(secretKey))
	mac.Write([]byte(stringToSign(method, host, path, params)))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// Verify reports whether form, the decoded parameters of a request, carries the
// signature that secretKey gives. host is the request's Host header: some
// clients leave a port 80 or 443 out of what they sign, so both forms count.
func Verify(method, host, path string, form url.Values, secretKey string) bool {
	for _, signedHost := range slices.Compact([]string{host, withoutWebPort(host)}) {
		want, err := Sign(method, signedHost, path, form, secretKey)
		if err == nil && hmac.Equal([]byte(want), []byte(form.Get("Signature"))) {
			return true
		}
	}
	return false
}

func withoutWebPort(host string) string {
	return strings.TrimSuffix(strings.TrimSuffix(host, ":80"), ":443")
}

func stringToSign(method, host, path string, params url.Values) string {
	return strings.Join([]string{strings.ToUpper(method), host, path, canonicalQuery(params)}, "\n")
}

// canonicalQuery joins the parameters in byte order of their names. It differs
// from [url.Values.Encode] in that a space is %20 and Signature is left out.
func canonicalQuery(params url.Values) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name == "Signature" {
			continue
		}
		for _, value := range params[name] {
			pairs = append(pairs, percentEncode(name)+"="+percentEncode(value))
		}
	}
	return strings.Join(pairs, "&")
}

// percentEncode leaves A-Z a-z 0-9 _ ~ . - as they are and turns every other byte into %XX.
func percentEncode(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
