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
)

// Inbox takes the values of one pushed signal.
type Inbox struct {
	Token secret.Secret // that a sender has to show
	Push  func(value float64, at time.Time) error
}

// pushRequest is one value. Of Time and Age at most one is set; with neither it was
// measured just now.
type pushRequest struct {
	Value *float64  `json:"value"`
	Time  time.Time `json:"time"`
	Age   float64   `json:"age"` // seconds
}

// inboxes serves POST /v1/push/{group}/{signal}; the keys are group/signal. Whoever
// does not show the signal's token does not learn whether the signal exists.
func inboxes(of map[string]Inbox) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		inbox, known := of[r.PathValue("group")+"/"+r.PathValue("signal")]
		shown, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if token := inbox.Token.Reveal(); subtle.ConstantTimeCompare([]byte(shown), []byte(token)) != 1 || !known || !bearer || token == "" {
			w.Header().Set("WWW-Authenticate", "Bearer")
			answer(w, http.StatusUnauthorized, problem{"there is no such signal, or this is not its token: send the header `Authorization: Bearer TOKEN` with the token that the signal's push section names"})
			return
		}
		value, at, err := readPush(http.MaxBytesReader(w, r.Body, pushBytesMax), time.Now())
		if err == nil {
			err = inbox.Push(value, at)
		}
		if err != nil {
			answer(w, http.StatusBadRequest, problem{err.Error()})
			return
		}
		answer(w, http.StatusOK, done{})
	}
}

const (
	pushBytesMax = 4 << 10
	// ageMax is longer than any value counts, and short enough to compute with.
	ageMax = 24 * time.Hour
)

// readPush reads one value and when it was measured.
func readPush(body io.Reader, now time.Time) (value float64, at time.Time, err error) {
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	var request pushRequest
	if err := decoder.Decode(&request); err != nil {
		return 0, time.Time{}, fmt.Errorf(`read the value: %w; send for example {"value": 12.5, "age": 3}`, err)
	}
	switch {
	case decoder.More():
		return 0, time.Time{}, errors.New(`read the value: something follows it: send one object, for example {"value": 12.5}`)
	case request.Value == nil:
		return 0, time.Time{}, errors.New(`read the value: there is none: send for example {"value": 12.5}`)
	case !request.Time.IsZero() && request.Age != 0:
		return 0, time.Time{}, errors.New("read the value: it has a time and an age: send one of the two")
	case request.Age < 0 || request.Age > ageMax.Seconds():
		return 0, time.Time{}, fmt.Errorf("read the value: its age is %g: send the seconds since it was measured, 0 to %g", request.Age, ageMax.Seconds())
	case !request.Time.IsZero():
		// As an age, so that it keeps to the process's own clock from here on.
		return *request.Value, now.Add(-now.Round(0).Sub(request.Time)), nil
	}
	return *request.Value, now.Add(-time.Duration(request.Age * float64(time.Second))), nil
}
