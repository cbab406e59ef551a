package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

// commandTimeout is how long an answer may take: a preflight calls the cloud some times.
const commandTimeout = 25 * time.Second

// route is one thing that can be asked for.
type route struct {
	method, path string
	role         access.Role                 // that it needs; None: it has a proof of its own, or shows nothing
	query        []string                    // parameters that it knows
	body, answer reflect.Type                // nil: none
	prove        func(r *http.Request) error // looks at the request's own proof before its body is read; nil: it has none
	read         func(content []byte) (body any, err error)
	do           func(ctx context.Context, r *http.Request, body any) (any, error)
	handler      http.HandlerFunc // in place of do, of what is no JSON, or has a shape of its own
}

// get is a route that shows something to whoever may look.
func get[Answer any](path string, query []string, do func(ctx context.Context, r *http.Request) (Answer, error)) route {
	return route{
		method: http.MethodGet, path: path, role: access.Read, query: query, answer: reflect.TypeFor[Answer](),
		do: func(ctx context.Context, r *http.Request, _ any) (any, error) { return do(ctx, r) },
	}
}

// ask is a route with a body, and an answer that tells something.
func ask[Body, Answer any](path string, role access.Role, do func(ctx context.Context, r *http.Request, body Body) (Answer, error)) route {
	return route{
		method: http.MethodPost, path: path, role: role, body: reflect.TypeFor[Body](), answer: reflect.TypeFor[Answer](),
		read: func(content []byte) (any, error) {
			var body Body
			err := readRequest(content, &body)
			return body, err
		},
		do: func(ctx context.Context, r *http.Request, body any) (any, error) { return do(ctx, r, body.(Body)) },
	}
}

// done is the body of a success that has nothing to tell.
type done struct{}

// command is a route with a body that has nothing to tell.
func command[Body any](path string, role access.Role, do func(ctx context.Context, r *http.Request, body Body) error) route {
	return ask(path, role, func(ctx context.Context, r *http.Request, body Body) (done, error) { return done{}, do(ctx, r, body) })
}

// other is a route that serves by itself.
func other(method, path string, role access.Role, handler http.HandlerFunc) route {
	return route{method: method, path: path, role: role, handler: handler}
}

// serve serves the route to whoever may have it.
func (rt route) serve(answers *once) http.HandlerFunc {
	if rt.handler != nil {
		return access.Require(rt.role, rt.handler)
	}
	return access.Require(rt.role, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := readQuery(r, rt.query); err != nil {
			fail(w, err)
			return
		}
		if rt.body == nil {
			rt.steer(w, r, nil)
			return
		}
		if rt.prove != nil {
			if err := rt.prove(r); err != nil {
				fail(w, err)
				return
			}
		}
		content, err := readBody(w, r)
		if err != nil {
			fail(w, err)
			return
		}
		body, err := rt.read(content)
		if err != nil {
			fail(w, err)
			return
		}
		said := saidBy(content, body)
		access.Say(r.Context(), said)
		kept := answers
		if said.Trial {
			kept = &once{} // what would be done is another thing the next time
		}
		kept.serve(w, r, content, func(w http.ResponseWriter) { rt.steer(w, r, body) })
	}))
}

// steer answers with what the route does.
func (rt route) steer(w http.ResponseWriter, r *http.Request, body any) {
	ctx, cancel := context.WithTimeout(r.Context(), commandTimeout)
	defer cancel()
	result, err := rt.do(ctx, r, body)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, result)
}

// encoded is JSON as it is to be sent.
type encoded []byte

// encode puts an answer into JSON, unless it is already.
func encode(body any) (encoded, error) {
	if content, ready := body.(encoded); ready {
		return content, nil
	}
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(body); err != nil {
		return nil, Error{Code: Internal, Text: fmt.Sprintf("put the answer into JSON: %v: report it with autoscaled's version", err)}
	}
	return text.Bytes(), nil
}

// answer sends body as JSON. What cannot be put into JSON is a fault of ours.
func answer(w http.ResponseWriter, status int, body any) {
	content, err := encode(body)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(content) // the client is gone: nobody to tell
}
