package prom

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// refusalError is an answer of a server that is none to the question.
type refusalError struct {
	status int    // of HTTP
	kind   string // as the server calls it, or one of those below
	text   string
}

// What Prometheus' own client calls what a server does not name.
const (
	badResponse = "bad_response"
	clientError = "client_error"
	serverError = "server_error"
)

func (e *refusalError) Error() string { return e.kind + ": " + e.text }

// evaluate asks the question by Prometheus' HTTP API. Over a range it ends at now.
func (s *Server) evaluate(ctx context.Context, question Question, now time.Time) (*result, []string, error) {
	target := *s.url
	form := target.Query()
	form.Set("query", question.PromQL)
	form.Set("timeout", s.timeout.String())
	if question.Lookback > 0 {
		form.Set("lookback_delta", question.Lookback.String())
	}
	if over := question.Range; over.Span > 0 {
		target.Path = path.Join(target.Path, "/api/v1/query_range")
		form.Set("start", seconds(now.Add(-over.Span)))
		form.Set("end", seconds(now))
		form.Set("step", strconv.FormatFloat(over.Step.Seconds(), 'f', -1, 64))
	} else {
		target.Path = path.Join(target.Path, "/api/v1/query")
		form.Set("time", seconds(now))
	}
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	status, err := s.send(ctx, target, form.Encode(), body)
	if err != nil {
		return nil, nil, err
	}
	return interpret(status, body.Bytes())
}

// bodies are for answers. One is needed for as long as it takes to decode it.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// send asks by POST, which has room for long expressions, and by GET where that is not
// allowed. It returns the status of the answer, and writes its body to body.
func (s *Server) send(ctx context.Context, target url.URL, form string, body *bytes.Buffer) (int, error) {
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(form))
	if err != nil {
		return 0, err
	}
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	post.Header["Idempotency-Key"] = nil // may be sent again on another connection; the header itself is not sent
	status, err := s.do(post, body)
	switch status {
	case http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotImplemented:
	default:
		return status, err
	}
	target.RawQuery = form
	get, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return 0, err
	}
	return s.do(get, body)
}

func (s *Server) do(request *http.Request, body *bytes.Buffer) (int, error) {
	body.Reset()
	response, err := s.client.http.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	_, err = body.ReadFrom(response.Body)
	return response.StatusCode, err
}

func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.Unix())+float64(t.Nanosecond())/1e9, 'f', -1, 64)
}

// interpret takes an answer for what it is by its status. What it returns has nothing in
// common with the body.
func interpret(status int, body []byte) (*result, []string, error) {
	succeeded := status/100 == 2
	if !succeeded && status != http.StatusBadRequest && status != http.StatusUnprocessableEntity {
		return nil, nil, refusedBy(status)
	}
	reply, err := decodeReply(body)
	switch {
	case err != nil && succeeded:
		return nil, nil, &refusalError{status, badResponse, err.Error()}
	case err != nil:
		return nil, nil, refusedBy(status)
	case succeeded && reply.status == "error":
		return nil, nil, &refusalError{status, reply.errorType, reply.message}
	case succeeded:
		result, err := reply.decode()
		if err != nil {
			return nil, nil, &refusalError{status, badResponse, err.Error()}
		}
		return result, reply.warnings, nil
	case reply.status == "success":
		return nil, nil, &refusalError{status, badResponse, "inconsistent body for response code"}
	}
	said := refusedBy(status)
	said.kind, said.text = cmp.Or(reply.errorType, said.kind), cmp.Or(reply.message, said.text)
	return nil, nil, said
}

// refusedBy tells of a status that comes without an explanation.
func refusedBy(status int) *refusalError {
	switch status / 100 {
	case 4:
		return &refusalError{status, clientError, fmt.Sprintf("client error: %d", status)}
	case 5:
		return &refusalError{status, serverError, fmt.Sprintf("server error: %d", status)}
	}
	return &refusalError{status, badResponse, fmt.Sprintf("bad response code %d", status)}
}
