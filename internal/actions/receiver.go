package actions

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/dial"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// HTTPHooks are the configured hooks, asked by HTTP. Later answers are asked for at base,
// a URL without a path; empty: only the path is told.
func HTTPHooks(configured []config.Hook, base string) []Hook {
	hooks := make([]Hook, len(configured))
	for i, h := range configured {
		hooks[i] = Hook{
			Name: h.Name, At: HookPoint(h.At), Timeout: h.Timeout, Max: h.Max, Otherwise: HookAction(h.Otherwise), Receiver: newHTTPReceiver(h.URL, h.Secret, base),
		}
	}
	return hooks
}

// answerMax bounds what is read of an answer.
const answerMax = 64 << 10

// httpReceiver is told of calls by signed POST requests.
type httpReceiver struct {
	url    string
	host   string // all of the URL that errors show: the rest may hold a secret
	key    secret.Secret
	base   string
	client *http.Client
}

func newHTTPReceiver(to string, key secret.Secret, base string) *httpReceiver {
	host, plain := "its receiver", strings.HasPrefix(to, "http:")
	if u, err := url.Parse(to); err == nil {
		host = u.Host
	}
	dialer := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error { return checkDialed(address, plain) }}
	return &httpReceiver{
		url: to, host: host, key: key, base: strings.TrimSuffix(base, "/"),
		client: &http.Client{
			Transport: &http.Transport{
				DialContext: dialer.DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: answerMax, ForceAttemptHTTP2: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// checkDialed refuses addresses at which no receiver can be meant. What is not encrypted
// stays on private networks.
func checkDialed(dialed string, plain bool) error {
	address, err := dial.Check(dialed)
	if err == nil && plain && !address.IsLoopback() && !address.IsPrivate() {
		err = fmt.Errorf("%s is neither loopback nor private: use https", address)
	}
	return err
}

// Token implements HookReceiver: a keyed hash of the ID, so that nothing has to be kept.
func (r *httpReceiver) Token(id string) string { return r.sign(id) }

func (r *httpReceiver) sign(text string) string {
	mac := hmac.New(sha256.New, []byte(r.key.Reveal()))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// Ask implements HookReceiver.
func (r *httpReceiver) Ask(ctx context.Context, request HookRequest) (HookAnswer, error) {
	request.Callback, request.Token = r.base+"/v1/hooks/"+url.PathEscape(request.ID), r.Token(request.ID)
	request.Deadline, request.Until = request.Deadline.UTC().Truncate(time.Second), request.Until.UTC().Truncate(time.Second)
	body, err := json.Marshal(request)
	if err != nil {
		return HookAnswer{}, fmt.Errorf("hook %s: %w", request.Hook, err)
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return HookAnswer{}, r.failed(request, err)
	}
	at := strconv.FormatInt(request.Now.Unix(), 10)
	post.Header.Set("Content-Type", "application/json")
	post.Header.Set("User-Agent", "autoscaled")
	post.Header.Set("Autoscaled-Signature", "t="+at+",v1="+r.sign(at+"."+string(body)))
	response, err := r.client.Do(post)
	if err != nil {
		return HookAnswer{}, r.failed(request, err)
	}
	defer response.Body.Close()
	answer, err := readAnswer(response)
	if err != nil {
		return HookAnswer{}, r.failed(request, err)
	}
	return answer, nil
}

// failed says that the receiver could not be asked, without the URL.
func (r *httpReceiver) failed(request HookRequest, err error) error {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	return &cloud.Error{
		Class: cmp.Or(answerClass(err), cloud.ClassTransient), After: cloud.AfterOf(err), Err: fmt.Errorf("ask hook %s at %s: %w", request.Hook, r.host, err),
	}
}

// answerClass is the class that the error has of its own; ClassNone: it has none.
func answerClass(err error) cloud.Class {
	var classed *cloud.Error
	if errors.As(err, &classed) {
		return classed.Class
	}
	return cloud.ClassNone
}

// readAnswer takes over an answer, of which nothing is believed.
func readAnswer(response *http.Response) (HookAnswer, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, answerMax+1))
	switch {
	case response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable:
		return HookAnswer{}, &cloud.Error{Class: cloud.ClassThrottled, After: retryAfter(response), Err: fmt.Errorf("it answered %.100q", response.Status)}
	case response.StatusCode < 200 || response.StatusCode > 299:
		return HookAnswer{}, fmt.Errorf("it answered %.100q", response.Status)
	case err != nil:
		return HookAnswer{}, fmt.Errorf("read its answer: %w", err)
	case len(body) > answerMax:
		return HookAnswer{}, fmt.Errorf("its answer is longer than %d bytes", answerMax)
	}
	return parseAnswer(body)
}

// retryAfter is the pause that the receiver asks for, a minute at most: its deadline goes on.
func retryAfter(response *http.Response) time.Duration {
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, 60)) * time.Second
}

// parseAnswer reads the body of an answer. An empty one means that the receiver answers
// later.
func parseAnswer(body []byte) (HookAnswer, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return HookAnswer{Action: HookWait}, nil
	}
	var answer HookAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return HookAnswer{}, errors.New(`its answer is not JSON as {"action": "continue"}, nor empty`)
	}
	switch answer.Action {
	case HookContinue, HookAbandon, HookWait:
		answer.Why = printable(answer.Why)
		return answer, nil
	default:
		return HookAnswer{}, fmt.Errorf("its answer has the action %.50q: it must be %s, %s or %s", answer.Action, HookContinue, HookAbandon, HookWait)
	}
}
