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

	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Inbox takes the values of one pushed signal.
type Inbox struct {
	Token secret.Secret // that a sender has to show

	// Push takes a value, measured at the given time, and says whether it is kept: one
	// that comes late is not.
	Push func(value float64, at time.Time) (kept bool, err error)
}

// pushRequest is one value. Of Time and Age at most one is set; with neither it was
// measured just now.
type pushRequest struct {
	Value *float64 `json:"value"`
	Time  *string  `json:"time"` // RFC 3339
	Age   float64  `json:"age"`  // seconds
}

// pushed is the answer to a value that could be read.
type pushed struct {
	Kept bool `json:"kept"` // false: a newer one came before
}

// inboxes serves POST /v1/push/{group}/{signal}; the keys are group/signal. Whoever
// does not show the signal's token does not learn whether the signal exists.
func inboxes(of map[string]Inbox) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		inbox, known := of[r.PathValue("group")+"/"+r.PathValue("signal")]
		scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		bearer := strings.EqualFold(scheme, "Bearer") // RFC 9110 §11.1
		if token := inbox.Token.Reveal(); subtle.ConstantTimeCompare([]byte(shown), []byte(token)) != 1 || !known || !bearer || token == "" {
			w.Header().Set("WWW-Authenticate", "Bearer")
			answer(w, http.StatusUnauthorized, problem{"there is no such signal, or this is not its token: send the header `Authorization: Bearer TOKEN` with the token that the signal's push section names"})
			return
		}
		value, at, err := readPush(http.MaxBytesReader(w, r.Body, pushBytesMax), time.Now())
		var kept bool
		if err == nil {
			kept, err = inbox.Push(value, at)
		}
		if err != nil {
			answer(w, http.StatusBadRequest, problem{err.Error()})
			return
		}
		answer(w, http.StatusOK, pushed{kept})
	}
}

const (
	pushBytesMax = 4 << 10
	// ageMax is longer than any value counts, and short enough to compute with.
	ageMax = 24 * time.Hour
)

// readPush reads one value and when it was measured.
func readPush(body io.Reader, now time.Time) (value float64, at time.Time, err error) {
	request, err := decodePush(body)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("read the value: %w", err)
	}
	age, err := request.age(now)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("read the value: %w", err)
	}
	// As an age, so that it keeps to the process's own clock from here on.
	return *request.Value, now.Add(-age), nil
}

// decodePush reads an object with a value, and nothing behind it.
func decodePush(body io.Reader) (request pushRequest, err error) {
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return request, inWords(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return request, errors.New(`something follows it: send one object, for example {"value": 12.5}`)
	}
	if request.Value == nil {
		return request, errors.New(`there is none: send for example {"value": 12.5}`)
	}
	return request, nil
}

// inWords says in the words of JSON what is wrong with a request.
func inWords(err error) error {
	var mistyped *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &mistyped):
		return fmt.Errorf(`%w; send for example {"value": 12.5, "age": 3}`, err)
	case mistyped.Field == "":
		return fmt.Errorf(`it comes as %s: send an object, for example {"value": 12.5, "age": 3}`, mistyped.Value)
	case mistyped.Field == "time":
		return fmt.Errorf("its time comes as %s: send %s", mistyped.Value, timeExample)
	default:
		return fmt.Errorf("its %s comes as %s: send a number, without quotes and below 1.8e308", mistyped.Field, mistyped.Value)
	}
}

const timeExample = `a time with its zone in quotes, for example "2026-04-01T09:00:00+09:00"`

// age is how long before now the value was measured, at most ageMax. It is below 0 when
// the sender's clock is ahead.
func (r pushRequest) age(now time.Time) (time.Duration, error) {
	switch {
	case r.Time != nil && r.Age != 0:
		return 0, errors.New("it has a time and an age: send one of the two")
	case r.Age < 0 || r.Age > ageMax.Seconds():
		return 0, fmt.Errorf("its age is %g: send the seconds since it was measured, 0 to %g", r.Age, ageMax.Seconds())
	case r.Time == nil:
		return time.Duration(r.Age * float64(time.Second)), nil
	}
	at, err := time.Parse(time.RFC3339, *r.Time)
	if err != nil {
		return 0, fmt.Errorf("its time is `%s`: send %s", words.Shown(*r.Time), timeExample)
	}
	age := now.Round(0).Sub(at) // as far as a Duration goes
	if age > ageMax || age < -ageMax {
		return 0, fmt.Errorf("its time is %s, and here it is %s: send one at most %g hours away, and set the clock of whichever machine is wrong",
			at.Format(time.RFC3339), now.Format(time.RFC3339), ageMax.Hours())
	}
	return age, nil
}
