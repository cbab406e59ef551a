package gpapi

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the API still accepts HmacSHA1
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"net/url"
	"slices"
	"strings"
)

// The values of the parameter SignatureMethod.
const (
	HmacSHA256 = "HmacSHA256"
	HmacSHA1   = "HmacSHA1"
)

var signatureMethods = map[string]func() hash.Hash{HmacSHA256: sha256.New, HmacSHA1: sha1.New}

// Sign returns the parameter Signature (version 2) of a request: the Base64 of
// the HMAC, by the SignatureMethod that params name, of method, host, path and
// all params except Signature. host is the Host header's content, path begins
// with a slash. It fails only on an unknown SignatureMethod.
//
// Source: GP-API manual, page "usage".
func Sign(method, host, path string, params url.Values, secretKey string) (string, error) {
	name := params.Get("SignatureMethod")
	newHash, ok := signatureMethods[name]
	if !ok {
		return "", fmt.Errorf("sign %s: SignatureMethod is %q: use %s or %s", params.Get("Action"), name, HmacSHA256, HmacSHA1)
	}
	pairs := make([]pair, 0, len(params))
	for name, values := range params {
		if name == "Signature" {
			continue
		}
		for _, value := range values {
			pairs = append(pairs, pair{name, value})
		}
	}
	return signature(newHash, secretKey, stringToSign(method, host, path, pairs)), nil
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

func signature(newHash func() hash.Hash, secretKey, text string) string {
	mac := hmac.New(newHash, []byte(secretKey))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// stringToSign sorts params. Its last line is the canonical query.
func stringToSign(method, host, path string, params []pair) string {
	text := make([]byte, 0, 512)
	for _, line := range []string{strings.ToUpper(method), host, path} {
		text = append(append(text, line...), '\n')
	}
	return string(appendQuery(text, params))
}

// appendQuery sorts params in byte order of their names and joins them. It differs
// from [url.Values.Encode] in that a space is %20.
func appendQuery(text []byte, params []pair) []byte {
	slices.SortStableFunc(params, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
	for i, p := range params {
		if i > 0 {
			text = append(text, '&')
		}
		text = append(appendPercent(text, p.name), '=')
		text = appendPercent(text, p.value)
	}
	return text
}

// appendPercent leaves A-Z a-z 0-9 _ ~ . - as they are and turns every other byte into %XX.
func appendPercent(text []byte, content string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(content) {
		switch c := content[i]; {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_', c == '~', c == '.', c == '-':
			text = append(text, c)
		default:
			text = append(text, '%', hex[c>>4], hex[c&15])
		}
	}
	return text
}
