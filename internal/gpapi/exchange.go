package gpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

const (
	apiVersion    = "20130901"
	expireIn      = time.Hour // the API takes less than 24 h
	bodyMaxBytes  = 4 << 20
	retryAfterMax = time.Hour
)

// exchange signs and sends the action, and reads the answer into response.
func (a *account) exchange(ctx context.Context, act *action, params []pair, response any) *Error {
	ctx, cancel := context.WithTimeoutCause(ctx, a.CallTimeout, a.late)
	defer cancel()

	sent := a.Now()
	signed := a.sign(act.name, params, sent)
	a.debugRequest(signed)
	failed := func(status int, class cloud.Class, err error) *Error {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return &Error{Action: act.name, HTTPStatus: status, Class: class, Err: &cleanError{a.newCleaner(signed).clean(err.Error()), err}}
	}

	answer, left, err := a.transmit(ctx, act, signed)
	answered := a.Now()
	if err != nil {
		a.debugFailure(signed, err, answered.Sub(sent))
		if !left {
			return failed(0, cloud.ClassTransient, err)
		}
		return failed(0, act.classUnanswered(), err)
	}
	defer func() { _ = answer.Body.Close() }()
	ahead := a.clock.read(sent, answered, dateOf(answer.Header))
	body, err := readAll(answer.Body)
	a.debugAnswer(signed, answer.StatusCode, body, a.Now().Sub(sent))

	var content envelope
	if err == nil {
		content, err = a.open(act, body)
	}
	refusal, refused := content.refusal()
	if refused || answer.StatusCode < 200 || answer.StatusCode > 299 {
		clean := a.newCleaner(signed)
		return &Error{
			Action:     act.name,
			HTTPStatus: answer.StatusCode,
			ErrorType:  clean.clean(refusal.ErrorType),
			Message:    clean.clean(refusal.ErrorMessage),
			RequestID:  clean.clean(refusal.RequestID),
			Class:      classOfRefusal(answer.StatusCode, act, content),
			After:      retryAfter(answer.Header, answered),
			Ahead:      ahead,
		}
	}
	if err == nil {
		err = content.read(act.name, response)
	}
	if err != nil {
		return failed(answer.StatusCode, act.classUnanswered(), err)
	}
	return nil
}

// signedRequest is an action as it is sent.
type signedRequest struct {
	stringToSign string
	signature    string
	query        string // all parameters, as a query or a form
}

// sign adds the common parameters and the signature. What is sent is letter by
// letter what was signed.
func (a *account) sign(name string, params []pair, now time.Time) signedRequest {
	params = append(slices.Clip(params), // a copy, as it is sorted
		pair{"APIVersion", apiVersion},
		pair{"AccessKeyId", a.AccessKey.Reveal()},
		pair{"Action", name},
		pair{"Expire", now.Add(expireIn).UTC().Format("2006-01-02T15:04:05Z")},
		pair{"SignatureMethod", a.SignatureMethod},
		pair{"SignatureVersion", "2"},
	)
	text := stringToSign(a.Method, a.url.Host, a.url.Path, params)
	sum := signature(a.newHash, a.SecretKey.Reveal(), text)
	query := append([]byte(text[strings.LastIndexByte(text, '\n')+1:]), "&Signature="...)
	return signedRequest{text, sum, string(appendPercent(query, sum))}
}

// transmit sends the request. It does not follow a redirect, which is an answer
// like any other. On an error, left is false if certainly nothing has left: while
// there was no connection yet.
func (a *account) transmit(ctx context.Context, act *action, signed signedRequest) (answer *http.Response, left bool, err error) {
	connecting := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { connecting = true },
		GotConn: func(httptrace.GotConnInfo) { connecting = false },
	})
	answer, err = a.Transport.RoundTrip(a.request(act, signed.query).WithContext(ctx))
	switch {
	case err != nil && connecting:
		return nil, false, fmt.Errorf("connect to %s: %w", a.url.Host, err)
	case err == nil && answer.StatusCode == http.StatusSwitchingProtocols: // its body is the connection, which no deadline ends
		return nil, true, errors.Join(errors.New("the server switches protocols, which was not asked for"), answer.Body.Close())
	}
	return answer, true, err
}

// request makes a request that net/http sends once. It would send a GET again
// when a kept connection turns out to be dead, unless the GET may have a body.
func (a *account) request(act *action, query string) *http.Request {
	header := http.Header{"User-Agent": {"autoscaled"}}
	if a.Method == http.MethodGet {
		address := *a.url
		address.RawQuery = query
		request := &http.Request{Method: http.MethodGet, URL: &address, Host: a.url.Host, Header: header}
		if act.writes() {
			request.Body = io.NopCloser(strings.NewReader(""))
		}
		return request
	}
	header["Content-Type"] = []string{"application/x-www-form-urlencoded"}
	body := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(query)), nil }
	request := &http.Request{
		Method: http.MethodPost, URL: a.url, Host: a.url.Host, Header: header, GetBody: body, ContentLength: int64(len(query)),
	}
	request.Body, _ = body()
	return request
}

// readAll reads an answer's body.
func readAll(body io.Reader) ([]byte, error) {
	var content bytes.Buffer
	if _, err := content.ReadFrom(io.LimitReader(body, bodyMaxBytes+1)); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if content.Len() > bodyMaxBytes {
		return nil, fmt.Errorf("read the answer: it is longer than %d bytes", bodyMaxBytes)
	}
	return content.Bytes(), nil
}

// dateOf is when the server answered; zero when it does not say.
func dateOf(header http.Header) time.Time {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date
}

// retryAfter is the wait that the server asks for, in seconds or as a date; 0
// when it asks for none, and at most retryAfterMax.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, retryAfterMax)
	}
	if date, err := http.ParseTime(text); err == nil {
		return min(max(date.Sub(now), 0), retryAfterMax)
	}
	return 0
}
