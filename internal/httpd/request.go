package httpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/words"
)

const (
	requestBytesMax = 64 << 10
	// textMax is the longest text of a request, in characters: who asks, and why, are kept and
	// shown for as long as the history.
	textMax = 500
	// depthMax is how deep a request nests at most: none of ours is deeper than 2.
	depthMax = 8
)

// readBody reads the body of a request, which is JSON or empty.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	content, err := readAll(w, r, requestBytesMax)
	var problem Error
	if err != nil {
		if problem = problemOf(err); problem.Code == Unavailable && problem.Text != busy.Text {
			problem = Error{Invalid, fmt.Sprintf("the request is cut off: %v", err), http.StatusBadRequest}
		}
		return nil, problem
	}
	if len(content) == 0 {
		return nil, nil
	}
	kind := r.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(kind); err != nil || media != "application/json" {
		return nil, Error{Invalid, fmt.Sprintf("the body comes as %q: send JSON with the header `Content-Type: application/json`", words.Shown(kind)), http.StatusUnsupportedMediaType}
	}
	return content, nil
}

// readAll reads a body of so many bytes at most. A few bodies are read at a time.
func readAll(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	bodies, who := faceOf(r.Context()).bodies, access.Of(r.Context()).Name
	if !bodies.enter(who, 1) {
		w.Header().Set("Retry-After", "1")
		return nil, busy
	}
	defer bodies.leave(who, 1)
	return io.ReadAll(http.MaxBytesReader(w, r.Body, most))
}

// readRequest reads a request, an object, into what body points to. Whatever is in it is taken or
// refused, and none is left out. What is in its texts will be shown on terminals, so they
// must be plain: nothing in them may be obeyed, or look like a line of its own.
func readRequest(content []byte, body any) error {
	known, needed := membersOf(reflect.TypeOf(body).Elem())
	if len(content) == 0 && len(needed) == 0 {
		return nil
	}
	if len(content) == 0 {
		return invalid("the request is empty: send an object with %s", listed(needed))
	}
	if !utf8.Valid(content) {
		return invalid("the request is no UTF-8: send text in UTF-8")
	}
	i := inspection{json.NewDecoder(bytes.NewReader(content)), known, needed}
	if err := i.document(); err != nil {
		return err
	}
	if len(i.missing) > 0 {
		return invalid("the request has no %s: send it too", listed(i.missing))
	}
	if err := json.Unmarshal(content, body); err != nil {
		return invalid("%v", mistyped(err))
	}
	return nil
}

// listed names members of a request.
func listed(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }

// membersOf are the names that the members of a struct have in JSON, and of those that a request has to
// have. Who asks is known otherwise too.
func membersOf(t reflect.Type) (known, needed []string) {
	for i := range t.NumField() {
		name, option, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		known = append(known, name)
		if option == "" && name != "by" {
			needed = append(needed, name)
		}
	}
	return known, needed
}

// inspection walks through a request once, before anything is made of it.
type inspection struct {
	*json.Decoder
	known   []string // members of the request itself
	missing []string // of those that it has to have
}

// document inspects one object, and nothing behind it.
func (i *inspection) document() error {
	token, err := i.next()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return invalid("the request is no object: send one, as in {…}")
	}
	if err := i.object(1); err != nil {
		return err
	}
	if _, err := i.Token(); !errors.Is(err, io.EOF) {
		return invalid("something follows the request: send one object")
	}
	return nil
}

func (i *inspection) next() (json.Token, error) {
	token, err := i.Token()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, invalid("the request is cut off: send all of it")
	}
	if err != nil {
		return nil, invalid("the request is no JSON, at byte %d: %v", i.InputOffset(), err)
	}
	return token, nil
}

func (i *inspection) object(depth int) error {
	var seen []string
	for i.More() {
		token, err := i.next()
		if err != nil {
			return err
		}
		name, _ := token.(string) // the decoder sees to it
		if err := i.member(name, seen, depth); err != nil {
			return err
		}
		seen = append(seen, name)
		if err := i.value(depth, name); err != nil {
			return err
		}
	}
	_, err := i.next()
	return err
}

// membersMax is how many members an object has at most, so that looking for twins stays cheap.
const membersMax = 100

func (i *inspection) member(name string, seen []string, depth int) error {
	switch {
	case depth == 1 && !slices.Contains(i.known, name):
		return invalid("the request has no member `%s`: %s", words.Shown(name), words.Suggest(name, i.known))
	case slices.Contains(seen, name):
		return invalid("the request has `%s` twice: send it once", words.Shown(name))
	case len(seen) == membersMax:
		return invalid("an object of the request has more than %d members: send fewer", membersMax)
	}
	if depth == 1 {
		i.missing = slices.DeleteFunc(i.missing, func(missing string) bool { return missing == name })
	}
	return plain(name)
}

// value inspects the value of a member.
func (i *inspection) value(depth int, of string) error {
	token, err := i.next()
	if err != nil {
		return err
	}
	if depth == depthMax && (token == json.Delim('{') || token == json.Delim('[')) {
		return invalid("the request nests deeper than %d: send a flat one", depthMax)
	}
	switch token := token.(type) {
	case nil:
		return invalid("`%s` is null: give it a value, or leave it out", words.Shown(of))
	case string:
		return plain(token)
	case json.Delim:
		if token == '{' {
			return i.object(depth + 1)
		}
		for i.More() {
			if err := i.value(depth+1, of); err != nil {
				return err
			}
		}
		_, err := i.next()
		return err
	}
	return nil
}

// plain refuses texts that are too long or not plain.
func plain(text string) error {
	if utf8.RuneCountInString(text) > textMax {
		return invalid("a text in the request is longer than %d characters: shorten it", textMax)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) }); i >= 0 {
		return invalid("a text in the request has the character %q, which cannot be printed: leave it out", []rune(text[i:])[0])
	}
	return nil
}

// mistyped says in the words of JSON which member is of the wrong type.
func mistyped(err error) error {
	var wrong *json.UnmarshalTypeError
	var noTime *time.ParseError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("`%s` comes as %s: send %s", words.Shown(wrong.Field), words.Shown(wrong.Value), kindWords(wrong.Type))
	case errors.As(err, &noTime):
		return fmt.Errorf("%q is no time: write for example %s", words.Shown(strings.Trim(noTime.Value, `"`)), timeOfExample)
	}
	return err
}

// timeOfExample is how a time is written.
const timeOfExample = "2026-04-01T09:00:00+09:00"

func kindWords(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text in quotes"
	case reflect.Slice, reflect.Array:
		return "a list in brackets"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "a whole number, without quotes"
	case reflect.Float64:
		return "a number, without quotes"
	default:
		return "an object"
	}
}
