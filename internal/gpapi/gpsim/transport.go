package gpsim

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"
)

// Transport carries requests to handler in memory: no sockets, no goroutines, so
// it works inside a testing/synctest bubble. It honours the request's context,
// shows a reset connection as syscall.ECONNRESET and one that was
// cut in the middle of an answer as io.ErrUnexpectedEOF.
func Transport(handler http.Handler) http.RoundTripper { return transport{handler} }

type transport struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	received := request.Clone(ctx)
	if received.Host == "" {
		received.Host = request.URL.Host
	}
	if received.Body == nil {
		received.Body = http.NoBody
	}
	defer func() { _ = received.Body.Close() }()
	received.RequestURI = request.URL.RequestURI()
	received.RemoteAddr = "in-memory"

	if err := ctx.Err(); err != nil {
		return nil, err
	}
	answer := &recorder{header: http.Header{}}
	whole := serve(t.handler, answer, received)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !whole {
		return nil, fmt.Errorf("read answer in memory: %w", syscall.ECONNRESET)
	}
	return answer.response(request), nil
}

// serve says whether the handler came to its end instead of aborting.
func serve(handler http.Handler, w http.ResponseWriter, r *http.Request) (whole bool) {
	defer func() {
		if cause := recover(); cause != nil && cause != http.ErrAbortHandler { //nolint:errorlint // the value that net/http compares with
			panic(cause)
		}
	}()
	handler.ServeHTTP(w, r)
	return true
}

// recorder keeps an answer in memory.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(content []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(content)
}

func (r *recorder) response(request *http.Request) *http.Response {
	r.WriteHeader(http.StatusOK)
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)),
		StatusCode:    r.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        r.header,
		Body:          io.NopCloser(r.content()),
		ContentLength: int64(r.body.Len()),
		Request:       request,
	}
}

// content is the body; one that is shorter than announced ends in an error.
func (r *recorder) content() io.Reader {
	announced, err := strconv.Atoi(r.header.Get("Content-Length"))
	if err != nil || announced <= r.body.Len() {
		return &r.body
	}
	return io.MultiReader(&r.body, brokenOff{})
}

// brokenOff is what a reader finds where a connection was cut.
type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
