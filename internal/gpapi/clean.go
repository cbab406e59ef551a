package gpapi

import (
	"net/url"
	"strings"
)

const textMaxBytes = 500 // of each foreign text that an error carries

// cleaner makes foreign text fit for an error: without secrets, which a server might
// echo, valid, and not too long.
type cleaner struct{ replacer *strings.Replacer }

// newCleaner returns a cleaner for the account's secrets and a request's signature.
func (a *account) newCleaner(signed signedRequest) cleaner {
	var pairs []string
	for _, secret := range [][2]string{
		{a.SecretKey.Reveal(), "<secret key>"}, {a.AccessKey.Reveal(), "<access key>"}, {signed.signature, "<signature>"},
	} {
		for _, spelling := range spellings(secret[0]) {
			pairs = append(pairs, spelling, secret[1])
		}
	}
	return cleaner{strings.NewReplacer(pairs...)}
}

// spellings are the ways in which queries, forms and JSON may write a secret.
func spellings(secret string) []string {
	escaped := url.QueryEscape(secret)
	return []string{
		secret, escaped, strings.ReplaceAll(escaped, "+", "%20"), lowerHex(escaped),
		strings.ReplaceAll(secret, "/", `\/`),
		strings.NewReplacer("+", `\u002B`, "/", `\/`).Replace(secret), strings.ReplaceAll(secret, "+", `\u002B`),
		strings.NewReplacer("+", `\u002b`, "/", `\/`).Replace(secret), strings.ReplaceAll(secret, "+", `\u002b`),
	}
}

// lowerHex writes %2B as %2b.
func lowerHex(escaped string) string {
	text := []byte(escaped)
	for i := 0; i+2 < len(text); i++ {
		if text[i] == '%' {
			copy(text[i+1:i+3], strings.ToLower(string(text[i+1:i+3])))
		}
	}
	return string(text)
}

// hide replaces the secrets.
func (c cleaner) hide(text string) string { return c.replacer.Replace(text) }

// clean also makes the text valid and cuts it.
func (c cleaner) clean(text string) string {
	text = c.hide(text)
	return strings.ToValidUTF8(text[:min(len(text), textMaxBytes)], "")
}

// cleanError is an error whose text is clean: net/http's errors may quote what a
// server sent.
type cleanError struct {
	text string
	err  error
}

func (e *cleanError) Error() string { return e.text }

func (e *cleanError) Unwrap() error { return e.err }
