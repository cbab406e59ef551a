package prom

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
)

// Server asks one Prometheus server. All groups share one: a question that is
// asked by several of them within a moment goes out once.
type Server struct {
	url     *url.URL
	name    string // the url for messages, without a password
	timeout time.Duration
	tooLate error // the cause of a context that ended after that
	client  *client

	mu      sync.Mutex
	answers map[Question]*shared
}

// Question is an expression and how old the samples behind it may be. It is
// evaluated at one instant, or at every step of a range if that has a span.
type Question struct {
	PromQL   string
	Lookback time.Duration // servers that do not know this parameter use their own, 5 minutes
	Range    config.Range
}

// Check refuses a range that cannot be evaluated.
func (q Question) Check() error {
	over := q.Range
	switch {
	case over.Span == 0:
		return nil
	case over.Step <= 0 || over.Step > over.Span:
		return fmt.Errorf("range: step %s: it must be above 0 and no longer than span", over.Step)
	case statistics[over.Statistic] == nil:
		return fmt.Errorf("range: statistic %q is unknown: use avg, max, median or min", over.Statistic)
	}
	return nil
}

// shared is the newest answer to one question. asking is a lock that can be
// waited for with a deadline.
type shared struct {
	asking chan struct{}
	answer Answer
}

// known returns the answer if it can be had at once and is younger than maxAge.
func (s *shared) known(now time.Time, maxAge time.Duration) (Answer, bool) {
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
		return s.answer, s.answers(now, maxAge)
	default:
		return Answer{}, false
	}
}

// answers says whether the answer is younger than maxAge; asking must be held.
func (s *shared) answers(now time.Time, maxAge time.Duration) bool {
	return now.Sub(s.answer.evaluated).Abs() < maxAge
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
	client, err := newClient(c.Access, maxAnswer)
	if err != nil {
		return nil, fmt.Errorf("prometheus: %w", err)
	}
	client.http.Transport = &patient{next: client.http.Transport}
	return &Server{
		url:     address,
		name:    address.Redacted(),
		timeout: c.Timeout,
		tooLate: fmt.Errorf("no answer in %s: %w", c.Timeout, context.DeadlineExceeded),
		client:  client,
		answers: map[Question]*shared{},
	}, nil
}

// Close closes idle connections.
func (s *Server) Close() { s.client.http.CloseIdleConnections() }

// Bound is the longest that Ask takes.
func (s *Server) Bound() time.Duration { return s.timeout }

// Ask evaluates the question at now, or returns an answer to it that was
// evaluated no longer than maxAge before, by whomever. An answer that failed is
// shared like any other, so that a server in trouble is not asked by every group.
func (s *Server) Ask(ctx context.Context, question Question, now time.Time, maxAge time.Duration) Answer {
	entry := s.entry(question)
	if answer, ok := entry.known(now, maxAge); ok {
		return answer
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, s.tooLate)
	defer cancel()
	select {
	case entry.asking <- struct{}{}:
		defer func() { <-entry.asking }()
	case <-ctx.Done():
		return s.failed(now, context.Cause(ctx))
	}
	if entry.answers(now, maxAge) {
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
	result, warnings, err := s.evaluate(ctx, question, now)
	switch {
	case ctx.Err() != nil:
		return s.failed(now, context.Cause(ctx))
	case err != nil:
		return s.failed(now, errors.New(s.client.conceal.abridge(withoutURL(err).Error())))
	case len(warnings) > 0:
		answer := s.failed(now, fmt.Errorf("the answer may be partial: %s", s.client.conceal.abridge(warnings[0])))
		answer.result, answer.conceal = result, s.client.conceal
		for _, warning := range warnings {
			answer.warnings = append(answer.warnings, s.client.conceal.abridge(warning))
		}
		return answer
	}
	return Answer{
		server: s.name, question: question, result: result, conceal: s.client.conceal, table: newTable(result, question.Range.Span > 0),
		evaluated: now, received: time.Now(),
	}
}

func (s *Server) failed(now time.Time, err error) Answer {
	return Answer{
		evaluated: now,
		received:  time.Now(),
		err:       fmt.Errorf("ask prometheus %s: %w; check that it runs and that the expression works in its own page", s.name, err),
	}
}
