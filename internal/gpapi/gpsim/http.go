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

// refusal is an answer that is not a success.
type refusal struct {
	status    int // HTTP
	errorType string
	message   string
}

// reply is what becomes of one request.
type reply struct {
	format    format
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
	case r.URL.Path == "/json", r.URL.Path == "/xml":
		s.serveAPI(w, r)
	case r.URL.Path == "/books":
		s.serveBooks(w, r)
	case r.URL.Path == "/bill":
		s.serveBill(w, r)
	case r.URL.Path == "/cloud":
		s.serveCloud(w, r)
	case r.URL.Path == "/":
		servePage(w, r)
	default:
		writeReply(w, reply{requestID: newRequestID(), refusal: notFound("There is no %s here; use /json or /xml.", r.URL.Path)})
	}
}

func (s *Sim) serveAPI(w http.ResponseWriter, r *http.Request) {
	answer := s.answer(r)
	answer.format = formatOf(r.URL.Path)
	switch answer.cut {
	case cutByHanging:
		select {
		case <-r.Context().Done():
		case <-s.closed:
		}
		panic(http.ErrAbortHandler)
	case cutByReset:
		panic(http.ErrAbortHandler)
	case notCut:
		writeReply(w, answer)
	default:
		answer.cut.writeSpoiled(w, func(w http.ResponseWriter) { writeReply(w, answer) })
	}
}

// answer reads, authenticates and performs a request.
func (s *Sim) answer(r *http.Request) reply {
	refused := func(why *refusal) reply { return reply{requestID: newRequestID(), refusal: why} }

	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return refused(methodNotAllowed("Use POST or GET."))
	}
	parameters, why := readParameters(r)
	if why != nil {
		return refused(why)
	}
	account, why := s.authenticate(r, parameters)
	if why != nil {
		return s.turnAway(parameters, why)
	}
	name := parameters.Get("Action")
	action, known := actions[name]
	if !known {
		return s.turnAway(parameters, invalid("There is no action %q.", name))
	}
	return s.perform(name, action, account, parameters)
}

// readParameters reads the query and, of a POST, the body. Each parameter occurs
// once and is UTF-8.
func readParameters(r *http.Request) (url.Values, *refusal) {
	parameters, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, notFormEncoded()
	}
	if r.Method == http.MethodPost {
		if why := addBody(parameters, r.Body); why != nil {
			return nil, why
		}
	}
	for name, values := range parameters {
		if len(values) > 1 {
			return nil, invalid("The parameter %q occurs %d times.", name, len(values))
		}
		if len(values[0]) > maxValueBytes {
			return nil, invalid("The parameter %q is longer than %d bytes.", cutText(name), maxValueBytes)
		}
		if !utf8.ValidString(name) || !utf8.ValidString(values[0]) {
			return nil, invalid("The parameter %q is not UTF-8.", name)
		}
	}
	return parameters, nil
}

// addBody adds the parameters of a POST's body to those of its query.
func addBody(parameters url.Values, source io.Reader) *refusal {
	body, err := io.ReadAll(io.LimitReader(source, maxRequestBytes+1))
	if err != nil {
		return invalid("The body broke off.")
	}
	if len(body) > maxRequestBytes {
		return invalid("The body is larger than %d bytes.", maxRequestBytes)
	}
	own, err := url.ParseQuery(string(body))
	if err != nil {
		return notFormEncoded()
	}
	for name, values := range own {
		parameters[name] = append(parameters[name], values...)
	}
	return nil
}

func notFormEncoded() *refusal { return invalid("The parameters are not form-encoded.") }

// writeReply writes an answer. A client that has gone away misses it, which is its
// own affair.
func writeReply(w http.ResponseWriter, answer reply) {
	name, status, members := answer.action+"Response", http.StatusOK, answer.fields
	if why := answer.refusal; why != nil {
		name, status = "ErrorResponse", why.status
		members = fields{{"ErrorType", why.errorType}, {"ErrorMessage", why.message}}
	}
	members = append(fields{{"RequestId", answer.requestID}}, members...)
	w.Header().Set("Content-Type", answer.format.contentType())
	w.WriteHeader(status)
	_, _ = w.Write(answer.format.encode(name, members))
}

// writeJSON writes content, which always can be encoded.
func writeJSON(w http.ResponseWriter, status int, content any) {
	w.Header().Set("Content-Type", formatJSON.contentType())
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
