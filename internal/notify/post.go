package notify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/autoscaled/autoscaled/internal/dial"
	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// answerMax bounds what is read of an answer.
const answerMax = 4 << 10

// poster posts JSON to a URL, which may be a secret.
type poster struct {
	url, path secret.Secret // the path with what follows it, of the URL
	client    *http.Client
}

func newPoster(to secret.Secret) poster {
	path := secret.Secret{}
	if u, err := url.Parse(to.Reveal()); err == nil && len(u.RequestURI()) > 1 {
		path = secret.New(u.RequestURI())
	}
	return poster{to, path, &http.Client{
		Transport: &http.Transport{ // without a proxy, whose address would be looked at in place of the receiver's
			DialContext: dial.Dialer().DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (poster) timeout() time.Duration { return 10 * time.Second }

// post posts the body; any status but 2xx is an error.
func (p poster) post(ctx context.Context, body []byte, header http.Header) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url.Reveal(), bytes.NewReader(body))
	if err != nil {
		return discreet(ctx, err, p.url, p.path)
	}
	request.Header = header
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "autoscaled")
	response, err := p.client.Do(request)
	if err != nil {
		return discreet(ctx, err, p.url, p.path)
	}
	defer func() { _ = response.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(response.Body, answerMax)) // for the error alone
	if response.StatusCode/100 == 2 {
		return nil
	}
	err = discreet(ctx, fmt.Errorf("the receiver answered %d: %s", response.StatusCode, words.Shown(string(bytes.TrimSpace(said)))), p.url, p.path)
	if seconds, notNumber := strconv.Atoi(response.Header.Get("Retry-After")); notNumber == nil && seconds > 0 {
		err = busyError{err, time.Duration(min(seconds, 3600)) * time.Second}
	}
	return err
}
