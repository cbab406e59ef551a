package gpsim

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxRequestBytes bounds the parameters of one request.
const maxRequestBytes = 1 << 20

// fields are the members of an answer: strings, fields, and non-nil slices of
// both. GP-API gives every scalar, numbers included, as a JSON string.
type fields map[string]any

// refusal is an answer that is not a success.
type refusal struct {
	status    int // HTTP
	errorType string
	message   string
}

// reply is what becomes of one request.
type reply struct {
	requestID string
	action    string
	fields    fields   // of a success
	refusal   *refusal // nil on success
	cut       cut
}

// ServeHTTP answers one request. To simulate a reset connection it panics with
// http.ErrAbortHandler, as net/http asks for.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.isClosed():
		writeReply(w, reply{requestID: newRequestID(), refusal: unavailable("The simulator is closed.")})
	case r.URL.Path == "/json":
		s.serveAPI(w, r)
	case r.URL.Path == "/books":
		s.serveBooks(w, r)
	default:
		writeReply(w, reply{requestID: newRequestID(), refusal: notFound("There is no %s here; use /json.", r.URL.Path)})
	}
}

func (s *Sim) serveAPI(w http.ResponseWriter, r *http.Request) {
	answer := s.answer(r)
	switch answer.cut {
	case cutByHanging:
		select {
		case <-r.Context().Done():
		case <-s.closed:
		}
		panic(http.ErrAbortHandler)
	case cutByReset:
		panic(http.ErrAbortHandler)
	}
	writeReply(w, answer)
}

// answer reads, authenticates and performs a request.
func (s *Sim) answer(r *http.Request) reply {
	refused := func(why *refusal) reply { return reply{requestID: newRequestID(), refusal: why} }

	parameters, why := readParameters(r)
	if why != nil {
		return refused(why)
	}
	account, why := s.authenticate(r, parameters)
	if why != nil {
		return refused(why)
	}
	name := parameters.Get("Action")
	action, known := actions[name]
	if !known {
		return refused(invalid("There is no action %q.", name))
	}
	return s.perform(name, action, account, parameters)
}

// readParameters reads the query of a GET or the body of a POST. Each parameter
// occurs once and is UTF-8.
func readParameters(r *http.Request) (url.Values, *refusal) {
	text, why := parameterText(r)
	if why != nil {
		return nil, why
	}
	parameters, err := url.ParseQuery(text)
	if err != nil {
		return nil, invalid("The parameters are not form-encoded.")
	}
	for name, values := range parameters {
		if len(values) > 1 {
			return nil, invalid("The parameter %q occurs %d times.", name, len(values))
		}
		if !utf8.ValidString(name) || !utf8.ValidString(values[0]) {
			return nil, invalid("The parameter %q is not UTF-8.", name)
		}
	}
	return parameters, nil
}

func parameterText(r *http.Request) (string, *refusal) {
	switch r.Method {
	case http.MethodGet:
		return r.URL.RawQuery, nil
	case http.MethodPost:
		body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBytes+1))
		if err != nil {
			return "", invalid("The body broke off.")
		}
		if len(body) > maxRequestBytes {
			return "", invalid("The body is larger than %d bytes.", maxRequestBytes)
		}
		return string(body), nil
	default:
		return "", methodNotAllowed("Use POST or GET.")
	}
}

func writeReply(w http.ResponseWriter, answer reply) {
	name, status, members := answer.action+"Response", http.StatusOK, answer.fields
	if why := answer.refusal; why != nil {
		name, status = "ErrorResponse", why.status
		members = fields{"ErrorType": why.errorType, "ErrorMessage": why.message}
	}
	members["RequestId"] = answer.requestID
	writeJSON(w, status, fields{name: members})
}

// writeJSON writes content, which always can be encoded. A client that has gone
// away misses its answer, which is its own affair.
func writeJSON(w http.ResponseWriter, status int, content any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(content)
}

// newRequestID is five groups of eight lower-case hex digits.
func newRequestID() string {
	var random [20]byte
	_, _ = rand.Read(random[:]) // never fails
	groups := make([]string, 0, 5)
	for i := 0; i < len(random); i += 4 {
		groups = append(groups, hex.EncodeToString(random[i:i+4]))
	}
	return strings.Join(groups, "-")
}
