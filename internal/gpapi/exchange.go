package gpapi

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
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

// exchange signs and posts the action, and reads the answer into response.
func (a *account) exchange(ctx context.Context, act action, params url.Values, response any) *Error {
	late := fmt.Errorf("no whole answer within %v: %w", a.CallTimeout, context.DeadlineExceeded)
	ctx, cancel := context.WithTimeoutCause(ctx, a.CallTimeout, late)
	defer cancel()

	form, err := a.sign(act.name, params)
	if err != nil {
		return &Error{Action: act.name, Class: cloud.ClassInvalid, Err: err}
	}
	clean := cleaner(a.AccessKey.Reveal(), a.SecretKey.Reveal(), form.Get("Signature"))
	failed := func(status int, class cloud.Class, err error) *Error {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return &Error{Action: act.name, HTTPStatus: status, Class: class, Err: &cleanError{clean(err.Error()), err}}
	}

	answer, sent, err := a.post(ctx, form)
	if err != nil && !sent {
		return failed(0, cloud.ClassTransient, err)
	}
	if err != nil {
		return failed(0, act.classUnanswered(), err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := readAll(answer.Body)

	refusal, refused := decodeError(body)
	if refused || answer.StatusCode < 200 || answer.StatusCode > 299 {
		return &Error{
			Action:     act.name,
			HTTPStatus: answer.StatusCode,
			ErrorType:  clean(refusal.ErrorType),
			Message:    clean(refusal.ErrorMessage),
			RequestID:  clean(refusal.RequestID),
			Class:      classOfStatus(answer.StatusCode, act),
			After:      retryAfter(answer.Header, a.Now()),
		}
	}
	if err == nil {
		err = decodeResponse(act.name, body, response)
	}
	if err != nil {
		return failed(answer.StatusCode, act.classUnanswered(), err)
	}
	return nil
}

// sign returns the action's parameters with the common ones and the signature.
func (a *account) sign(name string, params url.Values) (url.Values, error) {
	form := url.Values{
		"APIVersion":       {apiVersion},
		"AccessKeyId":      {a.AccessKey.Reveal()},
		"Action":           {name},
		"Expire":           {a.Now().Add(expireIn).UTC().Format("2006-01-02T15:04:05Z")},
		"SignatureMethod":  {HmacSHA256},
		"SignatureVersion": {"2"},
	}
	maps.Copy(form, params)
	signature, err := Sign(http.MethodPost, a.url.Host, a.url.Path, form, a.SecretKey.Reveal())
	if err != nil {
		return nil, err
	}
	form.Set("Signature", signature)
	return form, nil
}

// post sends the form. It does not follow a redirect, which is an answer like
// any other. On an error, sent is false if certainly nothing has left: while
// there was no connection yet.
func (a *account) post(ctx context.Context, form url.Values) (answer *http.Response, sent bool, err error) {
	connecting := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { connecting = true },
		GotConn: func(httptrace.GotConnInfo) { connecting = false },
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, false, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("User-Agent", "autoscaled")
	answer, err = a.Transport.RoundTrip(request)
	if err != nil && connecting {
		return nil, false, fmt.Errorf("connect to %s: %w", a.url.Host, err)
	}
	return answer, true, err
}

// readAll reads an answer's body.
func readAll(body io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(body, bodyMaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if len(content) > bodyMaxBytes {
		return nil, fmt.Errorf("read the answer: it is longer than %d bytes", bodyMaxBytes)
	}
	return content, nil
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
