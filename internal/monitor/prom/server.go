package prom

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// Server asks one Prometheus server. All groups share one: a question that is
// asked by several of them within a moment goes out once.
type Server struct {
	name    string // for messages, without a password
	token   secret.Secret
	timeout time.Duration
	client  *http.Client
	api     v1.API

	mu      sync.Mutex
	answers map[Question]*shared
}

// Question is an expression and how old the samples behind it may be.
type Question struct {
	PromQL   string
	Lookback time.Duration // servers that do not know this parameter use their own, 5 minutes
}

// shared is the newest answer to one question. asking is a lock that can be
// waited for with a deadline.
type shared struct {
	asking chan struct{}
	answer Answer
}

// NewServer refuses a configuration that cannot be asked. Nothing is sent yet.
// Close it after use.
func NewServer(c config.Prometheus) (*Server, error) {
	address, err := url.Parse(c.URL)
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") {
		return nil, fmt.Errorf("prometheus: the url is not http(s)://host[:port][/path]")
	}
	if c.Timeout <= 0 {
		return nil, fmt.Errorf("prometheus: timeout %s: it must be more than 0", c.Timeout)
	}
	client := newHTTPClient(func(request *http.Request) {
		if !c.BearerToken.Empty() {
			request.Header.Set("Authorization", "Bearer "+c.BearerToken.Reveal())
		}
	})
	asker, err := api.NewClient(api.Config{Address: c.URL, Client: client})
	if err != nil {
		return nil, fmt.Errorf("prometheus: %w", err)
	}
	return &Server{
		name:    address.Redacted(),
		token:   c.BearerToken,
		timeout: c.Timeout,
		client:  client,
		api:     v1.NewAPI(asker),
		answers: map[Question]*shared{},
	}, nil
}

// Close closes idle connections.
func (s *Server) Close() { s.client.CloseIdleConnections() }

// Bound is the longest that Ask takes.
func (s *Server) Bound() time.Duration { return s.timeout }

// Ask evaluates the question at now, or returns an answer to it that was
// evaluated no longer than maxAge before, by whomever. An answer that failed is
// shared like any other, so that a server in trouble is not asked by every group.
func (s *Server) Ask(ctx context.Context, question Question, now time.Time, maxAge time.Duration) Answer {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("no answer in %s: %w", s.timeout, context.DeadlineExceeded))
	defer cancel()
	entry := s.entry(question)
	select {
	case entry.asking <- struct{}{}:
		defer func() { <-entry.asking }()
	case <-ctx.Done():
		return s.failed(now, context.Cause(ctx))
	}
	if age := now.Sub(entry.answer.evaluated).Abs(); age < maxAge {
		return entry.answer
	}
	answer := s.ask(ctx, question, now)
	if !errors.Is(ctx.Err(), context.Canceled) {
		entry.answer = answer
	}
	return answer
}

func (s *Server) entry(question Question) *shared {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry, ok := s.answers[question]
	if !ok {
		entry = &shared{asking: make(chan struct{}, 1)}
		s.answers[question] = entry
	}
	return entry
}

func (s *Server) ask(ctx context.Context, question Question, now time.Time) Answer {
	options := []v1.Option{v1.WithTimeout(s.timeout)}
	if question.Lookback > 0 {
		options = append(options, v1.WithLookbackDelta(question.Lookback))
	}
	value, warnings, _, err := s.api.Query(ctx, question.PromQL, now, options...)
	switch {
	case ctx.Err() != nil:
		return s.failed(now, context.Cause(ctx))
	case err != nil:
		return s.failed(now, errors.New(s.abridge(withoutURL(err).Error())))
	case len(warnings) > 0:
		return s.failed(now, fmt.Errorf("the answer may be partial: %s", s.abridge(warnings[0])))
	}
	return Answer{server: s.name, question: question, value: value, evaluated: now, received: time.Now()}
}

func (s *Server) failed(now time.Time, err error) Answer {
	return Answer{
		evaluated: now,
		received:  time.Now(),
		err:       fmt.Errorf("ask prometheus %s: %w; check that it runs and that the expression works in its own page", s.name, err),
	}
}

// abridge is abridge without the token, which a server might echo.
func (s *Server) abridge(text string) string {
	if !s.token.Empty() {
		text = strings.ReplaceAll(text, s.token.Reveal(), "<secret>")
	}
	return abridge(text)
}
