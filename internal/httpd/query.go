package httpd

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/autoscaled/autoscaled/internal/words"
)

// query is what stands behind the question mark. Its first fault is kept, so that callers ask for everything
// and then whether something was wrong.
type query struct {
	values url.Values
	err    error
}

// readQuery refuses parameters that the route does not know, and those that are given twice.
func readQuery(r *http.Request, known []string) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("read the query: %v", err)
	}
	for name, given := range values {
		switch {
		case !slices.Contains(known, name) && len(known) == 0:
			return nil, invalid("the query has a parameter `%s`, and none is known here: leave it out", words.Shown(name))
		case !slices.Contains(known, name):
			return nil, invalid("the query has no parameter `%s`: %s", words.Shown(name), words.Suggest(name, known))
		case len(given) > 1:
			return nil, invalid("the query has `%s` %d times: give it once", name, len(given))
		}
	}
	return values, nil
}

func queryOf(r *http.Request) *query { return &query{values: r.URL.Query()} }

func (q *query) fault(format string, args ...any) {
	if q.err == nil {
		q.err = invalid(format, args...)
	}
}

// time is the named parameter, or another time without it.
func (q *query) time(name string, otherwise time.Time) time.Time {
	text := q.values.Get(name)
	if text == "" {
		return otherwise
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		q.fault("%s: %q is no time: write for example %s", name, words.Shown(text), timeOfExample)
		return otherwise
	}
	return at
}

// span is from one parameter until the other.
func (q *query) span(from, to time.Time) (time.Time, time.Time) {
	from, to = q.time("from", from), q.time("to", to)
	if !from.Before(to) {
		q.fault("from: %s is not before to: %s: ask for a span that has a length", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return from, to
}

// number is a whole one within bounds, or another without the parameter.
func (q *query) number(name string, least, most, otherwise int) int {
	text := q.values.Get(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		q.fault("%s: %q is no whole number from %d to %d", name, words.Shown(text), least, most)
		return otherwise
	}
	return n
}

// flag is true, or false also without the parameter.
func (q *query) flag(name string) bool {
	text := q.values.Get(name)
	if text != "" && text != "true" && text != "false" {
		q.fault("%s: %q is neither true nor false", name, words.Shown(text))
	}
	return text == "true"
}
