package httpd

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Inbox takes what is pushed to one signal.
type Inbox struct {
	Token secret.Secret // that a sender has to show

	// Push takes a value, measured at the given time, and says whether it is kept: one
	// that comes late is not.
	Push func(value float64, at time.Time) (kept bool, err error)

	Staleness time.Duration // what is older is not taken; 0: any age will do

	// Of what is no value: see [config.Push].
	Format     config.PushFormat // empty: value
	Step       int
	AgainAfter time.Duration
	Counted    *Counted // nil: nothing is remembered
}

// Pushed is the answer to what could be read.
type Pushed struct {
	Kept bool   `json:"kept"`
	Why  string `json:"why,omitempty"` // why not
}

// inboxes serves POST /v1/push/{group}/{signal}, and the same with a direction behind it; the
// keys are group/signal. Whoever does not show the signal's token does not learn whether
// the signal exists.
func inboxes(of map[string]Inbox) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		inbox, known := of[r.PathValue("group")+"/"+r.PathValue("signal")]
		if opens := inbox.opens(r); !opens || !known {
			w.Header().Set("WWW-Authenticate", `Bearer, Basic realm="push"`)
			fail(w, Error{Code: Unauthenticated, Text: "there is no such signal, or this is not its token: send the header `Authorization: Bearer TOKEN` with the token that the signal's push section names, or the token as a password"})
			return
		}
		content, err := readAll(w, r, inbox.bytesMax())
		if err != nil {
			fail(w, unread(err))
			return
		}
		pushed, err := inbox.take(content, r.PathValue("direction"), time.Now())
		if err != nil {
			fail(w, err)
			return
		}
		answer(w, http.StatusOK, pushed)
	}
}

// opens says whether the request shows the token: as such, or as the password of whoever.
func (b *Inbox) opens(r *http.Request) bool {
	scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	_, password, basic := r.BasicAuth()
	if basic {
		shown = password
	}
	token := b.Token.Reveal()
	same := subtle.ConstantTimeCompare([]byte(shown), []byte(token)) == 1
	return same && token != "" && (basic || strings.EqualFold(scheme, "Bearer")) // RFC 9110 §11.1
}

// unread is the error for a body that did not come whole.
func unread(err error) error {
	if p := problemOf(err); p.Code != Unavailable || p.Text == busy.Text {
		return p
	}
	return invalid("the request is cut off: %v", err)
}

// take takes what somebody sent, at now.
func (b *Inbox) take(content []byte, direction string, now time.Time) (Pushed, error) {
	heard, err := b.hear(content, direction, now)
	switch {
	case err != nil:
		return Pushed{}, err
	case heard.nothing != "":
		return Pushed{Why: heard.nothing}, nil
	case b.Staleness > 0 && now.Sub(heard.at) > b.Staleness:
		return Pushed{Why: fmt.Sprintf("it is of %s ago, and the signal's staleness is %s", words.Span(now.Sub(heard.at).Round(time.Second)), words.Span(b.Staleness))}, nil
	}
	return b.Counted.once(heard.ids, now, b.AgainAfter, func() (Pushed, error) {
		kept, err := b.Push(heard.value, heard.at)
		if err != nil {
			return Pushed{}, invalid("%v", err)
		}
		if !kept {
			return Pushed{Why: "a newer one came before"}, nil
		}
		return Pushed{Kept: true}, nil
	})
}

// pushRequest is one value. Of Time and Age at most one is set; with neither it was
// measured just now.
type pushRequest struct {
	Value *float64 `json:"value"`
	Time  *string  `json:"time"` // RFC 3339
	Age   float64  `json:"age"`  // seconds
}

const (
	pushBytesMax = 4 << 10
	// ageMax is longer than any value counts, and short enough to compute with.
	ageMax = 24 * time.Hour
)

// readPush reads one value and when it was measured.
func readPush(content []byte, now time.Time) (value float64, at time.Time, err error) {
	var request pushRequest
	err = decodePush(content, &request, `{"value": 12.5, "age": 3}`)
	if err == nil && request.Value == nil {
		err = errors.New(`there is none: send for example {"value": 12.5}`)
	}
	if err == nil {
		at, err = dated(request.Time, request.Age, now)
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("read the value: %w", err)
	}
	return *request.Value, at, nil
}

// decodePush reads an object, and nothing behind it; example is one.
func decodePush(content []byte, request any, example string) error {
	decoder := json.NewDecoder(strings.NewReader(string(content)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(request); err != nil {
		return inWords(err, example)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("something follows it: send one object, for example %s", example)
	}
	return nil
}

// inWords says in the words of JSON what is wrong with a request.
func inWords(err error, example string) error {
	var mistyped *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &mistyped):
		return fmt.Errorf("%w; send for example %s", err, example)
	case mistyped.Field == "":
		return fmt.Errorf("it comes as %s: send an object, for example %s", mistyped.Value, example)
	case mistyped.Field == "time":
		return fmt.Errorf("its time comes as %s: send %s", mistyped.Value, timeExample)
	case mistyped.Field == "value" || mistyped.Field == "age":
		return fmt.Errorf("its %s comes as %s: send a number, without quotes and below 1.8e308", mistyped.Field, mistyped.Value)
	default:
		return fmt.Errorf("its %s comes as %s: send for example %s", words.Shown(mistyped.Field), mistyped.Value, example)
	}
}

const timeExample = `a time with its zone in quotes, for example "2026-04-01T09:00:00+09:00"`

// dated is when something was measured that comes with a time, or an age in seconds, or
// neither. It lies at most ageMax away, and ahead when the sender's clock is ahead.
func dated(written *string, age float64, now time.Time) (time.Time, error) {
	switch {
	case written != nil && age != 0:
		return time.Time{}, errors.New("it has a time and an age: send one of the two")
	case age < 0 || age > ageMax.Seconds():
		return time.Time{}, fmt.Errorf("its age is %g: send the seconds since it was measured, 0 to %g", age, ageMax.Seconds())
	case written == nil:
		return now.Add(-time.Duration(age * float64(time.Second))), nil
	}
	at, err := time.Parse(time.RFC3339, *written)
	if err != nil {
		return time.Time{}, fmt.Errorf("its time is `%s`: send %s", words.Shown(*written), timeExample)
	}
	ago := now.Round(0).Sub(at) // as far as a Duration goes
	if ago > ageMax || ago < -ageMax {
		return time.Time{}, fmt.Errorf("its time is %s, and here it is %s: send one at most %g hours away, and set the clock of whichever machine is wrong",
			at.Format(time.RFC3339), now.Format(time.RFC3339), ageMax.Hours())
	}
	return now.Add(-ago), nil // so that it keeps to the process's own clock from here on
}
