package gpapi

import (
	"net/url"
	"strings"
)

const textMaxBytes = 500 // of each foreign text that an error carries

// cleaner returns a function that makes foreign text fit for an error: without
// the given secrets, which a server might echo, valid, and not too long.
func cleaner(secrets ...string) func(string) string {
	var pairs []string
	for _, secret := range secrets {
		pairs = append(pairs, secret, "<secret>", url.QueryEscape(secret), "<secret>")
	}
	hide := strings.NewReplacer(pairs...)
	return func(text string) string {
		text = hide.Replace(text)
		return strings.ToValidUTF8(text[:min(len(text), textMaxBytes)], "")
	}
}

// cleanError is an error whose text is clean: net/http's errors may quote what a
// server sent.
type cleanError struct {
	text string
	err  error
}

func (e *cleanError) Error() string { return e.text }

func (e *cleanError) Unwrap() error { return e.err }
