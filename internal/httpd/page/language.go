package page

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// lang is a language that pages are written in, as in Accept-Language.
type lang string

const (
	english  lang = "en"
	japanese lang = "ja"
)

// languages are all of them, the default first.
func languages() []lang { return []lang{english, japanese} }

// Other is the language that this one can be changed for.
func (l lang) Other() lang {
	if l == japanese {
		return english
	}
	return japanese
}

// phrase is a text in every language; %[1]d and the like stand for what is filled in.
type phrase struct{ en, ja string }

func (p phrase) in(l lang) string {
	if l == japanese {
		return p.ja
	}
	return p.en
}

// say is the text for a key, with what is to be filled in.
func (l lang) say(key string, args ...any) string {
	p, ok := catalogue[key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return p.in(l)
	}
	return fmt.Sprintf(p.in(l), args...)
}

// code is a code from a fixed list in words; one that is not known is shown as it is.
func (l lang) code(list string, code any) string {
	text := fmt.Sprint(code)
	if p, ok := catalogue[list+"."+text]; ok {
		return p.in(l)
	}
	return text
}

const languageCookie = "autoscaled_lang"

// languageOf is the language for a request: that of ?lang=, else the remembered one, else
// what the browser prefers.
func languageOf(r *http.Request) lang {
	if asked := lang(r.URL.Query().Get("lang")); slices.Contains(languages(), asked) {
		return asked
	}
	if cookie, err := r.Cookie(languageCookie); err == nil && slices.Contains(languages(), lang(cookie.Value)) {
		return lang(cookie.Value)
	}
	return preferred(r.Header.Get("Accept-Language"))
}

// remember keeps the language that a page was asked for in, for the pages after it.
func remember(w http.ResponseWriter, r *http.Request) {
	if asked := r.URL.Query().Get("lang"); asked != "" {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // over plain HTTP, on loopback alone, a browser would drop a secure one
			Name: languageCookie, Value: string(languageOf(r)), Path: "/", MaxAge: 365 * 24 * 3600,
			HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
		})
	}
}

// preferred is the language that an Accept-Language header weighs most; of equals the
// first.
func preferred(header string) lang {
	best, weight := languages()[0], 0.0
	for part := range strings.SplitSeq(header, ",") {
		tag, parameter, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if base != string(english) && base != string(japanese) {
			continue
		}
		quality, err := strconv.ParseFloat(cmp.Or(strings.TrimPrefix(strings.TrimSpace(parameter), "q="), "1"), 64)
		if err == nil && quality > weight && quality <= 1 {
			best, weight = lang(base), quality
		}
	}
	return best
}
