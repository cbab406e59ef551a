package prom

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// maxPause is the longest pause that a server is granted: asking for more, it
// would blind its groups for good.
const maxPause = 5 * time.Minute

// patient keeps a server that asked for a pause from being asked before its end.
type patient struct {
	next http.RoundTripper

	mu    sync.Mutex
	until time.Time
}

func (p *patient) RoundTrip(request *http.Request) (*http.Response, error) {
	if left := p.left(); left > 0 {
		if request.Body != nil {
			_ = request.Body.Close()
		}
		return nil, fmt.Errorf("it asked not to be asked again for another %s", left.Round(time.Millisecond))
	}
	response, err := p.next.RoundTrip(request)
	if err == nil && (response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable) {
		p.pause(pauseOf(response.Header.Get("Retry-After")))
	}
	return response, err
}

// CloseIdleConnections is for the client's own.
func (p *patient) CloseIdleConnections() {
	if next, ok := p.next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}

func (p *patient) left() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.until)
}

// pause never shortens a pause that was asked for before.
func (p *patient) pause(span time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(span); until.After(p.until) {
		p.until = until
	}
}

// pauseOf is the pause that a Retry-After asks for, as seconds or as a date
// (RFC 9110 §10.2.3); 0 when it asks for none, or not in a way that can be read.
func pauseOf(retryAfter string) time.Duration {
	if seconds, err := strconv.ParseUint(retryAfter, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxPause)
	}
	date, err := http.ParseTime(retryAfter)
	if err != nil {
		return 0
	}
	return min(max(time.Until(date), 0), maxPause)
}
