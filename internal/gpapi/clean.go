package gpapi

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode"
)

const textMaxBytes = 500 // of each foreign text that an error carries

// cleaner makes foreign text fit for an error: without secrets, which a server might
// echo, without anything that a terminal would obey, valid, and not too long.
type cleaner []hidden

// hidden is a secret as any text may spell it, and what is shown instead.
type hidden struct {
	spelt *regexp.Regexp
	shown string
}

// newCleaner returns a cleaner for the account's secrets and a request's signature.
func (a *account) newCleaner(signed signedRequest) cleaner {
	var c cleaner
	for _, secret := range [][2]string{
		{a.SecretKey.Reveal(), "<secret key>"}, {a.AccessKey.Reveal(), "<access key>"}, {signed.signature, "<signature>"},
	} {
		if secret[0] != "" {
			c = append(c, hidden{spellings(secret[0]), secret[1]})
		}
	}
	return c
}

// spellings matches the ways in which queries, forms, JSON and HTML may write a
// secret, also without the padding at its end.
func spellings(secret string) *regexp.Regexp {
	var pattern strings.Builder
	pattern.WriteString("(?i)")
	core := strings.TrimRight(secret, "=")
	for i := range len(core) {
		if b := core[i]; 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z' || '0' <= b && b <= '9' {
			pattern.WriteByte(b)
		} else {
			pattern.WriteString(spellingsOf(b))
		}
	}
	if core != secret {
		pattern.WriteString(spellingsOf('=') + "*")
	}
	return regexp.MustCompile(pattern.String())
}

func spellingsOf(b byte) string {
	literal := regexp.QuoteMeta(string(rune(b)))
	plus := ""
	if b == ' ' {
		plus = `|\+`
	}
	return fmt.Sprintf(`(?:\\?%s|%%%02X|\\u00%02X|&#%d;|&#x%X;|%s%s)`, literal, b, b, b, b, regexp.QuoteMeta(html.EscapeString(string(rune(b)))), plus)
}

// hide replaces the secrets.
func (c cleaner) hide(text string) string {
	for _, h := range c {
		text = h.spelt.ReplaceAllLiteralString(text, h.shown)
	}
	return text
}

// clean also makes the text fit for a line of a terminal, and cuts it.
func (c cleaner) clean(text string) string {
	text = strings.ToValidUTF8(c.hide(text), "")
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
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
